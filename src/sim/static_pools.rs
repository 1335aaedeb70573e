//! Static NodePools keep their number of nodes (spec/karpenter.md 1.16).

use crate::cluster::{Key, PodTemplate};
use crate::des::{Class, SimTime};
use crate::karpenter::cost::DisruptionCost;
use crate::karpenter::provisioning::NewClaim;
use crate::karpenter::static_pool::{Count, Member, REQUEUE, REQUEUE_AT_LIMIT, Scaling, to_delete};

use super::event::Event;
use super::karpenter::Karpenter;
use super::node::{EndReason, Node, Owner};
use super::{Queue, World};

impl World<'_> {
    /// Something happened to a claim of a pool; a static one is looked at.
    pub(super) fn wake_static_pool(&mut self, now: SimTime, owner: Owner, queue: &mut Queue) {
        if let Owner::Pool(place) = owner {
            self.await_static_pool(now, place, queue);
        }
    }

    fn await_static_pool(&mut self, at: SimTime, place: usize, queue: &mut Queue) {
        let Some(karpenter) = &mut self.karpenter else {
            return;
        };
        if !karpenter.is_static(place) {
            return;
        }
        let alarm = &mut karpenter.static_alarms[place];
        if alarm.is_none_or(|alarm| at < alarm) {
            *alarm = Some(at);
            queue.push(at, Class::Controller, Event::StaticPool(place as u16));
        }
    }

    /// A static pool is looked at: claims are created or deleted until there are as many as it wants.
    pub(super) fn static_pool(&mut self, now: SimTime, place: u16, queue: &mut Queue) {
        let place = usize::from(place);
        let Some(karpenter) = &mut self.karpenter else {
            return;
        };
        if karpenter.static_alarms[place]
            .take_if(|alarm| *alarm <= now)
            .is_none()
        {
            return;
        }
        let Some(count) = self.static_count(place) else {
            return;
        };
        let scaling = count.scaling();
        match scaling {
            Scaling::Keep | Scaling::AtLimit => {}
            Scaling::Create(missing) => {
                let template = self.static_template(place);
                for _ in 0..missing {
                    self.create_claim(now, &template, queue);
                }
            }
            Scaling::Delete(surplus) => {
                let members = self.static_members(now, place);
                for key in to_delete(&members, surplus, now) {
                    self.delete_claim(now, key, EndReason::Overprovisioned, queue);
                }
            }
        }
        let wait = match scaling {
            Scaling::AtLimit => REQUEUE_AT_LIMIT,
            _ => REQUEUE,
        };
        self.await_static_pool(now + wait, place, queue);
    }

    /// What a static pool wants and has; none if the pool is not static.
    pub(super) fn static_count(&self, place: usize) -> Option<Count> {
        self.count_static(self.karpenter.as_ref()?, place)
    }

    /// The same, for whoever holds Karpenter.
    pub(super) fn count_static(&self, karpenter: &Karpenter<'_>, place: usize) -> Option<Count> {
        let pool = karpenter.pool(place);
        let mut count = Count {
            replicas: pool.replicas?,
            limit: pool.limit_nodes,
            active: 0,
            pending_disruption: 0,
            deleting: 0,
        };
        for (_, node) in self.claims_of(place) {
            if node.deleting() {
                count.deleting += 1;
            } else if node.marked {
                count.pending_disruption += 1;
            } else {
                count.active += 1;
            }
        }
        Some(count)
    }

    fn static_template(&self, place: usize) -> NewClaim {
        let karpenter = self
            .karpenter
            .as_ref()
            .expect("static pools are Karpenter's");
        karpenter.template_claim(place)
    }

    fn claims_of(&self, place: usize) -> impl Iterator<Item = (Key<Node>, &Node)> {
        let mine = move |(_, node): &(Key<Node>, &Node)| node.owner == Owner::Pool(place);
        self.nodes.iter().filter(mine)
    }

    fn static_members(&self, now: SimTime, place: usize) -> Vec<Member<Key<Node>>> {
        let staying = |(_, node): &(Key<Node>, &Node)| !node.deleting() && !node.marked;
        let mut claims: Vec<_> = self.claims_of(place).filter(staying).collect();
        claims.sort_unstable_by_key(|(_, node)| node.id);
        let member = |(key, node): (Key<Node>, &Node)| {
            let templates = || {
                let pods = node.pods.iter().map(|&pod| self.pods[pod].template);
                pods.map(|template| self.scenario.template(template))
            };
            let cost = |t: &PodTemplate| DisruptionCost::of_eviction(t.deletion_cost, t.priority);
            Member {
                claim: key,
                launched: node.instance.is_some(),
                bare: templates().all(|template| template.daemon),
                protected: node.pods.iter().any(|&pod| self.is_protected_pod(now, pod)),
                eviction_cost: templates().map(cost).sum(),
                created: node.created,
                expire_after: self.made_from(node).and_then(|pool| pool.expire_after),
            }
        };
        claims.into_iter().map(member).collect()
    }
}
