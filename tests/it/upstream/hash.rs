//! Hashes of NodePools and EC2NodeClasses: which changes make nodes drift.

use karpsim::scenario::Scenario;
use serde::Deserialize;
use serde_json::{Value, json};

use super::replay;
use crate::admission::{Edit, edited};
use crate::lab::scenario;

pub(super) const KIND: &str = "hash";

const MINIMAL: &str = include_str!("../../fixtures/scenarios/minimal.yaml");

/// A manifest, edits of it, and whether nodes made from it drift by their hash.
#[derive(Deserialize)]
struct Case {
    kind: String,
    manifest: Value,
    edits: Vec<Edit>,
    drifts: bool,
}

/// The minimal scenario with this object and plain others beside it.
fn with(manifest: Value) -> Scenario {
    let class = |name| {
        json!({
            "apiVersion": "karpenter.k8s.aws/v1",
            "kind": "EC2NodeClass",
            "metadata": {"name": name},
            "spec": {
                "role": "node",
                "amiSelectorTerms": [{"alias": "al2023@v20260901"}],
                "subnetSelectorTerms": [{"id": "subnet-1"}],
                "securityGroupSelectorTerms": [{"id": "sg-1"}],
            },
        })
    };
    let reference =
        json!({"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"});
    let pool = json!({
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "pool"},
        "spec": {"template": {"spec": {"nodeClassRef": reference, "requirements": []}}},
    });
    let objects = match manifest["kind"] == "NodePool" {
        true => [manifest, class("default"), class("other")],
        false => [pool, manifest, class("other")],
    };
    let zones = "  availabilityZones: [aps1-az1, aps1-az2]\n";
    let karpenter = json!({"manifests": objects});
    scenario(&MINIMAL.replace(zones, &format!("{zones}  karpenter: {karpenter}\n")))
}

/// The hashes of the pool and of the class `default`.
fn hashes(scenario: &Scenario) -> [u64; 2] {
    let karpenter = scenario.cluster.karpenter.as_ref().expect("Karpenter");
    let mut classes = karpenter.classes.iter();
    let class = classes.find(|class| class.name == "default");
    [
        karpenter.pools[0].template_hash,
        class.expect("the class").hash,
    ]
}

#[test]
fn nodes_drift_by_the_changes_that_upstream_says() {
    replay(KIND, |_, case: &Case| {
        let of = |manifest| hashes(&with(manifest));
        let (before, after) = (
            of(case.manifest.clone()),
            of(edited(&case.manifest, &case.edits)),
        );
        let place = usize::from(case.kind != "NodePool");
        match (before[place] != after[place]) == case.drifts
            && before[1 - place] == after[1 - place]
        {
            true => String::new(),
            false => format!("    {before:?} becomes {after:?}\n"),
        }
    });
}
