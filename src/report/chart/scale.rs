//! Where on an axis does a value stand, and which values are worth a tick?

use crate::report::units;

/// What the numbers of an axis are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Plain numbers.
    Number,
    /// Microseconds.
    Duration,
    /// Dollars.
    Usd,
    /// Shares of one.
    Share,
}

impl Unit {
    /// A tick's label.
    pub(in crate::report) fn label(self, value: f64) -> String {
        match self {
            Self::Number => units::number(value),
            Self::Duration if value < 0.0 => format!("−{}", round_span(-value)),
            Self::Duration => round_span(value),
            Self::Usd if value.abs() < 1.0 && value != 0.0 => format!("${value:.2}"),
            Self::Usd => format!("${}", units::number(value)),
            Self::Share => format!("{} %", units::number(value * 100.0)),
        }
    }
}

/// A round span without decimals that say nothing: `5 ms`, `10 s`, `2 min`, `1 h`.
fn round_span(micros: f64) -> String {
    let (unit, name) = match micros {
        0.0 => (1e6, "s"),
        ..1e3 => (1.0, "µs"),
        ..1e6 => (1e3, "ms"),
        ..6e7 => (1e6, "s"),
        ..3.6e9 => (6e7, "min"),
        ..8.64e10 => (3.6e9, "h"),
        _ => (8.64e10, "d"),
    };
    format!("{} {name}", units::number(micros / unit))
}

/// An axis of values.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Scale {
    /// Equal distances for equal differences.
    Linear {
        /// Value at the lower end.
        low: f64,
        /// Value at the upper end.
        high: f64,
    },
    /// Equal distances for equal ratios.
    Log {
        /// Value at the lower end, positive.
        low: f64,
        /// Value at the upper end.
        high: f64,
    },
}

impl Scale {
    /// From zero to at least `max`, ending on a tick.
    pub(super) fn up_to(max: f64, unit: Unit) -> Self {
        let max = if max > 0.0 { max } else { 1.0 };
        let step = step(max, unit);
        Self::Linear {
            low: 0.0,
            high: (max / step).ceil() * step,
        }
    }

    /// Zero and every value between.
    pub(super) fn around_zero(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((0.0_f64, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let room = (high - low).max(f64::MIN_POSITIVE) * 0.06;
        Self::Linear {
            low: low - room,
            high: high + room,
        }
    }

    /// Over all positive values, with a little room, and at least a decade.
    pub(super) fn log(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .filter(|&value| value > 0.0)
            .fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low > high {
            return Self::Log {
                low: 1e3,
                high: 1e6,
            };
        }
        Self::Log {
            low: low / 1.3,
            high: (high * 1.3).max(low * 10.0),
        }
    }

    /// 0 at the lower end, 1 at the upper; values outside stand at the end.
    pub(super) fn place(self, value: f64) -> f64 {
        let place = match self {
            Self::Linear { low, high } => (value - low) / (high - low),
            Self::Log { low, high } => (value.max(low) / low).ln() / (high / low).ln(),
        };
        place.clamp(0.0, 1.0)
    }

    /// The values of its ticks.
    pub(super) fn ticks(self, unit: Unit) -> Vec<f64> {
        match self {
            Self::Linear { low, high } => {
                let step = step(high - low, unit);
                let first = (low / step).ceil() as i64;
                let last = (high / step + 1e-9).floor() as i64;
                (first..=last).map(|k| k as f64 * step).collect()
            }
            Self::Log { low, high } => {
                let within = |ticks: Vec<f64>| -> Vec<f64> {
                    ticks
                        .into_iter()
                        .filter(|tick| (low..=high).contains(tick))
                        .collect()
                };
                let coarse = within(log_ticks(unit, &[1.0]));
                if coarse.len() >= 4 {
                    coarse
                } else {
                    within(log_ticks(unit, &[1.0, 2.0, 5.0]))
                }
            }
        }
    }
}

/// The step of at most seven ticks over a span: 1, 2 or 5 of a power of ten; seconds beyond a minute count in sixties.
fn step(span: f64, unit: Unit) -> f64 {
    let raw = span / 6.0;
    if unit == Unit::Duration && raw > 1e7 {
        const SECONDS: [f64; 13] = [
            15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0, 43_200.0,
            86_400.0, 604_800.0,
        ];
        return SECONDS
            .into_iter()
            .map(|seconds| seconds * 1e6)
            .find(|&step| step >= raw)
            .unwrap_or(raw);
    }
    let power = 10_f64.powf(raw.log10().floor());
    let whole_only = matches!(unit, Unit::Number) && span > 3.0;
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|&step| step >= raw * (1.0 - 1e-9) && !(whole_only && step < 1.0))
        .unwrap_or(10.0 * power)
}

/// Ticks of a logarithmic axis: decades, of minutes and hours beyond the second.
fn log_ticks(unit: Unit, digits: &[f64]) -> Vec<f64> {
    let decade = |power: i32| digits.iter().map(move |digit| digit * 10_f64.powi(power));
    if unit == Unit::Duration {
        let long = [60.0, 600.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0];
        (0..7)
            .flat_map(decade)
            .chain([1e7])
            .chain((digits.len() > 1).then_some(3e7))
            .chain(long.map(|seconds| seconds * 1e6))
            .collect()
    } else {
        (-3..13).flat_map(decade).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_ends_on_a_round_tick() {
        let scale = Scale::up_to(437.0, Unit::Number);
        assert_eq!(
            scale,
            Scale::Linear {
                low: 0.0,
                high: 500.0
            }
        );
        assert_eq!(
            scale.ticks(Unit::Number),
            [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]
        );
        assert_eq!(scale.place(250.0), 0.5);
        assert_eq!(scale.place(900.0), 1.0);
    }

    #[test]
    fn pods_are_counted_whole() {
        let ticks = Scale::up_to(4.0, Unit::Number).ticks(Unit::Number);
        assert!(ticks.iter().all(|tick| tick.fract() == 0.0), "{ticks:?}");
    }

    #[test]
    fn a_log_axis_ticks_in_decades_and_then_in_minutes() {
        let scale = Scale::log([2e3, 4e9].into_iter());
        let labels: Vec<String> = scale
            .ticks(Unit::Duration)
            .into_iter()
            .map(|tick| Unit::Duration.label(tick))
            .collect();
        assert_eq!(
            labels,
            ["10 ms", "100 ms", "1 s", "10 s", "1 min", "10 min", "1 h"]
        );
        assert!((scale.place(2e3 / 1.3)).abs() < 1e-12);
    }

    #[test]
    fn a_narrow_log_axis_has_ticks_all_the_same() {
        let ticks = Scale::log([2e4, 9e4].into_iter()).ticks(Unit::Duration);
        assert_eq!(ticks, [2e4, 5e4, 1e5, 2e5]);
    }
}
