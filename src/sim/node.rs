//! A node's life: claimed, launched, registered, Ready, drained, terminated, gone.

use crate::api::{Effect, LabelSet, Requirements, Resource, Resources, Symbol, Taint};
use crate::cloud::{CapacityType, InstanceTypeId};
use crate::cluster::{Key, TemplateId};
use crate::des::SimTime;
use crate::karpenter::disruption::drifted::Hashes;
use crate::karpenter::disruption::{Drifted, NodeId};
use crate::karpenter::interruption::Kind;
use crate::karpenter::repair::Condition;
use crate::karpenter::termination::Drain;
use crate::kube::kubelet::{NodeImages, PullLimits, TIMING};
use crate::scenario::model::cluster::Revision;

use super::autoscaler::Removal;
use super::charges::Meter;
use super::fault::Illness;
use super::group_update::Upgrade;
use super::pod::Pod;
use super::use_log::{UseLog, share_ppm};

/// Who wants a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Owner {
    /// A managed node group, by its place.
    Group(usize),
    /// A NodePool, by its place.
    Pool(usize),
}

/// The machine behind a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instance {
    pub(super) kind: InstanceTypeId,
    pub(super) zone: Symbol,
    pub(super) capacity_type: CapacityType,
    /// The place of the capacity reservation it was launched into.
    pub(super) reservation: Option<usize>,
    /// How many were launched in its pool before it.
    pub(super) ordinal: u32,
    pub(super) billed_from: SimTime,
}

impl Instance {
    /// The place of the capacity reservation it is in.
    pub(super) fn held(&self) -> Option<usize> {
        let reserved = self.capacity_type == CapacityType::Reserved;
        self.reservation.filter(|_| reserved)
    }
}

/// How a node came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EndReason {
    /// It has not.
    Running,
    /// No pods on it.
    Empty,
    /// Its pods had room elsewhere, or on something cheaper.
    Underutilized,
    /// It was not what its NodePool or class says any more.
    Drifted,
    /// EC2 took it back.
    Interrupted,
    /// It was too old.
    Expired,
    /// Its instance did not come in time.
    LaunchTimeout,
    /// Its node did not join in time.
    RegistrationTimeout,
    /// Its static NodePool wants fewer.
    Overprovisioned,
    /// Its zone went dark.
    ZoneLost,
    /// It was ill for too long.
    Unhealthy,
    /// Its group had too many in its zone.
    ZonesUneven,
    /// Its group wanted fewer.
    ScaledIn,
    /// Its group came to a new version.
    Updated,
    /// AWS did something to it, or said that it would.
    Aws(Kind),
}

impl EndReason {
    /// Whether the drain waits for nobody (spec/karpenter.md 4.16, 5).
    pub(super) const fn is_forceful(self) -> bool {
        matches!(
            self,
            Self::Unhealthy | Self::Aws(Kind::InstanceStatus | Kind::SystemStatus)
        )
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Empty => "empty",
            Self::Underutilized => "underutilized",
            Self::Drifted => "drifted",
            Self::Interrupted => "spot interrupted",
            Self::Expired => "expired",
            Self::LaunchTimeout => "launch timeout",
            Self::RegistrationTimeout => "registration timeout",
            Self::Overprovisioned => "overprovisioned",
            Self::ZoneLost => "zone lost",
            Self::Unhealthy => "unhealthy",
            Self::ZonesUneven => "zones uneven",
            Self::ScaledIn => "scaled in",
            Self::Updated => "node group updated",
            Self::Aws(kind) => kind.reason(),
        }
    }
}

/// A node, from the wish for it to the end of its instance.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its number among all nodes ever made: a name that no later node takes over.
    pub(super) id: NodeId,
    pub(super) name: String,
    pub(super) owner: Owner,
    pub(super) created: SimTime,
    /// What Karpenter asked for: requirements, places of types in the class, requests of its pods. Absent for node groups.
    pub(super) claim: Option<Claim>,
    pub(super) instance: Option<Instance>,
    pub(super) labels: LabelSet,
    pub(super) taints: Vec<Taint>,
    pub(super) capacity: Resources,
    pub(super) allocatable: Resources,
    pub(super) registered: Option<SimTime>,
    pub(super) ready: Option<SimTime>,
    pub(super) initialized: Option<SimTime>,
    pub(super) pods: Vec<Key<Pod>>,
    pub(super) pods_ever: u64,
    pub(super) requested: Resources,
    pub(super) images: NodeImages,
    /// Bytes that the containers on it take.
    pub(super) memory_used: u64,
    /// Whether its kubelet looks at its memory next.
    pub(super) under_pressure: bool,
    /// Marked for deletion by a disruption command that waits for its replacements.
    pub(super) marked: bool,
    pub(super) nominated_until: SimTime,
    pub(super) last_pod_event: Option<SimTime>,
    pub(super) drifted: Option<Drifted>,
    pub(super) illness: Option<Illness>,
    pub(super) drain: Option<Drain>,
    /// The version of its node group that it is of.
    pub(super) group_revision: u32,
    /// An update of its group drains it.
    pub(super) upgrade: Option<Upgrade>,
    /// Its group replaces it, and why.
    pub(super) leaving: Option<EndReason>,
    /// On its way out by Cluster Autoscaler.
    pub(super) removal: Option<Removal>,
    /// When the drain looks next.
    pub(super) drain_look: Option<SimTime>,
    /// Deleted while its launch is under way.
    pub(super) doomed: bool,
    /// Billing has ended.
    pub(super) terminated: bool,
    pub(super) end: EndReason,
    /// Whether EC2 itself ended the instance.
    pub(super) reclaimed: bool,
    pub(super) use_log: UseLog,
    /// What it has been charged.
    pub(super) meter: Meter,
}

/// What Karpenter asked for.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) requirements: Requirements,
    pub(super) types: Vec<usize>,
    pub(super) requests: Resources,
    /// The text of its NodePool when it was created, and that of its class when it was launched.
    pub(super) pool: Revision,
    pub(super) class: Revision,
    pub(super) hashes: Hashes,
}

impl Node {
    pub(super) fn new(
        id: NodeId,
        name: String,
        owner: Owner,
        created: SimTime,
        claim: Option<Claim>,
    ) -> Self {
        Self {
            id,
            name,
            owner,
            created,
            claim,
            instance: None,
            labels: LabelSet::default(),
            taints: Vec::new(),
            capacity: Resources::ZERO,
            allocatable: Resources::ZERO,
            registered: None,
            ready: None,
            initialized: None,
            pods: Vec::new(),
            pods_ever: 0,
            requested: Resources::ZERO,
            images: NodeImages::new(
                PullLimits {
                    network: 1e9,
                    disk: 125e6,
                },
                &TIMING,
            ),
            memory_used: 0,
            under_pressure: false,
            marked: false,
            nominated_until: SimTime::ZERO,
            last_pod_event: None,
            drifted: None,
            illness: None,
            drain: None,
            group_revision: 0,
            upgrade: None,
            leaving: None,
            removal: None,
            drain_look: None,
            doomed: false,
            terminated: false,
            end: EndReason::Running,
            reclaimed: false,
            use_log: UseLog::new(created),
            meter: Meter::default(),
        }
    }

    pub(super) fn add_pod(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        template: TemplateId,
        requests: Resources,
    ) {
        self.use_log.advance(now, self.requested[Resource::Cpu]);
        self.use_log
            .change(template, share_ppm(&requests, &self.allocatable));
        self.pods.push(key);
        self.pods_ever += 1;
        self.requested += requests;
        assert!(
            self.requested.fits(&self.allocatable),
            "pods of {} ask for more than is allocatable",
            self.name
        );
    }

    pub(super) fn remove_pod(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        template: TemplateId,
        requests: Resources,
    ) {
        self.use_log.advance(now, self.requested[Resource::Cpu]);
        self.use_log
            .change(template, -share_ppm(&requests, &self.allocatable));
        self.pods.retain(|&other| other != key);
        self.requested -= requests;
    }

    /// Mean share of allocatable CPU that pods requested between Ready and `end`.
    pub(super) fn requested_share(&mut self, end: SimTime) -> f64 {
        self.use_log.advance(end, self.requested[Resource::Cpu]);
        let span = self
            .ready
            .map_or(0, |ready| end.saturating_since(ready).as_micros());
        self.use_log
            .cpu_share(span, self.allocatable[Resource::Cpu])
    }

    /// Whether Karpenter has tainted it as disrupted: it goes, or is to go.
    pub(super) fn is_tainted(&self) -> bool {
        self.claim.is_some() && !self.terminated && (self.drain.is_some() || self.marked)
    }

    /// Whether its kubelet is known to be silent.
    pub(super) fn is_unreachable(&self) -> bool {
        let silent = |illness: Illness| illness.condition == Condition::Ready;
        self.illness.is_some_and(silent)
    }

    /// Whether it is on its way out.
    pub(super) fn deleting(&self) -> bool {
        self.drain.is_some() || self.terminated || self.doomed
    }
}

/// The taint of nodes whose kubelet is silent.
pub(super) fn unreachable_taint() -> Taint {
    Taint {
        key: "node.kubernetes.io/unreachable".into(),
        value: String::new(),
        effect: Effect::NoSchedule,
    }
}

/// The taint Karpenter puts on nodes it is about to remove.
pub(super) fn disrupted_taint() -> Taint {
    Taint {
        key: "karpenter.sh/disrupted".into(),
        value: String::new(),
        effect: Effect::NoSchedule,
    }
}
