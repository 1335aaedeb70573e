//! How long does it take this time? Random variates by inverse distribution function, one uniform
//! number each.
//!
//! Rejection samplers use up a varying count of numbers and so shift everything drawn after them; a
//! quantile does not, and it keeps a larger `u` a larger variate, which is what makes paired and
//! antithetic runs work. Every transcendental function comes from the `libm` crate, in the same
//! bits on every platform.

mod erlang;
mod normal;

use libm::{exp, log, log1p, pow, tgamma};

use erlang::erlang_quantile;
pub use normal::normal_quantile;

/// A distribution of non-negative numbers, in the unit of its parameters (seconds, mostly).
#[derive(Clone, PartialEq, Debug)]
pub enum Dist {
    /// Always the same.
    Constant(f64),
    /// Equally likely anywhere in `low..high`.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Waiting time without memory.
    Exponential {
        /// Mean, positive.
        mean: f64,
    },
    /// The exponential of a normal variate.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm, not negative.
        sigma: f64,
    },
    /// Waiting time under a hazard that grows (`shape` > 1) or falls (`shape` < 1) with age.
    Weibull {
        /// Exponent, positive.
        shape: f64,
        /// Quantile at 1 - 1/e, positive.
        scale: f64,
    },
    /// Power-law tail above a least value.
    Pareto {
        /// Least value, positive.
        scale: f64,
        /// Tail exponent, positive; the mean is finite above 1.
        shape: f64,
    },
    /// The sum of `shape` exponential phases. Its quantile has no closed form and is found by
    /// Newton's method.
    Erlang {
        /// Number of phases, at least 1.
        shape: u32,
        /// Mean of the sum, positive.
        mean: f64,
    },
    /// Observed values in ascending order, at least one; quantiles between neighbours are
    /// interpolated.
    Empirical(Vec<f64>),
}

impl Dist {
    /// The lognormal distribution with this median and 95th percentile; `0 < median <= p95`.
    pub fn lognormal_from_median_p95(median: f64, p95: f64) -> Self {
        assert!(
            median > 0.0 && median <= p95,
            "median {median} and 95th percentile {p95} fit no lognormal"
        );
        Self::LogNormal {
            mu: log(median),
            sigma: log(p95 / median) / normal_quantile(0.95),
        }
    }

    /// The value below which the variate lies with probability `u`, `0 < u < 1`. Not decreasing in
    /// `u`.
    pub fn quantile(&self, u: f64) -> f64 {
        assert!(0.0 < u && u < 1.0, "quantile at {u}");
        match *self {
            Self::Constant(value) => value,
            Self::Uniform { low, high } => low + (high - low) * u,
            Self::Exponential { mean } => mean * -log1p(-u),
            Self::LogNormal { mu, sigma } => exp(mu + sigma * normal_quantile(u)),
            Self::Weibull { shape, scale } => scale * pow(-log1p(-u), 1.0 / shape),
            Self::Pareto { scale, shape } => scale * exp(-log1p(-u) / shape),
            Self::Erlang { shape, mean } => mean / f64::from(shape) * erlang_quantile(shape, u),
            Self::Empirical(ref values) => interpolate(values, u),
        }
    }

    /// The expected value; infinite for a Pareto tail with `shape <= 1`.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Uniform { low, high } => low + (high - low) / 2.0,
            Self::Exponential { mean } | Self::Erlang { mean, .. } => mean,
            Self::LogNormal { mu, sigma } => exp(mu + sigma * sigma / 2.0),
            Self::Weibull { shape, scale } => scale * tgamma(1.0 + 1.0 / shape),
            Self::Pareto { scale, shape } if shape > 1.0 => scale * shape / (shape - 1.0),
            Self::Pareto { .. } => f64::INFINITY,
            Self::Empirical(ref values) => mean_of_interpolated(values),
        }
    }
}

fn interpolate(values: &[f64], u: f64) -> f64 {
    assert!(!values.is_empty(), "empirical distribution without values");
    let rank = u * (values.len() - 1) as f64;
    let below = rank as usize;
    let above = (below + 1).min(values.len() - 1);
    values[below] + (values[above] - values[below]) * (rank - below as f64)
}

/// The integral of the interpolated quantile function: the mean of the midpoints between
/// neighbours.
fn mean_of_interpolated(values: &[f64]) -> f64 {
    match values {
        [] => panic!("empirical distribution without values"),
        [only] => *only,
        [first, .., last] => {
            (values.iter().sum::<f64>() - (first + last) / 2.0) / (values.len() - 1) as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    pub(super) fn assert_close(actual: f64, expected: f64, relative: f64) {
        assert!(
            (actual - expected).abs() <= relative * expected.abs(),
            "{actual} is not {expected}"
        );
    }

    /// One of each, with finite mean and a tail light enough for [`stratified_mean`].
    fn examples() -> Vec<Dist> {
        vec![
            Dist::Constant(3.0),
            Dist::Uniform {
                low: 2.0,
                high: 5.0,
            },
            Dist::Exponential { mean: 4.0 },
            Dist::LogNormal {
                mu: 0.3,
                sigma: 0.6,
            },
            Dist::Weibull {
                shape: 1.7,
                scale: 2.0,
            },
            Dist::Weibull {
                shape: 0.8,
                scale: 2.0,
            },
            Dist::Pareto {
                scale: 1.5,
                shape: 4.0,
            },
            Dist::Erlang {
                shape: 3,
                mean: 6.0,
            },
            Dist::Empirical(vec![1.0, 2.0, 2.0, 10.0]),
        ]
    }

    #[test]
    fn quantiles_are_the_closed_forms() {
        let u = 1.0 - (-2.0_f64).exp();
        assert_close(Dist::Exponential { mean: 4.0 }.quantile(u), 8.0, 1e-14);
        assert_close(
            Dist::Weibull {
                shape: 2.0,
                scale: 3.0,
            }
            .quantile(u),
            3.0 * 2.0_f64.sqrt(),
            1e-14,
        );
        assert_close(
            Dist::Pareto {
                scale: 2.0,
                shape: 0.5,
            }
            .quantile(0.75),
            32.0,
            1e-14,
        );
        assert_close(
            Dist::LogNormal {
                mu: 1.0,
                sigma: 2.0,
            }
            .quantile(0.5),
            1.0_f64.exp(),
            1e-15,
        );
        assert_eq!(
            Dist::Uniform {
                low: 2.0,
                high: 6.0
            }
            .quantile(0.25),
            3.0
        );
        assert_eq!(Dist::Constant(9.0).quantile(0.1), 9.0);
    }

    #[test]
    fn one_erlang_phase_is_exponential() {
        for u in [
            f64::EPSILON / 2.0,
            0.01,
            0.3,
            0.7,
            0.99,
            1.0 - f64::EPSILON / 2.0,
        ] {
            let erlang = Dist::Erlang {
                shape: 1,
                mean: 4.0,
            }
            .quantile(u);
            assert_close(erlang, Dist::Exponential { mean: 4.0 }.quantile(u), 1e-14);
        }
    }

    #[test]
    fn observed_values_are_interpolated() {
        let observed = Dist::Empirical(vec![1.0, 2.0, 4.0]);
        assert_eq!(
            [0.25, 0.5, 0.75].map(|u| observed.quantile(u)),
            [1.5, 2.0, 3.0]
        );
        assert_eq!(observed.mean(), 2.25);
        let single = Dist::Empirical(vec![7.0]);
        assert_eq!((single.quantile(0.9), single.mean()), (7.0, 7.0));
    }

    #[test]
    fn lognormal_keeps_the_quantiles_it_was_given() {
        let dist = Dist::lognormal_from_median_p95(40.0, 95.0);
        assert_close(dist.quantile(0.5), 40.0, 1e-14);
        assert_close(dist.quantile(0.95), 95.0, 1e-14);
        assert_close(
            Dist::lognormal_from_median_p95(3.0, 3.0).quantile(0.99),
            3.0,
            1e-15,
        );
    }

    #[test]
    fn means_are_the_areas_under_the_quantiles() {
        for dist in examples() {
            assert_close(stratified_mean(&dist), dist.mean(), 1e-3);
        }
        assert_eq!(
            Dist::Pareto {
                scale: 1.0,
                shape: 1.0
            }
            .mean(),
            f64::INFINITY
        );
    }

    fn stratified_mean(dist: &Dist) -> f64 {
        const STRATA: u32 = 100_000;
        let midpoints = (0..STRATA).map(|i| (f64::from(i) + 0.5) / f64::from(STRATA));
        midpoints.map(|u| dist.quantile(u)).sum::<f64>() / f64::from(STRATA)
    }

    #[test]
    fn drawn_means_meet_the_closed_forms() {
        use crate::des::{Purpose, StreamKey};
        const DRAWS: u64 = 200_000;
        for (dist, entity) in examples().into_iter().zip(0..) {
            let key = StreamKey {
                seed: 3,
                purpose: Purpose::ServiceDemand,
                entity,
            };
            let sum: f64 = (0..DRAWS).map(|k| dist.quantile(key.uniform(k))).sum();
            assert_close(sum / DRAWS as f64, dist.mean(), 0.01);
        }
    }

    #[test]
    fn quantiles_never_decrease() {
        for dist in examples() {
            let quantiles: Vec<_> = (1..10_000)
                .map(|i| dist.quantile(f64::from(i) / 10_000.0))
                .collect();
            assert!(quantiles.is_sorted(), "{dist:?}");
        }
    }

    #[test]
    fn the_ends_of_the_open_interval_are_finite() {
        for dist in examples() {
            for u in [f64::EPSILON / 2.0, 1.0 - f64::EPSILON / 2.0] {
                let value = dist.quantile(u);
                assert!(
                    value.is_finite() && value >= 0.0,
                    "{dist:?} at {u}: {value}"
                );
            }
        }
    }

    #[test]
    fn bits_are_frozen() {
        let bits: Vec<_> = examples()
            .iter()
            .map(|dist| dist.quantile(0.87).to_bits())
            .collect();
        assert_eq!(
            bits,
            [
                0x4008_0000_0000_0000,
                0x4012_70a3_d70a_3d70,
                0x4020_525f_4c39_1dda,
                0x4005_3a1f_d1e5_f8d0,
                0x4008_5680_5751_f9ac,
                0x4013_81be_e6ca_1737,
                0x4003_fc0e_96a0_e75a,
                0x4023_c02f_15b0_47ca,
                0x401b_851e_b851_eb84
            ]
        );
    }
}
