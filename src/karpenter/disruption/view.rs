//! What does the disruption controller look at?

use jiff::civil::DateTime;

use crate::api::objects::karpenter::ConsolidationPolicy;
use crate::api::{Symbol, Symbols};
use crate::cloud::{CapacityType, InstanceType, Price};
use crate::des::{SimDuration, SimTime, StreamKey};
use crate::karpenter::Version;
use crate::karpenter::budget::{Budget, PoolNodes};
use crate::karpenter::cost::{self, DisruptionCost};
use crate::karpenter::provisioning::NewClaim;
use crate::karpenter::static_pool::Count;

use super::drifted::DriftReason;

/// The condition Drifted of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Drifted {
    /// Since then.
    pub since: SimTime,
    /// The first reason in their order.
    pub reason: DriftReason,
}

/// The caller's name for a node, or for a claim that has none yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// The cluster at one instant.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Now.
    pub now: SimTime,
    /// Now on the wall clock, for the schedules of budgets.
    pub utc: DateTime,
    /// Whether every claim has its instance; if not, the controller does nothing (1.1).
    pub synced: bool,
    /// Pools; indices of pools are places in here.
    pub pools: &'a [PoolView<'a>],
    /// Managed nodes that have joined, in any order.
    pub nodes: &'a [NodeView],
    /// The names behind the symbols.
    pub symbols: &'a Symbols,
    /// Feature gate SpotToSpotConsolidation.
    pub spot_to_spot: bool,
    /// The release whose rules apply.
    pub version: Version,
    /// Where the draws come from that stand for upstream's unordered iteration (0.3).
    pub ties: StreamKey,
}

/// A pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolView<'a> {
    /// Name.
    pub name: Symbol,
    /// What it keeps if it is static.
    pub fixed: Option<Fixed<'a>>,
    /// How long a node must have been left alone by pods; none is `Never`.
    pub consolidate_after: Option<SimDuration>,
    /// What may be consolidated.
    pub policy: ConsolidationPolicy,
    /// How many nodes may go at once.
    pub budgets: &'a [Budget],
    /// The nodes these budgets count.
    pub nodes: PoolNodes,
    /// The types of the pool as a provisioning pass sees them, prices and availability of this moment included.
    pub types: &'a [InstanceType],
}

/// What a static pool keeps (1.16).
#[derive(Clone, Copy, Debug)]
pub struct Fixed<'a> {
    /// How many claims, and how many there are.
    pub count: Count,
    /// The claim its template makes.
    pub template: &'a NewClaim,
}

/// A managed node that has joined.
#[derive(Clone, Debug)]
pub struct NodeView {
    /// Its name.
    pub id: NodeId,
    /// Its pool.
    pub pool: usize,
    /// Its type among the pool's types; none if it is no longer among them.
    pub instance_type: Option<usize>,
    /// Its zone label.
    pub zone: Option<Symbol>,
    /// Its capacity type label.
    pub capacity_type: Option<CapacityType>,
    /// Whether it is being deleted or marked for deletion.
    pub deleting: bool,
    /// Whether a command in the queue has it.
    pub queued: bool,
    /// Until when pods have been promised to it (1.15).
    pub nominated_until: SimTime,
    /// Annotation `karpenter.sh/do-not-disrupt: "true"` of the node.
    pub do_not_disrupt: bool,
    /// Since when it has been initialized.
    pub initialized: Option<SimTime>,
    /// How much of its life until `expireAfter` is left, in billionths.
    pub lifetime_left: u32,
    /// When a pod last came or went (4.2).
    pub last_pod_event: Option<SimTime>,
    /// Since when it has been drifted, and why (4.2).
    pub drifted: Option<Drifted>,
    /// Whether its claim has a `terminationGracePeriod`.
    pub termination_grace: bool,
    /// Its pods, of DaemonSets as well.
    pub pods: Vec<PodView>,
}

/// A pod on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PodView {
    /// What the owner calls it.
    pub id: u64,
    /// Neither ended nor ending.
    pub active: bool,
    /// Owned by a DaemonSet.
    pub daemon: bool,
    /// Whether it would have to run elsewhere (1.2): active, neither of a DaemonSet nor a mirror pod.
    pub reschedulable: bool,
    /// The cost of evicting it.
    pub eviction_cost: DisruptionCost,
    /// Until when its annotation forbids to disrupt it; [`SimTime::MAX`] for `"true"`.
    pub do_not_disrupt_until: Option<SimTime>,
    /// What its disruption budgets say about an eviction now.
    pub pdb: PdbCover,
}

/// What PodDisruptionBudgets say about a pod. Pods that would not be evicted have no cover: those that bear the disrupted taint, mirror
/// pods, and not-Ready pods under `AlwaysAllow`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PdbCover {
    /// An eviction is allowed.
    Allows,
    /// Its budget has no disruption left.
    Exhausted,
    /// Several budgets cover it, and then it cannot be evicted.
    Several,
}

impl NodeView {
    /// What it costs per hour; 0 if that is unknown (4.4).
    #[must_use]
    pub fn price(&self, pool: &PoolView<'_>) -> Price {
        let offering = (self.instance_type, self.zone, self.capacity_type);
        let (Some(place), Some(zone), Some(capacity_type)) = offering else {
            return Price::default();
        };
        cost::node_price(&pool.types[place], zone, capacity_type)
    }

    /// What it cost to disturb it before 1.14: its pods', DaemonSets' included, and the less the sooner it expires. Only compared.
    #[must_use]
    pub fn disruption_cost(&self) -> i128 {
        let pods = self.pods.iter().map(|pod| pod.eviction_cost);
        i128::from(pods.sum::<DisruptionCost>().units()) * i128::from(self.lifetime_left)
    }

    /// Whether it has no pod that would have to run elsewhere, or none, since 1.14, that anybody would miss (4.4).
    #[must_use]
    pub fn is_empty(&self, version: Version) -> bool {
        match version.weighs_price_against_disruption() {
            true => self.reschedule_cost().is_empty_node(),
            false => !self.pods.iter().any(|pod| pod.reschedulable),
        }
    }

    /// What it costs to move its pods elsewhere.
    #[must_use]
    pub fn reschedule_cost(&self) -> DisruptionCost {
        let moved = self.pods.iter().filter(|pod| pod.reschedulable);
        DisruptionCost::of_rescheduling(moved.map(|pod| pod.eviction_cost))
    }
}
