//! What does a provisioning pass look at?

use crate::api::{LabelSet, Requirements, Resource, Resources, Symbol, Symbols, Taint};
use crate::cloud::InstanceType;
use crate::cluster::template::HostPort;
use crate::cluster::{PodTemplate, TemplateId};
use crate::des::{SimTime, StreamKey};
use crate::karpenter::Version;

/// Everything one pass looks at. Indices in it and in the [`super::Plan`] are places in these slices.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// The names behind the symbols.
    pub symbols: &'a Symbols,
    /// Pod templates; [`TemplateId`]s are places in here.
    pub templates: &'a [PodTemplate],
    /// Eligible dynamic pools, in any order (1.3).
    pub pools: &'a [PoolTemplate<'a>],
    /// Nodes that may take pods: managed, unmanaged, and claims in flight whose instance has launched (1.6), in any order.
    pub existing: &'a [ExistingNode],
    /// Nodes that take no pod while the pods that stay on them count in the topology: those marked for deletion and, in a
    /// disruption simulation, the candidates.
    pub counted: &'a [CountedNode],
    /// Templates of the DaemonSets.
    pub daemons: &'a [TemplateId],
    /// Pods to place, in any order (1.5).
    pub pods: &'a [PendingPod],
    /// Settings.
    pub options: Options,
    /// Where the draws come from that stand for upstream's unordered iteration (0.3).
    pub ties: StreamKey,
}

/// A pool as the scheduler sees it (1.4).
#[derive(Clone, Debug)]
pub struct PoolTemplate<'a> {
    /// Name.
    pub name: Symbol,
    /// Higher goes first; 0 where the manifest gives none.
    pub weight: u32,
    /// Labels of every node: the template's, the pool's and the node class's.
    pub labels: LabelSet,
    /// `spec.template.spec.requirements`; the labels join them inside.
    pub requirements: Requirements,
    /// Taints of every node; startup taints are no part of them.
    pub taints: Vec<Taint>,
    /// What the pool may hold.
    pub limits: Limits,
    /// Candidate types, with the allocatable of this pool's node class and the offerings of this moment.
    pub types: &'a [InstanceType],
}

/// `spec.limits` of a pool (1.12).
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The most of a resource the pool may hold, in the unit of its kind.
    pub resources: Vec<(Resource, i64)>,
    /// The most nodes.
    pub nodes: Option<i64>,
}

/// A node, or a claim in flight, that may take pods (1.9).
#[derive(Clone, Debug)]
pub struct ExistingNode {
    /// The claim's name until registered, then the node's.
    pub name: Symbol,
    /// Index of its pool, where that is among the pools of the problem.
    pub pool: Option<usize>,
    /// Whether there is a Node; a claim in flight whose instance has not joined teaches the topology no domain (1.11).
    pub joined: bool,
    /// Whether Karpenter counts it as initialized; an unmanaged node always is.
    pub initialized: bool,
    /// The node's labels, the claim's until registered. Without a host name label, the name stands for it.
    pub labels: LabelSet,
    /// The node's taints, the claim's until registered.
    pub taints: Vec<Taint>,
    /// The claim's startup taints: ignored until initialized.
    pub startup_taints: Vec<Taint>,
    /// What it reports; the claim's value for what it reports zero of before it is initialized.
    pub capacity: Resources,
    /// What pods may use; the claim's value as for `capacity`.
    pub allocatable: Resources,
    /// Requests of all pods bound here, DaemonSet pods included.
    pub requested: Resources,
    /// Requests of the DaemonSet pods bound here.
    pub daemon_requested: Resources,
    /// Ports taken by the pods bound here.
    pub host_ports: Vec<HostPort>,
    /// Bound pods that count in the topology: neither ended nor ending, nor among the pods to place.
    pub pods: Vec<TemplateId>,
    /// Whether its pool's consolidateAfter window protects it from being a destination in a consolidation simulation.
    pub protected: bool,
}

/// A node whose pods count in the topology and which takes none.
#[derive(Clone, Debug)]
pub struct CountedNode {
    /// Name.
    pub name: Symbol,
    /// Labels.
    pub labels: LabelSet,
    /// Taints.
    pub taints: Vec<Taint>,
    /// As for [`ExistingNode::pods`].
    pub pods: Vec<TemplateId>,
}

/// A pod to place.
#[derive(Clone, Copy, Debug)]
pub struct PendingPod {
    /// What the plan calls it; unique in the problem.
    pub id: u64,
    /// All it shares with its kind.
    pub template: TemplateId,
    /// When it was created; the queue reads whole seconds.
    pub created: SimTime,
    /// Breaks what ties remain.
    pub uid: u128,
    /// Whether a protected node may take it: its phase is Pending, or its node is being deleted (1.9).
    pub ignores_protection: bool,
}

/// `PREFERENCE_POLICY`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum PreferencePolicy {
    /// Preferences are requirements until relaxed (1.7).
    #[default]
    Respect,
    /// Preferences do not exist.
    Ignore,
}

/// `MIN_VALUES_POLICY`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum MinValuesPolicy {
    /// A claim that cannot keep `minValues` is refused.
    #[default]
    Strict,
    /// It is created with as many values as there are.
    BestEffort,
}

/// Settings of a pass.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What preferences mean.
    pub preference_policy: PreferencePolicy,
    /// What `minValues` means.
    pub min_values_policy: MinValuesPolicy,
    /// Whether this is a disruption method's what-if: protected nodes are then no destinations (1.9), and a claim that cannot get reserved
    /// capacity makes do with other (1.13).
    pub consolidation_simulation: bool,
    /// Whether claims are narrowed to the capacity types they are available as (1.14). A consolidation leaves them open: its price rules
    /// come before anything is written (4.8).
    pub narrows_capacity_types: bool,
    /// The feature gate `ReservedCapacity` (1.13).
    pub reserved_capacity: bool,
    /// The most attempts to place a pod, in the place of the minute the real pass may take (1.1). Pods not reached by then get neither place
    /// nor error.
    pub max_attempts: u64,
    /// The most types a claim lists (1.14).
    pub claim_types: usize,
}

impl Default for Options {
    /// A provisioning pass with the chart's defaults that is never out of time.
    fn default() -> Self {
        Self {
            preference_policy: PreferencePolicy::default(),
            min_values_policy: MinValuesPolicy::default(),
            consolidation_simulation: false,
            narrows_capacity_types: true,
            reserved_capacity: true,
            max_attempts: u64::MAX,
            claim_types: Version::NEWEST.claim_types(),
        }
    }
}
