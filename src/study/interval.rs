//! Means with confidence intervals (Student's t).

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::statistics::Statistics;

use crate::metrics::comparison::Interval;

/// The mean of a sample with its two-sided t interval. One value, or none, has no interval.
#[must_use]
pub fn mean_interval(sample: &[f64], confidence: f64) -> Interval {
    let n = sample.len() as f64;
    if sample.len() < 2 {
        return Interval {
            estimate: sample.first().copied().unwrap_or(0.0),
            low: None,
            high: None,
        };
    }
    let mean = sample.mean();
    let t = StudentsT::new(0.0, 1.0, n - 1.0)
        .map_or(f64::INFINITY, |t| t.inverse_cdf(0.5 + confidence / 2.0));
    let half = t * sample.std_dev() / n.sqrt();
    Interval {
        estimate: mean,
        low: Some(mean - half),
        high: Some(mean + half),
    }
}

/// Mean of `a - b`, pair by pair, with its interval.
#[must_use]
pub fn paired_difference(a: &[f64], b: &[f64], confidence: f64) -> Interval {
    assert_eq!(a.len(), b.len(), "pairs");
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    mean_interval(&differences, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_students() {
        // Mean 5, standard deviation 1.5811, n = 5: t(4, 0.975) = 2.7764, half-width 1.9632.
        let interval = mean_interval(&[3.0, 4.0, 5.0, 6.0, 7.0], 0.95);
        assert!((interval.estimate - 5.0).abs() < 1e-12);
        assert!((interval.high.unwrap() - 6.963_2).abs() < 1e-3);
        assert!(interval.excludes_zero());
    }

    #[test]
    fn pairs_cancel_what_they_share() {
        let world = [10.0, 50.0, 90.0, 20.0];
        let better: Vec<f64> = world.iter().map(|value| value - 2.0).collect();
        let difference = paired_difference(&better, &world, 0.95);
        assert!((difference.estimate + 2.0).abs() < 1e-9);
        assert!(difference.excludes_zero());
        assert!(!mean_interval(&world, 0.95).excludes_zero() || difference.high.unwrap() < 0.0);
    }

    #[test]
    fn one_value_has_no_interval() {
        let interval = mean_interval(&[1.0], 0.95);
        assert_eq!((interval.low, interval.high), (None, None));
        assert!(!interval.excludes_zero());
    }
}
