//! The Kubernetes, Karpenter and KEDA objects a scenario carries, in their own field names.
//!
//! Only the fields the simulator reads are typed here; every other field stays in the manifest as it was written and is carried to the
//! export unchanged (`scenario::Manifest`).

pub mod autoscaling;
pub mod core;
pub mod karpenter;

use std::collections::BTreeMap;

use serde::Deserialize;

/// The namespace of an object that names none.
pub const DEFAULT_NAMESPACE: &str = "default";
/// Namespaces that every cluster has.
pub const BUILT_IN_NAMESPACES: [&str; 4] = [
    DEFAULT_NAMESPACE,
    "kube-node-lease",
    "kube-public",
    "kube-system",
];

/// `metadata` of any object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMeta {
    /// Name, unique within kind and namespace.
    pub name: String,
    /// Namespace; the service's own where absent.
    pub namespace: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// `spec.selector` and every other label selector.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Every label must have this value.
    pub match_labels: BTreeMap<String, String>,
    /// Every expression must hold.
    pub match_expressions: Vec<SelectorTerm>,
}

/// One expression of a selector, a node affinity term or a NodePool requirement.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelectorTerm {
    /// Label key.
    pub key: String,
    /// How to compare.
    pub operator: super::Operator,
    /// What to compare with.
    #[serde(default)]
    pub values: Vec<String>,
    /// NodePool requirements only: at least so many distinct values must survive.
    #[serde(default)]
    pub min_values: Option<u32>,
}
