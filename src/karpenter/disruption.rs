//! Which nodes should go, and what replaces them? (spec/karpenter.md 4)
//!
//! A [`Controller`] is woken with a [`View`] of the cluster and answers with a command to start, or nothing, and when to wake it next.
//! What would happen to the pods of a node without it, it asks a [`Simulate`], which the owner of the tables implements by a provisioning
//! pass. Started commands live in a [`Queue`] until their replacements are ready. Every node that could go and stays is named with
//! the reason, since people will ask.
//!
//! Not modelled: CapacityBuffers.

mod balanced;
pub mod candidate;
pub mod command;
pub mod consolidatable;
mod consolidation;
pub mod controller;
mod drift;
pub mod drifted;
mod emptiness;
#[cfg(test)]
mod fixture;
pub mod memo;
mod multi_node;
pub mod queue;
mod single_node;
mod static_drift;
pub mod validation;
pub mod view;
pub mod what_if;

pub use balanced::Score;
pub use candidate::{Blocked, Standing, standings};
pub use command::{Command, Finding, Method, Saving, Unconsolidatable};
pub use controller::{Act, Controller, Step};
pub use drifted::DriftReason;
pub use memo::ClusterState;
pub use queue::{Outcome, Queue, Replacement};
pub use validation::ValidationFailure;
pub use view::{Drifted, Fixed, NodeId, NodeView, PdbCover, PodView, PoolView, View};
pub use what_if::{Names, NoEligiblePool, Origin, Simulate, Stranded, WhatIf};
