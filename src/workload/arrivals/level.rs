//! How busy is this hour compared with hours like it? A random level with mean one, correlated from
//! hour to hour.
//!
//! Counts of real hours vary more than Poisson's: the negative binomial that fits them is a Poisson
//! count under a gamma level. The level here is shot noise: shots of exponential height fall at
//! random and decay exponentially, and each hour has the level at its end. With `shape` · ln(1/φ)
//! shots an hour of mean height 1/`shape` and a decay by φ an hour, the level is exactly gamma with
//! that shape and mean one, and its correlation over n hours is exactly φⁿ (Lawrance 1982, the
//! innovation of the first-order autoregressive gamma process).

use libm::{exp, log};

use crate::des::{Purpose, StreamKey};

/// Correlation of the level from one hour to the next; real traces have 0.26 to 0.36.
const PERSISTENCE: f64 = 0.3;

/// Hours of shots before the first level: what is missing of it is less than 0.3³² = 2·10⁻¹⁷.
const HOURS_BEFORE: u64 = 32;

/// The largest shape of over-dispersion: at a thousand arrivals an hour the variance is then a
/// tenth above Poisson's. Larger ones would cost many shots for nothing to see.
pub const OVERDISPERSION_MAX: f64 = 10_000.0;

/// The levels of successive hours.
#[derive(Clone, Debug)]
pub(super) struct Level {
    seed: u64,
    source: u16,
    shape: f64,
    value: f64,
    /// The hour of the next level, counted from [`HOURS_BEFORE`] the first.
    next_hour: u64,
}

impl Level {
    /// The levels under a gamma distribution with `shape` in (0, [`OVERDISPERSION_MAX`]].
    pub(super) fn new(seed: u64, source: u16, shape: f64) -> Self {
        assert!(
            shape > 0.0 && shape <= OVERDISPERSION_MAX,
            "over-dispersion {shape}"
        );
        Self {
            seed,
            source,
            shape,
            value: 0.0,
            next_hour: 0,
        }
    }

    /// The level of `hour`, which must not decrease from call to call.
    pub(super) fn at(&mut self, hour: u64) -> f64 {
        while self.next_hour <= hour + HOURS_BEFORE {
            self.value = PERSISTENCE * self.value + self.shots();
            self.next_hour += 1;
        }
        self.value
    }

    /// What the shots of the next hour amount to at its end.
    fn shots(&self) -> f64 {
        let entity = u64::from(self.source) << 48 | self.next_hour;
        let mut stream = StreamKey {
            seed: self.seed,
            purpose: Purpose::Overdispersion,
            entity,
        }
        .stream();
        let decay = log(PERSISTENCE);
        let mut sum = 0.0;
        let mut time = 0.0;
        loop {
            time += log(stream.uniform()) / (self.shape * decay);
            if time >= 1.0 {
                return sum;
            }
            let height = -log(stream.uniform()) / self.shape;
            sum += height * exp(decay * (1.0 - time));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::assert_near;
    use super::*;

    #[test]
    fn levels_are_gamma_and_remember_the_hour_before() {
        const HOURS: u64 = 200_000;
        for shape in [0.7, 3.0, 10.0] {
            let mut level = Level::new(11, 0, shape);
            let levels: Vec<_> = (0..HOURS).map(|hour| level.at(hour)).collect();
            let n = HOURS as f64;
            let mean = levels.iter().sum::<f64>() / n;
            let moment = |power: i32| {
                levels
                    .iter()
                    .map(|level| (level - mean).powi(power))
                    .sum::<f64>()
                    / n
            };
            let lag = |hours: usize| {
                let products = levels
                    .iter()
                    .zip(&levels[hours..])
                    .map(|(a, b)| (a - mean) * (b - mean));
                products.sum::<f64>() / n / moment(2)
            };
            assert_near(mean, 1.0, 0.012);
            assert_near(moment(2) * shape, 1.0, 0.05);
            assert_near(moment(3) / moment(2).powf(1.5) * shape.sqrt(), 2.0, 0.2);
            assert_near(lag(1), 0.3, 0.015);
            assert_near(lag(2), 0.09, 0.015);
        }
    }

    #[test]
    fn a_level_does_not_depend_on_which_hours_were_asked_for() {
        let mut every = Level::new(11, 3, 6.0);
        let mut one = every.clone();
        let levels: Vec<_> = (0..50).map(|hour| every.at(hour)).collect();
        assert_eq!(one.at(49), levels[49]);
        assert_ne!(Level::new(11, 4, 6.0).at(49), levels[49]);
    }
}
