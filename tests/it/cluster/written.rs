//! How requirements, budgets and offerings are written down.

use karpsim::api::label::normalized;
use karpsim::api::objects::karpenter::{Budget as Manifest, DisruptionReason};
use karpsim::api::{
    GoDuration, LabelSet, Operator, Requirement, Requirements, Resources, Symbol, Symbols, key,
};
use karpsim::cloud::{CapacityType, InstanceType, Offering, Price, Reservation};
use karpsim::karpenter::budget::Budget;
use serde::Deserialize;

/// One requirement of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operand {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Vec<String>,
    min_values: Option<u32>,
}

impl Operand {
    pub(crate) fn requirement(&self, symbols: &mut Symbols) -> Requirement {
        let values = intern(&self.values, symbols);
        Requirement::new(self.operator, &values, symbols).with_min_values(self.min_values)
    }
}

/// The operands together.
pub(crate) fn requirements(operands: &[Operand], symbols: &mut Symbols) -> Requirements {
    let mut set = Requirements::new();
    for operand in operands {
        let requirement = operand.requirement(symbols);
        let key = symbols.intern(normalized(&operand.key));
        set.add(key, &requirement, symbols);
    }
    set
}

pub(crate) fn intern(values: &[String], symbols: &mut Symbols) -> Vec<Symbol> {
    values.iter().map(|value| symbols.intern(value)).collect()
}

/// A budget of a case.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Written {
    pub(crate) nodes: String,
    reasons: Option<Vec<DisruptionReason>>,
    schedule: Option<String>,
    duration: Option<String>,
}

/// The budget, if it can be read.
pub(crate) fn read(written: &Written) -> Option<Budget> {
    let duration = written.duration.as_deref().map(GoDuration::parse);
    let manifest = Manifest {
        nodes: Some(written.nodes.clone()),
        reasons: written.reasons.clone(),
        schedule: written.schedule.clone(),
        duration: duration.map(|duration| duration.expect("a duration")),
    };
    Budget::from_manifest(&manifest).ok()
}

/// Nano-dollars in 1/512 of a dollar, in which the recorder counts.
pub(crate) const PRICE_UNIT: u64 = 1_000_000_000 / 512;

/// A type in a zone, bought one way.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OfferingSpec {
    pub(crate) zone: String,
    pub(crate) buy: String,
    pub(crate) price: u64,
    #[serde(default = "is_available")]
    pub(crate) available: bool,
    /// What it draws on, for reserved capacity.
    #[serde(default)]
    reservation: Option<ReservationSpec>,
}

/// A capacity reservation with so many instances left.
#[derive(Clone, Debug, Deserialize)]
struct ReservationSpec {
    id: String,
    capacity: u32,
}

fn is_available() -> bool {
    true
}

/// The capacity type with this label.
pub(crate) fn capacity_type(label: &str) -> CapacityType {
    let all = [
        CapacityType::Reserved,
        CapacityType::Spot,
        CapacityType::OnDemand,
    ];
    let found = all.into_iter().find(|buy| buy.label() == label);
    found.expect("a capacity type")
}

impl OfferingSpec {
    fn make(&self, symbols: &mut Symbols) -> Offering {
        let zone = symbols.intern(&self.zone);
        let labels: LabelSet = [
            (key::ZONE, zone),
            (key::CAPACITY_TYPE, symbols.intern(&self.buy)),
        ]
        .into_iter()
        .collect();
        let reservation = self.reservation.as_ref().map(|spec| Reservation {
            id: symbols.intern(&spec.id),
            capacity: spec.capacity,
        });
        let mut requirements = Requirements::from_labels(&labels);
        if let Some(Reservation { id, .. }) = reservation {
            requirements.set(key::CAPACITY_RESERVATION_ID, Requirement::of(vec![id]));
        }
        Offering {
            zone,
            capacity_type: capacity_type(&self.buy),
            price: Price(self.price * PRICE_UNIT),
            available: self.available,
            requirements,
            reservation,
        }
    }
}

/// A type of this name with these offerings, of no size.
pub(crate) fn instance_type(
    name: &str,
    offerings: &[OfferingSpec],
    symbols: &mut Symbols,
) -> InstanceType {
    let name = symbols.intern(name);
    let offerings: Vec<Offering> = offerings.iter().map(|o| o.make(symbols)).collect();
    let labels = [(key::INSTANCE_TYPE, name)].into_iter().collect();
    let mut requirements = Requirements::from_labels(&labels);
    for label in [key::ZONE, key::CAPACITY_TYPE, key::CAPACITY_RESERVATION_ID] {
        let offered = offerings.iter().filter_map(|o| o.requirements.get(label));
        let values: Vec<Symbol> = offered.flat_map(|set| set.values().to_vec()).collect();
        requirements.set(label, Requirement::of(values));
    }
    InstanceType {
        name,
        requirements,
        capacity: Resources::ZERO,
        allocatable: Resources::ZERO,
        offerings,
    }
}
