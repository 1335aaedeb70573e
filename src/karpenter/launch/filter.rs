//! Which types and offerings does a launch keep? The filters of spec/karpenter.md 3.2 in their order.

use crate::api::{Resource, key};
use crate::cloud::{CapacityType, InstanceType, Offering, Price};

use super::super::offerings;
use super::{Launch, MOST_TYPES, NothingToLaunch};

/// A filter of 3.2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filter {
    /// Labels, size and at least one available offering.
    CompatibleAvailable,
    /// Nothing but reserved capacity, where there is any.
    CapacityReservationType,
    /// Of the reservations in a pool, the one with most left.
    ReservedOffering,
    /// Bare metal and accelerators only if there is nothing else.
    Exotic,
    /// Spot only below the cheapest on-demand price.
    SpotOffering,
    /// The 60 cheapest, with `minValues` kept.
    Truncate,
}

/// A type with the offerings a launch may still use.
#[derive(Clone, Debug)]
pub(super) struct Kept<'a> {
    /// Place in the catalog.
    pub(super) kind: usize,
    pub(super) offerings: Vec<&'a Offering>,
}

impl Kept<'_> {
    pub(super) fn offers(&self, capacity_type: CapacityType) -> bool {
        self.offerings
            .iter()
            .any(|offering| offering.capacity_type == capacity_type)
    }

    fn cheapest(&self) -> Option<Price> {
        self.offerings.iter().map(|offering| offering.price).min()
    }
}

/// How many types each filter left.
pub(super) type Passed = Vec<(Filter, usize)>;

/// The types that pass every filter, cheapest first; never empty.
pub(super) fn apply<'a>(launch: &Launch<'a>) -> Result<(Vec<Kept<'a>>, Passed), NothingToLaunch> {
    let mut passed = Vec::new();
    let mut types = launch.types.len();
    let mut some = |kept: Vec<Kept<'a>>, filter| {
        if kept.is_empty() {
            return Err(NothingToLaunch { filter, types });
        }
        types = kept.len();
        passed.push((filter, types));
        Ok(kept)
    };
    let kept = some(compatible_available(launch), Filter::CompatibleAvailable)?;
    let kept = if offers_reserved(launch, &kept) {
        let kept = some(reserved_alone(kept), Filter::CapacityReservationType)?;
        some(largest_reservations(kept), Filter::ReservedOffering)?
    } else {
        kept
    };
    let kept = some(without_exotic(launch, kept), Filter::Exotic)?;
    let kept = some(without_dear_spot(launch, kept), Filter::SpotOffering)?;
    let kept = some(truncated(launch, kept), Filter::Truncate)?;
    Ok((kept, passed))
}

fn compatible_available<'a>(launch: &Launch<'a>) -> Vec<Kept<'a>> {
    let fits = |kind: &InstanceType| {
        launch.requests.fits(&kind.allocatable)
            && offerings::type_compatible(launch.requirements, kind, launch.symbols)
    };
    launch
        .types
        .iter()
        .map(|&place| (place, &launch.catalog[place]))
        .filter(|(_, kind)| fits(kind))
        .map(|(place, kind)| Kept {
            kind: place,
            offerings: offerings::available(launch.requirements, kind, launch.symbols).collect(),
        })
        .filter(|kept| !kept.offerings.is_empty())
        .collect()
}

/// Whether the claim may be launched into a reservation; where it cannot be, the two filters of reservations leave everything.
fn offers_reserved(launch: &Launch<'_>, kept: &[Kept<'_>]) -> bool {
    let reserved = CapacityType::Reserved;
    kept.iter().any(|kept| kept.offers(reserved))
        && offerings::allows(launch.requirements, reserved, launch.symbols)
}

fn reserved_alone(mut kept: Vec<Kept<'_>>) -> Vec<Kept<'_>> {
    for kept in &mut kept {
        kept.offerings
            .retain(|offering| offering.capacity_type == CapacityType::Reserved);
    }
    kept.retain(|kept| !kept.offerings.is_empty());
    kept
}

/// CreateFleet takes one reservation for each type and zone. Of two with as much left, the first.
fn largest_reservations(mut kept: Vec<Kept<'_>>) -> Vec<Kept<'_>> {
    let left = |offering: &Offering| offering.reservation.map_or(0, |held| held.capacity);
    for kept in &mut kept {
        let mut largest: Vec<&Offering> = Vec::new();
        for &offering in &kept.offerings {
            match largest.iter_mut().find(|known| known.zone == offering.zone) {
                Some(known) if left(offering) > left(known) => *known = offering,
                Some(_) => {}
                None => largest.push(offering),
            }
        }
        kept.offerings = largest;
    }
    kept
}

fn without_exotic<'a>(launch: &Launch<'a>, kept: Vec<Kept<'a>>) -> Vec<Kept<'a>> {
    let exotic = |kept: &Kept<'_>| is_exotic(&launch.catalog[kept.kind], launch);
    if offerings::has_min_values(launch.requirements) || kept.iter().all(exotic) {
        return kept;
    }
    kept.into_iter().filter(|kept| !exotic(kept)).collect()
}

fn is_exotic(kind: &InstanceType, launch: &Launch<'_>) -> bool {
    const ACCELERATORS: [Resource; 5] = [
        Resource::NvidiaGpu,
        Resource::AmdGpu,
        Resource::Gaudi,
        Resource::Neuron,
        Resource::NeuronCore,
    ];
    let sizes = kind.requirements.get(key::INSTANCE_SIZE);
    let metal = sizes.is_some_and(|sizes| {
        let mut names = sizes.values().iter().map(|&size| launch.symbols.name(size));
        names.any(|name| name.contains("metal"))
    });
    metal
        || ACCELERATORS
            .iter()
            .any(|&kind_of| kind.capacity[kind_of] != 0)
}

/// Only for a claim that allows both and is offered both; on-demand offerings are untouched.
fn without_dear_spot<'a>(launch: &Launch<'a>, mut kept: Vec<Kept<'a>>) -> Vec<Kept<'a>> {
    let allows = |kind| offerings::allows(launch.requirements, kind, launch.symbols);
    let both = allows(CapacityType::Spot) && allows(CapacityType::OnDemand);
    if !both || offerings::has_min_values(launch.requirements) {
        return kept;
    }
    let every = kept.iter().flat_map(|kept| &kept.offerings);
    let on_demand = every.filter(|o| o.capacity_type == CapacityType::OnDemand);
    let Some(most) = on_demand.map(|offering| offering.price).min() else {
        return kept;
    };
    for kept in &mut kept {
        kept.offerings
            .retain(|o| o.capacity_type != CapacityType::Spot || o.price <= most);
    }
    kept.retain(|kept| !kept.offerings.is_empty());
    kept
}

/// The cheapest types by any capacity type the claim allows; none if they no longer offer its `minValues`.
fn truncated<'a>(launch: &Launch<'a>, mut kept: Vec<Kept<'a>>) -> Vec<Kept<'a>> {
    kept.sort_by_key(|kept| (kept.cheapest(), kept.kind));
    kept.truncate(MOST_TYPES);
    let types = kept.iter().map(|kept| &launch.catalog[kept.kind]);
    if offerings::types_for_min_values(launch.requirements, types).is_err() {
        return Vec::new();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Requirement, Requirements, Resources};
    use crate::karpenter::fixture::{Fixture, ON_DEMAND, SPOT};

    fn kept(f: &Fixture, claim: &Requirements) -> Result<Vec<(String, usize)>, NothingToLaunch> {
        let types: Vec<usize> = (0..f.types.len()).collect();
        let launch = Launch {
            requirements: claim,
            requests: &Resources::cpu_memory(1_000, 1 << 30),
            types: &types,
            catalog: &f.types,
            symbols: &f.symbols,
        };
        let named = |kept: Kept<'_>| {
            let name = f.symbols.name(f.types[kept.kind].name).into_owned();
            (name, kept.offerings.len())
        };
        Ok(apply(&launch)?.0.into_iter().map(named).collect())
    }

    fn names(f: &Fixture, claim: &Requirements) -> Vec<String> {
        kept(f, claim)
            .unwrap()
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    fn with_gpu(f: &mut Fixture, place: usize) {
        f.types[place].capacity[Resource::NvidiaGpu] = 1;
    }

    #[test]
    fn exotic_types_only_if_there_is_nothing_else() {
        let mut f = Fixture::new();
        f.kind("m5.metal", &[("a", ON_DEMAND, 4_600)]);
        let gpu = f.kind("g5.xlarge", &[("a", ON_DEMAND, 1_000)]);
        with_gpu(&mut f, gpu);
        let open = Requirements::new();
        assert_eq!(names(&f, &open), ["g5.xlarge", "m5.metal"]);
        f.kind("m5.large", &[("a", ON_DEMAND, 96)]);
        assert_eq!(names(&f, &open), ["m5.large"]);
        let mut flexible = Requirements::new();
        let set = Requirement::any().with_min_values(Some(2));
        flexible.set(key::INSTANCE_TYPE, set);
        assert_eq!(names(&f, &flexible), ["m5.large", "g5.xlarge", "m5.metal"]);
    }

    #[test]
    fn spot_above_the_cheapest_on_demand_price_is_dropped() {
        let mut f = Fixture::new();
        f.kind(
            "m5.large",
            &[("a", ON_DEMAND, 96), ("a", SPOT, 30), ("b", SPOT, 97)],
        );
        f.kind("m6.large", &[("a", SPOT, 96)]);
        f.kind("m7.large", &[("a", SPOT, 97)]);
        let left = kept(&f, &Requirements::new()).unwrap();
        assert_eq!(left, [("m5.large".into(), 2), ("m6.large".into(), 1)]);
        let spot_only = f.claim(&[(key::CAPACITY_TYPE, &["spot"])]);
        assert_eq!(names(&f, &spot_only).len(), 3);
    }

    #[test]
    fn the_sixty_cheapest_remain_if_they_keep_the_min_values() {
        let mut f = Fixture::new();
        for n in 0..70 {
            f.kind(&format!("m{n}.large"), &[("a", ON_DEMAND, 500 - n)]);
        }
        let flexible = |least| {
            let mut claim = Requirements::new();
            let set = Requirement::any().with_min_values(Some(least));
            claim.set(key::INSTANCE_TYPE, set);
            claim
        };
        let left = names(&f, &flexible(60));
        assert_eq!(left.len(), 60);
        assert_eq!(
            (left[0].as_str(), left[59].as_str()),
            ("m69.large", "m10.large")
        );
        let refused = kept(&f, &flexible(61)).unwrap_err();
        assert_eq!((refused.filter, refused.types), (Filter::Truncate, 70));
    }

    #[test]
    fn what_is_too_small_or_sold_out_is_no_choice() {
        let mut f = Fixture::new();
        f.kind("m5.large", &[("a", SPOT, 30)]);
        f.kind("m6.large", &[("a", SPOT, 40)]);
        f.types[0].allocatable = Resources::cpu_memory(500, 1 << 30);
        f.types[1].offerings[0].available = false;
        let refused = kept(&f, &Requirements::new()).unwrap_err();
        assert_eq!(refused.filter, Filter::CompatibleAvailable);
        assert_eq!(refused.types, 2);
    }
}
