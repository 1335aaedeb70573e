//! In which order are nodes searched? The node tree: zones take turns (spec/kubernetes.md 1.3).

use crate::api::Symbol;

/// Slots of nodes by zone, and the zone-interleaved list made of them.
#[derive(Clone, Debug, Default)]
pub struct NodeTree {
    /// Zones in order of first appearance, nodes within a zone in order of insertion. No zone is empty.
    zones: Vec<(Option<Symbol>, Vec<u32>)>,
    order: Vec<u32>,
    stale: bool,
}

impl NodeTree {
    /// Puts a node last in its zone; a zone never seen, or seen empty, goes last among the zones.
    pub fn insert(&mut self, zone: Option<Symbol>, slot: u32) {
        self.stale = true;
        match self.zones.iter_mut().find(|(name, _)| *name == zone) {
            Some((_, nodes)) => nodes.push(slot),
            None => self.zones.push((zone, vec![slot])),
        }
    }

    /// Takes a node out of its zone, which must hold it.
    pub fn remove(&mut self, zone: Option<Symbol>, slot: u32) {
        self.stale = true;
        let at = self.zones.iter().position(|(name, _)| *name == zone);
        let at = at.expect("the zone of a node is in the tree");
        let nodes = &mut self.zones[at].1;
        let before = nodes.len();
        nodes.retain(|&node| node != slot);
        assert_eq!(nodes.len() + 1, before, "node {slot} is once in its zone");
        if nodes.is_empty() {
            self.zones.remove(at);
        }
    }

    /// One node of each zone in turn; zones that run out are skipped. Linear in the nodes after a change, else free.
    pub fn order(&mut self) -> &[u32] {
        if self.stale {
            self.stale = false;
            self.order.clear();
            let rounds = self.zones.iter().map(|(_, nodes)| nodes.len()).max();
            for round in 0..rounds.unwrap_or(0) {
                let turn = self.zones.iter().filter_map(|(_, nodes)| nodes.get(round));
                self.order.extend(turn);
            }
        }
        &self.order
    }

    /// What [`Self::order`] last returned; nodes must not have changed since.
    #[must_use]
    pub fn listed(&self) -> &[u32] {
        assert!(!self.stale, "the list is older than the tree");
        &self.order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Symbols;

    #[test]
    fn zones_take_turns_in_order_of_first_appearance() {
        let mut symbols = Symbols::new();
        let [b, a] = ["b", "a"].map(|zone| Some(symbols.intern(zone)));
        let mut tree = NodeTree::default();
        for (slot, zone) in [(0, b), (1, b), (2, b), (3, a), (4, None), (5, a)] {
            tree.insert(zone, slot);
        }
        assert_eq!(tree.order(), [0, 3, 4, 1, 5, 2]);
        tree.remove(b, 0);
        tree.remove(None, 4);
        assert_eq!(tree.order(), [1, 3, 2, 5]);
        tree.insert(None, 4);
        assert_eq!(tree.order(), [1, 3, 4, 2, 5]);
    }
}
