//! Can these nodes go, and is what replaces them cheaper? (spec/karpenter.md 4.8)

use crate::api::{Requirement, Symbol, key};
use crate::cloud::{CapacityType, InstanceType, Price};
use crate::des::SimDuration;
use crate::karpenter::offerings;
use crate::karpenter::provisioning::NewClaim;

use super::candidate::Candidate;
use super::command::{Command, Method, Saving, Unconsolidatable};
use super::view::{NodeId, View};
use super::what_if::{NoEligiblePool, Simulate};

/// Fewest types a single spot node's replacement by another may be launched as, and the most that are then tried (0.1).
pub(super) const SPOT_TO_SPOT_TYPES: usize = 15;

/// An answer, and how long it took to find.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) result: Result<Command, Unconsolidatable>,
    pub(super) took: SimDuration,
}

/// What can be done about these nodes together.
///
/// # Errors
/// There is no eligible pool.
pub(super) fn attempt(
    view: &View<'_>,
    candidates: &[Candidate<'_>],
    method: Method,
    simulate: &mut dyn Simulate,
) -> Result<Attempt, NoEligiblePool> {
    let nodes: Vec<NodeId> = candidates.iter().map(Candidate::id).collect();
    let spot_must_stay = !view.spot_to_spot && candidates.iter().all(Candidate::is_spot);
    if spot_must_stay && simulate.surely_needs_spot(&nodes) {
        let now = price(candidates);
        return Ok(Attempt {
            result: Err(Unconsolidatable::SpotToSpotDisabled { now }),
            took: SimDuration::ZERO,
        });
    }
    let what_if = simulate.without(&nodes, method)?;
    let took = what_if.took;
    let replacements = match (what_if.stranded, what_if.claims.as_slice()) {
        (Some(stranded), _) => Err(Unconsolidatable::Stranded(stranded)),
        (None, []) => Ok(Vec::new()),
        (None, [claim]) => {
            cheaper_replacement(view, candidates, claim).map(|claim| vec![written(view, claim)])
        }
        (None, claims) => Err(Unconsolidatable::TooManyClaims {
            claims: claims.len(),
        }),
    };
    let result = replacements.map(|replacements| Command {
        method,
        candidates: nodes,
        saving: saving(view, candidates, &replacements),
        replacements,
        destinations: what_if.destinations,
    });
    Ok(Attempt { result, took })
}

/// What the nodes cost together.
pub(super) fn price(candidates: &[Candidate<'_>]) -> Price {
    Price(candidates.iter().map(|candidate| candidate.price.0).sum())
}

/// The replacement with the types it may be launched as.
fn cheaper_replacement(
    view: &View<'_>,
    candidates: &[Candidate<'_>],
    claim: &NewClaim,
) -> Result<NewClaim, Unconsolidatable> {
    let now = price(candidates);
    let symbols = view.symbols;
    let allows = |kind| offerings::allows(&claim.requirements, kind, symbols);
    let mut claim = claim.clone();
    let types = view.pools[claim.pool].types;
    offerings::order_by_price(&mut claim.types, types, &claim.requirements, symbols);
    if candidates.iter().all(Candidate::is_spot) && allows(CapacityType::Spot) {
        return spot_to_spot(view, candidates, claim);
    }
    let pinned = allows(CapacityType::Spot) && allows(CapacityType::OnDemand);
    let mut claim = keep_cheaper(view, claim, now)?;
    if pinned {
        pin_to_spot(view, &mut claim);
    }
    Ok(claim)
}

/// A single spot node may only be replaced if EC2 has so many types to choose from that what it launches cannot be replaced again at once.
fn spot_to_spot(
    view: &View<'_>,
    candidates: &[Candidate<'_>],
    mut claim: NewClaim,
) -> Result<NewClaim, Unconsolidatable> {
    let now = price(candidates);
    if !view.spot_to_spot {
        return Err(Unconsolidatable::SpotToSpotDisabled { now });
    }
    pin_to_spot(view, &mut claim);
    let mut claim = keep_cheaper(view, claim, now)?;
    if candidates.len() > 1 {
        return Ok(claim);
    }
    let types = claim.types.len();
    if types < SPOT_TO_SPOT_TYPES {
        return Err(Unconsolidatable::SpotToSpotInflexible {
            types,
            needed: SPOT_TO_SPOT_TYPES,
        });
    }
    let flexible = offerings::types_for_min_values(&claim.requirements, options(view, &claim));
    let kept = flexible.map_or(types, |needed| needed.max(SPOT_TO_SPOT_TYPES));
    claim.types.truncate(kept);
    Ok(claim)
}

/// The claim with only those types whose launch is sure to cost less than `limit`.
fn keep_cheaper(
    view: &View<'_>,
    mut claim: NewClaim,
    limit: Price,
) -> Result<NewClaim, Unconsolidatable> {
    let types = view.pools[claim.pool].types;
    let worst = |kind| offerings::worst_launch_price(&claim.requirements, kind, view.symbols);
    let priced = claim
        .types
        .iter()
        .map(|&place| (worst(&types[place]), place));
    let priced: Vec<(Option<Price>, usize)> = priced.collect();
    let is_cheaper = |price: &Option<Price>| price.is_some_and(|price| price < limit);
    claim.types.clear();
    let cheaper = priced.iter().filter(|(price, _)| is_cheaper(price));
    claim.types.extend(cheaper.map(|&(_, place)| place));
    if claim.types.is_empty() {
        let launchable = priced
            .iter()
            .filter_map(|&(price, place)| Some((price?, place)));
        return Err(Unconsolidatable::NotCheaper {
            now: limit,
            nearest: launchable
                .min()
                .map(|(price, place)| (types[place].name, price)),
        });
    }
    offerings::types_for_min_values(&claim.requirements, options(view, &claim)).map_err(|key| {
        Unconsolidatable::MinValues {
            key,
            types: claim.types.len(),
        }
    })?;
    Ok(claim)
}

/// Types that survived on their on-demand price stay in the list, but can no longer be launched.
fn pin_to_spot(view: &View<'_>, claim: &mut NewClaim) {
    let spot = view.symbols.get(CapacityType::Spot.label());
    let spot = Requirement::of(spot.into_iter().collect());
    claim
        .requirements
        .add(key::CAPACITY_TYPE, &spot, view.symbols);
}

/// The claim as it would be created: with the names of the types that are left, and the capacity types they are available as (1.14).
/// The rules above look at what the simulation left open.
fn written(view: &View<'_>, mut claim: NewClaim) -> NewClaim {
    let symbols = view.symbols;
    let types = view.pools[claim.pool].types;
    let names = options(view, &claim).map(|kind| kind.name).collect();
    let available = claim
        .types
        .iter()
        .flat_map(|&place| offerings::available(&claim.requirements, &types[place], symbols));
    let labels: Vec<Symbol> = available
        .filter_map(|offering| symbols.get(offering.capacity_type.label()))
        .collect();
    let mut narrow = |key, values| {
        let narrowed = Requirement::of(values);
        claim.requirements.add(key, &narrowed, symbols);
    };
    narrow(key::INSTANCE_TYPE, names);
    if !labels.is_empty() {
        narrow(key::CAPACITY_TYPE, labels);
    }
    claim
}

fn options<'a>(
    view: &View<'a>,
    claim: &'a NewClaim,
) -> impl Iterator<Item = &'a InstanceType> + Clone {
    let types = view.pools[claim.pool].types;
    claim.types.iter().map(move |&place| &types[place])
}

/// What removing the nodes for these claims is worth.
pub(super) fn saving(
    view: &View<'_>,
    candidates: &[Candidate<'_>],
    replacements: &[NewClaim],
) -> Saving {
    let most = |claim: &NewClaim| {
        let worst = |kind| offerings::worst_launch_price(&claim.requirements, kind, view.symbols);
        options(view, claim).filter_map(worst).max()
    };
    let least = |claim: &NewClaim| {
        let first = options(view, claim).next();
        first.and_then(|kind| offerings::cheapest(&claim.requirements, kind, view.symbols))
    };
    let sum = |price: &dyn Fn(&NewClaim) -> Option<Price>| {
        let prices = replacements.iter().filter_map(price);
        Price(prices.map(|price| price.0).sum())
    };
    Saving {
        now: price(candidates),
        replacement_at_most: sum(&most),
        replacement_at_least: sum(&least),
    }
}

/// Several nodes are not replaced by one of a type that one of them has, unless it is cheaper than that one: it would be the
/// same as keeping that node and deleting the others (4.6).
///
/// # Errors
/// No type is left.
pub(super) fn without_same_type(
    view: &View<'_>,
    candidates: &[Candidate<'_>],
    mut command: Command,
) -> Result<Command, Unconsolidatable> {
    let Some(claim) = command.replacements.pop() else {
        return Ok(command);
    };
    let offered: Vec<Symbol> = options(view, &claim).map(|kind| kind.name).collect();
    let same = candidates.iter().filter_map(|candidate| {
        let name = candidate.instance_type()?.name;
        offered.contains(&name).then_some((candidate.price, name))
    });
    let same = same.min();
    // Without a common type every price will do, but a type that cannot be launched since the claim was pinned to spot has none.
    let limit = same.map_or(Price(u64::MAX), |(price, _)| price);
    let claim = keep_cheaper(view, claim, limit).map_err(|why| match (why, same) {
        (Unconsolidatable::NotCheaper { .. }, Some((price, instance_type))) => {
            Unconsolidatable::SameType {
                instance_type,
                price,
            }
        }
        (Unconsolidatable::NotCheaper { nearest, .. }, None) => Unconsolidatable::NotCheaper {
            now: price(candidates),
            nearest,
        },
        (other, _) => other,
    })?;
    command.replacements.push(written(view, claim));
    command.saving = saving(view, candidates, &command.replacements);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::karpenter::disruption::candidate::candidates;
    use crate::karpenter::disruption::fixture::{Fake, World};
    use crate::karpenter::fixture::{ON_DEMAND, SPOT, mills_per_hour};

    /// What the single-node method makes of all nodes of the world together, if everything must go to one claim of these types.
    fn check(world: &World, types: &[usize]) -> Result<Command, Unconsolidatable> {
        let pools = world.pools();
        let view = world.view(&pools, 0);
        let all = candidates(&view, Method::SingleNode);
        assert_eq!(all.len(), world.nodes.len());
        let mut fake = Fake::replacing(world.claim(types));
        attempt(&view, &all, Method::SingleNode, &mut fake)
            .unwrap()
            .result
    }

    /// A node bought on demand for `price`, and a type with spot at 50 and 90 and on-demand at 200.
    fn on_demand_node(price: u64) -> (World, usize) {
        let mut world = World::new();
        world.fixture.kind("c5.large", &[("a", ON_DEMAND, price)]);
        let kind = world.fixture.kind(
            "m5.large",
            &[("a", SPOT, 50), ("b", SPOT, 90), ("a", ON_DEMAND, 200)],
        );
        world.node("c5.large", 1);
        (world, kind)
    }

    #[test]
    fn the_dearest_zone_decides_although_a_cheaper_one_exists() {
        let (world, kind) = on_demand_node(80);
        let name = world.fixture.types[kind].name;
        assert_eq!(
            check(&world, &[kind]),
            Err(Unconsolidatable::NotCheaper {
                now: mills_per_hour(80),
                nearest: Some((name, mills_per_hour(90))),
            })
        );
    }

    #[test]
    fn pinned_to_the_cheap_zone_it_is_replaced_by_spot_alone() {
        let (mut world, kind) = on_demand_node(80);
        world.zones = vec!["a"];
        let command = check(&world, &[kind]).unwrap();
        assert_eq!(command.saving.now, mills_per_hour(80));
        assert_eq!(command.saving.replacement_at_most, mills_per_hour(50));
        let claim = &command.replacements[0];
        let allows = |kind| offerings::allows(&claim.requirements, kind, &world.fixture.symbols);
        assert!(allows(SPOT) && !allows(ON_DEMAND));
    }

    #[test]
    fn an_equal_price_is_not_cheaper() {
        let mut world = World::new();
        world.fixture.kind("m5.2xlarge", &[("a", ON_DEMAND, 340)]);
        let big = world.fixture.kind("m5.4xlarge", &[("a", ON_DEMAND, 680)]);
        world.node("m5.2xlarge", 1);
        world.node("m5.2xlarge", 1);
        let why = check(&world, &[big]).unwrap_err();
        assert!(
            matches!(why, Unconsolidatable::NotCheaper { .. }),
            "{why:?}"
        );
        world.fixture.types[big].offerings[0].price = Price(mills_per_hour(680).0 - 1);
        assert!(check(&world, &[big]).is_ok());
    }

    /// A spot node at 100 and so many cheaper spot types, whose places are returned.
    fn spot_node(cheaper: u64) -> (World, Vec<usize>) {
        let mut world = World::new();
        world.spot_to_spot = true;
        world.fixture.kind("c5.large", &[("a", SPOT, 100)]);
        let kinds = (0..cheaper)
            .map(|n| {
                world
                    .fixture
                    .kind(&format!("m{n}.large"), &[("a", SPOT, 90 - n)])
            })
            .collect();
        world.node("c5.large", 1);
        (world, kinds)
    }

    #[test]
    fn spot_to_spot_needs_its_gate() {
        let (mut world, kinds) = spot_node(20);
        world.spot_to_spot = false;
        let now = mills_per_hour(100);
        assert_eq!(
            check(&world, &kinds),
            Err(Unconsolidatable::SpotToSpotDisabled { now })
        );
    }

    #[test]
    fn a_spot_node_is_replaced_by_the_fifteen_cheapest_or_not_at_all() {
        let (world, kinds) = spot_node(14);
        assert_eq!(
            check(&world, &kinds),
            Err(Unconsolidatable::SpotToSpotInflexible {
                types: 14,
                needed: 15
            })
        );
        let (world, kinds) = spot_node(20);
        let claim = check(&world, &kinds).unwrap().replacements.remove(0);
        assert_eq!(claim.types.len(), 15);
        assert_eq!(claim.types[0], kinds[19]);
        let named = claim.requirements.get(key::INSTANCE_TYPE).unwrap();
        assert_eq!(named.values().len(), 15);
    }

    #[test]
    fn several_spot_nodes_need_no_flexibility() {
        let (mut world, kinds) = spot_node(1);
        world.node("c5.large", 1);
        let claim = check(&world, &kinds).unwrap().replacements.remove(0);
        assert_eq!(claim.types, kinds);
    }

    #[test]
    fn two_claims_are_one_too_many_and_none_is_a_delete() {
        let (world, kind) = on_demand_node(80);
        let pools = world.pools();
        let view = world.view(&pools, 0);
        let all = candidates(&view, Method::SingleNode);
        let result = |claims: Vec<NewClaim>| {
            let mut fake = Fake::answering(claims);
            attempt(&view, &all, Method::SingleNode, &mut fake)
                .unwrap()
                .result
        };
        let two = result(vec![world.claim(&[kind]), world.claim(&[kind])]);
        assert_eq!(two, Err(Unconsolidatable::TooManyClaims { claims: 2 }));
        let command = result(Vec::new()).unwrap();
        assert_eq!(command.replacements, []);
        assert_eq!(command.saving.replacement_at_most, Price::default());
    }

    #[test]
    fn several_nodes_become_one_of_their_own_type_only_below_its_price() {
        let mut world = World::new();
        world.spot_to_spot = true;
        let mut kind = |name, mills| world.fixture.kind(name, &[("a", SPOT, mills)]);
        let small = kind("t3.small", 20);
        kind("t3.2xlarge", 300);
        let (nano, middle) = (kind("t3.nano", 5), kind("t3.xlarge", 150));
        world.node("t3.2xlarge", 1);
        world.node("t3.2xlarge", 1);
        world.node("t3.small", 1);
        let pools = world.pools();
        let view = world.view(&pools, 0);
        let all = candidates(&view, Method::MultiNode);
        let filtered =
            |types: &[usize]| without_same_type(&view, &all, check(&world, types).unwrap());
        let same = Unconsolidatable::SameType {
            instance_type: world.fixture.types[small].name,
            price: mills_per_hour(20),
        };
        assert_eq!(filtered(&[small, middle]), Err(same));
        let kept = filtered(&[small, middle, nano]).unwrap();
        assert_eq!(kept.replacements[0].types, [nano]);
        assert_eq!(kept.saving.replacement_at_most, mills_per_hour(5));
        let other = filtered(&[middle]).unwrap();
        assert_eq!(other.replacements[0].types, [middle]);
    }

    #[test]
    fn pinned_to_spot_an_on_demand_type_replaces_one_node_in_vain_and_several_not_at_all() {
        let (mut world, _) = on_demand_node(300);
        let other = world.fixture.kind("r5.large", &[("a", ON_DEMAND, 100)]);
        let alone = check(&world, &[other]).unwrap();
        assert_eq!(alone.saving.replacement_at_most, Price::default());
        world.node("c5.large", 1);
        let pools = world.pools();
        let view = world.view(&pools, 0);
        let all = candidates(&view, Method::MultiNode);
        let together = without_same_type(&view, &all, check(&world, &[other]).unwrap());
        assert_eq!(
            together,
            Err(Unconsolidatable::NotCheaper {
                now: mills_per_hour(600),
                nearest: None,
            })
        );
    }
}
