//! Has anything changed since a method last found nothing to do? (spec/karpenter.md 4.17)

use crate::des::{SimDuration, SimTime};

/// Without any change a method looks again after this long (0.1).
pub const FORCED_AFTER: SimDuration = SimDuration::from_secs(5 * 60);

/// When the cluster last changed in a way that consolidation cares about: a pod object deleted, a pod newly bound, a claim given its
/// instance, a launched claim or a node gone, a node's Initialized flipped, a deletion seen of a node not marked, a NodePool created or
/// changed. Not: a node becoming consolidatable, a pod ending, marks of the disruption queue, failed launches, prices, the expiry
/// of a failed offering, budget windows and disruption budgets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClusterState {
    changed: SimTime,
    /// Tells apart changes of the same instant.
    generation: u64,
}

impl ClusterState {
    /// A cluster first seen now.
    #[must_use]
    pub const fn new(now: SimTime) -> Self {
        Self {
            changed: now,
            generation: 0,
        }
    }

    /// Something has changed.
    pub fn mark(&mut self, now: SimTime) {
        self.changed = now;
        self.generation += 1;
    }

    /// When consolidation looks again even if nothing changes.
    #[must_use]
    pub fn forced_at(&self) -> SimTime {
        self.changed + FORCED_AFTER
    }

    /// The state now, which renews itself when it is five minutes old.
    fn read(&mut self, now: SimTime) -> u64 {
        if now >= self.forced_at() {
            self.mark(now);
        }
        self.generation
    }
}

/// The state at which a method found nothing to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Memo(Option<u64>);

impl Memo {
    /// There was nothing to do.
    pub(super) fn set(&mut self, state: &mut ClusterState, now: SimTime) {
        self.0 = Some(state.read(now));
    }

    /// Whether there is still nothing to do.
    pub(super) fn holds(self, state: &mut ClusterState, now: SimTime) -> bool {
        self.0 == Some(state.read(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    #[test]
    fn a_memo_holds_until_something_changes_even_at_the_same_instant() {
        let mut state = ClusterState::new(at(0));
        let mut memo = Memo::default();
        assert!(!memo.holds(&mut state, at(1)));
        memo.set(&mut state, at(1));
        assert!(memo.holds(&mut state, at(1)));
        state.mark(at(1));
        assert!(!memo.holds(&mut state, at(1)));
    }

    #[test]
    fn a_memo_holds_for_five_minutes_at_most() {
        let mut state = ClusterState::new(at(0));
        let mut memo = Memo::default();
        memo.set(&mut state, at(10));
        assert!(memo.holds(&mut state, at(299)));
        assert!(!memo.holds(&mut state, at(300)));
        memo.set(&mut state, at(301));
        assert!(memo.holds(&mut state, at(599)));
        assert!(!memo.holds(&mut state, at(600)));
    }
}
