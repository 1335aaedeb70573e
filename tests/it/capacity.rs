//! Does a node of every type offer what the real provider computes? What it was recorded to compute under node classes of every kind
//! (`tests/conformance/admission/capacity`) is computed again from scenarios with the same node classes and settings.

use std::collections::BTreeMap;
use std::path::Path;

use flate2::read::GzDecoder;
use karpsim::api::Resource;
use karpsim::scenario::{Options, Scenario, open};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::recording::{all_agree, lines};

const TYPES: &[u8] = include_bytes!("../../src/cloud/data/types.csv.gz");
const MINIMAL: &str = include_str!("../fixtures/scenarios/minimal.yaml");

/// The recorded amounts, in their order. Interfaces of pods and addresses come from a table of limits that is older in the release than
/// in the catalogue, and says 0 of types it does not know: there is nothing to compare then.
const KINDS: [Resource; 7] = [
    Resource::Cpu,
    Resource::Memory,
    Resource::Pods,
    Resource::EphemeralStorage,
    Resource::PodEni,
    Resource::Efa,
    Resource::PrivateIpv4,
];

/// A node class with the controller's settings, and by type what its nodes offer.
#[derive(Deserialize)]
struct Recorded {
    class: Class,
    allocatable: Vec<[i64; KINDS.len()]>,
}

#[derive(Deserialize)]
struct Class {
    settings: Value,
    spec: Value,
}

/// The minimal scenario in a region with nearly every type, and with the node class.
fn scenario(class: &Class) -> Scenario {
    let mut spec = json!({
        "role": "node",
        "subnetSelectorTerms": [{"id": "subnet-1"}],
        "securityGroupSelectorTerms": [{"id": "sg-1"}],
    });
    let fields = spec.as_object_mut().expect("a map");
    fields.extend(class.spec.as_object().expect("a map").clone());
    let reference = json!({"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "all"});
    let template = json!({"spec": {"nodeClassRef": reference, "requirements": []}});
    let karpenter = json!({
        "settings": class.settings,
        "manifests": [
            {
                "apiVersion": "karpenter.sh/v1",
                "kind": "NodePool",
                "metadata": {"name": "all"},
                "spec": {"template": template},
            },
            {
                "apiVersion": "karpenter.k8s.aws/v1",
                "kind": "EC2NodeClass",
                "metadata": {"name": "all"},
                "spec": spec,
            },
        ],
    });
    let zones = "  availabilityZones: [aps1-az1, aps1-az2]";
    let cluster = format!("  availabilityZones: [use1-az1, use1-az2]\n  karpenter: {karpenter}");
    let text = MINIMAL
        .replace("ap-south-1", "us-east-1")
        .replace(zones, &cluster);
    let mut read = |_: &Path| Ok(text.clone().into_bytes());
    let opened = open(Path::new("s.yaml"), &mut read, Options::default());
    let mistakes = opened.diagnostics;
    opened.scenario.unwrap_or_else(|| panic!("{mistakes:?}"))
}

fn names() -> Vec<String> {
    let mut table = csv::Reader::from_reader(GzDecoder::new(TYPES));
    let rows = table.records().map(|row| row.expect("a whole table"));
    rows.map(|row| row[0].to_owned()).collect()
}

#[test]
fn every_type_offers_what_the_real_provider_computes() {
    let (names, mut compared, mut wrong) = (names(), 0, Vec::new());
    for recorded in lines::<Recorded>("recorded/capacity.jsonl.gz") {
        assert_eq!(recorded.allocatable.len(), names.len());
        let scenario = scenario(&recorded.class);
        let karpenter = scenario.cluster.karpenter.as_ref().expect("Karpenter");
        let types = &karpenter.classes[0].types;
        let types: BTreeMap<_, _> = types
            .iter()
            .map(|kind| (scenario.text(kind.name), kind))
            .collect();
        for (name, real) in names.iter().zip(&recorded.allocatable) {
            let Some(kind) = types.get(name.as_str()) else {
                continue;
            };
            compared += 1;
            let ours = KINDS.map(|resource| kind.allocatable[resource]);
            let from_limits =
                |kind: Resource| kind == Resource::PodEni || kind == Resource::PrivateIpv4;
            let differs = |((&kind, ours), real): ((&Resource, i64), &i64)| {
                ours != *real && !(from_limits(kind) && *real <= 0)
            };
            if KINDS.iter().zip(ours).zip(real).any(differs) {
                wrong.push(format!(
                    "{name} under {}: {ours:?}, real {real:?}",
                    recorded.class.spec
                ));
            }
        }
    }
    assert!(compared > 15_000, "{compared} compared");
    all_agree("capacity", compared, &wrong);
}
