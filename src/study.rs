//! Many runs: replications under common random numbers, and what differs between scenarios beyond chance.
//!
//! Replication `r` of every scenario runs under the same seed, so all of them meet the same citizens and the same market: differences
//! are taken within a replication, and their spread is that of the difference, not of the world.

mod interval;
mod measure;

use rayon::prelude::*;

use crate::metrics::RunResult;
use crate::metrics::comparison::{Comparison, Interval};
use crate::scenario::model::Scenario;
use crate::sim;

pub use interval::{mean_interval, paired_difference};
pub use measure::{Measure, measures};

/// How sure an interval is.
pub const CONFIDENCE: f64 = 0.95;

/// The seed of a replication: the scenario's own for the first, then others derived from it.
#[must_use]
pub fn replication_seed(seed: u64, replication: u32) -> u64 {
    let mixed = u64::from(replication).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    seed ^ mixed ^ (mixed >> 29)
}

/// Runs every scenario under the seeds of so many replications: by scenario, then by replication. `done` is called after each run.
#[must_use]
pub fn replicate(
    scenarios: &[&Scenario],
    seed: u64,
    replications: u32,
    done: impl Fn() + Sync,
) -> Vec<Vec<RunResult>> {
    let jobs: Vec<(usize, u32)> = (0..scenarios.len())
        .flat_map(|at| (0..replications).map(move |r| (at, r)))
        .collect();
    let mut results: Vec<RunResult> = jobs
        .into_par_iter()
        .map(|(at, replication)| {
            let result = sim::run(scenarios[at], replication_seed(seed, replication), |_| {});
            done();
            result
        })
        .collect();
    let mut by_scenario = Vec::new();
    for _ in scenarios {
        let rest = results.split_off(replications as usize);
        by_scenario.push(std::mem::replace(&mut results, rest));
    }
    by_scenario
}

/// Compares scenarios by every measure that they have in common. The first is the reference.
#[must_use]
pub fn compare(results: &[Vec<RunResult>]) -> Vec<Comparison> {
    let by_run: Vec<Vec<Vec<Measure>>> = results
        .iter()
        .map(|runs| runs.iter().map(measures).collect())
        .collect();
    let Some(reference) = by_run.first().and_then(|runs| runs.first()) else {
        return Vec::new();
    };
    reference
        .iter()
        .filter_map(|measure| compare_one(measure, &by_run))
        .collect()
}

fn compare_one(measure: &Measure, by_run: &[Vec<Vec<Measure>>]) -> Option<Comparison> {
    let value = |run: &Vec<Measure>| {
        run.iter()
            .find(|other| other.name == measure.name)
            .map(|other| other.value)
    };
    let samples: Vec<Vec<f64>> = by_run
        .iter()
        .map(|runs| runs.iter().map(value).collect::<Option<_>>())
        .collect::<Option<_>>()?;
    let values = samples
        .iter()
        .map(|sample| mean_interval(sample, CONFIDENCE))
        .collect();
    let differences: Vec<_> = samples[1..]
        .iter()
        .map(|sample| paired_difference(sample, &samples[0], CONFIDENCE))
        .collect();
    let significant = differences.iter().map(Interval::excludes_zero).collect();
    Some(Comparison {
        measure: measure.name.clone(),
        unit: measure.unit,
        values,
        differences,
        significant,
    })
}
