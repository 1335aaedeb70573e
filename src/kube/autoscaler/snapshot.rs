//! The cluster as a loop sees it, to try things on.

use crate::api::{Resources, Symbol, key};
use crate::cluster::TemplateId;
use crate::des::{SimTime, Stream};
use crate::kube::scheduler::{Attempt, Cache, NodeInfo, PodInfo};

/// A pod that waits for a node, or has to find another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// The pod, by the scheduler's key.
    pub pod: u32,
    /// Its template: pods of one template are of one equivalence group.
    pub template: TemplateId,
    /// When it was created.
    pub created: SimTime,
}

/// What the next node of a group would be like.
#[derive(Clone, Debug)]
pub struct TemplateNode {
    /// As the scheduler would see it.
    pub info: NodeInfo,
    /// Its capacity, which is more than what pods may use.
    pub capacity: Resources,
    /// Its DaemonSets.
    pub daemons: Vec<TemplateId>,
}

/// A copy of the scheduler's picture, with nodes and pods that are not there.
#[derive(Clone, Debug)]
pub struct Snapshot<'s> {
    cache: Cache<'s>,
    /// Pods of DaemonSets on nodes that are not there, counted down from the largest key.
    daemons: u32,
    /// Where the next search starts: behind the place that was found last.
    turn: usize,
    ties: Stream,
}

impl<'s> Snapshot<'s> {
    /// What the scheduler believes now.
    #[must_use]
    pub fn new(cache: &Cache<'s>, ties: Stream) -> Self {
        Self {
            cache: cache.clone(),
            daemons: 0,
            turn: 0,
            ties,
        }
    }

    /// A node of a group joins with its DaemonSets. Returns its slot.
    pub fn add(&mut self, node: &TemplateNode) -> u32 {
        let slot = self.cache.slots();
        let mut info = node.info.clone();
        info.labels.insert(key::HOSTNAME, Symbol::hostname(slot));
        self.cache.add_node(slot, info);
        for &template in &node.daemons {
            self.daemons += 1;
            let pod = Waiting {
                pod: u32::MAX - self.daemons,
                template,
                created: SimTime::ZERO,
            };
            self.place(slot, pod);
        }
        slot
    }

    /// Whether every filter of the scheduler lets a pod onto a node.
    pub fn fits(&mut self, pod: Waiting, slot: u32) -> bool {
        let attempt = Attempt {
            pod: pod.pod,
            template: pod.template,
            pinned: Some(slot),
        };
        self.cache.schedule(attempt, &mut self.ties).is_ok()
    }

    /// Puts a pod onto a node.
    pub fn place(&mut self, slot: u32, pod: Waiting) {
        let info = PodInfo {
            key: pod.pod,
            template: pod.template,
            start: pod.created,
            terminating: false,
        };
        self.cache.add_pod(slot, info);
    }

    /// Takes a pod off its node.
    pub fn displace(&mut self, pod: Waiting) {
        self.cache.remove_pod(pod.pod);
    }

    /// Puts a pod onto the first of some nodes that takes it, beginning behind the one that took the last.
    pub fn settle(&mut self, pod: Waiting, slots: &[u32]) -> Option<u32> {
        let start = self.turn % slots.len().max(1);
        let order = (start..slots.len()).chain(0..start);
        let place = order.into_iter().find(|&at| self.fits(pod, slots[at]))?;
        self.turn = place + 1;
        self.place(slots[place], pod);
        Some(slots[place])
    }

    /// The slots of all nodes.
    #[must_use]
    pub fn slots(&self) -> Vec<u32> {
        let all = 0..self.cache.slots();
        all.filter(|&slot| self.cache.node(slot).is_some())
            .collect()
    }
}
