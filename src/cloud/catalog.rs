//! Which instance types does a region offer, in which zones, with which labels, at which prices (spec/karpenter.md 2.6, 3.1)?

mod facts;
mod labels;
mod region;

use rustc_hash::FxHashMap;
use thiserror::Error;

use super::allocatable::{allocatable, capacity};
use super::node_class::NodeClassParams;
use super::reservation::{CapacityReservation, Labels as ReservationLabels};
use super::{CapacityType, InstanceType, InstanceTypeId, Offering};
use crate::api::{Requirement, Requirements, Symbol, Symbols, key};

pub use facts::TypeFacts;
pub use region::{
    InterruptionBucket, OnDemandTerms, PriceSource, SpotPriceSource, SpotSource, SpotTerms,
    TypeTerms,
};
use region::{REGIONS, Region};

#[cfg(test)]
pub(super) use facts::rows;

/// A region there are no data for.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("no catalogue of region `{0}`, expected one of {known}", known = Catalog::regions().join(", "))]
pub struct UnknownRegion(pub String);

/// Ids and names of a region's zones; none of a region there are no data for.
#[must_use]
pub fn zones(region: &str) -> &'static [(&'static str, &'static str)] {
    Region::named(region).map_or(&[], |region| region.zones)
}

/// What AWS calls a region; its id where there are no data for it.
#[must_use]
pub fn region_title(region: &str) -> &str {
    Region::named(region).map_or(region, |region| region.title)
}

/// An availability zone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Zone {
    /// Zone id such as `aps1-az1`: the value of `topology.kubernetes.io/zone` here, the same place for everyone.
    pub id: Symbol,
    /// A letter name such as `ap-south-1a`; which zone a letter means differs between accounts.
    pub name: Symbol,
}

/// The instance types of one region, by name.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// The region.
    pub region: Symbol,
    /// Its zones, by id.
    pub zones: Vec<Zone>,
    /// Its types as seen under [`NodeClassParams::default`]; [`InstanceTypeId`] is the place in here.
    pub types: Vec<InstanceType>,
    facts: Vec<TypeFacts>,
    terms: Vec<TypeTerms>,
    ids: FxHashMap<Symbol, InstanceTypeId>,
    windows: Symbol,
}

impl Catalog {
    /// Names of the regions there are data for.
    #[must_use]
    pub fn regions() -> [&'static str; REGIONS.len()] {
        REGIONS.each_ref().map(|region| region.name)
    }

    /// The catalogue of a region.
    ///
    /// # Errors
    /// There are no data for the region.
    pub fn load(region: &str, symbols: &mut Symbols) -> Result<Self, UnknownRegion> {
        let region = Region::named(region).ok_or_else(|| UnknownRegion(region.to_owned()))?;
        let zones = region.zones.iter().map(|(id, name)| Zone {
            id: symbols.intern(id),
            name: symbols.intern(name),
        });
        let mut catalog = Self {
            zones: zones.collect(),
            region: symbols.intern(region.name),
            types: Vec::new(),
            facts: Vec::new(),
            terms: Vec::new(),
            ids: FxHashMap::default(),
            windows: symbols.intern("windows"),
        };
        let mut terms = region.terms().into_iter().peekable();
        for facts in TypeFacts::all() {
            if let Some((_, terms)) = terms.next_if(|(name, _)| *name == facts.instance_type) {
                catalog.admit(facts, terms, symbols);
            }
        }
        assert!(
            terms.peek().is_none(),
            "offered but unknown: {:?}",
            terms.peek()
        );
        Ok(catalog)
    }

    /// The type of this id.
    #[must_use]
    pub fn get(&self, id: InstanceTypeId) -> &InstanceType {
        &self.types[id.index()]
    }

    /// The id of the type with this name.
    #[must_use]
    pub fn id_of(&self, name: Symbol) -> Option<InstanceTypeId> {
        self.ids.get(&name).copied()
    }

    /// Every id, ascending.
    pub fn ids(&self) -> impl Iterator<Item = InstanceTypeId> + use<> {
        (0..self.types.len()).map(|place| InstanceTypeId(place as u16))
    }

    /// Hardware and network of a type.
    #[must_use]
    pub fn facts(&self, id: InstanceTypeId) -> &TypeFacts {
        &self.facts[id.index()]
    }

    /// Zones, prices and interruption figures of a type.
    #[must_use]
    pub fn terms(&self, id: InstanceTypeId) -> &TypeTerms {
        &self.terms[id.index()]
    }

    /// The place in [`Catalog::zones`] of a zone, by id or by letter name.
    #[must_use]
    pub fn zone_place(&self, zone: Symbol) -> Option<usize> {
        self.zones
            .iter()
            .position(|known| known.id == zone || known.name == zone)
    }

    /// The types as seen under a node class, in the order of [`Catalog::types`]: its capacity and allocatable, and no available
    /// offering outside its zones or where its images do not boot (spec/karpenter.md 2.6, 3.1).
    #[must_use]
    pub fn under(&self, node_class: &NodeClassParams) -> Vec<InstanceType> {
        self.types
            .iter()
            .zip(&self.facts)
            .map(|(seen, facts)| self.seen_under(seen, facts, node_class))
            .collect()
    }

    fn seen_under(
        &self,
        default: &InstanceType,
        facts: &TypeFacts,
        node_class: &NodeClassParams,
    ) -> InstanceType {
        let subnets = node_class.zones.as_ref();
        let has_subnet = |zone: Symbol| subnets.is_none_or(|zones| zones.contains(&zone));
        let boots = node_class.ami_family.boots_on(&facts.family);
        let mut seen = default.clone();
        seen.capacity = capacity(facts, node_class);
        seen.allocatable = allocatable(facts, node_class);
        for offering in &mut seen.offerings {
            offering.available &= boots && has_subnet(offering.zone);
        }
        let zones = seen.offerings.iter().map(|offering| offering.zone);
        let zones = zones.filter(|&zone| has_subnet(zone)).collect();
        set_zones(&mut seen.requirements, zones);
        if node_class.ami_family.os() == "windows" {
            seen.requirements
                .set(key::OS, Requirement::of(vec![self.windows]));
        }
        seen
    }

    /// Adds to types as seen under a node class what its capacity reservations offer, in the order given (spec/karpenter.md 3.1).
    pub fn reserve(
        &self,
        types: &mut [InstanceType],
        reservations: &[&CapacityReservation],
        labels: ReservationLabels,
    ) {
        for reservation in reservations {
            let id = reservation.instance_type;
            let on_demand = self.terms(id).on_demand.map(|terms| terms.price);
            let seen = &mut types[id.index()];
            let usable = |offering: &Offering| {
                offering.zone == reservation.zone
                    && offering.capacity_type == CapacityType::OnDemand
                    && offering.available
            };
            let mut offering = reservation.offering(on_demand.unwrap_or_default(), labels);
            offering.available = seen.offerings.iter().any(usable);
            for (label, requirement) in offering.requirements.iter() {
                let told = match label {
                    key::ZONE | key::ZONE_ID => continue,
                    _ => seen
                        .requirements
                        .get(label)
                        .map_or(&[][..], Requirement::values),
                };
                let all = told.iter().chain(requirement.values()).copied().collect();
                seen.requirements.set(label, Requirement::of(all));
            }
            seen.offerings.push(offering);
        }
    }

    fn admit(&mut self, facts: TypeFacts, terms: TypeTerms, symbols: &mut Symbols) {
        let default = NodeClassParams::default();
        let name = symbols.intern(&facts.instance_type);
        let offerings = offerings(&terms, &self.zones, symbols);
        let mut requirements = labels::of_type(&facts, self.region, symbols);
        set_zones(
            &mut requirements,
            offerings.iter().map(|o| o.zone).collect(),
        );
        let capacity_types = offerings
            .iter()
            .map(|o| symbols.intern(o.capacity_type.label()));
        requirements.set(
            key::CAPACITY_TYPE,
            Requirement::of(capacity_types.collect()),
        );
        self.ids
            .insert(name, InstanceTypeId(self.types.len() as u16));
        self.types.push(InstanceType {
            name,
            requirements,
            capacity: capacity(&facts, &default),
            allocatable: allocatable(&facts, &default),
            offerings,
        });
        self.facts.push(facts);
        self.terms.push(terms);
    }
}

fn set_zones(requirements: &mut Requirements, zones: Vec<Symbol>) {
    requirements.set(key::ZONE_ID, Requirement::of(zones.clone()));
    requirements.set(key::ZONE, Requirement::of(zones));
}

/// On-demand, then spot, in every zone that has the type; none at all without an on-demand price.
fn offerings(terms: &TypeTerms, zones: &[Zone], symbols: &mut Symbols) -> Vec<Offering> {
    let mut offerings = Vec::new();
    for &place in &terms.zones {
        let on_demand = terms.on_demand.map(|terms| terms.price);
        let spot = terms.spot_price(place).map(|(price, _)| price);
        let ways = [
            (CapacityType::OnDemand, on_demand),
            (CapacityType::Spot, spot),
        ];
        let zone = zones[place].id;
        for (capacity_type, price) in ways {
            let label = symbols.intern(capacity_type.label());
            offerings.extend(price.map(|price| Offering {
                zone,
                capacity_type,
                price,
                available: true,
                requirements: labels::of_offering(zone, label),
                reservation: None,
            }));
        }
    }
    offerings
}

#[cfg(test)]
mod tests;
