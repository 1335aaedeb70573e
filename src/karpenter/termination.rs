//! Which pods leave a node that is going away, in which order, and when may its instance end? (spec/karpenter.md 4.15)
//!
//! Volumes are not modelled: a node without pods to wait for has none to detach. What Karpenter finds out by looking every second is
//! told here as the instants of that second's grid, so that a drain that waits for a person need not be looked at in between.

use crate::des::{SimDuration, SimTime};

/// How often a drain is looked at (0.2).
pub const DRAIN_POLL: SimDuration = SimDuration::from_secs(1);
/// How often a terminated instance is looked for (0.2).
pub const INSTANCE_POLL: SimDuration = SimDuration::from_secs(5);
/// The least time a drain takes.
pub const LEAST_DRAIN: SimDuration = SimDuration::from_secs(5);
/// A pod this long past its deletion timestamp is not waited for.
pub const STUCK_AFTER: SimDuration = SimDuration::from_secs(60);
/// First and longest wait between attempts to evict a pod (0.1).
const EVICTION_RETRY: (SimDuration, SimDuration) =
    (SimDuration::from_millis(100), SimDuration::from_secs(10));
/// The least grace a forced deletion leaves.
const LEAST_GRACE: SimDuration = SimDuration::from_secs(1);

/// A drain of one node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Drain {
    /// When the node was deleted.
    pub started: SimTime,
    /// When everything must be gone: `started` and the claim's `terminationGracePeriod`, if it has one.
    pub deadline: Option<SimTime>,
}

/// A pod on a node that is drained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DrainPod<P> {
    /// What the step calls it.
    pub pod: P,
    /// Owned by a DaemonSet.
    pub daemon: bool,
    /// Priority class system-cluster-critical or system-node-critical.
    pub critical: bool,
    /// Not waited for: it has ended, bears the disrupted taint, or is a mirror pod.
    pub exempt: bool,
    /// It must not be evicted.
    pub do_not_disrupt: bool,
    /// Its `terminationGracePeriodSeconds`.
    pub grace: SimDuration,
    /// Its deletion timestamp, if it is ending: when its grace is over.
    pub ends: Option<SimTime>,
    /// How its evictions went.
    pub attempts: Attempts,
}

/// Refused evictions of a pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attempts {
    refused: u32,
    not_before: SimTime,
}

/// The order in which groups of pods leave: each starts when those before it are gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tier {
    /// Neither critical nor of a DaemonSet.
    Ordinary,
    /// Of a DaemonSet.
    Daemon,
    /// Critical.
    Critical,
    /// Critical and of a DaemonSet.
    CriticalDaemon,
}

/// What to do now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step<P> {
    /// Pods to ask the eviction API for, once each. A refusal goes to [`Attempts::refuse`].
    pub evict: Vec<P>,
    /// Pods to delete whatever protects them, with the grace they get.
    pub force: Vec<(P, SimDuration)>,
    /// The group that is leaving; none when nobody is waited for.
    pub tier: Option<Tier>,
    /// What comes next.
    pub next: Next,
}

/// What a drain waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// The instance may be terminated.
    Terminate,
    /// Look again then, or at the next [`Drain::poll`] after a pod has gone.
    Look(SimTime),
    /// Only a pod that goes, or a person, can change anything.
    Stalled,
}

impl Drain {
    /// A drain that starts now.
    #[must_use]
    pub fn start(now: SimTime, termination_grace_period: Option<SimDuration>) -> Self {
        Self {
            started: now,
            deadline: termination_grace_period.map(|period| now.saturating_add(period)),
        }
    }

    /// The first look at the node that is not before `instant`.
    #[must_use]
    pub fn poll(&self, instant: SimTime) -> SimTime {
        let past = instant.saturating_since(self.started).as_micros();
        let looks = past.div_ceil(DRAIN_POLL.as_micros());
        self.started + DRAIN_POLL * looks
    }

    /// What to do with these pods of the node now. Pods are returned in the order given.
    #[must_use]
    pub fn step<P: Copy>(&self, now: SimTime, pods: &[DrainPod<P>]) -> Step<P> {
        let waited: Vec<&DrainPod<P>> = pods.iter().filter(|pod| pod.is_waited_for(now)).collect();
        let force = |pod: &&DrainPod<P>| Some((pod.pod, self.forced(pod, now)?));
        let tier = waited.iter().map(|pod| pod.tier()).min();
        let evictable = |pod: &&&DrainPod<P>| {
            Some(pod.tier()) == tier && pod.may_be_evicted() && self.forced(pod, now).is_none()
        };
        let due = |pod: &&&DrainPod<P>| pod.attempts.not_before <= now;
        Step {
            evict: waited
                .iter()
                .filter(evictable)
                .filter(due)
                .map(|pod| pod.pod)
                .collect(),
            force: waited.iter().filter_map(force).collect(),
            tier,
            next: self.next(now, &waited, tier),
        }
    }

    /// The grace a pod is deleted with by force, if it is time. A pod that is ending is shortened at once if it would outlive the node.
    fn forced<P>(&self, pod: &DrainPod<P>, now: SimTime) -> Option<SimDuration> {
        let deadline = self.deadline?;
        let forced = match pod.ends {
            Some(ends) => ends > deadline.max(now + LEAST_GRACE),
            None => now + pod.grace > deadline,
        };
        forced.then(|| deadline.saturating_since(now).max(LEAST_GRACE))
    }

    fn next<P>(&self, now: SimTime, waited: &[&DrainPod<P>], tier: Option<Tier>) -> Next {
        if waited.is_empty() {
            let least = self.poll(self.started + LEAST_DRAIN);
            return if now >= least {
                Next::Terminate
            } else {
                Next::Look(least)
            };
        }
        let retries = waited
            .iter()
            .filter(|pod| Some(pod.tier()) == tier && pod.may_be_evicted())
            .map(|pod| pod.attempts.not_before);
        let stuck = waited.iter().filter_map(|pod| pod.ends);
        let stuck = stuck.map(|ends| self.poll(past(ends.saturating_add(STUCK_AFTER))));
        let forced = waited.iter().filter(|pod| pod.ends.is_none());
        let forced = forced.filter_map(|pod| {
            let deadline = self.deadline?;
            let last = deadline.checked_sub(pod.grace).unwrap_or(self.started);
            Some(self.poll(past(last).max(self.started)))
        });
        let changes = retries.chain(stuck).chain(forced).filter(|&at| at > now);
        changes.min().map_or(Next::Stalled, Next::Look)
    }
}

/// The first instant later than this one.
fn past(instant: SimTime) -> SimTime {
    instant.saturating_add(SimDuration::from_micros(1))
}

impl<P> DrainPod<P> {
    /// The group it leaves with.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        match (self.critical, self.daemon) {
            (false, false) => Tier::Ordinary,
            (false, true) => Tier::Daemon,
            (true, false) => Tier::Critical,
            (true, true) => Tier::CriticalDaemon,
        }
    }

    fn is_waited_for(&self, now: SimTime) -> bool {
        let stuck = self
            .ends
            .is_some_and(|ends| now > ends.saturating_add(STUCK_AFTER));
        !self.exempt && !stuck
    }

    fn may_be_evicted(&self) -> bool {
        self.ends.is_none() && !self.do_not_disrupt
    }
}

impl Attempts {
    /// An eviction was refused at `now`: the next attempt waits 100 ms, then twice as long each time, 10 s at most.
    pub fn refuse(&mut self, now: SimTime) {
        let (first, longest) = EVICTION_RETRY;
        let wait = (first * (1 << self.refused.min(16))).min(longest);
        self.refused += 1;
        self.not_before = now + wait;
    }

    /// How often an eviction was refused.
    #[must_use]
    pub const fn refused(&self) -> u32 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: SimTime = SimTime::ZERO;

    fn secs(secs: u64) -> SimDuration {
        SimDuration::from_secs(secs)
    }

    fn at(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    fn pod(pod: u32) -> DrainPod<u32> {
        DrainPod {
            pod,
            daemon: false,
            critical: false,
            exempt: false,
            do_not_disrupt: false,
            grace: secs(30),
            ends: None,
            attempts: Attempts::default(),
        }
    }

    #[test]
    fn each_tier_waits_for_the_one_before() {
        let daemon = DrainPod {
            daemon: true,
            ..pod(2)
        };
        let critical = DrainPod {
            critical: true,
            ..pod(3)
        };
        let both = DrainPod {
            daemon: true,
            ..DrainPod {
                critical: true,
                ..pod(4)
            }
        };
        let ending = DrainPod {
            ends: Some(at(30)),
            ..pod(1)
        };
        let drain = Drain::start(ZERO, None);
        let evicted = |pods: &[DrainPod<u32>]| drain.step(at(1), pods).evict;
        assert_eq!(evicted(&[both, critical, daemon, pod(1)]), [1]);
        assert_eq!(evicted(&[both, critical, daemon, ending]), [0; 0]);
        assert_eq!(evicted(&[both, critical, daemon]), [2]);
        assert_eq!(evicted(&[both, critical]), [3]);
        assert_eq!(evicted(&[both]), [4]);
    }

    #[test]
    fn a_drain_takes_five_seconds_at_least() {
        let drain = Drain::start(at(100), None);
        let exempt = DrainPod {
            exempt: true,
            ..pod(1)
        };
        let next = |now| drain.step(now, &[exempt]).next;
        assert_eq!(next(at(100)), Next::Look(at(105)));
        assert_eq!(next(at(105)), Next::Terminate);
    }

    #[test]
    fn refused_evictions_back_off_to_ten_seconds() {
        let drain = Drain::start(ZERO, None);
        let mut refused = pod(1);
        let mut now = ZERO;
        let mut waits = Vec::new();
        for _ in 0..9 {
            assert_eq!(drain.step(now, &[refused]).evict, [1]);
            refused.attempts.refuse(now);
            let step = drain.step(now, &[refused]);
            assert!(step.evict.is_empty());
            let Next::Look(next) = step.next else {
                panic!("{step:?}")
            };
            waits.push((next - now).as_micros() / 1_000);
            now = next;
        }
        assert_eq!(
            waits,
            [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]
        );
    }

    #[test]
    fn without_a_deadline_a_protected_pod_holds_the_node_for_ever() {
        let held = DrainPod {
            do_not_disrupt: true,
            ..pod(1)
        };
        let step = Drain::start(ZERO, None).step(at(1_000_000), &[held]);
        assert!(step.evict.is_empty() && step.force.is_empty());
        assert_eq!(step.next, Next::Stalled);
    }

    #[test]
    fn with_a_deadline_pods_of_any_tier_are_forced_out_in_time() {
        let held = DrainPod {
            do_not_disrupt: true,
            ..pod(1)
        };
        let late = DrainPod {
            critical: true,
            grace: secs(90),
            ..pod(2)
        };
        let drain = Drain::start(ZERO, Some(secs(100)));
        let step = drain.step(at(10), &[held, late]);
        assert_eq!(step.force, []);
        // 100 s - 90 s is not yet over at 10 s, and looked at next at 11 s.
        assert_eq!(step.next, Next::Look(at(11)));
        let step = drain.step(at(11), &[held, late]);
        assert_eq!(step.force, [(2, secs(89))]);
        let step = drain.step(at(71), &[held]);
        assert_eq!(step.force, [(1, secs(29))]);
        let step = drain.step(at(200), &[held]);
        assert_eq!(step.force, [(1, secs(1))]);
    }

    #[test]
    fn a_pod_that_would_outlive_the_node_is_shortened_once() {
        let drain = Drain::start(ZERO, Some(secs(100)));
        let long = DrainPod {
            ends: Some(at(300)),
            ..pod(1)
        };
        assert_eq!(drain.step(at(5), &[long]).force, [(1, secs(95))]);
        let shortened = DrainPod {
            ends: Some(at(100)),
            ..pod(1)
        };
        assert_eq!(drain.step(at(6), &[shortened]).force, []);
    }

    #[test]
    fn a_pod_stuck_for_a_minute_is_not_waited_for() {
        let drain = Drain::start(ZERO, None);
        let ending = DrainPod {
            ends: Some(at(40)),
            ..pod(1)
        };
        let step = drain.step(at(100), &[ending]);
        assert_eq!(step.next, Next::Look(at(101)));
        assert_eq!(drain.step(at(101), &[ending]).next, Next::Terminate);
    }

    #[test]
    fn looks_are_a_second_apart_from_the_start() {
        let drain = Drain::start(SimTime::from_micros(500_000), None);
        assert_eq!(drain.poll(at(3)), SimTime::from_micros(3_500_000));
        assert_eq!(drain.poll(ZERO), drain.started);
    }
}
