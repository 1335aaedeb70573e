//! How long do starting and stopping a pod take on its node? (spec/kubernetes.md 5.2, 5.3, 5.5)
//!
//! Durations only. `images` knows when an image is there, `probe` when a started container counts
//! as ready and when one that stops answering is found out, `restart` when one that has ended starts
//! again, `pressure` who has to go when memory runs out, `stop` when a terminating one is gone. Where the real thing varies, `u` is a number of
//! the unit interval that the caller draws from the pod's own stream.

mod images;
pub mod pressure;
mod probe;
mod restart;
mod stop;

pub use images::{NodeImages, PullLimits};
pub use probe::{FirstLight, ProbeKind, Worker, Workers};
pub use restart::{CrashLoop, Restart, RestartRules};
pub use stop::Stop;

use crate::des::SimDuration;

use super::rate::ClientLimits;
use super::span::Span;

/// The kubelet's constants (spec/kubernetes.md section in brackets). Those that a real kubelet or
/// node lets the user set can be overridden in the scenario.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Timing {
    /// From the binding of a pod to the kubelet's first step (6.2).
    pub watch: Span,
    /// Sandbox and an address from the VPC CNI (5.2).
    pub sandbox: Span,
    /// Creation and start of a container whose image is there (5.2).
    pub container_start: Span,
    /// From a change on the node to the pod's status in the API (5.2).
    pub status_update: Span,
    /// Compressed bytes per second that one image comes in at, on a disk of
    /// [`Timing::reference_disk`]; unpacking sets it (5.2).
    pub pull_rate: (f64, f64),
    /// Throughput of the disk that goes with [`Timing::pull_rate`], bytes per second: gp3 as it
    /// comes (9.2).
    pub reference_disk: f64,
    /// Pulls per second, and at once (5.2).
    pub registry_limits: ClientLimits,
    /// From the exit of the last container to the removal of the pod object (5.5).
    pub removal: Span,
    /// From the exit of a container to the kubelet's notice: the relist of its lifecycle event
    /// generator (10.1).
    pub relist: Span,
    /// Least time between SIGTERM and SIGKILL, even if preStop used up the grace period (5.5).
    pub sigterm_min: SimDuration,
}

/// As EKS runs it.
pub const TIMING: Timing = Timing {
    watch: Span::from_millis(10, 100),
    sandbox: Span::from_millis(500, 2_000),
    container_start: Span::from_millis(300, 1_000),
    status_update: Span::from_millis(0, 1_000),
    pull_rate: (50e6, 80e6),
    reference_disk: 125e6,
    registry_limits: ClientLimits { qps: 5, burst: 10 },
    removal: Span::from_millis(1_000, 3_000),
    relist: Span::from_millis(0, 1_000),
    sigterm_min: SimDuration::from_secs(2),
};

impl Timing {
    /// From binding to the moment the image is needed: the kubelet notices, and sets up the
    /// sandbox.
    #[must_use]
    pub fn before_pull(&self, u_watch: f64, u_sandbox: f64) -> SimDuration {
        self.watch.at(u_watch) + self.sandbox.at(u_sandbox)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_pod_runs_within_one_to_three_seconds() {
        let running = |u| TIMING.before_pull(u, u) + TIMING.container_start.at(u);
        assert_eq!(running(0.0), SimDuration::from_millis(810));
        assert_eq!(running(1.0), SimDuration::from_millis(3_100));
    }
}
