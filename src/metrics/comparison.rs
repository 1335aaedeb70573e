//! What differs between scenarios: plain data, as `study` finds it and `report` shows it.

use serde::Serialize;

/// An estimate and the interval it is believed to lie in.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Interval {
    /// Mean of the sample.
    pub estimate: f64,
    /// Lower end; absent where a single value tells nothing of the spread.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl Interval {
    /// Whether zero is not in the interval. Without an interval nobody knows.
    #[must_use]
    pub fn excludes_zero(&self) -> bool {
        self.low
            .zip(self.high)
            .is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }
}

/// A measure of several scenarios, and the differences to the first.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// What is compared.
    pub measure: String,
    /// In which unit the values are.
    pub unit: &'static str,
    /// Mean and interval by scenario.
    pub values: Vec<Interval>,
    /// Difference to the first scenario, by further scenario.
    pub differences: Vec<Interval>,
    /// By further scenario: whether the interval of the difference leaves zero out.
    pub significant: Vec<bool>,
}
