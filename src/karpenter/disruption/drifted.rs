//! Is a claim still what its NodePool and EC2NodeClass say? (spec/karpenter.md 4.2)
//!
//! Asked of a claim that has its instance, whenever the claim, its pool or its class changes. Types and offerings never leave the
//! catalogue here, so `InstanceTypeNotFound` cannot come about; nor can drift of placement groups, of which there are none.

use crate::api::{LabelSet, Requirements, Symbol, Symbols};
use crate::des::{SimDuration, SimTime};

/// How often the newest images are looked up: what was found is kept for a day, and a class that finds it gone looks anew within the
/// minute (aws:pkg/cache/cache.go, pkg/controllers/nodeclass). The first look is the start of the simulation.
const IMAGES_LOOKED_UP_EVERY: SimDuration = SimDuration::from_secs(24 * 3_600 + 60);

/// Why a claim has drifted, in the order the reasons are tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum DriftReason {
    /// The pool's template says something else than it did, requirements apart.
    NodePoolDrifted,
    /// The pool's requirements exclude the node.
    RequirementsDrifted,
    /// The class says something else than it did, selectors apart.
    NodeClassDrift,
    /// The class selects other images.
    AmiDrift,
    /// The class selects other security groups.
    SecurityGroupDrift,
    /// The class selects no subnet in the node's zone.
    SubnetDrift,
    /// The class does not select the capacity reservation any more that the node is in.
    CapacityReservationDrift,
}

impl DriftReason {
    /// Upstream's name of it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NodePoolDrifted => "NodePoolDrifted",
            Self::RequirementsDrifted => "RequirementsDrifted",
            Self::NodeClassDrift => "NodeClassDrift",
            Self::AmiDrift => "AMIDrift",
            Self::SecurityGroupDrift => "SecurityGroupDrift",
            Self::SubnetDrift => "SubnetDrift",
            Self::CapacityReservationDrift => "CapacityReservationDrift",
        }
    }
}

/// When Karpenter notices images released at this time.
#[must_use]
pub fn images_noticed(released: SimTime) -> SimTime {
    let period = IMAGES_LOOKED_UP_EVERY.as_micros();
    SimTime::from_micros(released.as_micros().div_ceil(period) * period)
}

/// What drift compares by equality: what a claim was made from, or what its pool and class say now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hashes {
    /// Of the pool's template without its requirements.
    pub template: u64,
    /// Of the class without its selectors.
    pub class: u64,
    /// Of the image the class selects.
    pub image: u64,
    /// Of the security groups it selects.
    pub security_groups: u64,
}

/// A claim.
#[derive(Clone, Copy, Debug)]
pub struct Launched<'a> {
    /// What it was made from.
    pub hashes: Hashes,
    /// Its labels.
    pub labels: &'a LabelSet,
    /// Its zone.
    pub zone: Symbol,
    /// The capacity reservation it is in, by its place.
    pub reservation: Option<usize>,
}

/// What its pool and class say now.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What a claim made now would be made from.
    pub hashes: Hashes,
    /// The pool's requirements.
    pub requirements: &'a Requirements,
    /// Zones in which the class selects subnets.
    pub zones: &'a [Symbol],
    /// Capacity reservations the class selects, by their places.
    pub reservations: &'a [usize],
}

/// Why the claim has drifted, if it has.
#[must_use]
pub fn drifted(
    claim: &Launched<'_>,
    wanted: &Wanted<'_>,
    symbols: &Symbols,
) -> Option<DriftReason> {
    let (was, is) = (claim.hashes, wanted.hashes);
    let excluded = || {
        let labels = Requirements::from_labels(claim.labels);
        labels
            .incompatible(wanted.requirements, false, symbols)
            .is_some()
    };
    if was.template != is.template {
        Some(DriftReason::NodePoolDrifted)
    } else if excluded() {
        Some(DriftReason::RequirementsDrifted)
    } else if was.class != is.class {
        Some(DriftReason::NodeClassDrift)
    } else if was.image != is.image {
        Some(DriftReason::AmiDrift)
    } else if was.security_groups != is.security_groups {
        Some(DriftReason::SecurityGroupDrift)
    } else if !wanted.zones.contains(&claim.zone) {
        Some(DriftReason::SubnetDrift)
    } else if claim
        .reservation
        .is_some_and(|place| !wanted.reservations.contains(&place))
    {
        Some(DriftReason::CapacityReservationDrift)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Operator, Requirement, key};

    const SAME: Hashes = Hashes {
        template: 1,
        class: 2,
        image: 3,
        security_groups: 4,
    };

    struct Case {
        symbols: Symbols,
        hashes: Hashes,
        requirements: Requirements,
        zones: Vec<Symbol>,
        /// Those the class selects, where the claim is in 1.
        reservations: Vec<usize>,
    }

    impl Case {
        fn new() -> Self {
            let mut symbols = Symbols::new();
            let zones = vec![symbols.intern("a")];
            Self {
                symbols,
                hashes: SAME,
                requirements: Requirements::new(),
                zones,
                reservations: vec![0, 1],
            }
        }

        fn require(&mut self, key: Symbol, operator: Operator, values: &[&str]) {
            let values: Vec<Symbol> = values.iter().map(|v| self.symbols.intern(v)).collect();
            let set = Requirement::new(operator, &values, &self.symbols);
            self.requirements.set(key, set);
        }

        /// Of a claim in zone `a` with the label `spot`, if anybody speaks of it, and with 5 CPUs likewise.
        fn reason(&self) -> Option<DriftReason> {
            let zone = self.symbols.get("a").unwrap();
            let spot = self.symbols.get("spot").unwrap_or(zone);
            let cpus = self.symbols.get("5").unwrap_or(zone);
            let labels = [
                (key::ZONE, zone),
                (key::CAPACITY_TYPE, spot),
                (key::INSTANCE_CPU, cpus),
            ];
            let claim = Launched {
                hashes: SAME,
                labels: &labels.into_iter().collect(),
                zone,
                reservation: Some(1),
            };
            let wanted = Wanted {
                hashes: self.hashes,
                requirements: &self.requirements,
                zones: &self.zones,
                reservations: &self.reservations,
            };
            drifted(&claim, &wanted, &self.symbols)
        }
    }

    #[test]
    fn the_first_reason_in_order_is_named() {
        let mut case = Case::new();
        assert_eq!(case.reason(), None);
        case.reservations = vec![0, 2];
        let reason = case.reason();
        assert_eq!(reason, Some(DriftReason::CapacityReservationDrift));
        case.zones.clear();
        assert_eq!(case.reason(), Some(DriftReason::SubnetDrift));
        case.hashes.security_groups = 0;
        assert_eq!(case.reason(), Some(DriftReason::SecurityGroupDrift));
        case.hashes.image = 0;
        assert_eq!(case.reason(), Some(DriftReason::AmiDrift));
        case.hashes.class = 0;
        assert_eq!(case.reason(), Some(DriftReason::NodeClassDrift));
        case.require(key::ZONE, Operator::NotIn, &["a"]);
        assert_eq!(case.reason(), Some(DriftReason::RequirementsDrifted));
        case.hashes.template = 0;
        assert_eq!(case.reason(), Some(DriftReason::NodePoolDrifted));
    }

    #[test]
    fn new_images_are_noticed_within_a_day() {
        let noticed = |secs| images_noticed(SimTime::from_secs(secs));
        assert_eq!(noticed(0), SimTime::ZERO);
        assert_eq!(noticed(1), SimTime::from_secs(86_460));
        assert_eq!(noticed(86_460), SimTime::from_secs(86_460));
        assert_eq!(noticed(86_461), SimTime::from_secs(2 * 86_460));
    }

    #[test]
    fn requirements_that_change_may_still_hold_of_a_node() {
        let check = |key, operator, values: &[&str], drifts: bool| {
            let mut case = Case::new();
            case.symbols.intern("5");
            case.require(key::CAPACITY_TYPE, Operator::In, &["spot"]);
            assert_eq!(case.reason(), None);
            case.require(key, operator, values);
            let expected = drifts.then_some(DriftReason::RequirementsDrifted);
            assert_eq!(case.reason(), expected, "{key:?} {operator:?} {values:?}");
        };
        check(key::CAPACITY_TYPE, Operator::In, &["on-demand"], true);
        check(key::ARCH, Operator::In, &["amd64"], true);
        check(key::ZONE, Operator::In, &["b"], true);
        check(key::ZONE, Operator::In, &["a", "b"], false);
        check(key::ZONE, Operator::Exists, &[], false);
        check(key::ZONE, Operator::DoesNotExist, &[], true);
        check(key::INSTANCE_CPU, Operator::Gt, &["2"], false);
        check(key::INSTANCE_CPU, Operator::Gt, &["10"], true);
        check(key::INSTANCE_CPU, Operator::Lt, &["1"], true);
    }

    #[test]
    fn a_requirement_on_a_label_the_node_lacks_excludes_it() {
        let mut case = Case::new();
        case.require(key::CAPACITY_TYPE, Operator::In, &["spot"]);
        assert_eq!(case.reason(), None);
        case.require(key::ARCH, Operator::DoesNotExist, &[]);
        assert_eq!(case.reason(), None);
        case.require(key::ARCH, Operator::Exists, &[]);
        assert_eq!(case.reason(), Some(DriftReason::RequirementsDrifted));
    }
}
