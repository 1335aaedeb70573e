//! Recordings of Kubernetes: a case and the real code's answer to it in each line.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::recording::{all_agree, lines, under_conformance};

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
    let recording = lines(format!("kubernetes/recorded/{subject}.jsonl.gz"));
    let mut excepted = exceptions(subject);
    let mut wrong = Vec::new();
    let mut cases = 0;
    for (number, line) in recording.enumerate() {
        let line: Line<C, A> = line;
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
    assert!(cases > 0, "no case of {subject}");
    assert!(
        excepted.is_empty(),
        "exceptions without a case: {excepted:?}"
    );
    all_agree(subject, cases, &wrong);
}

/// Cases of a subject in which ours differs, with the cause.
fn exceptions(subject: &str) -> BTreeMap<usize, String> {
    let path = under_conformance("kubernetes/exceptions.txt");
    let text = fs::read_to_string(path).expect("the list of exceptions");
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
