//! What does the spot market do, whatever anyone buys (spec/kubernetes.md 8)?
//!
//! Every pool, a type in a zone, is up or down by itself: a path drawn from the pool's own random numbers, so two configurations
//! compared under one seed meet the same market. When a pool goes down a share of its instances is reclaimed within minutes, all in one
//! pool together, which is how interruptions come (92 % of co-interruptions happen inside one type and zone, 8.3). Prices
//! move on a path of their own and never tell of an interruption (8.4).
//!
//! Paths are drawn as far as they are asked for and kept; the answer never depends on the order of the questions.

mod hours;
mod path;
mod record;
mod settings;

#[cfg(test)]
mod tests;

use super::billing::PricePath;
use super::fleet::Capacity;
use super::{CapacityType, Catalog, InstanceTypeId, Price};
use crate::api::{Symbol, Symbols};
use crate::des::{Purpose, SimDuration, SimTime, StreamKey};
use path::SpotPath;

pub use hours::BusinessHours;
pub use record::PoolRecord;
pub use settings::{Drought, MarketSettings};

/// From the notice to the end of a spot instance (spec/karpenter.md 0.1).
pub const NOTICE: SimDuration = SimDuration::from_secs(120);
/// Notices of one outage come within this span (spec/kubernetes.md 8.4).
pub const NOTICES_WITHIN: SimDuration = SimDuration::from_secs(180);
/// A pool is thin this long before and after an outage. An assumption: EC2 sees a pool run dry before its customers do.
pub const THIN_AROUND_OUTAGE: SimDuration = SimDuration::from_secs(3_600);

/// A type in a zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pool {
    /// The type.
    pub instance_type: InstanceTypeId,
    /// The zone, as in [`super::Offering::zone`].
    pub zone: Symbol,
}

/// The identity of a pool: the same number for the same names in every run and every catalogue.
#[must_use]
pub fn pool_identity(type_name: &str, zone_id: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = type_name.bytes().chain([b'/']).chain(zone_id.bytes());
    bytes.fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    })
}

/// A time without capacity in a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outage {
    /// The place of the outage in the life of its pool; part of the address of the draws that decide whom it hits.
    pub event: u32,
    /// Launches fail from here on, and instances are reclaimed.
    pub from: SimTime,
    /// Launches succeed again.
    pub until: SimTime,
}

impl Outage {
    /// One that does not come.
    const fn never(event: u32) -> Self {
        Self {
            event,
            from: SimTime::MAX,
            until: SimTime::MAX,
        }
    }
}

/// The path of every pool of a region. Questions about a pool need a zone that has the type; spot prices and outages of a type that
/// is not sold as spot there panic.
#[derive(Clone, Debug)]
pub struct SpotMarket {
    zones: Vec<Symbol>,
    /// By type and zone place; `None` where the zone lacks the type.
    pools: Vec<Option<PoolState>>,
}

#[derive(Clone, Debug)]
struct PoolState {
    /// `None` where the type is not sold as spot.
    spot: Option<SpotPath>,
    /// Each with whether on-demand is struck too.
    droughts: Vec<(Outage, bool)>,
}

impl SpotMarket {
    /// The market of the catalogue's region under a seed.
    #[must_use]
    pub fn new(catalog: &Catalog, symbols: &Symbols, seed: u64, settings: &MarketSettings) -> Self {
        let zones: Vec<Symbol> = catalog.zones.iter().map(|zone| zone.id).collect();
        let mut pools = vec![None; catalog.types.len() * zones.len()];
        for id in catalog.ids() {
            let (facts, terms) = (catalog.facts(id), catalog.terms(id));
            for &place in &terms.zones {
                let zone = symbols.name(zones[place]);
                let key = StreamKey {
                    seed,
                    purpose: Purpose::SpotMarket,
                    entity: pool_identity(&facts.instance_type, &zone),
                };
                let spot = terms.spot.as_ref().zip(terms.on_demand);
                pools[id.index() * zones.len() + place] = Some(PoolState {
                    spot: spot.map(|(spot, on_demand)| {
                        let prices = spot.prices[place].0..=on_demand.price;
                        let record = settings.record_of(id, zones[place]);
                        SpotPath::new(key, facts, spot.bucket, prices, settings, record)
                    }),
                    droughts: settings.droughts_of(facts, &zone),
                });
            }
        }
        Self { zones, pools }
    }

    /// Whether a spot launch in the pool succeeds at `at`.
    pub fn is_up(&mut self, pool: Pool, at: SimTime) -> bool {
        self.capacity(pool, CapacityType::Spot, at) > Capacity::None
    }

    /// The first outage of the pool's spot capacity that begins after `after`; of two that begin together, the drought.
    pub fn next_down(&mut self, pool: Pool, after: SimTime) -> Option<Outage> {
        let state = self.state(pool);
        let own = state.spot().next_outage(after);
        let droughts = state.droughts.iter().map(|&(outage, _)| outage);
        droughts
            .filter(|outage| outage.from > after)
            .chain(own)
            .min_by_key(|outage| outage.from)
    }

    /// What the pool has left for one more instance at `at`. Spot is [`Capacity::Thin`] within [`THIN_AROUND_OUTAGE`] of an outage;
    /// on-demand runs dry in droughts alone. Reservations are not the market's: what they have left is asked of them.
    pub fn capacity(&mut self, pool: Pool, capacity_type: CapacityType, at: SimTime) -> Capacity {
        let state = self.state(pool);
        let spot = capacity_type == CapacityType::Spot;
        let struck = |&(outage, on_demand_too): &(Outage, bool)| {
            outage.from <= at && at < outage.until && (spot || on_demand_too)
        };
        match capacity_type {
            CapacityType::Reserved => Capacity::Ample,
            _ if state.droughts.iter().any(struck) => Capacity::None,
            CapacityType::Spot => state.spot().capacity(at),
            CapacityType::OnDemand => Capacity::Ample,
        }
    }

    /// When the instance with this ordinal among all ever launched in the pool gets its notice in an outage, if the outage hits it. It
    /// ends [`NOTICE`] later.
    #[must_use]
    pub fn notice(&self, pool: Pool, outage: &Outage, ordinal: u32) -> Option<SimTime> {
        let spot = self.pools[self.index(pool)].as_ref();
        let spot = spot.and_then(|state| state.spot.as_ref());
        spot?.notice(outage, ordinal)
    }

    /// The spot price at `at`.
    pub fn price(&mut self, pool: Pool, at: SimTime) -> Price {
        self.state(pool).spot().price(at)
    }

    /// The spot price from `from` until `until`, with every change.
    pub fn price_path(&mut self, pool: Pool, from: SimTime, until: SimTime) -> PricePath {
        self.state(pool).spot().price_path(from, until)
    }

    fn state(&mut self, pool: Pool) -> &mut PoolState {
        let index = self.index(pool);
        let state = self.pools[index].as_mut();
        state.expect("pools lie in zones that have their type")
    }

    fn index(&self, pool: Pool) -> usize {
        let place = self.zones.iter().position(|&zone| zone == pool.zone);
        let place = place.expect("pools lie in zones of the catalogue");
        pool.instance_type.index() * self.zones.len() + place
    }
}

impl PoolState {
    fn spot(&mut self) -> &mut SpotPath {
        self.spot.as_mut().expect("the pool is sold as spot")
    }
}
