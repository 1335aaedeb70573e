//! What Karpenter remembers between its looks at the cluster.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::api::{Resources, Symbol, Symbols, key};
use crate::cloud::SpotMarket;
use crate::cloud::ice::IceCache;
use crate::cloud::market::Pool;
use crate::cloud::reservation::Reservations;
use crate::cloud::{
    AmiFamily, CapacityReservation, CapacityType, InstanceType, InstanceTypeId, Offering,
};
use crate::des::SimTime;
use crate::karpenter::budget::Budget;
use crate::karpenter::disruption;
use crate::karpenter::disruption::drifted::Hashes;
use crate::karpenter::offerings::PriceCache;
use crate::karpenter::provisioning::{
    Batcher, Limits, MinValuesPolicy, NewClaim, Options, PoolTemplate, PreferencePolicy, Window,
};
use crate::scenario::model::cluster::{Change, RealMemory, Revision};
use crate::scenario::model::{KarpenterModel, NodeClassModel, NodePoolModel};

/// A state of the ICE cache that offerings never show: they are brought up to date at once.
const UNSEEN: u64 = u64::MAX;

/// What Karpenter remembers.
#[derive(Clone, Debug)]
pub(super) struct Karpenter<'s> {
    pub(super) model: &'s KarpenterModel,
    /// By NodePool and by class: which text of it counts now.
    pool_revisions: Vec<Revision>,
    class_revisions: Vec<Revision>,
    /// Releases of images that have been noticed.
    releases: Vec<AmiFamily>,
    /// By NodePool: its disruption budgets.
    pub(super) budgets: Vec<Vec<Budget>>,
    pub(super) batcher: Batcher,
    pub(super) ice: IceCache,
    all_reservations: &'s [CapacityReservation],
    /// What is left of them.
    pub(super) reservations: Reservations,
    /// By NodePool: the types its requirements ever leave, with the offerings of this moment.
    pub(super) types: Vec<Vec<InstanceType>>,
    /// The same types in the catalog.
    pub(super) type_ids: Vec<Vec<InstanceTypeId>>,
    /// The state of the ICE cache that `types` shows.
    seen_sequence: u64,
    price_cache: PriceCache,
    /// Types of which a node has told its real memory: class, its images, type.
    discovered: BTreeSet<(usize, u64, InstanceTypeId)>,
    /// When the batcher looks next.
    pub(super) alarm: Option<SimTime>,
    pub(super) retrigger: Option<SimTime>,
    /// Instances ever launched, by pool.
    launched: FxHashMap<(u16, Symbol), u32>,
    /// Claims ever made, by NodePool.
    pub(super) claims: Vec<u64>,
    pub(super) passes: u64,
    always_spot: bool,
    /// Places of NodePools that are not static.
    pub(super) dynamic: Vec<usize>,
    /// By NodePool: when a static one is looked at next.
    pub(super) static_alarms: Vec<Option<SimTime>>,
    pub(super) controller: disruption::Controller,
    pub(super) commands: disruption::Queue,
}

impl<'s> Karpenter<'s> {
    pub(super) fn new(
        model: &'s KarpenterModel,
        reservations: &'s [CapacityReservation],
        symbols: &Symbols,
    ) -> Self {
        let places = 0..model.pools.len();
        let candidates: Vec<_> = places
            .clone()
            .map(|place| candidate_types(model, place, symbols))
            .collect();
        let revisions = places.clone().flat_map(|place| model.revisions(place));
        Self {
            model,
            pool_revisions: vec![Revision::default(); model.pools.len()],
            class_revisions: vec![Revision::default(); model.classes.len()],
            releases: Vec::new(),
            budgets: model.pools.iter().map(budgets).collect(),
            batcher: Batcher::new(Window {
                idle: model.batch_idle,
                max: model.batch_max,
            }),
            ice: IceCache::new(),
            all_reservations: reservations,
            reservations: Reservations::new(reservations.len()),
            types: candidates
                .iter()
                .map(|of_pool| of_pool.iter().map(|(_, kind)| (*kind).clone()).collect())
                .collect(),
            type_ids: candidates
                .iter()
                .map(|of_pool| of_pool.iter().map(|&(id, _)| id).collect())
                .collect(),
            seen_sequence: 0,
            price_cache: PriceCache::default(),
            discovered: BTreeSet::new(),
            alarm: None,
            retrigger: None,
            launched: FxHashMap::default(),
            claims: vec![0; model.pools.len()],
            passes: 0,
            always_spot: reservations.is_empty()
                && revisions.into_iter().all(|pool| allows_spot(pool, symbols))
                && candidates
                    .iter()
                    .flatten()
                    .all(|(_, kind)| is_always_spot(kind)),
            dynamic: (0..model.pools.len())
                .filter(|&place| model.pools[place].replicas.is_none())
                .collect(),
            static_alarms: vec![None; model.pools.len()],
            controller: disruption::Controller::default(),
            commands: disruption::Queue::of(model.version),
        }
    }

    /// Brings the offerings up to date with what is known to be out of capacity, with the prices last looked up, and with what is left of
    /// the reservations.
    pub(super) fn refresh_offerings(&mut self, now: SimTime, market: &mut SpotMarket) {
        self.refresh_unreserved(now, market);
        if !self.all_reservations.is_empty() {
            self.refresh_reserved(now);
        }
    }

    fn refresh_reserved(&mut self, now: SimTime) {
        for place in 0..self.types.len() {
            let class = self.class_of(place);
            for (shown, &id) in self.types[place].iter_mut().zip(&self.type_ids[place]) {
                let fresh = &class.types[id.index()];
                for (offered, offering) in fresh.offerings.iter().zip(&mut shown.offerings) {
                    let Some(held) = &mut offering.reservation else {
                        continue;
                    };
                    let all = self.all_reservations;
                    let place = all.iter().position(|known| known.id == held.id);
                    let place = place.expect("offerings are of known reservations");
                    held.capacity = self.reservations.left(place, &all[place], now);
                    offering.available = offered.available && held.capacity > 0;
                }
            }
        }
    }

    fn refresh_unreserved(&mut self, now: SimTime, market: &mut SpotMarket) {
        if self.price_cache.is_stale(now) {
            if self.price_cache.fill(now) {
                self.reprice(market);
            }
            self.remeasure();
        }
        self.ice.clean_up(now);
        if self.ice.sequence() == self.seen_sequence {
            return;
        }
        self.seen_sequence = self.ice.sequence();
        for place in 0..self.types.len() {
            let class = self.class_of(place);
            let (types, ids) = (&mut self.types[place], &self.type_ids[place]);
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

    /// A node of a pool made under these images has joined and tells its memory.
    pub(super) fn discover(&mut self, pool: usize, images: u64, kind: InstanceTypeId) {
        let model = self.pool(pool);
        let current = self.hashes(model).image == images;
        if current && self.class_of(pool).real_memory.is_some() {
            self.discovered.insert((model.class, images, kind));
        }
    }

    /// The memory of a node of this type as Karpenter has learned it (spec/karpenter.md 2.1).
    pub(super) fn known_memory(&self, pool: usize, kind: InstanceTypeId) -> Option<RealMemory> {
        let model = self.pool(pool);
        let known = (model.class, self.hashes(model).image, kind);
        let real = self.class_of(pool).real_memory.as_ref()?;
        self.discovered.contains(&known).then(|| real[kind.index()])
    }

    /// The list of types is made anew: with the memory that nodes have told.
    fn remeasure(&mut self) {
        for pool in 0..self.types.len() {
            let class = self.class_of(pool);
            if class.real_memory.is_none() {
                continue;
            }
            for place in 0..self.types[pool].len() {
                let id = self.type_ids[pool][place];
                let told = self.known_memory(pool, id);
                let assumed = &class.types[id.index()];
                let shown = &mut self.types[pool][place];
                (shown.capacity, shown.allocatable) = (assumed.capacity, assumed.allocatable);
                if let Some(real) = told {
                    real.replace_in(&mut shown.capacity, &mut shown.allocatable);
                }
            }
        }
    }

    fn reprice(&mut self, market: &mut SpotMarket) {
        let at = self.price_cache.looked_up();
        for (types, ids) in self.types.iter_mut().zip(&self.type_ids) {
            for (kind, &instance_type) in types.iter_mut().zip(ids) {
                let spot = |offering: &&mut Offering| offering.capacity_type == CapacityType::Spot;
                for offering in kind.offerings.iter_mut().filter(spot) {
                    let zone = offering.zone;
                    offering.price = market.price(
                        Pool {
                            instance_type,
                            zone,
                        },
                        at,
                    );
                }
            }
        }
    }

    /// A NodePool as it is now.
    pub(super) fn pool(&self, place: usize) -> &'s NodePoolModel {
        self.model.pool(place, self.pool_revisions[place])
    }

    /// NodePools as they are now, by place.
    pub(super) fn pools(&self) -> impl Iterator<Item = &'s NodePoolModel> {
        (0..self.pool_revisions.len()).map(|place| self.pool(place))
    }

    /// The class of a NodePool as it is now.
    pub(super) fn class_of(&self, pool: usize) -> &'s NodeClassModel {
        let class = self.pool(pool).class;
        self.model.class(class, self.class_revisions[class])
    }

    /// Which text of a NodePool counts now.
    pub(super) fn pool_revision(&self, place: usize) -> Revision {
        self.pool_revisions[place]
    }

    /// Which text of a class counts now.
    pub(super) fn class_revision(&self, place: usize) -> Revision {
        self.class_revisions[place]
    }

    /// What a claim of this NodePool launched now would be made from.
    pub(super) fn hashes(&self, pool: &NodePoolModel) -> Hashes {
        let class = self
            .model
            .class(pool.class, self.class_revision(pool.class));
        let of_family = |family: &&AmiFamily| **family == class.image_family;
        let releases = match class.images.newest {
            true => self.releases.iter().filter(of_family).count(),
            false => 0,
        };
        Hashes {
            template: pool.template_hash,
            class: class.hash,
            image: class.images.hash.wrapping_add(releases as u64),
            security_groups: class.security_groups_hash,
        }
    }

    /// A manifest is applied.
    pub(super) fn change(&mut self, change: usize) {
        let revision = Revision(Some(change));
        match &self.model.changes[change] {
            Change::Pool(place, _) => {
                self.pool_revisions[*place] = revision;
                self.budgets[*place] = budgets(self.pool(*place));
            }
            Change::Class(place, _) => self.class_revisions[*place] = revision,
        }
        for place in 0..self.types.len() {
            let class = self.class_of(place);
            let fresh = self.type_ids[place]
                .iter()
                .map(|id| class.types[id.index()].clone());
            self.types[place] = fresh.collect();
        }
        self.seen_sequence = UNSEEN;
        self.price_cache.forget();
    }

    /// New images of a family have been noticed.
    pub(super) fn notice_release(&mut self, family: AmiFamily) {
        self.releases.push(family);
    }

    /// Whether the NodePool keeps a number of nodes, and the gate for that is open.
    pub(super) fn is_static(&self, place: usize) -> bool {
        self.model.static_capacity && self.model.pools[place].replicas.is_some()
    }

    /// The place of a NodePool among those of a problem.
    pub(super) fn place_in_problem(&self, pool: usize) -> Option<usize> {
        self.dynamic.binary_search(&pool).ok()
    }

    /// The claim a static NodePool's template makes: any type its requirements leave, since the launch will choose.
    pub(super) fn template_claim(&self, place: usize) -> NewClaim {
        NewClaim {
            pool: place,
            requirements: self.pool(place).requirements.clone(),
            types: (0..self.types[place].len()).collect(),
            requests: Resources::ZERO,
            pods: Vec::new(),
            min_values_relaxed: false,
        }
    }

    /// The pools of a problem, as of now: those that are not static.
    pub(super) fn templates(&self) -> Vec<PoolTemplate<'_>> {
        let template = |(pool, types): (&NodePoolModel, _)| PoolTemplate {
            name: pool.symbol,
            weight: pool.weight,
            labels: pool.labels.clone(),
            requirements: pool.requirements.clone(),
            taints: pool.taints.clone(),
            limits: limits(pool),
            types,
        };
        let dynamic = self.dynamic.iter();
        dynamic
            .map(|&place| template((self.pool(place), &self.types[place])))
            .collect()
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

/// The types that a pool's own requirements leave in any of its revisions, in the order of the catalog (spec/karpenter.md 1.3).
fn candidate_types<'s>(
    model: &'s KarpenterModel,
    place: usize,
    symbols: &Symbols,
) -> Vec<(InstanceTypeId, &'s InstanceType)> {
    let types = &model.classes[model.pools[place].class].types;
    let left = |kind: &InstanceType, pool: &NodePoolModel| {
        kind.requirements
            .conflict(&pool.requirements, symbols)
            .is_none()
    };
    let all = (0..).map(InstanceTypeId).zip(types);
    all.filter(|(_, kind)| model.revisions(place).any(|pool| left(kind, pool)))
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

/// The limits of a pool.
pub(super) fn limits(pool: &NodePoolModel) -> Limits {
    Limits {
        resources: pool.limits.clone(),
        nodes: pool.limit_nodes.map(i64::from),
    }
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
        narrows_capacity_types: !consolidation_simulation,
        claim_types: model.version.claim_types(),
        reserved_capacity: model.reserved_capacity,
        ..Options::default()
    }
}
