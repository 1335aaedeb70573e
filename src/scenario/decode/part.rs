//! What can still be said when something in the file is broken? A part that stands for itself is lost alone.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Visitor};

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
