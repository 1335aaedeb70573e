//! Is a consolidation worth its disruption to a pool of policy `Balanced`? (spec/karpenter.md 4.9)

use crate::api::objects::karpenter::ConsolidationPolicy;
use crate::karpenter::cost::DisruptionCost;

use super::candidate::Candidate;
use super::command::{Command, Unconsolidatable};
use super::view::{NodeView, PoolView, View};

/// One over the least score that passes (0.1).
const K: i128 = 2;

/// A move, weighed against what its pool costs and holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Score {
    /// The pool.
    pub pool: usize,
    /// What the move saves there, in nano-dollars per hour.
    pub saved: i128,
    /// What the pool costs, in nano-dollars per hour.
    pub pool_price: i128,
    /// What the move disrupts there.
    pub disrupted: DisruptionCost,
    /// What there is to disrupt in the pool.
    pub pool_disruption: DisruptionCost,
}

impl Score {
    /// The share of the pool's cost that is saved over the share of its pods that is disturbed, for reading.
    #[must_use]
    pub fn value(&self) -> f64 {
        if self.saved <= 0 || self.pool_price <= 0 {
            return 0.0;
        }
        let saved = self.saved as f64 / self.pool_price as f64;
        saved / (self.disrupted.pods() / self.pool_disruption.pods())
    }

    /// Whether it is at least one half. Compared in whole numbers.
    #[must_use]
    pub fn passes(&self) -> bool {
        let (disrupted, all) = (self.disrupted.units(), self.pool_disruption.units());
        self.saved > 0
            && self.pool_price > 0
            && K * self.saved * i128::from(all) >= self.pool_price * i128::from(disrupted)
    }
}

/// What the `Balanced` pools of a view cost and hold.
#[derive(Debug)]
pub(super) struct Balance<'a> {
    pools: &'a [PoolView<'a>],
    /// Cost in nano-dollars per hour and what there is to disrupt; nothing is added up for pools of another policy.
    totals: Vec<(i128, DisruptionCost)>,
}

impl<'a> Balance<'a> {
    pub(super) fn of(view: &View<'a>) -> Self {
        let mut totals = vec![(0, DisruptionCost::default()); view.pools.len()];
        for node in view.nodes {
            let pool = &view.pools[node.pool];
            if pool.policy == ConsolidationPolicy::Balanced {
                let (price, disrupted) = &mut totals[node.pool];
                *price += i128::from(node.price(pool).0);
                *disrupted += disruption(node);
            }
        }
        Self {
            pools: view.pools,
            totals,
        }
    }

    /// The command, if every `Balanced` pool approves of it.
    ///
    /// # Errors
    /// The score of the first pool that does not.
    pub(super) fn approve(
        &self,
        candidates: &[Candidate<'_>],
        command: Command,
    ) -> Result<Command, Unconsolidatable> {
        let now = i128::from(command.saving.now.0);
        let saved = now - i128::from(command.saving.replacement_at_least.0);
        let rejection = self.worst(candidates, saved);
        rejection.map_or(Ok(command), |score| {
            Err(Unconsolidatable::Unbalanced(score))
        })
    }

    /// The score a node's `Balanced` pool would give to its deletion, if that is not enough: then no replacement can be.
    pub(super) fn hopeless(&self, candidate: &Candidate<'_>) -> Option<Score> {
        self.worst(
            std::slice::from_ref(candidate),
            i128::from(candidate.price.0),
        )
    }

    fn worst(&self, candidates: &[Candidate<'_>], saved: i128) -> Option<Score> {
        let mut pools: Vec<usize> = candidates.iter().map(|c| c.node.pool).collect();
        pools.sort_unstable();
        pools.dedup();
        pools.retain(|&pool| self.pools[pool].policy == ConsolidationPolicy::Balanced);
        let mut scores = pools
            .into_iter()
            .map(|pool| self.score(candidates, pool, saved));
        scores.find(|score| !score.passes())
    }

    /// Savings of a command over several pools are split in proportion to what its candidates cost in each.
    fn score(&self, candidates: &[Candidate<'_>], pool: usize, saved: i128) -> Score {
        let members = || candidates.iter().filter(|c| c.node.pool == pool);
        let every: i128 = candidates.iter().map(|c| i128::from(c.price.0)).sum();
        let own: i128 = members().map(|c| i128::from(c.price.0)).sum();
        let (pool_price, pool_disruption) = self.totals[pool];
        Score {
            pool,
            saved: if every > 0 { saved * own / every } else { 0 },
            pool_price,
            disrupted: members().map(|c| c.cost).sum(),
            pool_disruption,
        }
    }
}

/// 1 and what evicting the node's pods costs, but for those of DaemonSets.
fn disruption(node: &NodeView) -> DisruptionCost {
    let pods = node.pods.iter().filter(|pod| !pod.daemon);
    DisruptionCost::of_rescheduling(pods.map(|pod| pod.eviction_cost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::karpenter::disruption::candidate::candidates;
    use crate::karpenter::disruption::command::Method;
    use crate::karpenter::disruption::fixture::World;
    use crate::karpenter::fixture::ON_DEMAND;

    /// A pool that costs $10 an hour and holds 100 of disruption, in which a node of $0.40 with so many pods is to be deleted.
    fn deletion_of_node_with(pods: usize) -> Option<Score> {
        let mut world = World::new();
        world.policy = ConsolidationPolicy::Balanced;
        world.fixture.kind("m5.2xlarge", &[("a", ON_DEMAND, 400)]);
        world.fixture.kind("m5.metal", &[("a", ON_DEMAND, 9_600)]);
        let small = world.node("m5.2xlarge", pods);
        world.node("m5.metal", 100 - 2 - pods);
        let small = world.nodes[small].id;
        let pools = world.pools();
        let view = world.view(&pools, 0);
        let all = candidates(&view, Method::SingleNode);
        let small = all.iter().find(|candidate| candidate.id() == small);
        Balance::of(&view).hopeless(small.unwrap())
    }

    #[test]
    fn a_deletion_passes_if_it_saves_half_its_share_of_the_pods() {
        assert_eq!(deletion_of_node_with(6), None);
        assert_eq!(deletion_of_node_with(7), None, "exactly one half");
        let rejected = deletion_of_node_with(8).unwrap();
        assert!((rejected.value() - 0.04 / 0.09).abs() < 1e-12);
    }

    #[test]
    fn a_move_that_saves_nothing_scores_nothing() {
        let score = Score {
            pool: 0,
            saved: 0,
            pool_price: 10,
            disrupted: DisruptionCost::ONE,
            pool_disruption: DisruptionCost::ONE,
        };
        assert_eq!(score.value(), 0.0);
        assert!(!score.passes());
    }
}
