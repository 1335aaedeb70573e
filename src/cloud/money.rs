//! Money as integers: nano-dollars, added without loss and rounded only where a bill line is made.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use serde::Serialize;

/// Decimal places of [`NanoUsd`].
const PLACES: usize = 9;
const NANOS_PER_DOLLAR: i128 = 1_000_000_000;

/// An amount of US dollars in billionths; negative for a credit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct NanoUsd(pub i128);

impl NanoUsd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Reads a plain decimal such as `0.0912`. `None` for anything else, or for more than nine decimal places.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > PLACES || !digits(whole) || !digits(fraction) {
            return None;
        }
        let nanos: i128 = format!("{fraction:0<PLACES$}").parse().ok()?;
        let dollars: i128 = whole.parse().ok()?;
        Some(Self(dollars.checked_mul(NANOS_PER_DOLLAR)? + nanos))
    }

    /// This amount times `numerator / denominator`, rounded half up to a nano-dollar. `denominator` must be positive.
    #[must_use]
    pub fn scaled(self, numerator: i128, denominator: i128) -> Self {
        assert!(denominator > 0, "an amount is divided by {denominator}");
        Self((2 * self.0 * numerator + denominator).div_euclid(2 * denominator))
    }

    /// Dollars, for reading.
    #[must_use]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / NANOS_PER_DOLLAR as f64
    }
}

impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let base = NANOS_PER_DOLLAR.unsigned_abs();
        write!(
            f,
            "{sign}{}.{:0PLACES$}",
            magnitude / base,
            magnitude % base
        )
    }
}

impl Add for NanoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for NanoUsd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for NanoUsd {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for NanoUsd {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_and_printed_exactly() {
        for text in [
            "21.957642000",
            "0.000000400",
            "0.018000000",
            "1000000.000000001",
        ] {
            assert_eq!(NanoUsd::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(NanoUsd::parse("7"), Some(NanoUsd(7_000_000_000)));
        assert_eq!(NanoUsd(-1).to_string(), "-0.000000001");
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", ".", ".5", "-1", "1e3", "0.0000000001", "1.2.3", "+1"] {
            assert_eq!(NanoUsd::parse(text), None, "{text}");
        }
    }

    #[test]
    fn scaling_rounds_half_up_to_a_nano() {
        assert_eq!(NanoUsd(5).scaled(1, 2), NanoUsd(3));
        assert_eq!(NanoUsd(7).scaled(1, 3), NanoUsd(2));
        assert_eq!(NanoUsd(8).scaled(1, 3), NanoUsd(3));
        assert_eq!(NanoUsd(100).scaled(18, 100), NanoUsd(18));
    }
}
