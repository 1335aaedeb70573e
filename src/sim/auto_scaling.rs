//! The Auto Scaling groups behind managed node groups: what they launch, what EC2 refuses them, and what they let go (spec/kubernetes.md
//! 4.4).
//!
//! A node that its group wants to be rid of is replaced first: spot capacity that EC2 is about to take back (capacity rebalancing), and one
//! in a zone that has too many (AZRebalance). From then on the group does not count it, launches another, and drains it once the other is
//! Ready.

use crate::api::Symbol;
use crate::cloud::fleet::{Override, Strategy, create_fleet};
use crate::cloud::market::Pool;
use crate::cloud::{CapacityType, InstanceTypeId};
use crate::cluster::Key;
use crate::des::{Class, SimTime};
use crate::karpenter::interruption::Kind;
use crate::kube::nodegroup::{RECONCILE, RETRY};

use super::event::Event;
use super::group_update::GroupUpdate;
use super::node::{EndReason, Instance, Node, Owner};
use super::{Queue, World};

/// What a group remembers.
#[derive(Clone, Copy, Debug)]
pub(super) struct AutoScalingGroup {
    /// How many nodes it should have.
    pub(super) desired: u32,
    /// When EC2 last had no capacity for it, since somebody last changed its size.
    pub(super) failed: Option<SimTime>,
    /// When it tries again.
    retry: Option<SimTime>,
    /// The version of its next nodes: how many updates there have been.
    pub(super) revision: u32,
    pub(super) update: Option<GroupUpdate>,
}

impl AutoScalingGroup {
    pub(super) const fn new(desired: u32) -> Self {
        Self {
            desired,
            failed: None,
            retry: None,
            revision: 0,
            update: None,
        }
    }

    /// Somebody asks for another size.
    pub(super) fn resize(&mut self, desired: u32) {
        (self.desired, self.failed) = (desired, None);
    }
}

impl World<'_> {
    /// The instances of a node group are there before the run begins.
    pub(super) fn boot_group(&mut self, group: usize, queue: &mut Queue) {
        let start = SimTime::ZERO;
        let spec = &self.scenario.cluster.node_groups[group].spec;
        let none = vec![0; spec.zones.len()];
        let choices: Vec<Option<InstanceTypeId>> = (spec.zones.iter())
            .map(|&zone| self.offered(group, zone).first().copied())
            .collect();
        for (kind, zone) in self.launches(group, &none, &choices) {
            let key = self.insert_group_node(start, group, kind, zone);
            self.describe(key);
            self.node_registered(start, key);
            self.node_ready(start, key, queue);
            self.watch_if_spot(start, key, queue);
        }
    }

    /// A group looks at its instances soon.
    pub(super) fn reconcile_group(&self, now: SimTime, group: usize, u: f64, queue: &mut Queue) {
        queue.push(
            now + RECONCILE.at(u),
            Class::Controller,
            Event::ReplaceNode(group as u16),
        );
    }

    /// A group starts what it lacks, as far as EC2 has capacity, and tries again later where it has none.
    pub(super) fn replace_nodes(&mut self, now: SimTime, group: usize, queue: &mut Queue) {
        self.balance_zones(now, group);
        let alive = self.instances_by_zone(group);
        let zones = &self.scenario.cluster.node_groups[group].spec.zones;
        let choices: Vec<_> = zones
            .iter()
            .map(|&zone| self.choose_type(now, group, zone))
            .collect();
        let launches = self.launches(group, &alive, &choices);
        let there = alive.iter().sum::<u32>() + launches.len() as u32;
        for (kind, zone) in launches {
            let key = self.insert_group_node(now, group, kind, zone);
            let instance = self.nodes[key].instance;
            let instance = instance.expect("a group's node is made with its instance");
            self.instance_launched(now, key, instance, queue);
            self.watch_if_spot(now, key, queue);
        }
        let state = &mut self.groups[group];
        if there < state.desired {
            state.failed = Some(now);
            self.counters.insufficient_capacity += 1;
            if state.retry.is_none_or(|retry| retry <= now) {
                let at = now + RETRY;
                state.retry = Some(at);
                queue.push(at, Class::Controller, Event::ReplaceNode(group as u16));
            }
        }
        self.relieve(now, group, queue);
    }

    /// Instances of a group that it counts, by zone.
    fn instances_by_zone(&self, group: usize) -> Vec<u32> {
        let zones = &self.scenario.cluster.node_groups[group].spec.zones;
        let mut counts = vec![0; zones.len()];
        let counted = self.nodes.iter().filter(|(_, node)| {
            node.owner == Owner::Group(group) && !node.terminated && node.leaving.is_none()
        });
        for (_, node) in counted {
            let zone = node.instance.map(|instance| instance.zone);
            if let Some(place) = zones.iter().position(|&other| Some(other) == zone) {
                counts[place] += 1;
            }
        }
        counts
    }

    /// What a group starts to have as many as it should, given the instances it counts and the type it would take by zone.
    fn launches(
        &self,
        group: usize,
        alive: &[u32],
        choices: &[Option<InstanceTypeId>],
    ) -> Vec<(InstanceTypeId, Symbol)> {
        let model = &self.scenario.cluster.node_groups[group];
        let catalog = &self.scenario.catalog;
        let choice = |zone| {
            let place = model.spec.zones.iter().position(|&other| other == zone)?;
            Some(catalog.get(choices[place]?).name)
        };
        let launches = model
            .spec
            .missing(self.groups[group].desired, alive, choice);
        let started = launches
            .into_iter()
            .filter_map(|launch| Some((catalog.id_of(launch.instance_type)?, launch.zone)));
        started.collect()
    }

    /// The types of a group that a zone sells in its way of buying, in order of preference; none while the zone is dark.
    fn offered(&self, group: usize, zone: Symbol) -> Vec<InstanceTypeId> {
        let model = &self.scenario.cluster.node_groups[group];
        if self.is_dark(zone) {
            return Vec::new();
        }
        let types = model.types.iter().zip(&model.type_ids);
        let sold = types.filter(|(kind, _)| {
            kind.offerings.iter().any(|offering| {
                offering.zone == zone && offering.capacity_type == model.capacity_type
            })
        });
        sold.map(|(_, &id)| id).collect()
    }

    /// The type that EC2 would launch for a group in a zone now.
    fn choose_type(&mut self, now: SimTime, group: usize, zone: Symbol) -> Option<InstanceTypeId> {
        let buying = self.scenario.cluster.node_groups[group].capacity_type;
        let strategy = match buying {
            CapacityType::Spot => Strategy::PriceCapacityOptimized,
            CapacityType::OnDemand | CapacityType::Reserved => Strategy::Prioritized,
        };
        let offered = self.offered(group, zone);
        let market = &mut self.market;
        let overrides: Vec<Override> = offered
            .into_iter()
            .map(|instance_type| {
                let pool = Pool {
                    instance_type,
                    zone,
                };
                let price = match buying {
                    CapacityType::Spot => market.price(pool, now),
                    CapacityType::OnDemand | CapacityType::Reserved => crate::cloud::Price(0),
                };
                Override {
                    pool,
                    price,
                    reservation: None,
                }
            })
            .collect();
        let capacity = |pool| market.capacity(pool, buying, now);
        let outcome = create_fleet(strategy, &overrides, capacity, 0.5);
        outcome.launched.map(|pool| pool.instance_type)
    }

    fn insert_group_node(
        &mut self,
        now: SimTime,
        place: usize,
        kind: InstanceTypeId,
        zone: Symbol,
    ) -> Key<Node> {
        let group = &self.scenario.cluster.node_groups[place];
        let id = self.next_node_id();
        let name = format!("{}-{:05}", self.scenario.text(group.spec.name), id.0);
        let mut node = Node::new(id, name, Owner::Group(place), now, None);
        node.group_revision = self.groups[place].revision;
        node.instance = Some(Instance {
            kind,
            zone,
            capacity_type: group.capacity_type,
            reservation: None,
            ordinal: id.0,
            billed_from: now,
        });
        let key = self.nodes.insert(node);
        self.note_name(key);
        key
    }

    /// AZRebalance: where a zone has too many and another has capacity, one node of it is to be replaced; the next when it has gone.
    fn balance_zones(&mut self, now: SimTime, group: usize) {
        let alive = self.instances_by_zone(group);
        if self.departures(group).next().is_some() || alive.iter().sum::<u32>() < 2 {
            return;
        }
        let spec = &self.scenario.cluster.node_groups[group].spec;
        let capacity: Vec<Symbol> = (spec.zones.iter().copied())
            .filter(|&zone| self.choose_type(now, group, zone).is_some())
            .collect();
        let Some(zone) = spec.overfull(&alive, |zone| capacity.contains(&zone)) else {
            return;
        };
        let here = self.nodes.iter().filter(|(_, node)| {
            node.owner == Owner::Group(group)
                && node.initialized.is_some()
                && !node.deleting()
                && node.removal.is_none()
                && node.instance.is_some_and(|instance| instance.zone == zone)
        });
        let oldest = here.min_by_key(|(_, node)| (node.created, node.id.0));
        if let Some((key, _)) = oldest {
            self.nodes[key].leaving = Some(EndReason::ZonesUneven);
        }
    }

    /// Nodes that a group replaces and has not begun to drain, in the order of their age.
    fn departures(&self, group: usize) -> impl Iterator<Item = Key<Node>> {
        let leaving = self.nodes.iter().filter(move |(_, node)| {
            node.owner == Owner::Group(group) && node.leaving.is_some() && !node.deleting()
        });
        let mut leaving: Vec<_> = leaving.map(|(key, node)| (node.id.0, key)).collect();
        leaving.sort_unstable_by_key(|&(id, _)| id);
        leaving.into_iter().map(|(_, key)| key)
    }

    /// EC2 recommends to rebalance: the group replaces the node.
    pub(super) fn rebalance(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let Some(node) = self.nodes.get_mut(key).filter(|node| !node.deleting()) else {
            return;
        };
        let Owner::Group(group) = node.owner else {
            return;
        };
        if node.leaving.is_none() {
            node.leaving = Some(EndReason::Aws(Kind::RebalanceRecommendation));
            let u = self.group_draw(now, group);
            self.reconcile_group(now, group, u, queue);
        }
    }

    /// Drains a node that a group replaces, if as many others as it should have are Ready.
    pub(super) fn relieve(&mut self, now: SimTime, group: usize, queue: &mut Queue) {
        let counted = self.nodes.iter().filter(|(_, node)| {
            node.owner == Owner::Group(group)
                && node.initialized.is_some()
                && !node.deleting()
                && node.leaving.is_none()
        });
        if (counted.count() as u32) < self.groups[group].desired {
            return;
        }
        let relieved = self.departures(group).next();
        if let Some(key) = relieved
            && let Some(reason) = self.nodes[key].leaving
        {
            self.delete_claim(now, key, reason, queue);
        }
    }

    /// A group that has more instances than it should lets some go: of the fullest zone the oldest version, and of that the oldest.
    pub(super) fn shrink_group(&mut self, now: SimTime, group: usize, queue: &mut Queue) {
        let zones = &self.scenario.cluster.node_groups[group].spec.zones;
        loop {
            let alive = self.instances_by_zone(group);
            if alive.iter().sum::<u32>() <= self.groups[group].desired {
                return;
            }
            let fullest = (0..alive.len()).rev().max_by_key(|&place| alive[place]);
            let zone = fullest.map(|place| zones[place]);
            let here = self.nodes.iter().filter(|(_, node)| {
                node.owner == Owner::Group(group)
                    && !node.terminated
                    && node.leaving.is_none()
                    && node.instance.map(|instance| instance.zone) == zone
            });
            let oldest =
                here.min_by_key(|(_, node)| (node.group_revision, node.created, node.id.0));
            let Some((key, _)) = oldest else { return };
            self.nodes[key].leaving = Some(EndReason::ScaledIn);
            self.delete_claim(now, key, EndReason::ScaledIn, queue);
        }
    }

    pub(super) fn group_draw(&self, now: SimTime, group: usize) -> f64 {
        self.draw(crate::des::Purpose::Phase, 1_000 + group as u64)
            .uniform(now.as_micros())
    }
}
