//! Which instances does a managed node group start? (spec/kubernetes.md 4.4, 4.5)
//!
//! Behind a managed node group is an Auto Scaling group: it keeps the desired number of instances,
//! evenly over its zones, and replaces those that die. Where EC2 has no capacity in a zone it takes
//! another, and evens the zones out later.

pub mod update;

use crate::api::{LabelSet, Symbol, Taint, key};
use crate::des::SimDuration;

use super::span::Span;

/// From a missing instance to its launch: the Auto Scaling group's own reconciliation (4.5).
pub const RECONCILE: Span = Span::from_millis(10_000, 40_000);

/// From a launch that failed to the next try of the Auto Scaling group: an assumption, AWS says no
/// figure.
pub const RETRY: SimDuration = SimDuration::from_secs(60);
/// How long EKS evicts the pods of a node that its group lets go; then the instance ends, budgets
/// or not (4.4).
pub const DRAIN: SimDuration = SimDuration::from_secs(15 * 60);

/// A managed node group, resolved.
#[derive(Clone, Debug)]
pub struct NodeGroup {
    /// `nodeGroupName`.
    pub name: Symbol,
    /// `instanceTypes` in order of preference. On-Demand capacity is taken from the first type
    /// that a zone has, spot as [`crate::cloud::fleet::Strategy::PriceCapacityOptimized`] says.
    pub instance_types: Vec<Symbol>,
    /// Zones of its subnets, at least one.
    pub zones: Vec<Symbol>,
    /// `scalingConfig.desiredSize`, at the start.
    pub desired: u32,
    /// `capacityType`, `ON_DEMAND` or `SPOT`.
    pub capacity_type: Symbol,
    /// `labels`, of every node.
    pub labels: LabelSet,
    /// `taints`, of every node.
    pub taints: Vec<Taint>,
}

/// An instance to start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Launch {
    /// Its type.
    pub instance_type: Symbol,
    /// Its zone.
    pub zone: Symbol,
}

impl NodeGroup {
    /// The instances to start so that the group has `desired` of them, given the living (or
    /// starting) ones per zone in the order of `zones`. Each goes to the zone with the fewest
    /// instances, the first of equals, that has one of the types; fewer are started if no zone
    /// has any. `choice` says which type an instance of a zone would be of now.
    #[must_use]
    pub fn missing(
        &self,
        desired: u32,
        alive: &[u32],
        mut choice: impl FnMut(Symbol) -> Option<Symbol>,
    ) -> Vec<Launch> {
        assert_eq!(alive.len(), self.zones.len(), "a count for every zone");
        let in_zone = |&zone: &Symbol| {
            let instance_type = choice(zone)?;
            Some(Launch {
                instance_type,
                zone,
            })
        };
        let launches: Vec<_> = self.zones.iter().map(in_zone).collect();
        let mut counts = alive.to_vec();
        let wanted = desired.saturating_sub(alive.iter().sum());
        let next = |_| {
            let usable = (0..counts.len()).filter(|&place| launches[place].is_some());
            let place = usable.min_by_key(|&place| counts[place])?;
            counts[place] += 1;
            launches[place]
        };
        (0..wanted).map_while(next).collect()
    }

    /// The zone that has instances too many, by AZRebalance: the fullest, if an instance of it would
    /// make another zone with capacity no fuller than it then is. Counts are in the order of
    /// `zones`.
    #[must_use]
    pub fn overfull(
        &self,
        alive: &[u32],
        has_capacity: impl FnMut(Symbol) -> bool,
    ) -> Option<Symbol> {
        let usable: Vec<bool> = self.zones.iter().copied().map(has_capacity).collect();
        let most = (0..alive.len()).rev().max_by_key(|&place| alive[place])?;
        let others = (0..alive.len()).filter(|&place| usable[place]);
        let fewest = others.map(|place| alive[place]).min()?;
        (alive[most] > fewest + 1).then_some(self.zones[most])
    }

    /// The labels of a node, beside those its instance type implies.
    #[must_use]
    pub fn node_labels(&self, launch: Launch) -> LabelSet {
        let mut labels = self.labels.clone();
        labels.insert(key::NODE_GROUP, self.name);
        labels.insert(key::EKS_CAPACITY_TYPE, self.capacity_type);
        labels.insert(key::INSTANCE_TYPE, launch.instance_type);
        labels.insert(key::ZONE, launch.zone);
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Symbols;

    struct Fixture {
        group: NodeGroup,
        large: Symbol,
        xlarge: Symbol,
    }

    fn fixture(desired: u32) -> Fixture {
        let mut symbols = Symbols::new();
        let mut intern = |name: &str| symbols.intern(name);
        let (large, xlarge) = (intern("m7g.large"), intern("m7g.xlarge"));
        let group = NodeGroup {
            name: intern("baseline"),
            instance_types: vec![large, xlarge],
            zones: ["aps1-az1", "aps1-az2", "aps1-az3"]
                .map(&mut intern)
                .to_vec(),
            desired,
            capacity_type: intern("ON_DEMAND"),
            labels: LabelSet::from_iter([(intern("workload"), intern("baseline"))]),
            taints: Vec::new(),
        };
        Fixture {
            group,
            large,
            xlarge,
        }
    }

    /// Zones, by their place in the group, of what is started.
    fn zones(group: &NodeGroup, launches: &[Launch]) -> Vec<usize> {
        let place = |launch: &Launch| {
            group
                .zones
                .iter()
                .position(|&zone| zone == launch.zone)
                .unwrap()
        };
        launches.iter().map(place).collect()
    }

    #[test]
    fn a_group_boots_round_robin_over_its_zones() {
        let Fixture { group, large, .. } = fixture(4);
        let launches = group.missing(group.desired, &[0, 0, 0], |_| Some(large));
        assert_eq!(zones(&group, &launches), [0, 1, 2, 0]);
        assert!(launches.iter().all(|launch| launch.instance_type == large));
    }

    #[test]
    fn a_dead_instance_is_replaced_where_the_fewest_are() {
        let Fixture { group, large, .. } = fixture(5);
        let missing = |alive| group.missing(group.desired, alive, |_| Some(large));
        assert_eq!(zones(&group, &missing(&[2, 1, 1])), [1]);
        assert!(missing(&[2, 2, 1]).is_empty());
        assert!(missing(&[3, 3, 3]).is_empty());
    }

    #[test]
    fn a_zone_without_the_first_type_takes_the_next() {
        let Fixture {
            group,
            large,
            xlarge,
        } = fixture(3);
        let scarce = group.zones[1];
        let launches = group.missing(group.desired, &[0, 0, 0], |zone| {
            Some(if zone == scarce { xlarge } else { large })
        });
        let types: Vec<_> = launches.iter().map(|launch| launch.instance_type).collect();
        assert_eq!(types, [large, xlarge, large]);
    }

    #[test]
    fn a_zone_without_any_type_is_left_out() {
        let Fixture { group, large, .. } = fixture(3);
        let lost = group.zones[0];
        let launches = group.missing(group.desired, &[0, 0, 0], |zone| {
            (zone != lost).then_some(large)
        });
        assert_eq!(zones(&group, &launches), [1, 2, 1]);
        let none = group.missing(group.desired, &[0, 0, 0], |_| None);
        assert!(none.is_empty());
    }

    #[test]
    fn zones_are_evened_out_where_there_is_capacity() {
        let Fixture { group, .. } = fixture(4);
        assert_eq!(group.overfull(&[2, 2, 0], |_| true), Some(group.zones[0]));
        assert_eq!(group.overfull(&[1, 3, 0], |_| true), Some(group.zones[1]));
        assert_eq!(group.overfull(&[2, 1, 1], |_| true), None);
        let lost = group.zones[2];
        assert_eq!(group.overfull(&[2, 2, 0], |zone| zone != lost), None);
        assert_eq!(group.overfull(&[2, 2, 0], |_| false), None);
    }

    #[test]
    fn nodes_say_where_they_come_from() {
        let Fixture { group, large, .. } = fixture(1);
        let launch = group.missing(group.desired, &[0, 0, 0], |_| Some(large))[0];
        let labels = group.node_labels(launch);
        assert_eq!(labels.get(key::NODE_GROUP), Some(group.name));
        assert_eq!(labels.get(key::INSTANCE_TYPE), Some(large));
        assert_eq!(labels.get(key::ZONE), Some(group.zones[0]));
        assert_eq!(
            labels.get(key::EKS_CAPACITY_TYPE),
            Some(group.capacity_type)
        );
        assert!(
            group
                .labels
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value))
        );
    }
}
