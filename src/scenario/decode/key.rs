//! How is the key of a map shown to serde?

use serde::de::value::{BorrowedStrDeserializer, MapDeserializer};
use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::Fault;
use super::raw::{KEY, SpanDeserializer};
use crate::scenario::tree::Key;

/// The key of a map. A type that wants a number reads it from the text.
#[derive(Clone, Copy)]
pub(super) struct KeyDeserializer<'de>(pub(super) &'de Key);

impl<'de> KeyDeserializer<'de> {
    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        match (self.0.text.parse(), self.0.text.parse()) {
            (Ok(value), _) => visitor.visit_u64(value),
            (_, Ok(value)) => visitor.visit_i64(value),
            _ => visitor.visit_borrowed_str(&self.0.text),
        }
    }
}

macro_rules! integer_keys {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
            self.integer(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for KeyDeserializer<'de> {
    type Error = Fault<'de>;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault<'de>> {
        visitor.visit_borrowed_str(&self.0.text)
    }

    integer_keys! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        match name {
            KEY => {
                let place = SpanDeserializer(self.0.span);
                visitor.visit_map(MapDeserializer::new(std::iter::once((
                    place,
                    self.0.text.as_str(),
                ))))
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        visitor.visit_enum(BorrowedStrDeserializer::new(&self.0.text))
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
