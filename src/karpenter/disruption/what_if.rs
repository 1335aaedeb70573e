//! What would become of the pods if some nodes were not there? (spec/karpenter.md 4.8, steps 1 and 2)

use crate::des::SimDuration;
use crate::karpenter::provisioning::{ExistingNode, NewClaim, Plan, Reason};

use super::command::Method;
use super::view::NodeId;

/// Answers what-ifs by a provisioning pass.
pub trait Simulate {
    /// What a pass would decide if these nodes were not there. To place are the pending pods, the currently reschedulable pods of the
    /// candidates, and the pods of nodes being deleted. Destinations are all other nodes that are not being deleted; for pods of the
    /// candidates, those protected by `consolidateAfter` are none ([`super::consolidatable::protects`]) unless the method ignores that.
    ///
    /// # Errors
    /// There is no eligible pool, and then Karpenter does not simulate at all (1.1).
    fn without(&mut self, candidates: &[NodeId], method: Method) -> Result<WhatIf, NoEligiblePool>;

    /// Whether it is plain without a pass that pods of these nodes would need a new node and that it could be spot. A shortcut past
    /// [`Self::without`] for spot nodes that spot must not replace; `false` says nothing.
    fn surely_needs_spot(&self, _candidates: &[NodeId]) -> bool {
        false
    }
}

/// No dynamic pool is Ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoEligiblePool;

/// What would become of the pods.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WhatIf {
    /// Claims that would be created, those for pending pods included. Their pools are places in the pools of the view.
    pub claims: Vec<NewClaim>,
    /// The first pod that would find no place although it has one.
    pub stranded: Option<Stranded>,
    /// Nodes that would take pods, each once, in order of decision.
    pub destinations: Vec<NodeId>,
    /// How long the pass computed.
    pub took: SimDuration,
}

/// A pod that cannot be moved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stranded {
    /// It fits nowhere.
    NoPlace {
        /// The pod.
        pod: u64,
        /// What refused it.
        reason: Reason,
    },
    /// It would fit a node that is not initialized yet, and nobody knows whether that will come to be.
    Uninitialized {
        /// The pod.
        pod: u64,
        /// The node.
        node: NodeId,
    },
    /// The pass had no time for it.
    Unreached {
        /// The pod.
        pod: u64,
    },
}

/// Where a pod of a what-if comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// It is pending.
    Pending,
    /// It runs on a candidate.
    Candidate,
    /// It runs on a node that is being deleted anyway.
    Deleting,
}

/// What the indices and pods of a plan stand for.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a, F> {
    /// The existing nodes of the problem.
    pub existing: &'a [ExistingNode],
    /// Their names, in the same order.
    pub nodes: &'a [NodeId],
    /// The place in the view of each pool of the problem.
    pub pools: &'a [usize],
    /// Where a pod comes from.
    pub origin: F,
}

impl WhatIf {
    /// Reads the plan of a disruption simulation that computed for `took`.
    #[must_use]
    pub fn read<F: Fn(u64) -> Origin>(plan: Plan, names: &Names<'_, F>, took: SimDuration) -> Self {
        let stranded = stranded(&plan, names);
        let mut destinations: Vec<NodeId> = Vec::new();
        for (place, _) in plan.existing {
            if !destinations.contains(&names.nodes[place]) {
                destinations.push(names.nodes[place]);
            }
        }
        let claims = plan.claims.into_iter().map(|claim| NewClaim {
            pool: names.pools[claim.pool],
            ..claim
        });
        Self {
            claims: claims.collect(),
            stranded,
            destinations,
            took,
        }
    }
}

/// Pods that were pending may stay so; pods of nodes being deleted may bet on a node that is not initialized.
fn stranded<F: Fn(u64) -> Origin>(plan: &Plan, names: &Names<'_, F>) -> Option<Stranded> {
    let settled = |pod: &u64| (names.origin)(*pod) != Origin::Pending;
    let no_place = plan.errors.iter().find(|(pod, _)| settled(pod));
    let no_place = no_place.map(|(pod, reason)| Stranded::NoPlace {
        pod: *pod,
        reason: reason.clone(),
    });
    let uninitialized = || {
        plan.existing.iter().find_map(|&(place, pod)| {
            let bet =
                (names.origin)(pod) == Origin::Candidate && !names.existing[place].initialized;
            let node = names.nodes[place];
            bet.then_some(Stranded::Uninitialized { pod, node })
        })
    };
    let unreached = || plan.unreached.iter().copied().find(settled);
    no_place
        .or_else(uninitialized)
        .or_else(|| unreached().map(|pod| Stranded::Unreached { pod }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{LabelSet, Resources, Symbol};

    fn existing(initialized: bool) -> ExistingNode {
        ExistingNode {
            name: Symbol::hostname(0),
            pool: None,
            joined: true,
            initialized,
            labels: LabelSet::default(),
            taints: Vec::new(),
            startup_taints: Vec::new(),
            capacity: Resources::ZERO,
            allocatable: Resources::ZERO,
            requested: Resources::ZERO,
            daemon_requested: Resources::ZERO,
            host_ports: Vec::new(),
            pods: Vec::new(),
            protected: false,
        }
    }

    /// Pods below 10 are pending, below 20 of a candidate, above that of a deleting node. Node 0 is initialized, node 1 is not.
    fn read(plan: Plan) -> WhatIf {
        let names = Names {
            existing: &[existing(true), existing(false)],
            nodes: &[NodeId(70), NodeId(71)],
            pools: &[4],
            origin: |pod| match pod {
                0..10 => Origin::Pending,
                10..20 => Origin::Candidate,
                _ => Origin::Deleting,
            },
        };
        WhatIf::read(plan, &names, SimDuration::ZERO)
    }

    #[test]
    fn pending_pods_may_stay_pending_and_others_may_not() {
        let errors = |pods: &[u64]| Plan {
            errors: pods.iter().map(|&pod| (pod, Reason::default())).collect(),
            ..Plan::default()
        };
        assert_eq!(read(errors(&[1, 2])).stranded, None);
        for pod in [12, 22] {
            let stranded = read(errors(&[1, pod])).stranded;
            assert!(matches!(stranded, Some(Stranded::NoPlace { pod: p, .. }) if p == pod));
        }
    }

    #[test]
    fn only_pods_of_candidates_must_not_bet_on_an_uninitialized_node() {
        let placed = |existing: &[(usize, u64)]| Plan {
            existing: existing.to_vec(),
            ..Plan::default()
        };
        let calm = read(placed(&[(1, 1), (1, 21), (0, 11)]));
        assert_eq!(calm.stranded, None);
        assert_eq!(calm.destinations, [NodeId(71), NodeId(70)]);
        let node = NodeId(71);
        assert_eq!(
            read(placed(&[(1, 11)])).stranded,
            Some(Stranded::Uninitialized { pod: 11, node })
        );
    }
}
