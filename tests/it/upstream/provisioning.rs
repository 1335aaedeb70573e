//! Provisioning: the scheduler decides as upstream's specs say and as the real one was recorded to decide.

mod expectation;
mod launch;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::provisioning::conformance::case::{Case, Recorded};
use crate::provisioning::conformance::outcome::Outcome;
use crate::provisioning::conformance::world::Staged;
use crate::provisioning::conformance::{ALWAYS, difference};
use expectation::Expectation;

use super::case_files::yaml;
use super::{folder, replay};

pub(super) const KIND: &str = "provisioning";

/// Different decisions of a case that a recording can be expected to have all of. With more it is held against its expectation only.
const COMPARED: usize = 12;

/// What was recorded, by the name of the case.
fn recordings() -> BTreeMap<String, Value> {
    let path = folder().join("recorded/provisioning.jsonl.gz");
    let lines = BufReader::new(GzDecoder::new(File::open(path).expect("a recording"))).lines();
    let recorded = lines.map(|line| {
        let line: Value = serde_json::from_str(&line.expect("text")).expect("a recorded case");
        let name = line["case"]["name"].as_str().expect("a name").to_owned();
        (name, line)
    });
    recorded.collect()
}

/// Lists of types that cases share, by name.
type Shares = BTreeMap<String, Value>;

fn shared_types() -> Shares {
    let files = fs::read_dir(folder().join("types")).expect("the folder of types");
    let shared = files.map(|file| {
        let path = file.expect("a file").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        (name.into_owned(), yaml(&path))
    });
    shared.collect()
}

/// What does not hold of a case: of the real decisions, in which case it is misread, or of ours.
fn verdict(name: &str, case: &Value, recorded: Option<&Value>, shares: &Shares) -> String {
    let mut case = case.clone();
    let fields = case.as_object_mut().expect("a map");
    let expect = fields.remove("expect").expect("what upstream asserts");
    fields.remove("says");
    fields.insert("name".to_owned(), name.into());
    if let Some(types) = fields["types"]
        .as_str()
        .and_then(|shared| shares.get(shared))
    {
        fields.insert("types".to_owned(), types.clone());
    }
    let recorded = match recorded {
        Some(recorded) if recorded["case"] == case => recorded,
        _ => return "    it is not recorded as it stands\n".to_owned(),
    };
    let expectation = match serde_json::from_value::<Expectation>(expect) {
        Ok(expectation) => expectation,
        Err(error) => return format!("    its expectation: {error}\n"),
    };
    let mut recorded: Recorded = serde_json::from_value(recorded.clone()).expect("a recorded case");
    let Recorded { case, results } = &mut recorded;
    results.iter_mut().for_each(|real| real.settle_order(case));
    let mut problems = String::new();
    for real in &recorded.results {
        for problem in expectation.against(real, &recorded.case) {
            problems += &format!("    real: {problem}\n");
        }
    }
    for problem in ours(&expectation, &recorded.case) {
        problems += &format!("    ours: {problem}\n");
    }
    let all_known = recorded.results.len() <= COMPARED;
    if let Some(differs) = all_known.then(|| difference(&recorded)).flatten() {
        problems += &format!("    ours is none of those recorded: {differs}\n");
    }
    problems
}

/// What does not hold of the first of our draws that is wrong.
fn ours(expectation: &Expectation, case: &Case) -> Vec<String> {
    let mut staged = Staged::new(case);
    let decide = |seed| {
        staged.world.seed = seed;
        let ours = Outcome::of(&staged.world.solve(), &staged, case);
        expectation.against(&ours, case)
    };
    let mut draws = (0..ALWAYS).map(decide);
    draws.find(|wrong| !wrong.is_empty()).unwrap_or_default()
}

#[test]
fn pods_get_the_places_that_upstream_says() {
    let (recorded, shares) = (recordings(), shared_types());
    replay(KIND, |name, case| {
        verdict(name, case, recorded.get(name), &shares)
    });
}
