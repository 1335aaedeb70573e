//! Which capacity reservations may a claim count on? (1.13)
//!
//! A claim holds one instance of every reservation that it could still be launched into, so that no two claims count on the same one.

use super::bits::Bits;
use super::problem::Problem;
use crate::api::{Requirements, Symbol, Symbols};
use crate::cloud::{CapacityType, InstanceType, Reservation};

/// What is left of the reservations.
#[derive(Clone, Debug, Default)]
pub(super) struct Reservations {
    /// Each with the instances no claim holds; the least that any offering tells of it.
    left: Vec<Reservation>,
    /// Whether a claim that can get none makes do with other capacity.
    falls_back: bool,
}

/// What a claim would hold, or why it may not be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Holding {
    /// Ids of reservations, each once.
    These(Vec<Symbol>),
    /// All that would do are taken, or those held would do no more.
    Deferred,
}

impl Reservations {
    /// As they are before the first claim. Where the feature is off there are none: a reserved offering counts as any other.
    pub(super) fn new(problem: &Problem) -> Self {
        let mut reservations = Self {
            left: Vec::new(),
            falls_back: problem.options.consolidation_simulation,
        };
        if problem.options.reserved_capacity {
            let types = problem.pools.iter().flat_map(|pool| pool.types);
            let told = types
                .flat_map(|t| &t.offerings)
                .filter_map(|o| o.reservation);
            told.for_each(|reservation| reservations.learn(reservation));
        }
        reservations
    }

    fn learn(&mut self, told: Reservation) {
        match self.left.iter_mut().find(|known| known.id == told.id) {
            Some(known) => known.capacity = known.capacity.min(told.capacity),
            None => self.left.push(told),
        }
    }

    /// What a claim that holds `held` would hold as one of `types` with requirements `at`.
    pub(super) fn holding(
        &self,
        held: &[Symbol],
        at: &Requirements,
        types: &Bits,
        all: &[InstanceType],
        symbols: &Symbols,
    ) -> Holding {
        let mut would_hold = Vec::new();
        if self.left.is_empty() {
            return Holding::These(would_hold);
        }
        let mut would_do = false;
        for offering in types.iter().flat_map(|place| &all[place].offerings) {
            let Some(reservation) = offering.reservation else {
                continue;
            };
            let fits = offering.available
                && offering.capacity_type == CapacityType::Reserved
                && at
                    .incompatible(&offering.requirements, true, symbols)
                    .is_none();
            if !fits {
                continue;
            }
            would_do = true;
            let id = reservation.id;
            if !would_hold.contains(&id) && (held.contains(&id) || self.has_left(id)) {
                would_hold.push(id);
            }
        }
        if !self.falls_back && would_hold.is_empty() && (would_do || !held.is_empty()) {
            return Holding::Deferred;
        }
        Holding::These(would_hold)
    }

    /// A claim holds `now` instead of `before`.
    pub(super) fn exchange(&mut self, before: &[Symbol], now: &[Symbol]) {
        for known in &mut self.left {
            let (held, holds) = (before.contains(&known.id), now.contains(&known.id));
            if holds && !held {
                known.capacity -= 1;
            } else if held && !holds {
                known.capacity += 1;
            }
        }
    }

    fn has_left(&self, id: Symbol) -> bool {
        self.left
            .iter()
            .any(|known| known.id == id && known.capacity > 0)
    }
}
