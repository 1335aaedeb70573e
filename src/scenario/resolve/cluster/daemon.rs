//! Which pods does every node run?

use crate::api::Quantity;
use crate::api::objects::DEFAULT_NAMESPACE;
use crate::cluster::PodTemplate;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::manifest::{Manifest, Object};
use crate::scenario::resolve::pod::{ClusterWide, IMAGE_BYTES, Workload, pods_of};
use crate::scenario::resolve::service::idle_cpu;
use crate::scenario::tree::child;

/// Says how many millicores each pod of a DaemonSet keeps busy.
const IDLE_CPU: &str = "karpsim/idle-cpu";

/// The pods of a DaemonSet.
pub(in crate::scenario::resolve) struct DaemonPods {
    pub(in crate::scenario::resolve) template: PodTemplate,
    pub(in crate::scenario::resolve) idle_cpu: i64,
}

/// The DaemonSets among the manifests.
pub(in crate::scenario::resolve) fn daemons(
    cx: &mut Context<'_>,
    manifests: &[Manifest],
    cluster: ClusterWide<'_>,
) -> Vec<DaemonPods> {
    let mut daemons = Vec::new();
    for manifest in manifests {
        let Some(Object::DaemonSet(object)) = &manifest.object else {
            continue;
        };
        let workload = Workload {
            path: &manifest.path,
            name: &manifest.name,
            namespace: manifest.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE),
            image_bytes: IMAGE_BYTES,
            daemon: true,
        };
        let pods = pods_of(cx, &workload, object, cluster);
        let annotations = child(&format!("{}.metadata.annotations", manifest.path), IDLE_CPU);
        let idle_cpu = match object
            .metadata
            .annotations
            .get(IDLE_CPU)
            .map(|text| Quantity::parse(text))
        {
            None => 0,
            Some(Ok(cpu)) => idle_cpu(cx, &annotations, cpu),
            Some(Err(mistake)) => {
                cx.error(&annotations, format!("is wrong: {mistake}"));
                0
            }
        };
        daemons.push(DaemonPods {
            template: pods.template,
            idle_cpu,
        });
    }
    daemons
}
