//! What do the modules make that a root module calls? Of the community's module for EKS its arguments tell; any other's files are not here.

use super::found::{Found, Resource};
use crate::scenario::tree::{Key, Node, Value};

/// The community's module for EKS, from 17 to 21.
const EKS: &str = "terraform-aws-modules/eks/aws";
/// Arguments of a cluster: the resource's, the module's since 21, and before.
const CLUSTER: [(&str, [&str; 2]); 2] = [
    ("name", ["name", "cluster_name"]),
    ("version", ["kubernetes_version", "cluster_version"]),
];
/// Arguments of a node group that stand in a block of the resource.
const SIZES: [&str; 3] = ["min_size", "max_size", "desired_size"];
const TAINT: [&str; 3] = ["key", "value", "effect"];

/// Takes what a module makes, as far as its arguments tell.
pub(super) fn module(name: &str, arguments: &Node, found: &mut Found) {
    let source = arguments.get("source").and_then(Node::as_str);
    let source = source.unwrap_or("something");
    let is_eks = source == EKS || source.contains("terraform-aws-modules/terraform-aws-eks.git?");
    if !is_eks {
        found.left.push(format!(
            "module.{name}: what {source} makes is not in these files; a plan has it (terraform show -json)"
        ));
        return;
    }
    found.left.push(format!(
        "module.{name}: arguments that have to be computed; a plan has them (terraform show -json)"
    ));
    let there = CLUSTER.iter().filter_map(|(ours, theirs)| {
        let value = theirs.iter().find_map(|key| arguments.get(key))?;
        Some((*ours, value.clone()))
    });
    let cluster = map(arguments, there);
    let mut add = |kind: &str, key: &str, values: Node| {
        found.resources.push(Resource {
            kind: kind.to_owned(),
            address: format!("module.{name}.{kind}.{key}"),
            values,
        });
    };
    add("aws_eks_cluster", "this", cluster);
    let entries = |key| arguments.get(key).map_or(&[][..], Node::entries);
    for (key, group) in entries("eks_managed_node_groups") {
        add("aws_eks_node_group", &key.text, node_group(key, group));
    }
    for key in ["addons", "cluster_addons"] {
        for (addon, _) in entries(key) {
            let called = Node {
                value: Value::Str(addon.text.clone()),
                span: addon.span,
            };
            let values = map(arguments, [("addon_name", called)]);
            add("aws_eks_addon", &addon.text, values);
        }
    }
}

/// A node group as the resource has it.
fn node_group(key: &Key, group: &Node) -> Node {
    let name = Node {
        value: Value::Str(key.text.clone()),
        span: key.span,
    };
    let mut entries: Vec<(&str, Node)> = vec![(
        "node_group_name",
        group.get("name").cloned().unwrap_or(name),
    )];
    for (key, value) in group.entries() {
        let key = key.text.as_str();
        if !SIZES.contains(&key) && key != "taints" && key != "name" {
            entries.push((key, value.clone()));
        }
    }
    let sizes = picked(group, &SIZES);
    entries.push(("scaling_config", list(group, vec![sizes])));
    // A map of taints since 21, a list before.
    let taints = group.get("taints").into_iter().flat_map(|taints| {
        let of_map = taints.entries().iter().map(|(_, taint)| taint);
        of_map.chain(taints.items())
    });
    let taints: Vec<Node> = taints.map(|taint| picked(taint, &TAINT)).collect();
    entries.push(("taint", list(group, taints)));
    map(group, entries)
}

fn picked(from: &Node, keys: &[&'static str]) -> Node {
    let there = keys
        .iter()
        .filter_map(|key| Some((*key, from.get(key)?.clone())));
    map(from, there)
}

fn map<'k>(like: &Node, entries: impl IntoIterator<Item = (&'k str, Node)>) -> Node {
    let entries = entries.into_iter().map(|(key, value)| {
        let key = Key {
            text: key.to_owned(),
            span: value.span,
        };
        (key, value)
    });
    Node {
        value: Value::Map(entries.collect()),
        span: like.span,
    }
}

fn list(like: &Node, items: Vec<Node>) -> Node {
    Node {
        value: Value::Seq(items),
        span: like.span,
    }
}
