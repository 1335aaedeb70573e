//! How does a simulation run, and when does it stop? The loop that pops an event and hands it to
//! the model.

use super::queue::EventQueue;
use super::time::SimTime;

/// A system that changes only when an event happens.
pub trait Model {
    /// What can happen: a closed enum, small enough to travel by value.
    type Event: Copy;

    /// Lets `event` happen at `now`; what follows from it is pushed to `queue`.
    fn handle(&mut self, now: SimTime, event: Self::Event, queue: &mut EventQueue<Self::Event>);
}

/// Where a run ends at the latest. A model that schedules itself for ever, even at one instant,
/// still stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Events at the horizon still happen, later ones do not.
    pub horizon: SimTime,
    /// Events handled in the whole run.
    pub events_max: u64,
    /// Events handled at one instant.
    pub events_per_instant_max: u32,
}

/// Why a run ended. In every case the events not handled are still in the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// Nothing was pending any more.
    Drained,
    /// What was pending lies behind the horizon.
    Horizon,
    /// [`Limits::events_max`] events were handled and more were due.
    EventLimit,
    /// [`Limits::events_per_instant_max`] events were handled at one instant and more were due at
    /// it: most likely events that cause each other without time passing.
    InstantLimit {
        /// The instant that does not end.
        at: SimTime,
    },
}

/// What a run amounted to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Why it ended.
    pub stop: Stop,
    /// How many events were handled.
    pub events: u64,
    /// The instant of the last event.
    pub at: SimTime,
}

/// Events between two calls of the progress hook.
const PROGRESS_EVERY: u64 = 1 << 18;

/// Runs `model` until the queue is drained or one of the limits is met.
///
/// `progress` is told the time and the number of events handled, every 2¹⁸ events.
pub fn run<M: Model>(
    model: &mut M,
    queue: &mut EventQueue<M::Event>,
    limits: &Limits,
    mut progress: impl FnMut(SimTime, u64),
) -> Outcome {
    let mut events = 0;
    let mut events_at_instant = 0;
    let mut instant = queue.now();
    let stop = loop {
        if events == limits.events_max && queue.next_at().is_some_and(|at| at <= limits.horizon) {
            break Stop::EventLimit;
        }
        if events_at_instant == limits.events_per_instant_max && queue.next_at() == Some(instant) {
            break Stop::InstantLimit { at: instant };
        }
        let Some((now, event)) = queue.pop_until(limits.horizon) else {
            break if queue.is_empty() {
                Stop::Drained
            } else {
                Stop::Horizon
            };
        };
        if now > instant {
            instant = now;
            events_at_instant = 0;
        }
        events += 1;
        events_at_instant += 1;
        model.handle(now, event, queue);
        if events % PROGRESS_EVERY == 0 {
            progress(now, events);
        }
    };
    Outcome {
        stop,
        events,
        at: instant,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::{Class, SimDuration};

    /// Each event causes the next one `gap` later, `left` times.
    struct Chain {
        gap: SimDuration,
        left: u64,
        seen: Vec<SimTime>,
    }

    impl Model for Chain {
        type Event = ();

        fn handle(&mut self, now: SimTime, (): (), queue: &mut EventQueue<()>) {
            self.seen.push(now);
            if self.left > 0 {
                self.left -= 1;
                queue.push(now + self.gap, Class::Controller, ());
            }
        }
    }

    const LIMITS: Limits = Limits {
        horizon: SimTime::from_secs(60),
        events_max: 1_000_000,
        events_per_instant_max: 100,
    };

    fn run_chain(gap_secs: u64, left: u64, limits: Limits) -> (Outcome, Chain, EventQueue<()>) {
        let mut chain = Chain {
            gap: SimDuration::from_secs(gap_secs),
            left,
            seen: Vec::new(),
        };
        let mut queue = EventQueue::new();
        queue.push(SimTime::from_secs(1), Class::Controller, ());
        let outcome = run(&mut chain, &mut queue, &limits, |_, _| {});
        (outcome, chain, queue)
    }

    #[test]
    fn stops_when_nothing_is_pending() {
        let (outcome, chain, queue) = run_chain(2, 3, LIMITS);
        let seen: Vec<_> = [1, 3, 5, 7].map(SimTime::from_secs).into();
        assert_eq!(chain.seen, seen);
        assert_eq!(
            outcome,
            Outcome {
                stop: Stop::Drained,
                events: 4,
                at: SimTime::from_secs(7)
            }
        );
        assert!(queue.is_empty());
    }

    #[test]
    fn events_at_the_horizon_still_happen() {
        let limits = Limits {
            horizon: SimTime::from_secs(5),
            ..LIMITS
        };
        let (outcome, _, queue) = run_chain(2, u64::MAX, limits);
        assert_eq!(
            outcome,
            Outcome {
                stop: Stop::Horizon,
                events: 3,
                at: SimTime::from_secs(5)
            }
        );
        assert_eq!(queue.next_at(), Some(SimTime::from_secs(7)));
        assert_eq!(queue.now(), SimTime::from_secs(5));
    }

    #[test]
    fn a_run_goes_on_where_the_horizon_stopped_it() {
        let (_, mut chain, mut queue) = run_chain(
            2,
            4,
            Limits {
                horizon: SimTime::from_secs(5),
                ..LIMITS
            },
        );
        let outcome = run(&mut chain, &mut queue, &LIMITS, |_, _| {});
        assert_eq!(
            outcome,
            Outcome {
                stop: Stop::Drained,
                events: 2,
                at: SimTime::from_secs(9)
            }
        );
        assert_eq!(chain.seen, [1, 3, 5, 7, 9].map(SimTime::from_secs));
    }

    #[test]
    fn the_event_limit_counts_what_was_handled() {
        let (outcome, chain, queue) = run_chain(
            1,
            u64::MAX,
            Limits {
                events_max: 10,
                ..LIMITS
            },
        );
        assert_eq!(
            outcome,
            Outcome {
                stop: Stop::EventLimit,
                events: 10,
                at: SimTime::from_secs(10)
            }
        );
        assert_eq!(chain.seen.len(), 10);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_budget_that_is_just_enough_is_not_exceeded() {
        let (outcome, ..) = run_chain(
            1,
            9,
            Limits {
                events_max: 10,
                ..LIMITS
            },
        );
        assert_eq!(outcome.stop, Stop::Drained);
        let (outcome, ..) = run_chain(0, 99, LIMITS);
        assert_eq!(outcome.stop, Stop::Drained);
    }

    #[test]
    fn an_instant_that_does_not_end_is_found() {
        let at = SimTime::from_secs(1);
        let (outcome, ..) = run_chain(0, u64::MAX, LIMITS);
        assert_eq!(
            outcome,
            Outcome {
                stop: Stop::InstantLimit { at },
                events: 100,
                at
            }
        );
    }

    #[test]
    fn progress_is_told_every_quarter_million_events() {
        let mut chain = Chain {
            gap: SimDuration::from_micros(1),
            left: 2 * PROGRESS_EVERY,
            seen: Vec::new(),
        };
        let mut queue = EventQueue::new();
        queue.push(SimTime::ZERO, Class::Controller, ());
        let mut told = Vec::new();
        run(&mut chain, &mut queue, &LIMITS, |now, events| {
            told.push((now.as_micros(), events))
        });
        assert_eq!(
            told,
            [
                (PROGRESS_EVERY - 1, PROGRESS_EVERY),
                (2 * PROGRESS_EVERY - 1, 2 * PROGRESS_EVERY)
            ]
        );
    }
}
