//! Karpenter's provisioner and launches: pods that wait become claims, claims become instances.

use rustc_hash::FxHashMap;

use crate::api::{Resources, Symbol, Symbols};
use crate::cloud::fleet::{Override, create_fleet};
use crate::cloud::ice::IceCache;
use crate::cloud::market::Pool;
use crate::cloud::{CapacityType, InstanceType, InstanceTypeId};
use crate::cluster::{Key, TemplateId};
use crate::des::{Class, Purpose, SimDuration, SimTime, StreamKey};
use crate::karpenter::budget::Budget;
use crate::karpenter::disruption;
use crate::karpenter::launch::{self, Launch};
use crate::karpenter::provisioning::{
    Batcher, Cause, Closed, CountedNode, ExistingNode, Limits, MinValuesPolicy, NewClaim, Options,
    PendingPod, Plan, PoolTemplate, PreferencePolicy, Problem, Reason, Window, solve,
};
use crate::metrics::PendingCause;
use crate::scenario::model::{KarpenterModel, NodePoolModel, Scenario};

use super::event::Event;
use super::node::{Claim, EndReason, Instance, Node, Owner};
use super::pod::{Pod, Stage};
use super::{Queue, World};

/// Pods that still wait trigger again after this long (spec/karpenter.md 0.1).
const RETRIGGER: SimDuration = SimDuration::from_secs(10);
/// Nodes that pods were promised to are left alone for so long (spec/karpenter.md 0.1).
const NOMINATION: SimDuration = SimDuration::from_secs(20);

/// What Karpenter remembers.
#[derive(Clone, Debug)]
pub(super) struct Karpenter<'s> {
    pub(super) model: &'s KarpenterModel,
    /// By NodePool: its disruption budgets.
    pub(super) budgets: Vec<Vec<Budget>>,
    batcher: Batcher,
    pub(super) ice: IceCache,
    /// By NodePool: the types its requirements leave, with the offerings of this moment.
    pub(super) types: Vec<Vec<InstanceType>>,
    /// The same types in the catalog.
    type_ids: Vec<Vec<InstanceTypeId>>,
    /// The state of the ICE cache that `types` shows.
    seen_sequence: u64,
    /// When the batcher looks next.
    alarm: Option<SimTime>,
    retrigger: Option<SimTime>,
    /// Instances ever launched, by pool.
    launched: FxHashMap<(u16, Symbol), u32>,
    /// Claims ever made, by NodePool.
    claims: Vec<u64>,
    passes: u64,
    pub(super) controller: disruption::Controller,
    pub(super) commands: disruption::Queue,
    /// Claims that commands wait for.
    pub(super) replacements: Vec<(disruption::NodeId, Key<Node>)>,
}

impl<'s> Karpenter<'s> {
    pub(super) fn new(model: &'s KarpenterModel, symbols: &Symbols) -> Self {
        let candidates: Vec<_> = model
            .pools
            .iter()
            .map(|pool| candidate_types(model, pool, symbols))
            .collect();
        Self {
            model,
            budgets: model.pools.iter().map(budgets).collect(),
            batcher: Batcher::new(Window {
                idle: model.batch_idle,
                max: model.batch_max,
            }),
            ice: IceCache::new(),
            types: candidates
                .iter()
                .map(|of_pool| of_pool.iter().map(|(_, kind)| (*kind).clone()).collect())
                .collect(),
            type_ids: candidates
                .iter()
                .map(|of_pool| of_pool.iter().map(|&(id, _)| id).collect())
                .collect(),
            seen_sequence: 0,
            alarm: None,
            retrigger: None,
            launched: FxHashMap::default(),
            claims: vec![0; model.pools.len()],
            passes: 0,
            controller: disruption::Controller::default(),
            commands: disruption::Queue::default(),
            replacements: Vec::new(),
        }
    }

    /// Brings the offerings up to date with what is known to be out of capacity.
    pub(super) fn refresh_offerings(&mut self, now: SimTime) {
        self.ice.forget_expired(now);
        if self.ice.sequence() == self.seen_sequence {
            return;
        }
        self.seen_sequence = self.ice.sequence();
        for ((pool, types), ids) in self
            .model
            .pools
            .iter()
            .zip(&mut self.types)
            .zip(&self.type_ids)
        {
            let class = &self.model.classes[pool.class];
            for (shown, &id) in types.iter_mut().zip(ids) {
                let fresh = &class.types[id.index()];
                for (offered, offering) in fresh.offerings.iter().zip(&mut shown.offerings) {
                    let place = Pool {
                        instance_type: id,
                        zone: offering.zone,
                    };
                    offering.available = offered.available
                        && !self.ice.is_unavailable(place, offering.capacity_type, now);
                }
            }
        }
    }

    /// The place of a type among the candidates of a NodePool.
    pub(super) fn place_of(&self, pool: usize, kind: InstanceTypeId) -> Option<usize> {
        self.type_ids[pool].binary_search(&kind).ok()
    }

    pub(super) fn next_ordinal(&mut self, kind: InstanceTypeId, zone: Symbol) -> u32 {
        let count = self.launched.entry((kind.0, zone)).or_insert(0);
        *count += 1;
        *count - 1
    }
}

/// The types that a pool's own requirements leave, in the order of the catalog (spec/karpenter.md 1.3).
fn candidate_types<'s>(
    model: &'s KarpenterModel,
    pool: &NodePoolModel,
    symbols: &Symbols,
) -> Vec<(InstanceTypeId, &'s InstanceType)> {
    let all = (0..)
        .map(InstanceTypeId)
        .zip(&model.classes[pool.class].types);
    all.filter(|(_, kind)| {
        kind.requirements
            .conflict(&pool.requirements, symbols)
            .is_none()
    })
    .collect()
}

/// The budgets of a pool; one of 10 % where it names none.
fn budgets(pool: &NodePoolModel) -> Vec<Budget> {
    if pool.budgets.is_empty() {
        return vec![Budget::standard()];
    }
    let checked =
        |budget| Budget::from_manifest(budget).expect("a resolved scenario has valid budgets");
    pool.budgets.iter().map(checked).collect()
}

/// The pools of a problem, as of now.
pub(super) fn pool_templates<'a>(
    model: &KarpenterModel,
    types: &'a [Vec<InstanceType>],
) -> Vec<PoolTemplate<'a>> {
    let template = |(pool, types): (&NodePoolModel, &'a Vec<InstanceType>)| PoolTemplate {
        name: pool.symbol,
        weight: pool.weight,
        labels: pool.labels.clone(),
        requirements: pool.requirements.clone(),
        taints: pool.taints.clone(),
        limits: Limits {
            resources: pool.limits.clone(),
            nodes: pool.limit_nodes.map(i64::from),
        },
        types,
    };
    model.pools.iter().zip(types).map(template).collect()
}

/// Karpenter's settings for a pass.
pub(super) fn options(model: &KarpenterModel, consolidation_simulation: bool) -> Options {
    Options {
        preference_policy: if model.respect_preferences {
            PreferencePolicy::Respect
        } else {
            PreferencePolicy::Ignore
        },
        min_values_policy: if model.best_effort_min_values {
            MinValuesPolicy::BestEffort
        } else {
            MinValuesPolicy::Strict
        },
        consolidation_simulation,
        ..Options::default()
    }
}

impl<'s> World<'s> {
    /// A pod is Unschedulable: opens the batch window, or keeps it open.
    pub(super) fn trigger_provisioner(&mut self, now: SimTime, pod: u32, queue: &mut Queue) {
        let uid = self.pods[self.pods.key_at(pod).expect("a waiting pod is there")].uid;
        let Some(karpenter) = &mut self.karpenter else {
            return;
        };
        karpenter.batcher.trigger(uid, now);
        if karpenter.retrigger.is_none() {
            karpenter.retrigger = Some(now + RETRIGGER);
            queue.push(now + RETRIGGER, Class::Controller, Event::Retrigger);
        }
        self.poke_provisioner(now, queue);
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
        let waiting: Vec<u128> = self.provisionable().map(|(_, pod)| pod.uid).collect();
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
        karpenter.retrigger = Some(now + RETRIGGER);
        queue.push(now + RETRIGGER, Class::Controller, Event::Retrigger);
        self.poke_provisioner(now, queue);
    }

    /// A node is going: its pods are demand from now on.
    pub(super) fn trigger_for_node(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if let Some(karpenter) = &mut self.karpenter {
            karpenter.batcher.trigger(
                u128::from(key.slot()) << 64 | u128::from(now.as_micros()),
                now,
            );
            self.poke_provisioner(now, queue);
        }
    }

    fn provisionable(&self) -> impl Iterator<Item = (Key<Pod>, &Pod)> {
        self.pods.iter().filter(|(_, pod)| {
            pod.stage == Stage::Pending && pod.pinned.is_none() && pod.deleting.is_none()
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
        pods.extend(self.displaced());
        if pods.is_empty() {
            return;
        }
        let Some(mut karpenter) = self.karpenter.take() else {
            return;
        };
        karpenter.refresh_offerings(now);
        karpenter.passes += 1;
        let (existing, keys, counted) = self.cluster_view(now, &[]);
        let ties = StreamKey {
            seed: self.seed,
            purpose: Purpose::KarpenterTie,
            entity: karpenter.passes,
        };
        let plan = solve(&Problem {
            symbols: &self.scenario.symbols,
            templates: &self.scenario.templates,
            pools: &pool_templates(karpenter.model, &karpenter.types),
            existing: &existing,
            counted: &counted,
            daemons: &self.daemon_templates,
            pods: &pods,
            options: options(karpenter.model, false),
            ties,
        });
        self.karpenter = Some(karpenter);
        self.apply(now, &plan, &keys, queue);
    }

    /// Pods that are Running on nodes that are going.
    pub(super) fn displaced(&self) -> Vec<PendingPod> {
        let going = self
            .nodes
            .iter()
            .filter(|(_, node)| node.deleting() || node.marked);
        let pods = going.flat_map(|(_, node)| node.pods.iter().copied());
        pods.filter(|&key| self.pods[key].is_active() && self.pods[key].service.is_some())
            .map(|key| PendingPod {
                ignores_protection: true,
                ..pending(key, &self.pods[key])
            })
            .collect()
    }

    /// Nodes as a pass sees them: those that may take pods, and those that only count in the topology. `without` are taken for gone.
    pub(super) fn cluster_view(
        &self,
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
                existing.push(self.existing_node(now, key, node));
            }
        }
        (existing, keys, counted)
    }

    fn existing_node(&self, now: SimTime, key: Key<Node>, node: &Node) -> ExistingNode {
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
            pool: match node.owner {
                Owner::Pool(pool) => Some(pool),
                Owner::Group(_) => None,
            },
            initialized: node.initialized.is_some() || node.claim.is_none(),
            labels: node.labels.clone(),
            taints: node.taints.clone(),
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
            protected: self.is_protected(now, node),
        }
    }

    /// Whether the node is inside its pool's consolidateAfter window (spec/karpenter.md 1.9).
    fn is_protected(&self, now: SimTime, node: &Node) -> bool {
        let (Owner::Pool(pool), Some(karpenter)) =
            (node.owner, self.scenario.cluster.karpenter.as_ref())
        else {
            return false;
        };
        let (Some(window), Some(initialized)) =
            (karpenter.pools[pool].consolidate_after, node.initialized)
        else {
            return false;
        };
        window > SimDuration::ZERO && now.since(node.last_pod_event.unwrap_or(initialized)) < window
    }

    /// Does what a pass decided.
    fn apply(&mut self, now: SimTime, plan: &Plan, keys: &[Key<Node>], queue: &mut Queue) {
        for claim in &plan.claims {
            self.create_claim(now, claim, queue);
        }
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

    fn turn_waiting(&mut self, now: SimTime, pod: u64, cause: PendingCause) {
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

    /// Creates a NodeClaim and asks EC2 for its instance.
    pub(super) fn create_claim(
        &mut self,
        now: SimTime,
        claim: &NewClaim,
        queue: &mut Queue,
    ) -> Key<Node> {
        let karpenter = self.karpenter.as_mut().expect("claims are Karpenter's");
        let number = karpenter.claims[claim.pool];
        karpenter.claims[claim.pool] += 1;
        let name = format!("{}-{number:05}", karpenter.model.pools[claim.pool].name);
        let asked = Claim {
            requirements: claim.requirements.clone(),
            types: claim.types.clone(),
            requests: claim.requests,
        };
        let key = self
            .nodes
            .insert(Node::new(name, Owner::Pool(claim.pool), now, Some(asked)));
        self.counters.claims_created += 1;
        for &pod in &claim.pods {
            self.turn_waiting(now, pod, PendingCause::NodeLaunching);
        }
        let draw = self
            .draw(Purpose::NodeBoot, claim.pool as u64)
            .uniform(number);
        let seconds = self
            .scenario
            .market
            .latency
            .launch
            .as_ref()
            .unwrap_or(&FLEET_CALL)
            .quantile(draw);
        queue.push(
            now + SimDuration::from_secs_f64(seconds),
            Class::Environment,
            Event::Launch(key),
        );
        key
    }

    /// EC2 answers: an instance, or insufficient capacity.
    pub(super) fn launch(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let Some(mut karpenter) = self.karpenter.take() else {
            return;
        };
        let launched = self.ask_fleet(now, key, &mut karpenter);
        match launched {
            Some((pool, capacity_type)) => {
                let ordinal = karpenter.next_ordinal(pool.instance_type, pool.zone);
                self.karpenter = Some(karpenter);
                let instance = Instance {
                    kind: pool.instance_type,
                    zone: pool.zone,
                    capacity_type,
                    ordinal,
                    billed_from: now,
                };
                self.instance_launched(now, key, instance, queue);
                self.watch_if_spot(now, key, queue);
            }
            None => {
                self.karpenter = Some(karpenter);
                self.counters.insufficient_capacity += 1;
                self.nodes[key].end = EndReason::InsufficientCapacity;
                self.nodes.remove(key);
                self.mark_insufficient(now);
            }
        }
        self.touch_consolidation();
        self.poke_provisioner(now, queue);
    }

    fn ask_fleet(
        &mut self,
        now: SimTime,
        key: Key<Node>,
        karpenter: &mut Karpenter<'s>,
    ) -> Option<(Pool, CapacityType)> {
        let node = &self.nodes[key];
        let (claim, Owner::Pool(pool)) = (node.claim.as_ref()?, node.owner) else {
            return None;
        };
        karpenter.refresh_offerings(now);
        let request = launch::create_fleet(&Launch {
            requirements: &claim.requirements,
            requests: &claim.requests,
            types: &claim.types,
            catalog: &karpenter.types[pool],
            symbols: &self.scenario.symbols,
        });
        let request = request.ok()?;
        let ids = &karpenter.type_ids[pool];
        let in_catalog = |choice: &Override| Override {
            pool: Pool {
                instance_type: ids[choice.pool.instance_type.index()],
                ..choice.pool
            },
            ..*choice
        };
        let overrides: Vec<_> = request.overrides.iter().map(in_catalog).collect();
        let u = self
            .draw(Purpose::IceDraw, pool as u64)
            .uniform(self.counters.claims_created);
        let market = &mut self.market;
        let outcome = create_fleet(
            request.strategy,
            &overrides,
            |pool| market.capacity(pool, request.capacity_type, now),
            u,
        );
        for pool in outcome.insufficient {
            karpenter.ice.mark(pool, request.capacity_type, now);
        }
        outcome.launched.map(|pool| (pool, request.capacity_type))
    }

    /// Pods that waited for a claim that is gone wait for capacity now.
    fn mark_insufficient(&mut self, now: SimTime) {
        let waiting: Vec<_> = self
            .provisionable()
            .filter(|(_, pod)| pod.waiting.cause == PendingCause::NodeLaunching)
            .map(|(key, _)| key)
            .collect();
        for key in waiting {
            self.turn_waiting(
                now,
                u64::from(key.slot()),
                PendingCause::InsufficientCapacity,
            );
        }
    }
}

/// From claim to instance where the scenario says nothing: batching and the CreateFleet call (spec/karpenter.md 3.8), in seconds.
const FLEET_CALL: crate::des::Dist = crate::des::Dist::Uniform {
    low: 2.0,
    high: 4.0,
};

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
