//! Karpenter's disruption loop at work: what it looks at, what it asks, what it starts and finishes.

use crate::api::Resources;
use crate::cluster::{Key, TemplateId};
use crate::des::{Class, Purpose, SimDuration, SimTime, StreamKey};
use crate::karpenter::budget::{self, PoolNodes};
use crate::karpenter::cost::DisruptionCost;
use crate::karpenter::disruption::consolidatable::pod_event;
use crate::karpenter::disruption::controller::POLL;
use crate::karpenter::disruption::queue::QUEUE_POLL;
use crate::karpenter::disruption::what_if::Names;
use crate::karpenter::disruption::{
    Act, Command, Fixed, Method, NoEligiblePool, NodeId, NodeView, Origin, Outcome, PodView,
    PoolView, Replacement, Simulate, View, WhatIf, standings,
};
use crate::karpenter::lifecycle::lifetime_left;
use crate::karpenter::provisioning::{NewClaim, PendingPod, Problem, solve};
use crate::karpenter::static_pool::Count;
use crate::kube::phase::PodPhase;
use crate::scenario::model::NodePoolModel;

use super::event::Event;
use super::karpenter::{Karpenter, limits, options};
use super::node::{EndReason, Node, Owner};
use super::pod::{Pod, Stage};
use super::provisioner::{NOMINATION, is_protected};
use super::{Queue, World};

/// Answers the controller's what-ifs by provisioning passes over the live tables.
struct LiveCluster<'w, 's> {
    world: &'w World<'s>,
    karpenter: &'w Karpenter<'s>,
    now: SimTime,
}

impl World<'_> {
    /// Something happened that may let nodes be consolidated.
    pub(super) fn touch_consolidation(&mut self) {
        self.consolidation_touched = true;
    }

    /// A pod came to a node or left it.
    pub(super) fn stamp_pod_event(&mut self, now: SimTime, key: Key<Node>, pod: Key<Pod>) {
        if self.pods[pod].pinned.is_some() {
            return;
        }
        if let Some(node) = self.nodes.get_mut(key) {
            node.last_pod_event = Some(pod_event(node.last_pod_event, now));
        }
    }

    /// The disruption controller looks around.
    pub(super) fn disrupt(&mut self, now: SimTime, queue: &mut Queue) {
        if std::mem::take(&mut self.consolidation_touched) {
            self.cluster_state.mark(now);
        }
        if !self.nodes.iter().any(|(_, node)| node.claim.is_some()) {
            queue.push(now + POLL, Class::Controller, Event::Disrupt);
            return;
        }
        let Some(mut karpenter) = self.karpenter.take() else {
            return;
        };
        karpenter.refresh_offerings(now, &mut self.market);
        for place in 0..self.pdbs.len() {
            self.sync_pdb(now, place);
        }
        let mut controller = std::mem::take(&mut karpenter.controller);
        let mut state = self.cluster_state;
        let nodes = self.node_views(now, &karpenter);
        let fixed = self.static_pools(&karpenter);
        let pools = self.pool_views(&karpenter, &fixed);
        let view = View {
            now,
            utc: budget::utc(self.start_utc, now),
            synced: self.synced(),
            pools: &pools,
            nodes: &nodes,
            symbols: &self.scenario.symbols,
            spot_to_spot: karpenter.model.spot_to_spot,
            version: karpenter.model.version,
            ties: StreamKey {
                seed: self.seed,
                purpose: Purpose::KarpenterTie,
                entity: now.as_micros(),
            },
        };
        let mut live = LiveCluster {
            world: self,
            karpenter: &karpenter,
            now,
        };
        let step = controller.wake(&view, &mut state, &mut live);
        let standings = self.journal.is_some().then(|| standings(&view));
        drop(pools);
        self.cluster_state = state;
        karpenter.controller = controller;
        self.karpenter = Some(karpenter);
        if let Some(standings) = standings {
            self.note_look(now, &standings, &step.findings);
        }
        let mut wake = step.wake;
        if let Act::Start(commands) = step.act {
            for command in commands {
                if !self.start_command(now, command, queue) {
                    wake = wake.max(now + POLL);
                }
            }
        }
        queue.push(wake, Class::Controller, Event::Disrupt);
    }

    /// By pool: what a static one has and makes.
    fn static_pools(&self, karpenter: &Karpenter<'_>) -> Vec<Option<(Count, NewClaim)>> {
        let of = |place| {
            let count = self.count_static(karpenter, place)?;
            Some((count, karpenter.template_claim(place)))
        };
        (0..karpenter.model.pools.len()).map(of).collect()
    }

    fn pool_views<'a>(
        &'a self,
        karpenter: &'a Karpenter<'_>,
        fixed: &'a [Option<(Count, NewClaim)>],
    ) -> Vec<PoolView<'a>> {
        let view = |(place, pool): (usize, &'a NodePoolModel)| {
            let mine = self.nodes.iter().filter(|(_, node)| {
                node.owner == Owner::Pool(place) && node.initialized.is_some() && !node.terminated
            });
            let (counted, disrupted) = mine.fold((0, 0), |(n, d), (_, node)| {
                let gone = node.deleting() || node.marked || node.is_unreachable();
                (n + 1, d + u32::from(gone))
            });
            PoolView {
                name: pool.symbol,
                fixed: fixed[place].as_ref().map(|(count, template)| Fixed {
                    count: *count,
                    template,
                }),
                consolidate_after: pool.consolidate_after,
                policy: pool.consolidation_policy,
                budgets: &karpenter.budgets[place],
                nodes: PoolNodes { counted, disrupted },
                types: &karpenter.types[place],
            }
        };
        karpenter.pools().enumerate().map(view).collect()
    }

    fn node_views(&self, now: SimTime, karpenter: &Karpenter<'_>) -> Vec<NodeView> {
        let joined = self.nodes.iter().filter(|(_, node)| {
            node.claim.is_some() && node.registered.is_some() && !node.terminated
        });
        joined
            .map(|(_, node)| self.node_view(now, karpenter, node))
            .collect()
    }

    fn node_view(&self, now: SimTime, karpenter: &Karpenter<'_>, node: &Node) -> NodeView {
        let Owner::Pool(pool) = node.owner else {
            unreachable!("claims belong to NodePools")
        };
        let made = self.made_from(node);
        NodeView {
            id: node.id,
            pool,
            instance_type: node
                .instance
                .and_then(|instance| karpenter.place_of(pool, instance.kind)),
            zone: node.instance.map(|instance| instance.zone),
            capacity_type: node.instance.map(|instance| instance.capacity_type),
            deleting: node.deleting() || node.marked,
            queued: karpenter.commands.contains(node.id),
            nominated_until: node.nominated_until,
            do_not_disrupt: made.is_some_and(|pool| pool.do_not_disrupt),
            initialized: node.initialized,
            lifetime_left: lifetime_left(
                now.saturating_since(node.created),
                made.and_then(|pool| pool.expire_after),
            ),
            last_pod_event: node.last_pod_event,
            drifted: node.drifted,
            termination_grace: made.is_some_and(|pool| pool.termination_grace.is_some()),
            pods: node
                .pods
                .iter()
                .map(|&pod| self.pod_view(now, pod))
                .collect(),
        }
    }

    fn pod_view(&self, now: SimTime, key: Key<Pod>) -> PodView {
        let pod = &self.pods[key];
        let template = self.scenario.template(pod.template);
        let exhausted = |place: usize| self.pdbs[place].status().disruptions_allowed == 0;
        PodView {
            id: u64::from(key.slot()),
            active: pod.is_active(),
            daemon: template.daemon,
            reschedulable: pod.is_active() && !template.daemon,
            eviction_cost: DisruptionCost::of_eviction(template.deletion_cost, template.priority),
            do_not_disrupt_until: self.protected_until(pod),
            pdb: self.pdb_cover(now, key, exhausted),
        }
    }

    /// The node with this number, unless it is gone.
    fn node_with(&self, id: NodeId) -> Option<Key<Node>> {
        let mut nodes = self.nodes.iter();
        nodes.find(|(_, node)| node.id == id).map(|(key, _)| key)
    }

    /// A command starts: replacement first, then the candidates are marked and wait for it.
    /// Starts a command, unless a replacement may not be created; what was created then stays (spec/karpenter.md 4.13). Whether it was.
    fn start_command(&mut self, now: SimTime, command: Command, queue: &mut Queue) -> bool {
        let may = |claim: &&NewClaim| !self.is_beyond_limits(claim.pool);
        let created: Vec<&NewClaim> = command.replacements.iter().filter(may).collect();
        let all = created.len() == command.replacements.len();
        let create = |claim: &&NewClaim| {
            let key = self.create_claim(now, claim, queue);
            self.nodes[key].id
        };
        let replacements: Vec<_> = created.iter().map(create).collect();
        if !all {
            return false;
        }
        self.note_started(now, &command, &replacements);
        for &id in &command.candidates {
            if let Some(key) = self.node_with(id) {
                self.nodes[key].marked = true;
                self.refresh_node(now, key, queue);
                self.trigger_for_node(now, key, queue);
            }
        }
        for &id in &command.destinations {
            if let Some(key) = self.node_with(id) {
                self.nodes[key].nominated_until = now + NOMINATION;
            }
        }
        if let Some(karpenter) = &mut self.karpenter {
            karpenter.commands.start(command, replacements, now);
        }
        self.disruption_queue(now, queue);
        true
    }

    /// Whether the instances of a pool, those that are going left out, are beyond its limits (spec/karpenter.md 1.12).
    fn is_beyond_limits(&self, pool: usize) -> bool {
        let Some(karpenter) = &self.karpenter else {
            return false;
        };
        let nodes = self.nodes.iter().map(|(_, node)| node).filter(|node| {
            let going = node.deleting() || node.marked || node.terminated;
            node.owner == Owner::Pool(pool) && node.instance.is_some() && !going
        });
        let (capacity, count) = nodes.fold((Resources::ZERO, 0), |(sum, count), node| {
            (sum + node.capacity, count + 1)
        });
        limits(karpenter.pool(pool)).exceeded_by(&capacity, count)
    }

    /// The disruption queue looks at its commands: candidates go once their replacement is there.
    pub(super) fn disruption_queue(&mut self, now: SimTime, queue: &mut Queue) {
        let Some(mut karpenter) = self.karpenter.take() else {
            return;
        };
        let state_of = |id: NodeId| {
            let claim = self.node_with(id).map(|key| &self.nodes[key]);
            match claim {
                None => Replacement::Gone,
                Some(node) if node.deleting() => Replacement::Gone,
                Some(node) if node.initialized.is_some() => Replacement::Initialized,
                Some(_) => Replacement::Starting,
            }
        };
        let ended = karpenter.commands.poll(now, state_of);
        let waiting = !karpenter.commands.is_empty();
        self.karpenter = Some(karpenter);
        for (command, outcome) in ended {
            self.finish_command(now, &command, outcome, queue);
        }
        if waiting && self.disruption_alarm.is_none_or(|alarm| alarm <= now) {
            self.disruption_alarm = Some(now + QUEUE_POLL);
            queue.push(now + QUEUE_POLL, Class::Controller, Event::DisruptionQueue);
        }
    }

    fn finish_command(
        &mut self,
        now: SimTime,
        command: &Command,
        outcome: Outcome,
        queue: &mut Queue,
    ) {
        self.note_ended(now, command, outcome);
        for &id in &command.candidates {
            let Some(key) = self.node_with(id).filter(|&key| self.nodes[key].marked) else {
                continue;
            };
            if outcome == Outcome::Delete {
                let reason = match command.method {
                    Method::Emptiness => EndReason::Empty,
                    Method::StaticDrift | Method::Drift => EndReason::Drifted,
                    Method::MultiNode | Method::SingleNode => EndReason::Underutilized,
                };
                self.delete_claim(now, key, reason, queue);
            } else {
                self.nodes[key].marked = false;
                self.refresh_node(now, key, queue);
            }
        }
    }
}

impl Simulate for LiveCluster<'_, '_> {
    fn without(&mut self, candidates: &[NodeId], method: Method) -> Result<WhatIf, NoEligiblePool> {
        if self.karpenter.dynamic.is_empty() {
            return Err(NoEligiblePool);
        }
        let world = self.world;
        let gone: Vec<_> = candidates
            .iter()
            .filter_map(|&id| world.node_with(id))
            .collect();
        let pods = self.pods_without(&gone, method);
        let (existing, keys, counted) = world.cluster_view(self.karpenter, self.now, &gone);
        let plan = solve(&Problem {
            symbols: &world.scenario.symbols,
            templates: &world.scenario.templates,
            pools: &self.karpenter.templates(),
            existing: &existing,
            counted: &counted,
            daemons: &world.daemon_templates,
            pods: &pods,
            options: options(self.karpenter.model, true),
            ties: StreamKey {
                seed: world.seed,
                purpose: Purpose::KarpenterTie,
                entity: self.now.as_micros(),
            },
        });
        let nodes: Vec<_> = keys.iter().map(|&key| world.nodes[key].id).collect();
        let origin = |pod: u64| {
            let key = world
                .pods
                .key_at(pod as u32)
                .expect("a pod of the problem is there");
            match world.pods[key].node {
                None => Origin::Pending,
                Some(node) if gone.contains(&node) => Origin::Candidate,
                Some(_) => Origin::Deleting,
            }
        };
        let names = Names {
            existing: &existing,
            nodes: &nodes,
            pools: &self.karpenter.dynamic,
            origin,
        };
        Ok(WhatIf::read(plan, &names, SimDuration::ZERO))
    }

    fn surely_needs_spot(&self, candidates: &[NodeId]) -> bool {
        let world = self.world;
        if !self.karpenter.always_offers_spot() || world.provisionable().next().is_some() {
            return false;
        }
        let gone: Vec<_> = candidates
            .iter()
            .filter_map(|&id| world.node_with(id))
            .collect();
        let mut moved: Vec<(TemplateId, bool, u64)> = Vec::new();
        for key in self.moved_from(&gone) {
            let pod = &world.pods[key];
            let (template, starting) = (pod.template, pod.phase() == PodPhase::Pending);
            match moved.iter_mut().find(|(known, ..)| *known == template) {
                Some((_, any_starting, count)) => {
                    *any_starting |= starting;
                    *count += 1;
                }
                None => moved.push((template, starting, 1)),
            }
        }
        let places = |template, starting| self.places_elsewhere(template, starting, &gone);
        moved
            .iter()
            .any(|&(template, starting, count)| places(template, starting) < count)
    }
}

impl<'w> LiveCluster<'w, '_> {
    /// At most so many pods of a template find room on other nodes: by resources, labels and protection, were they alone.
    fn places_elsewhere(&self, template: TemplateId, starting: bool, gone: &[Key<Node>]) -> u64 {
        let (world, scenario) = (self.world, self.world.scenario);
        let shape = scenario.template(template);
        let takes = |key: Key<Node>, node: &Node| {
            let there =
                node.instance.is_some() && !node.deleting() && !node.marked && !gone.contains(&key);
            there
                && (starting || !is_protected(self.karpenter, self.now, node))
                && shape.node_matches(&node.labels, &scenario.symbols)
        };
        let others = world.nodes.iter().filter(|&(key, node)| takes(key, node));
        others
            .map(|(_, node)| {
                shape
                    .requests
                    .times_in(&(node.allocatable - node.requested))
            })
            .sum()
    }

    /// Pods that would have to leave these nodes.
    fn moved_from<'g>(
        &self,
        gone: &'g [Key<Node>],
    ) -> impl Iterator<Item = Key<Pod>> + use<'g, 'w, '_> {
        let world = self.world;
        let pods = gone
            .iter()
            .flat_map(|&node| world.nodes[node].pods.iter().copied());
        let now = self.now;
        pods.filter(move |&key| world.is_reschedulable(now, key))
    }

    /// Pending pods, pods of the candidates, and pods of nodes that go anyway.
    fn pods_without(&self, gone: &[Key<Node>], method: Method) -> Vec<PendingPod> {
        let world = self.world;
        let pending = world.pods.iter().filter(|(_, pod)| {
            pod.stage == Stage::Pending && pod.pinned.is_none() && pod.deleting.is_none()
        });
        let moved = self.moved_from(gone).map(|key| (key, &world.pods[key]));
        let mut pods: Vec<_> = pending
            .chain(moved)
            .map(|(key, pod)| PendingPod {
                id: u64::from(key.slot()),
                template: pod.template,
                created: pod.created,
                uid: pod.uid,
                ignores_protection: method.ignores_protection() || pod.phase() == PodPhase::Pending,
            })
            .collect();
        pods.extend(world.displaced(self.now));
        pods
    }
}
