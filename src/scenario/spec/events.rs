//! What happens to the cluster, as written in a scenario: `- {at: 10d2h, imageRelease: {family: AL2023}}`.

use serde::Deserialize;

use crate::api::GoDuration;
use crate::scenario::tree::Node;

/// Something that happens once; exactly one kind stands beside `at`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventSpec {
    /// When, from the start of the simulation.
    pub at: GoDuration,
    /// Somebody applies a manifest: a NodePool or EC2NodeClass, whole, in place of the one of that name.
    #[serde(default)]
    pub apply: Option<Node>,
    /// AWS releases new images.
    #[serde(default)]
    pub image_release: Option<ImageReleaseSpec>,
    /// A service gets a new version.
    #[serde(default)]
    pub rollout: Option<RolloutSpec>,
    /// Containers end by themselves.
    #[serde(default)]
    pub crash: Option<CrashSpec>,
    /// A source of metrics does not answer.
    #[serde(default)]
    pub metrics_outage: Option<MetricsOutageSpec>,
    /// AWS does something to instances, or says that it will.
    #[serde(default)]
    pub interruption: Option<InterruptionSpec>,
    /// Nodes fall ill.
    #[serde(default)]
    pub node_failure: Option<NodeFailureSpec>,
    /// A zone goes dark with every instance in it.
    #[serde(default)]
    pub zone_loss: Option<ZoneLossSpec>,
    /// A managed node group comes to a new version or image.
    #[serde(default)]
    pub node_group_update: Option<NodeGroupUpdateSpec>,
}

/// A new version or image for a managed node group, by the arguments of `aws eks update-nodegroup-version`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeGroupUpdateSpec {
    /// The group.
    pub node_group_name: String,
    /// Whether nodes whose pods do not go within 15 minutes are ended all the same; otherwise the update fails.
    #[serde(default)]
    pub force: bool,
}

/// A zone without power: what runs there dies without a word, and nothing can be launched there until it is back.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneLossSpec {
    /// One of the cluster's, by its id.
    pub zone: String,
    /// How long.
    #[serde(rename = "for")]
    pub lasts: GoDuration,
}

/// A new image in the pod template of a service's Deployment; everything else in it stays.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutSpec {
    /// The service.
    pub service: String,
}

/// The containers of the oldest pods of a service end by themselves, with an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrashSpec {
    /// The service.
    pub service: String,
    /// How many; 1 where absent.
    #[serde(default)]
    pub pods: Option<u32>,
}

/// A source of metrics fails whoever asks it; metrics-server comes back without what it knew.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricsOutageSpec {
    /// `metrics-server` (CPU and memory), `custom-metrics` (of pods and objects) or `external-metrics` (CloudWatch, and SQS for KEDA).
    pub source: String,
    /// How long.
    #[serde(rename = "for")]
    pub lasts: GoDuration,
}

/// What AWS does to the oldest nodes of a NodePool.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InterruptionSpec {
    /// `spotInterrupted`, `rebalanceRecommendation`, `scheduledChange`, `eventStatus`, `instanceStopped`, `instanceTerminated`,
    /// `instanceStatus` or `systemStatus` (a failed check).
    pub kind: String,
    /// The NodePool.
    pub node_pool: String,
    /// How many nodes; 1 where absent.
    #[serde(default)]
    pub nodes: Option<u32>,
}

/// The oldest nodes of a NodePool fall ill, and do not recover.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeFailureSpec {
    /// The NodePool.
    pub node_pool: String,
    /// How many nodes; 1 where absent.
    #[serde(default)]
    pub nodes: Option<u32>,
    /// The condition that is not met any more: `Ready` (where absent: the kubelet falls silent, its containers run on),
    /// `AcceleratedHardwareReady`, `StorageReady`, `NetworkingReady`, `KernelReady` or `ContainerRuntimeReady`.
    #[serde(default)]
    pub condition: Option<String>,
}

/// New images of a family, for whoever selects its newest.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageReleaseSpec {
    /// As in an alias or `amiFamily`: `AL2023`, `Bottlerocket`, ...
    pub family: String,
}
