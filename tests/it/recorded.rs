//! What the real Karpenter answered, recorded by the Go programs under `tests/conformance/karpenter`, is what this crate answers.

mod algebra;
pub(crate) mod amounts;
mod budgets;
mod consolidation;
mod costs;
mod types;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::recording::{all_agree, lines, under_conformance};

/// What the real code was asked, and everything it answered: several answers where it leaves them to chance.
#[derive(Deserialize)]
struct Case {
    id: String,
    #[serde(rename = "in")]
    question: Value,
    out: Vec<Value>,
}

/// A case that is known to differ, and why.
#[derive(Deserialize)]
struct Difference {
    id: String,
    cause: String,
}

/// The cases of a recording whose id begins with `family` and a slash.
fn cases(recording: &str, family: &str) -> Vec<Case> {
    let of_family = |case: &Case| case.id.split('/').next() == Some(family);
    let all = lines(format!("recorded/{recording}.jsonl.gz"));
    all.filter(of_family).collect()
}

/// The listed differences of a family, with their causes.
fn differences(family: &str) -> BTreeMap<String, String> {
    let path = under_conformance("recorded/differences.csv");
    let mut reader = csv::Reader::from_path(path).expect("the list of differences");
    let all = reader.deserialize().map(|row| row.expect("id and cause"));
    all.map(|Difference { id, cause }| (id, cause))
        .filter(|(id, _)| id.split('/').next() == Some(family))
        .collect()
}

/// Every recorded case of a family, `least` at least, has the answer of the real code, except for those listed: they differ.
#[track_caller]
fn agree<Q: DeserializeOwned>(
    recording: &str,
    family: &str,
    least: usize,
    answer: impl Fn(Q) -> Value,
) {
    agree_by_chance(recording, family, least, |asked| vec![answer(asked)]);
}

/// The same where the answer hangs on a draw: every answer of the real code is one that ours gives in some draw.
#[track_caller]
fn agree_by_chance<Q: DeserializeOwned>(
    recording: &str,
    family: &str,
    least: usize,
    answers: impl Fn(Q) -> Vec<Value>,
) {
    let cases = cases(recording, family);
    assert!(cases.len() >= least, "{} cases of {family}", cases.len());
    let mut listed = differences(family);
    let mut surprises = Vec::new();
    for Case { id, question, out } in &cases {
        let ours = answers(serde_json::from_value(question.clone()).expect("a question"));
        let agrees = out.iter().all(|theirs| ours.contains(theirs));
        if agrees == listed.remove(id).is_some() {
            let lines = |answers: &[Value]| {
                let lines: Vec<String> = answers.iter().map(Value::to_string).collect();
                lines.join("\n     or ")
            };
            let (ours, theirs) = (lines(&ours), lines(out));
            let verdict = if agrees { "agrees now" } else { "differs" };
            surprises.push(format!(
                "{id} {verdict}\n  asked {question}\n  ours {ours}\n  real {theirs}"
            ));
        }
    }
    surprises.extend(listed.keys().map(|id| format!("{id} is not a case")));
    all_agree(family, cases.len(), &surprises);
}
