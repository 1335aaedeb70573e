//! How does a node pass through serde whole, with its places? By names that only this decoder knows.

use std::fmt;

use serde::de::value::SeqDeserializer;
use serde::de::{
    Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

use crate::scenario::source::{FileId, Span};
use crate::scenario::tree::{Key, Node, Value};

/// Newtype names; a deserializer that knows them shows a map of one entry. [`MANIFEST`] is typed value to raw value.
pub(super) const MANIFEST: &str = "karpsim::Manifest";
/// Place to value.
pub(super) const NODE: &str = "karpsim::Node";
/// Place to text.
pub(super) const KEY: &str = "karpsim::Key";

/// A real Kubernetes, Karpenter or AWS object: what is modelled of it, and all that the user wrote.
///
/// Below it, unknown fields are carried instead of rejected ([`UnknownFields`](super::UnknownFields)). Decodes only with
/// [`decode`](super::decode).
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest<T> {
    /// What the simulation knows.
    pub spec: T,
    /// What the export writes back.
    pub raw: Node,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Manifest<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (spec, raw) = deserializer.deserialize_newtype_struct(MANIFEST, Pair::new())?;
        Ok(Manifest { spec, raw })
    }
}

/// Decodes only with [`decode`](super::decode): takes any value as it is, for a type that decodes it later.
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (Place(span), Bare(value)) =
            deserializer.deserialize_newtype_struct(NODE, Pair::new())?;
        Ok(Node { value, span })
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (Place(span), text) = deserializer.deserialize_newtype_struct(KEY, Pair::new())?;
        Ok(Key { text, span })
    }
}

/// Reads the one entry of a map.
struct Pair<A, B>(std::marker::PhantomData<(A, B)>);

impl<A, B> Pair<A, B> {
    fn new() -> Self {
        Pair(std::marker::PhantomData)
    }
}

impl<'de, A: Deserialize<'de>, B: Deserialize<'de>> Visitor<'de> for Pair<A, B> {
    type Value = (A, B);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the scenario")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(A, B), M::Error> {
        map.next_entry()?
            .ok_or_else(|| M::Error::custom("expected a value of the scenario"))
    }
}

/// A value without its own place.
struct Bare(Value);

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BareVisitor).map(Bare)
    }
}

struct BareVisitor;

impl<'de> Visitor<'de> for BareVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map(Value::Int).map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Str(value.to_owned()))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Value, S::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Seq(items))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Value, M::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }
}

/// A span as a list of its numbers.
pub(super) struct SpanDeserializer(pub(super) Span);

impl<'de, E: Error> IntoDeserializer<'de, E> for SpanDeserializer {
    type Deserializer = SeqDeserializer<std::array::IntoIter<u32, 5>, E>;

    fn into_deserializer(self) -> Self::Deserializer {
        let Span {
            file,
            line,
            column,
            start,
            end,
        } = self.0;
        SeqDeserializer::new([file.0, line, column, start, end].into_iter())
    }
}

struct Place(Span);

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [file, line, column, start, end] = Deserialize::deserialize(deserializer)?;
        Ok(Place(Span {
            file: FileId(file),
            line,
            column,
            start,
            end,
        }))
    }
}
