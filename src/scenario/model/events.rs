//! What happens to the cluster at times of its own.

use super::ServiceId;
use crate::api::Symbol;
use crate::cloud::AmiFamily;
use crate::des::{SimDuration, SimTime};
use crate::karpenter::interruption::Kind;
use crate::karpenter::repair::Condition;

/// Something that happens once.
#[derive(Clone, Copy, Debug)]
pub struct TimedEvent {
    /// When.
    pub at: SimTime,
    /// What.
    pub kind: EventKind,
}

/// Who gives autoscalers their metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricsSource {
    /// metrics-server: CPU and memory of pods.
    Server,
    /// The adapter of metrics of pods and objects.
    Custom,
    /// What lies outside: CloudWatch, and SQS for KEDA.
    External,
}

/// What happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// A manifest is applied: a place in [`super::KarpenterModel::changes`].
    Apply(usize),
    /// AWS does something to the oldest nodes of a NodePool, or says that it will.
    Interruption {
        /// The pool's place.
        pool: usize,
        /// How many nodes.
        nodes: u32,
        /// What.
        kind: Kind,
    },
    /// The oldest nodes of a NodePool fall ill.
    NodeFailure {
        /// The pool's place.
        pool: usize,
        /// How many nodes.
        nodes: u32,
        /// In which way.
        condition: Condition,
    },
    /// A zone goes dark for so long.
    ZoneLoss(Symbol, SimDuration),
    /// New images of a family are released.
    ImageRelease(AmiFamily),
    /// A managed node group comes to a new version or image.
    NodeGroupUpdate {
        /// The group's place.
        group: usize,
        /// Whether pods that no budget lets go are lost after a while.
        force: bool,
    },
    /// A part of the metrics pipeline does not answer for so long.
    MetricsOutage(MetricsSource, SimDuration),
    /// So many containers of a service end by themselves, those of the oldest pods.
    Crash(ServiceId, u32),
    /// A service's Deployment gets a new image, which no node has.
    Rollout(ServiceId, Symbol),
}
