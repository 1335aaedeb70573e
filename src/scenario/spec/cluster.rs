//! The cluster, the market around it and what it costs, as written in a scenario.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::karpenter::KarpenterSpec;
use super::service::DistSpec;
use crate::api::GoDuration;
use crate::scenario::decode::Part;
use crate::scenario::tree::Node;

/// The cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSpec {
    /// Cluster name.
    pub name: String,
    /// Kubernetes version in quotes; `"1.36"` where absent.
    #[serde(default)]
    pub kubernetes_version: Part<Option<String>>,
    /// Zone ids such as `aps1-az1`, or letter names such as `ap-south-1a`; at least one.
    pub availability_zones: Part<Vec<String>>,
    /// Managed node groups.
    #[serde(default)]
    pub node_groups: Part<Vec<Part<NodeGroupSpec>>>,
    /// Capacity reservations of the account, for EC2NodeClasses to select.
    #[serde(default)]
    pub capacity_reservations: Part<Vec<Part<CapacityReservationSpec>>>,
    /// Karpenter; a cluster without this block has none.
    #[serde(default)]
    pub karpenter: Part<Option<KarpenterSpec>>,
    /// Cluster Autoscaler on the node groups; without this block they keep their size.
    #[serde(default)]
    pub cluster_autoscaler: Part<Option<ClusterAutoscalerSpec>>,
    /// PriorityClasses, DaemonSets, Namespaces: real objects.
    #[serde(default)]
    pub manifests: Part<Vec<Node>>,
}

/// A managed node group, by the argument names of Terraform's `aws_eks_node_group` in camel case.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeGroupSpec {
    /// Name.
    pub node_group_name: String,
    /// Such as `AL2023_ARM_64_STANDARD`; Amazon Linux 2023 for the architecture of the first instance type where absent.
    #[serde(default)]
    pub ami_type: Option<String>,
    /// `ON_DEMAND` (where absent) or `SPOT`.
    #[serde(default)]
    pub capacity_type: Option<String>,
    /// In order of preference.
    pub instance_types: Vec<String>,
    /// How many.
    pub scaling_config: ScalingConfigSpec,
    /// Root volume in GiB; 20 where absent.
    #[serde(default)]
    pub disk_size: Option<u32>,
    /// Labels of every node.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Taints of every node.
    #[serde(default)]
    pub taints: Vec<NodeGroupTaintSpec>,
    /// How it comes to a new version.
    #[serde(default)]
    pub update_config: UpdateConfigSpec,
}

/// `updateConfig` of a managed node group.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateConfigSpec {
    /// Nodes that may be unavailable at once, 1 to 100; 1 where this and the percentage are absent.
    pub max_unavailable: Option<u32>,
    /// The same as a share of the nodes, 1 to 100.
    pub max_unavailable_percentage: Option<u32>,
    /// `DEFAULT` (where absent): the group grows first. `MINIMAL`: it does not.
    pub update_strategy: Option<String>,
}

/// An on-demand capacity reservation, by the argument names of Terraform's `aws_ec2_capacity_reservation` in camel case. It is charged
/// while it is there, used or not. Instances of node groups do not use it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapacityReservationSpec {
    /// Such as `cr-0a1b2c3d4e5f60718`.
    pub id: String,
    /// What it reserves.
    pub instance_type: String,
    /// Where, by zone id or letter name.
    pub availability_zone: String,
    /// How many instances.
    pub instance_count: u32,
    /// RFC 3339; its instances become on-demand then. Never where absent.
    #[serde(default)]
    pub end_date: Option<String>,
    /// `open` (where absent) or `targeted`.
    #[serde(default)]
    pub instance_match_criteria: Option<String>,
    /// Account it belongs to; one's own where absent.
    #[serde(default)]
    pub owner_id: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A taint of a managed node group, with EKS' own effect names.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeGroupTaintSpec {
    /// Key.
    pub key: String,
    /// Value.
    #[serde(default)]
    pub value: String,
    /// `NO_SCHEDULE`, `NO_EXECUTE` or `PREFER_NO_SCHEDULE`.
    pub effect: String,
}

/// `scalingConfig`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScalingConfigSpec {
    /// Fewest.
    pub min_size: u32,
    /// At the start.
    pub desired_size: u32,
    /// Most.
    pub max_size: u32,
}

/// Cluster Autoscaler, of the minor version of the cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterAutoscalerSpec {
    /// The chart's `extraArgs`: flags by their own names.
    #[serde(default)]
    pub extra_args: AutoscalerArgsSpec,
}

/// Flags of Cluster Autoscaler (spec/kubernetes.md 4.1).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct AutoscalerArgsSpec {
    /// 10 s where absent.
    pub scan_interval: Option<GoDuration>,
    /// `least-waste` (where absent; `random` up to 1.32), `most-pods` or `random`.
    pub expander: Option<String>,
    /// True where absent.
    pub scale_down_enabled: Option<bool>,
    /// 0.5 where absent.
    pub scale_down_utilization_threshold: Option<f64>,
    /// 10 min where absent.
    pub scale_down_unneeded_time: Option<GoDuration>,
    /// 10 min where absent.
    pub scale_down_delay_after_add: Option<GoDuration>,
    /// 0 where absent.
    pub scale_down_delay_after_delete: Option<GoDuration>,
    /// 3 min where absent.
    pub scale_down_delay_after_failure: Option<GoDuration>,
    /// True where absent.
    pub skip_nodes_with_local_storage: Option<bool>,
    /// True where absent.
    pub skip_nodes_with_system_pods: Option<bool>,
    /// 15 min where absent.
    pub max_node_provision_time: Option<GoDuration>,
    /// 10 where absent.
    pub max_scale_down_parallelism: Option<u32>,
    /// 1 where absent.
    pub max_drain_parallelism: Option<u32>,
}

/// What the cloud does of itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MarketSpec {
    /// The spot market.
    pub spot: SpotMarketSpec,
    /// How long machines take to come; the catalogue's figures where absent.
    pub latency: LatencySpec,
    /// Share of a machine's memory that the hypervisor and the kernel really keep, such as 0.03. Karpenter takes it for
    /// `settings.vmMemoryOverheadPercent` until a node of the type has joined. As Karpenter takes it where absent.
    pub memory_overhead: Option<f64>,
}

/// The spot market.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SpotMarketSpec {
    /// `calibrated` (where absent): pools go down and up as the Spot Advisor's bands say. `calm`: they never do.
    pub model: Option<String>,
    /// Times more (or fewer) pool events than the calibration; 1 where absent.
    pub interruption_scale: Option<f64>,
    /// Times more outages in business hours (Monday to Friday, nine to six) than outside, the mean over a week kept; 1 where absent.
    pub business_hours: Option<f64>,
    /// Times when capacity is short.
    pub droughts: Vec<DroughtSpec>,
    /// What real pools did: for the pools it names in place of the model.
    pub replay: Option<MarketReplaySpec>,
}

/// A table of what spot pools did: a row for each change of a pool's price or availability, in any order. An instant in RFC 3339, a type,
/// a zone by id or letter name, and at least one of a price in dollars per hour and an availability (`1`, `true`, `yes`, `up` or
/// `0`, `false`, `no`, `down`). An empty field says nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarketReplaySpec {
    /// A CSV, plain or compressed by gzip.
    pub path: String,
    /// The instant of the table that is time zero of the simulation; its first one where absent.
    #[serde(default)]
    pub from: Option<String>,
    /// Names of its columns.
    #[serde(default)]
    pub columns: MarketColumnsSpec,
}

/// Names of columns.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MarketColumnsSpec {
    /// `time` where absent.
    pub time: Option<String>,
    /// `instance_type` where absent.
    pub instance_type: Option<String>,
    /// `zone` where absent.
    pub zone: Option<String>,
    /// `price` where absent.
    pub price: Option<String>,
    /// `available` where absent.
    pub available: Option<String>,
}

/// A time without spot capacity in some pools.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DroughtSpec {
    /// From the start of the simulation.
    pub from: GoDuration,
    /// How long.
    #[serde(rename = "for")]
    pub lasts: GoDuration,
    /// Families such as `c7g`; every family where empty.
    #[serde(default)]
    pub families: Vec<String>,
    /// Zone ids; every zone where empty.
    #[serde(default)]
    pub zones: Vec<String>,
}

/// How long machines take to come.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LatencySpec {
    /// From claim to instance: CreateFleet and its batching.
    pub launch: Option<DistSpec>,
    /// From instance to registered node.
    pub registration: Option<DistSpec>,
    /// From registered to Ready.
    pub readiness: Option<DistSpec>,
    /// From Ready to advertised GPUs.
    pub device_plugin: Option<DistSpec>,
}

/// What it costs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PricesSpec {
    /// Taken off every EC2 on-demand price, such as `10%`.
    pub discount: Option<String>,
    /// Added at the end.
    pub tax: TaxSpec,
}

/// Taxes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaxSpec {
    /// Such as `18%`; none where absent.
    pub gst: Option<String>,
}
