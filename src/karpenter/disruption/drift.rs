//! Which drifted node is replaced next? (spec/karpenter.md 4.11)

use super::candidate::{Budgets, Candidate, candidates};
use super::command::{Command, Finding, Method, Unconsolidatable};
use super::consolidation;
use super::controller::Search;
use super::view::View;
use super::what_if::{NoEligiblePool, Simulate};
use crate::des::SimDuration;

/// The node that has drifted longest of those whose pods all find a place, for as many claims as that takes. Neither a price nor a
/// `consolidateAfter` is asked about.
pub(super) fn propose(
    view: &View<'_>,
    simulate: &mut dyn Simulate,
    findings: &mut Vec<Finding>,
) -> Result<Search, NoEligiblePool> {
    let budgets = Budgets::new(view, Method::Drift.reason());
    let mut took = SimDuration::ZERO;
    for candidate in in_turn(view) {
        if let Err(allowance) = budgets.check(candidate.node.pool) {
            findings.push(kept(&candidate, Unconsolidatable::Budget(allowance)));
            continue;
        }
        let what_if = simulate.without(&[candidate.id()], Method::Drift)?;
        took += what_if.took;
        if let Some(stranded) = what_if.stranded {
            findings.push(kept(&candidate, Unconsolidatable::Stranded(stranded)));
            continue;
        }
        let command = Command {
            method: Method::Drift,
            candidates: vec![candidate.id()],
            saving: consolidation::saving(view, &[candidate], &what_if.claims),
            replacements: what_if.claims,
            destinations: what_if.destinations,
        };
        return Ok(Search {
            commands: vec![command],
            settled: false,
            took,
        });
    }
    Ok(Search::found_nothing(took))
}

/// Empty nodes first, then by the second in which they drifted; upstream sorts those of one second in no order of its own (0.3), so it
/// is drawn.
fn in_turn<'a>(view: &View<'a>) -> Vec<Candidate<'a>> {
    let mut all = candidates(view, Method::Drift);
    all.sort_by_cached_key(|candidate| {
        let moved = candidate.node.pods.iter().any(|pod| pod.reschedulable);
        let since = candidate
            .node
            .drifted
            .map(|drifted| drifted.since.as_micros() / 1_000_000);
        let draw = view.ties.bits(u64::from(candidate.id().0));
        (moved, since, draw)
    });
    all
}

fn kept(candidate: &Candidate<'_>, why: Unconsolidatable) -> Finding {
    Finding::kept(Method::Drift, [candidate.id()], why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::SimTime;
    use crate::karpenter::Version;
    use crate::karpenter::disruption::fixture::{Fake, World};
    use crate::karpenter::disruption::view::{Drifted, NodeId};
    use crate::karpenter::disruption::what_if::Stranded;
    use crate::karpenter::disruption::{Act, ClusterState, Controller, DriftReason};
    use crate::karpenter::fixture::ON_DEMAND;

    /// Nodes with so many pods that drifted at these seconds.
    fn world(nodes: &[(usize, u64)]) -> World {
        let mut world = World::new();
        world.consolidate_after = None;
        world.fixture.kind("m5.large", &[("a", ON_DEMAND, 100)]);
        for &(pods, since) in nodes {
            let node = world.node("m5.large", pods);
            world.nodes[node].drifted = Some(Drifted {
                since: SimTime::from_secs(since),
                reason: DriftReason::NodePoolDrifted,
            });
        }
        world
    }

    fn order(world: &World) -> Vec<u32> {
        let pools = world.pools();
        let view = world.view(&pools, 1_000);
        in_turn(&view).iter().map(|c| c.id().0).collect()
    }

    fn decided(world: &World, fake: &mut Fake) -> (Vec<Command>, Vec<Finding>) {
        let pools = world.pools();
        let mut findings = Vec::new();
        let search = propose(&world.view(&pools, 1_000), fake, &mut findings);
        (search.unwrap().commands, findings)
    }

    #[test]
    fn empty_nodes_go_first_and_then_the_longest_drifted() {
        assert_eq!(
            order(&world(&[(1, 30), (1, 10), (0, 40), (1, 20), (0, 5)])),
            [4, 2, 1, 3, 0]
        );
    }

    #[test]
    fn nodes_of_one_second_go_in_a_drawn_order() {
        let mut drawn = order(&world(&[(1, 10); 12]));
        assert!(!drawn.is_sorted());
        drawn.sort_unstable();
        assert_eq!(drawn, Vec::from_iter(0..12));
    }

    #[test]
    fn one_node_is_replaced_by_as_many_claims_as_its_pods_take() {
        let mut world = world(&[(3, 10), (1, 20)]);
        world.nodes[1].drifted = None;
        let claims = vec![world.claim(&[0]), world.claim(&[0])];
        let (commands, _) = decided(&world, &mut Fake::answering(claims.clone()));
        assert_eq!(commands.len(), 1);
        assert_eq!(commands[0].candidates, [NodeId(0)]);
        assert_eq!(commands[0].replacements, claims);
        assert_eq!(commands[0].saving.now.0 * 2, {
            commands[0].saving.replacement_at_most.0
        });
    }

    #[test]
    fn a_node_whose_pods_have_no_place_lets_the_next_one_go() {
        let world = world(&[(1, 10), (1, 20)]);
        let mut fake = Fake::new(|nodes| match nodes {
            [NodeId(0)] => Err(Stranded::Unreached { pod: 0 }),
            _ => Ok(Vec::new()),
        });
        let (commands, findings) = decided(&world, &mut fake);
        assert_eq!(commands[0].candidates, [NodeId(1)]);
        assert!(matches!(
            findings[..],
            [Finding::Kept {
                why: Unconsolidatable::Stranded(_),
                ..
            }]
        ));
    }

    #[test]
    fn a_closed_budget_keeps_every_node() {
        let mut world = world(&[(1, 10), (0, 20)]);
        world.budget(0);
        let (commands, findings) = decided(&world, &mut Fake::answering(Vec::new()));
        assert_eq!((commands.len(), findings.len()), (0, 2));
    }

    #[test]
    fn protected_pods_hold_a_node_only_without_a_termination_grace_period() {
        let mut world = world(&[(1, 10)]);
        world.nodes[0].pods[0].do_not_disrupt_until = Some(SimTime::MAX);
        assert!(order(&world).is_empty());
        world.nodes[0].termination_grace = true;
        assert_eq!(order(&world), [0]);
        world.nodes[0].do_not_disrupt = true;
        assert!(order(&world).is_empty(), "the node itself says so");
    }

    #[test]
    fn drift_starts_at_once_and_before_consolidation() {
        let world = world(&[(1, 10), (1, 10)]);
        let pools = world.pools();
        let view = world.view(&pools, 50);
        let mut state = ClusterState::new(SimTime::ZERO);
        let mut fake = Fake::answering(Vec::new());
        let step = Controller::default().wake(&view, &mut state, &mut fake);
        assert!(matches!(&step.act, Act::Start(commands) if commands[0].method == Method::Drift));
        assert_eq!(step.wake, SimTime::from_secs(50), "and at once again");
        assert_eq!(fake.asked, [1]);
    }

    #[test]
    fn up_to_1_4_drift_goes_before_emptiness() {
        let mut world = world(&[(0, 10), (0, 10)]);
        world.consolidate_after = Some(SimDuration::ZERO);
        let mut first = |version| {
            world.version = version;
            let pools = world.pools();
            let mut state = ClusterState::new(SimTime::ZERO);
            let mut fake = Fake::answering(Vec::new());
            let view = world.view(&pools, 50);
            Controller::default().wake(&view, &mut state, &mut fake).act
        };
        assert!(matches!(first(Version::minor(4)), Act::Start(_)));
        assert_eq!(first(Version::minor(5)), Act::Wait);
    }
}
