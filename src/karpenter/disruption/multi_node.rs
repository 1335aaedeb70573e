//! How many nodes can go together? (spec/karpenter.md 4.6)

use crate::des::SimDuration;

use super::balanced::Balance;
use super::candidate::{Budgets, Candidate, candidates};
use super::command::{Command, Finding, Method, Unconsolidatable};
use super::consolidation::{self, Attempt};
use super::controller::Search;
use super::view::View;
use super::what_if::{NoEligiblePool, Simulate};

/// Most nodes tried together; the arithmetic of the search lets one more through (0.1).
const MOST_CANDIDATES: usize = 100;
/// When the search settles for what it has (0.1).
const TIMEOUT: SimDuration = SimDuration::from_secs(60);

/// The most nodes, of those that save most, that can be replaced by one claim or none.
pub(super) fn propose(
    view: &View<'_>,
    simulate: &mut dyn Simulate,
    findings: &mut Vec<Finding>,
) -> Result<Search, NoEligiblePool> {
    let mut candidates = candidates(view, Method::MultiNode);
    let seen = candidates.len();
    let mut budgets = Budgets::new(view, Method::MultiNode.reason());
    candidates.retain(|candidate| budgets.take(candidate.node.pool).is_ok());
    let constrained = candidates.len() < seen;
    let (longest, took) = longest_prefix(view, &candidates, simulate, findings)?;
    Ok(Search {
        settled: longest.is_none() && seen > 0 && !constrained,
        commands: longest.into_iter().collect(),
        took,
    })
}

/// The command for the longest prefix found that can go, and how long the search computed.
fn longest_prefix(
    view: &View<'_>,
    candidates: &[Candidate<'_>],
    simulate: &mut dyn Simulate,
    findings: &mut Vec<Finding>,
) -> Result<(Option<Command>, SimDuration), NoEligiblePool> {
    let balance = Balance::of(view);
    let mut took = SimDuration::ZERO;
    let mut longest = None;
    let mut failed = None;
    let mut prefixes = Prefixes::of(candidates.len());
    while let Some(nodes) = prefixes.probe() {
        if took > TIMEOUT {
            findings.push(Finding::OutOfTime {
                method: Method::MultiNode,
                after: took,
            });
            break;
        }
        let prefix = &candidates[..nodes];
        let attempt = consolidation::attempt(view, prefix, Method::MultiNode, simulate)?;
        took += attempt.took;
        let result = replaced_by_another_type(view, prefix, attempt)
            .and_then(|command| balance.approve(prefix, command));
        prefixes.learn(result.is_ok());
        match result {
            Ok(command) => longest = Some(command),
            Err(why) => failed = Some(kept(prefix, why)),
        }
    }
    // Each prefix that fails is shorter than the one before: the last is where the search ended, and its reason is the one that counts.
    findings.extend(failed);
    Ok((longest, took))
}

fn replaced_by_another_type(
    view: &View<'_>,
    prefix: &[Candidate<'_>],
    attempt: Attempt,
) -> Result<Command, Unconsolidatable> {
    let command = attempt.result?;
    consolidation::without_same_type(view, prefix, command)
}

fn kept(candidates: &[Candidate<'_>], why: Unconsolidatable) -> Finding {
    let nodes = candidates.iter().map(Candidate::id);
    Finding::kept(Method::MultiNode, nodes, why)
}

/// A binary search for the longest prefix that works. It assumes that what works for a prefix works for shorter ones, which is not
/// always so: it finds a long one, not the best one.
#[derive(Clone, Copy, Debug)]
struct Prefixes {
    low: usize,
    high: usize,
}

impl Prefixes {
    /// Over the prefixes of so many candidates; a single one is left to the single-node method.
    fn of(candidates: usize) -> Self {
        let high = if candidates <= MOST_CANDIDATES {
            candidates.saturating_sub(1)
        } else {
            MOST_CANDIDATES
        };
        Self { low: 1, high }
    }

    /// The length to try next, at least 2.
    fn probe(&self) -> Option<usize> {
        (self.low <= self.high).then(|| self.middle() + 1)
    }

    /// Takes the result of the probe.
    fn learn(&mut self, works: bool) {
        let middle = self.middle();
        if works {
            self.low = middle + 1;
        } else {
            self.high = middle - 1;
        }
    }

    fn middle(&self) -> usize {
        usize::midpoint(self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::karpenter::disruption::fixture::{Fake, World};
    use crate::karpenter::disruption::what_if::Stranded;
    use crate::karpenter::fixture::ON_DEMAND;

    fn probes(candidates: usize, works: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut prefixes = Prefixes::of(candidates);
        let mut probed = Vec::new();
        while let Some(nodes) = prefixes.probe() {
            probed.push(nodes);
            prefixes.learn(works(nodes));
        }
        probed
    }

    #[test]
    fn the_search_halves_the_prefixes() {
        assert_eq!(probes(7, |n| n <= 4), [4, 6, 5]);
        assert_eq!(probes(2, |_| true), [2]);
        assert_eq!(probes(1, |_| true), [0; 0]);
        assert_eq!(probes(0, |_| true), [0; 0]);
    }

    #[test]
    fn a_hundred_and_one_nodes_can_go_together() {
        assert_eq!(probes(100, |_| true).last(), Some(&100));
        assert_eq!(probes(101, |_| true).last(), Some(&101));
        assert_eq!(probes(5_000, |_| true).last(), Some(&101));
        assert_eq!(probes(5_000, |_| false).last(), Some(&2));
    }

    fn nodes(count: usize) -> World {
        let mut world = World::new();
        world.fixture.kind("m5.large", &[("a", ON_DEMAND, 100)]);
        for _ in 0..count {
            world.node("m5.large", 1);
        }
        world
    }

    /// Prefixes of up to so many nodes can be deleted.
    fn fake(deletable: usize) -> Fake {
        Fake::new(move |candidates| {
            if candidates.len() <= deletable {
                Ok(Vec::new())
            } else {
                Err(Stranded::Unreached { pod: 7 })
            }
        })
    }

    fn proposed(world: &World, simulate: &mut Fake, findings: &mut Vec<Finding>) -> Search {
        let pools = world.pools();
        propose(&world.view(&pools, 0), simulate, findings).unwrap()
    }

    #[test]
    fn the_longest_prefix_found_is_proposed_and_the_obstacle_named() {
        let world = nodes(7);
        let mut simulate = fake(4);
        let mut findings = Vec::new();
        let search = proposed(&world, &mut simulate, &mut findings);
        assert_eq!(simulate.asked, [4, 6, 5]);
        assert_eq!(search.commands[0].candidates.len(), 4);
        assert!(!search.settled);
        let Finding::Kept { nodes, why, .. } = &findings[0] else {
            panic!("{findings:?}")
        };
        assert_eq!(nodes.len(), 5);
        assert!(matches!(why, Unconsolidatable::Stranded(_)));
    }

    #[test]
    fn budgets_shorten_the_list_and_keep_the_question_open() {
        let mut world = nodes(7);
        world.budget(3);
        let mut simulate = fake(0);
        let search = proposed(&world, &mut simulate, &mut Vec::new());
        assert_eq!(simulate.asked, [2]);
        assert!(search.commands.is_empty() && !search.settled);
        let search = proposed(&nodes(7), &mut fake(0), &mut Vec::new());
        assert!(search.settled);
    }

    #[test]
    fn out_of_time_it_settles_for_what_it_has() {
        let world = nodes(64);
        let mut simulate = fake(64);
        simulate.takes = SimDuration::from_secs(31);
        let mut findings = Vec::new();
        let search = proposed(&world, &mut simulate, &mut findings);
        assert_eq!(simulate.asked, [33, 49]);
        assert_eq!(search.commands[0].candidates.len(), 49);
        assert!(matches!(findings[..], [Finding::OutOfTime { .. }]));
    }
}
