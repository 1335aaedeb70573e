//! kube-scheduler: the vectors of spec/kubernetes.md 1, and the incremental cache against a naive scheduler.

mod allocation;
#[path = "../../benches/scheduler/fleet.rs"]
mod fleet;
mod naive;
mod preemption;
mod property;
mod vectors;
