//! What would Kubernetes do? The controllers, the scheduler and the kubelet as pure decisions (spec/kubernetes.md).
//!
//! Replica counts: `metrics_server` turns CPU readings into the samples that `hpa` scales on, `keda` wakes and retires what an
//! HPA cannot, `deployment` and `replicaset` turn a count into pods to create and victims to delete, `rate` holds them to
//! their client's pace. Disruption: `pdb` answers evictions. Pods on nodes: `kubelet` knows how long starting and stopping
//! take, `endpoints` when traffic follows. Nodes: `nodegroup` keeps a managed node group at its size, `autoscaler` says what
//! that size should be, `node_lifecycle` knows when a silent death is noticed. Which node a pod goes to, and when it is tried again, is `scheduler`'s.
//!
//! **Invariant**: this room decides and does not act. A controller reads what it is given, takes the time as an argument,
//! remembers only its own history and returns data; it never sees the event queue.

pub mod autoscaler;
pub mod deployment;
pub mod endpoints;
pub mod hpa;
pub mod keda;
pub mod kubelet;
pub mod metrics_server;
pub mod mistakes;
pub mod node_lifecycle;
pub mod nodegroup;
pub mod pdb;
pub mod phase;
pub mod rate;
pub mod replicaset;
pub mod scheduler;
pub mod span;
