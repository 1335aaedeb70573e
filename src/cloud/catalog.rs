//! Which instance types does a region offer, in which zones, with which labels, at which prices (spec/karpenter.md 2.6, 3.1)?

mod facts;
mod labels;
mod region;

use rustc_hash::FxHashMap;
use thiserror::Error;

use super::allocatable::{allocatable, capacity};
use super::market::pool_identity;
use super::node_class::NodeClassParams;
use super::{CapacityType, InstanceType, InstanceTypeId, Offering, Price};
use crate::api::{Requirement, Requirements, Symbol, Symbols, key};
use crate::des::{Purpose, StreamKey};

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

/// Most the spot price of a zone differs from the advisor's figure for the region, in parts per million: the zones of a region
/// whose prices were seen differ by about this much for the types that are much used.
const ZONE_SPREAD_PPM: u64 = 50_000;
/// The draw of a pool's key that sets its zone apart; the market's draws stay far below.
const SPREAD_DRAW: u64 = u64::MAX;

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
                catalog.admit(facts, terms, region, symbols);
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
        let has_subnet = |zone: Symbol| {
            node_class
                .zones
                .as_ref()
                .is_none_or(|zones| zones.contains(&zone))
        };
        let boots = node_class.ami_family.boots_on(&facts.family);
        let mut seen = default.clone();
        seen.capacity = capacity(facts, node_class);
        seen.allocatable = allocatable(facts, node_class);
        for offering in &mut seen.offerings {
            offering.available &= boots && has_subnet(offering.zone);
        }
        if let Some(zones) = default.requirements.get(key::ZONE) {
            let zones = zones
                .values()
                .iter()
                .copied()
                .filter(|&zone| has_subnet(zone));
            set_zones(&mut seen.requirements, zones.collect());
        }
        if node_class.ami_family.os() == "windows" {
            seen.requirements
                .set(key::OS, Requirement::of(vec![self.windows]));
        }
        seen
    }

    fn admit(
        &mut self,
        facts: TypeFacts,
        terms: TypeTerms,
        region: &Region,
        symbols: &mut Symbols,
    ) {
        let default = NodeClassParams::default();
        let name = symbols.intern(&facts.instance_type);
        let offerings = offerings(&facts, &terms, region, symbols);
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
fn offerings(
    facts: &TypeFacts,
    terms: &TypeTerms,
    region: &Region,
    symbols: &mut Symbols,
) -> Vec<Offering> {
    let Some(on_demand) = terms.on_demand else {
        return Vec::new();
    };
    let mut offerings = Vec::new();
    for &place in &terms.zones {
        let zone_id = region.zones[place].0;
        let spot = terms.spot_price(place, &facts.instance_type, zone_id);
        let ways = [
            Some((CapacityType::OnDemand, on_demand.price)),
            spot.map(|(price, _)| (CapacityType::Spot, price)),
        ];
        let zone = symbols.intern(zone_id);
        for (capacity_type, price) in ways.into_iter().flatten() {
            let label = symbols.intern(capacity_type.label());
            offerings.push(Offering {
                zone,
                capacity_type,
                price,
                available: true,
                requirements: labels::of_offering(zone, label),
            });
        }
    }
    offerings
}

impl TypeTerms {
    /// The spot price in the zone at `place`, and where it comes from: seen, or on-demand less the advisor's savings, moved by a
    /// fixed amount of its own for each zone.
    #[must_use]
    pub fn spot_price(
        &self,
        place: usize,
        type_name: &str,
        zone_id: &str,
    ) -> Option<(Price, SpotPriceSource)> {
        let (on_demand, spot) = (self.on_demand?, self.spot.as_ref()?);
        if let Some(observed) = spot.observed[place] {
            return Some((observed, SpotPriceSource::Observed));
        }
        let spread = StreamKey {
            seed: 0, // the catalogue is the same in every run
            purpose: Purpose::SpotMarket,
            entity: pool_identity(type_name, zone_id),
        };
        let spread_ppm =
            1_000_000 - ZONE_SPREAD_PPM + spread.below(SPREAD_DRAW, 2 * ZONE_SPREAD_PPM + 1);
        let share = u128::from(100 - u64::from(spot.savings_percent)) * u128::from(spread_ppm);
        let nanos = u128::from(on_demand.price.0) * share / 100_000_000;
        let source = match spot.source {
            SpotSource::Advisor => SpotPriceSource::Advisor,
            SpotSource::Estimated => SpotPriceSource::Estimated,
        };
        Some((Price(nanos as u64), source))
    }
}

#[cfg(test)]
mod tests;
