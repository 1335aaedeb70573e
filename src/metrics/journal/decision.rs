//! What can be decided and found, with the reasons as the controllers give them.

use std::mem::discriminant;

use crate::api::{Requirements, Resources, Symbol};
use crate::cloud::fleet::Override;
use crate::cloud::{CapacityType, Pool, Price};
use crate::cluster::TemplateId;
use crate::des::{SimDuration, SimTime};
use crate::karpenter::disruption::{
    Blocked, Command, Finding, Method, NodeId, Outcome, Stranded, Unconsolidatable,
};
use crate::karpenter::launch::{Filter, NothingToLaunch};
use crate::karpenter::provisioning::{Cause, Reason, Relaxation};
use crate::kube::hpa;
use crate::kube::scheduler::Failure;
use crate::metrics::result::ContainerEnd;

/// A pod for ever: its workload, and how many pods of it were born before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PodId {
    /// Its workload.
    pub template: TemplateId,
    /// How many pods of the workload were born before it.
    pub ordinal: u64,
}

/// A decision, or a finding that lasts. Slots of pods inside the controllers' own reasons are meaningless here: the pod meant stands beside
/// the reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// A controller has created the pod.
    Created,
    /// kube-scheduler found no node. Lasts.
    Refused(Box<Failure>),
    /// What the pod waits for. Lasts.
    Waits(Waiting),
    /// kube-scheduler has put the pod on a node.
    Bound {
        /// The node.
        node: NodeId,
    },
    /// The pod is Ready.
    Running,
    /// Its container has ended, and the pod stays.
    ContainerEnded(ContainerEnd),
    /// CrashLoopBackOff: its container may not start again yet.
    BacksOff {
        /// How long it waits from the end of the container.
        backoff: SimDuration,
    },
    /// The pod is deleted.
    Removed(Removal),
    /// Its node is drained, and something protects it. Lasts.
    Protected(Protection),
    /// Pods of lower priority go for it.
    Preempts {
        /// Where.
        node: NodeId,
        /// How many.
        victims: usize,
    },
    /// `spec.replicas` changes.
    Scaled {
        /// Before.
        from: u32,
        /// From now on.
        to: u32,
        /// By whom, and why.
        by: Scaler,
    },
    /// The HorizontalPodAutoscaler would have another number than it may. Lasts.
    Held {
        /// The number it keeps.
        at: u32,
        /// Why.
        reason: hpa::Reason,
    },

    /// Karpenter has made a claim.
    Claimed(Box<Claimed>),
    /// EC2 has launched an instance for the claim.
    Launched(Box<Launched>),
    /// EC2 has none; the claim is gone.
    NotLaunched(Box<NotLaunched>),
    /// The node is Ready.
    Ready,
    /// Why Karpenter leaves the node alone. Lasts.
    Stays(Box<Stay>),
    /// The two-minute notice of a spot instance.
    Noticed {
        /// Whether Karpenter or the node group hears of it.
        heard: bool,
    },
    /// The node is to go: what its record in the reports says.
    Deleted {
        /// Why.
        reason: &'static str,
    },
    /// Its instance has ended.
    Terminated {
        /// Whether EC2 took it.
        reclaimed: bool,
    },

    /// What a disruption pass found about several nodes, or about itself. Lasts.
    Found(Box<Finding>),
    /// A disruption command has started.
    Started {
        /// The command.
        command: Box<Command>,
        /// The claims created first.
        replacements: Vec<NodeId>,
    },
    /// A disruption command has ended.
    Ended {
        /// The nodes that were to go.
        candidates: Vec<NodeId>,
        /// How.
        outcome: Outcome,
    },
}

/// What findings that last are about. Of each topic one holds of a subject at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Topic {
    /// Why kube-scheduler refuses a pod.
    Refused,
    /// What a pod waits for.
    Waits,
    /// Why a node stays.
    Stays,
    /// What a disruption pass found.
    Found,
    /// What protects a pod of a draining node.
    Protected,
    /// What holds a number of replicas.
    Held,
}

impl Topic {
    pub(super) const ALL: [Self; 6] = [
        Self::Refused,
        Self::Waits,
        Self::Stays,
        Self::Found,
        Self::Protected,
        Self::Held,
    ];
}

/// What protects a pod of a draining node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protection {
    /// Its PodDisruptionBudget allows no disruption.
    Budget,
    /// Several PodDisruptionBudgets cover it.
    SeveralBudgets,
    /// It must not be evicted.
    DoNotDisrupt,
}

/// Who scales.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scaler {
    /// A HorizontalPodAutoscaler.
    Hpa(hpa::Reason),
    /// A ScaledObject, which woke its workload or sent it to sleep: what its triggers said.
    Keda(Vec<Option<u64>>),
}

/// Why a pod is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removal {
    /// Its workload wants fewer.
    ScaledDown,
    /// Its node is drained, and its disruption budgets agreed.
    Evicted,
    /// Its node is drained, and its terminationGracePeriod is nearly over.
    Forced,
    /// A pod of higher priority needs its room.
    Preempted {
        /// That pod.
        by: PodId,
    },
    /// Its node is short of memory.
    NodePressure,
    /// Its node is gone.
    NodeGone,
}

/// What a pending pod waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// To be tried by kube-scheduler, or after it was, by Karpenter.
    Turn,
    /// kube-scheduler found no node, and there is nobody else to ask.
    Capacity(Box<Failure>),
    /// Karpenter has a node in mind for it, and kube-scheduler has not bound it yet.
    Promised {
        /// The node, or the claim that will be one.
        node: NodeId,
        /// Whether the claim is made for this pass.
        new: bool,
        /// Whether the node is there and initialized.
        ready: bool,
        /// What the pod had to give up for it.
        relaxed: Option<Box<Relaxation>>,
    },
    /// Karpenter finds no place for it.
    NoPlace(Box<Reason>),
}

/// Why a node stays that Karpenter looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stay {
    /// It is no candidate.
    Blocked {
        /// Why.
        why: Blocked,
        /// The pod in question.
        pod: Option<PodId>,
    },
    /// It is one, and nothing came of it.
    Kept {
        /// By which method.
        method: Method,
        /// How many nodes were looked at together.
        nodes: usize,
        /// Why.
        why: Unconsolidatable,
        /// The pod in question.
        pod: Option<PodId>,
    },
}

/// A claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claimed {
    /// Its NodePool.
    pub pool: usize,
    /// Pods it was made for.
    pub pods: usize,
    /// Types it may be.
    pub types: usize,
    /// The cheapest of them and its price per hour.
    pub cheapest: Option<(Symbol, Price)>,
    /// What its instance must be.
    pub requirements: Requirements,
    /// What its pods and DaemonSets ask for.
    pub requests: Resources,
}

/// What a launch chose from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Launched {
    /// Types of the claim.
    pub types: usize,
    /// The launch filters in their order, each with how many types it left.
    pub passed: Vec<(Filter, usize)>,
    /// Offerings that EC2 could choose from.
    pub offerings: usize,
    /// How it is bought.
    pub capacity_type: CapacityType,
    /// What EC2 chose, at the price Karpenter believes.
    pub chosen: Override,
    /// The cheapest offering of the request.
    pub cheapest: Option<Override>,
    /// Pools that EC2 named as out of capacity; left alone for a while.
    pub insufficient: Vec<Pool>,
}

/// Why nothing was launched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotLaunched {
    /// A filter left no type, and EC2 was not asked.
    Nothing(NothingToLaunch),
    /// EC2 had no capacity.
    Insufficient {
        /// How it was to be bought.
        capacity_type: CapacityType,
        /// Offerings that EC2 could choose from.
        offerings: usize,
        /// Those it named: left alone until then.
        named: Vec<Pool>,
        /// Until when Karpenter leaves them alone.
        until: SimTime,
    },
}

impl Decision {
    /// What it is a finding about; none for what happens at an instant.
    pub(super) const fn topic(&self) -> Option<Topic> {
        match self {
            Self::Refused(_) => Some(Topic::Refused),
            Self::Waits(_) => Some(Topic::Waits),
            Self::Stays(_) => Some(Topic::Stays),
            Self::Found(_) => Some(Topic::Found),
            Self::Protected(_) => Some(Topic::Protected),
            Self::Held { .. } => Some(Topic::Held),
            _ => None,
        }
    }

    /// Takes over the figures of the next finding of the same. A promise stays what it was when it was made.
    pub(super) fn renew(&mut self, next: Self) {
        if !matches!(self, Self::Waits(Waiting::Promised { .. })) {
            *self = next;
        }
    }

    /// Whether the next finding of the topic says the same, if with other figures.
    pub(super) fn continues(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Refused(one), Self::Refused(other)) => same_refusal(one, other),
            (Self::Waits(one), Self::Waits(other)) => {
                let place = |waiting: &Waiting| match waiting {
                    Waiting::Promised { node, ready, .. } => Some((*node, *ready)),
                    _ => None,
                };
                one.is_like(other) && place(one) == place(other)
            }
            (Self::Stays(one), Self::Stays(other)) => one.is_like(other),
            (Self::Found(one), Self::Found(other)) => same_finding(one, other),
            (Self::Protected(one), Self::Protected(other)) => one == other,
            (Self::Held { at: one, .. }, Self::Held { at: other, .. }) => one == other,
            _ => false,
        }
    }
}

impl Waiting {
    /// Whether another pod waits for the same cause.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Capacity(one), Self::Capacity(other)) => same_refusal(one, other),
            (Self::NoPlace(one), Self::NoPlace(other)) => same_reason(one, other),
            (Self::Promised { ready: one, .. }, Self::Promised { ready: other, .. }) => {
                one == other
            }
            _ => discriminant(self) == discriminant(other),
        }
    }
}

impl Stay {
    /// Whether another node stays for the same cause.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let workload = |pod: &Option<PodId>| pod.map(|pod| pod.template);
        match (self, other) {
            (
                Self::Blocked {
                    why: one,
                    pod: here,
                },
                Self::Blocked {
                    why: other,
                    pod: there,
                },
            ) => discriminant(one) == discriminant(other) && workload(here) == workload(there),
            (
                Self::Kept {
                    method: a,
                    why: one,
                    pod: here,
                    ..
                },
                Self::Kept {
                    method: b,
                    why: other,
                    pod: there,
                    ..
                },
            ) => a == b && same_obstacle(one, other) && workload(here) == workload(there),
            _ => false,
        }
    }
}

fn same_refusal(one: &Failure, other: &Failure) -> bool {
    let reasons = |failure: &Failure| failure.reasons.len();
    reasons(one) == reasons(other)
        && (one.nodes == 0) == (other.nodes == 0)
        && one
            .reasons
            .iter()
            .all(|(reason, _)| other.reasons.iter().any(|(there, _)| there == reason))
}

fn same_reason(one: &Reason, other: &Reason) -> bool {
    one.pools.len() == other.pools.len()
        && one
            .pools
            .iter()
            .zip(&other.pools)
            .all(|(here, there)| here.pool == there.pool && same_cause(&here.cause, &there.cause))
}

fn same_cause(one: &Cause, other: &Cause) -> bool {
    match (one, other) {
        (Cause::Types(_), Cause::Types(_)) | (Cause::NodeLimit(_), Cause::NodeLimit(_)) => true,
        _ => one == other,
    }
}

fn same_obstacle(one: &Unconsolidatable, other: &Unconsolidatable) -> bool {
    match (one, other) {
        (Unconsolidatable::Stranded(one), Unconsolidatable::Stranded(other)) => {
            match (one, other) {
                (
                    Stranded::NoPlace { reason: one, .. },
                    Stranded::NoPlace { reason: other, .. },
                ) => same_reason(one, other),
                _ => discriminant(one) == discriminant(other),
            }
        }
        _ => discriminant(one) == discriminant(other),
    }
}

fn same_finding(one: &Finding, other: &Finding) -> bool {
    match (one, other) {
        (
            Finding::Kept {
                method: a,
                nodes: here,
                why: one,
            },
            Finding::Kept {
                method: b,
                nodes: there,
                why: other,
            },
        ) => a == b && here == there && same_obstacle(one, other),
        (Finding::Dropped { .. }, _) => false,
        _ => discriminant(one) == discriminant(other),
    }
}
