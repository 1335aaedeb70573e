//! Instances in capacity reservations: how they are labelled, what becomes of them when the reservation ends, and what is charged for what
//! nobody used (spec/karpenter.md 3.10).

use crate::api::{LabelSet, Requirement, key, label};
use crate::cloud::billing::BillLine;
use crate::cloud::{CapacityType, InstanceType};
use crate::cluster::Key;
use crate::des::{Class, SimTime};

use super::event::Event;
use super::node::{Instance, Node};
use super::{Queue, World};

impl World<'_> {
    /// Posts the ends of all reservations.
    pub(super) fn watch_reservations(&self, queue: &mut Queue) {
        for (place, reservation) in (0..).zip(&self.scenario.cluster.reservations) {
            if let Some(noticed) = reservation.end_noticed() {
                queue.push(noticed, Class::Controller, Event::ReservationEnded(place));
            }
        }
    }

    /// Adds what tells of the reservation an instance is in.
    pub(super) fn label_reservation(
        &self,
        labels: &mut LabelSet,
        kind: &InstanceType,
        instance: &Instance,
    ) {
        let id = instance
            .reservation
            .map(|place| self.scenario.cluster.reservations[place].id);
        let mut offerings = kind.offerings.iter();
        let offering = offerings.find(|offering| offering.reservation.map(|held| held.id) == id);
        for key in label::OF_RESERVATION {
            let told = offering.and_then(|offering| offering.requirements.get(key));
            if let Some([value]) = told.map(Requirement::values) {
                labels.insert(key, *value);
            }
        }
    }

    /// An instance is gone.
    pub(super) fn leave_reservation(&mut self, instance: Option<Instance>) {
        let place = instance.and_then(|instance| instance.reservation);
        if let (Some(place), Some(karpenter)) = (place, &mut self.karpenter) {
            karpenter.reservations.terminated(place);
        }
    }

    /// A reservation has ended: its instances run on, on demand.
    pub(super) fn reservation_ended(&mut self, now: SimTime, place: u16, queue: &mut Queue) {
        let in_it = |node: &Node| {
            let held = node.instance.and_then(|instance| instance.held());
            held == Some(usize::from(place)) && !node.terminated
        };
        let demoted = self.nodes.iter().filter(|(_, node)| in_it(node));
        let demoted: Vec<_> = demoted.map(|(key, _)| key).collect();
        for key in demoted {
            self.demote(now, key, queue);
        }
        self.touch_consolidation();
    }

    fn demote(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let on_demand = self.capacity_type_symbols[CapacityType::OnDemand as usize];
        let node = &mut self.nodes[key];
        if let Some(instance) = &mut node.instance {
            instance.capacity_type = CapacityType::OnDemand;
        }
        if node.deleting() {
            return; // it keeps its labels to the end
        }
        node.labels.insert(key::CAPACITY_TYPE, on_demand);
        for key in label::OF_RESERVATION {
            node.labels.remove(key);
        }
        self.refresh_node(now, key, queue);
        self.judge_drift(now, key);
    }

    /// How long an instance was in its reservation until it ended, in microseconds.
    pub(super) fn reserved_micros(&self, instance: &Instance, until: SimTime) -> u128 {
        let place = instance.reservation;
        let ends = place.and_then(|place| self.scenario.cluster.reservations[place].ends);
        let until = ends.map_or(until, |ends| until.min(ends));
        u128::from(until.saturating_since(instance.billed_from).as_micros())
    }

    /// By reservation: how long instances were in it until now, whether they are still there or not.
    pub(super) fn reserved_until(&self, now: SimTime) -> Vec<u128> {
        let mut used = self.ledger.reserved_micros.clone();
        for (_, node) in self.nodes.iter().filter(|(_, node)| !node.terminated) {
            if let Some((place, instance)) = node.instance.and_then(|i| Some((i.reservation?, i))) {
                used[place] += self.reserved_micros(&instance, now);
            }
        }
        used
    }

    /// What is charged for reserved capacity in which nothing ran; `used` is how long something did.
    pub(super) fn unused_reservations(&self, now: SimTime, used: &[u128]) -> Vec<BillLine> {
        let reservations = &self.scenario.cluster.reservations;
        let lines = reservations.iter().zip(used).map(|(reservation, used)| {
            let there = reservation.ends.map_or(now, |ends| now.min(ends));
            let micros = there.since(SimTime::ZERO).as_micros();
            let unused = (u128::from(micros) * u128::from(reservation.count)).saturating_sub(*used);
            let (price, quality) = self.on_demand_price(reservation.instance_type);
            let facts = self.scenario.catalog.facts(reservation.instance_type);
            let id = self.scenario.text(reservation.id);
            let item = format!("{} reserved as {id}, unused", facts.instance_type);
            BillLine::of_unused(item, unused, price, quality)
        });
        lines.collect()
    }
}
