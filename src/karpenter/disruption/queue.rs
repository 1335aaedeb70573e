//! When are the nodes of a started command deleted? (spec/karpenter.md 4.13)

use std::collections::BTreeSet;

use crate::des::{SimDuration, SimTime};
use crate::karpenter::Version;

use super::command::Command;
use super::view::NodeId;

/// How often the queue is looked at (0.2).
pub const QUEUE_POLL: SimDuration = SimDuration::from_secs(1);
/// How much longer the horizon gets with each candidate in the queue (0.1).
const PER_CANDIDATE: SimDuration = SimDuration::from_millis(80);
/// The shortest and the longest horizon (0.1).
const HORIZON: (SimDuration, SimDuration) = (
    SimDuration::from_secs(10 * 60),
    SimDuration::from_secs(3600),
);

/// Commands that wait for their replacements.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Queue {
    /// Whether the horizon stays the shortest, however many candidates there are.
    fixed_horizon: bool,
    entries: Vec<Entry>,
    nodes: BTreeSet<NodeId>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    command: Command,
    replacements: Vec<NodeId>,
    started: SimTime,
}

/// How a replacement is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replacement {
    /// It is on its way.
    Starting,
    /// Its node is initialized.
    Initialized,
    /// Its claim is gone: the launch failed, or it was deleted.
    Gone,
}

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Its candidates are to be deleted.
    Delete,
    /// A replacement is gone: the candidates lose taint and mark, and stay, as the other replacements do.
    ReplacementGone,
    /// Its replacements took longer than this: the candidates lose taint and mark, and stay. The replacements stay as well.
    OutOfTime(SimDuration),
}

impl Queue {
    /// The empty queue of a release.
    #[must_use]
    pub fn of(version: Version) -> Self {
        Self {
            fixed_horizon: !version.stretches_the_queue(),
            ..Self::default()
        }
    }

    /// Takes a command whose replacements have been created as these claims.
    pub fn start(&mut self, command: Command, replacements: Vec<NodeId>, now: SimTime) {
        assert_eq!(command.replacements.len(), replacements.len());
        for &node in &command.candidates {
            let new = self.nodes.insert(node);
            assert!(new, "{node:?} is disrupted by two commands");
        }
        self.entries.push(Entry {
            command,
            replacements,
            started: now,
        });
    }

    /// Whether a command has the node.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.nodes.contains(&node)
    }

    /// Whether there is no command to look at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How long a command may wait for its replacement now.
    #[must_use]
    pub fn horizon(&self) -> SimDuration {
        let (shortest, longest) = HORIZON;
        if self.fixed_horizon {
            return shortest;
        }
        (PER_CANDIDATE * self.nodes.len() as u64).clamp(shortest, longest)
    }

    /// Takes out the commands that have ended, in the order they were started. To be asked when a command is started and every
    /// [`QUEUE_POLL`] while the queue is not empty.
    pub fn poll(
        &mut self,
        now: SimTime,
        replacement: impl Fn(NodeId) -> Replacement,
    ) -> Vec<(Command, Outcome)> {
        let horizon = self.horizon();
        let outcome = |entry: &Entry| {
            let states = || entry.replacements.iter().map(|&claim| replacement(claim));
            if states().any(|state| state == Replacement::Gone) {
                Some(Outcome::ReplacementGone)
            } else if states().all(|state| state == Replacement::Initialized) {
                Some(Outcome::Delete)
            } else {
                let late = now - entry.started > horizon;
                late.then_some(Outcome::OutOfTime(horizon))
            }
        };
        let mut ended = Vec::new();
        for entry in std::mem::take(&mut self.entries) {
            match outcome(&entry) {
                None => self.entries.push(entry),
                Some(outcome) => ended.push((entry.command, outcome)),
            }
        }
        for node in ended.iter().flat_map(|(command, _)| &command.candidates) {
            self.nodes.remove(node);
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::karpenter::disruption::command::{Method, Saving};
    use crate::karpenter::disruption::fixture::World;

    fn command(nodes: std::ops::Range<u32>, replaced: bool) -> Command {
        Command {
            method: Method::MultiNode,
            candidates: nodes.map(NodeId).collect(),
            replacements: vec![World::new().claim(&[]); usize::from(replaced)],
            destinations: Vec::new(),
            saving: Saving {
                now: Default::default(),
                replacement_at_most: Default::default(),
                replacement_at_least: Default::default(),
            },
        }
    }

    fn at(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    fn claim() -> Vec<NodeId> {
        vec![NodeId(u32::MAX)]
    }

    #[test]
    fn the_horizon_grows_with_the_queue() {
        let horizon = |candidates| {
            let mut queue = Queue::default();
            queue.start(command(0..candidates, false), Vec::new(), at(0));
            queue.horizon().as_secs()
        };
        assert_eq!(horizon(100), 10 * 60);
        assert_eq!(horizon(10_000), 13 * 60 + 20);
        assert_eq!(horizon(100_000), 60 * 60);
    }

    #[test]
    fn before_1_7_the_horizon_was_fixed() {
        let mut queue = Queue::of(Version::minor(6));
        queue.start(command(0..10_000, false), Vec::new(), at(0));
        assert_eq!(queue.horizon().as_secs(), 10 * 60);
    }

    #[test]
    fn a_delete_has_nothing_to_wait_for() {
        let mut queue = Queue::default();
        queue.start(command(0..2, false), Vec::new(), at(0));
        assert!(queue.contains(NodeId(1)) && !queue.contains(NodeId(2)));
        let ended = queue.poll(at(0), |_| unreachable!("there is no replacement"));
        assert_eq!(ended, [(command(0..2, false), Outcome::Delete)]);
        assert!(queue.is_empty() && !queue.contains(NodeId(1)));
    }

    #[test]
    fn a_replacement_must_be_initialized() {
        let mut queue = Queue::default();
        queue.start(command(0..1, true), claim(), at(0));
        assert_eq!(queue.poll(at(50), |_| Replacement::Starting), []);
        let ended = queue.poll(at(51), |_| Replacement::Initialized);
        assert_eq!(ended[0].1, Outcome::Delete);
    }

    #[test]
    fn several_replacements_must_all_be_initialized() {
        let mut queue = Queue::default();
        let mut both = command(0..1, true);
        both.replacements.push(World::new().claim(&[]));
        queue.start(both, vec![NodeId(8), NodeId(9)], at(0));
        let one = |ready: NodeId, other| {
            move |claim| {
                if claim == ready {
                    Replacement::Initialized
                } else {
                    other
                }
            }
        };
        assert_eq!(queue.poll(at(1), one(NodeId(8), Replacement::Starting)), []);
        let ended = queue.poll(at(2), one(NodeId(8), Replacement::Gone));
        assert_eq!(ended[0].1, Outcome::ReplacementGone);
    }

    #[test]
    fn a_lost_or_late_replacement_releases_the_nodes() {
        let mut queue = Queue::default();
        queue.start(command(0..1, true), claim(), at(0));
        queue.start(command(1..2, true), claim(), at(100));
        assert_eq!(queue.poll(at(600), |_| Replacement::Starting), []);
        let ended = queue.poll(at(601), |_| Replacement::Starting);
        let horizon = SimDuration::from_secs(600);
        assert_eq!(ended, [(command(0..1, true), Outcome::OutOfTime(horizon))]);
        assert!(!queue.contains(NodeId(0)) && queue.contains(NodeId(1)));
        let ended = queue.poll(at(602), |_| Replacement::Gone);
        assert_eq!(ended[0].1, Outcome::ReplacementGone);
        assert!(queue.is_empty());
    }
}
