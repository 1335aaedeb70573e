//! Kubernetes quantities: `500m`, `2Gi`, `1.5`, `12e6`.
//!
//! A quantity is an exact decimal; it is kept as an integer number of thousandths, which every quantity Kubernetes itself accepts for
//! CPU, memory, storage and extended resources fits (spec/kubernetes.md 0.3). Conversions to whole units round away from zero, as
//! upstream does.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// An exact resource quantity, in thousandths of its unit (a core, a byte, a device).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Quantity {
    thousandths: i128,
}

/// Suffix, multiplier as numerator and denominator.
const SUFFIXES: [(&str, i128, i128); 15] = [
    ("Ki", 1 << 10, 1),
    ("Mi", 1 << 20, 1),
    ("Gi", 1 << 30, 1),
    ("Ti", 1 << 40, 1),
    ("Pi", 1 << 50, 1),
    ("Ei", 1 << 60, 1),
    ("n", 1, 1_000_000_000),
    ("u", 1, 1_000_000),
    ("m", 1, 1_000),
    ("k", 1_000, 1),
    ("M", 1_000_000, 1),
    ("G", 1_000_000_000, 1),
    ("T", 1_000_000_000_000, 1),
    ("P", 1_000_000_000_000_000, 1),
    ("E", 1_000_000_000_000_000_000, 1),
];

impl Quantity {
    /// A whole number of units.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self {
            thousandths: units as i128 * 1_000,
        }
    }

    /// A whole number of thousandths, such as millicores.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self {
            thousandths: millis as i128,
        }
    }

    /// Thousandths of the unit: millicores for a CPU quantity. Saturates at the `i64` range.
    #[must_use]
    pub fn millis(self) -> i64 {
        saturate(self.thousandths)
    }

    /// Whole units, rounded away from zero: bytes for a memory quantity. Saturates at the `i64` range.
    #[must_use]
    pub fn units(self) -> i64 {
        saturate(away_from_zero(self.thousandths, 1_000))
    }

    /// Reads a quantity as Kubernetes does; finer than a thousandth rounds away from zero. A number without digits is zero there.
    ///
    /// # Errors
    /// A sentence that says what was wrong and what a quantity looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not a quantity, expected a number such as `500m`, `2` or `1.5Gi`")
        };
        if text.is_empty() {
            return Err(wrong());
        }
        let (number, numerator, denominator) = split_suffix(text).ok_or_else(wrong)?;
        let (digits, scale) = decimal(number).ok_or_else(wrong)?;
        let scaled = digits
            .checked_mul(numerator)
            .and_then(|n| n.checked_mul(1_000))
            .ok_or_else(wrong)?;
        let divisor = denominator * 10_i128.pow(scale);
        Ok(Self {
            thousandths: away_from_zero(scaled, divisor),
        })
    }
}

fn away_from_zero(dividend: i128, divisor: i128) -> i128 {
    dividend / divisor + (dividend % divisor).signum()
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// The number before the suffix, and the suffix as a fraction. Handles `12e6` and `12E6` as exponents.
fn split_suffix(text: &str) -> Option<(&str, i128, i128)> {
    if let Some(at) = text.find(['e', 'E'])
        && let Ok(exponent) = text[at + 1..].parse::<i32>()
    {
        let power = 10_i128
            .checked_pow(exponent.unsigned_abs())
            .filter(|_| exponent.abs() <= 18)?;
        return Some(if exponent < 0 {
            (&text[..at], 1, power)
        } else {
            (&text[..at], power, 1)
        });
    }
    let found = SUFFIXES
        .iter()
        .find_map(|&(suffix, n, d)| text.strip_suffix(suffix).map(|number| (number, n, d)));
    Some(found.unwrap_or((text, 1, 1)))
}

/// Digits without the point, and how many stood behind it (at most 9 are kept exactly, more are refused).
fn decimal(text: &str) -> Option<(i128, u32)> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 9 || whole.len() > 24 {
        return None;
    }
    let digits: i128 = format!("0{whole}{fraction}").parse().ok()?;
    let scale = u32::try_from(fraction.len()).ok()?;
    Some((if negative { -digits } else { digits }, scale))
}

impl fmt::Display for Quantity {
    /// The shortest exact form: whole units with a binary suffix where it divides, else thousandths with `m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.thousandths % 1_000 != 0 {
            return write!(f, "{}m", self.thousandths);
        }
        let units = self.thousandths / 1_000;
        for (suffix, factor) in [
            ("Ti", 1_i128 << 40),
            ("Gi", 1 << 30),
            ("Mi", 1 << 20),
            ("Ki", 1 << 10),
        ] {
            if units != 0 && units % factor == 0 {
                return write!(f, "{}{suffix}", units / factor);
            }
        }
        write!(f, "{units}")
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QuantityVisitor;
        impl Visitor<'_> for QuantityVisitor {
            type Value = Quantity;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity such as `500m`, `2` or `1.5Gi`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                Quantity::parse(text).map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, units: i64) -> Result<Quantity, E> {
                Ok(Quantity::from_units(units))
            }
            fn visit_u64<E: de::Error>(self, units: u64) -> Result<Quantity, E> {
                Quantity::parse(&units.to_string()).map_err(E::custom)
            }
            fn visit_f64<E: de::Error>(self, units: f64) -> Result<Quantity, E> {
                Quantity::parse(&units.to_string()).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(QuantityVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, millis: i64, units: i64) {
        let quantity = Quantity::parse(text).unwrap();
        assert_eq!(
            (quantity.millis(), quantity.units()),
            (millis, units),
            "{text}"
        );
    }

    #[test]
    fn reads_every_form_kubernetes_writes() {
        check("500m", 500, 1);
        check("2", 2_000, 2);
        check("1.5", 1_500, 2);
        check("0.1", 100, 1);
        check("1Ki", 1_024_000, 1_024);
        check("1.5Gi", 1_610_612_736_000, 1_610_612_736);
        check("12e6", 12_000_000_000, 12_000_000);
        check("2E", i64::MAX, 2_000_000_000_000_000_000);
        check("1000u", 1, 1);
        check("1n", 1, 1);
        check("-1045m", -1_045, -2);
        check("m", 0, 0);
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        for text in ["", " 1", "1.2.3", "2 Gi", "five", "1e99", "0x10"] {
            assert!(
                Quantity::parse(text)
                    .unwrap_err()
                    .contains("expected a number such as"),
                "{text}"
            );
        }
    }

    #[test]
    fn prints_the_shortest_exact_form() {
        for (text, shown) in [
            ("500m", "500m"),
            ("2000m", "2"),
            ("2048Mi", "2Gi"),
            ("1.5Gi", "1536Mi"),
            ("0", "0"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), shown);
        }
    }
}
