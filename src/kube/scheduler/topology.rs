//! Which nodes share a domain? The values of one node label, as dense numbers that are used again when a value dies out.

use rustc_hash::FxHashMap;

use crate::api::{LabelSet, Symbol};

/// No domain: the node lacks the label.
pub(super) const NO_DOMAIN: u32 = u32::MAX;

/// The domains one topology key makes.
#[derive(Clone, Debug)]
pub(super) struct Topology {
    /// The label, or none where every node is a domain of its own with its slot as number.
    key: Option<Symbol>,
    /// By slot.
    pub(super) domain_of: Vec<u32>,
    numbers: FxHashMap<Symbol, u32>,
    /// By domain, with 0 for numbers that are free.
    nodes: Vec<u32>,
    free: Vec<u32>,
}

impl Topology {
    /// The domains of a label key; every node on its own where the key is none.
    pub(super) fn new(key: Option<Symbol>) -> Self {
        Self {
            key,
            domain_of: Vec::new(),
            numbers: FxHashMap::default(),
            nodes: Vec::new(),
            free: Vec::new(),
        }
    }

    pub(super) fn key(&self) -> Option<Symbol> {
        self.key
    }

    /// Numbers in use are below this.
    pub(super) fn domains(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the node in a slot has a domain here.
    pub(super) fn has(&self, slot: usize) -> bool {
        self.domain_of[slot] != NO_DOMAIN
    }

    /// Makes room for slots below `slots`.
    pub(super) fn grow(&mut self, slots: usize) {
        self.domain_of.resize(slots, NO_DOMAIN);
        if self.key.is_none() {
            self.nodes.resize(slots, 0);
        }
    }

    /// Puts a node into the domain its labels name.
    pub(super) fn join(&mut self, slot: usize, labels: &LabelSet) {
        let domain = match self.key {
            None => slot as u32,
            Some(key) => labels
                .get(key)
                .map_or(NO_DOMAIN, |value| self.number(value)),
        };
        self.domain_of[slot] = domain;
        if domain != NO_DOMAIN {
            self.nodes[domain as usize] += 1;
        }
    }

    /// Takes a node, whose labels are still those it joined with, out of its domain.
    pub(super) fn leave(&mut self, slot: usize, labels: &LabelSet) {
        let domain = std::mem::replace(&mut self.domain_of[slot], NO_DOMAIN);
        if domain == NO_DOMAIN {
            return;
        }
        self.nodes[domain as usize] -= 1;
        if self.nodes[domain as usize] == 0
            && let Some(value) = self.key.and_then(|key| labels.get(key))
        {
            self.numbers.remove(&value);
            self.free.push(domain);
        }
    }

    fn number(&mut self, value: Symbol) -> u32 {
        if let Some(&number) = self.numbers.get(&value) {
            return number;
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.nodes.push(0);
            self.nodes.len() as u32 - 1
        });
        self.numbers.insert(value, number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::key;

    #[test]
    fn numbers_are_dense_and_used_again() {
        let host = |node| LabelSet::from_iter([(key::HOSTNAME, Symbol::hostname(node))]);
        let mut topology = Topology::new(Some(key::HOSTNAME));
        topology.grow(3);
        topology.join(0, &host(10));
        topology.join(1, &host(11));
        topology.join(2, &LabelSet::default());
        assert_eq!(topology.domain_of, [0, 1, NO_DOMAIN]);
        topology.leave(0, &host(10));
        topology.join(0, &host(12));
        topology.leave(2, &LabelSet::default());
        topology.join(2, &host(11));
        assert_eq!(topology.domain_of, [0, 1, 1]);
        assert_eq!(topology.domains(), 2);
    }
}
