//! What does a tree mean as a Rust type, and what in it does not fit?
//!
//! Every scenario type is an ordinary `#[derive(Deserialize)]` struct. Serde stops at the first mistake, so a tree with
//! mistakes is decoded again and again: a value that does not fit is reported and left out of the next round, a missing
//! field is reported and given a stand-in. What follows from a reported mistake (a required field whose value did not
//! fit, a list that became too short) is not reported again. The last value is thrown away if anything was left out.
//!
//! What a type may rely on beyond plain serde:
//! - `null` under a struct's key means that the key is absent, as in Kubernetes.
//! - A number is not a string, a string no number, a float no integer. A type that takes several of them (a quantity)
//!   asks for `deserialize_any` (or `_str`, which here is the same) and implements `visit_u64`, `visit_i64`,
//!   `visit_f64` and `visit_str`.
//! - Enums are externally tagged: `fifo`, or a map of one key, `{lognormal: {median: 4s}}`.
//! - `#[serde(flatten)]`, `untagged` and `tag = "…"` work, but serde buffers below them: mistakes there are placed at the
//!   enclosing value, and unknown keys are not seen. To choose a type by `kind`, take a [`Node`] and decode it yourself.

mod collection;
mod deserializer;
mod fault;
mod key;
mod part;
mod raw;
mod stand_in;
mod variant;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use crate::scenario::diagnostic::{Diagnostic, Diagnostics, did_you_mean, one_of, suggest};
use crate::scenario::tree::{Key, Node};
use deserializer::NodeDeserializer;
use fault::{Fault, Kind};

pub use part::Part;
pub use raw::Manifest;

/// What to do about a key that its struct does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownFields {
    /// It is an error: in the words of the scenario, every key means something.
    Reject,
    /// It is a warning: real objects have more fields than are modelled, and the export carries them unchanged.
    /// `apiVersion` and `kind` go without saying.
    Carry,
}

/// More rounds than this are not worth the reader's patience.
const MAX_ROUNDS: usize = 256;

/// Decodes a tree. Reports every mistake; `None` if a value is missing or does not fit, unless that happened within a
/// [`Part`]: then the part alone is empty. Unknown fields alone do not prevent a value.
pub fn decode<T: DeserializeOwned>(
    node: &Node,
    sink: &mut Diagnostics,
    unknown: UnknownFields,
) -> Option<T> {
    decode_at(node, "", sink, unknown)
}

/// Decodes a tree that stands at `path` of a larger one; the path goes before those in the messages.
pub fn decode_at<T: DeserializeOwned>(
    node: &Node,
    path: &str,
    sink: &mut Diagnostics,
    unknown: UnknownFields,
) -> Option<T> {
    let root = Root {
        node,
        path,
        paths: OnceCell::new(),
    };
    let mut round = Round::default();
    let mut value = None;
    for _ in 0..MAX_ROUNDS {
        match T::deserialize(NodeDeserializer::new(node, &round, unknown)) {
            Ok(decoded) => {
                value = Some(decoded);
                break;
            }
            Err(fault) => {
                sink.extend(round.judge(&fault, &root));
                if round.left_out(node) {
                    break;
                }
            }
        }
    }
    if !round.is_clean() {
        round.parts = true;
        value = round.decode_parts(&root, unknown);
    }
    sink.extend(
        round
            .unknown
            .into_inner()
            .into_values()
            .map(|key| key.report(&root)),
    );
    value
}

/// The tree being decoded, and where it stands in a larger one.
struct Root<'n> {
    node: &'n Node,
    path: &'n str,
    /// Made for the first mistake.
    paths: OnceCell<BTreeMap<*const Node, String>>,
}

impl Root<'_> {
    fn path_to(&self, node: &Node) -> String {
        let paths = self.paths.get_or_init(|| self.node.paths());
        let below = paths
            .get(&std::ptr::from_ref(node))
            .map_or("", String::as_str);
        let dot = !self.path.is_empty() && !below.is_empty() && !below.starts_with('[');
        format!("{}{}{below}", self.path, if dot { "." } else { "" })
    }

    /// `` in `services[0]` ``; nothing for the root.
    fn inside(&self, node: &Node) -> String {
        let path = self.path_to(node);
        if path.is_empty() {
            path
        } else {
            format!(" in `{path}`")
        }
    }
}

/// What earlier rounds found out. Nodes are known by their address, which stays while they are borrowed.
#[derive(Default)]
struct Round<'n> {
    /// Values that did not fit: the next round does not see them.
    left_out: BTreeSet<*const Node>,
    /// Fields of maps that were missing: the next round invents them.
    stood_in: BTreeSet<(*const Node, &'static str)>,
    unknown: RefCell<BTreeMap<*const Key, UnknownKey<'n>>>,
    /// Whether every mistake has been found: now everything is shown as it is, and parts that fail are emptied.
    parts: bool,
    /// The parts that are empty.
    emptied: BTreeSet<*const Node>,
}

impl<'n> Round<'n> {
    fn left_out(&self, node: &Node) -> bool {
        self.left_out.contains(&std::ptr::from_ref(node))
    }

    /// Whether the next round does not see a child.
    fn hides(&self, child: &Node) -> bool {
        !self.parts && self.left_out(child)
    }

    fn stands_in(&self, map: &Node, field: &'static str) -> bool {
        self.stood_in.contains(&(std::ptr::from_ref(map), field))
    }

    fn is_clean(&self) -> bool {
        self.left_out.is_empty() && self.stood_in.is_empty()
    }

    /// Whether the part at a node is empty.
    fn is_emptied(&self, part: &Node) -> bool {
        self.emptied.contains(&std::ptr::from_ref(part))
    }

    /// Decodes once more, and again without each innermost part that fails; `None` if something fails outside of all parts.
    fn decode_parts<T: DeserializeOwned>(
        &mut self,
        root: &Root<'n>,
        unknown: UnknownFields,
    ) -> Option<T> {
        loop {
            match T::deserialize(NodeDeserializer::new(root.node, self, unknown)) {
                Ok(value) => return Some(value),
                Err(fault) => {
                    let part = fault.part?;
                    let new = self.emptied.insert(part);
                    assert!(new, "an empty part does not fail");
                }
            }
        }
    }

    /// Takes note of a fault for the next round, and says what to tell the user about it, if anything.
    fn judge(&mut self, fault: &Fault<'n>, root: &Root<'n>) -> Option<Diagnostic> {
        let node = fault.node.unwrap_or(root.node);
        match &fault.kind {
            Kind::Missing(field) => {
                let first = self.stood_in.insert((node, field));
                if !first {
                    self.left_out.insert(node);
                }
                (first && !self.explained(node, field)).then(|| missing(node, field, root))
            }
            Kind::Consequence => {
                self.left_out.insert(node);
                None
            }
            Kind::Misfit {
                message,
                expected,
                help,
            } => {
                let follows = self.has_gaps(node);
                self.left_out.insert(node);
                let path = root.path_to(node);
                let place = if path.is_empty() {
                    String::new()
                } else {
                    format!("`{path}`: ")
                };
                (!follows).then(|| Diagnostic {
                    expected: expected.clone(),
                    help: help.clone(),
                    ..Diagnostic::error(
                        fault.span.unwrap_or(node.span),
                        format!("{place}{message}"),
                    )
                })
            }
        }
    }

    /// Whether another diagnostic says why a field is missing: its value did not fit, or its name was misspelt.
    fn explained(&self, map: &Node, field: &str) -> bool {
        let misspelt = |key: &UnknownKey| {
            key.mode == UnknownFields::Reject
                && std::ptr::eq(key.map, map)
                && suggest(&key.key.text, key.absent()) == Some(field)
        };
        map.get(field).is_some_and(|value| self.left_out(value))
            || self.unknown.borrow().values().any(misspelt)
    }

    /// Whether a collection was shown without some of its children, or with invented ones.
    fn has_gaps(&self, node: &Node) -> bool {
        let address = std::ptr::from_ref(node);
        node.items().iter().any(|item| self.left_out(item))
            || node.entries().iter().any(|(_, value)| self.left_out(value))
            || self
                .stood_in
                .range((address, "")..)
                .next()
                .is_some_and(|(map, _)| *map == address)
    }
}

fn missing(map: &Node, field: &str, root: &Root<'_>) -> Diagnostic {
    let place = root.inside(map);
    match map.entry(field) {
        Some((key, _)) => Diagnostic::error(key.span, format!("field `{field}`{place} is empty"))
            .expected("expected a value"),
        None => Diagnostic::error(map.span, format!("missing field `{field}`{place}"))
            .expected(format!("expected `{field}` among these fields")),
    }
}

/// A key that its struct does not have.
struct UnknownKey<'n> {
    map: &'n Node,
    key: &'n Key,
    fields: &'static [&'static str],
    mode: UnknownFields,
}

impl UnknownKey<'_> {
    /// The fields that may have been meant: those that are not there yet.
    fn absent(&self) -> impl Iterator<Item = &'static str> {
        let fields = self.fields.iter().copied();
        fields.filter(|field| self.map.get(field).is_none())
    }

    fn report(&self, root: &Root<'_>) -> Diagnostic {
        let place = root.inside(self.map);
        let field = format!("field `{}`{place}", self.key.text);
        let diagnostic = match self.mode {
            UnknownFields::Reject => {
                let expected = format!("expected {}", one_of(self.fields.iter().copied()));
                Diagnostic::error(self.key.span, format!("unknown {field}")).expected(expected)
            }
            UnknownFields::Carry => {
                let fate = "is not modelled: carried to the export unchanged";
                Diagnostic::warning(self.key.span, format!("{field} {fate}"))
            }
        };
        Diagnostic {
            help: did_you_mean(&self.key.text, self.absent()),
            ..diagnostic
        }
    }
}

#[cfg(test)]
mod tests;
