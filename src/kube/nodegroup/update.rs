//! How does a managed node group come to a new version? (spec/kubernetes.md 4.4; EKS user guide, "Understand each phase of node updates")
//!
//! First it grows, so that evicted pods have somewhere to go; then its old nodes are cordoned and, a few at a time, drained and ended; last
//! it returns to its size.

use crate::des::SimDuration;

/// How long EKS waits for the new nodes of the first phase, and for the pods of one node to go (4.4).
pub const PATIENCE: SimDuration = SimDuration::from_secs(15 * 60);
/// From an empty node to the end of its instance (4.4).
pub const SETTLE: SimDuration = SimDuration::from_secs(60);
/// EKS looks how an update goes on, and evicts again, about so often: an assumption, AWS says no figure.
pub const POLL: SimDuration = SimDuration::from_secs(15);
/// Most nodes that are drained at once, whatever the configuration says (4.4).
const AT_ONCE_MAX: u32 = 100;

/// How many nodes of a group may be unavailable during an update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MaxUnavailable {
    /// `maxUnavailable`, 1 to 100.
    Nodes(u32),
    /// `maxUnavailablePercentage`, 1 to 100.
    Percentage(u32),
}

/// Which comes first, the new node or the end of the old one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UpdateStrategy {
    /// `DEFAULT`: the group grows first.
    Default,
    /// `MINIMAL`: it does not; a new node takes the place of one that has gone.
    Minimal,
}

impl UpdateStrategy {
    /// All of them, by the name EKS has for each.
    pub const ALL: [(&'static str, Self); 2] =
        [("DEFAULT", Self::Default), ("MINIMAL", Self::Minimal)];
}

/// `updateConfig` of a managed node group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UpdateConfig {
    /// How many at once.
    pub max_unavailable: MaxUnavailable,
    /// `updateStrategy`.
    pub strategy: UpdateStrategy,
}

impl Default for UpdateConfig {
    fn default() -> Self {
        Self {
            max_unavailable: MaxUnavailable::Nodes(1),
            strategy: UpdateStrategy::Default,
        }
    }
}

impl UpdateConfig {
    /// How many of a group's nodes are drained at once: one at least.
    #[must_use]
    pub fn at_once(&self, nodes: u32) -> u32 {
        let most = match self.max_unavailable {
            MaxUnavailable::Nodes(most) => most,
            MaxUnavailable::Percentage(percentage) => nodes * percentage / 100,
        };
        most.clamp(1, AT_ONCE_MAX)
    }

    /// By how many nodes a group with nodes in so many zones grows first.
    #[must_use]
    pub fn surge(&self, nodes: u32, zones: u32) -> u32 {
        match self.strategy {
            UpdateStrategy::Default => self.at_once(nodes).max(2 * zones),
            UpdateStrategy::Minimal => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(max_unavailable: MaxUnavailable) -> UpdateConfig {
        UpdateConfig {
            max_unavailable,
            ..UpdateConfig::default()
        }
    }

    #[test]
    fn a_group_grows_by_two_a_zone_or_by_what_may_be_unavailable() {
        assert_eq!(UpdateConfig::default().surge(10, 3), 6);
        assert_eq!(config(MaxUnavailable::Nodes(9)).surge(10, 3), 9);
        assert_eq!(config(MaxUnavailable::Percentage(50)).surge(40, 3), 20);
        let minimal = UpdateConfig {
            strategy: UpdateStrategy::Minimal,
            ..config(MaxUnavailable::Nodes(9))
        };
        assert_eq!((minimal.surge(10, 3), minimal.at_once(10)), (0, 9));
    }

    #[test]
    fn one_node_at_least_and_a_hundred_at_most() {
        assert_eq!(config(MaxUnavailable::Percentage(33)).at_once(2), 1);
        assert_eq!(config(MaxUnavailable::Percentage(33)).at_once(10), 3);
        assert_eq!(config(MaxUnavailable::Percentage(100)).at_once(450), 100);
    }
}
