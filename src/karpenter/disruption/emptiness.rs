//! Which empty nodes go? (spec/karpenter.md 4.5)

use super::candidate::{Budgets, Candidate, candidates};
use super::command::{Command, Finding, Method, Saving, Unconsolidatable};
use super::consolidation;
use super::view::View;

/// One command for all empty nodes the budgets allow, without any simulation.
pub(super) fn propose(view: &View<'_>, findings: &mut Vec<Finding>) -> Option<Command> {
    let mut budgets = Budgets::new(view, Method::Emptiness.reason());
    let mut taken = candidates(view, Method::Emptiness);
    taken.retain(|candidate| match budgets.take(candidate.node.pool) {
        Ok(()) => true,
        Err(allowance) => {
            let why = Unconsolidatable::Budget(allowance);
            findings.push(Finding::kept(Method::Emptiness, [candidate.id()], why));
            false
        }
    });
    (!taken.is_empty()).then(|| command(&taken))
}

/// The command that deletes these nodes.
pub(super) fn command(candidates: &[Candidate<'_>]) -> Command {
    Command {
        method: Method::Emptiness,
        candidates: candidates.iter().map(Candidate::id).collect(),
        replacements: Vec::new(),
        destinations: Vec::new(),
        saving: Saving {
            now: consolidation::price(candidates),
            replacement_at_most: Default::default(),
            replacement_at_least: Default::default(),
        },
    }
}
