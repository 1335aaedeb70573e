//! How are the items of a list and the entries of a map handed over, one by one?

use std::vec;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed};

use super::deserializer::NodeDeserializer;
use super::fault::Fault;
use super::key::KeyDeserializer;
use super::part::EmptyPart;
use super::stand_in::StandIn;
use crate::scenario::tree::{Key, Node};

/// The items of a list.
pub(super) struct Items<'de, 'r> {
    pub(super) list: NodeDeserializer<'de, 'r>,
    pub(super) pending: vec::IntoIter<&'de Node>,
}

impl<'de> de::SeqAccess<'de> for Items<'de, '_> {
    type Error = Fault<'de>;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault<'de>> {
        let Some(item) = self.pending.next() else {
            return Ok(None);
        };
        seed.deserialize(self.list.of(item))
            .map(Some)
            .map_err(|fault| fault.at(item))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.pending.len())
    }
}

/// The entries of a map that are shown, and then the invented ones.
pub(super) struct Entries<'de, 'r> {
    map: NodeDeserializer<'de, 'r>,
    pending: vec::IntoIter<&'de (Key, Node)>,
    invented: vec::IntoIter<&'static str>,
    /// The value that belongs to the last key; `None` for an invented one.
    value: Option<&'de Node>,
}

impl<'de, 'r> Entries<'de, 'r> {
    pub(super) fn new(
        map: NodeDeserializer<'de, 'r>,
        entries: Vec<&'de (Key, Node)>,
        invented: Vec<&'static str>,
    ) -> Self {
        Entries {
            map,
            pending: entries.into_iter(),
            invented: invented.into_iter(),
            value: None,
        }
    }
}

impl<'de> de::MapAccess<'de> for Entries<'de, '_> {
    type Error = Fault<'de>;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault<'de>> {
        if let Some((key, value)) = self.pending.next() {
            self.value = Some(value);
            return seed
                .deserialize(KeyDeserializer(key))
                .map(Some)
                .map_err(|f| f.under(key.span).at(value));
        }
        self.value = None;
        let Some(field) = self.invented.next() else {
            return Ok(None);
        };
        seed.deserialize(BorrowedStrDeserializer::new(field))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Fault<'de>> {
        match self.value {
            Some(value) => seed
                .deserialize(self.map.of(value))
                .map_err(|fault| fault.at(value)),
            None if self.map.decodes_parts() => seed
                .deserialize(EmptyPart)
                .map_err(|_| Fault::consequence(self.map.node)),
            None => seed
                .deserialize(StandIn::new())
                .map_err(|_| Fault::consequence(self.map.node)),
        }
    }
}
