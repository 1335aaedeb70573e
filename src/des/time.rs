//! When is it, and how long does it take? Simulated instants and spans in whole microseconds.
//!
//! Both types are plain `u64` counts. Arithmetic that leaves the range panics: past the front door
//! of the program an instant before zero or beyond 584 000 years is a broken invariant and not an
//! answer.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub, SubAssign};

use serde::Serialize;

const MICROS_PER_MILLI: u64 = 1_000;
const MICROS_PER_SEC: u64 = 1_000_000;
const SECS_PER_MINUTE: u64 = 60;
const SECS_PER_HOUR: u64 = 60 * SECS_PER_MINUTE;
const SECS_PER_DAY: u64 = 24 * SECS_PER_HOUR;

/// An instant, in microseconds since the simulated zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct SimTime(u64);

/// A span of simulated time, in microseconds; never negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct SimDuration(u64);

impl SimTime {
    /// The start of every simulation.
    pub const ZERO: Self = Self(0);
    /// The end of representable time; serves as "never".
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `micros` microseconds after zero.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The instant `secs` seconds after zero.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * MICROS_PER_SEC)
    }

    /// Microseconds since zero.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Seconds since zero, for statistics and drawing.
    pub const fn as_secs_f64(self) -> f64 {
        SimDuration(self.0).as_secs_f64()
    }

    /// The span since `earlier`, which must not lie in the future.
    pub fn since(self, earlier: Self) -> SimDuration {
        assert!(earlier <= self, "{earlier:?} is later than {self:?}");
        SimDuration(self.0 - earlier.0)
    }

    /// The span since `earlier`, zero if `earlier` lies in the future.
    pub const fn saturating_since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }

    /// The instant `span` later, unless it is beyond [`SimTime::MAX`].
    pub const fn checked_add(self, span: SimDuration) -> Option<Self> {
        match self.0.checked_add(span.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// The instant `span` earlier, unless it is before [`SimTime::ZERO`].
    pub const fn checked_sub(self, span: SimDuration) -> Option<Self> {
        match self.0.checked_sub(span.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// The instant `span` later, [`SimTime::MAX`] at most.
    pub const fn saturating_add(self, span: SimDuration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest representable span; serves as "for ever".
    pub const MAX: Self = Self(u64::MAX);

    /// A span of `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A span of `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * MICROS_PER_MILLI)
    }

    /// A span of `secs` seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * MICROS_PER_SEC)
    }

    /// The span nearest to `secs` seconds: rounded to a microsecond, zero for negative numbers and
    /// NaN, [`SimDuration::MAX`] for what is too long. Drawn variates come through here.
    pub fn from_secs_f64(secs: f64) -> Self {
        Self((secs * MICROS_PER_SEC as f64).round() as u64)
    }

    /// Microseconds.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / MICROS_PER_SEC
    }

    /// Seconds, for statistics and drawing.
    pub const fn as_secs_f64(self) -> f64 {
        self.0 as f64 / MICROS_PER_SEC as f64
    }

    /// The difference, zero if `other` is longer.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;

    fn add(self, span: SimDuration) -> Self {
        Self(self.0 + span.0)
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, span: SimDuration) {
        self.0 += span.0;
    }
}

impl Sub<SimDuration> for SimTime {
    type Output = Self;

    fn sub(self, span: SimDuration) -> Self {
        Self(self.0 - span.0)
    }
}

impl Sub for SimTime {
    type Output = SimDuration;

    fn sub(self, earlier: Self) -> SimDuration {
        self.since(earlier)
    }
}

impl Add for SimDuration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for SimDuration {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for SimDuration {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for SimDuration {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Mul<u64> for SimDuration {
    type Output = Self;

    fn mul(self, factor: u64) -> Self {
        Self(self.0 * factor)
    }
}

impl Div<u64> for SimDuration {
    type Output = Self;

    fn div(self, divisor: u64) -> Self {
        Self(self.0 / divisor)
    }
}

impl Sum for SimDuration {
    fn sum<I: Iterator<Item = Self>>(spans: I) -> Self {
        spans.fold(Self::ZERO, Add::add)
    }
}

/// Days and time of day, `2d 03:04:05`; fractions of a second are cut off, as on a clock.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0 / MICROS_PER_SEC;
        let text = format!(
            "{}d {:02}:{:02}:{:02}",
            secs / SECS_PER_DAY,
            secs % SECS_PER_DAY / SECS_PER_HOUR,
            secs % SECS_PER_HOUR / SECS_PER_MINUTE,
            secs % SECS_PER_MINUTE,
        );
        f.pad(&text)
    }
}

/// Two or three significant figures in the largest fitting unit, rounded: `1d06h`, `1h05m`,
/// `3m20s`, `12.3s`, `45ms`, `7us`.
impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0;
        // Each unit looks at the count it would print, so that rounding up moves on to the next
        // unit: never "60.0s".
        let millis = rounded_div(micros, MICROS_PER_MILLI);
        let deciseconds = rounded_div(micros, MICROS_PER_SEC / 10);
        let secs = rounded_div(micros, MICROS_PER_SEC);
        let minutes = rounded_div(micros, SECS_PER_MINUTE * MICROS_PER_SEC);
        let hours = rounded_div(micros, SECS_PER_HOUR * MICROS_PER_SEC);
        let text = if micros == 0 {
            "0s".to_owned()
        } else if micros < 1_000 {
            format!("{micros}us")
        } else if millis < 1_000 {
            format!("{millis}ms")
        } else if deciseconds < 600 {
            format!("{}.{}s", deciseconds / 10, deciseconds % 10)
        } else if secs < 3_600 {
            format!("{}m{:02}s", secs / 60, secs % 60)
        } else if minutes < 24 * 60 {
            format!("{}h{:02}m", minutes / 60, minutes % 60)
        } else {
            format!("{}d{:02}h", hours / 24, hours % 24)
        };
        f.pad(&text)
    }
}

/// `count / unit`, halves rounded up, without overflow.
const fn rounded_div(count: u64, unit: u64) -> u64 {
    count / unit + (count % unit >= unit.div_ceil(2)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_spans_are_an_affine_pair() {
        let start = SimTime::from_secs(10);
        let span = SimDuration::from_millis(2_500);
        let end = start + span;
        assert_eq!(end.as_micros(), 12_500_000);
        assert_eq!(end - start, span);
        assert_eq!(end - span, start);
        assert_eq!(end.since(start), span);
        assert_eq!(start.saturating_since(end), SimDuration::ZERO);
        assert_eq!(start.checked_sub(SimDuration::from_secs(11)), None);
        assert_eq!(SimTime::MAX.checked_add(span), None);
        assert_eq!(SimTime::MAX.saturating_add(span), SimTime::MAX);
    }

    #[test]
    fn spans_add_up() {
        let spans = [1, 2, 3].map(SimDuration::from_secs);
        let total: SimDuration = spans.into_iter().sum();
        assert_eq!(total, SimDuration::from_secs(6));
        assert_eq!(total * 2 / 3, SimDuration::from_secs(4));
        assert_eq!(total - spans[2], SimDuration::from_secs(3));
        assert_eq!(spans[0].saturating_sub(total), SimDuration::ZERO);
        assert_eq!((total / 4).as_secs(), 1);
        assert_eq!((total / 4).as_secs_f64(), 1.5);
    }

    #[test]
    fn fractional_seconds_round_and_clamp() {
        let micros = |secs| SimDuration::from_secs_f64(secs).as_micros();
        assert_eq!(micros(0.000_001_4), 1);
        assert_eq!(micros(0.000_001_5), 2);
        assert_eq!(micros(-3.0), 0);
        assert_eq!(micros(f64::NAN), 0);
        assert_eq!(micros(f64::INFINITY), u64::MAX);
    }

    #[test]
    fn instants_read_like_a_clock() {
        let at = SimTime::from_secs(2 * 86_400 + 3 * 3_600 + 4 * 60 + 5);
        assert_eq!(at.to_string(), "2d 03:04:05");
        assert_eq!(SimTime::from_micros(999_999).to_string(), "0d 00:00:00");
    }

    #[test]
    fn spans_read_in_their_own_unit() {
        let show = |micros| SimDuration::from_micros(micros).to_string();
        assert_eq!(show(0), "0s");
        assert_eq!(show(7), "7us");
        assert_eq!(show(45_000), "45ms");
        assert_eq!(show(999_600), "1.0s");
        assert_eq!(show(12_340_000), "12.3s");
        assert_eq!(show(59_960_000), "1m00s");
        assert_eq!(show(3_599_600_000), "1h00m");
        assert_eq!(show(3_900_000_000), "1h05m");
        assert_eq!(show(30 * 3_600_000_000), "1d06h");
        assert_eq!(SimDuration::MAX.to_string(), "213503982d08h");
    }
}
