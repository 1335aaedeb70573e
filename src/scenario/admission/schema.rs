//! What does a CRD's schema say of a field? And since when does it have it?

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::cel::Expr;
use super::{Cause, Kind, Place, Refusal};
use crate::karpenter::Version;

static NODE_POOL: LazyLock<Schema> = LazyLock::new(|| read(include_str!("data/nodepool.json")));
static NODE_CLASS: LazyLock<Schema> =
    LazyLock::new(|| read(include_str!("data/ec2nodeclass.json")));

fn read(text: &str) -> Schema {
    serde_json::from_str(text).expect("embedded schemas have known keywords and sound rules")
}

/// A schema of a CRD; a keyword that is not listed here would not be read at all.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Schema {
    #[serde(rename = "type")]
    pub(super) kind: Type,
    /// How wide a number is; not enforced by the API server.
    pub(super) format: Option<String>,
    #[serde(rename = "enum")]
    pub(super) words: Vec<String>,
    #[serde(deserialize_with = "pattern")]
    pub(super) pattern: Option<Regex>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) minimum: Option<i64>,
    pub(super) maximum: Option<i64>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) max_properties: Option<u64>,
    pub(super) required: Vec<String>,
    pub(super) default: Option<Value>,
    pub(super) properties: BTreeMap<String, Schema>,
    pub(super) additional_properties: Option<Box<Schema>>,
    pub(super) items: Option<Box<Schema>>,
    /// What an int-or-string says again.
    #[serde(rename = "anyOf")]
    _any_of: Vec<Value>,
    #[serde(rename = "x-kubernetes-int-or-string")]
    pub(super) int_or_string: bool,
    #[serde(rename = "x-kubernetes-list-type")]
    pub(super) list_type: ListType,
    #[serde(rename = "x-kubernetes-validations")]
    pub(super) rules: Vec<Rule>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Type {
    #[default]
    Any,
    String,
    Integer,
    Boolean,
    Array,
    Object,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ListType {
    #[default]
    Atomic,
    Set,
}

/// A rule in CEL.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(rename = "rule", deserialize_with = "expression")]
    pub(super) holds: Expr,
    pub(super) message: String,
}

fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Regex::new(&text).map(Some).map_err(D::Error::custom)
}

fn expression<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Expr, D::Error> {
    let text = String::deserialize(deserializer)?;
    Expr::parse(&text).map_err(D::Error::custom)
}

impl Schema {
    /// The schema of a kind's `spec`.
    pub(super) fn of(kind: Kind) -> &'static Self {
        match kind {
            Kind::NodePool => &NODE_POOL,
            Kind::NodeClass => &NODE_CLASS,
        }
    }

    /// The schema of what stands under a key, if there may be something.
    pub(super) fn under(&self, key: &str) -> Option<&Self> {
        let property = self.properties.get(key);
        property.or(self.additional_properties.as_deref())
    }
}

/// Fields, words and labels that a release before the newest did not have: path of names, word if it is one, minor version.
const SINCE: [(Kind, &str, Option<&str>, u16); 21] = [
    (Kind::NodePool, "spec.replicas", None, 8),
    (
        Kind::NodePool,
        "spec.disruption.consolidationPolicy",
        Some("Balanced"),
        14,
    ),
    (Kind::NodePool, OPERATOR, Some("Gte"), 9),
    (Kind::NodePool, OPERATOR, Some("Lte"), 9),
    (
        Kind::NodePool,
        KEY,
        Some("karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz"),
        1,
    ),
    (
        Kind::NodePool,
        KEY,
        Some("karpenter.k8s.aws/capacity-reservation-id"),
        3,
    ),
    (
        Kind::NodePool,
        KEY,
        Some("karpenter.k8s.aws/capacity-reservation-type"),
        6,
    ),
    (
        Kind::NodePool,
        KEY,
        Some("karpenter.k8s.aws/instance-capability-flex"),
        7,
    ),
    (
        Kind::NodePool,
        KEY,
        Some("karpenter.k8s.aws/instance-tenancy"),
        9,
    ),
    (
        Kind::NodePool,
        KEY,
        Some("karpenter.k8s.aws/capacity-reservation-interruptible"),
        10,
    ),
    (
        Kind::NodePool,
        KEY,
        Some("karpenter.k8s.aws/placement-group-id"),
        11,
    ),
    (
        Kind::NodePool,
        KEY,
        Some("karpenter.k8s.aws/placement-group-partition"),
        11,
    ),
    (
        Kind::NodeClass,
        "spec.capacityReservationSelectorTerms",
        None,
        3,
    ),
    (
        Kind::NodeClass,
        "spec.amiSelectorTerms.ssmParameter",
        None,
        4,
    ),
    (
        Kind::NodeClass,
        "spec.blockDeviceMappings.ebs.volumeInitializationRate",
        None,
        5,
    ),
    (Kind::NodeClass, "spec.ipPrefixCount", None, 8),
    (Kind::NodeClass, "spec.amiFamily", Some("Windows2025"), 9),
    (Kind::NodeClass, "spec.networkInterfaces", None, 11),
    (Kind::NodeClass, "spec.placementGroupSelector", None, 11),
    (Kind::NodeClass, "spec.connectionTracking", None, 13),
    (Kind::NodeClass, "spec.cpuOptions", None, 13),
];
const OPERATOR: &str = "spec.template.spec.requirements.operator";
const KEY: &str = "spec.template.spec.requirements.key";

/// What the release does not have of an object that the newest would take.
pub(super) fn too_new(kind: Kind, spec: &Value, at: &Place, version: Version) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let newer = SINCE
        .iter()
        .filter(|&&(of, _, _, minor)| of == kind && version < Version::minor(minor));
    for &(_, path, word, minor) in newer {
        let steps: Vec<&str> = path.split('.').skip(1).collect();
        visit(spec, at, &steps, &mut |place, value| {
            if word.is_none_or(|word| value.as_str() == Some(word)) {
                let cause = Cause::Since(Version::minor(minor));
                refusals.push(Refusal { at: place, cause });
            }
        });
    }
    refusals
}

/// Calls `found` with everything a path of names leads to, through every item of the lists on its way.
fn visit(value: &Value, at: &Place, path: &[&str], found: &mut impl FnMut(Place, &Value)) {
    if let Value::Array(items) = value
        && !path.is_empty()
    {
        for (index, item) in items.iter().enumerate() {
            visit(item, &at.item(index), path, found);
        }
        return;
    }
    match path {
        [] => found(at.clone(), value),
        [name, rest @ ..] => {
            if let Some(value) = value.get(name) {
                visit(value, &at.field(name), rest, found);
            }
        }
    }
}
