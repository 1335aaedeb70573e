//! What do the variables of a module that karpsim wrote say? (the inverse of `export::terraform::variables`)

use super::arguments::{self, NodeGroupBlocks, items};
use super::found::Found;
use super::platform::{Platform, Queue};
use crate::export::data::Data;
use crate::scenario::source::Span;
use crate::scenario::tree::{Key, Node, Value};

/// Whether the variables are those of a module that karpsim wrote.
pub(super) fn are_karpsims(found: &Found) -> bool {
    let mut ours = ["availability_zone_ids", "node_groups", "addons"].into_iter();
    ours.all(|name| found.variable(name).is_some())
}

/// What the variables say.
pub(super) fn platform(found: &Found) -> Platform {
    let text = |name| {
        found
            .variable(name)
            .and_then(Node::as_str)
            .map(str::to_owned)
    };
    let entries = |name| found.variable(name).map_or(&[][..], Node::entries);
    let texts = |name| found.variable(name).map(texts).unwrap_or_default();
    Platform {
        region: text("region"),
        cluster: text("cluster_name"),
        version: text("kubernetes_version"),
        zones: texts("availability_zone_ids"),
        node_groups: entries("node_groups")
            .iter()
            .map(|(name, group)| node_group(&name.text, group))
            .collect(),
        queues: entries("queues")
            .iter()
            .map(|(name, values)| queue(&name.text, values))
            .collect(),
        frontend: text("frontend_bucket").zip(text("frontend_price_class")),
        addons: texts("addons"),
        karpenter_version: text("karpenter_version"),
        ..Platform::default()
    }
}

fn texts(list: &Node) -> Vec<String> {
    let items = list.items().iter().filter_map(Node::as_str);
    items.map(str::to_owned).collect()
}

fn node_group(name: &str, group: &Node) -> Data {
    let blocks = NodeGroupBlocks {
        scaling: Some(group),
        update: group.get("update_config"),
        taints: items(group, "taints"),
    };
    arguments::node_group(name, group, blocks)
}

fn queue(name: &str, values: &Node) -> Queue {
    let received = arguments::int(values, "max_receive_count");
    Queue {
        name: name.to_owned(),
        settings: arguments::queue(name, values, received),
        consumer: arguments::text(values, "consumer"),
        senders: values.get("senders").map(texts).unwrap_or_default(),
    }
}

/// The Namespaces and ServiceAccounts that Terraform makes and that have something to them, as manifests.
pub(super) fn manifests(found: &Found) -> Vec<Node> {
    let entries = |name| found.variable(name).map_or(&[][..], Node::entries).iter();
    let namespaces = entries("namespaces").map(|(name, values)| {
        let name = Node {
            value: Value::Str(name.text.clone()),
            span: name.span,
        };
        object("Namespace", &[("name", &name)], values)
    });
    let accounts = entries("service_accounts").filter_map(|(_, values)| {
        let names = [
            ("namespace", values.get("namespace")?),
            ("name", values.get("name")?),
        ];
        Some(object("ServiceAccount", &names, values))
    });
    namespaces.chain(accounts).flatten().collect()
}

/// A manifest with the labels, annotations and token of a variable; none without any of them.
fn object(kind: &str, names: &[(&str, &Node)], values: &Node) -> Option<Node> {
    let span = values.span;
    let field = |name: &'static str| {
        let value = values
            .get(name)
            .filter(|value| !value.entries().is_empty())?;
        Some((key(name, span), value.clone()))
    };
    let described: Vec<(Key, Node)> = ["labels", "annotations"]
        .into_iter()
        .filter_map(field)
        .collect();
    let token = values.get("automount_token");
    let token = token.filter(|token| token.value == Value::Bool(true));
    if described.is_empty() && token.is_none() {
        return None;
    }
    let mut metadata: Vec<(Key, Node)> = names
        .iter()
        .map(|(name, value)| (key(name, span), (*value).clone()))
        .collect();
    metadata.extend(described);
    let text = |text: &str| node(Value::Str(text.to_owned()), span);
    let mut entries = vec![
        (key("apiVersion", span), text("v1")),
        (key("kind", span), text(kind)),
        (key("metadata", span), node(Value::Map(metadata), span)),
    ];
    if let Some(token) = token {
        entries.push((key("automountServiceAccountToken", span), token.clone()));
    }
    Some(node(Value::Map(entries), span))
}

fn key(text: &str, span: Span) -> Key {
    Key {
        text: text.to_owned(),
        span,
    }
}

fn node(value: Value, span: Span) -> Node {
    Node { value, span }
}
