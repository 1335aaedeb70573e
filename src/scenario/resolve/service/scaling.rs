//! What changes the replica count of a service?

use crate::api::Resource;
use crate::api::objects::autoscaling::{MetricSpec, TargetRef};
use crate::kube::hpa::constants::QUEUE_DIMENSION;
use crate::kube::hpa::{HpaSpec, Metric};
use crate::kube::keda::{ScaledObjectSpec, Trigger};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::Scaling;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::manifest::{Manifest, Object};
use crate::scenario::resolve::names::Names;
use crate::scenario::resolve::pod::PodNeeds;
use crate::scenario::spec::service::ServiceSpec;

/// A metric that never moves would silently keep the autoscaler from ever scaling.
const NO_MEMORY: &str = "is `memory`, and the scenario does not say how much of it pods use";
/// What would say it.
const STATE_MEMORY: &str = "expected `runtime.memory` beside it, or `cpu` here";

/// The autoscaler of a service's Deployment; `None` where it is wrong, which is reported.
pub(super) fn scaling(
    cx: &mut Context<'_>,
    service: &ServiceSpec,
    deployment: &Manifest,
    manifests: &[Manifest],
    needs: &PodNeeds,
    names: &Names,
) -> Option<Scaling> {
    let is_autoscaler =
        |m: &&Manifest| matches!(m.kind, "HorizontalPodAutoscaler" | "ScaledObject");
    let mut autoscalers = manifests.iter().filter(is_autoscaler);
    let Some(first) = autoscalers.next() else {
        return Some(Scaling::Fixed);
    };
    if let Some(second) = autoscalers.next() {
        let message = format!(
            "{} `{}` and {} `{}` both scale Deployment `{}`",
            first.kind, first.name, second.kind, second.name, deployment.name
        );
        let related = cx.span(&first.path);
        cx.push(
            Diagnostic::error(cx.span(&second.path), message)
                .expected("expected one autoscaler")
                .related(related, "the first"),
        );
    }
    let path = &first.path;
    match first.object.as_ref()? {
        Object::Hpa(object) => {
            check_target(cx, path, &object.spec.scale_target_ref, deployment);
            let spec = HpaSpec::from_object(object);
            let spec = spec.map_err(|mistakes| cx.mistakes(path, mistakes)).ok()?;
            for (place, metric) in spec.metrics.iter().enumerate() {
                // The default metric stands in no list.
                let at = match object.spec.metrics.is_empty() {
                    true => path.clone(),
                    false => format!("{path}.spec.metrics[{place}]"),
                };
                check_request(cx, &at, metric, deployment, needs);
                if let Some(object) = object.spec.metrics.get(place) {
                    check_source(cx, &at, object, service);
                    check_container(cx, &at, object, needs);
                }
            }
            Some(Scaling::Hpa(spec))
        }
        Object::Keda(object) => {
            check_target(cx, path, &object.spec.scale_target_ref, deployment);
            let spec = ScaledObjectSpec::from_object(object);
            let spec = spec.map_err(|mistakes| cx.mistakes(path, mistakes)).ok()?;
            for (place, trigger) in spec.triggers.iter().enumerate() {
                let at = format!("{path}.spec.triggers[{place}]");
                match trigger {
                    Trigger::Sqs(sqs) => {
                        names.queue(cx, &format!("{at}.metadata.queueURL"), &sqs.queue);
                    }
                    Trigger::Resource(metric) => {
                        check_request(cx, &at, metric, deployment, needs);
                        if metric.resource() == Some(Resource::Memory) && !states_memory(service) {
                            cx.expected(&format!("{at}.type"), NO_MEMORY, STATE_MEMORY);
                        }
                    }
                }
            }
            Some(Scaling::Keda(spec))
        }
        _ => None,
    }
}

fn check_target(cx: &mut Context<'_>, path: &str, target: &TargetRef, deployment: &Manifest) {
    let path = format!("{path}.spec.scaleTargetRef");
    if let Some(kind) = &target.kind {
        let at = format!("{path}.kind");
        cx.choice(&at, "kind of target", kind, &[("Deployment", ())]);
    }
    if target.name != deployment.name {
        let at = format!("{path}.name");
        cx.unknown(&at, "Deployment", &target.name, [deployment.name.as_str()]);
    }
}

fn states_memory(service: &ServiceSpec) -> bool {
    let runtime = service.runtime.get();
    runtime.is_none_or(|runtime| runtime.memory.is_some())
}

/// All that a pod uses its serving container uses.
fn check_container(cx: &mut Context<'_>, path: &str, metric: &MetricSpec, needs: &PodNeeds) {
    if let (Some(source), Some(serving)) = (&metric.container_resource, &needs.serving) {
        let at = format!("{path}.containerResource.container");
        cx.choice(
            &at,
            "container that serves",
            &source.container,
            &[(serving, ())],
        );
    }
}

/// An HPA looks at its own service, and at its queue if it works off one.
fn check_source(cx: &mut Context<'_>, path: &str, metric: &MetricSpec, service: &ServiceSpec) {
    let whole = metric.resource.as_ref();
    let named = [
        ("resource", whole.map(|source| &source.name)),
        (
            "containerResource",
            metric
                .container_resource
                .as_ref()
                .map(|source| &source.name),
        ),
    ];
    for (field, name) in named {
        let memory = name.is_some_and(|name| name == Resource::Memory.name());
        if memory && !states_memory(service) {
            let at = format!("{path}.{field}.name");
            cx.expected(&at, NO_MEMORY, STATE_MEMORY);
        }
    }
    if let Some(external) = &metric.external {
        let at = format!("{path}.external.metric");
        let queue = external.metric.selector.match_labels.get(QUEUE_DIMENSION);
        if queue.is_none() || queue != service.consumes.as_ref() {
            let expected = match &service.consumes {
                Some(own) => format!("expected the queue it works off: `{QUEUE_DIMENSION}: {own}`"),
                None => "expected a service that `consumes` a queue".to_owned(),
            };
            let what = "does not name the queue of this service in `selector.matchLabels`";
            cx.expected(&at, what, expected);
        }
    }
    if let Some(object) = &metric.object {
        let at = format!("{path}.object.describedObject");
        cx.require(
            service.consumes.is_none(),
            &at,
            "belongs to a service that nobody calls: it works off a queue",
            "expected an `External` metric",
        );
        let (kind, name) = (&object.described_object.kind, &object.described_object.name);
        if kind.as_deref() != Some("Service") || *name != service.name {
            let expected = format!("expected `kind: Service` and `name: {}`", service.name);
            cx.expected(&at, "is not this service", expected);
        }
    }
}

/// A utilization is a share of the request: without one there is nothing to scale on.
fn check_request(
    cx: &mut Context<'_>,
    path: &str,
    metric: &Metric,
    deployment: &Manifest,
    needs: &PodNeeds,
) {
    let (Metric::Utilization(resource, _) | Metric::ContainerUtilization(resource, _)) = *metric
    else {
        return;
    };
    if !needs.all_request(resource) {
        let resource = resource.name();
        let container = cx.span(&format!(
            "{}.spec.template.spec.containers",
            deployment.path
        ));
        let message = format!(
            "`{path}` is a share of the {resource} request, and a container of Deployment `{}` has none",
            deployment.name
        );
        cx.push(
            Diagnostic::error(cx.span(path), message)
                .expected(format!(
                    "expected `resources.requests.{resource}` in every container"
                ))
                .related(container, "one of these"),
        );
    }
}
