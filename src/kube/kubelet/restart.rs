//! When does a container that has ended start again? (spec/kubernetes.md 5.3)
//!
//! A sync of the pod starts it unless the back-off of the pod's container says no. The back-off
//! doubles with every start that follows an end, up to a maximum, and is forgotten when a container
//! ended more than ten minutes after the back-off last moved. A refused sync comes again later, with
//! a jitter; how much later is a matter of the release.

use crate::des::{SimDuration, SimTime};

/// How a release of the kubelet restarts containers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RestartRules {
    /// The first back-off.
    pub initial: SimDuration,
    /// The longest.
    pub max: SimDuration,
    /// A container that ended this long after the back-off last moved begins anew.
    pub forgotten_after: SimDuration,
    /// A pod whose sync was refused is looked at again after this long, or more than this where it
    /// waits for the end of the back-off.
    pub retry: SimDuration,
    /// Whether it waits for the end of the back-off, and not just so long.
    pub waits_for_the_end: bool,
    /// A pod is looked at this often anyway.
    pub resync: SimDuration,
}

impl RestartRules {
    /// Of a minor release of Kubernetes 1. The back-off itself has not changed since the oldest that
    /// is supported; that a refused sync waits for its end is new in 1.35.
    #[must_use]
    pub const fn of(minor: u32) -> Self {
        Self {
            initial: SimDuration::from_secs(10),
            max: SimDuration::from_secs(300),
            forgotten_after: SimDuration::from_secs(600),
            retry: SimDuration::from_secs(10),
            waits_for_the_end: minor >= 35,
            resync: SimDuration::from_secs(60),
        }
    }

    /// When a pod refused at `now` until `until` is looked at again: a wait, and up to half of it
    /// more (`u` in the unit interval).
    fn look_again(&self, now: SimTime, until: SimTime, u: f64) -> SimTime {
        let wait = if self.waits_for_the_end {
            until.saturating_since(now).min(self.resync)
        } else {
            self.retry
        };
        now + wait + SimDuration::from_secs_f64(wait.as_secs_f64() * 0.5 * u)
    }
}

/// What a sync makes of a container that is not running.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restart {
    /// It starts.
    Now,
    /// CrashLoopBackOff: the pod is looked at again then.
    Later(SimTime),
}

/// The back-off of one container of one pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CrashLoop {
    /// How long it is, and when it last moved.
    entry: Option<(SimDuration, SimTime)>,
}

impl CrashLoop {
    /// A sync at `now` would start the container. `ended` is when its predecessor ended, as far as
    /// the sync knows: none if it knows of none, as the sync that itself kills the first one.
    pub fn sync(
        &mut self,
        now: SimTime,
        ended: Option<SimTime>,
        rules: &RestartRules,
        u: f64,
    ) -> Restart {
        let Some(ended) = ended else {
            return Restart::Now;
        };
        let live = self
            .entry
            .filter(|&(_, moved)| ended.saturating_since(moved) <= rules.forgotten_after);
        if let Some((backoff, _)) = live
            && now.saturating_since(ended) < backoff
        {
            return Restart::Later(rules.look_again(now, ended + backoff, u));
        }
        let backoff = live.map_or(rules.initial, |(backoff, _)| (backoff * 2).min(rules.max));
        self.entry = Some((backoff, now));
        Restart::Now
    }

    /// The back-off in force.
    #[must_use]
    pub fn backoff(&self) -> SimDuration {
        self.entry.map_or(SimDuration::ZERO, |(backoff, _)| backoff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: RestartRules = RestartRules::of(36);

    fn at(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    /// Seconds between the ends and the next starts of a container that always lives so long.
    fn waits(lives: u64, ends: usize) -> Vec<u64> {
        let mut crash_loop = CrashLoop::default();
        let mut now = at(0);
        (0..ends)
            .map(|_| {
                let ended = now + SimDuration::from_secs(lives);
                now = ended;
                while let Restart::Later(again) = crash_loop.sync(now, Some(ended), &RULES, 0.0) {
                    now = again;
                }
                now.since(ended).as_secs()
            })
            .collect()
    }

    #[test]
    fn the_first_start_is_at_once_and_then_waits_double_up_to_five_minutes() {
        assert_eq!(waits(1, 8), [0, 10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn more_than_ten_minutes_after_the_last_start_all_is_forgotten() {
        assert_eq!(waits(601, 3), [0, 0, 0]);
        assert_eq!(waits(600, 3), [0, 10, 20]);
    }

    #[test]
    fn a_kill_by_the_kubelet_itself_is_not_seen_by_the_sync_that_did_it() {
        let mut crash_loop = CrashLoop::default();
        assert_eq!(crash_loop.sync(at(0), None, &RULES, 0.0), Restart::Now);
        assert_eq!(crash_loop.backoff(), SimDuration::ZERO);
        assert_eq!(
            crash_loop.sync(at(90), Some(at(0)), &RULES, 0.0),
            Restart::Now
        );
        assert_eq!(crash_loop.backoff(), SimDuration::from_secs(10));
    }

    #[test]
    fn older_kubelets_look_every_ten_to_fifteen_seconds() {
        let mut crash_loop = CrashLoop::default();
        let old = RestartRules::of(34);
        crash_loop.sync(at(0), Some(at(0)), &old, 0.0);
        let refused = crash_loop.sync(at(4), Some(at(3)), &old, 1.0);
        assert_eq!(refused, Restart::Later(at(19)));
        let refused = crash_loop.sync(at(4), Some(at(3)), &RULES, 1.0);
        assert_eq!(
            refused,
            Restart::Later(at(4) + SimDuration::from_millis(13_500))
        );
    }
}
