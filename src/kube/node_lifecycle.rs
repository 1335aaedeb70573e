//! When does the cluster notice that a node has died without a word? (spec/kubernetes.md 5.9)

use crate::des::{SimDuration, SimTime};

/// Time between two renewals of a kubelet's lease.
pub const LEASE_RENEWAL: SimDuration = SimDuration::from_secs(10);
/// Time between two looks of the node lifecycle controller.
pub const MONITOR_PERIOD: SimDuration = SimDuration::from_secs(5);
/// How long after the last renewal it saw the controller calls a node Unknown; 40 s before
/// Kubernetes 1.32.
pub const MONITOR_GRACE: SimDuration = SimDuration::from_secs(50);
/// How long pods bear the unreachable and not-ready taints where they do not say.
pub const DEFAULT_TOLERATION: SimDuration = SimDuration::from_secs(300);
/// Time between two checks of the cloud provider for nodes whose instance is gone.
pub const CLOUD_CHECK_PERIOD: SimDuration = SimDuration::from_secs(5);
/// Time between two passes of the pod garbage collector.
pub const POD_GC_PERIOD: SimDuration = SimDuration::from_secs(20);
/// How long a pod must have been seen without its node.
pub const POD_GC_QUARANTINE: SimDuration = SimDuration::from_secs(40);

/// A loop that wakes at `phase`, `phase + period`, and so on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loop {
    /// First wake.
    pub phase: SimTime,
    /// Positive.
    pub period: SimDuration,
}

impl Loop {
    /// The first wake at or after `time`.
    #[must_use]
    pub fn next(self, time: SimTime) -> SimTime {
        let wakes = time
            .saturating_since(self.phase)
            .as_micros()
            .div_ceil(self.period.as_micros());
        self.phase + self.period * wakes
    }
}

/// When a node that renewed its lease last at `renewed` becomes Unknown: it gets the unreachable
/// taints, and its pods leave the endpoints. `monitor` is the controller's loop.
#[must_use]
pub fn unknown(renewed: SimTime, monitor: Loop) -> SimTime {
    let seen = monitor.next(renewed);
    monitor.next(seen + MONITOR_GRACE)
}

/// When the pods of a node are deleted whose instance still exists: a toleration after it became
/// Unknown.
#[must_use]
pub fn taint_eviction(unknown: SimTime, toleration: SimDuration) -> SimTime {
    unknown + toleration
}

/// When the pods of a node are removed whose instance is gone: the cloud provider deletes the Node,
/// the garbage collector sees the orphans and removes them one quarantine later. Their replacements
/// are created then.
#[must_use]
pub fn orphans_removed(unknown: SimTime, cloud: Loop, gc: Loop) -> SimTime {
    let node_deleted = cloud.next(unknown);
    let seen = gc.next(node_deleted);
    gc.next(seen + POD_GC_QUARANTINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every loop at every whole second of its period.
    fn at_every_phase(period: SimDuration) -> impl Iterator<Item = Loop> + Clone {
        (0..period.as_secs()).map(move |secs| Loop {
            phase: SimTime::from_secs(secs),
            period,
        })
    }

    const DEATH: SimTime = SimTime::from_secs(1_000);

    /// Seconds from death to Unknown, over all phases of renewal and monitor.
    fn silences() -> impl Iterator<Item = SimTime> {
        let renewals = (0..10).map(|ago| DEATH - SimDuration::from_secs(ago));
        renewals.flat_map(|renewed| {
            at_every_phase(MONITOR_PERIOD).map(move |monitor| unknown(renewed, monitor))
        })
    }

    #[test]
    fn silence_is_noticed_after_forty_to_fifty_five_seconds() {
        let delays: Vec<_> = silences().map(|at| at.since(DEATH).as_secs()).collect();
        assert_eq!(delays.iter().min(), Some(&41));
        assert_eq!(delays.iter().max(), Some(&54));
        let mean = delays.iter().sum::<u64>() as f64 / delays.len() as f64;
        assert!((47.0..=48.0).contains(&mean), "mean {mean}");
    }

    #[test]
    fn pods_of_an_unreachable_node_leave_after_about_350_seconds() {
        for unknown in silences() {
            let delay = taint_eviction(unknown, DEFAULT_TOLERATION)
                .since(DEATH)
                .as_secs();
            assert!((340..=355).contains(&delay), "{delay} s");
        }
    }

    #[test]
    fn pods_of_a_terminated_instance_leave_after_80_to_140_seconds() {
        for unknown in silences() {
            for cloud in at_every_phase(CLOUD_CHECK_PERIOD) {
                for gc in at_every_phase(POD_GC_PERIOD) {
                    let delay = orphans_removed(unknown, cloud, gc).since(DEATH).as_secs();
                    assert!((80..=140).contains(&delay), "{delay} s");
                }
            }
        }
    }
}
