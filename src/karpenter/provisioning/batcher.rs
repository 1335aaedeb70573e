//! When does a pass start? The batching window of the provisioner (1.1).
//!
//! A state machine without a clock: it is told of triggers and of the end of a pass, and says when to look again.

use rustc_hash::FxHashSet;

use crate::des::{SimDuration, SimTime};

/// Lengths of the window (0.1): `BATCH_IDLE_DURATION` and `BATCH_MAX_DURATION`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The window closes after this long without a new trigger.
    pub idle: SimDuration,
    /// The window closes this long after it opened at the latest.
    pub max: SimDuration,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            idle: SimDuration::from_secs(1),
            max: SimDuration::from_secs(10),
        }
    }
}

/// What closing a window leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closed {
    /// The pass runs; [`Batcher::passed`] is to be called at its end.
    Pass,
    /// The cluster state is not synced: the batch is lost, and pods trigger again at their requeue.
    Dropped,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Waiting for a first trigger.
    Idle,
    /// Collecting.
    Open { since: SimTime, last: SimTime },
    /// A pass is solving; a trigger that came meanwhile is remembered.
    Solving { triggered: bool },
}

/// The batcher of the provisioner. Triggers are UIDs of pods and nodes.
#[derive(Clone, Debug)]
pub struct Batcher {
    window: Window,
    state: State,
    seen: FxHashSet<u128>,
}

impl Batcher {
    /// A batcher that waits for its first trigger.
    #[must_use]
    pub fn new(window: Window) -> Self {
        Self {
            window,
            state: State::Idle,
            seen: FxHashSet::default(),
        }
    }

    /// A trigger. One already seen in this window does not extend it.
    pub fn trigger(&mut self, uid: u128, now: SimTime) {
        if !self.seen.insert(uid) {
            return;
        }
        self.state = match self.state {
            State::Idle => State::Open {
                since: now,
                last: now,
            },
            State::Open { since, .. } => State::Open { since, last: now },
            State::Solving { .. } => State::Solving { triggered: true },
        };
    }

    /// When the window closes if no trigger comes before; none while no window is open.
    #[must_use]
    pub fn closes_at(&self) -> Option<SimTime> {
        match self.state {
            State::Open { since, last } => {
                Some((last + self.window.idle).min(since + self.window.max))
            }
            State::Idle | State::Solving { .. } => None,
        }
    }

    /// Closes the window if its time has come. `synced`: whether every tracked claim has a provider id (1.1).
    pub fn close(&mut self, synced: bool, now: SimTime) -> Option<Closed> {
        if self.closes_at().is_none_or(|at| now < at) {
            return None;
        }
        self.seen.clear();
        if synced {
            self.state = State::Solving { triggered: false };
            Some(Closed::Pass)
        } else {
            self.state = State::Idle;
            Some(Closed::Dropped)
        }
    }

    /// The pass has ended. A trigger that came during it opens the next window now.
    pub fn passed(&mut self, now: SimTime) {
        let State::Solving { triggered } = self.state else {
            panic!("a pass ended at {now:?} that never began");
        };
        self.state = if triggered {
            State::Open {
                since: now,
                last: now,
            }
        } else {
            State::Idle
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> SimTime {
        SimTime::from_micros(millis * 1000)
    }

    /// Feeds triggers (ms, uid) and checks when the window closes (ms).
    #[track_caller]
    fn check(triggers: &[(u64, u128)], closes: u64) {
        let mut batcher = Batcher::new(Window::default());
        for &(millis, uid) in triggers {
            assert_eq!(
                batcher.close(true, at(millis)),
                None,
                "closed before {millis} ms"
            );
            batcher.trigger(uid, at(millis));
        }
        assert_eq!(batcher.closes_at(), Some(at(closes)));
        assert_eq!(batcher.close(true, at(closes - 1)), None);
        assert_eq!(batcher.close(true, at(closes)), Some(Closed::Pass));
    }

    #[test]
    fn one_idle_second_closes_the_window() {
        check(&[(0, 1)], 1000);
        check(&[(0, 1), (900, 2), (1800, 3)], 2800);
    }

    #[test]
    fn a_repeated_uid_does_not_extend_it() {
        check(&[(0, 1), (900, 1)], 1000);
    }

    #[test]
    fn it_never_stays_open_longer_than_ten_seconds() {
        let stream: Vec<_> = (0..20).map(|n| (n * 500, u128::from(n))).collect();
        check(&stream, 10_000);
    }

    #[test]
    fn an_unsynced_batch_is_lost_and_may_trigger_again() {
        let mut batcher = Batcher::new(Window::default());
        batcher.trigger(1, at(0));
        assert_eq!(batcher.close(false, at(1000)), Some(Closed::Dropped));
        assert_eq!(batcher.closes_at(), None);
        batcher.trigger(1, at(10_000));
        assert_eq!(batcher.closes_at(), Some(at(11_000)));
    }

    #[test]
    fn a_trigger_during_a_pass_opens_the_next_window_at_its_end() {
        let mut batcher = Batcher::new(Window::default());
        batcher.trigger(1, at(0));
        assert_eq!(batcher.close(true, at(1000)), Some(Closed::Pass));
        batcher.trigger(2, at(1100));
        assert_eq!(batcher.closes_at(), None);
        batcher.passed(at(3000));
        assert_eq!(batcher.closes_at(), Some(at(4000)));
        // The UID was seen in this window already.
        batcher.trigger(2, at(3500));
        assert_eq!(batcher.closes_at(), Some(at(4000)));
    }

    #[test]
    fn a_quiet_pass_leaves_nothing_open() {
        let mut batcher = Batcher::new(Window::default());
        batcher.trigger(1, at(0));
        batcher.close(true, at(1000));
        batcher.passed(at(2000));
        assert_eq!(batcher.closes_at(), None);
    }
}
