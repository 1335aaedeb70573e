//! Claims that take too long to become nodes, and nodes that have lived their time (spec/karpenter.md 3.7, 4.14).

use crate::cluster::Key;
use crate::des::{Class, SimTime};
use crate::karpenter::lifecycle::{Conditions, Overdue};

use super::event::Event;
use super::node::{EndReason, Node};
use super::{Queue, World};

impl World<'_> {
    /// Posts when the clock will delete a claim, if nothing changes.
    pub(super) fn await_deadline(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if let Some((at, _)) = self.next_deadline(&self.nodes[key]) {
            queue.push(at.max(now), Class::Controller, Event::Deadline(key));
        }
    }

    /// A claim may be overdue.
    pub(super) fn deadline(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let Some(node) = self.nodes.get(key).filter(|node| !node.deleting()) else {
            return;
        };
        match self.next_deadline(node) {
            Some((at, overdue)) if at <= now => {
                let reason = match overdue {
                    Overdue::Launch => EndReason::LaunchTimeout,
                    Overdue::Registration => EndReason::RegistrationTimeout,
                    Overdue::Expired => EndReason::Expired,
                };
                self.delete_claim(now, key, reason, queue);
            }
            _ => self.await_deadline(now, key, queue),
        }
    }

    fn next_deadline(&self, node: &Node) -> Option<(SimTime, Overdue)> {
        let pool = self.made_from(node)?;
        let launched = node.instance.map(|_| node.created);
        let claim = Conditions::of(node.created, launched, node.registered, node.initialized);
        let karpenter = self.scenario.cluster.karpenter.as_ref()?;
        claim.next_deadline(pool.expire_after, karpenter.version)
    }
}
