//! Given nodes, claims, pools and pending pods, what would Karpenter's scheduler decide? (spec/karpenter.md 1)
//!
//! [`solve`] is one pass: a pure function from a [`Problem`] to a [`Plan`]. The problem holds everything the real scheduler would look at,
//! as plain data with no tie to the live tables, so a recorded pass of a real cluster can be replayed. [`Batcher`] says when a pass starts.
//!
//! The rules are upstream's, one module each: the order of pods (`queue`), what they give up when refused (`preferences`), where
//! they are tried (`places`, `order`), which types a claim could still be (`pool`), DaemonSet overhead (`daemons`), limits (`limits`),
//! spread and affinity (`topology`), capacity reservations (`reservations`), price order and truncation (`finish`). What upstream leaves to
//! chance is drawn (`draws`).
//!
//! That it decides as the real scheduler does is proved case by case: `tests/conformance/karpenter` records the real one.
//!
//! A pass is fast because it never asks twice: pods of a template are one class (`variant`), places with the same labels share one interned
//! requirement set (`narrowing`), a set is held against a pool's types once and the answer kept as a bit mask (`pool`), and a place that
//! refused a class for a reason that cannot pass is never offered to it again.
//!
//! Not modelled: static pools (1.16), dynamic resource allocation and volumes.

pub mod batcher;
pub mod plan;
pub mod problem;

mod amounts;
mod bits;
mod daemons;
mod draws;
mod examine;
mod explain;
mod finish;
mod limits;
mod narrowing;
mod order;
mod pass;
mod places;
mod pool;
mod preferences;
mod queue;
mod reservations;
mod topology;
mod variant;

pub use batcher::{Batcher, Closed, Window};
pub use plan::{Cause, NewClaim, NodeFailures, Plan, PoolFailure, Reason, TypeFailures};
pub use preferences::Relaxation;
pub use problem::{
    CountedNode, ExistingNode, Limits, MinValuesPolicy, Options, PendingPod, PoolTemplate,
    PreferencePolicy, Problem,
};

/// What Karpenter's scheduler decides about the pods of `problem`.
#[must_use]
pub fn solve(problem: &Problem) -> Plan {
    Scheduler::new(problem).solve()
}

/// A pass that has sorted out pools, types, nodes and topology, and has not looked at the first pod.
#[derive(Debug)]
pub struct Scheduler<'a>(pass::Pass<'a>);

impl<'a> Scheduler<'a> {
    /// Sorts them out.
    #[must_use]
    pub fn new(problem: &'a Problem<'a>) -> Self {
        Self(pass::Pass::new(problem))
    }

    /// The decision. Without an eligible pool nothing is decided, not even about existing nodes (1.1).
    #[must_use]
    pub fn solve(self) -> Plan {
        let problem = self.0.problem;
        if problem.pools.is_empty() {
            let errors = problem.pods.iter().map(|pod| (pod.id, Reason::default()));
            return Plan {
                errors: errors.collect(),
                ..Plan::default()
            };
        }
        self.0.run()
    }
}
