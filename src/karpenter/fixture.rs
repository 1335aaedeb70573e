//! A catalog made by hand, for the tests of this room.

use crate::api::{Operator, Requirement, Requirements, Resource, Resources, Symbol, Symbols, key};
use crate::cloud::reservation::Labels;
use crate::cloud::{
    CapacityReservation, CapacityType, InstanceType, InstanceTypeId, Offering, Price,
};

pub(super) const SPOT: CapacityType = CapacityType::Spot;
pub(super) const ON_DEMAND: CapacityType = CapacityType::OnDemand;

/// A catalog built by hand: types in zones `a` and `b`, prices in thousandths of a dollar.
#[derive(Default)]
pub(super) struct Fixture {
    pub(super) symbols: Symbols,
    pub(super) types: Vec<InstanceType>,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let mut fixture = Self::default();
        for name in ["spot", "on-demand", "reserved", "a", "b"] {
            fixture.symbols.intern(name);
        }
        fixture
    }

    /// Adds a type with these offerings and returns its place.
    pub(super) fn kind(&mut self, name: &str, offerings: &[(&str, CapacityType, u64)]) -> usize {
        let symbols = &mut self.symbols;
        let size = name.split_once('.').map_or("large", |(_, size)| size);
        let type_name = symbols.intern(name);
        let labels = [
            (key::INSTANCE_TYPE, type_name),
            (key::INSTANCE_SIZE, symbols.intern(size)),
        ];
        let mut requirements = Requirements::from_labels(&labels.into_iter().collect());
        let offerings: Vec<Offering> = offerings
            .iter()
            .map(|&(zone, capacity_type, mills)| {
                let zone = symbols.intern(zone);
                let labels = [
                    (key::ZONE, zone),
                    (key::CAPACITY_TYPE, symbols.intern(capacity_type.label())),
                ];
                Offering {
                    zone,
                    capacity_type,
                    price: mills_per_hour(mills),
                    available: true,
                    requirements: Requirements::from_labels(&labels.into_iter().collect()),
                    reservation: None,
                }
            })
            .collect();
        for label in [key::ZONE, key::CAPACITY_TYPE] {
            let values = offerings
                .iter()
                .filter_map(|o| o.requirements.get(label))
                .flat_map(|set| set.values().to_vec())
                .collect();
            requirements.set(label, Requirement::of(values));
        }
        let capacity = Resources::cpu_memory(4_000, 16 << 30).with(Resource::Pods, 58);
        self.types.push(InstanceType {
            name: type_name,
            requirements,
            capacity,
            allocatable: capacity,
            offerings,
        });
        self.types.len() - 1
    }

    /// Adds an offering out of a reservation of so many instances.
    pub(super) fn reserve(&mut self, kind: usize, zone: &str, id: &str, count: u32) {
        let symbols = &mut self.symbols;
        let reservation = CapacityReservation {
            id: symbols.intern(id),
            instance_type: InstanceTypeId(kind as u16),
            zone: symbols.intern(zone),
            count,
            ends: None,
        };
        let labels = Labels {
            reserved: symbols.intern("reserved"),
            kind: symbols.intern("default"),
            interruptible: symbols.intern("false"),
        };
        let offering = reservation.offering(mills_per_hour(1_000), labels);
        let seen = &mut self.types[kind];
        for label in [key::ZONE, key::CAPACITY_TYPE] {
            let told = seen.requirements.get(label).into_iter();
            let told = told.chain(offering.requirements.get(label));
            let values = told.flat_map(|set| set.values().to_vec()).collect();
            seen.requirements.set(label, Requirement::of(values));
        }
        seen.offerings.push(offering);
    }

    /// Requirements of exactly these values.
    pub(super) fn claim(&self, wanted: &[(Symbol, &[&str])]) -> Requirements {
        let mut requirements = Requirements::new();
        for (label, names) in wanted {
            let values: Vec<Symbol> = names
                .iter()
                .map(|name| self.symbols.get(name).unwrap())
                .collect();
            let set = Requirement::new(Operator::In, &values, &self.symbols);
            requirements.add(*label, &set, &self.symbols);
        }
        requirements
    }
}

pub(super) fn mills_per_hour(mills: u64) -> Price {
    Price(mills * 1_000_000)
}
