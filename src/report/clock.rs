//! When was that, on the wall? Simulated microseconds as dates in the scenario's own zone, and the ticks of a time axis.

use jiff::civil::Time;
use jiff::{SignedDuration, Span, ToSpan, Zoned};

use crate::metrics::result::Provenance;

const MINUTE_US: u64 = 60_000_000;
const HOUR_US: u64 = 60 * MINUTE_US;
const DAY_US: u64 = 24 * HOUR_US;

/// The wall clock of a run.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Zoned,
}

impl Clock {
    /// The clock that stood at the scenario's start when the simulation began.
    ///
    /// # Panics
    /// If the start is not RFC 9557; the scenario has seen to that.
    #[must_use]
    pub fn new(provenance: &Provenance) -> Self {
        let start: Result<Zoned, _> = provenance.start.parse();
        assert!(start.is_ok(), "start `{}` is no date", provenance.start);
        Self {
            start: start.unwrap_or_default(),
        }
    }

    /// The date and time `at_us` microseconds after the start.
    #[must_use]
    pub fn at(&self, at_us: u64) -> Zoned {
        let micros = i64::try_from(at_us).unwrap_or(i64::MAX);
        self.start
            .saturating_add(SignedDuration::from_micros(micros))
    }

    /// `2026-02-04T11:20:00+05:30`, for machines.
    #[must_use]
    pub fn rfc3339(&self, at_us: u64) -> String {
        let at = self.at(at_us);
        at.timestamp().display_with_offset(at.offset()).to_string()
    }

    /// `Wed 04 Feb 11:20`, for people.
    #[must_use]
    pub fn minute(&self, at_us: u64) -> String {
        self.at(at_us).strftime("%a %d %b %H:%M").to_string()
    }

    /// `2026-02-04 11:20:05`, for people who need the second.
    #[must_use]
    pub fn second(&self, at_us: u64) -> String {
        self.at(at_us).strftime("%F %T").to_string()
    }

    /// `Wed 04 Feb`.
    #[must_use]
    pub fn day(&self, at_us: u64) -> String {
        self.at(at_us).strftime("%a %d %b").to_string()
    }

    /// Whether a span is long enough to be told in days and not in hours.
    #[must_use]
    pub fn in_days(span_us: u64) -> bool {
        span_us >= 3 * DAY_US
    }

    /// The ends of the local days, or of the local hours, that a span from the start runs through; the last is the end of the span.
    #[must_use]
    pub fn periods(&self, span_us: u64) -> Vec<u64> {
        let step = if Self::in_days(span_us) {
            1.day()
        } else {
            1.hour()
        };
        let mut ends: Vec<u64> = self
            .steps(step, span_us)
            .into_iter()
            .filter(|&at| at > 0 && at < span_us)
            .collect();
        ends.push(span_us);
        ends
    }

    /// At most `most` labelled ticks for an axis from the start over `span_us`: whole local days where it can be, else round hours or
    /// minutes with the date at midnight.
    #[must_use]
    pub fn ticks(&self, span_us: u64, most: usize) -> Vec<(u64, String)> {
        let most = most.max(1) as u64;
        for minutes in [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720] {
            if span_us / (minutes * MINUTE_US) < most && span_us < 4 * DAY_US {
                let ticks = self.steps((minutes as i64).minutes(), span_us);
                return self.labelled(ticks, Self::clock_label);
            }
        }
        let days = [1, 2, 7, 14, 28, 91, 182, 364]
            .into_iter()
            .find(|days| span_us / (days * DAY_US) < most)
            .unwrap_or(728);
        self.labelled(self.steps((days as i64).days(), span_us), Self::day)
    }

    /// Instants `step` apart from the local midnight before the start, as far as they lie within the span.
    fn steps(&self, step: Span, span_us: u64) -> Vec<u64> {
        let Ok(midnight) = self.start.start_of_day() else {
            return Vec::new();
        };
        (0..)
            .map_while(|k| midnight.checked_add(step.checked_mul(k).ok()?).ok())
            .map(|at| at.duration_since(&self.start).as_micros())
            .take_while(|&micros| micros <= i128::from(span_us))
            .filter_map(|micros| u64::try_from(micros).ok())
            .collect()
    }

    fn labelled(
        &self,
        ticks: Vec<u64>,
        label: impl Fn(&Self, u64) -> String,
    ) -> Vec<(u64, String)> {
        ticks.into_iter().map(|at| (at, label(self, at))).collect()
    }

    fn clock_label(&self, at_us: u64) -> String {
        let at = self.at(at_us);
        if at.time() == Time::midnight() {
            self.day(at_us)
        } else {
            at.strftime("%H:%M").to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(start: &str) -> Clock {
        Clock {
            start: start.parse().unwrap(),
        }
    }

    #[test]
    fn dates_are_in_the_zone_of_the_scenario() {
        let india = clock("2026-02-02T00:00:00+05:30[Asia/Kolkata]");
        assert_eq!(india.rfc3339(90_000_000), "2026-02-02T00:01:30+05:30");
        assert_eq!(
            india.minute(2 * DAY_US + 680 * MINUTE_US),
            "Wed 04 Feb 11:20"
        );
    }

    #[test]
    fn ticks_of_four_weeks_are_every_other_midnight() {
        let ticks = clock("2026-02-02T06:00:00+05:30[Asia/Kolkata]").ticks(28 * DAY_US, 15);
        assert_eq!(ticks[0], (42 * HOUR_US, "Wed 04 Feb".to_owned()));
        assert_eq!(ticks.len(), 14);
    }

    #[test]
    fn ticks_of_a_day_are_round_hours() {
        let ticks = clock("2026-02-02T00:00:00+05:30[Asia/Kolkata]").ticks(DAY_US, 15);
        let labels: Vec<&str> = ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels[..3], ["Mon 02 Feb", "02:00", "04:00"]);
        assert_eq!(labels.len(), 13);
    }

    #[test]
    fn a_day_of_summer_time_is_an_hour_short() {
        let berlin = clock("2026-03-28T00:00:00+01:00[Europe/Berlin]");
        let ends = berlin.periods(4 * DAY_US);
        assert_eq!(ends[..2], [24 * HOUR_US, 47 * HOUR_US]);
        assert_eq!(ends.last(), Some(&(4 * DAY_US)));
    }
}
