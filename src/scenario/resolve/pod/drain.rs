//! What do pods say to Cluster Autoscaler about leaving their node?

use super::Workload;
use super::annotation;
use crate::api::objects::ObjectMeta;
use crate::cluster::template::ScaleDown;
use crate::scenario::resolve::context::Context;
use crate::scenario::tree::Node;

const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
const SAFE_VOLUMES: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";

/// What the pods of a workload say, whose `spec` is at `path`.
pub(super) fn scale_down(
    cx: &Context<'_>,
    workload: &Workload<'_>,
    path: &str,
    metadata: &ObjectMeta,
) -> ScaleDown {
    let safe: Vec<&str> = annotation(metadata, SAFE_VOLUMES)
        .map_or_else(Vec::new, |names| names.split(',').map(str::trim).collect());
    let volumes = cx.node(&format!("{path}.volumes"));
    let volumes = volumes.map_or(&[][..], Node::items).iter();
    let mut local = volumes.filter(|volume| is_local(volume));
    ScaleDown {
        safe_to_evict: match annotation(metadata, SAFE_TO_EVICT) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        },
        local_storage: local.any(|volume| {
            let name = volume.get("name").and_then(Node::as_str);
            name.is_none_or(|name| !safe.contains(&name))
        }),
        system: workload.namespace == "kube-system",
    }
}

/// Data of such a volume are gone with the node: a directory of the host, or an empty one that is not in memory.
fn is_local(volume: &Node) -> bool {
    let in_memory = |empty: &Node| empty.get("medium").and_then(Node::as_str) == Some("Memory");
    volume.get("hostPath").is_some()
        || volume
            .get("emptyDir")
            .is_some_and(|empty| !in_memory(empty))
}
