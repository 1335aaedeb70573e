//! What can still be said when something in the file is broken? A part that stands for itself is lost alone.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// The newtype name of a part.
pub(super) const PART: &str = "karpsim::Part";

/// A value that is empty where a mistake in it was reported, so that what stands beside it can still be checked. Without a
/// mistake every part has its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Part<T>(Option<T>);

impl<T> Part<T> {
    /// The value, unless a mistake in it was reported.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T: Default> Default for Part<T> {
    fn default() -> Self {
        Part(Some(T::default()))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(PART, PartVisitor(PhantomData))
    }
}

struct PartVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PartVisitor<T> {
    type Value = Part<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of the scenario")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, part: D) -> Result<Part<T>, D::Error> {
        T::deserialize(part).map(|value| Part(Some(value)))
    }

    fn visit_none<E>(self) -> Result<Part<T>, E> {
        Ok(Part(None))
    }
}

/// An empty part, and nothing else: what a missing field is in the end.
pub(super) struct EmptyPart;

impl<'de> Deserializer<'de> for EmptyPart {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::custom("not a part"))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match name {
            PART => visitor.visit_none(),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
