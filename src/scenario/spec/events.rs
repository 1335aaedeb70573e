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
}

/// A new image in the pod template of a service's Deployment; everything else in it stays.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutSpec {
    /// The service.
    pub service: String,
}

/// New images of a family, for whoever selects its newest.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageReleaseSpec {
    /// As in an alias or `amiFamily`: `AL2023`, `Bottlerocket`, ...
    pub family: String,
}
