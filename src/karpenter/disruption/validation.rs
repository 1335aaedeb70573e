//! Does a decision still hold after the wait? (spec/karpenter.md 4.10)

use crate::api::Symbol;
use crate::des::SimDuration;
use crate::karpenter::budget::Allowance;
use crate::karpenter::provisioning::NewClaim;

use super::candidate::{Blocked, Budgets, Candidate};
use super::command::{Command, Method};
use super::emptiness;
use super::view::{NodeId, View};
use super::what_if::{NoEligiblePool, Simulate, Stranded};

/// Why a command is dropped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ValidationFailure {
    /// A node is no candidate any more.
    Blocked {
        /// The node.
        node: NodeId,
        /// Why.
        why: Blocked,
    },
    /// The budgets no longer allow it.
    Budget {
        /// The first node that is too many.
        node: NodeId,
        /// What they allow.
        allowance: Allowance,
    },
    /// A pod would now find no place.
    Stranded(Stranded),
    /// Another number of claims would now be created.
    Claims {
        /// How many the command creates.
        decided: usize,
        /// How many it would take now.
        found: usize,
    },
    /// The replacement could be launched as a type that would not be an option now.
    Option {
        /// The first such type.
        instance_type: Symbol,
    },
    /// Nothing can be simulated.
    NoEligiblePool,
}

/// What is left of a command, and how long it took to find out.
#[derive(Debug)]
pub(super) struct Validated {
    pub(super) result: Result<Command, ValidationFailure>,
    pub(super) took: SimDuration,
}

/// Looks at a command again. Emptiness keeps the nodes that still may go; of a consolidation every one must. Prices and scores are
/// not looked at again.
pub(super) fn validate(
    view: &View<'_>,
    command: &Command,
    simulate: &mut dyn Simulate,
) -> Validated {
    if command.method == Method::Emptiness {
        return Validated {
            result: still_empty(view, command),
            took: SimDuration::ZERO,
        };
    }
    let mut took = SimDuration::ZERO;
    let result = candidates_hold(view, command)
        .and_then(|()| outcome_holds(view, command, simulate, &mut took))
        .map(|()| command.clone());
    Validated { result, took }
}

fn still_empty(view: &View<'_>, command: &Command) -> Result<Command, ValidationFailure> {
    let mut budgets = Budgets::new(view, command.method.reason());
    let mut first_failure = None;
    let mut still = |&node: &NodeId| match standing(view, &mut budgets, command.method, node) {
        Ok(candidate) => Some(candidate),
        Err(failure) => {
            first_failure.get_or_insert(failure);
            None
        }
    };
    let left: Vec<Candidate<'_>> = command.candidates.iter().filter_map(&mut still).collect();
    match first_failure {
        Some(failure) if left.is_empty() => Err(failure),
        _ => Ok(emptiness::command(&left)),
    }
}

fn candidates_hold(view: &View<'_>, command: &Command) -> Result<(), ValidationFailure> {
    let mut budgets = Budgets::new(view, command.method.reason());
    command
        .candidates
        .iter()
        .try_for_each(|&node| standing(view, &mut budgets, command.method, node).map(drop))
}

/// The node as a candidate the budgets still allow.
fn standing<'a>(
    view: &View<'a>,
    budgets: &mut Budgets,
    method: Method,
    node: NodeId,
) -> Result<Candidate<'a>, ValidationFailure> {
    let found = view.nodes.iter().find(|view| view.id == node);
    let candidate = found
        .ok_or(Blocked::Gone)
        .and_then(|found| Candidate::of(view, found, method))
        .map_err(|why| ValidationFailure::Blocked { node, why })?;
    budgets
        .take(candidate.node.pool)
        .map_err(|allowance| ValidationFailure::Budget { node, allowance })?;
    Ok(candidate)
}

fn outcome_holds(
    view: &View<'_>,
    command: &Command,
    simulate: &mut dyn Simulate,
    took: &mut SimDuration,
) -> Result<(), ValidationFailure> {
    let what_if = simulate
        .without(&command.candidates, command.method)
        .map_err(|NoEligiblePool| ValidationFailure::NoEligiblePool)?;
    *took = what_if.took;
    if let Some(stranded) = what_if.stranded {
        return Err(ValidationFailure::Stranded(stranded));
    }
    match (command.replacements.as_slice(), what_if.claims.as_slice()) {
        ([], []) => Ok(()),
        ([decided], [found]) => options_hold(view, decided, found),
        (decided, found) => Err(ValidationFailure::Claims {
            decided: decided.len(),
            found: found.len(),
        }),
    }
}

/// Every type the replacement may be launched as must be an option still.
fn options_hold(
    view: &View<'_>,
    decided: &NewClaim,
    found: &NewClaim,
) -> Result<(), ValidationFailure> {
    let names = |claim: &NewClaim| -> Vec<Symbol> {
        let types = view.pools[claim.pool].types;
        claim.types.iter().map(|&place| types[place].name).collect()
    };
    let mut options = names(found);
    options.sort_unstable();
    let gone = names(decided)
        .into_iter()
        .find(|name| options.binary_search(name).is_err());
    gone.map_or(Ok(()), |instance_type| {
        Err(ValidationFailure::Option { instance_type })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::SimTime;
    use crate::karpenter::disruption::command::Saving;
    use crate::karpenter::disruption::fixture::{Fake, World};
    use crate::karpenter::disruption::view::PdbCover;
    use crate::karpenter::fixture::ON_DEMAND;

    /// Two nodes of a big type with a pod each, beside two smaller types.
    fn world() -> World {
        let mut world = World::new();
        world.fixture.kind("m5.2xlarge", &[("a", ON_DEMAND, 400)]);
        world.fixture.kind("m5.large", &[("a", ON_DEMAND, 100)]);
        world.fixture.kind("c5.large", &[("a", ON_DEMAND, 90)]);
        world.node("m5.2xlarge", 1);
        world.node("m5.2xlarge", 1);
        world
    }

    fn command(world: &World, types: &[usize]) -> Command {
        Command {
            method: Method::MultiNode,
            candidates: vec![NodeId(0), NodeId(1)],
            replacements: vec![world.claim(types); usize::from(!types.is_empty())],
            destinations: Vec::new(),
            saving: Saving {
                now: Default::default(),
                replacement_at_most: Default::default(),
                replacement_at_least: Default::default(),
            },
        }
    }

    fn validated(
        world: &World,
        command: &Command,
        mut fake: Fake,
    ) -> Result<Command, ValidationFailure> {
        let pools = world.pools();
        validate(&world.view(&pools, 0), command, &mut fake).result
    }

    #[test]
    fn an_unchanged_cluster_confirms_the_command() {
        let world = world();
        let replace = command(&world, &[1]);
        let same = Fake::replacing(world.claim(&[2, 1]));
        assert_eq!(validated(&world, &replace, same), Ok(replace));
        let delete = command(&world, &[]);
        let same = Fake::answering(Vec::new());
        assert_eq!(validated(&world, &delete, same), Ok(delete));
    }

    #[test]
    fn one_node_that_is_no_candidate_drops_a_consolidation() {
        let delete = command(&world(), &[]);
        let check = |change: &dyn Fn(&mut World), expected: Blocked| {
            let mut world = world();
            change(&mut world);
            let why = validated(&world, &delete, Fake::answering(Vec::new())).unwrap_err();
            let node = NodeId(1);
            let expected = ValidationFailure::Blocked {
                node,
                why: expected,
            };
            assert_eq!(why, expected);
        };
        let until = SimTime::from_secs(20);
        check(
            &|w| w.nodes[1].nominated_until = until,
            Blocked::Nominated { until },
        );
        check(&|w| w.nodes[1].deleting = true, Blocked::Deleting);
        check(
            &|w| w.nodes[1].pods[0].pdb = PdbCover::Exhausted,
            Blocked::PdbExhausted { pod: 100 },
        );
        check(&|w| w.nodes[1].pods.clear(), Blocked::Empty);
        check(&|w| drop(w.nodes.pop()), Blocked::Gone);
    }

    #[test]
    fn a_budget_that_closed_drops_it() {
        let mut world = world();
        world.budget(1);
        let delete = command(&world, &[]);
        let why = validated(&world, &delete, Fake::answering(Vec::new())).unwrap_err();
        assert!(matches!(
            why,
            ValidationFailure::Budget {
                node: NodeId(1),
                ..
            }
        ));
    }

    #[test]
    fn another_number_of_claims_drops_it() {
        let world = world();
        let claims = |types: &[usize], found: Vec<NewClaim>| {
            validated(&world, &command(&world, types), Fake::answering(found)).unwrap_err()
        };
        let wrong = |decided, found| ValidationFailure::Claims { decided, found };
        let claim = || world.claim(&[1]);
        assert_eq!(claims(&[1], Vec::new()), wrong(1, 0));
        assert_eq!(claims(&[], vec![claim()]), wrong(0, 1));
        assert_eq!(claims(&[1], vec![claim(), claim()]), wrong(1, 2));
    }

    #[test]
    fn an_option_that_is_none_any_more_drops_it() {
        let world = world();
        let replace = command(&world, &[1, 2]);
        let fewer = Fake::replacing(world.claim(&[1]));
        let instance_type = world.fixture.types[2].name;
        assert_eq!(
            validated(&world, &replace, fewer),
            Err(ValidationFailure::Option { instance_type })
        );
    }

    #[test]
    fn a_pod_that_finds_no_place_any_more_drops_it() {
        let world = world();
        let stranded = Stranded::Unreached { pod: 0 };
        let why = stranded.clone();
        let fake = Fake::new(move |_| Err(why.clone()));
        assert_eq!(
            validated(&world, &command(&world, &[]), fake),
            Err(ValidationFailure::Stranded(stranded))
        );
    }

    #[test]
    fn emptiness_keeps_the_nodes_that_are_still_empty() {
        let mut world = world();
        world.nodes[0].pods.clear();
        let empty = Command {
            method: Method::Emptiness,
            ..command(&world, &[])
        };
        let never = || Fake::new(|_| unreachable!("emptiness simulates nothing"));
        let kept = validated(&world, &empty, never()).unwrap();
        assert_eq!(kept.candidates, [NodeId(0)]);
        world.nodes[0].nominated_until = SimTime::from_secs(1);
        let why = validated(&world, &empty, never()).unwrap_err();
        assert!(matches!(
            why,
            ValidationFailure::Blocked {
                node: NodeId(0),
                ..
            }
        ));
    }
}
