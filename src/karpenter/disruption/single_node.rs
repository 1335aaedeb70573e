//! Which single node can go? (spec/karpenter.md 4.7)

use crate::des::SimDuration;

use super::balanced::Balance;
use super::candidate::{Budgets, Candidate, candidates};
use super::command::{Command, Finding, Method, Unconsolidatable};
use super::consolidation;
use super::controller::Search;
use super::view::View;
use super::what_if::{NoEligiblePool, Simulate};

/// When the search stops (0.1).
const TIMEOUT: SimDuration = SimDuration::from_secs(180);

/// What the method remembers from pass to pass.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Rounds {
    /// How many passes there were.
    passes: u64,
    /// Pools the last pass had no time for: they come first now.
    unreached: Vec<usize>,
}

impl Rounds {
    /// The first node in turn that can be replaced or deleted.
    pub(super) fn propose(
        &mut self,
        view: &View<'_>,
        simulate: &mut dyn Simulate,
        findings: &mut Vec<Finding>,
    ) -> Search {
        let turns = self.in_turn(view, candidates(view, Method::SingleNode));
        let budgets = Budgets::new(view, Method::SingleNode.reason());
        let balance = Balance::of(view);
        let mut constrained = false;
        let mut took = SimDuration::ZERO;
        for (turn, candidate) in turns.iter().enumerate() {
            if took > TIMEOUT {
                self.unreached = pools_only_in(&turns[turn..], &turns[..turn]);
                let method = Method::SingleNode;
                findings.push(Finding::OutOfTime {
                    method,
                    after: took,
                });
                return Search::found_nothing(took);
            }
            if let Err(allowance) = budgets.check(candidate.node.pool) {
                constrained = true;
                findings.push(kept(candidate, Unconsolidatable::Budget(allowance)));
                continue;
            }
            match attempt(view, &balance, candidate, simulate, &mut took) {
                Ok(Ok(command)) => {
                    return Search {
                        commands: vec![command],
                        settled: false,
                        took,
                    };
                }
                Ok(Err(why)) => findings.push(kept(candidate, why)),
                // Every further candidate would meet the same; upstream logs each.
                Err(NoEligiblePool) if findings.contains(&Finding::NoEligiblePool) => {}
                Err(NoEligiblePool) => findings.push(Finding::NoEligiblePool),
            }
        }
        self.unreached.clear();
        Search {
            commands: Vec::new(),
            settled: !turns.is_empty() && !constrained,
            took,
        }
    }

    /// One candidate of each pool after the other, in a drawn order of pools (0.3).
    fn in_turn<'a>(&mut self, view: &View<'_>, all: Vec<Candidate<'a>>) -> Vec<Candidate<'a>> {
        let pools = view.pools.len() as u64;
        let first_draw = self.passes * pools;
        self.passes += 1;
        let rank: Vec<(bool, u64)> = (0..view.pools.len())
            .map(|pool| {
                let draw = view.ties.bits(first_draw + pool as u64);
                (!self.unreached.contains(&pool), draw)
            })
            .collect();
        let mut rounds = vec![0_usize; view.pools.len()];
        let turn = |candidate: Candidate<'a>| {
            let pool = candidate.node.pool;
            rounds[pool] += 1;
            (rounds[pool], rank[pool], candidate)
        };
        let mut turns: Vec<_> = all.into_iter().map(turn).collect();
        turns.sort_by_key(|&(round, rank, _)| (round, rank));
        turns.into_iter().map(|(.., candidate)| candidate).collect()
    }
}

fn attempt(
    view: &View<'_>,
    balance: &Balance<'_>,
    candidate: &Candidate<'_>,
    simulate: &mut dyn Simulate,
    took: &mut SimDuration,
) -> Result<Result<Command, Unconsolidatable>, NoEligiblePool> {
    if let Some(score) = balance.hopeless(candidate) {
        return Ok(Err(Unconsolidatable::Unbalanced(score)));
    }
    let alone = std::slice::from_ref(candidate);
    let attempt = consolidation::attempt(view, alone, Method::SingleNode, simulate)?;
    *took += attempt.took;
    Ok(attempt
        .result
        .and_then(|command| balance.approve(alone, command)))
}

fn pools_only_in(rest: &[Candidate<'_>], done: &[Candidate<'_>]) -> Vec<usize> {
    let seen = |pool| done.iter().any(|candidate| candidate.node.pool == pool);
    let mut pools: Vec<usize> = rest.iter().map(|candidate| candidate.node.pool).collect();
    pools.sort_unstable();
    pools.dedup();
    pools.retain(|&pool| !seen(pool));
    pools
}

fn kept(candidate: &Candidate<'_>, why: Unconsolidatable) -> Finding {
    Finding::kept(Method::SingleNode, [candidate.id()], why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::karpenter::disruption::fixture::{Fake, World};
    use crate::karpenter::disruption::what_if::Stranded;
    use crate::karpenter::fixture::ON_DEMAND;

    /// Three pools of three nodes each; node n is in pool n / 3.
    fn world() -> World {
        let mut world = World::new();
        world.pool_count = 3;
        world.fixture.kind("m5.large", &[("a", ON_DEMAND, 100)]);
        for n in 0..9 {
            let node = world.node("m5.large", 1);
            world.nodes[node].pool = n / 3;
        }
        world
    }

    fn nothing_fits() -> Fake {
        Fake::new(|_| Err(Stranded::Unreached { pod: 0 }))
    }

    fn pools_in_turn(world: &World, rounds: &mut Rounds) -> Vec<usize> {
        let pools = world.pools();
        let view = world.view(&pools, 0);
        let turns = rounds.in_turn(&view, candidates(&view, Method::SingleNode));
        turns.iter().map(|candidate| candidate.node.pool).collect()
    }

    #[test]
    fn pools_take_turns_in_an_order_drawn_anew_each_pass() {
        let world = world();
        let mut rounds = Rounds::default();
        let mut orders = Vec::new();
        for _ in 0..20 {
            let turns = pools_in_turn(&world, &mut rounds);
            let (first, rest) = turns.split_at(3);
            assert_eq!(rest, [first, first].concat());
            orders.push(first.to_vec());
        }
        orders.sort();
        orders.dedup();
        assert!(orders.len() > 1);
    }

    #[test]
    fn the_first_node_that_can_go_ends_the_search() {
        let world = world();
        let pools = world.pools();
        let mut fake = Fake::answering(Vec::new());
        let mut findings = Vec::new();
        let view = world.view(&pools, 0);
        let search = Rounds::default().propose(&view, &mut fake, &mut findings);
        assert_eq!(search.commands[0].candidates.len(), 1);
        assert_eq!((fake.asked, findings), (vec![1], Vec::new()));
    }

    #[test]
    fn a_closed_budget_leaves_the_question_open() {
        let mut world = world();
        let settled = |world: &World| {
            let pools = world.pools();
            let view = world.view(&pools, 0);
            let mut findings = Vec::new();
            let search = Rounds::default().propose(&view, &mut nothing_fits(), &mut findings);
            assert_eq!(findings.len(), 9);
            search.settled
        };
        assert!(settled(&world));
        world.budget(0);
        assert!(!settled(&world));
    }

    #[test]
    fn pools_there_was_no_time_for_come_first_the_next_time() {
        let world = world();
        let pools = world.pools();
        let view = world.view(&pools, 0);
        let mut rounds = Rounds::default();
        let mut fake = nothing_fits();
        fake.takes = SimDuration::from_secs(91);
        let mut findings = Vec::new();
        let search = rounds.propose(&view, &mut fake, &mut findings);
        assert!(!search.settled);
        assert_eq!(fake.asked.len(), 2);
        assert!(matches!(findings[2], Finding::OutOfTime { .. }));
        let unreached = rounds.unreached.clone();
        assert_eq!(unreached.len(), 1);
        assert_eq!(pools_in_turn(&world, &mut rounds)[0], unreached[0]);
    }
}
