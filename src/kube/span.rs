//! How long, of which only the bounds are known? Ranges of durations, read at a quantile.

use crate::des::SimDuration;

/// A duration that is equally likely anywhere between two bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Shortest.
    pub low: SimDuration,
    /// Longest, at least `low`.
    pub high: SimDuration,
}

impl Span {
    /// Between two numbers of milliseconds, `low <= high`.
    #[must_use]
    pub const fn from_millis(low: u64, high: u64) -> Self {
        assert!(low <= high);
        Self {
            low: SimDuration::from_millis(low),
            high: SimDuration::from_millis(high),
        }
    }

    /// The duration at quantile `u` of the unit interval. The caller draws `u` from the stream of
    /// the entity concerned, so that compared configurations see the same latencies.
    #[must_use]
    pub fn at(self, u: f64) -> SimDuration {
        assert!((0.0..=1.0).contains(&u), "quantile {u}");
        let width = (self.high - self.low).as_micros() as f64;
        self.low + SimDuration::from_micros((u * width).round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_run_from_bound_to_bound() {
        let span = Span::from_millis(500, 2_000);
        assert_eq!(span.at(0.0), span.low);
        assert_eq!(span.at(0.5), SimDuration::from_millis(1_250));
        assert_eq!(span.at(1.0), span.high);
    }
}
