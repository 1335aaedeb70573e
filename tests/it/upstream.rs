//! Upstream's own cases, in our words: do we decide as its suites say, and how many of them are covered? See tests/conformance/upstream.

mod admission;
mod budgets;
mod case_files;
mod coverage;
mod disruption;
mod hash;
mod index;
mod launch;
mod protection;
mod provisioning;
mod requests;
mod requirements;
mod score;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::de::DeserializeOwned;

/// Kinds of cases, each a folder under `cases`, and each replayed by the test of its module.
const KINDS: &[&str] = &[
    admission::KIND,
    budgets::KIND,
    disruption::KIND,
    hash::KIND,
    launch::KIND,
    protection::KIND,
    provisioning::KIND,
    requests::KIND,
    requirements::KIND,
    score::KIND,
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/upstream")
}

/// The rows of a table of the folder.
fn rows<R: DeserializeOwned>(path: &Path) -> Vec<R> {
    let shown = path.display();
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{shown}: {e}"));
    let rows = reader.deserialize();
    rows.map(|row| row.unwrap_or_else(|e| panic!("{shown}: {e}")))
        .collect()
}

/// Cases known to fail, with the cause: `file#name` and a sentence.
fn failing() -> BTreeMap<String, String> {
    rows::<(String, String)>(&folder().join("failing.csv"))
        .into_iter()
        .collect()
}

/// Every case of a kind holds, except for those listed as failing: they fail.
///
/// The verdict says what does not hold of a case; it is empty where all does.
#[track_caller]
fn replay<C: DeserializeOwned + Send + Sync>(
    kind: &str,
    verdict: impl Fn(&str, &C) -> String + Sync,
) {
    let cases = case_files::read::<C>(kind);
    let failing = failing();
    let judged = cases.par_iter().map(|(name, case)| {
        let problems = verdict(name, case);
        match (problems.is_empty(), failing.get(name)) {
            (true, Some(cause)) => format!("{name} holds now, though {cause}\n"),
            (false, None) => format!("{name}:\n{problems}"),
            _ => String::new(),
        }
    });
    let surprises: Vec<String> = judged.filter(|report| !report.is_empty()).collect();
    assert!(
        surprises.is_empty(),
        "{} of {} cases of {kind}:\n{}",
        surprises.len(),
        cases.len(),
        surprises.concat()
    );
}
