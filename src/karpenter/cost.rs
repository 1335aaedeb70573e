//! What does it cost to disturb a node, and which node goes first? (spec/karpenter.md 4.4)

use std::cmp::Ordering;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use crate::api::Symbol;
use crate::cloud::{CapacityType, InstanceType, Price};

/// A cost of disruption in units of 2⁻²⁷, which the rule of an eviction cost divides exactly. 1 is the cost of an ordinary pod.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct DisruptionCost(i64);

const UNIT: i64 = 1 << 27;

impl DisruptionCost {
    /// What a pod without priority and deletion cost adds, and what a node costs without its pods.
    pub const ONE: Self = Self(UNIT);
    const MOST: Self = Self(10 * UNIT);
    const LEAST: Self = Self(-10 * UNIT);

    /// The cost of evicting a pod: 1 + deletion cost / 2²⁷ + priority / 2²⁵, within −10 and 10.
    #[must_use]
    pub fn of_eviction(deletion_cost: i32, priority: i32) -> Self {
        let cost = UNIT + i64::from(deletion_cost) + 4 * i64::from(priority);
        Self(cost).clamp(Self::LEAST, Self::MOST)
    }

    /// The cost of moving everything off a node: 1 and the eviction costs above 0 of its reschedulable pods.
    #[must_use]
    pub fn of_rescheduling(evictions: impl Iterator<Item = Self>) -> Self {
        Self::ONE + evictions.map(|cost| cost.max(Self(0))).sum()
    }

    /// Whether a node of this rescheduling cost counts as empty: it has no pod that would be missed.
    #[must_use]
    pub fn is_empty_node(self) -> bool {
        self <= Self::ONE
    }

    /// In units of one ordinary pod, for reading.
    #[must_use]
    pub fn pods(self) -> f64 {
        self.0 as f64 / UNIT as f64
    }

    /// The count of units of 2⁻²⁷, for exact ratios.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }
}

impl Add for DisruptionCost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for DisruptionCost {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sum for DisruptionCost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self(0), Add::add)
    }
}

/// The order in which nodes are looked at: what is saved per disruption, descending. The division is done exactly, by comparing
/// `price × other cost`. Costs must be positive, as rescheduling costs are.
#[must_use]
pub fn by_saving(a: (Price, DisruptionCost), b: (Price, DisruptionCost)) -> Ordering {
    let scaled = |price: Price, cost: DisruptionCost| i128::from(price.0) * i128::from(cost.0);
    scaled(b.0, a.1).cmp(&scaled(a.0, b.1))
}

/// What a node costs now: the current price of its own offering, available or not; 0 if its type no longer lists it.
#[must_use]
pub fn node_price(kind: &InstanceType, zone: Symbol, capacity_type: CapacityType) -> Price {
    kind.offerings
        .iter()
        .find(|o| o.zone == zone && o.capacity_type == capacity_type)
        .map_or(Price::default(), |offering| offering.price)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eviction_costs() {
        let cost = |deletion, priority| DisruptionCost::of_eviction(deletion, priority).pods();
        assert_eq!(cost(0, 0), 1.0);
        assert_eq!(cost(1 << 27, 0), 2.0);
        assert_eq!(cost(0, 1 << 25), 2.0);
        assert_eq!(cost(-(1 << 28), 0), -1.0);
        assert_eq!(cost(0, 1_000_000_000), 10.0);
        assert_eq!(cost(i32::MAX, 0), 10.0);
        assert_eq!(cost(i32::MIN, 0), -10.0);
    }

    #[test]
    fn nodes_of_pods_nobody_misses_are_empty() {
        let node = |pods: &[(i32, i32)]| {
            let costs = pods.iter().map(|&(d, p)| DisruptionCost::of_eviction(d, p));
            DisruptionCost::of_rescheduling(costs)
        };
        assert!(node(&[]).is_empty_node());
        assert!(node(&[(-(1 << 28), 0)]).is_empty_node());
        assert!(node(&[(0, -(1 << 25)), (0, -(1 << 26))]).is_empty_node());
        assert!(!node(&[(0, 0)]).is_empty_node());
        assert_eq!(node(&[(-(1 << 28), 0), (0, 0)]).pods(), 2.0);
    }

    #[test]
    fn the_node_that_saves_most_per_disruption_comes_first() {
        let node =
            |mills: u64, pods: i64| (Price(mills * 1_000_000), DisruptionCost(UNIT * (1 + pods)));
        let (a, b, c) = (node(400, 1), node(1000, 9), node(100, 0));
        assert_eq!(by_saving(a, b), Ordering::Less);
        assert_eq!(by_saving(b, a), Ordering::Greater);
        assert_eq!(by_saving(b, c), Ordering::Equal);
    }
}
