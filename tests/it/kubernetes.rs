//! What the real Kubernetes code decided, case by case, replayed (`tests/conformance/kubernetes`).

mod budget;
mod cluster;
mod container;
mod hpa;
mod preemption;
mod recording;
mod replicaset;
mod scheduler;

use karpsim::kube::phase::PodPhase;

/// A pod's phase by its name.
fn phase(name: &str) -> PodPhase {
    match name {
        "Pending" => PodPhase::Pending,
        "Running" => PodPhase::Running,
        "Succeeded" => PodPhase::Succeeded,
        "Failed" => PodPhase::Failed,
        "Unknown" => PodPhase::Unknown,
        other => panic!("phase {other}"),
    }
}
