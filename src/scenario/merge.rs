//! What does one tree say when another is laid over it?
//!
//! - Maps merge key by key; an explicit `null` removes a key of the base.
//! - Lists whose items all carry a name, each name once, merge item by item, in the base's order with new items after it.
//!   The name is `kind` with `metadata.name`, or `name`, or `nodeGroupName`. An item `{name: x, $remove: true}` removes
//!   that item of the base.
//! - Everything else is replaced: scalars, lists without names (`values`, journey steps), and empty lists.
//!
//! Every node keeps the place it was written at; a map that was merged stands where the overlay wrote it.

use crate::scenario::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::scenario::tree::{Key, Node, Value};

/// Marks a list item of an overlay as a removal.
const REMOVE: &str = "$remove";

/// Lays `overlay` over `base`. An overlay that says nothing at all changes nothing. A removal that names no item of the
/// base is an error.
pub fn merge(base: Node, overlay: Node, sink: &mut Diagnostics) -> Node {
    if overlay.is_null() {
        return base;
    }
    let span = if overlay.entries().is_empty() {
        base.span
    } else {
        overlay.span
    };
    match (base.value, overlay.value) {
        (Value::Map(base), Value::Map(overlay)) => Node {
            value: Value::Map(maps(base, overlay, sink)),
            span,
        },
        (Value::Seq(base), Value::Seq(items)) => match (names(&base), names(&items)) {
            (Some(base_names), Some(names)) => Node {
                value: Value::Seq(lists(base, &base_names, items, &names, sink)),
                span: overlay.span,
            },
            _ => Node {
                value: Value::Seq(items),
                span: overlay.span,
            },
        },
        (_, value) => Node {
            value,
            span: overlay.span,
        },
    }
}

type Entry = (Key, Node);

fn maps(mut base: Vec<Entry>, overlay: Vec<Entry>, sink: &mut Diagnostics) -> Vec<Entry> {
    for (key, value) in overlay {
        let place = base.iter().position(|(k, _)| k.text == key.text);
        match (place, value.is_null()) {
            (Some(place), true) => drop(base.remove(place)),
            (Some(place), false) => {
                let (_, old) = base.remove(place);
                base.insert(place, (key, merge(old, value, sink)));
            }
            (None, true) => {}
            (None, false) => base.push((key, value)),
        }
    }
    base
}

fn lists(
    mut base: Vec<Node>,
    base_names: &[Name],
    items: Vec<Node>,
    names: &[Name],
    sink: &mut Diagnostics,
) -> Vec<Node> {
    let mut base_names = base_names.to_vec();
    for (item, name) in items.into_iter().zip(names) {
        let place = base_names.iter().position(|known| known == name);
        let removal = item
            .get(REMOVE)
            .is_some_and(|mark| mark.value == Value::Bool(true));
        match (place, removal) {
            (Some(place), true) => {
                base.remove(place);
                base_names.remove(place);
            }
            (Some(place), false) => {
                let old = std::mem::replace(
                    &mut base[place],
                    Node {
                        value: Value::Null,
                        span: item.span,
                    },
                );
                base[place] = merge(old, item, sink);
            }
            (None, true) => sink.push(nothing_to_remove(&item, name, &base_names)),
            (None, false) => {
                base.push(item);
                base_names.push(name.clone());
            }
        }
    }
    base
}

fn nothing_to_remove(item: &Node, name: &Name, known: &[Name]) -> Diagnostic {
    let near = did_you_mean(&name.name, known.iter().map(|name| name.name.as_str()));
    Diagnostic {
        help: near,
        ..Diagnostic::error(item.span, format!("there is no `{}` to remove", name.name))
            .expected("expected the name of an item of the base")
    }
}

/// Reports every `$remove` that is left after all merging: it stands where nothing could be removed.
pub(super) fn reject_removals(node: &Node, sink: &mut Diagnostics) {
    for (key, value) in node.entries() {
        if key.text == REMOVE {
            sink.push(
                Diagnostic::error(key.span, format!("`{REMOVE}` has nothing to remove"))
                    .expected("expected in a list whose items have names, over a base that has it"),
            );
        }
        reject_removals(value, sink);
    }
    node.items()
        .iter()
        .for_each(|item| reject_removals(item, sink));
}

/// What a list item is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    /// The key the name stands under, or the kind of an object.
    kind: String,
    name: String,
}

impl Name {
    fn of(item: &Node) -> Option<Name> {
        let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
        let object = item
            .get("metadata")
            .and_then(|metadata| text(metadata.get("name")));
        if let (Some(kind), Some(name)) = (text(item.get("kind")), object) {
            return Some(Name { kind, name });
        }
        ["name", "nodeGroupName"].into_iter().find_map(|key| {
            text(item.get(key)).map(|name| Name {
                kind: key.to_owned(),
                name,
            })
        })
    }
}

/// The names of all items; `None` if an item has none or shares it, and for the empty list.
fn names(items: &[Node]) -> Option<Vec<Name>> {
    let names: Vec<Name> = items.iter().map(Name::of).collect::<Option<_>>()?;
    let mut distinct = names.clone();
    distinct.sort();
    distinct.dedup();
    (!names.is_empty() && distinct.len() == names.len()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::source::Sources;
    use crate::scenario::tree::parse;

    fn merged(base: &str, overlay: &str) -> (Node, Diagnostics) {
        let (mut sources, mut sink) = (Sources::default(), Diagnostics::default());
        let mut tree =
            |path: &str, text: &str| parse(sources.add(path, text), text, &mut sink).unwrap();
        let (base, overlay) = (tree("base.yaml", base), tree("overlay.yaml", overlay));
        (merge(base, overlay, &mut sink), sink)
    }

    #[track_caller]
    fn check(base: &str, overlay: &str, expected: &str) {
        let (node, sink) = merged(base, overlay);
        assert_eq!(serde_json::to_string(&node).unwrap(), expected);
        assert!(sink.is_empty(), "{sink:?}");
    }

    #[test]
    fn maps_merge_key_by_key() {
        check(
            "{a: 1, b: {c: 2, d: 3}}",
            "{b: {d: 4, e: 5}, f: 6}",
            r#"{"a":1,"b":{"c":2,"d":4,"e":5},"f":6}"#,
        );
        check("{a: 1}", "{}", r#"{"a":1}"#);
        check("{a: {b: 1}}", "{a: 2}", r#"{"a":2}"#);
    }

    #[test]
    fn null_removes() {
        check(
            "{a: 1, b: {c: 2, d: 3}}",
            "{a: , b: {c: ~, x: ~}, y: null}",
            r#"{"b":{"d":3}}"#,
        );
    }

    #[test]
    fn named_items_merge_in_the_order_of_the_base() {
        check(
            "[{name: a, x: 1}, {name: b, x: 2}, {name: c}]",
            "[{name: new}, {name: c, $remove: true}, {name: b, y: 3}]",
            r#"[{"name":"a","x":1},{"name":"b","x":2,"y":3},{"name":"new"}]"#,
        );
        check(
            "[{nodeGroupName: a, x: 1}]",
            "[{nodeGroupName: a, x: 2}]",
            r#"[{"nodeGroupName":"a","x":2}]"#,
        );
    }

    #[test]
    fn objects_are_known_by_kind_and_name() {
        check(
            "[{kind: NodePool, metadata: {name: a}, spec: {w: 1}}, {kind: EC2NodeClass, metadata: {name: a}}]",
            "[{kind: EC2NodeClass, metadata: {name: a}, spec: {v: 2}}]",
            r#"[{"kind":"NodePool","metadata":{"name":"a"},"spec":{"w":1}},{"kind":"EC2NodeClass","metadata":{"name":"a"},"spec":{"v":2}}]"#,
        );
    }

    #[test]
    fn other_lists_are_replaced() {
        check("[1, 2, 3]", "[4]", "[4]");
        check("[{name: a}, {name: b}]", "[]", "[]");
        check(
            "[{call: {service: api}}]",
            "[{call: {times: 2}}]",
            r#"[{"call":{"times":2}}]"#,
        );
        check(
            "[{name: a, x: 1}, {name: a, x: 2}]",
            "[{name: a, y: 1}]",
            r#"[{"name":"a","y":1}]"#,
        );
        check(
            "[{name: a}]",
            "[{name: a, x: 1}, {key: b}]",
            r#"[{"name":"a","x":1},{"key":"b"}]"#,
        );
    }

    #[test]
    fn removing_nothing_is_an_error() {
        let (_, sink) = merged("[{name: burst}]", "[{name: busrt, $remove: true}]");
        let said: Vec<_> = sink
            .iter()
            .map(|d| (d.message.as_str(), d.help.as_deref()))
            .collect();
        assert_eq!(
            said,
            [(
                "there is no `busrt` to remove",
                Some("did you mean `burst`?")
            )]
        );
    }

    #[test]
    fn every_node_keeps_its_file() {
        let (node, _) = merged("a: 1\nb: {c: 2}\n", "b: {d: 3}\n");
        let file = |path: &str| node.at(path).unwrap().span.file.0;
        assert_eq!(["a", "b", "b.c", "b.d", ""].map(file), [0, 1, 0, 1, 1]);
    }
}
