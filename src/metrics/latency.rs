//! Latencies and outcomes of one stream of requests.

use hdrhistogram::Histogram;

use super::attribution::{Attribution, AttributionRecorder};
use super::result::{AttributionResult, Outcomes, Percentiles};
use crate::des::SimDuration;

/// How a request ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Answered in time.
    Succeeded,
    /// The caller gave up.
    TimedOut,
    /// A full pod queue refused it.
    Refused,
    /// No ready target.
    NoTarget,
    /// The pod went away under it, or its connection was closed.
    Reset,
    /// The load balancer had no answer, or no connection, in time.
    GatewayTimeout,
    /// A message received too often.
    Dead,
    /// A message nobody worked off within the queue's retention.
    Expired,
}

/// A histogram of durations: three significant digits, any length, merges exactly.
#[derive(Clone, Debug)]
pub struct Durations(Histogram<u64>);

impl Default for Durations {
    fn default() -> Self {
        Self(Histogram::new(3).expect("three digits are a valid precision"))
    }
}

impl Durations {
    /// Books one.
    pub fn record(&mut self, duration: SimDuration) {
        let recorded = self.0.record(duration.as_micros());
        recorded.expect("a histogram that resizes itself takes every value");
    }

    /// The duration that `share` of all (0 to 1) do not exceed, in microseconds.
    #[must_use]
    pub fn quantile(&self, share: f64) -> u64 {
        self.0.value_at_quantile(share)
    }

    /// How many were longer.
    #[must_use]
    pub fn longer_than(&self, duration: SimDuration) -> u64 {
        self.0.len() - self.0.count_between(0, duration.as_micros())
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// The usual percentiles.
    #[must_use]
    pub fn percentiles(&self) -> Percentiles {
        if self.0.is_empty() {
            return Percentiles::default();
        }
        Percentiles {
            count: self.0.len(),
            mean_us: self.0.mean().round() as u64,
            p50_us: self.quantile(0.5),
            p90_us: self.quantile(0.9),
            p95_us: self.quantile(0.95),
            p99_us: self.quantile(0.99),
            p999_us: self.quantile(0.999),
            max_us: self.0.max(),
        }
    }
}

/// Latencies, waits, outcomes and attribution of one service.
#[derive(Clone, Debug, Default)]
pub struct LatencyRecorder {
    /// From call or send to answer.
    pub latency: Durations,
    /// Queue wait alone.
    pub wait: Durations,
    outcomes: Outcomes,
    attribution: AttributionRecorder,
}

impl LatencyRecorder {
    /// Books a request that succeeded.
    pub fn succeeded(&mut self, wait: SimDuration, parts: &Attribution) {
        self.outcomes.succeeded += 1;
        self.latency.record(SimDuration::from_micros(parts.total()));
        self.wait.record(wait);
        self.attribution.record(parts);
    }

    /// Counts an outcome without a latency: a failure, or a success during the warm-up.
    pub fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Succeeded => self.outcomes.succeeded += 1,
            Outcome::TimedOut => self.outcomes.timed_out += 1,
            Outcome::Refused => self.outcomes.refused += 1,
            Outcome::NoTarget => self.outcomes.no_target += 1,
            Outcome::Reset => self.outcomes.reset += 1,
            Outcome::GatewayTimeout => self.outcomes.gateway_timeout += 1,
            Outcome::Dead => self.outcomes.dead += 1,
            Outcome::Expired => self.outcomes.expired += 1,
        }
    }

    /// Outcomes so far.
    #[must_use]
    pub fn outcomes(&self) -> Outcomes {
        self.outcomes
    }

    /// Where the time went.
    #[must_use]
    pub fn attribution(&self) -> AttributionResult {
        self.attribution.result()
    }
}

impl Outcomes {
    /// All that have ended, whatever way.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed()
    }

    /// All that ended without an answer in time.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.timed_out
            + self.refused
            + self.no_target
            + self.reset
            + self.gateway_timeout
            + self.dead
            + self.expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_kept_to_three_digits() {
        let mut durations = Durations::default();
        for secs in [1, 60, 86_400] {
            durations.record(SimDuration::from_secs(secs));
        }
        let max = durations.percentiles().max_us as f64;
        assert!((max / 86_400e6 - 1.0).abs() < 1e-3);
        assert_eq!(durations.longer_than(SimDuration::from_secs(10)), 2);
    }

    #[test]
    fn outcomes_add_up() {
        let mut recorder = LatencyRecorder::default();
        recorder.succeeded(SimDuration::ZERO, &Attribution::default());
        recorder.count(Outcome::TimedOut);
        recorder.count(Outcome::Reset);
        let outcomes = recorder.outcomes();
        assert_eq!((outcomes.ended(), outcomes.failed()), (3, 2));
    }
}
