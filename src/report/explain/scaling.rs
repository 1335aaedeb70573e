//! Why does a workload have so many pods?

use super::names::Names;
use crate::api::Resource;
use crate::cluster::TemplateId;
use crate::kube::hpa::{HpaSpec, Metric, Reason};
use crate::kube::keda::Trigger;
use crate::metrics::journal::Scaler;
use crate::scenario::model::Scaling;

/// A change of `spec.replicas`.
pub(super) fn scaled(
    names: Names<'_>,
    template: TemplateId,
    (from, to): (u32, u32),
    by: &Scaler,
) -> String {
    let why = match by {
        Scaler::Hpa(reason) => format!("HPA, {}", hpa(names, template, to, *reason)),
        Scaler::Keda(lengths) => format!("KEDA, {}", triggers(names, template, lengths)),
    };
    format!("from {from} to {to} replicas: {why}")
}

/// A number of replicas that is kept although the metric proposes another.
pub(super) fn held(names: Names<'_>, template: TemplateId, at: u32, reason: Reason) -> String {
    format!(
        "kept at {at} replicas: HPA, {}",
        hpa(names, template, at, reason)
    )
}

fn hpa(names: Names<'_>, template: TemplateId, to: u32, reason: Reason) -> String {
    let Some(spec) = spec(names, template) else {
        return String::new();
    };
    match reason {
        Reason::Disabled => "the workload has no replicas".to_owned(),
        Reason::AboveMax => format!("maxReplicas {}", spec.max),
        Reason::BelowMin => format!("minReplicas {}", spec.min),
        Reason::MetricsUnavailable => "no metric can be read".to_owned(),
        Reason::Metric {
            index,
            ratio_thousandths,
            proposal,
            stabilized,
            limited,
        } => {
            let metric = spec
                .metrics
                .get(index)
                .copied()
                .map_or_else(String::new, metric);
            let ratio = format!(
                "{}.{:03}",
                ratio_thousandths / 1_000,
                ratio_thousandths % 1_000
            );
            let bound = if to < limited {
                ("maxReplicas", spec.max)
            } else {
                ("minReplicas", spec.min)
            };
            let steps = [
                (proposal, stabilized, "the stabilization window makes it"),
                (stabilized, limited, "the scaling policy allows"),
                (limited, to, bound.0),
            ];
            let steps = steps.iter().filter(|(before, after, _)| before != after);
            let steps: String = steps
                .map(|(_, after, why)| format!(", {why} {after}"))
                .collect();
            format!("{metric} at {ratio} of its target proposes {proposal}{steps}")
        }
    }
}

fn spec(names: Names<'_>, template: TemplateId) -> Option<HpaSpec> {
    let mut services = names.scenario.services.iter();
    match &services
        .find(|service| service.template == template)?
        .scaling
    {
        Scaling::Fixed => None,
        Scaling::Hpa(spec) => Some(spec.clone()),
        Scaling::Keda(spec) => Some(spec.hpa()),
    }
}

fn metric(metric: Metric) -> String {
    let thousandths = |amount: i64| crate::api::Quantity::from_millis(amount);
    match metric {
        Metric::Utilization(kind, percent) => {
            format!("{} utilization (target {percent} %)", kind.name())
        }
        Metric::ContainerUtilization(kind, percent) => {
            format!(
                "{} utilization of one container (target {percent} %)",
                kind.name()
            )
        }
        Metric::AverageUsage(Resource::Cpu, target) => {
            format!("mean cpu (target {})", thousandths(target))
        }
        Metric::AverageUsage(kind, target) => {
            format!("mean {} (target {})", kind.name(), kind.quantity(target))
        }
        Metric::Pods(target) => format!("metric of its pods (target {})", thousandths(target)),
        Metric::Value(target) => format!("external metric (target {})", thousandths(target)),
        Metric::AverageValue(target) => {
            format!("external metric (target {} a pod)", thousandths(target))
        }
    }
}

fn triggers(names: Names<'_>, template: TemplateId, lengths: &[Option<u64>]) -> String {
    let mut services = names.scenario.services.iter();
    let service = services.find(|service| service.template == template);
    let Some(Scaling::Keda(spec)) = service.map(|service| &service.scaling) else {
        return String::new();
    };
    let said = spec
        .triggers
        .iter()
        .zip(lengths)
        .filter_map(|(trigger, length)| match trigger {
            Trigger::Sqs(sqs) => Some(format!(
                "queue {} has {} messages, active above {}",
                sqs.queue,
                length.map_or_else(|| "unknown".to_owned(), |length| length.to_string()),
                sqs.activation
            )),
            _ => None,
        });
    said.collect::<Vec<_>>().join(", ")
}
