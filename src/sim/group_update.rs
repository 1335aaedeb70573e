//! A managed node group comes to a new version, node by node (spec/kubernetes.md 4.4).

use crate::cluster::Key;
use crate::des::{Class, Purpose, SimTime};
use crate::kube::nodegroup::update::{PATIENCE, POLL, SETTLE, UpdateStrategy};

use super::event::Event;
use super::node::{EndReason, Node, Owner};
use super::{Queue, World};

/// An update that is going on.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupUpdate {
    /// Whether nodes whose pods do not go are ended all the same.
    force: bool,
    surge: u32,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The group grows; given up then.
    ScaleUp(SimTime),
    /// Old nodes go.
    Upgrade,
}

/// An old node on its way out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upgrade {
    since: SimTime,
    empty: Option<SimTime>,
}

impl World<'_> {
    /// A group gets a new version or image. One that is being updated already keeps to that.
    pub(super) fn update_group(
        &mut self,
        now: SimTime,
        group: usize,
        force: bool,
        queue: &mut Queue,
    ) {
        if self.groups[group].update.is_some() {
            return;
        }
        let model = &self.scenario.cluster.node_groups[group];
        let desired = self.groups[group].desired;
        let zones = model.spec.zones.len() as u32;
        let surge = model.update_config.surge(desired, zones);
        let state = &mut self.groups[group];
        state.revision += 1;
        state.resize(desired + surge);
        state.update = Some(GroupUpdate {
            force,
            surge,
            phase: Phase::ScaleUp(now + PATIENCE),
        });
        let u = self.group_draw(now, group);
        self.reconcile_group(now, group, u, queue);
        self.look_at_update(now, group, queue);
    }

    fn look_at_update(&self, now: SimTime, group: usize, queue: &mut Queue) {
        queue.push(
            now + POLL,
            Class::Controller,
            Event::GroupUpdate(group as u16),
        );
    }

    /// EKS looks how an update goes on.
    pub(super) fn group_update(&mut self, now: SimTime, group: usize, queue: &mut Queue) {
        let Some(mut update) = self.groups[group].update else {
            return;
        };
        if let Phase::ScaleUp(until) = update.phase {
            if self.nodes_of_revision(group, true).len() as u32 >= update.surge {
                update.phase = Phase::Upgrade;
                self.groups[group].update = Some(update);
                self.cordon_old_nodes(now, group, true, queue);
            } else if now >= until {
                self.end_update(now, group, update, queue);
                return;
            }
        }
        if matches!(update.phase, Phase::Upgrade) && !self.upgrade_nodes(now, group, update, queue)
        {
            self.end_update(now, group, update, queue);
            return;
        }
        self.look_at_update(now, group, queue);
    }

    /// Nodes of a group's newest version that are Ready, or of older ones, by age.
    fn nodes_of_revision(&self, group: usize, newest: bool) -> Vec<Key<Node>> {
        let revision = self.groups[group].revision;
        let nodes = self.nodes.iter().filter(|(_, node)| {
            let right = (node.group_revision == revision) == newest;
            let there = !node.terminated && (!newest || node.initialized.is_some());
            node.owner == Owner::Group(group) && right && there
        });
        let mut nodes: Vec<_> = nodes.map(|(key, node)| (node.id.0, key)).collect();
        nodes.sort_unstable_by_key(|&(id, _)| id);
        nodes.into_iter().map(|(_, key)| key).collect()
    }

    fn cordon_old_nodes(&mut self, now: SimTime, group: usize, cordoned: bool, queue: &mut Queue) {
        for key in self.nodes_of_revision(group, false) {
            let node = &mut self.nodes[key];
            if !node.deleting() && node.removal.is_none() {
                node.marked = cordoned;
                self.refresh_node(now, key, queue);
            }
        }
    }

    /// Drains old nodes, a few at a time, and ends those that are empty; false when it is over, done or failed.
    fn upgrade_nodes(
        &mut self,
        now: SimTime,
        group: usize,
        update: GroupUpdate,
        queue: &mut Queue,
    ) -> bool {
        for key in self.nodes_of_revision(group, false) {
            if let Some(upgrade) = self.nodes[key].upgrade
                && !self.upgrade_node(now, key, upgrade, update.force, queue)
            {
                return false;
            }
        }
        let old = self.nodes_of_revision(group, false);
        let (going, mut waiting): (Vec<_>, Vec<_>) = old.into_iter().partition(|&key| {
            let node = &self.nodes[key];
            node.upgrade.is_some() || node.deleting()
        });
        let desired = self.groups[group].desired;
        let config = self.scenario.cluster.node_groups[group].update_config;
        let new = self.nodes_of_revision(group, true).len();
        let there = (new + waiting.len()) as u32;
        let unavailable = match config.strategy {
            UpdateStrategy::Default => going.len() as u32,
            UpdateStrategy::Minimal => desired.saturating_sub(there),
        };
        if going.is_empty() && waiting.is_empty() {
            return (new as u32) < desired;
        }
        for k in unavailable..config.at_once(desired - update.surge) {
            if waiting.is_empty() {
                break;
            }
            // Which one is EKS' own random choice.
            let draw = self.draw(Purpose::TieBreak, 1_000 + group as u64);
            let address = now.as_micros() << 8 | u64::from(k);
            let key = waiting.remove(draw.below(address, waiting.len() as u64) as usize);
            let upgrade = Upgrade {
                since: now,
                empty: None,
            };
            self.nodes[key].upgrade = Some(upgrade);
            self.upgrade_node(now, key, upgrade, update.force, queue);
        }
        true
    }

    /// Evicts what is left on an old node, and ends it a minute after the last pod has gone; false if pods have not gone in time.
    fn upgrade_node(
        &mut self,
        now: SimTime,
        key: Key<Node>,
        upgrade: Upgrade,
        force: bool,
        queue: &mut Queue,
    ) -> bool {
        let left: Vec<_> = self.evictable_pods(key).collect();
        let late = now >= upgrade.since + PATIENCE;
        let empty = left.is_empty().then(|| upgrade.empty.unwrap_or(now));
        let settled = empty.is_some_and(|empty| now >= empty + SETTLE);
        if settled || (late && force && !left.is_empty()) {
            self.nodes[key].end = EndReason::Updated;
            self.terminate_instance(now, key, queue);
            return true;
        }
        for pod in left.iter().copied() {
            if self.pods[pod].is_active() {
                self.evict(now, pod, queue);
            }
        }
        self.nodes[key].upgrade = Some(Upgrade { empty, ..upgrade });
        left.is_empty() || !late
    }

    /// An update is over, done or failed: the group returns to its size, and what is left of the old nodes may be used again.
    fn end_update(&mut self, now: SimTime, group: usize, update: GroupUpdate, queue: &mut Queue) {
        for key in self.nodes_of_revision(group, false) {
            self.nodes[key].upgrade = None;
        }
        self.cordon_old_nodes(now, group, false, queue);
        let least = self.scenario.cluster.node_groups[group].min_size;
        let state = &mut self.groups[group];
        state.update = None;
        let size = state.desired.saturating_sub(update.surge).max(least);
        state.resize(size);
        self.shrink_group(now, group, queue);
    }
}
