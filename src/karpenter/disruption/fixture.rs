//! Clusters and what-ifs made by hand, for the tests of this room.

use jiff::civil::date;

use crate::api::objects::karpenter::ConsolidationPolicy;
use crate::api::{Resources, key};
use crate::des::{Purpose, SimDuration, SimTime, StreamKey};
use crate::karpenter::Version;
use crate::karpenter::budget::{Budget, BudgetNodes, PoolNodes};
use crate::karpenter::cost::DisruptionCost;
use crate::karpenter::fixture::Fixture;
use crate::karpenter::provisioning::NewClaim;

use super::command::Method;
use super::view::{NodeId, NodeView, PdbCover, PodView, PoolView, View};
use super::what_if::{NoEligiblePool, Simulate, Stranded, WhatIf};

/// Nodes of a few equal pools over one hand-made catalog.
pub(super) struct World {
    pub(super) fixture: Fixture,
    pub(super) nodes: Vec<NodeView>,
    pub(super) pool_count: usize,
    pub(super) consolidate_after: Option<SimDuration>,
    pub(super) policy: ConsolidationPolicy,
    pub(super) spot_to_spot: bool,
    pub(super) version: Version,
    pub(super) synced: bool,
    /// Zones a replacement may be in; empty for any.
    pub(super) zones: Vec<&'static str>,
    budgets: Vec<Budget>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            fixture: Fixture::new(),
            nodes: Vec::new(),
            pool_count: 1,
            consolidate_after: Some(SimDuration::ZERO),
            policy: ConsolidationPolicy::WhenEmptyOrUnderutilized,
            spot_to_spot: false,
            version: Version::NEWEST,
            synced: true,
            zones: Vec::new(),
            budgets: Vec::new(),
        }
    }

    /// Adds a node of this type, at its first offering, with so many ordinary pods, and returns its place.
    pub(super) fn node(&mut self, name: &str, pods: usize) -> usize {
        let place = self.nodes.len();
        let name = self.fixture.symbols.get(name).unwrap();
        let kind = self.fixture.types.iter().position(|kind| kind.name == name);
        let offering = &self.fixture.types[kind.unwrap()].offerings[0];
        let pod = |n: usize| PodView {
            id: (place * 100 + n) as u64,
            active: true,
            daemon: false,
            reschedulable: true,
            eviction_cost: DisruptionCost::of_eviction(0, 0),
            do_not_disrupt_until: None,
            pdb: PdbCover::Allows,
        };
        self.nodes.push(NodeView {
            id: NodeId(place as u32),
            pool: 0,
            instance_type: kind,
            zone: Some(offering.zone),
            capacity_type: Some(offering.capacity_type),
            deleting: false,
            queued: false,
            nominated_until: SimTime::ZERO,
            do_not_disrupt: false,
            initialized: Some(SimTime::ZERO),
            lifetime_left: 1_000_000_000,
            last_pod_event: None,
            drifted: None,
            termination_grace: false,
            pods: (0..pods).map(pod).collect(),
        });
        place
    }

    /// Allows every pool to lose so many nodes at once.
    pub(super) fn budget(&mut self, nodes: u32) {
        self.budgets = vec![Budget {
            nodes: BudgetNodes::Count(nodes),
            reasons: None,
            window: None,
        }];
    }

    pub(super) fn pool(&self) -> PoolView<'_> {
        PoolView {
            name: key::NODEPOOL,
            fixed: None,
            consolidate_after: self.consolidate_after,
            policy: self.policy,
            budgets: &self.budgets,
            nodes: PoolNodes {
                counted: self.nodes.len() as u32,
                disrupted: 0,
            },
            types: &self.fixture.types,
        }
    }

    pub(super) fn pools(&self) -> Vec<PoolView<'_>> {
        vec![self.pool(); self.pool_count]
    }

    pub(super) fn view<'a>(&'a self, pools: &'a [PoolView<'a>], secs: u64) -> View<'a> {
        View {
            now: SimTime::from_secs(secs),
            utc: date(2026, 11, 23).at(0, 0, 0, 0),
            synced: self.synced,
            pools,
            nodes: &self.nodes,
            symbols: &self.fixture.symbols,
            spot_to_spot: self.spot_to_spot,
            version: self.version,
            ties: StreamKey {
                seed: 1,
                purpose: Purpose::KarpenterTie,
                entity: 0,
            },
        }
    }

    /// A claim of the first pool that may be launched as any of these types.
    pub(super) fn claim(&self, types: &[usize]) -> NewClaim {
        let zoned = [(key::ZONE, self.zones.as_slice())];
        let wanted = if self.zones.is_empty() {
            &[][..]
        } else {
            &zoned
        };
        NewClaim {
            pool: 0,
            requirements: self.fixture.claim(wanted),
            types: types.to_vec(),
            requests: Resources::ZERO,
            pods: Vec::new(),
            min_values_relaxed: false,
        }
    }
}

type Answer = dyn Fn(&[NodeId]) -> Result<Vec<NewClaim>, Stranded>;

/// What-ifs with prepared answers.
pub(super) struct Fake {
    answer: Box<Answer>,
    /// How many nodes each what-if left out.
    pub(super) asked: Vec<usize>,
    pub(super) takes: SimDuration,
    pub(super) eligible_pool: bool,
}

impl Fake {
    pub(super) fn new(
        answer: impl Fn(&[NodeId]) -> Result<Vec<NewClaim>, Stranded> + 'static,
    ) -> Self {
        Self {
            answer: Box::new(answer),
            asked: Vec::new(),
            takes: SimDuration::ZERO,
            eligible_pool: true,
        }
    }

    /// These claims would be created, whatever is asked.
    pub(super) fn answering(claims: Vec<NewClaim>) -> Self {
        Self::new(move |_| Ok(claims.clone()))
    }

    pub(super) fn replacing(claim: NewClaim) -> Self {
        Self::answering(vec![claim])
    }
}

impl Simulate for Fake {
    fn without(&mut self, candidates: &[NodeId], _: Method) -> Result<WhatIf, NoEligiblePool> {
        self.asked.push(candidates.len());
        if !self.eligible_pool {
            return Err(NoEligiblePool);
        }
        let answer = (self.answer)(candidates);
        Ok(WhatIf {
            stranded: answer.as_ref().err().cloned(),
            claims: answer.unwrap_or_default(),
            destinations: Vec::new(),
            took: self.takes,
        })
    }
}
