//! Durations as people write them: `720h`, `1h30m`, `45s`, `20ms`, `28d`, and Kubernetes' `Never`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A length of time in microseconds, written in Go's form (plus `d` for days).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct GoDuration {
    micros: u64,
}

const UNITS: [(&str, u64); 7] = [
    ("us", 1),
    ("µs", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
];

impl GoDuration {
    /// A whole number of microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self { micros }
    }

    /// A whole number of seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self {
            micros: secs * 1_000_000,
        }
    }

    /// Microseconds.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.micros
    }

    /// Reads one or more number-unit pairs.
    ///
    /// # Errors
    /// A sentence that says what was wrong and what a duration looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a duration, expected one such as `30s`, `1h30m` or `28d`");
        let mut rest = text.trim();
        if rest == "0" {
            return Ok(Self::default());
        }
        if rest.is_empty() {
            return Err(wrong());
        }
        let mut micros: u64 = 0;
        while !rest.is_empty() {
            let number_end = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .ok_or_else(wrong)?;
            let (number, tail) = rest.split_at(number_end);
            let unit_end = tail
                .find(|c: char| c.is_ascii_digit() || c == '.')
                .unwrap_or(tail.len());
            let (unit, next) = tail.split_at(unit_end);
            let &(_, factor) = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .ok_or_else(wrong)?;
            micros = micros
                .checked_add(scaled(number, factor).ok_or_else(wrong)?)
                .ok_or_else(wrong)?;
            rest = next;
        }
        Ok(Self { micros })
    }
}

/// `number` (with an optional fraction) times `factor`, truncated to a microsecond.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.len() > 9 || fraction.contains('.') {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let part: u64 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    let denominator = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let below = u128::from(part) * u128::from(factor) / u128::from(denominator);
    whole
        .checked_mul(factor)?
        .checked_add(u64::try_from(below).ok()?)
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.micros;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, factor) in [
            ("h", 3_600_000_000),
            ("m", 60_000_000),
            ("s", 1_000_000),
            ("ms", 1_000),
            ("us", 1),
        ] {
            if rest >= factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DurationVisitor;
        impl Visitor<'_> for DurationVisitor {
            type Value = GoDuration;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as `30s`, `1h30m` or `28d`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<GoDuration, E> {
                GoDuration::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(DurationVisitor)
    }
}

/// A duration, or `Never` (`expireAfter`, `consolidateAfter`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DurationOrNever {
    /// After this long.
    After(GoDuration),
    /// Not at all.
    Never,
}

impl<'de> Deserialize<'de> for DurationOrNever {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NeverVisitor;
        impl Visitor<'_> for NeverVisitor {
            type Value = DurationOrNever;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as `30s` or `720h`, or `Never`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<DurationOrNever, E> {
                if text == "Never" {
                    return Ok(DurationOrNever::Never);
                }
                GoDuration::parse(text)
                    .map(DurationOrNever::After)
                    .map_err(|e| E::custom(format!("{e}, or `Never`")))
            }
        }
        deserializer.deserialize_str(NeverVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_go_durations_and_days() {
        for (text, micros) in [
            ("30s", 30_000_000),
            ("1h30m", 5_400_000_000),
            ("1.5s", 1_500_000),
            ("20ms", 20_000),
            ("28d", 28 * 86_400_000_000),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(GoDuration::parse(text).unwrap().micros(), micros, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "30", "s", "1x", "-5s", "1h 30m", "99999999999d"] {
            assert!(GoDuration::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["30s", "1h30m", "20ms", "1s500ms", "672h"] {
            assert_eq!(GoDuration::parse(text).unwrap().to_string(), text);
        }
    }
}
