//! What does a claim ask EC2 for, and what follows from the answer? (spec/karpenter.md 3.2 to 3.4, 3.6)
//!
//! Not modelled: capacity blocks and interruptible reservations (so that filter 2 of 3.2 has one kind to choose and filter 3 nothing to
//! do), and placement groups.

pub mod failure;
pub mod filter;

use crate::api::{Requirements, Resources, Symbols};
use crate::cloud::fleet::{Override, Strategy};
use crate::cloud::{CapacityType, InstanceType, InstanceTypeId, Pool};

use super::offerings;
use filter::Kept;

pub use failure::{Failure, Verdict, verdict};
pub use filter::Filter;

/// Most types in a CreateFleet call (0.1).
pub const MOST_TYPES: usize = 60;

/// What is to be launched.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// What the instance must be.
    pub requirements: &'a Requirements,
    /// What its pods and DaemonSets ask for.
    pub requests: &'a Resources,
    /// Places in `catalog` the claim names.
    pub types: &'a [usize],
    /// The region's types in the order of their ids, with the allocatable of the claim's node class and the offerings of this moment; what
    /// is cached as unavailable is not available.
    pub catalog: &'a [InstanceType],
    /// The names behind the symbols.
    pub symbols: &'a Symbols,
}

/// A request for one instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreateFleet {
    /// How it is bought; the whole request is for one capacity type.
    pub capacity_type: CapacityType,
    /// How EC2 chooses among the overrides.
    pub strategy: Strategy,
    /// What it may choose, with the prices Karpenter believes: types by price, zones in the order of the catalog.
    pub overrides: Vec<Override>,
    /// The filters in their order, each with how many types it left.
    pub passed: Vec<(Filter, usize)>,
}

/// Why no request is made: this filter left no type. The claim is deleted like one that met insufficient capacity (3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NothingToLaunch {
    /// The filter.
    pub filter: Filter,
    /// How many types it was given.
    pub types: usize,
}

/// The request for a claim.
///
/// # Errors
/// No type passes the filters.
pub fn create_fleet(launch: &Launch<'_>) -> Result<CreateFleet, NothingToLaunch> {
    let (kept, passed) = filter::apply(launch)?;
    let capacity_type = capacity_type(launch, &kept);
    let overrides = kept
        .iter()
        .flat_map(|kept| kept.offerings.iter().map(|offering| (kept.kind, *offering)))
        .filter(|(_, offering)| offering.capacity_type == capacity_type)
        .map(|(kind, offering)| Override {
            pool: Pool {
                instance_type: id(kind),
                zone: offering.zone,
            },
            price: offering.price,
            reservation: offering.reservation.map(|reservation| reservation.id),
        })
        .collect();
    Ok(CreateFleet {
        capacity_type,
        strategy: Strategy::of(capacity_type),
        overrides,
        passed,
    })
}

fn id(place: usize) -> InstanceTypeId {
    InstanceTypeId(u16::try_from(place).expect("a catalog numbers its types in 16 bits"))
}

/// Reserved if the claim allows it and any kept type offers it, else spot likewise, else on-demand (3.3).
fn capacity_type(launch: &Launch<'_>, kept: &[Kept<'_>]) -> CapacityType {
    let possible = |&way: &CapacityType| {
        kept.iter().any(|kept| kept.offers(way))
            && offerings::allows(launch.requirements, way, launch.symbols)
    };
    let preferred = [CapacityType::Reserved, CapacityType::Spot];
    let found = preferred.into_iter().find(possible);
    found.unwrap_or(CapacityType::OnDemand)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::key;
    use crate::karpenter::fixture::{Fixture, ON_DEMAND, SPOT, mills_per_hour};

    fn fleet(f: &Fixture, claim: &Requirements) -> Result<CreateFleet, NothingToLaunch> {
        let types: Vec<usize> = (0..f.types.len()).collect();
        create_fleet(&Launch {
            requirements: claim,
            requests: &Resources::cpu_memory(1_000, 1 << 30),
            types: &types,
            catalog: &f.types,
            symbols: &f.symbols,
        })
    }

    #[test]
    fn spot_is_preferred_and_the_request_is_for_spot_alone() {
        let mut f = Fixture::new();
        f.kind("m5.large", &[("a", SPOT, 50), ("a", ON_DEMAND, 100)]);
        f.kind("m6.large", &[("a", ON_DEMAND, 110), ("b", SPOT, 40)]);
        let request = fleet(&f, &Requirements::new()).unwrap();
        assert_eq!(request.capacity_type, SPOT);
        assert_eq!(request.strategy, Strategy::PriceCapacityOptimized);
        let chosen: Vec<_> = request
            .overrides
            .iter()
            .map(|o| (o.pool.instance_type, o.price))
            .collect();
        assert_eq!(
            chosen,
            [(id(1), mills_per_hour(40)), (id(0), mills_per_hour(50))]
        );
    }

    #[test]
    fn without_spot_the_claim_falls_back_to_on_demand() {
        let mut f = Fixture::new();
        let kind = f.kind("m5.large", &[("a", SPOT, 50), ("b", ON_DEMAND, 100)]);
        f.types[kind].offerings[0].available = false;
        let request = fleet(&f, &Requirements::new()).unwrap();
        assert_eq!(request.capacity_type, ON_DEMAND);
        assert_eq!(request.strategy, Strategy::LowestPrice);
        assert_eq!(request.overrides.len(), 1);
    }

    #[test]
    fn reserved_capacity_comes_before_spot_and_from_the_largest_reservation_of_a_pool() {
        let mut f = Fixture::new();
        f.kind("m5.large", &[("a", SPOT, 1), ("a", ON_DEMAND, 100)]);
        f.reserve(0, "a", "cr-1", 2);
        f.reserve(0, "a", "cr-2", 3);
        f.reserve(0, "b", "cr-3", 1);
        f.kind("m6.large", &[("a", SPOT, 1)]);
        let launched_into = |claim: &Requirements| {
            let request = fleet(&f, claim).unwrap();
            let named = |choice: &Override| choice.reservation.map(|id| f.symbols.name(id));
            let named: Vec<_> = request.overrides.iter().map(named).collect();
            (request.capacity_type, request.strategy, named)
        };
        let both = vec![Some("cr-2".into()), Some("cr-3".into())];
        let wanted = (CapacityType::Reserved, Strategy::LowestPrice, both);
        assert_eq!(launched_into(&Requirements::new()), wanted);
        let one = f.claim(&[(key::CAPACITY_RESERVATION_ID, &["cr-1"])]);
        assert_eq!(launched_into(&one).2, [Some("cr-1".into())]);
        let spot = f.claim(&[(key::CAPACITY_TYPE, &["spot", "on-demand"])]);
        assert_eq!(launched_into(&spot).0, SPOT);
    }

    #[test]
    fn a_pinned_claim_asks_only_where_it_may_run() {
        let mut f = Fixture::new();
        f.kind(
            "m5.large",
            &[("a", SPOT, 50), ("b", SPOT, 40), ("b", ON_DEMAND, 90)],
        );
        let claim = f.claim(&[(key::ZONE, &["a"]), (key::CAPACITY_TYPE, &["spot"])]);
        let request = fleet(&f, &claim).unwrap();
        let zones: Vec<_> = request.overrides.iter().map(|o| o.pool.zone).collect();
        assert_eq!(zones, [f.symbols.get("a").unwrap()]);
    }
}
