//! Instance types and their offerings, as Karpenter sees them (spec/karpenter.md 2, 3.1).

use serde::Serialize;

use crate::api::{Requirements, Resources, Symbol};

/// The place of a type in its catalog.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InstanceTypeId(pub u16);

impl InstanceTypeId {
    /// As an index into the catalog's types.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// How capacity is bought. The order is Karpenter's preference when several are allowed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapacityType {
    /// From a capacity reservation.
    Reserved,
    /// Interruptible.
    Spot,
    /// By the second at list price.
    OnDemand,
}

impl CapacityType {
    /// The value of the label `karpenter.sh/capacity-type`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Spot => "spot",
            Self::OnDemand => "on-demand",
        }
    }
}

/// A price in nano-dollars per hour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
pub struct Price(pub u64);

impl Price {
    /// Dollars per hour, for reading.
    #[must_use]
    pub fn dollars_per_hour(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// A type in a zone, bought one way.
#[derive(Clone, Debug)]
pub struct Offering {
    /// Zone, as the value of `topology.kubernetes.io/zone`.
    pub zone: Symbol,
    /// How it is bought.
    pub capacity_type: CapacityType,
    /// What it costs now.
    pub price: Price,
    /// Whether a launch may try it now.
    pub available: bool,
    /// The labels of this offering (zone, capacity type, ...) as requirements.
    pub requirements: Requirements,
    /// What it draws on, for capacity that is reserved.
    pub reservation: Option<Reservation>,
}

/// A capacity reservation as an offering sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// The value of `karpenter.k8s.aws/capacity-reservation-id`.
    pub id: Symbol,
    /// Instances that may still be launched into it.
    pub capacity: u32,
}

/// An instance type.
#[derive(Clone, Debug)]
pub struct InstanceType {
    /// Name such as `m7g.large`, also the value of `node.kubernetes.io/instance-type`.
    pub name: Symbol,
    /// Every label of the type as a requirement; zone and capacity type list what its offerings have.
    pub requirements: Requirements,
    /// What the node reports.
    pub capacity: Resources,
    /// What pods may use.
    pub allocatable: Resources,
    /// Every zone and way of buying.
    pub offerings: Vec<Offering>,
}
