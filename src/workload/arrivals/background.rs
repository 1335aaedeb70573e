//! Who comes besides those of the trace? Drawn traffic: a rate, a weekly profile, a random level of
//! the hour.
//!
//! Arrivals are a Poisson process whose rate is constant within an hour of the wall clock. They are
//! the arrivals of a process of rate one, moved to where the integrated rate reaches them: one
//! exponential number for each arrival, and no rejection. A higher rate therefore brings the same
//! arrivals sooner.

use libm::log;

use super::level::Level;
use super::{Arrival, ArrivalId, WeeklyProfile};
use crate::des::{Purpose, SimDuration, SimTime, StreamKey};

const SECS_PER_HOUR: u64 = 3_600;

/// What traffic to draw.
#[derive(Clone, PartialEq, Debug)]
pub struct BackgroundSpec {
    /// The number of this source of arrivals.
    pub source: u16,
    /// Arrivals a second, as the mean over a week; not negative.
    pub rate: f64,
    /// How the week's arrivals are spread over its hours.
    pub profile: WeeklyProfile,
    /// Shape k of the gamma level of an hour, in (0,
    /// [`OVERDISPERSION_MAX`](super::OVERDISPERSION_MAX)]: variance over mean of an hour's count is
    /// 1 + mean/k. Without it hours are Poisson.
    pub overdispersion: Option<f64>,
    /// Category of every arrival.
    pub category: u16,
    /// Wall-clock time of simulated time zero since Monday 00:00, see
    /// [`since_monday`](super::since_monday).
    pub start: SimDuration,
    /// When the traffic ends; nobody arrives then or later.
    pub end: SimTime,
}

/// Drawn traffic as a stream of arrivals. O(1) memory.
#[derive(Clone, Debug)]
pub struct Background {
    spec: BackgroundSpec,
    key: StreamKey,
    level: Option<Level>,
    arrived: u64,
    /// Hours since Monday 00:00.
    hour: u64,
    /// Seconds since the hour began.
    into_hour: f64,
    /// Arrivals a second in this hour.
    rate: f64,
}

impl Background {
    /// Draws traffic under `seed`.
    #[must_use]
    pub fn new(spec: BackgroundSpec, seed: u64) -> Self {
        assert!(
            spec.rate.is_finite() && spec.rate >= 0.0,
            "a rate of {}",
            spec.rate
        );
        let hour = spec.start.as_secs() / SECS_PER_HOUR;
        let into_hour = (spec.start - SimDuration::from_secs(hour * SECS_PER_HOUR)).as_secs_f64();
        let level = spec
            .overdispersion
            .map(|shape| Level::new(seed, spec.source, shape));
        let key = StreamKey {
            seed,
            purpose: Purpose::Arrival,
            entity: u64::from(spec.source),
        };
        let mut background = Self {
            spec,
            key,
            level,
            arrived: 0,
            hour,
            into_hour,
            rate: 0.0,
        };
        background.rate = background.rate_of_hour();
        background
    }

    fn rate_of_hour(&mut self) -> f64 {
        let level = self.level.as_mut().map_or(1.0, |level| level.at(self.hour));
        self.spec.rate * self.spec.profile.at(self.hour) * level
    }

    /// Moves on to where the integrated rate has grown by `mass`, or beyond the end.
    fn advance(&mut self, mut mass: f64) {
        while self.now() < self.spec.end {
            let left = self.rate * (SECS_PER_HOUR as f64 - self.into_hour);
            if mass < left {
                self.into_hour += mass / self.rate;
                return;
            }
            mass -= left;
            self.hour += 1;
            self.into_hour = 0.0;
            self.rate = self.rate_of_hour();
        }
    }

    fn now(&self) -> SimTime {
        let wall = SimDuration::from_secs(self.hour * SECS_PER_HOUR)
            + SimDuration::from_secs_f64(self.into_hour);
        SimTime::ZERO + wall.saturating_sub(self.spec.start)
    }
}

impl Iterator for Background {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        self.advance(-log(self.key.uniform(self.arrived)));
        let at = self.now();
        let id = ArrivalId::nth(self.spec.source, self.arrived);
        self.arrived += 1;
        (at < self.spec.end).then_some(Arrival {
            at,
            id,
            category: self.spec.category,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::assert_near;
    use super::*;
    use crate::workload::since_monday;

    const WEEK: u64 = 7 * 86_400;

    fn spec(rate: f64, preset: &str, overdispersion: Option<f64>, weeks: u64) -> BackgroundSpec {
        BackgroundSpec {
            source: 1,
            rate,
            profile: WeeklyProfile::preset(preset).expect("a preset"),
            overdispersion,
            category: 4,
            start: SimDuration::ZERO,
            end: SimTime::from_secs(weeks * WEEK),
        }
    }

    fn counts(spec: BackgroundSpec, cell_secs: u64) -> Vec<f64> {
        let cells = spec.end.as_micros() / 1_000_000 / cell_secs;
        let mut counts = vec![0.0; cells as usize];
        for arrival in Background::new(spec, 5) {
            counts[(arrival.at.as_micros() / 1_000_000 / cell_secs) as usize] += 1.0;
        }
        counts
    }

    fn mean_and_dispersion(counts: &[f64]) -> (f64, f64) {
        let n = counts.len() as f64;
        let mean = counts.iter().sum::<f64>() / n;
        (
            mean,
            counts
                .iter()
                .map(|count| (count - mean).powi(2))
                .sum::<f64>()
                / n
                / mean,
        )
    }

    #[test]
    fn a_flat_profile_without_overdispersion_is_poisson() {
        let background = spec(0.02, "flat", None, 40);
        let arrivals: Vec<_> = Background::new(background.clone(), 5).collect();
        assert!(arrivals.is_sorted_by_key(|arrival| arrival.at));
        assert!(
            arrivals
                .iter()
                .all(|arrival| arrival.at < background.end && arrival.category == 4)
        );
        // Gaps are exponential: Kolmogorov-Smirnov at the 0.001 level.
        let mut gaps: Vec<_> = arrivals
            .windows(2)
            .map(|pair| (pair[1].at - pair[0].at).as_secs_f64())
            .collect();
        gaps.sort_unstable_by(f64::total_cmp);
        let n = gaps.len() as f64;
        let distance =
            |(i, gap): (usize, &f64)| (1.0 - (-gap * 0.02).exp() - (i as f64 + 0.5) / n).abs();
        let farthest = gaps.iter().enumerate().map(distance).fold(0.0, f64::max);
        assert!(farthest < 1.95 / n.sqrt(), "{farthest}");
        let (mean, dispersion) = mean_and_dispersion(&counts(background, 3_600));
        assert_near(mean, 72.0, 0.5);
        assert_near(dispersion, 1.0, 0.06);
    }

    #[test]
    fn overdispersed_hours_have_the_variance_of_the_negative_binomial() {
        let background = spec(0.02, "flat", Some(6.0), 60);
        let (mean, dispersion) = mean_and_dispersion(&counts(background.clone(), 3_600));
        assert_near(mean, 72.0, 1.5);
        assert_near(dispersion, 1.0 + 72.0 / 6.0, 0.8);
        // Within an hour they stay Poisson: the minutes around their own hour's mean.
        let minutes = counts(background, 60);
        let within = minutes.chunks_exact(60).map(|hour| {
            let mean = hour.iter().sum::<f64>() / 60.0;
            (
                hour.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 59.0,
                mean,
            )
        });
        let (variance, mean) =
            within.fold((0.0, 0.0), |sum, hour| (sum.0 + hour.0, sum.1 + hour.1));
        assert_near(variance / mean, 1.0, 0.02);
    }

    #[test]
    fn the_week_has_the_shape_of_its_profile() {
        let weeks = 200;
        let mut by_hour = [0.0; 168];
        for (i, count) in counts(spec(0.01, "hour-of-week", None, weeks), 3_600)
            .iter()
            .enumerate()
        {
            by_hour[i % 168] += count;
        }
        let profile = WeeklyProfile::preset("hour-of-week").expect("a preset");
        let chi_square: f64 = (0..168)
            .map(|hour| {
                let expected = 36.0 * weeks as f64 * profile.at(hour as u64);
                (by_hour[hour] - expected).powi(2) / expected
            })
            .sum();
        // The 0.0001 and 0.9999 quantiles at 168 degrees of freedom.
        assert!(
            (108.0..245.0).contains(&chi_square),
            "chi-square {chi_square}"
        );
    }

    #[test]
    fn a_start_inside_the_week_meets_its_hour() {
        let friday = since_monday("2026-06-19T16:30:00".parse().expect("a civil time"));
        let background = BackgroundSpec {
            start: friday,
            ..spec(0.1, "office-hours", None, 1)
        };
        let arrivals: Vec<_> = Background::new(background, 5)
            .map(|arrival| arrival.at.as_micros() / 60_000_000)
            .collect();
        // Ninety minutes of Friday are left, then nothing until Monday at nine, 64.5 hours after
        // the start.
        assert!(arrivals[0] < 5);
        assert!(
            arrivals
                .iter()
                .all(|&minute| !(90..64 * 60 + 30).contains(&minute))
        );
        assert!(arrivals.iter().filter(|&&minute| minute < 90).count() > 1_500);
    }

    #[test]
    fn a_higher_rate_brings_the_same_arrivals_sooner() {
        let times = |rate| {
            Background::new(spec(rate, "flat", None, 1), 5)
                .take(100)
                .map(|arrival| arrival.at.as_secs_f64())
        };
        for (slow, fast) in times(0.01).zip(times(0.02)) {
            assert_near(slow, 2.0 * fast, 1e-5);
        }
    }

    #[test]
    fn no_rate_means_nobody() {
        assert_eq!(
            Background::new(spec(0.0, "flat", Some(3.0), 2), 5).next(),
            None
        );
        assert_eq!(
            Background::new(spec(1e-300, "hour-of-week", None, 2), 5).next(),
            None
        );
    }
}
