//! What is in a map? Its own entries, each once, and those it inherits by `<<`.

use std::collections::BTreeMap;

use crate::scenario::diagnostic::{Diagnostic, Diagnostics};
use crate::scenario::source::Span;
use crate::scenario::tree::{Key, Node, Value};

/// A map under construction.
#[derive(Default)]
pub(super) struct Entries {
    entries: Vec<(Key, Node)>,
    places: BTreeMap<String, Span>,
    /// Values of `<<`, the strongest first.
    inherited: Vec<Node>,
    /// Where the last value that was written here ends.
    pub(super) end: Option<Span>,
}

impl Entries {
    pub(super) fn insert(&mut self, key: Key, value: Node, sink: &mut Diagnostics) {
        self.end = Some(if value.span.start >= key.span.start {
            value.span
        } else {
            key.span
        });
        if let Some(&first) = self.places.get(&key.text) {
            let message = format!("duplicate key `{}`", key.text);
            sink.push(Diagnostic::error(key.span, message).related(first, "first written here"));
            return;
        }
        self.places.insert(key.text.clone(), key.span);
        self.entries.push((key, value));
    }

    /// Takes the value of a merge key `<<`: a map, or a list of maps of which the earlier win.
    pub(super) fn inherit(&mut self, key: Key, value: Node, sink: &mut Diagnostics) {
        self.end = Some(key.span);
        let maps = match value.value {
            Value::Seq(items) => items,
            _ => vec![value],
        };
        for map in maps {
            if matches!(map.value, Value::Map(_)) {
                self.inherited.push(map);
            } else {
                sink.push(
                    Diagnostic::error(key.span, "`<<` takes a map")
                        .expected("expected a map or a list of maps"),
                );
            }
        }
    }

    /// What is written in the map itself wins over what it inherits.
    pub(super) fn finish(mut self, sink: &mut Diagnostics) -> Vec<(Key, Node)> {
        for map in std::mem::take(&mut self.inherited) {
            if let Value::Map(entries) = map.value {
                for (key, value) in entries {
                    if !self.places.contains_key(&key.text) {
                        self.insert(key, value, sink);
                    }
                }
            }
        }
        self.entries
    }
}
