//! What Karpenter remembers between its looks at the cluster.

use rustc_hash::FxHashMap;

use crate::api::{Symbol, Symbols, key};
use crate::cloud::ice::IceCache;
use crate::cloud::market::Pool;
use crate::cloud::{CapacityType, InstanceType, InstanceTypeId, Offering};
use crate::des::SimTime;
use crate::karpenter::budget::Budget;
use crate::karpenter::disruption;
use crate::karpenter::provisioning::{
    Batcher, Limits, MinValuesPolicy, Options, PoolTemplate, PreferencePolicy, Window,
};
use crate::scenario::model::{KarpenterModel, NodePoolModel};

/// What Karpenter remembers.
#[derive(Clone, Debug)]
pub(super) struct Karpenter<'s> {
    pub(super) model: &'s KarpenterModel,
    /// By NodePool: its disruption budgets.
    pub(super) budgets: Vec<Vec<Budget>>,
    pub(super) batcher: Batcher,
    pub(super) ice: IceCache,
    /// By NodePool: the types its requirements leave, with the offerings of this moment.
    pub(super) types: Vec<Vec<InstanceType>>,
    /// The same types in the catalog.
    pub(super) type_ids: Vec<Vec<InstanceTypeId>>,
    /// The state of the ICE cache that `types` shows.
    seen_sequence: u64,
    /// When the batcher looks next.
    pub(super) alarm: Option<SimTime>,
    pub(super) retrigger: Option<SimTime>,
    /// Instances ever launched, by pool.
    launched: FxHashMap<(u16, Symbol), u32>,
    /// Claims ever made, by NodePool.
    pub(super) claims: Vec<u64>,
    pub(super) passes: u64,
    always_spot: bool,
    pub(super) controller: disruption::Controller,
    pub(super) commands: disruption::Queue,
}

impl<'s> Karpenter<'s> {
    pub(super) fn new(model: &'s KarpenterModel, symbols: &Symbols) -> Self {
        let candidates: Vec<_> = model
            .pools
            .iter()
            .map(|pool| candidate_types(model, pool, symbols))
            .collect();
        Self {
            model,
            budgets: model.pools.iter().map(budgets).collect(),
            batcher: Batcher::new(Window {
                idle: model.batch_idle,
                max: model.batch_max,
            }),
            ice: IceCache::new(),
            types: candidates
                .iter()
                .map(|of_pool| of_pool.iter().map(|(_, kind)| (*kind).clone()).collect())
                .collect(),
            type_ids: candidates
                .iter()
                .map(|of_pool| of_pool.iter().map(|&(id, _)| id).collect())
                .collect(),
            seen_sequence: 0,
            alarm: None,
            retrigger: None,
            launched: FxHashMap::default(),
            claims: vec![0; model.pools.len()],
            passes: 0,
            always_spot: model.pools.iter().zip(&candidates).all(|(pool, types)| {
                allows_spot(pool, symbols) && types.iter().all(|(_, kind)| is_always_spot(kind))
            }),
            controller: disruption::Controller::default(),
            commands: disruption::Queue::default(),
        }
    }

    /// Brings the offerings up to date with what is known to be out of capacity.
    pub(super) fn refresh_offerings(&mut self, now: SimTime) {
        self.ice.forget_expired(now);
        if self.ice.sequence() == self.seen_sequence {
            return;
        }
        self.seen_sequence = self.ice.sequence();
        for ((pool, types), ids) in self
            .model
            .pools
            .iter()
            .zip(&mut self.types)
            .zip(&self.type_ids)
        {
            let class = &self.model.classes[pool.class];
            for (shown, &id) in types.iter_mut().zip(ids) {
                let fresh = &class.types[id.index()];
                for (offered, offering) in fresh.offerings.iter().zip(&mut shown.offerings) {
                    let place = Pool {
                        instance_type: id,
                        zone: offering.zone,
                    };
                    offering.available = offered.available
                        && !self.ice.is_unavailable(place, offering.capacity_type, now);
                }
            }
        }
    }

    /// Whether every claim of any NodePool could be spot now: all pools allow it, and all their types are offered as spot wherever they
    /// are offered on demand.
    pub(super) fn always_offers_spot(&self) -> bool {
        self.always_spot && self.ice.next_expiry().is_none()
    }

    /// The place of a type among the candidates of a NodePool.
    pub(super) fn place_of(&self, pool: usize, kind: InstanceTypeId) -> Option<usize> {
        self.type_ids[pool].binary_search(&kind).ok()
    }

    pub(super) fn next_ordinal(&mut self, kind: InstanceTypeId, zone: Symbol) -> u32 {
        let count = self.launched.entry((kind.0, zone)).or_insert(0);
        *count += 1;
        *count - 1
    }
}

/// The types that a pool's own requirements leave, in the order of the catalog (spec/karpenter.md 1.3).
fn candidate_types<'s>(
    model: &'s KarpenterModel,
    pool: &NodePoolModel,
    symbols: &Symbols,
) -> Vec<(InstanceTypeId, &'s InstanceType)> {
    let all = (0..)
        .map(InstanceTypeId)
        .zip(&model.classes[pool.class].types);
    all.filter(|(_, kind)| {
        kind.requirements
            .conflict(&pool.requirements, symbols)
            .is_none()
    })
    .collect()
}

fn allows_spot(pool: &NodePoolModel, symbols: &Symbols) -> bool {
    let allowed = pool.requirements.get(key::CAPACITY_TYPE);
    let spot = symbols.get(CapacityType::Spot.label());
    allowed.is_none_or(|allowed| spot.is_some_and(|spot| allowed.has(spot, symbols)))
}

/// Whether a type is offered as spot in every zone in which it is offered on demand.
fn is_always_spot(kind: &InstanceType) -> bool {
    let offered = |zone, capacity_type| {
        let here =
            |offering: &Offering| offering.zone == zone && offering.capacity_type == capacity_type;
        kind.offerings
            .iter()
            .any(|offering| here(offering) && offering.available)
    };
    kind.offerings.iter().all(|offering| {
        offered(offering.zone, CapacityType::Spot)
            || !offered(offering.zone, CapacityType::OnDemand)
    })
}

/// The budgets of a pool; one of 10 % where it names none.
fn budgets(pool: &NodePoolModel) -> Vec<Budget> {
    if pool.budgets.is_empty() {
        return vec![Budget::standard()];
    }
    let checked =
        |budget| Budget::from_manifest(budget).expect("a resolved scenario has valid budgets");
    pool.budgets.iter().map(checked).collect()
}

/// The pools of a problem, as of now.
pub(super) fn pool_templates<'a>(
    model: &KarpenterModel,
    types: &'a [Vec<InstanceType>],
) -> Vec<PoolTemplate<'a>> {
    let template = |(pool, types): (&NodePoolModel, &'a Vec<InstanceType>)| PoolTemplate {
        name: pool.symbol,
        weight: pool.weight,
        labels: pool.labels.clone(),
        requirements: pool.requirements.clone(),
        taints: pool.taints.clone(),
        limits: Limits {
            resources: pool.limits.clone(),
            nodes: pool.limit_nodes.map(i64::from),
        },
        types,
    };
    model.pools.iter().zip(types).map(template).collect()
}

/// Karpenter's settings for a pass.
pub(super) fn options(model: &KarpenterModel, consolidation_simulation: bool) -> Options {
    Options {
        preference_policy: if model.respect_preferences {
            PreferencePolicy::Respect
        } else {
            PreferencePolicy::Ignore
        },
        min_values_policy: if model.best_effort_min_values {
            MinValuesPolicy::BestEffort
        } else {
            MinValuesPolicy::Strict
        },
        consolidation_simulation,
        claim_types: model.version.claim_types(),
        ..Options::default()
    }
}
