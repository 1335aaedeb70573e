//! Does a scenario admit and refuse what the real API server and Karpenter do? Every verdict they were recorded to give
//! (`tests/conformance/admission`) is replayed: the same places, the same types of reasons, the same words.

use karpsim::karpenter::Version;
use karpsim::scenario::admission::{Cause, Kind, Refusal, admit};
use karpsim::scenario::diagnostic::Diagnostics;
use karpsim::scenario::source::Sources;
use karpsim::scenario::tree::{Node, parse};
use serde::Deserialize;
use serde_json::Value;

use crate::recording::{all_agree, lines};

/// What the API server says instead of evaluating rules on an object that is refused already.
const NOT_CHECKED: &str = "<nil>";

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Base { kind: String, manifest: Value },
    Case(Case),
}

#[derive(Deserialize)]
struct Case {
    edits: Vec<Edit>,
    #[serde(default)]
    refusals: Vec<Recorded>,
}

/// Puts a value at a place, or takes away what is there.
#[derive(Deserialize, Debug)]
pub(crate) struct Edit {
    at: Vec<Value>,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    remove: bool,
}

#[derive(Deserialize)]
struct Recorded {
    field: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    detail: String,
}

/// The manifest with these edits.
pub(crate) fn edited(manifest: &Value, edits: &[Edit]) -> Value {
    let mut edited = manifest.clone();
    for Edit { at, value, remove } in edits {
        let (last, way) = at.split_last().expect("a place");
        let mut holder = &mut edited;
        for step in way {
            holder = match step {
                Value::String(key) => &mut holder[key],
                index => &mut holder[index.as_u64().expect("an index") as usize],
            };
        }
        match (holder, last) {
            (Value::Object(fields), Value::String(key)) if *remove => drop(fields.remove(key)),
            (holder, Value::String(key)) => holder[key] = value.clone(),
            (holder, index) => holder[index.as_u64().expect("an index") as usize] = value.clone(),
        }
    }
    edited
}

/// A value as the tree of a file.
pub(crate) fn tree(value: &Value) -> Node {
    let text = value.to_string();
    let file = Sources::default().add("case.json", text.as_str());
    let mut sink = Diagnostics::default();
    let tree = parse(file, &text, &mut sink);
    assert!(sink.is_empty(), "{text}");
    tree.expect("JSON is YAML")
}

/// Place, type and words of a reason, as they are recorded.
type Reason = (String, &'static str, String);

fn ours(refusal: &Refusal) -> Reason {
    let kind = match &refusal.cause {
        Cause::Unknown { .. } => "FieldValueUnknown",
        Cause::Required => "FieldValueRequired",
        Cause::Type(..) => "FieldValueTypeInvalid",
        Cause::NotSupported(_) => "FieldValueNotSupported",
        Cause::TooLong(_) => "FieldValueTooLong",
        Cause::TooMany(_) => "FieldValueTooMany",
        Cause::Duplicate => "FieldValueDuplicate",
        Cause::Invalid(_) => "FieldValueInvalid",
        Cause::Runtime(_) => return runtime(),
        Cause::Since(_) => "Since",
    };
    let detail = match kind {
        "FieldValueUnknown" | "FieldValueRequired" | "FieldValueDuplicate" => String::new(),
        _ => refusal.cause.to_string(),
    };
    (refusal.at.to_string(), kind, detail)
}

/// Karpenter's own checks say all they find in one text: only that there is something is compared.
fn runtime() -> Reason {
    (String::new(), "Runtime", String::new())
}

fn recorded(recorded: &Recorded) -> Reason {
    const KINDS: [&str; 8] = [
        "FieldValueUnknown",
        "FieldValueRequired",
        "FieldValueTypeInvalid",
        "FieldValueNotSupported",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueDuplicate",
        "FieldValueInvalid",
    ];
    if recorded.kind == "Runtime" {
        return runtime();
    }
    let kind = KINDS.into_iter().find(|kind| *kind == recorded.kind);
    let kind = kind.unwrap_or_else(|| panic!("type {}", recorded.kind));
    let prefix = format!("{} in body ", recorded.field);
    let detail = recorded.detail.strip_prefix(&prefix);
    let detail = detail.unwrap_or(&recorded.detail);
    let (detail, _) = detail.split_once(" (e.g.").unwrap_or((detail, ""));
    (recorded.field.clone(), kind, detail.to_owned())
}

#[test]
fn every_recorded_verdict_is_given_again() {
    let (mut base, mut cases, mut wrong) = (None, 0, Vec::new());
    for line in lines("recorded/admission.jsonl.gz") {
        let case = match line {
            Line::Base { kind, manifest } => {
                let kind = match kind.as_str() {
                    "NodePool" => Kind::NodePool,
                    _ => Kind::NodeClass,
                };
                base = Some((kind, manifest));
                continue;
            }
            Line::Case(case) => case,
        };
        let (kind, manifest) = base.as_ref().expect("a base goes before its cases");
        let object = tree(&edited(manifest, &case.edits));
        let refusals = admit(*kind, &object, Version::NEWEST);
        let mut ours: Vec<Reason> = refusals.iter().map(ours).collect();
        let theirs = case.refusals.iter().filter(|r| r.field != NOT_CHECKED);
        let mut theirs: Vec<Reason> = theirs.map(recorded).collect();
        for reasons in [&mut ours, &mut theirs] {
            reasons.sort();
            reasons.dedup();
        }
        cases += 1;
        if ours != theirs {
            wrong.push(format!(
                "{:?}\n  ours   {ours:?}\n  theirs {theirs:?}",
                case.edits
            ));
        }
    }
    assert!(cases > 4_000, "{cases} cases");
    all_agree("admission", cases, &wrong);
}
