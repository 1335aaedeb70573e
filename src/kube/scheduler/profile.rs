//! Which version of kube-scheduler is it? The switches that differ between minor versions (spec/kubernetes.md 0.2).

/// How the node is picked among those with the best score (spec/kubernetes.md 1.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TieBreak {
    /// Uniformly at random.
    #[default]
    Uniform,
    /// The first in the order of the search: what 1.35 and 1.36 come down to when all scores are equal.
    First,
    /// The one a binary heap of the scores leaves on top: what 1.35 and 1.36 do, with a single worker. Their sixteen workers
    /// find feasible nodes in no certain order, which makes it [`TieBreak::Uniform`] again.
    Heap,
}

/// A kube-scheduler of one minor version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Profile {
    /// The `36` of Kubernetes 1.36.
    pub minor: u32,
    /// Choice among equals.
    pub tie_break: TieBreak,
}

impl Profile {
    /// The default profile of Kubernetes 1.`minor`.
    #[must_use]
    pub const fn new(minor: u32) -> Self {
        Self {
            minor,
            tie_break: TieBreak::Uniform,
        }
    }

    /// Whether NodeResourcesBalancedAllocation rewards the improvement of balance instead of balance (1.6).
    #[must_use]
    pub const fn scores_balance_gain(&self) -> bool {
        self.minor >= 36
    }

    /// Whether an idle scheduler takes pods out of backoff before their time, and whether backoff ends on whole seconds (1.12).
    #[must_use]
    pub const fn pops_from_backoff(&self) -> bool {
        self.minor >= 33
    }
}
