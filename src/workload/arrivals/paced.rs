//! Traffic without chance: equal gaps, for tests against queueing theory.

use super::{Arrival, ArrivalId};
use crate::des::{SimDuration, SimTime};

/// Arrivals at one gap, two gaps, three gaps, without end.
#[derive(Clone, Debug)]
pub struct Paced {
    source: u16,
    gap: SimDuration,
    category: u16,
    arrived: u64,
}

impl Paced {
    /// Arrivals of `source` every `gap`, which must not be zero.
    #[must_use]
    pub fn new(source: u16, gap: SimDuration, category: u16) -> Self {
        assert!(gap > SimDuration::ZERO, "arrivals without a gap");
        Self {
            source,
            gap,
            category,
            arrived: 0,
        }
    }
}

impl Iterator for Paced {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let id = ArrivalId::nth(self.source, self.arrived);
        self.arrived += 1;
        Some(Arrival {
            at: SimTime::ZERO + self.gap * self.arrived,
            id,
            category: self.category,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_equal() {
        let arrivals = Paced::new(0, SimDuration::from_millis(250), 0);
        let times: Vec<_> = arrivals
            .take(4)
            .map(|arrival| arrival.at.as_micros())
            .collect();
        assert_eq!(times, [250_000, 500_000, 750_000, 1_000_000]);
    }
}
