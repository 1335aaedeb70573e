//! The numbers of kube-scheduler, each with the section of spec/kubernetes.md it comes from.

use crate::des::SimDuration;

/// The best score of a plugin before its weight (1.1).
pub const MAX_NODE_SCORE: i64 = 100;

/// Weights of the score plugins (1.1).
pub mod weight {
    /// TaintToleration.
    pub const TAINT_TOLERATION: i64 = 3;
    /// NodeAffinity.
    pub const NODE_AFFINITY: i64 = 2;
    /// NodeResourcesFit with the LeastAllocated strategy.
    pub const RESOURCES_FIT: i64 = 1;
    /// PodTopologySpread.
    pub const TOPOLOGY_SPREAD: i64 = 2;
    /// InterPodAffinity.
    pub const INTER_POD_AFFINITY: i64 = 2;
    /// NodeResourcesBalancedAllocation.
    pub const BALANCED_ALLOCATION: i64 = 1;
    /// ImageLocality.
    pub const IMAGE_LOCALITY: i64 = 1;
}

/// What a matching required affinity term of a pod already placed adds to InterPodAffinity (1.2).
pub const HARD_POD_AFFINITY_WEIGHT: i64 = 1;

/// Clusters smaller than this are searched whole, and no search aims at fewer feasible nodes (1.3).
pub const MIN_FEASIBLE_NODES: usize = 100;
/// Percentage of nodes a search aims at in a vanishingly small cluster (1.3).
pub const SEARCH_PERCENT_BASE: usize = 50;
/// Nodes for which that percentage drops by one (1.3).
pub const SEARCH_NODES_PER_PERCENT: usize = 125;
/// The percentage never drops below this (1.3).
pub const SEARCH_PERCENT_MIN: usize = 5;

/// Maximum skew per host of the system default spread constraint (1.9).
pub const DEFAULT_HOST_SKEW: u32 = 3;
/// Maximum skew per zone of the system default spread constraint (1.9).
pub const DEFAULT_ZONE_SKEW: u32 = 5;

/// Bytes of images below which a node has no locality to speak of (1.11).
pub const IMAGE_BYTES_MIN: i64 = 23 << 20;
/// Bytes of images per container above which more does not count (1.11).
pub const IMAGE_BYTES_MAX: i64 = 1000 << 20;

/// The taint a cordon stands for (1.1).
pub const UNSCHEDULABLE_TAINT: &str = "node.kubernetes.io/unschedulable";

/// Backoff after the first failed attempt; doubles with each further one (1.12).
pub const BACKOFF_INITIAL: SimDuration = SimDuration::from_secs(1);
/// Backoff never exceeds this (1.12).
pub const BACKOFF_MAX: SimDuration = SimDuration::from_secs(10);
/// Period of the flush of expired backoffs, aligned to whole seconds (1.12).
pub const BACKOFF_FLUSH: SimDuration = SimDuration::from_secs(1);
/// Period of the sweep through the unschedulable pool (1.12).
pub const UNSCHEDULABLE_SWEEP: SimDuration = SimDuration::from_secs(30);
/// The sweep moves pods that stayed longer than this (1.12).
pub const UNSCHEDULABLE_MAX: SimDuration = SimDuration::from_secs(300);

/// Percentage of candidate nodes a preemption dry-runs (1.2).
pub const PREEMPTION_CANDIDATES_PERCENT: usize = 10;
/// And at least this many (1.2).
pub const PREEMPTION_CANDIDATES_MIN: usize = 100;

/// Shortest scheduling cycle of one pod (1.15).
pub const CYCLE_MIN: SimDuration = SimDuration::from_millis(1);
/// Longest scheduling cycle of one pod (1.15).
pub const CYCLE_MAX: SimDuration = SimDuration::from_millis(5);
/// Shortest round trip of a Bind call, which runs beside the next cycles (1.15).
pub const BIND_MIN: SimDuration = SimDuration::from_millis(5);
/// Longest round trip of a Bind call (1.15).
pub const BIND_MAX: SimDuration = SimDuration::from_millis(20);
