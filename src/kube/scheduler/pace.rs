//! How fast do bindings leave? The token bucket of the scheduler's API client (spec/kubernetes.md 1.15).

use super::constants::{CLIENT_BURST, CLIENT_QPS};
use crate::des::{SimDuration, SimTime};

/// A token bucket that hands out instants in the order of the requests.
#[derive(Clone, Debug)]
pub struct BindPace {
    period: SimDuration,
    burst: u32,
    /// When the bucket is full again if nothing is asked for until then.
    full_at: SimTime,
}

impl Default for BindPace {
    /// The client's default rate.
    fn default() -> Self {
        Self::new(CLIENT_QPS, CLIENT_BURST)
    }
}

impl BindPace {
    /// A full bucket of `burst` tokens that gains `qps` tokens per second. Both are at least 1.
    #[must_use]
    pub fn new(qps: u32, burst: u32) -> Self {
        assert!(
            qps > 0 && burst > 0,
            "a bucket without tokens binds nothing"
        );
        Self {
            period: SimDuration::from_secs(1) / u64::from(qps),
            burst,
            full_at: SimTime::ZERO,
        }
    }

    /// Takes a token and returns when it is there: `now`, or later when the bucket is empty. `now` must not go backwards.
    pub fn take(&mut self, now: SimTime) -> SimTime {
        let full_at = self.full_at.max(now);
        let allowance = self.period * u64::from(self.burst - 1);
        let at = full_at
            .checked_sub(allowance)
            .unwrap_or(SimTime::ZERO)
            .max(now);
        self.full_at = full_at + self.period;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_waits_its_turn() {
        let mut pace = BindPace::default();
        let start = SimTime::from_secs(100);
        let instants: Vec<_> = (0..200).map(|_| pace.take(start)).collect();
        assert!(instants[..100].iter().all(|&at| at == start));
        assert_eq!(instants[100], start + SimDuration::from_millis(20));
        assert_eq!(instants[199], start + SimDuration::from_secs(2));
    }

    #[test]
    fn a_rest_refills_the_bucket_up_to_its_size() {
        let mut pace = BindPace::default();
        (0..100).for_each(|_| _ = pace.take(SimTime::ZERO));
        let later = SimTime::from_secs(1);
        assert!((0..50).all(|_| pace.take(later) == later));
        assert_eq!(pace.take(later), later + SimDuration::from_millis(20));
        let much_later = SimTime::from_secs(1_000);
        assert!((0..100).all(|_| pace.take(much_later) == much_later));
        assert!(pace.take(much_later) > much_later);
    }
}
