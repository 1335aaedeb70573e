//! Does our scheduler decide what the real one was recorded to decide? The cases of tests/conformance/karpenter, replayed without Go.

pub(crate) mod case;
pub(crate) mod outcome;
mod wishes;
pub(crate) mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;

use crate::recording::{all_agree, lines, under_conformance};

use case::Recorded;
use outcome::Outcome;
use world::Staged;

/// Cases that were drawn, and cases made by hand.
const RECORDINGS: [&str; 2] = [
    "karpenter/recorded/provisioning.jsonl.gz",
    "karpenter/recorded/corners.jsonl.gz",
];
/// Draws a case is replayed with before it counts as one that no draw decides.
pub(crate) const ALWAYS: u64 = 4;
/// Draws tried to reach every decision recorded of a case.
const AT_MOST: u64 = 2000;

/// The cases of the repository, or of another recording.
fn recordings() -> Vec<Recorded> {
    let other = std::env::var_os("KARPSIM_RECORDED").map(PathBuf::from);
    let ours = RECORDINGS.map(PathBuf::from).to_vec();
    let paths = other.map_or(ours, |other| vec![other]);
    let settle = |mut recorded: Recorded| {
        let case = &recorded.case;
        recorded
            .results
            .iter_mut()
            .for_each(|result| result.settle_order(case));
        recorded
    };
    paths.iter().flat_map(lines).map(settle).collect()
}

/// Cases known to differ, with the cause: a name and a sentence a line.
fn expected_differences() -> BTreeMap<String, String> {
    let path = under_conformance("karpenter/expected-differences.txt");
    let text = fs::read_to_string(path).expect("a text file");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let named = lines.filter_map(|line| line.split_once(": "));
    named
        .map(|(name, cause)| (name.to_owned(), cause.to_owned()))
        .collect()
}

/// Why our decisions are not those recorded.
///
/// What upstream leaves to the order of its maps we draw. So each of our decisions must be among those recorded, and each of those
/// recorded must be ours with some draw.
pub(crate) fn difference(recorded: &Recorded) -> Option<String> {
    let mut staged = Staged::new(&recorded.case);
    let mut missing: Vec<&Outcome> = recorded.results.iter().collect();
    for seed in 0..AT_MOST {
        staged.world.seed = seed;
        let ours = Outcome::of(&staged.world.solve(), &staged, &recorded.case);
        if !recorded.results.iter().any(|wanted| wanted.allows(&ours)) {
            let wanted = recorded.results.iter().map(|wanted| wanted.against(&ours));
            let closest = wanted.min_by_key(String::len).unwrap_or_default();
            return Some(format!("draw {seed}\n{closest}"));
        }
        missing.retain(|wanted| !wanted.allows(&ours));
        if missing.is_empty() && seed >= ALWAYS {
            return None;
        }
    }
    Some(format!("{} decisions are never drawn", missing.len()))
}

#[test]
fn our_scheduler_decides_as_the_real_one() {
    let recordings = recordings();
    let differing: BTreeMap<_, _> = recordings
        .par_iter()
        .filter_map(|recorded| Some((recorded.case.name.clone(), difference(recorded)?)))
        .collect();
    let expected = expected_differences();
    let mut report = Vec::new();
    for (name, difference) in &differing {
        if !expected.contains_key(name) {
            report.push(format!("{name}: {difference}"));
        }
    }
    for (name, cause) in &expected {
        let here = recordings
            .iter()
            .any(|recorded| recorded.case.name == *name);
        if here && !differing.contains_key(name) {
            report.push(format!("{name} agrees now, though {cause}"));
        }
    }
    all_agree("provisioning", recordings.len(), &report);
}
