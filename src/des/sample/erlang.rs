//! How long do k exponential phases take in a row? The Erlang quantile, found numerically.

use libm::{exp, lgamma, log, log1p};

/// The quantile of a sum of `phases` exponential variates of mean 1.
///
/// Newton's method on the logarithm of the smaller tail probability. Both logarithms are concave,
/// so from the outer side of the root the iteration approaches it monotonically; the lower tail
/// starts there, the upper tail is there after one step.
pub(super) fn erlang_quantile(phases: u32, u: f64) -> f64 {
    const STEPS_MAX: usize = 100;
    /// Convergence is quadratic: after a step this small only rounding is left.
    const RELATIVE_STEP_MIN: f64 = 1e-11;
    assert!(phases > 0, "Erlang distribution without phases");
    let k = f64::from(phases);
    let (mut x, log_target) = if u < 0.5 {
        (exp((log(u) + lgamma(k + 1.0)) / k), log(u))
    } else {
        (k, log1p(-u))
    };
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

#[cfg(test)]
mod tests {
    use super::super::tests::assert_close;
    use super::*;
    use statrs::distribution::{ContinuousCDF, Erlang};

    #[test]
    fn erlang_quantile_inverts_both_tails() {
        for shape in [1, 2, 5, 40, 1_000] {
            let erlang = Erlang::new(u64::from(shape), 1.0).expect("valid parameters");
            for u in [
                1e-15,
                1e-9,
                0.001,
                0.1,
                0.499_999,
                0.5,
                0.9,
                0.999,
                1.0 - 1e-9,
                1.0 - 1e-15,
            ] {
                let x = erlang_quantile(shape, u);
                if u < 0.5 {
                    assert_close(erlang.cdf(x), u, 1e-9);
                } else {
                    assert_close(erlang.sf(x), 1.0 - u, 1e-9);
                }
            }
        }
    }
}
