//! When does a terminating container get its signals, and when is it gone? (spec/kubernetes.md 5.5)

use crate::des::SimDuration;

use super::Timing;

/// The signals of a terminating container, counted from the deletion of its pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stop {
    /// SIGTERM: after preStop, which the grace period cuts short.
    pub sigterm: SimDuration,
    /// SIGKILL, if it has not exited by then.
    pub sigkill: SimDuration,
}

impl Stop {
    /// Of a pod with this grace period, whose preStop hook takes this long.
    #[must_use]
    pub fn new(grace: SimDuration, pre_stop: SimDuration, timing: &Timing) -> Self {
        let sigterm = pre_stop.min(grace);
        let window = grace.saturating_sub(pre_stop).max(timing.sigterm_min);
        Self {
            sigterm,
            sigkill: sigterm + window,
        }
    }

    /// When a server that exits once its last request is done is gone: no sooner than it is told,
    /// and no later than it is killed. The second answer is whether it was killed with work in
    /// hand.
    #[must_use]
    pub fn exit(self, drained: SimDuration) -> (SimDuration, bool) {
        (
            drained.max(self.sigterm).min(self.sigkill),
            drained > self.sigkill,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::kubelet::TIMING;

    fn stop(grace: u64, pre_stop: u64) -> (u64, u64) {
        let secs = SimDuration::from_secs;
        let Stop { sigterm, sigkill } = Stop::new(secs(grace), secs(pre_stop), &TIMING);
        (sigterm.as_secs(), sigkill.as_secs())
    }

    #[test]
    fn pre_stop_is_part_of_the_grace_period() {
        assert_eq!(stop(30, 0), (0, 30));
        assert_eq!(stop(30, 15), (15, 30));
    }

    #[test]
    fn a_pre_stop_that_uses_up_the_grace_leaves_two_seconds() {
        assert_eq!(stop(30, 29), (29, 31));
        assert_eq!(stop(30, 60), (30, 32));
        assert_eq!(stop(0, 0), (0, 2));
    }

    #[test]
    fn exit_lies_between_the_signals() {
        let secs = SimDuration::from_secs;
        let stop = Stop::new(secs(30), secs(10), &TIMING);
        assert_eq!(stop.exit(secs(3)), (secs(10), false));
        assert_eq!(stop.exit(secs(20)), (secs(20), false));
        assert_eq!(stop.exit(secs(30)), (secs(30), false));
        assert_eq!(stop.exit(secs(200)), (secs(30), true));
    }
}
