//! How is a node shown to serde?

use serde::de::value::MapDeserializer;
use serde::de::{Deserializer, Error, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::collection::{Entries, Items};
use super::fault::Fault;
use super::part::PART;
use super::raw::{MANIFEST, NODE, SpanDeserializer};
use super::variant::Variant;
use super::{Round, UnknownFields, UnknownKey};
use crate::scenario::diagnostic::one_of;
use crate::scenario::tree::{Key, Node, Value};

/// What every object says of its type. Whoever decodes it has read that to choose the Rust type.
const TYPE_META: [&str; 2] = ["apiVersion", "kind"];

/// A node, with what earlier rounds know about the tree around it.
#[derive(Clone, Copy)]
pub(super) struct NodeDeserializer<'de, 'r> {
    pub(super) node: &'de Node,
    round: &'r Round<'de>,
    unknown: UnknownFields,
}

impl<'de, 'r> NodeDeserializer<'de, 'r> {
    pub(super) fn new(node: &'de Node, round: &'r Round<'de>, unknown: UnknownFields) -> Self {
        NodeDeserializer {
            node,
            round,
            unknown,
        }
    }

    /// The same for another node of the tree.
    pub(super) fn of(self, node: &'de Node) -> Self {
        NodeDeserializer { node, ..self }
    }

    /// Whether only parts may be invented.
    pub(super) fn decodes_parts(self) -> bool {
        self.round.parts
    }

    pub(super) fn is_left_out(self, child: &Node) -> bool {
        self.round.left_out(child)
    }

    fn seq<V: Visitor<'de>>(self, items: &'de [Node], visitor: V) -> Result<V::Value, Fault<'de>> {
        let kept: Vec<_> = items
            .iter()
            .filter(|item| !self.round.hides(item))
            .collect();
        let length = kept.len();
        let mut access = Items {
            list: self,
            pending: kept.into_iter(),
        };
        let value = visitor.visit_seq(&mut access)?;
        match access.pending.len() {
            0 => Ok(value),
            rest => Err(Fault::length(length - rest, length)),
        }
    }

    fn map<V: Visitor<'de>>(
        self,
        entries: &'de [(Key, Node)],
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        let kept = entries
            .iter()
            .filter(|(_, value)| !self.round.hides(value))
            .collect();
        visitor.visit_map(Entries::new(self, kept, Vec::new()))
    }

    /// The entries whose keys are fields; keeps a note of the others.
    fn fields<V: Visitor<'de>>(
        self,
        entries: &'de [(Key, Node)],
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        let mut kept = Vec::new();
        for entry @ (key, value) in entries {
            let name = key.text.as_str();
            if fields.contains(&name) {
                if !value.is_null() && !self.round.hides(value) {
                    kept.push(entry);
                }
            } else if self.unknown == UnknownFields::Reject || !TYPE_META.contains(&name) {
                let unknown = UnknownKey {
                    map: self.node,
                    key,
                    fields,
                    mode: self.unknown,
                };
                self.round.unknown.borrow_mut().insert(key, unknown);
            }
        }
        let invented = fields
            .iter()
            .copied()
            .filter(|field| self.round.stands_in(self.node, field))
            .collect();
        visitor.visit_map(Entries::new(self, kept, invented))
    }

    fn mismatch(self, wanted: &str) -> Fault<'de> {
        Fault::invalid_type(unexpected(self.node), &wanted)
    }
}

fn unexpected(node: &Node) -> Unexpected<'_> {
    match &node.value {
        Value::Null => Unexpected::Unit,
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Int(value) => Unexpected::Signed(*value),
        Value::Float(value) => Unexpected::Float(*value),
        Value::Str(text) => Unexpected::Str(text),
        Value::Seq(_) => Unexpected::Seq,
        Value::Map(_) => Unexpected::Map,
    }
}

impl<'de> Deserializer<'de> for NodeDeserializer<'de, '_> {
    type Error = Fault<'de>;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => match u64::try_from(*value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(*value),
            },
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Str(text) => visitor.visit_borrowed_str(text),
            Value::Seq(items) => self.seq(items, visitor),
            Value::Map(entries) => self.map(entries, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        match name {
            MANIFEST => {
                let typed = NodeDeserializer {
                    unknown: UnknownFields::Carry,
                    ..self
                };
                visitor.visit_map(MapDeserializer::new(std::iter::once((typed, self))))
            }
            NODE => {
                let place = SpanDeserializer(self.node.span);
                visitor.visit_map(MapDeserializer::new(std::iter::once((place, self))))
            }
            PART if self.round.is_emptied(self.node) => visitor.visit_none(),
            PART => visitor
                .visit_newtype_struct(self)
                .map_err(|fault| fault.within(self.node)),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        match &self.node.value {
            Value::Map(entries) => self.fields(entries, fields, visitor),
            // Serde would also take a list of the fields in their order; nobody writes that on purpose.
            _ => Err(self.mismatch("a map")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        match &self.node.value {
            Value::Str(_) => visitor.visit_enum(Variant {
                owner: self,
                content: None,
            }),
            Value::Map(entries) => match entries.as_slice() {
                [entry] => visitor.visit_enum(Variant {
                    owner: self,
                    content: Some(entry),
                }),
                _ => Err(Fault::misfit(
                    format!("expected a map of one key, found {} keys", entries.len()),
                    format!("expected {}", one_of(variants.iter().copied())),
                )),
            },
            _ => Err(self.mismatch(&one_of(variants.iter().copied()))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier
    }
}

impl<'de> IntoDeserializer<'de, Fault<'de>> for NodeDeserializer<'de, '_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
