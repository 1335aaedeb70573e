//! Karpenter's provisioner: pods that wait open the batch window, and a pass turns them into claims.

use crate::api::{Resources, Symbol};
use crate::cluster::template::DoNotDisrupt;
use crate::cluster::{Key, TemplateId};
use crate::des::{Class, Purpose, SimDuration, SimTime, StreamKey};
use crate::karpenter::disruption::PdbCover;
use crate::karpenter::provisioning::{
    Cause, Closed, CountedNode, ExistingNode, PendingPod, Plan, Problem, Reason, solve,
};
use crate::metrics::PendingCause;
use crate::scenario::model::{KarpenterModel, Scenario};

use super::event::Event;
use super::karpenter::{Karpenter, options};
use super::node::{Node, Owner, unreachable_taint};
use super::pod::{Pod, Stage};
use super::{Queue, World};

/// Pods that still wait trigger again after this long (spec/karpenter.md 0.1).
const RETRIGGER: SimDuration = SimDuration::from_secs(10);
/// Nodes that pods were promised to are left alone for so long (spec/karpenter.md 0.1).
pub(super) const NOMINATION: SimDuration = SimDuration::from_secs(20);

impl World<'_> {
    /// A pod is Unschedulable: opens the batch window, or keeps it open.
    pub(super) fn trigger_provisioner(&mut self, now: SimTime, pod: u32, queue: &mut Queue) {
        let uid = self.pods[self.pods.key_at(pod).expect("a waiting pod is there")].uid;
        let Some(karpenter) = &mut self.karpenter else {
            return;
        };
        karpenter.batcher.trigger(uid, now);
        self.await_retrigger(now, queue);
        self.poke_provisioner(now, queue);
    }

    fn await_retrigger(&mut self, now: SimTime, queue: &mut Queue) {
        if let Some(karpenter) = &mut self.karpenter
            && karpenter.retrigger.is_none()
        {
            karpenter.retrigger = Some(now + RETRIGGER);
            queue.push(now + RETRIGGER, Class::Controller, Event::Retrigger);
        }
    }

    /// Sets the batcher's alarm for the end of its window.
    pub(super) fn poke_provisioner(&mut self, now: SimTime, queue: &mut Queue) {
        let Some(karpenter) = &mut self.karpenter else {
            return;
        };
        let Some(closes) = karpenter.batcher.closes_at() else {
            return;
        };
        let at = closes.max(now);
        if karpenter
            .alarm
            .is_none_or(|alarm| alarm < now || at < alarm)
        {
            karpenter.alarm = Some(at);
            queue.push(at, Class::Controller, Event::Batch);
        }
    }

    /// Pods that still wait, and nodes that are going, trigger again.
    pub(super) fn retrigger(&mut self, now: SimTime, queue: &mut Queue) {
        let going = self.nodes.iter().filter(|(_, node)| node.is_tainted());
        let nodes = going.map(|(key, _)| node_uid(key));
        let pods = self.provisionable().map(|(_, pod)| pod.uid);
        let waiting: Vec<u128> = pods.chain(nodes).collect();
        let Some(karpenter) = &mut self.karpenter else {
            return;
        };
        karpenter.retrigger = None;
        if waiting.is_empty() {
            return;
        }
        for uid in waiting {
            karpenter.batcher.trigger(uid, now);
        }
        self.await_retrigger(now, queue);
        self.poke_provisioner(now, queue);
    }

    /// A node is going: its pods are demand from now on.
    pub(super) fn trigger_for_node(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if let Some(karpenter) = &mut self.karpenter {
            karpenter.batcher.trigger(node_uid(key), now);
            self.await_retrigger(now, queue);
            self.poke_provisioner(now, queue);
        }
    }

    pub(super) fn provisionable(&self) -> impl Iterator<Item = (Key<Pod>, &Pod)> {
        self.pods.iter().filter(|(_, pod)| {
            pod.stage == Stage::Pending
                && pod.pinned.is_none()
                && pod.deleting.is_none()
                && !self.is_nominated(pod)
        })
    }

    /// Whether every claim has its instance (spec/karpenter.md 1.1).
    pub(super) fn synced(&self) -> bool {
        self.nodes
            .iter()
            .all(|(_, node)| node.claim.is_none() || node.instance.is_some())
    }

    /// The batch window may have closed: one provisioning pass.
    pub(super) fn batch(&mut self, now: SimTime, queue: &mut Queue) {
        let synced = self.synced();
        let Some(karpenter) = &mut self.karpenter else {
            return;
        };
        if karpenter.alarm == Some(now) {
            karpenter.alarm = None;
        }
        if karpenter.batcher.close(synced, now) == Some(Closed::Pass) {
            self.provision(now, queue);
            if let Some(karpenter) = &mut self.karpenter {
                karpenter.batcher.passed(now);
            }
        }
        self.poke_provisioner(now, queue);
    }

    fn provision(&mut self, now: SimTime, queue: &mut Queue) {
        let mut pods: Vec<_> = self
            .provisionable()
            .map(|(key, pod)| pending(key, pod))
            .collect();
        pods.extend(self.displaced(now));
        if pods.is_empty() {
            return;
        }
        let Some(mut karpenter) = self.karpenter.take() else {
            return;
        };
        karpenter.refresh_offerings(now, &mut self.market);
        karpenter.passes += 1;
        let (existing, keys, counted) = self.cluster_view(&karpenter, now, &[]);
        let ties = StreamKey {
            seed: self.seed,
            purpose: Purpose::KarpenterTie,
            entity: karpenter.passes,
        };
        let mut plan = solve(&Problem {
            symbols: &self.scenario.symbols,
            templates: &self.scenario.templates,
            pools: &karpenter.templates(),
            existing: &existing,
            counted: &counted,
            daemons: &self.daemon_templates,
            pods: &pods,
            options: options(karpenter.model, false),
            ties,
        });
        let dynamic = karpenter.dynamic.clone();
        self.karpenter = Some(karpenter);
        for claim in &mut plan.claims {
            claim.pool = dynamic[claim.pool];
        }
        self.apply(now, &plan, &keys, queue);
    }

    /// Until when a pod's annotation forbids to disrupt it.
    pub(super) fn protected_until(&self, pod: &Pod) -> Option<SimTime> {
        let annotation = self.scenario.template(pod.template).do_not_disrupt;
        let karpenter = self.scenario.cluster.karpenter.as_ref();
        let knows = |of: &KarpenterModel| of.version.knows_do_not_disrupt_durations();
        match annotation {
            DoNotDisrupt::For(_) if !karpenter.is_some_and(knows) => None,
            annotation => annotation.until(pod.bound_at),
        }
    }

    /// Whether a pod must not be disrupted now.
    pub(super) fn is_protected_pod(&self, now: SimTime, key: Key<Pod>) -> bool {
        let pod = &self.pods[key];
        pod.is_active() && self.protected_until(pod).is_some_and(|until| now < until)
    }

    /// Whether capacity is looked for elsewhere before a pod leaves its node: not if nobody knows when it will (spec/karpenter.md 1.2).
    pub(super) fn is_reschedulable(&self, now: SimTime, key: Key<Pod>) -> bool {
        let pod = &self.pods[key];
        let moves = pod.is_active() && pod.service.is_some();
        let blocks = |place: usize| self.scenario.pdbs[place].spec.is_fully_blocking();
        moves
            && !self.is_protected_pod(now, key)
            && self.pdb_cover(now, key, blocks) == PdbCover::Allows
    }

    /// Pods on nodes that are going, for which capacity is looked for already.
    pub(super) fn displaced(&self, now: SimTime) -> Vec<PendingPod> {
        let going = self
            .nodes
            .iter()
            .filter(|(_, node)| node.deleting() || node.marked);
        let pods = going.flat_map(|(_, node)| node.pods.iter().copied());
        pods.filter(|&key| self.is_reschedulable(now, key))
            .map(|key| PendingPod {
                ignores_protection: true,
                ..pending(key, &self.pods[key])
            })
            .collect()
    }

    /// Nodes as a pass sees them: those that may take pods, and those that only count in the topology. `without` are taken for gone.
    pub(super) fn cluster_view(
        &self,
        karpenter: &Karpenter<'_>,
        now: SimTime,
        without: &[Key<Node>],
    ) -> (Vec<ExistingNode>, Vec<Key<Node>>, Vec<CountedNode>) {
        let (mut existing, mut keys, mut counted) = (Vec::new(), Vec::new(), Vec::new());
        for (key, node) in self.nodes.iter() {
            if node.instance.is_none() || node.terminated {
                continue;
            }
            if node.deleting() || node.marked || without.contains(&key) {
                counted.push(CountedNode {
                    name: Symbol::hostname(key.slot()),
                    labels: node.labels.clone(),
                    taints: node.taints.clone(),
                    pods: Vec::new(),
                });
            } else {
                keys.push(key);
                let protected = is_protected(karpenter, now, node);
                existing.push(ExistingNode {
                    pool: match node.owner {
                        Owner::Pool(pool) => karpenter.place_in_problem(pool),
                        Owner::Group(_) => None,
                    },
                    protected,
                    ..self.existing_node(key, node)
                });
            }
        }
        (existing, keys, counted)
    }

    /// A node as a pass sees it, its pool left out.
    fn existing_node(&self, key: Key<Node>, node: &Node) -> ExistingNode {
        let pods = node.pods.iter().map(|&pod| &self.pods[pod]);
        let daemon_requested = pods
            .clone()
            .filter(|pod| pod.pinned.is_some())
            .fold(Resources::ZERO, |sum, pod| {
                sum + self.scenario.template(pod.template).requests
            });
        let host_ports = pods
            .clone()
            .flat_map(|pod| {
                self.scenario
                    .template(pod.template)
                    .host_ports
                    .iter()
                    .copied()
            })
            .collect();
        ExistingNode {
            name: Symbol::hostname(key.slot()),
            pool: None,
            joined: node.registered.is_some() || node.claim.is_none(),
            initialized: node.initialized.is_some() || node.claim.is_none(),
            labels: node.labels.clone(),
            taints: node
                .taints
                .iter()
                .cloned()
                .chain(node.is_unreachable().then(unreachable_taint))
                .collect(),
            startup_taints: Vec::new(),
            capacity: node.capacity,
            allocatable: node.allocatable,
            requested: node.requested,
            daemon_requested,
            host_ports,
            pods: pods
                .filter(|pod| pod.is_active())
                .map(|pod| pod.template)
                .collect(),
            protected: false,
        }
    }

    /// Does what a pass decided.
    fn apply(&mut self, now: SimTime, plan: &Plan, keys: &[Key<Node>], queue: &mut Queue) {
        let made: Vec<_> = plan
            .claims
            .iter()
            .map(|claim| self.create_claim(now, claim, queue))
            .collect();
        self.note_plan(now, plan, keys, &made);
        for &(place, pod) in &plan.existing {
            let node = &mut self.nodes[keys[place]];
            node.nominated_until = now + NOMINATION;
            let cause = if node.initialized.is_some() {
                PendingCause::BatchWindow
            } else {
                PendingCause::NodeLaunching
            };
            self.turn_waiting(now, pod, cause);
        }
        for (pod, reason) in &plan.errors {
            self.turn_waiting(now, *pod, cause_of(reason));
        }
    }

    pub(super) fn turn_waiting(&mut self, now: SimTime, pod: u64, cause: PendingCause) {
        let Some(key) = self
            .pods
            .key_at(pod as u32)
            .filter(|&key| self.pods[key].stage == Stage::Pending)
        else {
            return;
        };
        self.pods[key].waiting.turn_to(now, cause);
        if let Some(service) = self.pods[key].service {
            self.turn_clock(now, service);
        }
    }
}

/// Whether the node is inside its pool's consolidateAfter window (spec/karpenter.md 1.9).
pub(super) fn is_protected(karpenter: &Karpenter<'_>, now: SimTime, node: &Node) -> bool {
    let Owner::Pool(pool) = node.owner else {
        return false;
    };
    let dynamic = karpenter.place_in_problem(pool).is_some();
    if !dynamic || !karpenter.model.version.protects_destinations() {
        return false;
    }
    let window = karpenter.pool(pool).consolidate_after;
    let (Some(window), Some(initialized)) = (window, node.initialized) else {
        return false;
    };
    window > SimDuration::ZERO && now.since(node.last_pod_event.unwrap_or(initialized)) < window
}

/// What the batcher knows a node by: no pod has a number so small.
fn node_uid(key: Key<Node>) -> u128 {
    u128::from(key.slot())
}

fn pending(key: Key<Pod>, pod: &Pod) -> PendingPod {
    PendingPod {
        id: u64::from(key.slot()),
        template: pod.template,
        created: pod.created,
        uid: pod.uid,
        ignores_protection: pod.stage == Stage::Pending,
    }
}

/// What a pass's error says about the wait.
fn cause_of(reason: &Reason) -> PendingCause {
    let any =
        |wanted: fn(&Cause) -> bool| reason.pools.iter().any(|failure| wanted(&failure.cause));
    if any(
        |cause| matches!(cause, Cause::Types(types) if types.offering > 0 && types.resources < types.total),
    ) {
        PendingCause::InsufficientCapacity
    } else if any(|cause| matches!(cause, Cause::NodeLimit(_) | Cause::Limits(_))) {
        PendingCause::PoolLimit
    } else if any(|cause| matches!(cause, Cause::Topology(_))) {
        PendingCause::Topology
    } else if reason.pools.is_empty() {
        PendingCause::NoCapacity
    } else if any(|cause| matches!(cause, Cause::Taint(_))) {
        PendingCause::Taints
    } else {
        PendingCause::NoPoolMatches
    }
}

/// The templates of all DaemonSets.
pub(super) fn daemon_templates(scenario: &Scenario) -> Vec<TemplateId> {
    scenario
        .cluster
        .daemons
        .iter()
        .map(|daemon| daemon.template)
        .collect()
}
