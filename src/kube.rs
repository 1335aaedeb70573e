//! What would Kubernetes do? The controllers, the scheduler and the kubelet as pure decisions (spec/kubernetes.md).
//!
//! Replica counts: `metrics_server` turns CPU readings into the samples that `hpa` scales on, `keda` wakes and retires what an
//! HPA cannot, `deployment` and `replicaset` turn a count into pods to create and victims to delete, `rate` holds them to
//! their client's pace. Disruption: `pdb` answers evictions. Pods on nodes: `kubelet` knows how long starting and stopping
//! take, `endpoints` when traffic follows. Nodes: `nodegroup` keeps a managed node group at its size, `node_lifecycle` knows
//! when a silent death is noticed.
//!
//! **Invariant**: this room decides and does not act. A controller reads what it is given, takes the time as an argument,
//! remembers only its own history and returns data; it never sees the event queue.

pub mod deployment;
pub mod endpoints;
pub mod hpa;
pub mod keda;
pub mod kubelet;
pub mod metrics_server;
pub mod node_lifecycle;
pub mod nodegroup;
pub mod pdb;
pub mod phase;
pub mod rate;
pub mod replicaset;
pub mod span;
//! What would Kubernetes do? Its controllers as decisions: they read state and return data, and never act or see the event queue.
//!
//! - [`scheduler`]: on which node does a pod go, and when is it tried again?

pub mod scheduler;
