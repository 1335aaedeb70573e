//! Which offerings may a claim use, and at what price? (spec/karpenter.md 1.14, 3.2, 4.8)

use crate::api::{Requirements, Symbol, Symbols};
use crate::cloud::{CapacityType, InstanceType, Offering, Price};
use crate::des::{SimDuration, SimTime};

/// How often prices are looked up (0.1).
const PRICES_LOOKED_UP_EVERY: SimDuration = SimDuration::from_secs(12 * 3_600);
/// How long offerings are kept as they were found (0.1).
const OFFERINGS_KEPT: SimDuration = SimDuration::from_secs(5 * 60);

/// Which spot prices are known? They are looked up every 12 h, first at the start, and a new one can take 5 min more to be seen
/// (3.1). Offerings of all types are kept and renewed together, where upstream renews a type alone when it meets insufficient capacity.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PriceCache {
    /// When the offerings were last renewed; none if they must be.
    filled: Option<SimTime>,
    looked_up: SimTime,
}

impl PriceCache {
    /// Whether offerings asked for now are to be renewed.
    #[must_use]
    pub fn is_stale(&self, now: SimTime) -> bool {
        self.filled
            .is_none_or(|filled| now.saturating_since(filled) >= OFFERINGS_KEPT)
    }

    /// Offerings are renewed; whether prices were looked up since the last time, or it was never done.
    pub fn fill(&mut self, now: SimTime) -> bool {
        let period = PRICES_LOOKED_UP_EVERY.as_micros();
        let looked_up = SimTime::from_micros(now.as_micros() / period * period);
        let known = self.filled.replace(now).is_some();
        std::mem::replace(&mut self.looked_up, looked_up) != looked_up || !known
    }

    /// What is kept is void.
    pub fn forget(&mut self) {
        self.filled = None;
    }

    /// When the known prices were looked up.
    #[must_use]
    pub const fn looked_up(&self) -> SimTime {
        self.looked_up
    }
}

/// Whether an instance of this type can meet the requirements of a claim; keys the claim leaves open are open if they are well known.
#[must_use]
pub fn type_compatible(claim: &Requirements, kind: &InstanceType, symbols: &Symbols) -> bool {
    let conflict = claim.incompatible(&kind.requirements, true, symbols);
    conflict.is_none()
}

/// The available offerings of a type that a claim may use.
pub fn available<'a>(
    claim: &'a Requirements,
    kind: &'a InstanceType,
    symbols: &'a Symbols,
) -> impl Iterator<Item = &'a Offering> {
    let compatible =
        move |o: &&Offering| claim.incompatible(&o.requirements, true, symbols).is_none();
    kind.offerings
        .iter()
        .filter(|offering| offering.available)
        .filter(compatible)
}

/// The least price a claim could pay for this type now.
#[must_use]
pub fn cheapest(claim: &Requirements, kind: &InstanceType, symbols: &Symbols) -> Option<Price> {
    available(claim, kind, symbols).map(|o| o.price).min()
}

/// The most a launch of this type may cost (4.8): of the compatible available offerings, those of the first capacity type in the order
/// reserved, spot, on-demand, and among them the dearest zone.
#[must_use]
pub fn worst_launch_price(
    claim: &Requirements,
    kind: &InstanceType,
    symbols: &Symbols,
) -> Option<Price> {
    let preferred = available(claim, kind, symbols)
        .map(|o| o.capacity_type)
        .min()?;
    available(claim, kind, symbols)
        .filter(|o| o.capacity_type == preferred)
        .map(|o| o.price)
        .max()
}

/// Sorts places in `types` by the cheapest price a claim could pay, types without an offering last (*OrderByPrice*, 1.14). Equal
/// prices go by place, where upstream's order is unspecified (0.3).
pub fn order_by_price(
    places: &mut [usize],
    types: &[InstanceType],
    claim: &Requirements,
    symbols: &Symbols,
) {
    places.sort_by_cached_key(|&place| {
        let price = cheapest(claim, &types[place], symbols);
        (price.is_none(), price, place)
    });
}

/// How many of the types, taken in their order, it takes to offer every `minValues` of the claim; 0 if it has none.
///
/// # Errors
/// The first label of which there are too few values even among all types.
pub fn types_for_min_values<'a>(
    claim: &Requirements,
    types: impl Iterator<Item = &'a InstanceType> + Clone,
) -> Result<usize, Symbol> {
    let wanted = claim
        .iter()
        .filter_map(|(key, set)| set.min_values().map(|least| (key, least as usize)));
    let mut needed = 0;
    for (key, least) in wanted {
        let mut seen: Vec<Symbol> = Vec::new();
        let mut taken = 0;
        let mut rest = types.clone();
        while seen.len() < least {
            let kind = rest.next().ok_or(key)?;
            taken += 1;
            let values = kind
                .requirements
                .get(key)
                .map_or(&[][..], |set| set.values());
            seen.extend_from_slice(values);
            seen.sort_unstable();
            seen.dedup();
        }
        needed = needed.max(taken);
    }
    Ok(needed)
}

/// Whether the claim asks for several values of any label.
#[must_use]
pub fn has_min_values(claim: &Requirements) -> bool {
    claim.iter().any(|(_, set)| set.min_values().is_some())
}

/// Whether the claim may be launched with this capacity type.
#[must_use]
pub fn allows(claim: &Requirements, capacity_type: CapacityType, symbols: &Symbols) -> bool {
    // A name nobody has interned stands in no requirement, so that only an open requirement allows it.
    let set = claim.get(crate::api::key::CAPACITY_TYPE);
    set.is_none_or(|set| {
        symbols
            .get(capacity_type.label())
            .is_some_and(|label| set.has(label, symbols))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Requirement, key};
    use crate::karpenter::fixture::{Fixture, ON_DEMAND, SPOT, mills_per_hour};

    #[test]
    fn the_worst_price_is_the_dearest_zone_of_the_preferred_capacity_type() {
        let mut f = Fixture::new();
        f.kind(
            "m5.large",
            &[("a", SPOT, 50), ("b", SPOT, 90), ("a", ON_DEMAND, 200)],
        );
        let worst = |claim: &Requirements| worst_launch_price(claim, &f.types[0], &f.symbols);
        assert_eq!(worst(&Requirements::new()), Some(mills_per_hour(90)));
        let in_a = f.claim(&[(key::ZONE, &["a"])]);
        assert_eq!(worst(&in_a), Some(mills_per_hour(50)));
        let on_demand = f.claim(&[(key::CAPACITY_TYPE, &["on-demand"])]);
        assert_eq!(worst(&on_demand), Some(mills_per_hour(200)));
        let nowhere = f.claim(&[(key::ZONE, &["b"]), (key::CAPACITY_TYPE, &["on-demand"])]);
        assert_eq!(worst(&nowhere), None);
    }

    #[test]
    fn what_is_unavailable_has_no_price() {
        let mut f = Fixture::new();
        f.kind("m5.large", &[("a", SPOT, 50), ("a", ON_DEMAND, 200)]);
        f.types[0].offerings[0].available = false;
        let open = Requirements::new();
        assert_eq!(
            cheapest(&open, &f.types[0], &f.symbols),
            Some(mills_per_hour(200))
        );
    }

    #[test]
    fn types_without_an_offering_come_last_and_ties_keep_their_place() {
        let mut f = Fixture::new();
        f.kind("m5.large", &[("b", SPOT, 10)]);
        f.kind("m6.large", &[("a", SPOT, 30)]);
        f.kind("m7.large", &[("a", SPOT, 20)]);
        f.kind("m8.large", &[("a", SPOT, 20)]);
        let mut places = vec![3, 0, 1, 2];
        let in_a = f.claim(&[(key::ZONE, &["a"])]);
        order_by_price(&mut places, &f.types, &in_a, &f.symbols);
        assert_eq!(places, [2, 3, 1, 0]);
    }

    #[test]
    fn min_values_count_distinct_values_in_order() {
        let mut f = Fixture::new();
        for name in ["m5.large", "c5.large", "r5.xlarge", "r5.2xlarge"] {
            f.kind(name, &[("a", SPOT, 10)]);
        }
        let needed = |least| {
            let mut claim = Requirements::new();
            let set = Requirement::any().with_min_values(Some(least));
            claim.set(key::INSTANCE_SIZE, set);
            types_for_min_values(&claim, f.types.iter())
        };
        assert_eq!(needed(1), Ok(1));
        assert_eq!(needed(2), Ok(3));
        assert_eq!(needed(3), Ok(4));
        assert_eq!(needed(4), Err(key::INSTANCE_SIZE));
        assert_eq!(
            types_for_min_values(&Requirements::new(), f.types.iter()),
            Ok(0)
        );
    }

    #[test]
    fn prices_are_looked_up_twice_a_day_and_seen_within_five_minutes() {
        let at = SimTime::from_secs;
        const HALF_DAY: u64 = 12 * 3_600;
        let mut cache = PriceCache::default();
        assert!(cache.is_stale(at(7)));
        assert!(cache.fill(at(7)));
        assert!(!cache.fill(at(HALF_DAY - 10)));
        assert_eq!(cache.looked_up(), at(0));
        assert!(!cache.is_stale(at(HALF_DAY + 289)));
        assert!(cache.is_stale(at(HALF_DAY + 290)));
        assert!(cache.fill(at(HALF_DAY + 290)));
        assert_eq!(cache.looked_up(), at(HALF_DAY));
        cache.forget();
        assert!(cache.is_stale(at(HALF_DAY + 291)));
    }

    #[test]
    fn an_open_requirement_allows_every_capacity_type() {
        let f = Fixture::new();
        let spot_only = f.claim(&[(key::CAPACITY_TYPE, &["spot"])]);
        assert!(allows(&Requirements::new(), ON_DEMAND, &f.symbols));
        assert!(allows(&spot_only, SPOT, &f.symbols));
        assert!(!allows(&spot_only, ON_DEMAND, &f.symbols));
    }
}
