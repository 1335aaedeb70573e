//! What a scenario may say about the market.

use super::{BusinessHours, Outage, Pool, PoolRecord};
use crate::api::Symbol;
use crate::cloud::InstanceTypeId;
use crate::cloud::catalog::TypeFacts;
use crate::des::SimTime;

/// The level of the market, its hours, and what is forced upon it.
#[derive(Clone, PartialEq, Debug)]
pub struct MarketSettings {
    /// Outages per time over what the Spot Instance Advisor's bands give; 0 for none.
    pub hazard_scale: f64,
    /// When in the week outages come.
    pub business_hours: BusinessHours,
    /// Standard deviation of a day's price step, as a fraction: 1-2 % (spec/kubernetes.md 8.4); 0 for constant prices.
    pub price_step: f64,
    /// Outages that come whatever the draws say.
    pub droughts: Vec<Drought>,
    /// What real pools did, by pool, ascending.
    pub records: Vec<PoolRecord>,
}

impl Default for MarketSettings {
    fn default() -> Self {
        Self {
            hazard_scale: 1.0,
            business_hours: BusinessHours::default(),
            price_step: 0.015,
            droughts: Vec::new(),
            records: Vec::new(),
        }
    }
}

/// Pools without capacity for a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drought {
    /// Families such as `g5`; a type is struck if it is named here or in `types`, every type if both are empty.
    pub families: Vec<String>,
    /// Types such as `g5.xlarge`.
    pub types: Vec<String>,
    /// Zone ids; every zone if empty.
    pub zones: Vec<String>,
    /// Whether on-demand launches fail too. Running on-demand instances are never reclaimed.
    pub on_demand_too: bool,
    /// When it begins.
    pub from: SimTime,
    /// When it ends.
    pub until: SimTime,
}

impl Drought {
    fn strikes(&self, facts: &TypeFacts, zone_id: &str) -> bool {
        let every_type = self.families.is_empty() && self.types.is_empty();
        let this_type =
            self.families.contains(&facts.family) || self.types.contains(&facts.instance_type);
        let zone = self.zones.is_empty() || self.zones.iter().any(|zone| zone == zone_id);
        zone && (every_type || this_type)
    }
}

/// Events from here on are droughts; the market's own stay below.
const FIRST_DROUGHT_EVENT: u32 = 1 << 31;

impl MarketSettings {
    /// What was recorded of a pool.
    pub(super) fn record_of(
        &self,
        instance_type: InstanceTypeId,
        zone: Symbol,
    ) -> Option<&PoolRecord> {
        let pool = Pool {
            instance_type,
            zone,
        };
        let place = self
            .records
            .binary_search_by_key(&pool, |record| record.pool);
        place.ok().map(|place| &self.records[place])
    }

    /// The droughts that strike a pool, each with whether on-demand is struck too.
    pub(super) fn droughts_of(&self, facts: &TypeFacts, zone_id: &str) -> Vec<(Outage, bool)> {
        (FIRST_DROUGHT_EVENT..)
            .zip(&self.droughts)
            .filter(|(_, drought)| drought.strikes(facts, zone_id))
            .map(|(event, drought)| {
                let (from, until) = (drought.from, drought.until);
                (Outage { event, from, until }, drought.on_demand_too)
            })
            .collect()
    }
}
