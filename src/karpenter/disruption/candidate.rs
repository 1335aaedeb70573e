//! Which nodes may a method look at, in which order? (spec/karpenter.md 4.3, 4.4, 4.5, 4.8)

use crate::api::objects::karpenter::{ConsolidationPolicy, DisruptionReason};
use crate::cloud::{CapacityType, InstanceType, Price};
use crate::des::SimTime;
use crate::karpenter::budget::{self, Allowance};
use crate::karpenter::cost::{self, DisruptionCost};

use super::command::Method;
use super::consolidatable::consolidatable_from;
use super::view::{NodeId, NodeView, PdbCover, PoolView, View};

/// A node that may be disrupted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) node: &'a NodeView,
    pub(super) pool: &'a PoolView<'a>,
    pub(super) price: Price,
    pub(super) cost: DisruptionCost,
}

/// Why a node is no candidate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blocked {
    /// It is gone.
    Gone,
    /// It is not initialized.
    Uninitialized,
    /// It is being deleted.
    Deleting,
    /// A command has it already.
    Queued,
    /// Pods were promised to it.
    Nominated {
        /// Until then.
        until: SimTime,
    },
    /// The node says `karpenter.sh/do-not-disrupt`.
    DoNotDisrupt,
    /// A pod says `karpenter.sh/do-not-disrupt`.
    PodDoNotDisrupt {
        /// The pod.
        pod: u64,
        /// Until then; [`SimTime::MAX`] for ever.
        until: SimTime,
    },
    /// The disruption budget of a pod has nothing left.
    PdbExhausted {
        /// The pod.
        pod: u64,
    },
    /// Several disruption budgets cover a pod.
    SeveralPdbs {
        /// The pod.
        pod: u64,
    },
    /// The pool is static.
    Static,
    /// The pool is not static.
    Dynamic,
    /// Its type, zone or capacity type is unknown.
    UnknownOffering,
    /// `consolidateAfter: Never`.
    Never,
    /// It has not been left alone for `consolidateAfter`.
    TooSoon {
        /// It will have been then.
        from: SimTime,
    },
    /// It is empty and none of this method's business.
    Empty,
    /// It is what its pool and node class say.
    NotDrifted,
    /// It is not empty.
    NotEmpty {
        /// What it costs to move its pods.
        cost: DisruptionCost,
    },
    /// `consolidationPolicy: WhenEmpty`.
    OnlyWhenEmpty,
}

impl<'a> Candidate<'a> {
    /// The node as a candidate of the method, unless something forbids it.
    pub(super) fn of(view: &View<'a>, node: &'a NodeView, method: Method) -> Result<Self, Blocked> {
        let pool = &view.pools[node.pool];
        let candidate = Self {
            node,
            pool,
            price: node.price(pool),
            cost: node.reschedule_cost(),
        };
        let pods_count = !(method.is_eventual() && node.termination_grace);
        let blocked = forbidden(node, view.now)
            .or_else(|| pods_count.then(|| protected_pod(node, view.now)).flatten());
        let blocked = blocked.or_else(|| match method {
            Method::Emptiness => candidate.unfit_for_emptiness(view),
            Method::StaticDrift => candidate.unfit_for_static_drift(),
            Method::Drift => candidate.unfit_for_drift(),
            Method::MultiNode | Method::SingleNode => candidate.unfit_for_consolidation(view),
        });
        blocked.map_or(Ok(candidate), Err)
    }

    pub(super) fn id(&self) -> NodeId {
        self.node.id
    }

    /// Its type, which is known of every candidate for consolidation.
    pub(super) fn instance_type(&self) -> Option<&'a InstanceType> {
        self.node.instance_type.map(|place| &self.pool.types[place])
    }

    pub(super) fn is_spot(&self) -> bool {
        self.node.capacity_type == Some(CapacityType::Spot)
    }

    fn unfit_for_emptiness(&self, view: &View<'_>) -> Option<Blocked> {
        if self.pool.fixed.is_some() {
            return Some(Blocked::Static);
        }
        if !self.node.is_empty(view.version) {
            return Some(Blocked::NotEmpty { cost: self.cost });
        }
        self.not_left_alone(view.now)
    }

    fn unfit_for_static_drift(&self) -> Option<Blocked> {
        if self.pool.fixed.is_none() {
            return Some(Blocked::Dynamic);
        }
        self.node.drifted.is_none().then_some(Blocked::NotDrifted)
    }

    fn unfit_for_drift(&self) -> Option<Blocked> {
        if self.pool.fixed.is_some() {
            return Some(Blocked::Static);
        }
        self.node.drifted.is_none().then_some(Blocked::NotDrifted)
    }

    fn unfit_for_consolidation(&self, view: &View<'_>) -> Option<Blocked> {
        let node = self.node;
        if self.pool.fixed.is_some() {
            return Some(Blocked::Static);
        }
        if node.instance_type.is_none() || node.zone.is_none() || node.capacity_type.is_none() {
            return Some(Blocked::UnknownOffering);
        }
        if self.node.is_empty(view.version) {
            return Some(Blocked::Empty);
        }
        if self.pool.policy == ConsolidationPolicy::WhenEmpty {
            return Some(Blocked::OnlyWhenEmpty);
        }
        self.not_left_alone(view.now)
    }

    fn not_left_alone(&self, now: SimTime) -> Option<Blocked> {
        match consolidatable_from(self.node, self.pool) {
            None => Some(Blocked::Never),
            Some(from) if now < from => Some(Blocked::TooSoon { from }),
            Some(_) => None,
        }
    }
}

/// What keeps every method away from a node (4.3).
fn forbidden(node: &NodeView, now: SimTime) -> Option<Blocked> {
    if node.initialized.is_none() {
        return Some(Blocked::Uninitialized);
    }
    if node.deleting {
        return Some(Blocked::Deleting);
    }
    if node.queued {
        return Some(Blocked::Queued);
    }
    if now < node.nominated_until {
        let until = node.nominated_until;
        return Some(Blocked::Nominated { until });
    }
    if node.do_not_disrupt {
        return Some(Blocked::DoNotDisrupt);
    }
    None
}

/// The first pod that must not be disturbed (4.3).
fn protected_pod(node: &NodeView, now: SimTime) -> Option<Blocked> {
    let annotated = node.pods.iter().filter(|pod| pod.active).find_map(|pod| {
        let until = pod.do_not_disrupt_until.filter(|&until| now < until)?;
        Some(Blocked::PodDoNotDisrupt { pod: pod.id, until })
    });
    annotated.or_else(|| {
        let evictable = node.pods.iter().filter(|pod| pod.active);
        let mut covered = evictable.map(|pod| (pod.id, pod.pdb));
        covered.find_map(|(pod, cover)| match cover {
            PdbCover::Allows => None,
            PdbCover::Exhausted => Some(Blocked::PdbExhausted { pod }),
            PdbCover::Several => Some(Blocked::SeveralPdbs { pod }),
        })
    })
}

/// The candidates of a method, those that save most per disruption first, or before 1.14 those that cost least to disturb; ties go by
/// name of the node.
pub(super) fn candidates<'a>(view: &View<'a>, method: Method) -> Vec<Candidate<'a>> {
    let of = |node| Candidate::of(view, node, method).ok();
    let mut candidates: Vec<Candidate<'_>> = view.nodes.iter().filter_map(of).collect();
    let by_saving = view.version.weighs_price_against_disruption();
    candidates.sort_by(|a, b| {
        let order = match by_saving {
            true => cost::by_saving((a.price, a.cost), (b.price, b.cost)),
            false => a.node.disruption_cost().cmp(&b.node.disruption_cost()),
        };
        order.then(a.id().cmp(&b.id()))
    });
    candidates
}

/// How a node stands with Emptiness and consolidation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The node.
    pub node: NodeId,
    /// What it costs per hour.
    pub price: Price,
    /// Why it is no candidate; none if it is one.
    pub blocked: Option<Blocked>,
}

/// How every node stands, in the order of the view: for people who ask why nothing happens to it.
#[must_use]
pub fn standings(view: &View<'_>) -> Vec<Standing> {
    let nodes = view.nodes.iter();
    nodes
        .map(|node| Standing {
            node: node.id,
            price: node.price(&view.pools[node.pool]),
            blocked: match Candidate::of(view, node, Method::SingleNode).err() {
                Some(Blocked::Empty) => Candidate::of(view, node, Method::Emptiness).err(),
                blocked => blocked,
            },
        })
        .collect()
}

/// What the budgets of every pool leave to one reason, used up as nodes are taken.
#[derive(Clone, Debug)]
pub(super) struct Budgets {
    pools: Vec<(Allowance, u32)>,
}

impl Budgets {
    pub(super) fn new(view: &View<'_>, reason: DisruptionReason) -> Self {
        let allowed = |pool: &PoolView<'_>| {
            let allowance = budget::allowance(pool.budgets, reason, pool.nodes, view.utc);
            (allowance, allowance.left())
        };
        Self {
            pools: view.pools.iter().map(allowed).collect(),
        }
    }

    /// Takes one node of a pool.
    ///
    /// # Errors
    /// Nothing is left; what the budgets allowed in the first place.
    pub(super) fn take(&mut self, pool: usize) -> Result<(), Allowance> {
        let (allowance, left) = &mut self.pools[pool];
        *left = left.checked_sub(1).ok_or(*allowance)?;
        Ok(())
    }

    /// Whether a node of the pool could be taken.
    pub(super) fn check(&self, pool: usize) -> Result<(), Allowance> {
        let (allowance, left) = self.pools[pool];
        if left == 0 { Err(allowance) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::SimDuration;
    use crate::karpenter::Version;
    use crate::karpenter::disruption::fixture::World;
    use crate::karpenter::disruption::view::PodView;
    use crate::karpenter::fixture::ON_DEMAND;

    fn world() -> World {
        let mut world = World::new();
        for (name, mills) in [("m5.large", 400), ("m5.xlarge", 1_000), ("t3.nano", 100)] {
            world.fixture.kind(name, &[("a", ON_DEMAND, mills)]);
        }
        world
    }

    #[test]
    fn candidates_are_ordered_by_what_they_save_per_disruption() {
        let mut world = world();
        world.node("m5.xlarge", 9);
        world.node("t3.nano", 0);
        world.node("m5.large", 1);
        let pools = world.pools();
        let view = world.view(&pools, 0);
        let order = |method| -> Vec<u32> {
            let all = candidates(&view, method);
            all.iter().map(|candidate| candidate.id().0).collect()
        };
        assert_eq!(order(Method::SingleNode), [2, 0]);
        assert_eq!(order(Method::Emptiness), [1]);
    }

    /// Places of the candidates of a method, under a release.
    fn order(world: &mut World, method: Method, version: Version) -> Vec<u32> {
        world.version = version;
        let pools = world.pools();
        let all = candidates(&world.view(&pools, 0), method);
        all.iter().map(|candidate| candidate.id().0).collect()
    }

    #[test]
    fn before_1_14_candidates_went_by_pods_and_remaining_life() {
        let mut world = world();
        world.node("m5.xlarge", 9);
        world.node("m5.large", 2);
        world.node("m5.large", 3);
        let (old, new) = (Version::minor(13), Version::minor(14));
        assert_eq!(order(&mut world, Method::MultiNode, old), [1, 2, 0]);
        assert_eq!(order(&mut world, Method::MultiNode, new), [1, 0, 2]);
        world.nodes[0].lifetime_left = 100_000_000;
        assert_eq!(order(&mut world, Method::MultiNode, old), [0, 1, 2]);
    }

    #[test]
    fn since_1_14_a_node_whose_pods_nobody_misses_is_empty() {
        let mut world = world();
        world.node("m5.large", 1);
        world.nodes[0].pods[0].eviction_cost = DisruptionCost::of_eviction(-(1 << 28), 0);
        let (old, new) = (Version::minor(13), Version::minor(14));
        assert!(order(&mut world, Method::Emptiness, old).is_empty());
        assert_eq!(order(&mut world, Method::SingleNode, old), [0]);
        assert_eq!(order(&mut world, Method::Emptiness, new), [0]);
        assert!(order(&mut world, Method::SingleNode, new).is_empty());
    }

    #[track_caller]
    fn check(method: Method, change: impl Fn(&mut World), expected: Option<Blocked>) {
        let mut world = world();
        world.node("m5.large", 1);
        world.consolidate_after = Some(SimDuration::from_secs(60));
        change(&mut world);
        let pools = world.pools();
        let view = world.view(&pools, 100);
        let blocked = Candidate::of(&view, &world.nodes[0], method).err();
        assert_eq!(blocked, expected);
    }

    #[test]
    fn what_keeps_a_node_from_being_a_candidate() {
        let at = SimTime::from_secs;
        let check = |change: &dyn Fn(&mut World), expected| {
            check(Method::SingleNode, change, expected);
        };
        let node = |change: fn(&mut NodeView)| move |w: &mut World| change(&mut w.nodes[0]);
        check(&|_| {}, None);
        check(
            &node(|n| n.initialized = None),
            Some(Blocked::Uninitialized),
        );
        check(&node(|n| n.deleting = true), Some(Blocked::Deleting));
        check(&node(|n| n.queued = true), Some(Blocked::Queued));
        check(
            &node(|n| n.do_not_disrupt = true),
            Some(Blocked::DoNotDisrupt),
        );
        let until = at(101);
        let nominated = move |w: &mut World| w.nodes[0].nominated_until = until;
        check(&nominated, Some(Blocked::Nominated { until }));
        check(&node(|n| n.nominated_until = SimTime::from_secs(100)), None);
        check(&node(|n| n.zone = None), Some(Blocked::UnknownOffering));
        check(&node(|n| n.pods.clear()), Some(Blocked::Empty));
        check(&|w| w.consolidate_after = None, Some(Blocked::Never));
        let busy = |w: &mut World| w.nodes[0].last_pod_event = Some(SimTime::from_secs(41));
        check(&busy, Some(Blocked::TooSoon { from: at(101) }));
        let when_empty = |w: &mut World| w.policy = ConsolidationPolicy::WhenEmpty;
        check(&when_empty, Some(Blocked::OnlyWhenEmpty));
    }

    #[test]
    fn pods_that_must_not_be_disturbed_protect_their_node() {
        let pod = |change: fn(&mut PodView)| move |w: &mut World| change(&mut w.nodes[0].pods[0]);
        let check = |change: &dyn Fn(&mut World), expected| {
            check(Method::SingleNode, change, expected);
        };
        let protected = |until| Some(Blocked::PodDoNotDisrupt { pod: 0, until });
        let for_ever = pod(|p| p.do_not_disrupt_until = Some(SimTime::MAX));
        check(&for_ever, protected(SimTime::MAX));
        let over = pod(|p| p.do_not_disrupt_until = Some(SimTime::from_secs(100)));
        check(&over, None);
        let ending = |w: &mut World| {
            for_ever(w);
            w.nodes[0].pods[0].active = false;
        };
        check(&ending, None);
        let exhausted = pod(|p| p.pdb = PdbCover::Exhausted);
        check(&exhausted, Some(Blocked::PdbExhausted { pod: 0 }));
        let several = pod(|p| p.pdb = PdbCover::Several);
        check(&several, Some(Blocked::SeveralPdbs { pod: 0 }));
    }

    #[test]
    fn emptiness_takes_nodes_of_pods_nobody_misses_under_every_policy() {
        let cheap = |w: &mut World| {
            w.policy = ConsolidationPolicy::WhenEmpty;
            w.nodes[0].pods[0].eviction_cost = DisruptionCost::of_eviction(0, -(1 << 25));
        };
        check(Method::Emptiness, cheap, None);
        let cost = DisruptionCost::ONE + DisruptionCost::ONE;
        check(Method::Emptiness, |_| {}, Some(Blocked::NotEmpty { cost }));
    }
}
