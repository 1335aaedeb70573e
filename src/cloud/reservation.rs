//! What is left of the account's capacity reservations (spec/karpenter.md 3.1, 3.10)?
//!
//! On-demand reservations that a launch must name (*targeted*, or *open* and taken by nobody else). Not modelled: capacity blocks, and
//! reservations that EC2 may interrupt.

use super::{CapacityType, InstanceTypeId, Offering, Price, Reservation};
use crate::api::{Requirement, Requirements, Symbol, key};
use crate::des::{SimDuration, SimTime};

/// How often Karpenter reads the reservations, and how often it looks which instances are still in one.
pub const POLL: SimDuration = SimDuration::from_secs(60);
/// A reserved instance counts as this part of its on-demand price: as good as free, and still in the order of on-demand prices.
const PRICE_DIVISOR: u64 = 10_000_000;

/// An on-demand capacity reservation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CapacityReservation {
    /// Such as `cr-0a1b2c3d4e5f60718`.
    pub id: Symbol,
    /// What it reserves.
    pub instance_type: InstanceTypeId,
    /// Where, as in [`super::Offering::zone`].
    pub zone: Symbol,
    /// How many instances.
    pub count: u32,
    /// Instances in it become on-demand then; never where none.
    pub ends: Option<SimTime>,
}

impl CapacityReservation {
    /// Whether there is such a reservation at `now`.
    #[must_use]
    pub fn is_there(&self, now: SimTime) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }

    /// The first look at instances after its end.
    #[must_use]
    pub fn end_noticed(&self) -> Option<SimTime> {
        let period = POLL.as_micros();
        let ends = self.ends?.as_micros();
        Some(SimTime::from_micros(ends.div_ceil(period) * period))
    }

    /// What it offers while nothing is launched into it, where an instance costs so much on demand.
    #[must_use]
    pub fn offering(&self, on_demand: Price, labels: Labels) -> Offering {
        let mut requirements = Requirements::new();
        for (label, value) in [
            (key::ZONE, self.zone),
            (key::ZONE_ID, self.zone),
            (key::CAPACITY_TYPE, labels.reserved),
            (key::CAPACITY_RESERVATION_ID, self.id),
            (key::CAPACITY_RESERVATION_TYPE, labels.kind),
            (
                key::CAPACITY_RESERVATION_INTERRUPTIBLE,
                labels.interruptible,
            ),
        ] {
            requirements.set(label, Requirement::of(vec![value]));
        }
        Offering {
            zone: self.zone,
            capacity_type: CapacityType::Reserved,
            price: Price(on_demand.0 / PRICE_DIVISOR),
            available: true,
            requirements,
            reservation: Some(Reservation {
                id: self.id,
                capacity: self.count,
            }),
        }
    }
}

/// Values of the labels of every offering out of a reservation.
#[derive(Clone, Copy, Debug)]
pub struct Labels {
    /// `reserved`.
    pub reserved: Symbol,
    /// `default`, the kind of reservation.
    pub kind: Symbol,
    /// `false`.
    pub interruptible: Symbol,
}

/// How the reservations stand, by place.
#[derive(Clone, Debug, Default)]
pub struct Reservations(Vec<Standing>);

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// Instances in it.
    used: u32,
    /// Karpenter takes it for used up until it reads it anew.
    refused_until: SimTime,
}

impl Reservations {
    /// So many reservations, nothing in them.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self(vec![Standing::default(); count])
    }

    /// An instance was launched into the reservation at a place.
    pub fn launched(&mut self, place: usize) {
        self.0[place].used += 1;
    }

    /// An instance in it is gone.
    pub fn terminated(&mut self, place: usize) {
        self.0[place].used -= 1;
    }

    /// EC2 had nothing for a launch into it: Karpenter does without until it reads it anew.
    pub fn refused(&mut self, place: usize, now: SimTime) {
        let period = POLL.as_micros();
        let next = SimTime::from_micros((now.as_micros() / period + 1) * period);
        self.0[place].refused_until = next;
    }

    /// How many instances Karpenter may still launch into `reservation`, which stands at a place.
    #[must_use]
    pub fn left(&self, place: usize, reservation: &CapacityReservation, now: SimTime) -> u32 {
        let standing = &self.0[place];
        if reservation.is_there(now) && now >= standing.refused_until {
            reservation.count.saturating_sub(standing.used)
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_TWO: CapacityReservation = CapacityReservation {
        id: Symbol::fixed(100),
        instance_type: InstanceTypeId(0),
        zone: Symbol::fixed(101),
        count: 2,
        ends: Some(SimTime::from_secs(90)),
    };
    const LABELS: Labels = Labels {
        reserved: Symbol::fixed(102),
        kind: Symbol::fixed(103),
        interruptible: Symbol::fixed(104),
    };

    #[test]
    fn a_reserved_instance_is_as_good_as_free() {
        let offering = OF_TWO.offering(Price(1_000_000_000), LABELS);
        assert_eq!(offering.price, Price(100)); // 1 $/h becomes 1e-7 (spec/karpenter.md 13.6)
        assert_eq!(offering.reservation.map(|held| held.capacity), Some(2));
    }

    #[test]
    fn what_is_launched_is_taken_and_comes_back() {
        let mut reservations = Reservations::new(1);
        let left = |reservations: &Reservations, secs| {
            reservations.left(0, &OF_TWO, SimTime::from_secs(secs))
        };
        reservations.launched(0);
        reservations.launched(0);
        assert_eq!(left(&reservations, 1), 0);
        reservations.terminated(0);
        assert_eq!((left(&reservations, 2), left(&reservations, 90)), (1, 0));
    }

    #[test]
    fn a_refusal_is_believed_until_the_next_look() {
        let mut reservations = Reservations::new(1);
        reservations.refused(0, SimTime::from_secs(20));
        let at = |secs| reservations.left(0, &OF_TWO, SimTime::from_secs(secs));
        assert_eq!((at(59), at(60)), (0, 2));
    }

    #[test]
    fn the_end_is_noticed_at_the_next_look() {
        assert_eq!(OF_TWO.end_noticed(), Some(SimTime::from_secs(120)));
    }
}
