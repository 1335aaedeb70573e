//! When may the next API call leave? The token bucket of a controller's own client
//! (spec/kubernetes.md 5.7, 6.1).

use crate::des::{SimDuration, SimTime};

/// Defaults of a client: calls per second in the long run, and calls at once after a rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientLimits {
    /// Refill, calls per second.
    pub qps: u32,
    /// Capacity, calls.
    pub burst: u32,
}

/// Each controller in kube-controller-manager has a client of its own with these limits
/// (spec/kubernetes.md 6.1).
pub const CONTROLLER_MANAGER: ClientLimits = ClientLimits { qps: 20, burst: 30 };
/// kube-scheduler (spec/kubernetes.md 1.2).
pub const SCHEDULER: ClientLimits = ClientLimits {
    qps: 50,
    burst: 100,
};

/// The events that a client lets through about one object: the spam filter of client-go's event
/// correlator (`defaultSpamBurst` and `defaultSpamQPS`). What passes is a call like any other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SpamFilter {
    /// When all tokens are back.
    full_at: SimTime,
}

impl SpamFilter {
    /// Events at once after a rest.
    const BURST: u64 = 25;
    /// From one event to the next in the long run.
    const INTERVAL: SimDuration = SimDuration::from_secs(300);

    /// Whether an event at `now` is written; `now` never goes back.
    pub fn passes(&mut self, now: SimTime) -> bool {
        let full_at = self.full_at.max(now);
        let passes = full_at.since(now) <= Self::INTERVAL * (Self::BURST - 1);
        if passes {
            self.full_at = full_at + Self::INTERVAL;
        }
        passes
    }
}

/// A bucket that starts full, loses one token per call and refills steadily.
///
/// Only the instant at which it would be full again is kept; both the level and the next free
/// instant follow from it exactly.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenBucket {
    interval: SimDuration,
    reserve: SimDuration,
    full_at: SimTime,
}

impl TokenBucket {
    /// A full bucket. Both limits are positive; the time between tokens is rounded up to a
    /// microsecond.
    #[must_use]
    pub fn new(limits: ClientLimits) -> Self {
        assert!(
            limits.qps > 0 && limits.burst > 0,
            "{limits:?} lets nothing through"
        );
        let interval = SimDuration::from_micros(1_000_000_u64.div_ceil(u64::from(limits.qps)));
        Self {
            interval,
            reserve: interval * u64::from(limits.burst - 1),
            full_at: SimTime::ZERO,
        }
    }

    /// Takes a token for a call wanted at `now` and says when the call leaves: `now`, or later if
    /// calls queue. Calls leave in the order of asking; `now` never goes back.
    pub fn take(&mut self, now: SimTime) -> SimTime {
        let full_at = self.full_at.max(now);
        self.full_at = full_at + self.interval;
        now + full_at.since(now).saturating_sub(self.reserve)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Instants, in milliseconds, at which `calls` calls wanted at once leave.
    fn departures(bucket: &mut TokenBucket, now: SimTime, calls: usize) -> Vec<u64> {
        let leave = |_| bucket.take(now).since(now).as_micros() / 1_000;
        (0..calls).map(leave).collect()
    }

    #[test]
    fn a_hundred_pods_take_three_and_a_half_seconds() {
        let mut bucket = TokenBucket::new(CONTROLLER_MANAGER);
        let departures = departures(&mut bucket, SimTime::from_secs(7), 100);
        assert!(departures[..30].iter().all(|&at| at == 0));
        assert_eq!(departures[30], 50);
        assert_eq!(departures[99], 3_500); // (100 - 30) / 20
    }

    /// Every creation is an event as well, and the first 25 of them about one ReplicaSet are written (5.7).
    #[test]
    fn with_its_events_a_replicaset_takes_longer() {
        let mut bucket = TokenBucket::new(CONTROLLER_MANAGER);
        let mut filter = SpamFilter::default();
        let now = SimTime::from_secs(7);
        let mut last = now;
        for _ in 0..100 {
            last = bucket.take(now);
            if filter.passes(now) {
                bucket.take(now);
            }
        }
        assert_eq!(last.since(now), SimDuration::from_millis(4_750)); // (100 + 25 - 30) / 20
        assert!(!filter.passes(now + SimDuration::from_secs(299)));
        assert!(filter.passes(now + SimDuration::from_secs(300)));
        assert!(!filter.passes(now + SimDuration::from_secs(301)));
    }

    #[test]
    fn two_hundred_binds_take_two_seconds() {
        let mut bucket = TokenBucket::new(SCHEDULER);
        assert_eq!(departures(&mut bucket, SimTime::ZERO, 200)[199], 2_000);
    }

    #[test]
    fn a_rest_refills_up_to_the_burst() {
        let mut bucket = TokenBucket::new(CONTROLLER_MANAGER);
        let start = SimTime::ZERO;
        departures(&mut bucket, start, 30);
        let half = start + SimDuration::from_millis(500); // ten tokens came back
        let after_rest = departures(&mut bucket, half, 12);
        assert!(after_rest[..10].iter().all(|&at| at == 0));
        assert_eq!(after_rest[10..], [50, 100]);
        let much_later = departures(&mut bucket, SimTime::from_secs(3_600), 31);
        assert_eq!((much_later[29], much_later[30]), (0, 50));
    }
}
