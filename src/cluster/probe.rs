//! What asks a container how it is: its probes, with every default filled in (spec/kubernetes.md 5.3).

use crate::des::SimDuration;

/// Who in a container answers a probe, and so what can keep the answer waiting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnsweredBy {
    /// The server that takes the requests, in its turn: it waits for a free slot, and then for CPU.
    Server,
    /// A process or port of its own: it waits for CPU alone.
    Process,
    /// The kernel, which accepts connections whatever the process does.
    Kernel,
}

/// A probe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Probe {
    /// From container start to the first probe.
    pub initial_delay: SimDuration,
    /// Between two probes, at least a second.
    pub period: SimDuration,
    /// A later answer is a failure.
    pub timeout: SimDuration,
    /// Successes in a row for a good verdict, at least 1.
    pub success_threshold: u32,
    /// Failures in a row for a bad verdict, at least 1.
    pub failure_threshold: u32,
    /// From SIGTERM to SIGKILL if its verdict has the container restarted, where that differs from the pod's.
    pub grace: Option<SimDuration>,
    /// Who answers.
    pub answered_by: AnsweredBy,
}

/// The probes of a container.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Probes {
    /// Holds the others back until it succeeds; its failure restarts the container.
    pub startup: Option<Probe>,
    /// Its failure restarts the container.
    pub liveness: Option<Probe>,
    /// Whether the pod gets work.
    pub readiness: Option<Probe>,
}
