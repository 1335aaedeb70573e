//! Interned strings: label keys, label values, namespaces and names as small integers that compare in one instruction.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

/// An interned string, or the host name of a node that was born during the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Symbol(u32);

/// The bit that tells a host name from a table entry.
const HOSTNAME: u32 = 1 << 31;

impl Symbol {
    /// The symbol with this place in the table; for the fixed keys of [`super::label::key`].
    #[must_use]
    pub const fn fixed(index: u32) -> Self {
        Self(index)
    }

    /// The `kubernetes.io/hostname` value of the node with this index: unique per node, never interned.
    #[must_use]
    pub const fn hostname(node: u32) -> Self {
        assert!(node < HOSTNAME);
        Self(node | HOSTNAME)
    }
}

/// The table of interned strings of one scenario.
#[derive(Clone, Debug)]
pub struct Symbols {
    names: Vec<Box<str>>,
    integers: Vec<Option<i64>>,
    index: FxHashMap<Box<str>, Symbol>,
}

impl Default for Symbols {
    fn default() -> Self {
        Self::new()
    }
}

impl Symbols {
    /// A table that holds the well-known label keys at their fixed places.
    #[must_use]
    pub fn new() -> Self {
        let mut symbols = Self {
            names: Vec::new(),
            integers: Vec::new(),
            index: FxHashMap::default(),
        };
        for (place, name) in super::label::WELL_KNOWN.iter().enumerate() {
            let symbol = symbols.intern(name);
            assert_eq!(
                symbol.0 as usize, place,
                "well-known label {name} is listed twice"
            );
        }
        symbols
    }

    /// The symbol of `name`, made if new.
    pub fn intern(&mut self, name: &str) -> Symbol {
        if let Some(&symbol) = self.index.get(name) {
            return symbol;
        }
        let place = u32::try_from(self.names.len())
            .ok()
            .filter(|&n| n < HOSTNAME);
        let symbol = Symbol(place.expect("fewer than 2^31 distinct strings"));
        self.names.push(name.into());
        self.integers.push(name.parse().ok());
        self.index.insert(name.into(), symbol);
        symbol
    }

    /// The symbol of `name`, if it was ever interned.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Symbol> {
        self.index.get(name).copied()
    }

    /// The string behind a symbol.
    #[must_use]
    pub fn name(&self, symbol: Symbol) -> Cow<'_, str> {
        if symbol.0 & HOSTNAME != 0 {
            return Cow::Owned(format!("node-{}", symbol.0 & !HOSTNAME));
        }
        Cow::Borrowed(&self.names[symbol.0 as usize])
    }

    /// The value as an integer, where it is one: what `Gt` and `Lt` compare.
    #[must_use]
    pub fn integer(&self, symbol: Symbol) -> Option<i64> {
        if symbol.0 & HOSTNAME != 0 {
            return None;
        }
        self.integers[symbol.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_string_is_the_same_symbol() {
        let mut symbols = Symbols::new();
        let a = symbols.intern("burst");
        assert_eq!(symbols.intern("burst"), a);
        assert_ne!(symbols.intern("ai"), a);
        assert_eq!(symbols.name(a), "burst");
    }

    #[test]
    fn integers_and_hostnames() {
        let mut symbols = Symbols::new();
        let five = symbols.intern("5");
        assert_eq!(symbols.integer(five), Some(5));
        assert_eq!(symbols.integer(Symbol::hostname(5)), None);
        assert_eq!(symbols.name(Symbol::hostname(7)), "node-7");
        assert_ne!(Symbol::hostname(5), five);
    }
}
