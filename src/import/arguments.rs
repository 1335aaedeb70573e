//! Which arguments of Terraform are which fields of a scenario? The same in a resource and in a variable of karpsim's modules.

use crate::export::data::Data;
use crate::scenario::tree::{Node, Value};

/// Of a managed node group: field, argument.
const NODE_GROUP: [(&str, &str); 5] = [
    ("amiType", "ami_type"),
    ("capacityType", "capacity_type"),
    ("instanceTypes", "instance_types"),
    ("diskSize", "disk_size"),
    ("labels", "labels"),
];
/// Of its sizes.
const SCALING: [(&str, &str); 3] = [
    ("minSize", "min_size"),
    ("desiredSize", "desired_size"),
    ("maxSize", "max_size"),
];
/// Of its updates.
const UPDATE: [(&str, &str); 3] = [
    ("maxUnavailable", "max_unavailable"),
    ("maxUnavailablePercentage", "max_unavailable_percentage"),
    ("updateStrategy", "update_strategy"),
];
/// Of its taints.
const TAINT: [(&str, &str); 3] = [("key", "key"), ("value", "value"), ("effect", "effect")];
/// Of a queue, in seconds.
const QUEUE_SECONDS: [(&str, &str); 2] = [
    ("visibilityTimeout", "visibility_timeout_seconds"),
    ("messageRetentionPeriod", "message_retention_seconds"),
];

/// The fields of a map that are there and not null, under other names.
fn renamed(map: &Node, fields: &[(&str, &str)]) -> Data {
    let there = fields.iter().filter_map(|(ours, theirs)| {
        let value = map.get(theirs).filter(|value| !value.is_null())?;
        Some((*ours, Data::from(value)))
    });
    Data::map(there)
}

/// What is nested in a managed node group.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeGroupBlocks<'n> {
    /// Its sizes.
    pub(super) scaling: Option<&'n Node>,
    /// How it is updated.
    pub(super) update: Option<&'n Node>,
    /// Its taints.
    pub(super) taints: &'n [Node],
}

/// A managed node group: `values` has its arguments.
pub(super) fn node_group(name: &str, values: &Node, blocks: NodeGroupBlocks<'_>) -> Data {
    let mut out = Data::map([("nodeGroupName", name)]);
    for (key, value) in renamed(values, &NODE_GROUP).entries() {
        out.set(key, value.clone());
    }
    if !blocks.taints.is_empty() {
        let taints = blocks.taints.iter().map(|taint| renamed(taint, &TAINT));
        out.set("taints", Data::List(taints.collect()));
    }
    if let Some(scaling) = blocks.scaling {
        out.set("scalingConfig", renamed(scaling, &SCALING));
    }
    if let Some(update) = blocks.update {
        out.set("updateConfig", renamed(update, &UPDATE));
    }
    out
}

/// A queue: `values` has its arguments; `received` is how often a message may be received.
pub(super) fn queue(name: &str, values: &Node, received: Option<i64>) -> Data {
    let mut out = Data::map([("name", name)]);
    for (ours, theirs) in QUEUE_SECONDS {
        if let Some(seconds) = int(values, theirs) {
            out.set(ours, format!("{seconds}s"));
        }
    }
    if let Some(received) = received {
        out.set("maxReceiveCount", received);
    }
    out
}

/// A whole number under a key.
pub(super) fn int(values: &Node, key: &str) -> Option<i64> {
    match values.get(key)?.value {
        Value::Int(number) => Some(number),
        _ => None,
    }
}

/// The text under a key.
pub(super) fn text(values: &Node, key: &str) -> Option<String> {
    values.get(key).and_then(Node::as_str).map(str::to_owned)
}

/// The items of the list under a key.
pub(super) fn items<'n>(values: &'n Node, key: &str) -> &'n [Node] {
    values.get(key).map_or(&[], Node::items)
}
