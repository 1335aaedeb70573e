//! Nodes that go: eviction by eviction, then the instance; and what EC2 takes back by itself.

use crate::cloud::market::{NOTICE, Outage};
use crate::cloud::{CapacityType, ice::IceCache};
use crate::cluster::Key;
use crate::des::{Class, SimDuration, SimTime};
use crate::karpenter::disruption::PdbCover;
use crate::karpenter::termination::{Drain, DrainPod, Next};
use crate::kube::nodegroup::DRAIN;
use crate::kube::pdb::{CoveredPod, Eviction, UnhealthyPodEvictionPolicy, evict};
use crate::metrics::journal::{Protection, Removal};

use super::event::Event;
use super::node::{EndReason, Node, Owner, disrupted_taint};
use super::pod::{Pod, Stage};
use super::{Queue, World};

/// Priorities from here on are system-cluster-critical and system-node-critical (spec/kubernetes.md 1.14).
const CRITICAL: i32 = 2_000_000_000;

impl World<'_> {
    /// Deletes a claim: taints its node and drains it, or ends its instance at once if no node has joined yet.
    pub(super) fn delete_claim(
        &mut self,
        now: SimTime,
        key: Key<Node>,
        reason: EndReason,
        queue: &mut Queue,
    ) {
        let Some(node) = self.nodes.get_mut(key).filter(|node| !node.deleting()) else {
            return;
        };
        node.end = reason;
        self.note_deleted(now, key);
        match reason {
            EndReason::Empty => self.counters.emptied += 1,
            EndReason::Underutilized => self.counters.consolidated += 1,
            EndReason::Expired => self.counters.expired += 1,
            EndReason::Drifted => self.counters.drifted += 1,
            EndReason::LaunchTimeout | EndReason::RegistrationTimeout => {
                self.counters.timed_out += 1;
            }
            EndReason::Overprovisioned => self.counters.overprovisioned += 1,
            EndReason::Unhealthy => self.counters.repaired += 1,
            EndReason::Aws(_)
            | EndReason::Interrupted
            | EndReason::ZonesUneven
            | EndReason::ScaledIn
            | EndReason::Updated
            | EndReason::ZoneLost
            | EndReason::Running => {}
        }
        self.wake_static_pool(now, self.nodes[key].owner, queue);
        if self.nodes[key].instance.is_none() {
            self.delete_unlaunched(now, key, queue);
            return;
        }
        if self.nodes[key].registered.is_none() {
            self.terminate_instance(now, key, queue);
            return;
        }
        let made = self.made_from(&self.nodes[key]);
        let grace = match self.nodes[key].owner {
            Owner::Group(_) => Some(DRAIN),
            Owner::Pool(_) if reason.is_forceful() => Some(SimDuration::ZERO),
            Owner::Pool(_) => made.and_then(|pool| pool.termination_grace),
        };
        self.nodes[key].drain = Some(Drain::start(now, grace));
        self.nodes[key].marked = false;
        self.refresh_node(now, key, queue);
        self.trigger_for_node(now, key, queue);
        self.touch_consolidation();
        self.look_at_drain(now, key, queue);
    }

    /// A claim that never got its instance is gone at once; one whose launch is under way has to see that through first.
    fn delete_unlaunched(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if self.nodes[key].end == EndReason::LaunchTimeout {
            self.nodes.remove(key);
            self.touch_consolidation();
            self.poke_provisioner(now, queue);
        } else {
            self.nodes[key].doomed = true;
        }
    }

    /// A pod of a draining node has gone, or it is time: the drain looks at the next instant it would.
    pub(super) fn look_at_drain(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let Some(node) = self.nodes.get_mut(key).filter(|node| !node.terminated) else {
            return;
        };
        if node.removal.is_some() {
            queue.push(now, Class::Controller, Event::RemoveNode(key));
        }
        let Some(drain) = node.drain else { return };
        let at = drain.poll(now);
        if node.drain_look.is_none_or(|look| look < now || at < look) {
            node.drain_look = Some(at);
            queue.push(at, Class::Controller, Event::Drain(key));
        }
    }

    /// The termination controller looks at a draining node.
    pub(super) fn drain(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let Some(node) = self
            .nodes
            .get(key)
            .filter(|node| !node.terminated && node.drain_look == Some(now))
        else {
            return;
        };
        let Some(drain) = node.drain else { return };
        let pods: Vec<_> = node
            .pods
            .iter()
            .map(|&pod| self.drain_pod(now, pod))
            .collect();
        self.nodes[key].drain_look = None;
        let step = drain.step(now, &pods);
        for pod in step.evict {
            self.evict(now, pod, queue);
        }
        for (pod, grace) in step.force {
            self.note_removed(now, pod, Removal::Forced);
            self.terminate_pod(now, pod, queue);
            queue.push(now + grace, Class::Kubelet, Event::PodKilled(pod));
        }
        match step.next {
            Next::Terminate => self.terminate_instance(now, key, queue),
            Next::Look(at) => {
                if let Some(node) = self
                    .nodes
                    .get_mut(key)
                    .filter(|node| node.drain_look.is_none_or(|look| at < look))
                {
                    node.drain_look = Some(at);
                    queue.push(at, Class::Controller, Event::Drain(key));
                }
            }
            Next::Stalled => {
                self.note_stalled(now, &pods);
                let refused = pods.iter().any(|pod| {
                    self.pods
                        .get(pod.pod)
                        .is_some_and(|row| row.is_active() && row.attempts.refused() > 0)
                });
                let freed = pods.iter().filter_map(|pod| {
                    let until = self.protected_until(self.pods.get(pod.pod)?)?;
                    (now < until && until < SimTime::MAX).then_some(until)
                });
                let freed = freed.min();
                if refused || freed.is_some() {
                    let next = now + crate::karpenter::termination::DRAIN_POLL;
                    let at = drain.poll(if refused { next } else { freed.unwrap_or(next) });
                    self.nodes[key].drain_look = Some(at);
                    queue.push(at, Class::Controller, Event::Drain(key));
                }
            }
        }
    }

    fn drain_pod(&self, now: SimTime, key: Key<Pod>) -> DrainPod<Key<Pod>> {
        let pod = &self.pods[key];
        let template = self.scenario.template(pod.template);
        DrainPod {
            pod: key,
            daemon: template.daemon,
            critical: template.priority >= CRITICAL,
            exempt: pod.stage == Stage::Exited
                || crate::api::taint::tolerated(&disrupted_taint(), &template.tolerations),
            do_not_disrupt: self.is_protected_pod(now, key),
            grace: template.termination_grace,
            ends: pod
                .deleting
                .map(|deleting| deleting + template.termination_grace),
            attempts: pod.attempts,
        }
    }

    /// Asks the eviction API for a pod.
    pub(super) fn evict(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let template = self.pods[key].template;
        let covering: Vec<usize> = (0..self.pdbs.len())
            .filter(|&place| self.scenario.pdbs[place].templates.contains(&template))
            .collect();
        for &place in &covering {
            self.sync_pdb(now, place);
        }
        let pod = self.covered_pod(key);
        let mut budgets: Vec<_> = self
            .pdbs
            .iter_mut()
            .enumerate()
            .filter(|(place, _)| covering.contains(place))
            .map(|(_, pdb)| pdb)
            .collect();
        let answer = evict(now, pod, &mut budgets);
        if answer == Eviction::Admitted {
            self.counters.pods_evicted += u64::from(self.pods[key].service.is_some());
            self.note_removed(now, key, Removal::Evicted);
            self.terminate_pod(now, key, queue);
        } else {
            self.pods[key].attempts.refuse(now);
            let by = match answer {
                Eviction::Ambiguous => Protection::SeveralBudgets,
                Eviction::Refused | Eviction::Admitted => Protection::Budget,
            };
            self.note_protected(now, key, by);
        }
    }

    /// What the disruption budgets of a pod say to Karpenter, where `blocks` says which of them let none go (spec/karpenter.md 1.2, 4.3).
    /// It asks none of them about a pod that it would not evict. Pods of DaemonSets it would, unless they bear its taint.
    pub(super) fn pdb_cover(
        &self,
        now: SimTime,
        key: Key<Pod>,
        blocks: impl Fn(usize) -> bool,
    ) -> PdbCover {
        let pod = &self.pods[key];
        let budgets = self.scenario.pdbs.iter().enumerate();
        let mut covering = budgets.filter(|(_, budget)| budget.templates.contains(&pod.template));
        let Some((place, budget)) = covering.next() else {
            return PdbCover::Allows;
        };
        let tolerations = &self.scenario.template(pod.template).tolerations;
        let evictable = pod.is_active()
            && !self.is_protected_pod(now, key)
            && !crate::api::taint::tolerated(&disrupted_taint(), tolerations);
        let spared = budget.spec.unhealthy == UnhealthyPodEvictionPolicy::IfHealthyBudget;
        if !evictable {
            PdbCover::Allows
        } else if covering.next().is_some() {
            PdbCover::Several
        } else if blocks(place) && (pod.is_ready() || spared) {
            PdbCover::Exhausted
        } else {
            PdbCover::Allows
        }
    }

    /// Brings a budget's status up to date.
    pub(super) fn sync_pdb(&mut self, now: SimTime, place: usize) {
        let templates = &self.scenario.pdbs[place].templates;
        let pods: Vec<_> = self
            .pods
            .iter()
            .filter(|(_, pod)| templates.contains(&pod.template))
            .map(|(key, _)| self.covered_pod(key))
            .collect();
        let owners = self
            .scenario
            .services
            .iter()
            .zip(&self.services)
            .filter(|(model, _)| templates.contains(&model.template));
        let scale = owners.map(|(_, state)| state.desired).sum();
        self.pdbs[place].sync(now, &pods, scale);
    }

    fn covered_pod(&self, key: Key<Pod>) -> CoveredPod {
        let pod = &self.pods[key];
        CoveredPod {
            id: pod.uid as u64,
            phase: pod.phase(),
            ready: pod.is_ready(),
            deleting: pod.deleting.is_some(),
        }
    }

    /// From now on a spot node's pool concerns us: its next outage is an event.
    pub(super) fn watch_if_spot(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let instance = self.nodes[key].instance;
        let Some(pool) = self.pool_of(key).filter(|_| {
            instance.is_some_and(|instance| instance.capacity_type == CapacityType::Spot)
        }) else {
            return;
        };
        let place = match self.watched.iter().position(|watch| watch.pool == pool) {
            Some(place) => place,
            None => {
                self.watched.push(super::Watch { pool, outage: None });
                self.watched.len() - 1
            }
        };
        if self.watched[place].outage.is_none() {
            self.await_outage(now, place, queue);
        }
    }

    fn await_outage(&mut self, after: SimTime, place: usize, queue: &mut Queue) {
        let outage = self.market.next_down(self.watched[place].pool, after);
        self.watched[place].outage = outage;
        if let Some(outage) = outage {
            queue.push(
                outage.from,
                Class::Environment,
                Event::PoolDown(place as u32),
            );
        }
    }

    /// A spot pool goes down: some of its instances get their notice.
    pub(super) fn pool_down(&mut self, now: SimTime, place: u32, queue: &mut Queue) {
        let watch = &mut self.watched[place as usize];
        let (pool, Some(outage)) = (watch.pool, watch.outage.take()) else {
            return;
        };
        let victims = self.spot_nodes_in(pool);
        for &(key, ordinal) in &victims {
            self.schedule_notice(now, key, ordinal, &outage, queue);
        }
        if !victims.is_empty() {
            self.await_outage(now, place as usize, queue);
        }
    }

    fn spot_nodes_in(&self, pool: crate::cloud::market::Pool) -> Vec<(Key<Node>, u32)> {
        let here = self.nodes.iter().filter(|(_, node)| !node.terminated);
        here.filter_map(|(key, node)| {
            let instance = node
                .instance
                .filter(|instance| instance.capacity_type == CapacityType::Spot)?;
            (instance.kind == pool.instance_type && instance.zone == pool.zone)
                .then_some((key, instance.ordinal))
        })
        .collect()
    }

    fn schedule_notice(
        &mut self,
        now: SimTime,
        key: Key<Node>,
        ordinal: u32,
        outage: &Outage,
        queue: &mut Queue,
    ) {
        let Some(pool) = self.pool_of(key) else {
            return;
        };
        if let Some(at) = self.market.notice(pool, outage, ordinal) {
            queue.push(at.max(now), Class::Environment, Event::SpotNotice(key));
        }
    }

    /// The two-minute notice. Karpenter hears of it if it has an interruption queue.
    pub(super) fn spot_notice(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if self.nodes.get(key).is_none_or(|node| node.terminated) {
            return;
        }
        queue.push(now + NOTICE, Class::Environment, Event::SpotReclaim(key));
        self.counters.interrupted += 1;
        self.note_notice(now, key);
        if matches!(self.nodes[key].owner, Owner::Group(_)) {
            // A managed node group replaces it, and drains on the notice by itself (spec/kubernetes.md 4.4).
            self.rebalance(now, key, queue);
            self.delete_claim(now, key, EndReason::Interrupted, queue);
            return;
        }
        let pool = self.pool_of(key);
        let Some(karpenter) = self
            .karpenter
            .as_mut()
            .filter(|karpenter| karpenter.model.interruption_queue)
        else {
            return;
        };
        if let Some(pool) = pool {
            IceCache::mark(&mut karpenter.ice, pool, CapacityType::Spot, now);
        }
        self.delete_claim(now, key, EndReason::Interrupted, queue);
    }

    /// EC2 takes the instance.
    pub(super) fn spot_reclaim(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let Some(node) = self.nodes.get_mut(key).filter(|node| !node.terminated) else {
            return;
        };
        node.end = EndReason::Interrupted;
        node.reclaimed = true;
        self.terminate_instance(now, key, queue);
    }
}
