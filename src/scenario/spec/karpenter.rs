//! Karpenter, as written in a scenario: the keys of its Helm chart (spec/karpenter.md 7).

use serde::Deserialize;

use crate::api::{GoDuration, Quantity};
use crate::scenario::decode::Part;
use crate::scenario::tree::Node;

/// Karpenter.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KarpenterSpec {
    /// Release whose rules apply: 1.0 to 1.14; `1.14.1` where absent.
    #[serde(default)]
    pub version: Option<String>,
    /// `settings` of the chart.
    #[serde(default)]
    pub settings: Part<KarpenterSettingsSpec>,
    /// The other values of the chart, such as `replicas`: carried to the export, without effect in the simulation.
    #[serde(default)]
    pub values: Option<Node>,
    /// NodePools and EC2NodeClasses: real objects.
    pub manifests: Vec<Node>,
}

/// `settings` of the chart. What has no effect in the simulation is carried to the export.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KarpenterSettingsSpec {
    /// 1 s where absent.
    pub batch_idle_duration: Option<GoDuration>,
    /// 10 s where absent.
    pub batch_max_duration: Option<GoDuration>,
    /// `Respect` (where absent) or `Ignore`; since 1.4.
    pub preference_policy: Option<String>,
    /// `Strict` (where absent) or `BestEffort`; since 1.6.
    pub min_values_policy: Option<String>,
    /// 0.075 where absent.
    pub vm_memory_overhead_percent: Option<f64>,
    /// ENIs kept back on every node; 0 where absent.
    #[serde(rename = "reservedENIs")]
    pub reserved_enis: Option<Quantity>,
    /// Name of the interruption queue; without it Karpenter does not hear of interruptions.
    pub interruption_queue: Option<String>,
    /// Feature gates.
    pub feature_gates: FeatureGatesSpec,
    /// Carried: the name of the EKS cluster.
    pub cluster_name: Option<String>,
    /// Carried: its endpoint.
    pub cluster_endpoint: Option<String>,
    /// Carried: its CA bundle.
    #[serde(rename = "clusterCABundle")]
    pub cluster_ca_bundle: Option<String>,
    /// Carried: no look-ups of AWS services without a VPC endpoint; off where absent.
    #[serde(rename = "isolatedVPC")]
    pub isolated_vpc: Option<bool>,
    /// Carried: whether the control plane is EKS'; off where absent, since 1.1.
    pub eks_control_plane: Option<bool>,
    /// Carried: whether zonal shifts are heeded; off where absent, since 1.12.
    pub enable_zonal_shift: Option<bool>,
    /// Carried: whether pods' DRA requests are ignored; on where absent, since 1.8.
    #[serde(rename = "ignoreDRARequests")]
    pub ignore_dra_requests: Option<bool>,
    /// Carried: no metrics of the cluster state; off where absent, since 1.8.
    pub disable_cluster_state_observability: Option<bool>,
    /// Carried: no dry run of node classes; off where absent, since 1.7.
    pub disable_dry_run: Option<bool>,
    /// Carried: 1 min where absent, since 1.13.
    pub ami_refresh_interval: Option<GoDuration>,
    /// Carried: 1 min where absent, since 1.13.
    pub subnet_refresh_interval: Option<GoDuration>,
}

/// `settings.featureGates`. Off where absent, unless something else is said.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FeatureGatesSpec {
    /// Whether spot nodes are replaced by cheaper spot nodes.
    pub spot_to_spot_consolidation: Option<bool>,
    /// On-demand capacity reservations; since 1.3, on where absent since 1.6.
    pub reserved_capacity: Option<bool>,
    /// Whether unhealthy nodes are replaced; since 1.1.
    pub node_repair: Option<bool>,
    /// NodeOverlays; since 1.7.
    pub node_overlay: Option<bool>,
    /// Static NodePools; since 1.8.
    pub static_capacity: Option<bool>,
    /// CapacityBuffers; since 1.13.
    pub capacity_buffer: Option<bool>,
}
