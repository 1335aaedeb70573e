//! A recorded case as it stands in the file: the input of tests/conformance/karpenter, and what the real scheduler made of it.

use std::collections::BTreeMap;

use karpsim::api::objects::core::PodSpec;
use karpsim::api::objects::{ObjectMeta, SelectorTerm};
use karpsim::api::{Quantity, Resource, Resources, Taint};
use serde::Deserialize;

use super::outcome::Outcome;

/// A case and every decision about it that the real scheduler was seen to take.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) case: Case,
    pub(crate) results: Vec<Outcome>,
}

/// All that a decision depends on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Case {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) options: Settings,
    pub(crate) types: Vec<Type>,
    pub(crate) node_pools: Vec<NodePool>,
    /// Labels by name.
    #[serde(default)]
    pub(crate) namespaces: BTreeMap<String, Option<BTreeMap<String, String>>>,
    #[serde(default)]
    pub(crate) daemon_sets: Vec<Workload>,
    #[serde(default)]
    pub(crate) nodes: Vec<Node>,
    pub(crate) pending: Vec<Workload>,
}

/// Settings that differ from the chart's defaults.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    pub(crate) ignore_preferences: bool,
    pub(crate) best_effort_min_values: bool,
    pub(crate) no_reserved_capacity: bool,
    pub(crate) reserved_fallback: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Type {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, Vec<String>>,
    pub(crate) capacity: Amounts,
    #[serde(default)]
    pub(crate) overhead: Amounts,
    /// Null where it is sold nowhere.
    pub(crate) offerings: Option<Vec<Offering>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Offering {
    pub(crate) zone: String,
    pub(crate) capacity_type: String,
    /// Dollars an hour.
    pub(crate) price: f64,
    #[serde(default)]
    pub(crate) unavailable: bool,
    pub(crate) reservation: Option<Reservation>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reservation {
    pub(crate) id: String,
    pub(crate) capacity: u32,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NodePool {
    pub(crate) name: String,
    pub(crate) spec: NodePoolSpec,
    /// All where empty.
    #[serde(default)]
    pub(crate) types: Vec<String>,
}

/// The part of a NodePool that the scheduler reads; the class is the same for all.
#[derive(Debug, Deserialize)]
pub(crate) struct NodePoolSpec {
    #[serde(default)]
    pub(crate) weight: Option<u32>,
    #[serde(default)]
    pub(crate) limits: BTreeMap<String, Quantity>,
    pub(crate) template: Template,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Template {
    #[serde(default)]
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: TemplateSpec,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TemplateSpec {
    pub(crate) requirements: Option<Vec<SelectorTerm>>,
    #[serde(default)]
    pub(crate) taints: Vec<Taint>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) stage: Stage,
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) taints: Vec<Taint>,
    #[serde(default)]
    pub(crate) startup_taints: Vec<Taint>,
    pub(crate) capacity: Amounts,
    pub(crate) allocatable: Amounts,
    #[serde(default)]
    pub(crate) pods: Vec<Workload>,
    #[serde(default)]
    pub(crate) deleting: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Stage {
    Unmanaged,
    Launched,
    Registered,
    Initialized,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Workload {
    pub(crate) name: String,
    #[serde(default = "default_namespace")]
    pub(crate) namespace: String,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default = "one")]
    pub(crate) count: u32,
    /// Seconds after the start.
    #[serde(default)]
    pub(crate) created: i64,
    #[serde(default)]
    pub(crate) daemon: bool,
    pub(crate) spec: PodSpec,
}

fn default_namespace() -> String {
    "default".to_owned()
}

fn one() -> u32 {
    1
}

/// A resource list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(try_from = "BTreeMap<String, Quantity>")]
pub(crate) struct Amounts(pub(crate) Resources);

impl TryFrom<BTreeMap<String, Quantity>> for Amounts {
    type Error = String;

    fn try_from(list: BTreeMap<String, Quantity>) -> Result<Self, String> {
        let mut amounts = Resources::ZERO;
        for (name, quantity) in list {
            let kind = Resource::from_name(&name).ok_or(format!("no resource is called {name}"))?;
            amounts[kind] = kind.amount(quantity);
        }
        Ok(Self(amounts))
    }
}
