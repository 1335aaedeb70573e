//! Manifests and images change, and what runs is no longer what they say (spec/karpenter.md 4.2).

use crate::cloud::AmiFamily;
use crate::cluster::Key;
use crate::des::{Class, SimTime};
use crate::karpenter::disruption::Drifted;
use crate::karpenter::disruption::drifted::{Launched, Wanted, drifted, images_noticed};

use super::event::Event;
use super::node::{Node, Owner};
use super::{Queue, World};

impl World<'_> {
    /// Somebody applies a NodePool or EC2NodeClass.
    pub(super) fn apply_manifest(&mut self, now: SimTime, change: usize, queue: &mut Queue) {
        if let Some(karpenter) = &mut self.karpenter {
            karpenter.change(change);
        }
        self.touch_consolidation();
        self.judge_every_drift(now);
        let pools = self.scenario.cluster.karpenter.iter();
        for place in 0..pools.map(|karpenter| karpenter.pools.len()).sum() {
            self.wake_static_pool(now, Owner::Pool(place), queue);
        }
    }

    /// AWS releases new images of a family.
    pub(super) fn images_released(&mut self, now: SimTime, family: AmiFamily, queue: &mut Queue) {
        let noticed = images_noticed(now);
        queue.push(noticed, Class::Controller, Event::ImagesSeen(family));
    }

    /// Karpenter looks up the newest images and finds others.
    pub(super) fn images_seen(&mut self, now: SimTime, family: AmiFamily) {
        if let Some(karpenter) = &mut self.karpenter {
            karpenter.notice_release(family);
        }
        self.judge_every_drift(now);
    }

    fn judge_every_drift(&mut self, now: SimTime) {
        let claims = self.nodes.iter().filter(|(_, node)| node.claim.is_some());
        let claims: Vec<_> = claims.map(|(key, _)| key).collect();
        for key in claims {
            self.judge_drift(now, key);
        }
    }

    /// Looks whether a claim with an instance is what its pool and class say, and remembers since when it is not.
    pub(super) fn judge_drift(&mut self, now: SimTime, key: Key<Node>) {
        let node = &self.nodes[key];
        let (Owner::Pool(place), Some(karpenter)) = (node.owner, &self.karpenter) else {
            return;
        };
        let (Some(claim), Some(instance)) = (&node.claim, &node.instance) else {
            return;
        };
        let claim = Launched {
            hashes: claim.hashes,
            labels: &node.labels,
            zone: instance.zone,
            reservation: instance.held(),
        };
        let pool = karpenter.pool(place);
        let wanted = Wanted {
            hashes: karpenter.hashes(pool),
            requirements: &pool.requirements,
            zones: &karpenter.class_of(place).zones,
            reservations: &karpenter.class_of(place).reservations,
        };
        let reason = drifted(&claim, &wanted, &self.scenario.symbols);
        let since = node.drifted.map_or(now, |drifted| drifted.since);
        self.nodes[key].drifted = reason.map(|reason| Drifted { since, reason });
    }
}
