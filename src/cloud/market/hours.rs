//! When in the week do outages come?

use crate::des::{SimDuration, SimTime};

const HOUR: u64 = 3_600_000_000;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;
const WORKING_DAYS: u64 = 5;
/// Hours beyond which nothing happens any more: more than a century.
const NEVER_HOURS: f64 = 1e6;

/// How much likelier outages are in business hours. The mean over a week stays what it was.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BusinessHours {
    /// Hazard in business hours over hazard outside; positive. 1.3-1.5 is a fair test (spec/kubernetes.md 8.4).
    pub multiplier: f64,
    /// First hour of a working day, local time, 0-24.
    pub from_hour: u8,
    /// The hour a working day ends; not before `from_hour`.
    pub to_hour: u8,
    /// How far after Monday 00:00 local time the simulation starts.
    pub week_at_start: SimDuration,
}

impl Default for BusinessHours {
    /// Monday to Friday, nine to six, no likelier than any other time.
    fn default() -> Self {
        Self {
            multiplier: 1.0,
            from_hour: 9,
            to_hour: 18,
            week_at_start: SimDuration::ZERO,
        }
    }
}

impl BusinessHours {
    /// The instant at which as much hazard has passed since `from` as an average week has in `hours` hours.
    pub(super) fn advance(&self, from: SimTime, hours: f64) -> SimTime {
        if hours >= NEVER_HOURS {
            return SimTime::MAX;
        }
        let weeks = (hours / to_hours(WEEK)).floor();
        let mut at = from + SimDuration::from_micros(weeks as u64 * WEEK);
        let mut left = (hours - weeks * to_hours(WEEK)) * self.mean_weight();
        loop {
            let (weight, span) = self.segment(at);
            if left <= weight * to_hours(span) {
                return at + SimDuration::from_secs_f64(left / weight * 3_600.0);
            }
            left -= weight * to_hours(span);
            at += SimDuration::from_micros(span);
        }
    }

    fn mean_weight(&self) -> f64 {
        let open = (u64::from(self.to_hour) - u64::from(self.from_hour)) * WORKING_DAYS;
        1.0 + (self.multiplier - 1.0) * open as f64 / to_hours(WEEK)
    }

    /// The weight at `at`, and for how many microseconds it surely lasts.
    fn segment(&self, at: SimTime) -> (f64, u64) {
        let in_week = (at.as_micros() % WEEK + self.week_at_start.as_micros() % WEEK) % WEEK;
        let (day, time) = (in_week / DAY, in_week % DAY);
        let (open, close) = (
            u64::from(self.from_hour) * HOUR,
            u64::from(self.to_hour) * HOUR,
        );
        if day >= WORKING_DAYS || time >= close {
            (1.0, DAY - time)
        } else if time < open {
            (1.0, open - time)
        } else {
            (self.multiplier, close - time)
        }
    }
}

fn to_hours(micros: u64) -> f64 {
    micros as f64 / HOUR as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_hour(hours: f64) -> SimTime {
        SimTime::from_micros((hours * HOUR as f64) as u64)
    }

    #[test]
    fn without_a_multiplier_time_is_time() {
        let hours = BusinessHours::default();
        for length in [0.5, 9.0, 100.0, 168.0, 1_000.25] {
            assert_eq!(hours.advance(at_hour(3.0), length), at_hour(3.0 + length));
        }
        assert_eq!(hours.advance(SimTime::ZERO, f64::INFINITY), SimTime::MAX);
    }

    #[test]
    fn hazard_gathers_faster_in_business_hours_and_weeks_are_equal() {
        let hours = BusinessHours {
            multiplier: 2.0,
            ..BusinessHours::default()
        };
        // Mean weight: (123 + 45 x 2) / 168.
        let mean = 213.0 / 168.0;
        assert_eq!(
            hours.advance(SimTime::ZERO, 3.0 * 168.0),
            at_hour(3.0 * 168.0)
        );
        let from_nine = hours.advance(at_hour(9.0), 4.0 / mean);
        assert!((from_nine.as_secs_f64() / 3_600.0 - 11.0).abs() < 1e-6);
        let across_the_morning = hours.advance(at_hour(8.0), 3.0 / mean);
        assert!((across_the_morning.as_secs_f64() / 3_600.0 - 10.0).abs() < 1e-6);
        let on_saturday = hours.advance(at_hour(129.0), 2.0 / mean);
        assert!((on_saturday.as_secs_f64() / 3_600.0 - 131.0).abs() < 1e-6);
    }

    #[test]
    fn the_week_starts_where_the_simulation_does() {
        let monday_ten = BusinessHours {
            multiplier: 2.0,
            week_at_start: SimDuration::from_secs(10 * 3_600),
            ..BusinessHours::default()
        };
        let reached = monday_ten.advance(SimTime::ZERO, 2.0 / (213.0 / 168.0));
        assert!((reached.as_secs_f64() / 3_600.0 - 1.0).abs() < 1e-6);
    }
}
