//! Plain data in the order it was written: what manifests and values files consist of.

use std::fmt::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::scenario::tree::{Node, Value};

/// A value as YAML and JSON have it. Maps keep their order; their keys are unique.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Data>),
    /// A map.
    Map(Vec<(String, Data)>),
}

impl Data {
    /// A map of these entries.
    pub fn map<K: Into<String>, V: Into<Data>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let entries = entries.into_iter();
        Data::Map(
            entries
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }

    /// A list of these items.
    pub fn list<V: Into<Data>>(items: impl IntoIterator<Item = V>) -> Self {
        Data::List(items.into_iter().map(Into::into).collect())
    }

    /// The entries of a map; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[(String, Data)] {
        match self {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Data] {
        match self {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The text; none for anything else.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Data::Null => true,
            Data::List(items) => items.is_empty(),
            Data::Map(entries) => entries.is_empty(),
            _ => false,
        }
    }

    /// What is under the keys, each within the one before.
    #[must_use]
    pub fn at(&self, keys: &[&str]) -> Option<&Data> {
        keys.iter().try_fold(self, |data, wanted| {
            let mut entries = data.entries().iter();
            entries
                .find(|(key, _)| key == wanted)
                .map(|(_, value)| value)
        })
    }

    /// The items of the list under the keys; none where there is no list.
    #[must_use]
    pub fn list_at(&self, keys: &[&str]) -> &[Data] {
        self.at(keys).map_or(&[], Data::items)
    }

    /// The text under the keys.
    #[must_use]
    pub fn text_at(&self, keys: &[&str]) -> Option<&str> {
        self.at(keys).and_then(Data::as_text)
    }

    /// The same, to be changed.
    pub fn at_mut(&mut self, keys: &[&str]) -> Option<&mut Data> {
        keys.iter().try_fold(self, |data, wanted| match data {
            Data::Map(entries) => {
                let mut entries = entries.iter_mut();
                entries
                    .find(|(key, _)| key == wanted)
                    .map(|(_, value)| value)
            }
            _ => None,
        })
    }

    /// The items of the list under the keys, to be changed.
    pub fn list_at_mut(&mut self, keys: &[&str]) -> &mut [Data] {
        match self.at_mut(keys) {
            Some(Data::List(items)) => items,
            _ => &mut [],
        }
    }

    /// Sets a key of a map, in its place if it is there and last if not.
    pub fn set(&mut self, key: &str, value: impl Into<Data>) {
        let value = value.into();
        match self.at_mut(&[key]) {
            Some(old) => *old = value,
            None => {
                if let Data::Map(entries) = self {
                    entries.push((key.to_owned(), value));
                }
            }
        }
    }

    /// Takes a key out of a map.
    pub fn remove(&mut self, key: &str) -> Option<Data> {
        let Data::Map(entries) = self else {
            return None;
        };
        let place = entries.iter().position(|(known, _)| known == key)?;
        Some(entries.remove(place).1)
    }
}

impl From<&Node> for Data {
    fn from(node: &Node) -> Self {
        match &node.value {
            Value::Null => Data::Null,
            Value::Bool(value) => Data::Bool(*value),
            Value::Int(value) => Data::Int(*value),
            Value::Float(value) => Data::Float(*value),
            Value::Str(value) => Data::Text(value.clone()),
            Value::Seq(items) => Data::list(items),
            Value::Map(entries) => {
                Data::map(entries.iter().map(|(key, node)| (key.text.clone(), node)))
            }
        }
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Data::Text(text.to_owned())
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Data::Text(text)
    }
}

impl From<i64> for Data {
    fn from(value: i64) -> Self {
        Data::Int(value)
    }
}

impl From<bool> for Data {
    fn from(value: bool) -> Self {
        Data::Bool(value)
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Data::Null => serializer.serialize_unit(),
            Data::Bool(value) => serializer.serialize_bool(*value),
            Data::Int(value) => serializer.serialize_i64(*value),
            Data::Float(value) => serializer.serialize_f64(*value),
            Data::Text(value) => serializer.serialize_str(value),
            Data::List(items) => serializer.collect_seq(items),
            Data::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

/// Text between double quotes, with the escapes that YAML and HCL read alike.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // What YAML 1.1 takes for the end of a line, or for no character at all.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => escape(&mut out, c),
            c if c.is_control() => escape(&mut out, c),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A character of the basic plane by its number.
fn escape(out: &mut String, c: char) {
    let _ = write!(out, "\\u{:04x}", u32::from(c));
}
