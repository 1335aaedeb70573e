//! On which node does a pod go, and when is it tried again? kube-scheduler with its default profile (spec/kubernetes.md 1).
//!
//! The room has three tenants that never call each other; the simulation carries data between them:
//!
//! - [`Cache`] knows nodes and the pods on them and answers [`Cache::schedule`] (filter and score plugins) and
//!   [`Cache::preempt`];
//! - [`SchedulingQueue`] knows the pods that wait and answers *who is next* and *when to look again*;
//!
//! One attempt reads like the real cycle: pop a pod, `schedule` it, and either `add_pod` at once (the pod is *assumed*, its
//! requests count from here on) and bind it at the pace's instant, or hand the [`Failure`] to the queue. Every change of the
//! cluster goes to the cache first and then, as a [`ClusterEvent`], to the queue, which asks [`Cache::wakes`] whom it concerns.
//!
//! What makes it fast is what the real one calls equivalence: pods of one template are interchangeable, so taints, affinity
//! and labels are judged once per (template, node) when the node changes, and selectors are evaluated once per pair of
//! templates when the cache is made. What is left per attempt are loops over columns of integers, in `filter` and `score`.
//!
//! Caller and cache share two small integers: a node's *slot* (dense, may be reused after [`Cache::remove_node`]) and a pod's
//! *key* (unique among pods that are on a node or wait for one).

mod cache;
mod class;
mod columns;
pub mod constants;
mod cycle;
mod examination;
mod failure;
mod filter;
mod hint;
mod node_info;
mod node_tree;
mod plugin;
mod preemption;
mod profile;
mod queue;
mod score;
mod tally;
mod topology;

pub use cache::Cache;
pub use cycle::{Attempt, Chosen, feasible_nodes_wanted};
pub use examination::{Examination, Refused, Scored};
pub use failure::{Failure, Reason};
pub use hint::ClusterEvent;
pub use node_info::{NodeInfo, PodInfo};
pub use node_tree::NodeTree;
pub use plugin::{Plugin, PluginSet, ScorePlugin};
pub use preemption::{DisruptionBudget, Preemption};
pub use profile::{Profile, TieBreak};
pub use queue::SchedulingQueue;
