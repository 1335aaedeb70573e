//! Two scenarios in any size, for tests in small and for the benchmark in large, and a fingerprint of what came of them.

use std::hash::{Hash, Hasher};
use std::io;
use std::path::Path;

use karpsim::des::SimDuration;
use karpsim::metrics::RunResult;
use karpsim::report;
use karpsim::scenario::diagnostic::render;
use karpsim::scenario::{Options, Scenario, open};

const LOAD: &str = include_str!("../../fixtures/end_to_end/load.yaml");
const BURST: &str = include_str!("../../fixtures/end_to_end/burst.yaml");

/// So many minutes of 200 citizens a second.
pub(crate) fn load(minutes: u64) -> Scenario {
    Scenario {
        duration: SimDuration::from_secs(minutes * 60),
        ..scenario(LOAD)
    }
}

/// Half an hour that begins with so many pods and one node.
pub(crate) fn burst(pods: u32) -> Scenario {
    let mut scenario = scenario(BURST);
    scenario.services[0].replicas = pods;
    scenario
}

fn scenario(text: &str) -> Scenario {
    let mut read = |_: &Path| -> io::Result<Vec<u8>> { Ok(text.into()) };
    let opened = open(Path::new("scenario.yaml"), &mut read, Options::default());
    let said = render(&opened.diagnostics, &opened.sources, false);
    opened.scenario.unwrap_or_else(|| panic!("{said}"))
}

/// A hash of everything a run leaves behind.
pub(crate) fn fingerprint(result: &RunResult) -> u64 {
    let mut hash = rustc_hash::FxHasher::default();
    report::json::summary(result).hash(&mut hash);
    report::csv::timeseries(result).hash(&mut hash);
    report::csv::nodes(result).hash(&mut hash);
    hash.finish()
}
