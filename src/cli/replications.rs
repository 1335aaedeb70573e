//! Running several scenarios under the same traffic and market.

use clap::Args;

use crate::metrics::RunResult;
use crate::scenario::Scenario;
use crate::study;

use super::progress;

/// How the runs are made.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Running {
    /// Runs at the same time; as many as there are cores where absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    threads: Option<u16>,
}

impl Running {
    /// Runs every scenario as often as that, under seeds that begin with `seed` or the first scenario's and are the same for all:
    /// results by scenario, then by replication.
    pub(super) fn replicate(
        self,
        scenarios: &[Scenario],
        seed: Option<u64>,
        replications: u32,
    ) -> anyhow::Result<Vec<Vec<RunResult>>> {
        let threads = self.threads.map_or(0, usize::from);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        let borrowed: Vec<&Scenario> = scenarios.iter().collect();
        let bar = progress::over_runs(u64::from(replications) * scenarios.len() as u64);
        let seed = seed.unwrap_or(scenarios[0].seed);
        let results =
            pool.install(|| study::replicate(&borrowed, seed, replications, || bar.inc(1)));
        bar.finish_and_clear();
        Ok(results)
    }
}

/// What is wrong with comparing these: two of one name could not be told apart.
pub(super) fn shared_name(scenarios: &[Scenario]) -> Option<String> {
    let names = || scenarios.iter().map(|scenario| scenario.name.as_str());
    let mut places = names().enumerate();
    let shared = places.find(|(at, name)| names().take(*at).any(|other| other == *name));
    shared.map(|(_, name)| format!("error: two of the scenarios are named `{name}`"))
}
