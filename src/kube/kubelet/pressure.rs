//! Who has to go when a node runs out of memory? (spec/kubernetes.md 5.9)
//!
//! The pods of a node may take what is allocatable. Above that the kubelet evicts: it looks every ten
//! seconds and takes one pod at a time. What it is too late for the kernel does: the cgroup of all
//! pods ends at allocatable and the eviction threshold together, and there the process goes that has
//! most of it, by a score that shields whoever asked for its memory.

use crate::cluster::template::QosClass;
use crate::des::SimDuration;

/// Between two looks of the kubelet at what is available.
pub const MONITOR_PERIOD: SimDuration = SimDuration::from_secs(10);
/// Bytes below which the kubelet evicts: `evictionHard` of `memory.available`.
pub const EVICTION_HARD: u64 = 100 << 20;
/// What an evicted pod is given to stop.
pub const EVICTION_GRACE: SimDuration = SimDuration::from_secs(1);
/// Pods of this priority or more are never evicted.
const CRITICAL: i32 = 2_000_000_000;

/// A pod in the eyes of the kubelet and the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryPod {
    /// Bytes it uses.
    pub usage: u64,
    /// Bytes it asked for.
    pub request: u64,
    /// Its priority.
    pub priority: i32,
    /// Its quality of service.
    pub qos: QosClass,
}

/// The place of the pod that the kubelet evicts first: those above their request before the others,
/// then by priority, then by how far they are above it. None if all are critical.
#[must_use]
pub fn evicted(pods: &[MemoryPod]) -> Option<usize> {
    let rank = |pod: &MemoryPod| {
        let over = i128::from(pod.usage) - i128::from(pod.request);
        (over <= 0, pod.priority, -over)
    };
    let evictable = pods.iter().enumerate();
    evictable
        .filter(|(_, pod)| pod.priority < CRITICAL)
        .min_by_key(|(_, pod)| rank(pod))
        .map(|(place, _)| place)
}

/// `oom_score_adj` of the processes of a container that asked for `request` bytes, on a node of
/// `capacity` bytes.
#[must_use]
pub fn oom_score_adj(pod: &MemoryPod, capacity: u64) -> i64 {
    const GUARANTEED: i64 = -997;
    const BEST_EFFORT: i64 = 1_000;
    match pod.qos {
        _ if pod.priority >= NODE_CRITICAL => GUARANTEED,
        QosClass::Guaranteed => GUARANTEED,
        QosClass::BestEffort => BEST_EFFORT,
        QosClass::Burstable => {
            let share = 1_000 * pod.request / capacity.max(1);
            let adjusted = BEST_EFFORT - i64::try_from(share).unwrap_or(BEST_EFFORT);
            adjusted.clamp(BEST_EFFORT + GUARANTEED, BEST_EFFORT - 1)
        }
    }
}

/// Priority of `system-node-critical`.
const NODE_CRITICAL: i32 = 2_000_001_000;

/// The place of the pod whose process the kernel kills when pods reach their common `limit`, on a
/// node of `capacity` bytes; of equals the first.
#[must_use]
pub fn killed(pods: &[MemoryPod], limit: u64, capacity: u64) -> Option<usize> {
    let points = |pod: &MemoryPod| {
        let adjustment = i128::from(oom_score_adj(pod, capacity)) * i128::from(limit) / 1_000;
        i128::from(pod.usage) + adjustment
    };
    let using = pods.iter().enumerate().filter(|(_, pod)| pod.usage > 0);
    using
        .min_by_key(|(_, pod)| -points(pod))
        .map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GI: u64 = 1 << 30;

    fn pod(usage: u64, request: u64, priority: i32, qos: QosClass) -> MemoryPod {
        MemoryPod {
            usage,
            request,
            priority,
            qos,
        }
    }

    #[test]
    fn who_keeps_its_request_is_evicted_last_then_priority_then_excess() {
        let burstable =
            |usage, request, priority| pod(usage, request, priority, QosClass::Burstable);
        let modest = burstable(3 * GI, 4 * GI, 0);
        let important = burstable(3 * GI, GI, 1_000);
        let over = burstable(2 * GI, GI, 0);
        let further = burstable(3 * GI, GI, 0);
        let critical = burstable(9 * GI, GI, CRITICAL);
        assert_eq!(
            evicted(&[critical, modest, important, over, further]),
            Some(4)
        );
        assert_eq!(evicted(&[critical, modest, important]), Some(2));
        assert_eq!(evicted(&[critical, modest]), Some(1));
        assert_eq!(evicted(&[critical]), None);
    }

    #[test]
    fn scores_are_those_of_the_kubelet() {
        let adj = |request, qos| oom_score_adj(&pod(0, request, 0, qos), 10 * GI);
        assert_eq!(adj(GI, QosClass::Guaranteed), -997);
        assert_eq!(adj(0, QosClass::BestEffort), 1_000);
        assert_eq!(adj(0, QosClass::Burstable), 999);
        assert_eq!(adj(GI, QosClass::Burstable), 900);
        assert_eq!(adj(10 * GI, QosClass::Burstable), 3);
        let node_critical = pod(0, 0, NODE_CRITICAL, QosClass::BestEffort);
        assert_eq!(oom_score_adj(&node_critical, 10 * GI), -997);
    }

    #[test]
    fn the_kernel_spares_who_asked_for_its_memory() {
        let asked = pod(6 * GI, 6 * GI, 0, QosClass::Burstable);
        let greedy = pod(2 * GI, GI, 0, QosClass::Burstable);
        let guaranteed = pod(GI, GI, 0, QosClass::Guaranteed);
        assert_eq!(
            killed(&[asked, greedy, guaranteed], 9 * GI, 10 * GI),
            Some(1)
        );
        assert_eq!(killed(&[], 9 * GI, 10 * GI), None);
    }
}
