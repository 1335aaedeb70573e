//! Recordings: lines of a case and the real code's answer to it, compressed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/kubernetes");

#[derive(Deserialize)]
struct Line<C, A> {
    case: C,
    answer: A,
}

/// Replays every case of a subject. `differences` says where ours differs from the recorded answer. The cases that differ must
/// be exactly those listed with their cause.
#[track_caller]
pub(crate) fn replay<C, A>(subject: &str, differences: impl Fn(&C, &A) -> Vec<String>)
where
    C: DeserializeOwned,
    A: DeserializeOwned,
{
    let path = format!("{FOLDER}/recorded/{subject}.jsonl.gz");
    let file = fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut excepted = exceptions(subject);
    let mut wrong = Vec::new();
    let mut cases = 0;
    for (number, text) in BufReader::new(GzDecoder::new(file)).lines().enumerate() {
        let text = text.expect("a recording is text");
        let line: Line<C, A> = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{path}, case {number}: {error}"));
        let found = differences(&line.case, &line.answer);
        cases += 1;
        match (found.is_empty(), excepted.remove(&number)) {
            (true, None) | (false, Some(_)) => {}
            (true, Some(cause)) => wrong.push(format!(
                "case {number} agrees now and must leave the list of exceptions ({cause})"
            )),
            (false, None) => wrong.push(format!("case {number}: {}", found.join("; "))),
        }
    }
    assert!(cases > 0, "{path} holds no case");
    assert!(
        excepted.is_empty(),
        "exceptions without a case: {excepted:?}"
    );
    let shown = wrong
        .iter()
        .take(12)
        .map(String::as_str)
        .collect::<Vec<_>>();
    assert!(
        wrong.is_empty(),
        "{subject}: {} of {cases} cases differ\n{}",
        wrong.len(),
        shown.join("\n")
    );
}

/// Cases of a subject in which ours differs, with the cause.
fn exceptions(subject: &str) -> BTreeMap<usize, String> {
    let path = format!("{FOLDER}/exceptions.txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .filter_map(|line| {
            let (case, cause) = line.split_once(": ").expect("`subject number: cause`");
            let (of, number) = case.split_once(' ').expect("`subject number: cause`");
            let number = number.parse().expect("the number of a case");
            (of == subject).then(|| (number, cause.to_owned()))
        })
        .collect()
}
