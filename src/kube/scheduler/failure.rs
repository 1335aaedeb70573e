//! Why did a pod fit nowhere? What the event `FailedScheduling` says, and what queue and preemption need to know.

use std::fmt;

use super::plugin::PluginSet;
use crate::api::{Resource, Taint};

/// A failed attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Nodes in the cluster. With none no plugin rejected anything, and the queue treats the failure as an error (1.3).
    pub nodes: u32,
    /// Reasons with the number of nodes, each reason once. A node short of two resources is counted under both.
    pub reasons: Vec<(Reason, u32)>,
    /// The plugins that rejected some node.
    pub plugins: PluginSet,
    /// Slots of nodes where an eviction might help (*Unschedulable*); all others are *UnschedulableAndUnresolvable*.
    pub resolvable: Vec<u32>,
}

impl Failure {
    /// Adds `nodes` to those counted under a reason.
    pub(super) fn count(&mut self, reason: Reason, nodes: u32) {
        match self.reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, counted)) => *counted += nodes,
            None => self.reasons.push((reason, nodes)),
        }
    }
}

/// What a plugin has against a node, in the words of Kubernetes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Cordoned.
    Cordoned,
    /// The first taint the pod does not bear.
    UntoleratedTaint(Taint),
    /// nodeSelector or required node affinity.
    NodeAffinity,
    /// The pod is pinned to another node.
    NotThePinnedNode,
    /// A host port is taken.
    HostPorts,
    /// Not enough of it is left.
    Insufficient(Resource),
    /// A `DoNotSchedule` constraint's node label is missing.
    SpreadLabelMissing,
    /// A `DoNotSchedule` constraint would be broken.
    SpreadSkew,
    /// Required pod affinity is not met.
    AffinityUnmet,
    /// A pod the incoming one stays away from is there.
    AntiAffinity,
    /// A pod that stays away from the incoming one is there.
    AntiAffinityOfOthers,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cordoned => f.write_str("node(s) were unschedulable"),
            Self::UntoleratedTaint(Taint { key, value, .. }) => {
                write!(f, "node(s) had untolerated taint {{{key}: {value}}}")
            }
            Self::NodeAffinity => f.write_str("node(s) didn't match Pod's node affinity/selector"),
            Self::NotThePinnedNode => {
                f.write_str("node(s) didn't satisfy plugin(s) [NodeAffinity]")
            }
            Self::HostPorts => {
                f.write_str("node(s) didn't have free ports for the requested pod ports")
            }
            Self::Insufficient(Resource::Pods) => f.write_str("Too many pods"),
            Self::Insufficient(kind) => write!(f, "Insufficient {}", kind.name()),
            Self::SpreadLabelMissing => f.write_str(
                "node(s) didn't match pod topology spread constraints (missing required label)",
            ),
            Self::SpreadSkew => f.write_str("node(s) didn't match pod topology spread constraints"),
            Self::AffinityUnmet => f.write_str("node(s) didn't match pod affinity rules"),
            Self::AntiAffinity => f.write_str("node(s) didn't match pod anti-affinity rules"),
            Self::AntiAffinityOfOthers => {
                f.write_str("node(s) didn't satisfy existing pods anti-affinity rules")
            }
        }
    }
}

/// `0/12 nodes are available: 3 Insufficient cpu, 9 node(s) had untolerated taint {nvidia.com/gpu: }.`
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes == 0 {
            return f.write_str("no nodes available to schedule pods");
        }
        let mut reasons: Vec<_> = self
            .reasons
            .iter()
            .map(|(reason, nodes)| format!("{nodes} {reason}"))
            .collect();
        reasons.sort_unstable();
        let reasons = reasons.join(", ");
        write!(f, "0/{} nodes are available: {reasons}.", self.nodes)
    }
}
