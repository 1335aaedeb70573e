//! Given nodes, claims, pools and pending pods, what would Karpenter's scheduler decide? (spec/karpenter.md 1)
//!
//! A pass is a pure function from a [`Problem`] to a [`Plan`]. The problem holds everything the real scheduler would look at, as plain data
//! with no tie to the live tables, so a recorded pass of a real cluster can be replayed.
//!
//! Not modelled: reserved capacity (1.13; a reserved offering counts as any other), static pools (1.16), dynamic resource
//! allocation and volumes.

pub mod plan;
pub mod problem;

pub use plan::{Cause, NewClaim, NodeFailures, Plan, PoolFailure, Reason, TypeFailures};
pub use problem::{
    CountedNode, ExistingNode, HostPort, Limits, MinValuesPolicy, Options, PendingPod,
    PoolTemplate, PreferencePolicy, Problem,
};
