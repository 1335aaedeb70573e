//! The resolved cluster: node groups, Karpenter's objects, the market, prices.

use crate::api::objects::karpenter::{Budget, ConsolidationPolicy};
use crate::api::{LabelSet, Requirements, Resource, Resources, Symbol, Taint};
use crate::cloud::market::MarketSettings;
use crate::cloud::{AmiFamily, CapacityReservation, CapacityType, InstanceType, InstanceTypeId};
use crate::cluster::TemplateId;
use crate::des::{Dist, SimDuration};
use crate::karpenter::Version;
use crate::kube::nodegroup::NodeGroup;
use crate::kube::nodegroup::update::UpdateConfig;
use crate::scenario::tree::Node;

/// The cluster.
#[derive(Clone, Debug)]
pub struct ClusterModel {
    /// Name.
    pub name: String,
    /// Minor version: 36 for `1.36`.
    pub kubernetes_minor: u32,
    /// Zones, as values of `topology.kubernetes.io/zone`.
    pub zones: Vec<Symbol>,
    /// Managed node groups.
    pub node_groups: Vec<NodeGroupModel>,
    /// Capacity reservations of the account, by id.
    pub reservations: Vec<CapacityReservation>,
    /// Karpenter, if there is one.
    pub karpenter: Option<KarpenterModel>,
    /// Cluster Autoscaler, if there is one.
    pub autoscaler: Option<crate::kube::autoscaler::Settings>,
    /// Pods every matching node runs.
    pub daemons: Vec<Daemon>,
}

/// A DaemonSet.
#[derive(Clone, Copy, Debug)]
pub struct Daemon {
    /// Its pods.
    pub template: TemplateId,
    /// Millicores each keeps busy.
    pub idle_cpu: i64,
}

/// A managed node group.
#[derive(Clone, Debug)]
pub struct NodeGroupModel {
    /// Name, sizes, zones, types, labels, taints.
    pub spec: NodeGroup,
    /// Types in order of preference, as nodes of this group see them.
    pub types: Vec<InstanceType>,
    /// The same types in the catalog.
    pub type_ids: Vec<InstanceTypeId>,
    /// How it is bought.
    pub capacity_type: CapacityType,
    /// Root volume in bytes.
    pub volume_bytes: u64,
    /// `amiType`, as written or as the first instance type's architecture has it.
    pub ami_type: String,
    /// Its images.
    pub image_family: AmiFamily,
    /// `scalingConfig.minSize`.
    pub min_size: u32,
    /// `scalingConfig.maxSize`.
    pub max_size: u32,
    /// `updateConfig`.
    pub update_config: UpdateConfig,
}

/// Karpenter and its objects.
#[derive(Clone, Debug)]
pub struct KarpenterModel {
    /// The release whose rules apply.
    pub version: Version,
    /// `settings` of the chart as written, for the exporter.
    pub settings: Option<Node>,
    /// The chart's other values as written, for the exporter.
    pub values: Option<Node>,
    /// The window closes after so long without a new pod.
    pub batch_idle: SimDuration,
    /// The window closes after so long in any case.
    pub batch_max: SimDuration,
    /// Whether preferences are respected until relaxed.
    pub respect_preferences: bool,
    /// Whether minValues may be lowered.
    pub best_effort_min_values: bool,
    /// Whether it hears of interruptions.
    pub interruption_queue: bool,
    /// Gate SpotToSpotConsolidation.
    pub spot_to_spot: bool,
    /// Gate NodeRepair.
    pub node_repair: bool,
    /// Gate ReservedCapacity.
    pub reserved_capacity: bool,
    /// Gate StaticCapacity.
    pub static_capacity: bool,
    /// NodePools, heaviest first, ties by name descending (spec/karpenter.md 1.3).
    pub pools: Vec<NodePoolModel>,
    /// Node classes.
    pub classes: Vec<NodeClassModel>,
    /// What events put in place of a pool or a class, in the order of the events.
    pub changes: Vec<Change>,
}

/// A manifest applied while the cluster runs.
#[derive(Clone, Debug)]
pub enum Change {
    /// In place of this pool.
    Pool(usize, Box<NodePoolModel>),
    /// In place of this class.
    Class(usize, Box<NodeClassModel>),
}

/// Which text of an object is meant: the first one, or that of a place in [`KarpenterModel::changes`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Revision(pub Option<usize>);

impl KarpenterModel {
    /// The pool at a place, as of a revision.
    #[must_use]
    pub fn pool(&self, place: usize, revision: Revision) -> &NodePoolModel {
        match revision.0.map(|change| &self.changes[change]) {
            Some(Change::Pool(_, pool)) => pool,
            _ => &self.pools[place],
        }
    }

    /// The class at a place, as of a revision.
    #[must_use]
    pub fn class(&self, place: usize, revision: Revision) -> &NodeClassModel {
        match revision.0.map(|change| &self.changes[change]) {
            Some(Change::Class(_, class)) => class,
            _ => &self.classes[place],
        }
    }

    /// The pool at a place in all its revisions.
    pub fn revisions(&self, place: usize) -> impl Iterator<Item = &NodePoolModel> {
        let later = self.changes.iter().filter_map(move |change| match change {
            Change::Pool(at, pool) if *at == place => Some(&**pool),
            _ => None,
        });
        std::iter::once(&self.pools[place]).chain(later)
    }
}

/// A NodePool.
#[derive(Clone, Debug)]
pub struct NodePoolModel {
    /// Name.
    pub name: String,
    /// Name as the value of `karpenter.sh/nodepool`.
    pub symbol: Symbol,
    /// How many nodes a static pool keeps.
    pub replicas: Option<u32>,
    /// Weight; 0 where the manifest has none.
    pub weight: u32,
    /// Most capacity it may hold; a kind that is not limited is absent.
    pub limits: Vec<(Resource, i64)>,
    /// Most nodes.
    pub limit_nodes: Option<u32>,
    /// Template labels with the NodePool and node class labels.
    pub labels: LabelSet,
    /// Template requirements with the labels merged in.
    pub requirements: Requirements,
    /// Taints of every node.
    pub taints: Vec<Taint>,
    /// Taints until the node has started.
    pub startup_taints: Vec<Taint>,
    /// Node class, by its place in [`KarpenterModel::classes`].
    pub class: usize,
    /// When a node may be consolidated after its last pod event; none for Never.
    pub consolidate_after: Option<SimDuration>,
    /// Which nodes.
    pub consolidation_policy: ConsolidationPolicy,
    /// Budgets.
    pub budgets: Vec<Budget>,
    /// A node is replaced when so old; none for Never.
    pub expire_after: Option<SimDuration>,
    /// How long a drain may take.
    pub termination_grace: Option<SimDuration>,
    /// Whether its nodes are annotated `karpenter.sh/do-not-disrupt: "true"`.
    pub do_not_disrupt: bool,
    /// Tells apart templates as Karpenter's own hash does, requirements left out.
    pub template_hash: u64,
}

/// An EC2NodeClass.
#[derive(Clone, Debug)]
pub struct NodeClassModel {
    /// Name.
    pub name: String,
    /// Every type of the catalog, with the capacity nodes of this class have; the same order as the catalog.
    pub types: Vec<InstanceType>,
    /// By type of the catalog: what its nodes really report, where that is not what Karpenter takes it for.
    pub real_memory: Option<Vec<RealMemory>>,
    /// Capacity reservations it selects, by their places in [`ClusterModel::reservations`].
    pub reservations: Vec<usize>,
    /// Zones of its subnets.
    pub zones: Vec<Symbol>,
    /// Its images.
    pub image_family: AmiFamily,
    /// Sum of its volumes in bytes.
    pub volume_bytes: u64,
    /// Extra throughput of the root volume above the free 125 MiB/s.
    pub extra_throughput_mib: u32,
    /// Extra operations above the free 3000.
    pub extra_iops: u32,
    /// Bytes per second of the root volume: it bounds image pulls.
    pub volume_bytes_per_second: u64,
    /// Tells apart classes as Karpenter's own hash does, selectors left out.
    pub hash: u64,
    /// Which images it selects.
    pub images: ImagesModel,
    /// Tells apart what selects its security groups; other terms are taken to select other groups.
    pub security_groups_hash: u64,
}

/// Memory of a node in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RealMemory {
    /// What the node reports as its capacity.
    pub capacity: i64,
    /// What its pods may use.
    pub allocatable: i64,
}

impl RealMemory {
    /// Puts it in the place of what was assumed.
    pub fn replace_in(self, capacity: &mut Resources, allocatable: &mut Resources) {
        capacity[Resource::Memory] = self.capacity;
        allocatable[Resource::Memory] = self.allocatable;
    }
}

/// The images a node class selects; other terms are taken to select other images.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImagesModel {
    /// Tells apart the terms.
    pub hash: u64,
    /// Whether that is the newest release of its family, and so changes with each.
    pub newest: bool,
}

/// What the cloud does of itself.
#[derive(Clone, Debug)]
pub struct MarketModel {
    /// The spot market: its level, its hours, its droughts.
    pub settings: MarketSettings,
    /// Where the scenario says otherwise than the catalogue.
    pub latency: LatencyModel,
}

/// How long machines take to come, in seconds; the figures of `cloud::latency` for what is absent.
#[derive(Clone, Debug, Default)]
pub struct LatencyModel {
    /// From claim to instance.
    pub launch: Option<Dist>,
    /// From instance to registered node.
    pub registration: Option<Dist>,
    /// From registered to Ready.
    pub readiness: Option<Dist>,
    /// From Ready to advertised devices.
    pub device_plugin: Option<Dist>,
}

/// What it costs beyond list prices.
#[derive(Clone, Copy, Debug)]
pub struct PricesModel {
    /// Taken off EC2 on-demand, in parts per million.
    pub discount_ppm: u32,
    /// Added at the end, in parts per million.
    pub tax_ppm: u32,
}
