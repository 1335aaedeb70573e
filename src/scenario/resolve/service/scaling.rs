//! What changes the replica count of a service?

use crate::api::objects::autoscaling::TargetRef;
use crate::kube::hpa::{HpaSpec, Metric};
use crate::kube::keda::{ScaledObjectSpec, Trigger};
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::Scaling;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::manifest::{Manifest, Object};
use crate::scenario::resolve::names::Names;
use crate::scenario::resolve::pod::PodNeeds;

/// The autoscaler of a Deployment; `None` where it is wrong, which is reported.
pub(super) fn scaling(
    cx: &mut Context<'_>,
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
                    Trigger::Resource(metric) => check_request(cx, &at, metric, deployment, needs),
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

/// A utilization is a share of the request: without one there is nothing to scale on.
fn check_request(
    cx: &mut Context<'_>,
    path: &str,
    metric: &Metric,
    deployment: &Manifest,
    needs: &PodNeeds,
) {
    let Metric::Utilization(resource, _) = *metric else {
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
