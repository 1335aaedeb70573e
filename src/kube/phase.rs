//! Where in its life is a pod, as its status says?

/// `status.phase` of a pod (spec/kubernetes.md 5.1). Terminating is not a phase. The order is that
/// of scale-down (5.8): what is further from running goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PodPhase {
    /// Accepted, not yet running: unscheduled, or its images or init containers are not done.
    Pending,
    /// Its node cannot be asked.
    Unknown,
    /// At least one container has started.
    Running,
    /// Every container ended well.
    Succeeded,
    /// Every container ended, one of them badly.
    Failed,
}

impl PodPhase {
    /// Whether the pod has ended for good.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}
