//! How many nodes should each node group have? Cluster Autoscaler 1.36 on AWS (spec/kubernetes.md 4.1 to 4.3).
//!
//! Unlike Karpenter it knows groups of equal nodes and nothing else: it asks of each group how many of its nodes the waiting pods would
//! fill, lets the expander choose one group, and grows it. Nodes that are little used and whose pods fit elsewhere go, after having been
//! so for ten minutes.
//!
//! `snapshot` is the cluster to try things on, with the scheduler's own filters; `estimate` packs pods onto new nodes, `expander` chooses
//! among groups, `scale_up` is a loop's first half and `scale_down` its second, with `drainability`. Decisions only.

mod drainability;
mod estimate;
mod expander;
mod scale_down;
mod scale_up;
mod snapshot;

#[cfg(test)]
mod tests;

pub use drainability::blocks;
pub use expander::Expander;
pub use scale_down::{Candidate, Removals, ScaleDown};
pub use scale_up::{Group, Growth, ScaleUp, scale_up};
pub use snapshot::{Snapshot, TemplateNode, Waiting};

use crate::des::{SimDuration, SimTime};

/// Flags, by their names without dashes in front (spec/kubernetes.md 4.1).
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// `scan-interval`: between two loops.
    pub scan_interval: SimDuration,
    /// `expander`.
    pub expander: Expander,
    /// `frequent-loops-enabled`: after a loop that did something the next begins at once.
    pub frequent_loops: bool,
    /// `scale-down-enabled`.
    pub scale_down_enabled: bool,
    /// `scale-down-utilization-threshold`, in parts per million: nodes at or below it may go.
    pub utilization_threshold_ppm: u32,
    /// `scale-down-unneeded-time`: a node goes once it has been unneeded for longer.
    pub unneeded_time: SimDuration,
    /// `scale-down-delay-after-add`.
    pub delay_after_add: SimDuration,
    /// `scale-down-delay-after-delete`.
    pub delay_after_delete: SimDuration,
    /// `scale-down-delay-after-failure`.
    pub delay_after_failure: SimDuration,
    /// `skip-nodes-with-local-storage`: a pod with such a volume keeps its node.
    pub skip_nodes_with_local_storage: bool,
    /// `skip-nodes-with-system-pods`: a pod of `kube-system` without a budget keeps its node.
    pub skip_nodes_with_system_pods: bool,
    /// `max-node-provision-time`: after that a group's missing nodes are given up.
    pub max_node_provision_time: SimDuration,
    /// `max-scale-down-parallelism`: nodes on their way out at once.
    pub max_scale_down_parallelism: usize,
    /// `max-drain-parallelism`: of them with pods.
    pub max_drain_parallelism: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let minutes = |minutes: u64| SimDuration::from_secs(minutes * 60);
        Self {
            scan_interval: SimDuration::from_secs(10),
            expander: Expander::LeastWaste,
            frequent_loops: true,
            scale_down_enabled: true,
            utilization_threshold_ppm: 500_000,
            unneeded_time: minutes(10),
            delay_after_add: minutes(10),
            delay_after_delete: SimDuration::ZERO,
            delay_after_failure: minutes(3),
            skip_nodes_with_local_storage: true,
            skip_nodes_with_system_pods: true,
            max_node_provision_time: minutes(15),
            max_scale_down_parallelism: 10,
            max_drain_parallelism: 1,
        }
    }
}

/// A loop takes about so long, the calls to the API server included (6.2).
pub const LOOP: SimDuration = SimDuration::from_millis(100);
/// The AWS provider asks for the Auto Scaling groups and their failed launches no more often (`refreshInterval` of its manager).
pub const REFRESH: SimDuration = SimDuration::from_secs(60);
/// No pod is scaled up for while the oldest is younger (4.2).
const POD_AGE: SimDuration = SimDuration::from_secs(2);
/// The same where pods ask for GPUs (4.2).
const GPU_POD_AGE: SimDuration = SimDuration::from_secs(30);
/// `max-nodes-per-scaleup` (4.1).
const MAX_NODES_PER_SCALE_UP: u32 = 1_000;
/// `unremovable-node-recheck-timeout` (4.1).
const UNREMOVABLE_RECHECK: SimDuration = SimDuration::from_secs(300);
/// `initial-node-group-backoff-duration`, and what it doubles up to (4.1).
const BACKOFF: (SimDuration, SimDuration) =
    (SimDuration::from_secs(300), SimDuration::from_secs(1_800));
/// `node-group-backoff-reset-timeout` (4.1).
const BACKOFF_RESET: SimDuration = SimDuration::from_secs(3 * 3_600);
/// `node-delete-delay-after-taint` (4.1).
pub const DELETE_DELAY: SimDuration = SimDuration::from_secs(5);
/// `max-pod-eviction-time`: how long evictions of a node are tried (4.1).
pub const EVICTION_TIME: SimDuration = SimDuration::from_secs(120);
/// Between two tries (4.1).
pub const EVICTION_RETRY: SimDuration = SimDuration::from_secs(10);
/// `max-graceful-termination-sec` (4.1).
pub const MAX_GRACE: SimDuration = SimDuration::from_secs(600);

/// How long a group is left alone that failed to grow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    until: Option<SimTime>,
    length: SimDuration,
}

impl Backoff {
    /// The group has failed: five minutes, twice as long each time, thirty at most; from the beginning after three good hours.
    pub fn fail(&mut self, now: SimTime) {
        let fresh = self
            .until
            .is_none_or(|until| now.saturating_since(until) >= BACKOFF_RESET);
        self.length = if fresh {
            BACKOFF.0
        } else {
            (self.length * 2).min(BACKOFF.1)
        };
        self.until = Some(now + self.length);
    }

    /// Whether the group may grow.
    #[must_use]
    pub fn is_over(&self, now: SimTime) -> bool {
        self.until.is_none_or(|until| until <= now)
    }
}
