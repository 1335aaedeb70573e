//! How is a choice shown to serde? As a bare word, `fifo`, or as a map of one key, `{lognormal: {median: 4s}}`.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use super::deserializer::NodeDeserializer;
use super::fault::Fault;
use crate::scenario::tree::{Key, Node};

/// A bare word, or the one entry of a map.
pub(super) struct Variant<'de, 'r> {
    pub(super) owner: NodeDeserializer<'de, 'r>,
    pub(super) content: Option<&'de (Key, Node)>,
}

impl<'de, 'r> Variant<'de, 'r> {
    fn name(&self) -> &'de str {
        match self.content {
            Some((key, _)) => &key.text,
            None => self.owner.node.as_str().unwrap_or_default(),
        }
    }

    /// What stands beside the name of a variant that has parameters.
    fn parameters(&self) -> Result<&'de Node, Fault<'de>> {
        match self.content {
            Some((_, value)) if self.owner.is_left_out(value) => {
                Err(Fault::consequence(self.owner.node))
            }
            Some((_, value)) => Ok(value),
            None => {
                let name = self.name();
                Err(Fault::misfit(
                    format!("`{name}` needs parameters"),
                    format!("expected a map, `{name}: …`"),
                ))
            }
        }
    }

    fn with<T>(
        self,
        read: impl FnOnce(NodeDeserializer<'de, 'r>) -> Result<T, Fault<'de>>,
    ) -> Result<T, Fault<'de>> {
        let parameters = self.parameters()?;
        read(self.owner.of(parameters)).map_err(|fault| fault.at(parameters))
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'de, '_> {
    type Error = Fault<'de>;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), Fault<'de>> {
        let owner = self.owner.node;
        let span = self.content.map_or(owner.span, |(key, _)| key.span);
        let name = BorrowedStrDeserializer::new(self.name());
        let variant = seed
            .deserialize(name)
            .map_err(|fault: Fault<'de>| fault.under(span).at(owner))?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de, '_> {
    type Error = Fault<'de>;

    fn unit_variant(self) -> Result<(), Fault<'de>> {
        if self.content.is_none() {
            return Ok(());
        }
        let (name, parameters) = (self.name(), self.parameters()?);
        if parameters.is_null() {
            return Ok(());
        }
        let message = format!("`{name}` takes no parameters");
        Err(Fault::misfit(message, format!("expected just `{name}`")).at(parameters))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Fault<'de>> {
        self.with(|parameters| seed.deserialize(parameters))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        self.with(|parameters| parameters.deserialize_tuple(length, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault<'de>> {
        self.with(|parameters| parameters.deserialize_struct("", fields, visitor))
    }
}
