//! How a cluster is written down: its types, pools, nodes with their pods, pending pods and disruption budgets of pods.

use std::collections::BTreeMap;

use karpsim::api::objects::core::{NodeInclusionPolicy, WhenUnsatisfiable};
use karpsim::api::objects::karpenter::ConsolidationPolicy;
use karpsim::api::{GoDuration, Requirement, Requirements, Resource, Resources, Symbols, key};
use karpsim::cloud::InstanceType;
use karpsim::cluster::PodTemplate;
use karpsim::cluster::template::{PodAffinityTerm, PodSelector, SpreadConstraint};
use karpsim::des::SimDuration;
use karpsim::karpenter::budget::Budget;
use serde::Deserialize;

use super::written::{OfferingSpec, Operand, Written, instance_type, read};

/// A cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClusterSpec {
    pub(crate) types: Vec<TypeSpec>,
    pub(crate) pools: Vec<PoolSpec>,
    pub(crate) nodes: Vec<NodeSpec>,
    #[serde(default)]
    pub(crate) pending: Vec<PodSpec>,
    #[serde(default)]
    pub(crate) pdbs: Vec<PdbSpec>,
    /// Feature gate SpotToSpotConsolidation.
    #[serde(default)]
    pub(crate) spot_to_spot: bool,
    /// `PREFERENCE_POLICY=Ignore`.
    #[serde(default)]
    pub(crate) ignore_preferences: bool,
    /// `MIN_VALUES_POLICY=BestEffort`.
    #[serde(default)]
    pub(crate) best_effort: bool,
}

/// A type: vCPUs, memory in GiB.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TypeSpec {
    pub(crate) name: String,
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
    #[serde(default = "pods_of_a_node")]
    pub(crate) pods: i64,
    /// More of what its nodes offer.
    #[serde(default)]
    pub(crate) resources: BTreeMap<String, i64>,
    /// More of its labels.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) offerings: Vec<OfferingSpec>,
}

/// A NodePool.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PoolSpec {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) weight: u32,
    #[serde(default = "underused")]
    pub(crate) policy: ConsolidationPolicy,
    #[serde(default = "at_once")]
    pub(crate) consolidate_after: String,
    #[serde(default)]
    pub(crate) budgets: Vec<Written>,
    #[serde(default)]
    pub(crate) requirements: Vec<Operand>,
    /// Whether the provider has no type for it.
    #[serde(default)]
    pub(crate) no_types: bool,
    /// What makes it static.
    #[serde(default)]
    pub(crate) replicas: Option<u32>,
    /// `spec.limits.nodes`.
    #[serde(default)]
    pub(crate) limit: Option<u32>,
}

/// A place in a list, or the name of what stands there.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Place {
    At(usize),
    Named(String),
}

impl Default for Place {
    fn default() -> Self {
        Self::At(0)
    }
}

impl Place {
    pub(crate) fn among<'a>(&self, names: impl Iterator<Item = &'a String>) -> usize {
        let mut names = names;
        match self {
            Self::At(place) => *place,
            Self::Named(wanted) => {
                let place = names.position(|name| name == wanted);
                place.unwrap_or_else(|| panic!("nothing is called {wanted}"))
            }
        }
    }
}

/// A node; ages in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NodeSpec {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) pool: Place,
    #[serde(rename = "type")]
    pub(crate) kind: Place,
    /// The place of its type's offering.
    #[serde(default)]
    pub(crate) offering: usize,
    #[serde(default = "yes")]
    pub(crate) initialized: bool,
    /// Since it was initialized.
    #[serde(default = "an_hour")]
    pub(crate) age: u64,
    /// Since a pod last came or went.
    #[serde(default)]
    pub(crate) pod_event: Option<u64>,
    /// Since it drifted.
    #[serde(default)]
    pub(crate) drifted: Option<u64>,
    #[serde(default)]
    pub(crate) nominated: bool,
    #[serde(default)]
    pub(crate) do_not_disrupt: bool,
    #[serde(default)]
    pub(crate) deleting: bool,
    #[serde(default)]
    pub(crate) queued: bool,
    #[serde(default)]
    pub(crate) not_ready: bool,
    /// Whether its claim has a `terminationGracePeriod`.
    #[serde(default)]
    pub(crate) termination_grace: bool,
    /// What nobody knows of it.
    #[serde(default)]
    pub(crate) unknown: Vec<Unknown>,
    /// Whether Karpenter has nothing to do with it; such nodes stand last.
    #[serde(default)]
    pub(crate) unmanaged: bool,
    #[serde(default)]
    pub(crate) pods: Vec<PodSpec>,
}

/// A label that a node lacks, or one that names nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Unknown {
    Type,
    Zone,
    CapacityType,
}

/// A pod: CPU in millicores, memory in MiB.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PodSpec {
    #[serde(default)]
    pub(crate) name: String,
    /// Stands for so many of its kind.
    #[serde(default)]
    pub(crate) count: Option<usize>,
    #[serde(default = "a_little")]
    pub(crate) cpu: i64,
    #[serde(default = "a_little")]
    pub(crate) memory: i64,
    #[serde(default = "an_app")]
    pub(crate) app: String,
    /// The zone it must be in, or empty.
    #[serde(default)]
    pub(crate) zone: String,
    /// The type it would like to be on.
    #[serde(default)]
    pub(crate) prefers_type: Option<String>,
    /// Whether it shuns nodes with pods of its app.
    #[serde(default)]
    pub(crate) alone: bool,
    /// Whether it would rather shun them.
    #[serde(default)]
    pub(crate) prefers_alone: bool,
    /// Whether its app spreads over zones.
    #[serde(default)]
    pub(crate) spread: bool,
    #[serde(default)]
    pub(crate) deletion_cost: i32,
    #[serde(default)]
    pub(crate) priority: i32,
    #[serde(default)]
    pub(crate) do_not_disrupt: bool,
    /// Seconds for which it still asks not to be disrupted.
    #[serde(default)]
    pub(crate) do_not_disrupt_for: Option<u64>,
    #[serde(default)]
    pub(crate) daemon: bool,
    /// Whether it has ended or is ending.
    #[serde(default)]
    pub(crate) inactive: bool,
}

/// A PodDisruptionBudget of an app with so many disruptions left.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PdbSpec {
    pub(crate) app: String,
    pub(crate) allowed: u32,
}

fn pods_of_a_node() -> i64 {
    20
}

fn underused() -> ConsolidationPolicy {
    ConsolidationPolicy::WhenEmptyOrUnderutilized
}

fn at_once() -> String {
    "0s".into()
}

fn yes() -> bool {
    true
}

fn an_hour() -> u64 {
    3_600
}

fn a_little() -> i64 {
    100
}

fn an_app() -> String {
    "test".into()
}

impl ClusterSpec {
    /// The same with every pod written out.
    pub(super) fn written_out(mut self) -> Self {
        let pods = self
            .nodes
            .iter_mut()
            .map(|node| (&node.name, &mut node.pods));
        for (place, pods) in pods {
            *pods = each_pod(place, std::mem::take(pods));
        }
        self.pending = each_pod("pending", self.pending);
        self
    }
}

/// The pods of one place, each with a name.
fn each_pod(place: &str, pods: Vec<PodSpec>) -> Vec<PodSpec> {
    let repeated = pods
        .into_iter()
        .flat_map(|pod| vec![pod.clone(); pod.count.unwrap_or(1)]);
    let named = |(n, pod): (usize, PodSpec)| match pod.name.is_empty() {
        false => pod,
        true => PodSpec {
            name: format!("{place}-pod-{n}"),
            ..pod
        },
    };
    repeated.enumerate().map(named).collect()
}

impl TypeSpec {
    pub(crate) fn make(&self, symbols: &mut Symbols) -> InstanceType {
        let mut kind = instance_type(&self.name, &self.offerings, symbols);
        for (label, value) in &self.labels {
            let (label, value) = (symbols.intern(label), symbols.intern(value));
            kind.requirements.set(label, Requirement::of(vec![value]));
        }
        let mut capacity = Resources::cpu_memory(self.cpu * 1_000, self.memory << 30)
            .with(Resource::Pods, self.pods);
        for (name, amount) in &self.resources {
            capacity[Resource::from_name(name).expect("a resource")] = *amount;
        }
        InstanceType {
            capacity,
            allocatable: capacity,
            ..kind
        }
    }
}

impl PoolSpec {
    pub(crate) fn budgets(&self) -> Vec<Budget> {
        let budgets = self.budgets.iter().map(read);
        budgets.map(|budget| budget.expect("a budget")).collect()
    }

    pub(super) fn consolidate_after(&self) -> Option<SimDuration> {
        (self.consolidate_after != "Never").then(|| {
            let after = GoDuration::parse(&self.consolidate_after).expect("a duration");
            SimDuration::from_micros(after.micros())
        })
    }
}

impl PodSpec {
    pub(super) fn template(&self, symbols: &mut Symbols) -> PodTemplate {
        let default = symbols.intern("default");
        let app = symbols.intern("app");
        let labels = [(app, symbols.intern(&self.app))].into_iter().collect();
        let mut having = |label, value: &str| {
            let labels = [(label, symbols.intern(value))];
            Requirements::from_labels(&labels.into_iter().collect())
        };
        let node_selector = match self.zone.as_str() {
            "" => Requirements::new(),
            zone => having(key::ZONE, zone),
        };
        let preferred = self.prefers_type.iter();
        let preferred = preferred.map(|kind| (1, having(key::INSTANCE_TYPE, kind)));
        let preferred_node_terms = preferred.collect();
        let selector = PodSelector(Requirements::from_labels(&labels));
        let alone = PodAffinityTerm {
            selector: selector.clone(),
            namespaces: vec![default],
            topology_key: key::HOSTNAME,
        };
        let rather_alone = self.prefers_alone.then(|| (-1, alone.clone()));
        let alone = self.alone.then_some(alone);
        let spread = self.spread.then_some(SpreadConstraint {
            max_skew: 1,
            topology_key: key::ZONE,
            when_unsatisfiable: WhenUnsatisfiable::DoNotSchedule,
            selector,
            min_domains: None,
            node_affinity_policy: NodeInclusionPolicy::Honor,
            node_taints_policy: NodeInclusionPolicy::Ignore,
        });
        let memory = self.memory << 20;
        PodTemplate {
            labels,
            node_selector,
            preferred_node_terms,
            preferred_pod_terms: rather_alone.into_iter().collect(),
            pod_anti_affinity: alone.into_iter().collect(),
            spread: spread.into_iter().collect(),
            ..PodTemplate::asking(self.name.clone(), default, default, self.cpu, memory)
        }
    }
}
