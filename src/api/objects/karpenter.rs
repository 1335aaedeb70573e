//! NodePool (`karpenter.sh/v1`) and EC2NodeClass (`karpenter.k8s.aws/v1`) (spec/karpenter.md 6.1, 6.4).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ObjectMeta, SelectorTerm};
use crate::api::duration::DurationOrNever;
use crate::api::{GoDuration, Quantity, Taint};

/// `karpenter.sh/v1` NodePool.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodePool {
    /// Name.
    pub metadata: ObjectMeta,
    /// The pool.
    pub spec: NodePoolSpec,
}

/// `spec` of a NodePool.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodePoolSpec {
    /// 1 to 100; 0 where absent. Higher goes first.
    #[serde(default)]
    pub weight: Option<u32>,
    /// A static pool keeps this many nodes.
    #[serde(default)]
    pub replicas: Option<u32>,
    /// Resource name to the most the pool may hold; `nodes` counts nodes.
    #[serde(default)]
    pub limits: BTreeMap<String, Quantity>,
    /// When nodes may go.
    #[serde(default)]
    pub disruption: Disruption,
    /// What nodes are like.
    pub template: NodeClaimTemplate,
}

/// `spec.disruption`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Disruption {
    /// 0 s where absent.
    pub consolidate_after: Option<DurationOrNever>,
    /// `WhenEmptyOrUnderutilized` where absent.
    pub consolidation_policy: Option<ConsolidationPolicy>,
    /// 10 % where absent.
    pub budgets: Option<Vec<Budget>>,
}

/// `spec.disruption.consolidationPolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub enum ConsolidationPolicy {
    /// Only nodes without pods.
    WhenEmpty,
    /// Also nodes whose pods fit elsewhere or on something cheaper.
    WhenEmptyOrUnderutilized,
    /// The same, weighed against disruption.
    Balanced,
}

/// One disruption budget.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// A number or a percentage; 10 % where absent.
    #[serde(default)]
    pub nodes: Option<String>,
    /// Every reason where absent.
    #[serde(default)]
    pub reasons: Option<Vec<DisruptionReason>>,
    /// Cron, UTC; with `duration`.
    #[serde(default)]
    pub schedule: Option<String>,
    /// With `schedule`.
    #[serde(default)]
    pub duration: Option<GoDuration>,
}

/// Why a node is disrupted, as budgets name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
pub enum DisruptionReason {
    /// Consolidation.
    Underutilized,
    /// Emptiness.
    Empty,
    /// Drift.
    Drifted,
}

/// `spec.template`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeClaimTemplate {
    /// Labels and annotations of every node.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What a claim asks for.
    pub spec: NodeClaimTemplateSpec,
}

/// `spec.template.spec`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeClaimTemplateSpec {
    /// The EC2NodeClass.
    pub node_class_ref: NodeClassRef,
    /// Which types, zones and capacity types.
    pub requirements: Vec<SelectorTerm>,
    /// Taints of every node.
    #[serde(default)]
    pub taints: Vec<Taint>,
    /// Taints somebody takes away once the node has started.
    #[serde(default)]
    pub startup_taints: Vec<Taint>,
    /// 720 h where absent.
    #[serde(default)]
    pub expire_after: Option<DurationOrNever>,
    /// How long a drain may take.
    #[serde(default)]
    pub termination_grace_period: Option<GoDuration>,
}

/// `nodeClassRef`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeClassRef {
    /// `karpenter.k8s.aws`.
    #[serde(default)]
    pub group: String,
    /// `EC2NodeClass`.
    #[serde(default)]
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// `karpenter.k8s.aws/v1` EC2NodeClass.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ec2NodeClass {
    /// Name.
    pub metadata: ObjectMeta,
    /// The class.
    pub spec: Ec2NodeClassSpec,
}

/// `spec` of an EC2NodeClass.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ec2NodeClassSpec {
    /// From the alias where absent.
    pub ami_family: Option<String>,
    /// Which images.
    pub ami_selector_terms: Vec<AmiSelectorTerm>,
    /// Which subnets.
    pub subnet_selector_terms: Vec<TagSelectorTerm>,
    /// Which security groups.
    pub security_group_selector_terms: Vec<TagSelectorTerm>,
    /// Which capacity reservations.
    pub capacity_reservation_selector_terms: Vec<CapacityReservationSelectorTerm>,
    /// Node role.
    pub role: Option<String>,
    /// Instead of a role.
    pub instance_profile: Option<String>,
    /// Volumes.
    pub block_device_mappings: Vec<BlockDeviceMapping>,
    /// `RAID0` makes instance stores the ephemeral storage.
    pub instance_store_policy: Option<String>,
    /// Kubelet settings.
    pub kubelet: Option<KubeletConfiguration>,
    /// Network interfaces of every instance, in the place of one for each card.
    pub network_interfaces: Option<Vec<NetworkInterface>>,
    /// Tags of every instance.
    pub tags: BTreeMap<String, String>,
}

/// A network interface.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkInterface {
    /// The card, from 0.
    pub network_card_index: u32,
    /// Its place on the card, from 0.
    pub device_index: u32,
    /// `interface` or `efa-only`.
    pub interface_type: String,
}

/// An image selector.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AmiSelectorTerm {
    /// `family@version`.
    pub alias: Option<String>,
    /// `ami-...`.
    pub id: Option<String>,
    /// By name.
    pub name: Option<String>,
    /// Owner of the name.
    pub owner: Option<String>,
    /// By SSM parameter.
    pub ssm_parameter: Option<String>,
    /// By tags.
    pub tags: BTreeMap<String, String>,
}

/// A selector of subnets or security groups.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TagSelectorTerm {
    /// By id.
    pub id: Option<String>,
    /// By name (security groups).
    pub name: Option<String>,
    /// By tags.
    pub tags: BTreeMap<String, String>,
}

/// A selector of capacity reservations.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CapacityReservationSelectorTerm {
    /// By id.
    pub id: Option<String>,
    /// Account they belong to.
    #[serde(rename = "ownerID")]
    pub owner_id: Option<String>,
    /// `open` or `targeted`.
    pub instance_match_criteria: Option<String>,
    /// By tags; `*` is any value.
    pub tags: BTreeMap<String, String>,
}

/// A volume.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockDeviceMapping {
    /// `/dev/xvda`.
    pub device_name: Option<String>,
    /// Whether this is the root volume.
    pub root_volume: bool,
    /// The volume.
    pub ebs: Option<Ebs>,
}

/// `ebs`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ebs {
    /// Size.
    pub volume_size: Option<Quantity>,
    /// `gp3`, ...
    pub volume_type: Option<String>,
    /// Operations per second.
    pub iops: Option<u32>,
    /// MiB per second.
    pub throughput: Option<u32>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// Whether it goes with the instance.
    pub delete_on_termination: Option<bool>,
}

/// `kubelet`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletConfiguration {
    /// Most pods.
    pub max_pods: Option<u32>,
    /// Most pods per vCPU.
    pub pods_per_core: Option<u32>,
    /// What Kubernetes keeps.
    pub kube_reserved: BTreeMap<String, Quantity>,
    /// What the system keeps.
    pub system_reserved: BTreeMap<String, Quantity>,
    /// Thresholds such as `memory.available: 5%`.
    pub eviction_hard: BTreeMap<String, String>,
}
