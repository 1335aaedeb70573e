//! What happens to single machines: AWS announces something, or a node falls ill (spec/karpenter.md 4.16, 5; spec/kubernetes.md 5.9).

use crate::cluster::Key;
use crate::des::{Class, Purpose, SimDuration, SimTime};
use crate::karpenter::interruption::{Action, IMPAIRED_FOR, Kind, STATUS_POLL, reaction};
use crate::karpenter::repair::{Condition, Repair, repair};
use crate::kube::node_lifecycle::{
    DEFAULT_TOLERATION, LEASE_RENEWAL, Loop, MONITOR_PERIOD, taint_eviction, unknown,
};

use super::event::Event;
use super::node::{EndReason, Node, Owner};
use super::{Queue, World};

/// What is wrong with a node, and since when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Illness {
    pub(super) condition: Condition,
    pub(super) since: SimTime,
}

impl World<'_> {
    /// The first nodes of a pool, oldest first, that run and are not about to go.
    pub(super) fn oldest_nodes(&self, pool: usize, count: u32) -> Vec<Key<Node>> {
        let runs = |node: &Node| node.ready.is_some() && !node.deleting() && node.illness.is_none();
        let mine = self
            .nodes
            .iter()
            .filter(|(_, node)| node.owner == Owner::Pool(pool) && runs(node));
        let mut mine: Vec<_> = mine.map(|(key, node)| (node.id, key)).collect();
        mine.sort_unstable_by_key(|(id, _)| *id);
        let first = mine.into_iter().take(count as usize);
        first.map(|(_, key)| key).collect()
    }

    /// AWS does something to an instance, or says that it will.
    pub(super) fn announce(&mut self, now: SimTime, key: Key<Node>, kind: Kind, queue: &mut Queue) {
        let next_poll = |from: SimTime| {
            let polls = Loop {
                phase: SimTime::ZERO,
                period: STATUS_POLL,
            };
            polls.next(from)
        };
        let heard = match kind {
            Kind::SpotInterrupted => return self.spot_notice(now, key, queue),
            Kind::InstanceStopped | Kind::InstanceTerminated => {
                self.nodes[key].end = EndReason::Aws(kind);
                self.nodes[key].reclaimed = true;
                return self.terminate_instance(now, key, queue);
            }
            Kind::EventStatus => next_poll(now),
            Kind::InstanceStatus | Kind::SystemStatus => next_poll(now + IMPAIRED_FOR),
            Kind::RebalanceRecommendation
            | Kind::ScheduledChange
            | Kind::CapacityReservationInterrupted
            | Kind::Noop
                if self.hears_messages() =>
            {
                now
            }
            _ => return,
        };
        queue.push(heard, Class::Controller, Event::Announced(key, kind));
    }

    fn hears_messages(&self) -> bool {
        let karpenter = self.karpenter.as_ref();
        karpenter.is_some_and(|karpenter| karpenter.model.interruption_queue)
    }

    /// Karpenter hears of it.
    pub(super) fn announced(
        &mut self,
        now: SimTime,
        key: Key<Node>,
        kind: Kind,
        queue: &mut Queue,
    ) {
        let node = self.nodes.get(key).filter(|node| !node.deleting());
        let Some(instance) = node.and_then(|node| node.instance) else {
            return;
        };
        if reaction(kind, instance.capacity_type).action != Action::NoAction {
            self.delete_claim(now, key, EndReason::Aws(kind), queue);
        }
    }

    /// A node falls ill. A silent kubelet is noticed in time; every other condition the node itself reports.
    pub(super) fn fall_ill(
        &mut self,
        now: SimTime,
        key: Key<Node>,
        condition: Condition,
        queue: &mut Queue,
    ) {
        let at = match condition {
            Condition::Ready => self.silence_noticed(now, key),
            _ => now,
        };
        queue.push(at, Class::Controller, Event::IllnessSeen(key, condition));
    }

    /// When the node lifecycle controller calls a node Unknown whose kubelet falls silent now.
    fn silence_noticed(&self, now: SimTime, key: Key<Node>) -> SimTime {
        let u = |k| {
            self.draw(Purpose::Phase, u64::from(self.nodes[key].id.0))
                .uniform(k)
        };
        let share =
            |period: SimDuration, u: f64| SimDuration::from_secs_f64(period.as_secs_f64() * u);
        let renewed = now.checked_sub(share(LEASE_RENEWAL, u(now.as_micros())));
        let monitor = Loop {
            phase: SimTime::ZERO + share(MONITOR_PERIOD, u(0)),
            period: MONITOR_PERIOD,
        };
        unknown(renewed.unwrap_or(now), monitor)
    }

    /// The condition of a node is known.
    pub(super) fn illness_seen(
        &mut self,
        now: SimTime,
        key: Key<Node>,
        condition: Condition,
        queue: &mut Queue,
    ) {
        if self.nodes.get(key).is_none_or(|node| node.terminated) {
            return;
        }
        self.nodes[key].illness = Some(Illness {
            condition,
            since: now,
        });
        if condition == Condition::Ready {
            self.refresh_node(now, key, queue);
            for pod in self.nodes[key].pods.clone() {
                self.pod_unlisted(now, pod, queue);
            }
            let at = taint_eviction(now, DEFAULT_TOLERATION);
            queue.push(at, Class::Controller, Event::TaintEviction(key));
        }
        queue.push(now, Class::Controller, Event::Repair(key));
    }

    /// The pods of an unreachable node have borne it long enough: they are deleted, and nobody is there to stop them.
    pub(super) fn taint_eviction(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let Some(node) = self.nodes.get(key).filter(|node| !node.terminated) else {
            return;
        };
        let daemon = |pod: &&Key<super::pod::Pod>| self.pods[**pod].pinned.is_some();
        let leaving: Vec<_> = node
            .pods
            .iter()
            .filter(|pod| !daemon(pod))
            .copied()
            .collect();
        for pod in leaving {
            self.lose_pod(now, pod, queue);
        }
    }

    /// Karpenter looks at an unhealthy node, if it may repair nodes.
    pub(super) fn repair(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let node = self.nodes.get(key).filter(|node| !node.deleting());
        let gate = self.karpenter.as_ref().is_some_and(|k| k.model.node_repair);
        let Some((node, illness)) = node.and_then(|node| Some((node, node.illness?))) else {
            return;
        };
        if !gate || node.claim.is_none() {
            return;
        }
        let joined = |other: &&Node| other.owner == node.owner && other.registered.is_some();
        let pool = || self.nodes.iter().map(|(_, node)| node).filter(joined);
        let nodes = pool().count() as u32;
        let unhealthy = pool().filter(|node| node.illness.is_some()).count() as u32;
        match repair(now, illness.condition, illness.since, nodes, unhealthy) {
            Repair::Wait(at) | Repair::Blocked(at) => {
                queue.push(at, Class::Controller, Event::Repair(key));
            }
            Repair::Replace => self.delete_claim(now, key, EndReason::Unhealthy, queue),
        }
    }
}
