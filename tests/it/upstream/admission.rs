//! Admission: which NodePools and EC2NodeClasses the API server and Karpenter take.

use karpsim::karpenter::Version;
use karpsim::scenario::admission::{Kind, admit};
use serde::Deserialize;
use serde_json::Value;

use super::replay;
use crate::admission::{Edit, edited, tree};

pub(super) const KIND: &str = "admission";

/// A manifest that is admitted, edits of it, and whether what comes of them is.
#[derive(Deserialize)]
struct Case {
    kind: String,
    manifest: Value,
    edits: Vec<Edit>,
    admitted: bool,
}

#[test]
fn manifests_are_taken_or_refused_as_upstream_says() {
    replay(KIND, |_, case: &Case| {
        let kind = match case.kind.as_str() {
            "NodePool" => Kind::NodePool,
            "EC2NodeClass" => Kind::NodeClass,
            other => panic!("kind {other}"),
        };
        let object = tree(&edited(&case.manifest, &case.edits));
        let refusals = admit(kind, &object, Version::NEWEST);
        match refusals.is_empty() == case.admitted {
            true => String::new(),
            false => format!("    {:?} gives {refusals:?}\n", case.edits),
        }
    });
}
