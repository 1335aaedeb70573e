//! Which drifted nodes of static pools are replaced? (spec/karpenter.md 4.11)

use super::candidate::{Budgets, Candidate, candidates};
use super::command::{Command, Finding, Method, Unconsolidatable};
use super::consolidation;
use super::view::View;
use crate::karpenter::static_pool::Count;

/// One command for each node that may be replaced now, each for a claim made from its pool's template.
pub(super) fn propose(view: &View<'_>, findings: &mut Vec<Finding>) -> Vec<Command> {
    let mut drifted = candidates(view, Method::StaticDrift);
    // Upstream does not sort them (0.3).
    drifted.sort_by_cached_key(|candidate| view.ties.bits(u64::from(candidate.id().0)));
    let mut budgets = Budgets::new(view, Method::StaticDrift.reason());
    let mut room: Vec<u32> = view
        .pools
        .iter()
        .map(|pool| pool.fixed.map_or(0, |fixed| room(&fixed.count)))
        .collect();
    let mut commands = Vec::new();
    for candidate in drifted {
        let pool = candidate.node.pool;
        let Some(left) = room[pool].checked_sub(1) else {
            continue;
        };
        if let Err(allowance) = budgets.take(pool) {
            let why = Unconsolidatable::Budget(allowance);
            findings.push(Finding::kept(Method::StaticDrift, [candidate.id()], why));
            continue;
        }
        room[pool] = left;
        commands.extend(replace(view, candidate));
    }
    commands
}

/// How many nodes may be replaced at once: none while there are too many.
fn room(count: &Count) -> u32 {
    if count.is_above_replicas() {
        0
    } else {
        count.room()
    }
}

fn replace(view: &View<'_>, candidate: Candidate<'_>) -> Option<Command> {
    let replacements = vec![candidate.pool.fixed?.template.clone()];
    Some(Command {
        method: Method::StaticDrift,
        candidates: vec![candidate.id()],
        saving: consolidation::saving(view, &[candidate], &replacements),
        replacements,
        destinations: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::SimTime;
    use crate::karpenter::disruption::DriftReason;
    use crate::karpenter::disruption::fixture::World;
    use crate::karpenter::disruption::view::{Drifted, Fixed};
    use crate::karpenter::fixture::ON_DEMAND;

    fn replaced(budget: u32, count: Count) -> usize {
        let mut world = World::new();
        world.fixture.kind("m5.large", &[("a", ON_DEMAND, 100)]);
        world.budget(budget);
        for _ in 0..5 {
            let node = world.node("m5.large", 1);
            world.nodes[node].drifted = Some(Drifted {
                since: SimTime::ZERO,
                reason: DriftReason::NodePoolDrifted,
            });
        }
        let template = world.claim(&[0]);
        let mut pools = world.pools();
        let fixed = Fixed {
            count,
            template: &template,
        };
        pools[0].fixed = Some(fixed);
        let commands = propose(&world.view(&pools, 10), &mut Vec::new());
        for command in &commands {
            assert_eq!(command.replacements, std::slice::from_ref(&template));
        }
        commands.len()
    }

    #[test]
    fn budget_and_limit_bound_the_replacements() {
        let count = Count {
            replicas: 5,
            limit: None,
            active: 5,
            pending_disruption: 0,
            deleting: 0,
        };
        assert_eq!(replaced(3, count), 3);
        assert_eq!(replaced(9, count), 5);
        let limit = Some(7);
        assert_eq!(replaced(9, Count { limit, ..count }), 2);
        assert_eq!(replaced(0, count), 0);
        let active = 6;
        assert_eq!(replaced(9, Count { active, ..count }), 0, "scaling down");
    }
}
