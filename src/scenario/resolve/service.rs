//! What is a service: its Deployment, what scales it, how its pods work?

mod discipline;
mod ingress;
mod runtime;
mod scaling;

use super::context::Context;
use super::manifest::{Manifest, Object};
use super::names::Names;
use super::pod::{ClusterWide, IMAGE_BYTES, Workload, pods_of};
use crate::api::objects::core::Deployment;
use crate::cluster::{PodTemplate, TemplateId};
use crate::des::SimDuration;
use crate::kube::deployment::Strategy;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::{Scaling, Service};
use crate::scenario::spec::service::ServiceSpec;
use crate::workload::Discipline;

pub(super) use discipline::disciplines;
pub(super) use runtime::idle_cpu;

/// A request that waits longer starves, where the scenario does not say.
const STARVING_REQUEST: SimDuration = SimDuration::from_secs(1);
/// The same for a message.
const STARVING_MESSAGE: SimDuration = SimDuration::from_secs(300);

/// A service with its pods.
pub(super) struct Resolved {
    pub(super) service: Service,
    pub(super) template: PodTemplate,
    /// The path of the Deployment.
    pub(super) deployment: String,
}

/// Resolves the service at `place`; `None` where it cannot be made out, which is reported.
pub(super) fn service(
    cx: &mut Context<'_>,
    place: usize,
    spec: &ServiceSpec,
    manifests: &[Manifest],
    names: &Names,
    cluster: ClusterWide<'_>,
) -> Option<Resolved> {
    let path = &format!("services[{place}]");
    let runtime = spec.runtime.get();
    let image = runtime.and_then(|runtime| runtime.startup.image);
    let image_bytes = image.map_or(IMAGE_BYTES, |image| {
        cx.units(&format!("{path}.runtime.startup.image"), image, 1)
    });
    let ingress = spec.ingress.get()?.as_ref();
    let ingress = ingress.and_then(|spec| ingress::ingress(cx, path, spec));
    let consumes = spec.consumes.as_deref();
    let consumes = consumes.and_then(|name| names.queue(cx, &format!("{path}.consumes"), name));
    let (at, deployment) = the_deployment(cx, path, spec, manifests)?;
    let workload = Workload {
        path: &at.path,
        name: &at.name,
        namespace: at.namespace.as_deref().unwrap_or(&spec.namespace),
        image_bytes,
        daemon: false,
    };
    let pods = pods_of(cx, &workload, deployment, cluster);
    let scaling = scaling::scaling(cx, spec, at, manifests, &pods.needs, names)?;
    let replicas = deployment.spec.replicas.unwrap_or(match &scaling {
        Scaling::Fixed => 1,
        Scaling::Hpa(hpa) => hpa.min,
        Scaling::Keda(keda) => keda.min,
    });
    let strategy = match Strategy::from_object(deployment.spec.strategy.as_ref()) {
        Ok(strategy) => strategy,
        Err(mistakes) => {
            cx.mistakes(&at.path, mistakes);
            return None;
        }
    };
    let runtime = runtime::runtime(cx, path, spec.runtime.get()?, &pods.template);
    let service = Service {
        name: spec.name.clone(),
        namespace: workload.namespace.to_owned(),
        service_account: spec.service_account_name.clone(),
        template: TemplateId(u32::try_from(place).ok()?),
        replicas,
        strategy,
        min_ready: SimDuration::from_secs(u64::from(deployment.spec.min_ready_seconds)),
        scaling,
        ingress,
        consumes,
        concurrency: runtime.concurrency,
        threads: runtime.threads,
        pod_queue_limit: runtime.pod_queue_limit,
        discipline: Discipline::Fifo,
        warmup: runtime.warmup,
        model_load: runtime.model_load,
        accelerator: runtime.accelerator,
        idle_cpu: runtime.idle_cpu,
        probe_cpu: runtime.probe_cpu,
        crash_after: runtime.crash_after,
        memory: runtime.memory,
        starvation: if consumes.is_some() {
            STARVING_MESSAGE
        } else {
            STARVING_REQUEST
        },
    };
    Some(Resolved {
        service,
        template: pods.template,
        deployment: at.path.clone(),
    })
}

/// The one Deployment of a service.
fn the_deployment<'m>(
    cx: &mut Context<'_>,
    path: &str,
    spec: &ServiceSpec,
    manifests: &'m [Manifest],
) -> Option<(&'m Manifest, &'m Deployment)> {
    let mut deployments = manifests.iter().filter(|m| m.kind == "Deployment");
    let Some(first) = deployments.next() else {
        cx.expected(
            &format!("{path}.workload"),
            format!("gives service `{}` no Deployment", spec.name),
            "expected one of `kind: Deployment`",
        );
        return None;
    };
    for other in deployments {
        let message = format!("service `{}` has two Deployments", spec.name);
        let related = cx.span(&first.path);
        cx.push(
            Diagnostic::error(cx.span(&other.path), message)
                .expected("expected one")
                .related(related, "the first"),
        );
    }
    match &first.object {
        Some(Object::Deployment(deployment)) => Some((first, deployment)),
        _ => None,
    }
}
