//! Cluster Autoscaler at work: a loop every ten seconds grows a node group or lets nodes go.

use crate::cluster::Key;
use crate::des::{Class, Purpose, SimDuration, SimTime, Stream};
use crate::kube::autoscaler::{
    Backoff, Candidate, DELETE_DELAY, EVICTION_RETRY, EVICTION_TIME, Group, Growth, LOOP,
    MAX_GRACE, REFRESH, Removals, ScaleDown, Settings, Snapshot, Waiting, blocks, scale_up,
};
use crate::metrics::PendingCause;

use super::event::Event;
use super::node::{EndReason, Node, Owner};
use super::pod::{Pod, Stage};
use super::{Queue, World};

/// Pods of lower priority wait for no node (`expendable-pods-priority-cutoff`, spec/kubernetes.md 4.1).
const EXPENDABLE: i32 = -10;

/// What Cluster Autoscaler remembers between its loops.
#[derive(Clone, Debug)]
pub(super) struct ClusterAutoscaler<'s> {
    settings: &'s Settings,
    scale_down: ScaleDown,
    /// By group.
    backoffs: Vec<Backoff>,
    /// By group: when it last asked for nodes that have not all come.
    asked: Vec<Option<SimTime>>,
    last_scale_up: Option<SimTime>,
    last_delete: Option<SimTime>,
    last_failure: Option<SimTime>,
    /// When it last looked at the Auto Scaling groups.
    refreshed: SimTime,
    alarm: SimTime,
    /// When the present loop is over.
    free: SimTime,
    loops: u64,
}

impl<'s> ClusterAutoscaler<'s> {
    pub(super) fn new(settings: &'s Settings, groups: usize) -> Self {
        Self {
            settings,
            scale_down: ScaleDown::default(),
            backoffs: vec![Backoff::default(); groups],
            asked: vec![None; groups],
            last_scale_up: None,
            last_delete: None,
            last_failure: None,
            refreshed: SimTime::ZERO,
            alarm: SimTime::ZERO,
            free: SimTime::ZERO,
            loops: 0,
        }
    }

    /// Whether nothing that happened lately forbids to let nodes go (spec/kubernetes.md 4.3).
    fn may_delete(&self, now: SimTime) -> bool {
        let settings = self.settings;
        let past = |last: Option<SimTime>, delay| last.is_none_or(|last| last + delay <= now);
        past(self.last_scale_up, settings.delay_after_add)
            && past(self.last_delete, settings.delay_after_delete)
            && past(self.last_failure, settings.delay_after_failure)
    }
}

impl<'s> World<'s> {
    /// Sets the alarm of the next loop.
    pub(super) fn begin_autoscaler(&mut self, queue: &mut Queue) {
        let u = self.draw(Purpose::Phase, AUTOSCALER).uniform(0);
        if let Some(autoscaler) = &mut self.autoscaler {
            let interval = autoscaler.settings.scan_interval.as_secs_f64();
            let at = SimTime::ZERO + SimDuration::from_secs_f64(interval * u);
            autoscaler.alarm = at;
            queue.push(at, Class::Controller, Event::AutoscalerLoop);
        }
    }

    /// A pod has become unschedulable: the next loop begins as soon as the present one is over.
    pub(super) fn poke_autoscaler(&mut self, now: SimTime, queue: &mut Queue) {
        if let Some(autoscaler) = &mut self.autoscaler {
            let at = autoscaler.free.max(now);
            if at < autoscaler.alarm {
                autoscaler.alarm = at;
                queue.push(at, Class::Controller, Event::AutoscalerLoop);
            }
        }
    }

    /// One loop.
    pub(super) fn autoscaler_loop(&mut self, now: SimTime, queue: &mut Queue) {
        let Some(mut autoscaler) = self
            .autoscaler
            .take_if(|autoscaler| autoscaler.alarm == now)
        else {
            return;
        };
        autoscaler.loops += 1;
        autoscaler.free = now + LOOP;
        let groups = self.autoscaled_groups(now, &mut autoscaler);
        let productive = self.grow_a_group(now, &mut autoscaler, &groups, queue)
            || self.let_nodes_go(now, &mut autoscaler, &groups, queue);
        autoscaler.alarm = if productive && autoscaler.settings.frequent_loops {
            autoscaler.free
        } else {
            now + autoscaler.settings.scan_interval
        };
        queue.push(autoscaler.alarm, Class::Controller, Event::AutoscalerLoop);
        self.autoscaler = Some(autoscaler);
    }

    /// The groups as they are; missing nodes that are overdue are given up.
    fn autoscaled_groups(
        &mut self,
        now: SimTime,
        autoscaler: &mut ClusterAutoscaler<'s>,
    ) -> Vec<Group> {
        let count = self.groups.len();
        let mut groups = Vec::with_capacity(count);
        self.refresh_groups(now, autoscaler);
        for place in 0..count {
            let joined = self
                .nodes
                .iter()
                .filter(|(_, node)| node.owner == Owner::Group(place) && !node.terminated)
                .filter(|(_, node)| node.initialized.is_some())
                .count() as u32;
            let mut upcoming = self.groups[place].desired.saturating_sub(joined);
            let overdue = autoscaler.settings.max_node_provision_time;
            match autoscaler.asked[place] {
                _ if upcoming == 0 => autoscaler.asked[place] = None,
                Some(asked) if asked + overdue <= now => {
                    let less = self.groups[place].desired - upcoming;
                    self.groups[place].resize(less);
                    autoscaler.asked[place] = None;
                    autoscaler.backoffs[place].fail(now);
                    upcoming = 0;
                }
                _ => {}
            }
            groups.push(Group {
                node: self.template_node(place),
                target: self.groups[place].desired,
                upcoming,
                max: self.scenario.cluster.node_groups[place].max_size,
                healthy: autoscaler.backoffs[place].is_over(now),
            });
        }
        groups
    }

    /// Cluster Autoscaler looks at the Auto Scaling groups, once a minute: one whose launches have failed since it last asked is cut to
    /// the instances it has, and left alone for a while.
    fn refresh_groups(&mut self, now: SimTime, autoscaler: &mut ClusterAutoscaler<'s>) {
        if now.saturating_since(autoscaler.refreshed) < REFRESH {
            return;
        }
        autoscaler.refreshed = now;
        for place in 0..self.groups.len() {
            let there = self.nodes.iter().filter(|(_, node)| {
                node.owner == Owner::Group(place) && !node.terminated && node.leaving.is_none()
            });
            let least = self.scenario.cluster.node_groups[place].min_size;
            let there = (there.count() as u32).max(least);
            if self.groups[place].failed.is_some() && there < self.groups[place].desired {
                self.groups[place].resize(there);
                autoscaler.asked[place] = None;
                autoscaler.backoffs[place].fail(now);
            }
        }
    }

    fn grow_a_group(
        &mut self,
        now: SimTime,
        autoscaler: &mut ClusterAutoscaler<'s>,
        groups: &[Group],
        queue: &mut Queue,
    ) -> bool {
        let waiting = self.waiting_pods();
        if waiting.is_empty() {
            return false;
        }
        let mut ties = self.autoscaler_ties(autoscaler);
        let plan = scale_up(
            now,
            Snapshot::new(&self.scheduler, ties.clone()),
            &self.scenario.templates,
            groups,
            &waiting,
            autoscaler.settings.expander,
            &mut ties,
        );
        let launching = groups.iter().any(|group| group.upcoming > 0);
        for pod in plan.expected.into_iter().filter(|_| launching) {
            self.turn_waiting(now, u64::from(pod), PendingCause::NodeLaunching);
        }
        for pod in plan.left {
            self.turn_waiting(now, u64::from(pod), PendingCause::NoCapacity);
        }
        let Some(Growth { group, nodes, pods }) = plan.growth else {
            return false;
        };
        for pod in pods {
            self.turn_waiting(now, u64::from(pod), PendingCause::NodeLaunching);
        }
        let desired = self.groups[group].desired + nodes;
        self.groups[group].resize(desired);
        autoscaler.asked[group] = Some(now);
        autoscaler.last_scale_up = Some(now);
        let u = self
            .draw(Purpose::Phase, AUTOSCALER)
            .uniform(autoscaler.loops);
        self.reconcile_group(now, group, u, queue);
        true
    }

    /// Pods that wait for a node, the oldest first.
    fn waiting_pods(&self) -> Vec<Waiting> {
        let waits = |pod: &Pod| {
            pod.stage == Stage::Pending
                && pod.pinned.is_none()
                && pod.deleting.is_none()
                && self.scenario.template(pod.template).priority >= EXPENDABLE
        };
        let pods = self.pods.iter().filter(|(_, pod)| waits(pod));
        let mut waiting: Vec<Waiting> = pods.map(|(key, pod)| waiting(key, pod)).collect();
        waiting.sort_by_key(|pod| (pod.created, pod.pod));
        waiting
    }

    fn autoscaler_ties(&self, autoscaler: &ClusterAutoscaler<'_>) -> Stream {
        self.draw(Purpose::TieBreak, AUTOSCALER ^ autoscaler.loops)
            .stream()
    }

    fn let_nodes_go(
        &mut self,
        now: SimTime,
        autoscaler: &mut ClusterAutoscaler<'s>,
        groups: &[Group],
        queue: &mut Queue,
    ) -> bool {
        if !autoscaler.settings.scale_down_enabled {
            return false;
        }
        let (keys, candidates) = self.scale_down_candidates(now, autoscaler.settings);
        let ties = self.autoscaler_ties(autoscaler);
        let settings = autoscaler.settings;
        let snapshot = || Snapshot::new(&self.scheduler, ties);
        autoscaler
            .scale_down
            .update(now, settings, snapshot, &candidates);
        if !autoscaler.may_delete(now) {
            return false;
        }
        let sizes = groups.iter().zip(&self.scenario.cluster.node_groups);
        let going = |node: &Node| node.removal.filter(|_| !node.terminated);
        let mut room: Vec<u32> = sizes
            .map(|(group, model)| group.target.saturating_sub(model.min_size))
            .collect();
        let (mut empty, mut drained) = (0, 0);
        for (_, node) in self.nodes.iter() {
            if let (Some(removal), Owner::Group(place)) = (going(node), node.owner) {
                room[place] = room[place].saturating_sub(1);
                *(if removal.drained {
                    &mut drained
                } else {
                    &mut empty
                }) += 1;
            }
        }
        let Removals {
            empty: without,
            drained: with,
        } = autoscaler
            .scale_down
            .removals(now, settings, &candidates, room, (empty, drained));
        for &place in without.iter().chain(&with) {
            self.begin_removal(now, keys[place], queue);
        }
        let any = !(without.is_empty() && with.is_empty());
        if any {
            autoscaler.last_delete = Some(now);
        }
        any
    }

    fn scale_down_candidates(
        &mut self,
        now: SimTime,
        settings: &Settings,
    ) -> (Vec<Key<Node>>, Vec<Candidate>) {
        for place in 0..self.pdbs.len() {
            self.sync_pdb(now, place);
        }
        let stays = |node: &Node| {
            let free = node.removal.is_none() && node.leaving.is_none();
            node.initialized.is_some() && !node.deleting() && !node.marked && free
        };
        let nodes = self.nodes.iter().filter(|(_, node)| stays(node));
        let of_groups = nodes.filter_map(|(key, node)| match node.owner {
            Owner::Group(group) => Some((key, self.candidate(key, node, group, settings))),
            Owner::Pool(_) => None,
        });
        of_groups.unzip()
    }

    fn candidate(
        &self,
        key: Key<Node>,
        node: &Node,
        group: usize,
        settings: &Settings,
    ) -> Candidate {
        let pods: Vec<Waiting> = node
            .pods
            .iter()
            .map(|&pod| (pod, &self.pods[pod]))
            .filter(|(_, pod)| pod.service.is_some() && pod.is_active())
            .map(|(key, pod)| waiting(key, pod))
            .collect();
        let within_budgets = self
            .scenario
            .pdbs
            .iter()
            .zip(&self.pdbs)
            .all(|(model, pdb)| {
                let covered = |pod: &&Waiting| model.templates.contains(&pod.template);
                pods.iter().filter(covered).count() as u32 <= pdb.status().disruptions_allowed
            });
        let stays = |pod: &Waiting| {
            let mut budgets = self.scenario.pdbs.iter();
            let covered = budgets.any(|budget| budget.templates.contains(&pod.template));
            let says = self.scenario.template(pod.template).scale_down;
            blocks(settings, says, covered)
        };
        Candidate {
            id: node.id.0,
            slot: key.slot(),
            group,
            allocatable: node.allocatable,
            requested: node.requested,
            evictable: within_budgets && !pods.iter().any(stays),
            pods,
        }
    }

    /// Taints a node; its pods are evicted a few seconds later.
    fn begin_removal(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let drained = self.evictable_pods(key).next().is_some();
        let node = &mut self.nodes[key];
        node.marked = true;
        node.removal = Some(Removal {
            started: now,
            drained,
        });
        self.refresh_node(now, key, queue);
        queue.push(
            now + DELETE_DELAY,
            Class::Controller,
            Event::RemoveNode(key),
        );
    }

    pub(super) fn evictable_pods(&self, key: Key<Node>) -> impl Iterator<Item = Key<Pod>> {
        let pods = self.nodes[key].pods.iter().copied();
        pods.filter(|&pod| self.pods[pod].service.is_some())
    }

    /// Evicts what is left on a tainted node, ends its instance when nothing is, or gives up.
    pub(super) fn remove_node(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let Some(removal) = self
            .nodes
            .get(key)
            .filter(|node| !node.terminated)
            .and_then(|node| node.removal)
        else {
            return;
        };
        let left: Vec<_> = self.evictable_pods(key).collect();
        if left.is_empty() {
            self.end_removal(now, key, removal, queue);
            return;
        }
        let first = removal.started + DELETE_DELAY;
        for pod in left.iter().copied() {
            if self.pods[pod].is_active() && now <= first + EVICTION_TIME {
                self.evict_within(now, pod, MAX_GRACE, queue);
            }
        }
        if left.into_iter().all(|pod| !self.pods[pod].is_active()) {
            return;
        }
        if now < first + EVICTION_TIME {
            queue.push(
                now + EVICTION_RETRY,
                Class::Controller,
                Event::RemoveNode(key),
            );
        } else {
            let node = &mut self.nodes[key];
            (node.marked, node.removal) = (false, None);
            self.refresh_node(now, key, queue);
            if let Some(autoscaler) = &mut self.autoscaler {
                autoscaler.last_failure = Some(now);
            }
        }
    }

    /// Asks the eviction API for a pod, with less grace than the pod would like if that is more than `most`.
    fn evict_within(&mut self, now: SimTime, pod: Key<Pod>, most: SimDuration, queue: &mut Queue) {
        let grace = self
            .scenario
            .template(self.pods[pod].template)
            .termination_grace;
        self.evict(now, pod, queue);
        let admitted = self.pods.get(pod).is_some_and(|row| !row.is_active());
        if admitted && grace > most {
            queue.push(now + most, Class::Kubelet, Event::PodKilled(pod));
        }
    }

    fn end_removal(&mut self, now: SimTime, key: Key<Node>, removal: Removal, queue: &mut Queue) {
        let Owner::Group(place) = self.nodes[key].owner else {
            return;
        };
        let less = self.groups[place].desired.saturating_sub(1);
        self.groups[place].resize(less);
        self.nodes[key].end = if removal.drained {
            self.counters.consolidated += 1;
            EndReason::Underutilized
        } else {
            self.counters.emptied += 1;
            EndReason::Empty
        };
        self.terminate_instance(now, key, queue);
    }
}

/// A node that Cluster Autoscaler lets go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Removal {
    started: SimTime,
    /// Whether it had pods.
    drained: bool,
}

/// Whose draws the loop's phases and choices are.
const AUTOSCALER: u64 = u64::MAX - 1;

fn waiting(key: Key<Pod>, pod: &Pod) -> Waiting {
    Waiting {
        pod: key.slot(),
        template: pod.template,
        created: pod.created,
    }
}
