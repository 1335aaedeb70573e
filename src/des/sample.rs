//! How long does it take this time? Random variates by inverse distribution function, one uniform number each.
//!
//! Rejection samplers use up a varying count of numbers and so shift everything drawn after them; a quantile does not, and it
//! keeps a larger `u` a larger variate, which is what makes paired and antithetic runs work. Every transcendental function comes
//! from the `libm` crate, in the same bits on every platform.

use libm::{exp, lgamma, log, log1p, pow, sqrt, tgamma};

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
    /// The sum of `shape` exponential phases. Its quantile has no closed form and is found by Newton's method.
    Erlang {
        /// Number of phases, at least 1.
        shape: u32,
        /// Mean of the sum, positive.
        mean: f64,
    },
    /// Observed values in ascending order, at least one; quantiles between neighbours are interpolated.
    Empirical(Vec<f64>),
}

impl Dist {
    /// The lognormal distribution with this median and 95th percentile; `0 < median <= p95`.
    pub fn lognormal_from_median_p95(median: f64, p95: f64) -> Self {
        assert!(median > 0.0 && median <= p95, "median {median} and 95th percentile {p95} fit no lognormal");
        Self::LogNormal { mu: log(median), sigma: log(p95 / median) / normal_quantile(0.95) }
    }

    /// The value below which the variate lies with probability `u`, `0 < u < 1`. Not decreasing in `u`.
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

/// The value below which a standard normal variate lies with probability `u`, `0 < u < 1`.
///
/// Wichura's algorithm AS 241 (PPND16), relative accuracy about 1e-16.
pub fn normal_quantile(u: f64) -> f64 {
    assert!(0.0 < u && u < 1.0, "normal quantile at {u}");
    let centred = u - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        return centred * as241::CENTRE.at(r);
    }
    let tail = if centred < 0.0 { u } else { 1.0 - u };
    let r = sqrt(-log(tail));
    let distance = if r <= 5.0 { as241::SHOULDER.at(r - 1.6) } else { as241::TAIL.at(r - 5.0) };
    distance.copysign(centred)
}

/// The quantile of a sum of `phases` exponential variates of mean 1.
///
/// Newton's method on the logarithm of the smaller tail probability. Both logarithms are concave, so from the outer side of the
/// root the iteration approaches it monotonically; the lower tail starts there, the upper tail is there after one step.
fn erlang_quantile(phases: u32, u: f64) -> f64 {
    const STEPS_MAX: usize = 100;
    const RELATIVE_STEP_MIN: f64 = 1e-15;
    assert!(phases > 0, "Erlang distribution without phases");
    let k = f64::from(phases);
    let (mut x, log_target) =
        if u < 0.5 { (exp((log(u) + lgamma(k + 1.0)) / k), log(u)) } else { (k, log1p(-u)) };
    for _ in 0..STEPS_MAX {
        let log_density = (k - 1.0) * log(x) - x - lgamma(k);
        let (log_tail, direction) = if u < 0.5 {
            (log_density + log(x / k * lower_series(k, x)), 1.0)
        } else {
            (log_density + log(upper_sum(k, x)), -1.0)
        };
        let step = direction * (log_target - log_tail) * exp(log_tail - log_density);
        x += step;
        if step.abs() <= RELATIVE_STEP_MIN * x {
            break;
        }
    }
    x
}

/// 1 + x/(k+1) + x²/((k+1)(k+2)) + …: the lower tail of k phases over its first term.
fn lower_series(k: f64, x: f64) -> f64 {
    let (mut sum, mut term, mut i) = (1.0, 1.0, k);
    while term > sum * f64::EPSILON / 4.0 {
        i += 1.0;
        term *= x / i;
        sum += term;
    }
    sum
}

/// 1 + (k-1)/x + (k-1)(k-2)/x² + …, k terms: the upper tail of k phases over their density.
fn upper_sum(k: f64, x: f64) -> f64 {
    let (mut sum, mut term, mut i) = (1.0, 1.0, k);
    while i > 1.0 {
        i -= 1.0;
        term *= i / x;
        sum += term;
    }
    sum
}

fn interpolate(values: &[f64], u: f64) -> f64 {
    assert!(!values.is_empty(), "empirical distribution without values");
    let rank = u * (values.len() - 1) as f64;
    let below = rank as usize;
    let above = (below + 1).min(values.len() - 1);
    values[below] + (values[above] - values[below]) * (rank - below as f64)
}

/// The integral of the interpolated quantile function: the mean of the midpoints between neighbours.
fn mean_of_interpolated(values: &[f64]) -> f64 {
    match values {
        [] => panic!("empirical distribution without values"),
        [only] => *only,
        [first, .., last] => (values.iter().sum::<f64>() - (first + last) / 2.0) / (values.len() - 1) as f64,
    }
}

/// The three rational approximations of AS 241, coefficients in ascending powers.
mod as241 {
    pub(super) struct Rational {
        numerator: [f64; 8],
        denominator: [f64; 8],
    }

    impl Rational {
        pub(super) fn at(&self, r: f64) -> f64 {
            horner(&self.numerator, r) / horner(&self.denominator, r)
        }
    }

    fn horner(coefficients: &[f64; 8], r: f64) -> f64 {
        coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * r + coefficient)
    }

    /// |u - 0.5| <= 0.425, argument 0.425² - (u - 0.5)².
    pub(super) const CENTRE: Rational = Rational {
        numerator: [
            3.387_132_872_796_366_608_0e0,
            1.331_416_678_917_843_774_5e2,
            1.971_590_950_306_551_442_7e3,
            1.373_169_376_550_946_112_5e4,
            4.592_195_393_154_987_145_7e4,
            6.726_577_092_700_870_085_3e4,
            3.343_057_558_358_812_810_5e4,
            2.509_080_928_730_122_672_7e3,
        ],
        denominator: [
            1.0,
            4.231_333_070_160_091_125_2e1,
            6.871_870_074_920_579_083_0e2,
            5.394_196_021_424_751_107_7e3,
            2.121_379_430_158_659_586_7e4,
            3.930_789_580_009_271_061_0e4,
            2.872_908_573_572_194_267_4e4,
            5.226_495_278_852_854_561_0e3,
        ],
    };

    /// Tail probability down to exp(-25), argument sqrt(-ln tail) - 1.6.
    pub(super) const SHOULDER: Rational = Rational {
        numerator: [
            1.423_437_110_749_683_577_34e0,
            4.630_337_846_156_545_295_90e0,
            5.769_497_221_460_691_405_50e0,
            3.647_848_324_763_204_605_04e0,
            1.270_458_252_452_368_382_58e0,
            2.417_807_251_774_506_117_70e-1,
            2.272_384_498_926_918_458_33e-2,
            7.745_450_142_783_414_076_40e-4,
        ],
        denominator: [
            1.0,
            2.053_191_626_637_758_821_87e0,
            1.676_384_830_183_803_849_40e0,
            6.897_673_349_851_000_045_50e-1,
            1.481_039_764_274_800_745_90e-1,
            1.519_866_656_361_645_719_66e-2,
            5.475_938_084_995_344_946_00e-4,
            1.050_750_071_644_416_843_24e-9,
        ],
    };

    /// Beyond, argument sqrt(-ln tail) - 5.
    pub(super) const TAIL: Rational = Rational {
        numerator: [
            6.657_904_643_501_103_777_20e0,
            5.463_784_911_164_114_369_90e0,
            1.784_826_539_917_291_335_80e0,
            2.965_605_718_285_048_912_30e-1,
            2.653_218_952_657_612_309_30e-2,
            1.242_660_947_388_078_438_60e-3,
            2.711_555_568_743_487_578_15e-5,
            2.010_334_399_292_288_132_65e-7,
        ],
        denominator: [
            1.0,
            5.998_322_065_558_879_376_90e-1,
            1.369_298_809_227_358_053_10e-1,
            1.487_536_129_085_061_485_25e-2,
            7.868_691_311_456_132_591_00e-4,
            1.846_318_317_510_054_681_80e-5,
            1.421_511_758_316_445_888_70e-7,
            2.044_263_103_389_939_785_64e-15,
        ],
    };
}
