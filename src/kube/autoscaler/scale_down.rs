//! Which nodes are not needed? (spec/kubernetes.md 4.3)

use std::collections::BTreeMap;

use super::snapshot::{Snapshot, Waiting};
use super::{Settings, UNREMOVABLE_RECHECK};
use crate::api::{Resource, Resources};
use crate::des::SimTime;

/// A node of a group that is not on its way out.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// A number no other node ever has.
    pub id: u32,
    /// The scheduler's slot.
    pub slot: u32,
    /// Its group, by its place.
    pub group: usize,
    /// What pods may use.
    pub allocatable: Resources,
    /// What its pods ask for, those of DaemonSets included.
    pub requested: Resources,
    /// Its pods but those of DaemonSets.
    pub pods: Vec<Waiting>,
    /// Whether the disruption budgets let them all go now.
    pub evictable: bool,
}

/// Nodes that go now, by their place among the candidates.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Removals {
    /// Without pods.
    pub empty: Vec<usize>,
    /// With pods, which are evicted first.
    pub drained: Vec<usize>,
}

/// What scaling down remembers from loop to loop.
#[derive(Clone, Debug, Default)]
pub struct ScaleDown {
    /// Since when nodes have been unneeded.
    unneeded: BTreeMap<u32, SimTime>,
    /// Nodes whose pods had no other place, and when they are looked at again.
    unremovable: BTreeMap<u32, SimTime>,
}

impl ScaleDown {
    /// Which nodes are unneeded now: little used, and their pods fit on what stays. Empty nodes are looked at first, then those that were
    /// unneeded before; each that would go takes its pods with it before the next is looked at.
    pub fn update<'s>(
        &mut self,
        now: SimTime,
        settings: &Settings,
        snapshot: impl FnOnce() -> Snapshot<'s>,
        candidates: &[Candidate],
    ) {
        self.unremovable.retain(|_, until| *until > now);
        let mut order: Vec<&Candidate> = candidates
            .iter()
            .filter(|node| !self.unremovable.contains_key(&node.id) && is_idle(node, settings))
            .collect();
        order.sort_by_key(|node| !self.unneeded.contains_key(&node.id));
        let before = std::mem::take(&mut self.unneeded);
        let mut unneeded = |node: &Candidate| {
            let since = before.get(&node.id).copied();
            self.unneeded.insert(node.id, since.unwrap_or(now));
        };
        let (empty, used): (Vec<_>, Vec<_>) =
            order.into_iter().partition(|node| node.pods.is_empty());
        empty.iter().for_each(|node| unneeded(node));
        if used.is_empty() {
            return;
        }
        let mut snapshot = snapshot();
        let mut destinations = snapshot.slots();
        destinations.retain(|slot| empty.iter().all(|node| node.slot != *slot));
        for node in used {
            let others: Vec<u32> = destinations
                .iter()
                .copied()
                .filter(|&slot| slot != node.slot)
                .collect();
            match moved(&snapshot, node, &others) {
                Some(moved) => {
                    (snapshot, destinations) = (moved, others);
                    unneeded(node);
                }
                None => drop(self.unremovable.insert(node.id, now + UNREMOVABLE_RECHECK)),
            }
        }
    }

    /// Nodes that have been unneeded for long enough, those longest first. `room` is by how many nodes each group is above its minimum, `going` how
    /// many nodes are on their way out already, without and with pods.
    #[must_use]
    pub fn removals(
        &self,
        now: SimTime,
        settings: &Settings,
        candidates: &[Candidate],
        mut room: Vec<u32>,
        going: (usize, usize),
    ) -> Removals {
        let since = |place: &usize| self.unneeded.get(&candidates[*place].id).copied();
        let ripe = |place: &usize| {
            since(place).is_some_and(|since| now.since(since) > settings.unneeded_time)
        };
        let mut ripe: Vec<usize> = (0..candidates.len()).filter(ripe).collect();
        ripe.sort_by_key(|place| (since(place), candidates[*place].id));
        let (empty, drained): (Vec<usize>, Vec<usize>) = ripe
            .into_iter()
            .partition(|&place| candidates[place].pods.is_empty());
        let mut free = settings
            .max_scale_down_parallelism
            .saturating_sub(going.0 + going.1);
        let mut take = |places: Vec<usize>, most: usize| {
            let mut taken = Vec::new();
            for place in places {
                let room = &mut room[candidates[place].group];
                if *room > 0 && taken.len() < most && free > 0 {
                    *room -= 1;
                    free -= 1;
                    taken.push(place);
                }
            }
            taken
        };
        let empty = take(empty, usize::MAX);
        let drains = settings.max_drain_parallelism.saturating_sub(going.1);
        let drained = take(drained, drains);
        Removals { empty, drained }
    }
}

/// Whether a node is used so little that it might go: GPU nodes are judged by their GPUs alone.
fn is_idle(node: &Candidate, settings: &Settings) -> bool {
    let used = |kind: Resource| {
        let most = i128::from(node.allocatable[kind]);
        let used = i128::from(node.requested[kind]) * 1_000_000;
        most > 0 && used > most * i128::from(settings.utilization_threshold_ppm)
    };
    let gpus = [Resource::NvidiaGpu, Resource::AmdGpu];
    match gpus.into_iter().find(|&gpu| node.allocatable[gpu] > 0) {
        Some(gpu) => !used(gpu),
        None => !used(Resource::Cpu) && !used(Resource::Memory),
    }
}

/// The cluster with a node's pods on others; `None` if one of them has no place or may not go.
fn moved<'s>(snapshot: &Snapshot<'s>, node: &Candidate, others: &[u32]) -> Option<Snapshot<'s>> {
    if !node.evictable {
        return None;
    }
    let mut moved = snapshot.clone();
    for &pod in &node.pods {
        moved.displace(pod);
        moved.settle(pod, others)?;
    }
    Some(moved)
}
