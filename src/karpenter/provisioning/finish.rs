//! What is written down at the end of a pass: claims with their types cheapest first, and the pods without a place (1.10, 1.14).

use std::collections::BTreeMap;

use super::bits::Bits;
use super::draws::Attempt;
use super::narrowing::SetId;
use super::pass::{Failure, Pass};
use super::places::Claim;
use super::plan::{Cause, NewClaim, NodeFailures, Plan, PoolFailure, Reason};
use super::pool::{Shortage, allowed_offerings, cheapest};
use super::problem::MinValuesPolicy;
use super::queue::Queue;
use crate::api::{Requirement, Requirements, key};
use crate::cloud::{CapacityType, InstanceType};

/// How a requirement set ranks the types of a pool, and what it lets a launch try of each.
#[derive(Debug)]
struct Ranking {
    /// All types by the price of the cheapest offering allowed; equals in drawn order (0.3 item 2).
    by_price: Vec<usize>,
    /// By type: the capacity types of its available offerings allowed, a bit each.
    capacity_types: Vec<u8>,
}

/// Every capacity type, in the order of the bits.
const CAPACITY_TYPES: [CapacityType; 3] = [
    CapacityType::Reserved,
    CapacityType::Spot,
    CapacityType::OnDemand,
];

/// Upstream's claims of a pool share one map of annotations, so the last claim made says of all whether `minValues` was lowered.
fn share_annotations(claims: &mut [Claim]) {
    let mut last = BTreeMap::new();
    for claim in claims.iter_mut().rev() {
        claim.min_values_relaxed = *last.entry(claim.pool).or_insert(claim.min_values_relaxed);
    }
}

impl Pass<'_> {
    /// The plan; `queue` holds the pods without a place.
    pub(super) fn finish(mut self, queue: Queue) -> Plan {
        let mut plan = Plan {
            existing: std::mem::take(&mut self.placed_on_nodes),
            relaxed: std::mem::take(&mut self.relaxed),
            ..Plan::default()
        };
        let mut reasons: BTreeMap<Failure, Reason> = BTreeMap::new();
        for place in queue.into_rest() {
            let pod = &self.problem.pods[place];
            if let Some(failure) = self.failed[place] {
                let reason = reasons
                    .entry(failure)
                    .or_insert_with(|| self.explain(pod, failure));
                plan.errors.push((pod.id, reason.clone()));
            } else {
                plan.unreached.push(pod.id);
            }
        }
        let mut rankings = BTreeMap::new();
        let mut claims = std::mem::take(&mut self.claims.claims);
        share_annotations(&mut claims);
        for mut claim in claims {
            claim.set = self.pinned_to_reservations(&claim);
            let ranking = rankings
                .entry((claim.pool, claim.set.index()))
                .or_insert_with(|| self.rank(claim.pool, claim.set));
            self.write(claim, ranking, &mut plan);
        }
        plan
    }

    /// A claim that holds reservations is launched into one of them.
    fn pinned_to_reservations(&mut self, claim: &Claim) -> SetId {
        let symbols = self.problem.symbols;
        let label = symbols.get(CapacityType::Reserved.label());
        let (Some(label), false) = (label, claim.reserved.is_empty()) else {
            return claim.set;
        };
        let mut set = self.sets.get(claim.set).clone();
        set.set(key::CAPACITY_TYPE, Requirement::of(vec![label]));
        let held = Requirement::of(claim.reserved.clone());
        set.add(key::CAPACITY_RESERVATION_ID, &held, symbols);
        self.sets.intern(set)
    }

    fn write(&mut self, claim: Claim, ranking: &Ranking, plan: &mut Plan) {
        let ranked = ranking.by_price.iter().copied();
        let types: Vec<usize> = ranked
            .filter(|&place| claim.types.has(place))
            .take(self.problem.options.claim_types)
            .collect();
        if let Some(short) = self.short_after_truncation(&claim, &types) {
            let (pool, cause) = (self.pools[claim.pool].index, Cause::from(short));
            let reason = Reason {
                nodes: NodeFailures::default(),
                pools: vec![PoolFailure { pool, cause }],
            };
            let errors = claim.pods.iter().map(|&pod| (pod, reason.clone()));
            plan.errors.extend(errors);
            return;
        }
        let pool = &self.pools[claim.pool];
        // The order of the map is one for all claims of the pool.
        self.draws.return_to(Attempt::default());
        self.draws.at(claim.pool as u64);
        self.draws.begin(0);
        let overhead = pool.least_overhead(&claim.types, &mut self.draws);
        plan.claims.push(NewClaim {
            pool: pool.index,
            requirements: self.written_requirements(&claim, &types, ranking),
            types,
            requests: claim.requests + overhead,
            pods: claim.pods,
            min_values_relaxed: claim.min_values_relaxed,
        });
    }

    fn rank(&self, pool: usize, at: SetId) -> Ranking {
        let (types, set) = (self.pools[pool].types, self.sets.get(at));
        let mut by_price: Vec<usize> = (0..types.len()).collect();
        by_price.sort_by_cached_key(|&place| {
            let price = cheapest(&types[place], set, self.problem.symbols);
            (price.is_none(), price, self.draws.rank_of_type(place))
        });
        let bits = |instance_type: &InstanceType| {
            allowed_offerings(instance_type, set, self.problem.symbols)
                .map(|offering| 1 << offering.capacity_type as u8)
                .fold(0, |all, bit: u8| all | bit)
        };
        Ranking {
            by_price,
            capacity_types: types.iter().map(bits).collect(),
        }
    }

    fn short_after_truncation(&mut self, claim: &Claim, types: &[usize]) -> Option<Shortage> {
        if self.problem.options.min_values_policy == MinValuesPolicy::BestEffort {
            return None;
        }
        let all = self.pools[claim.pool].types;
        let mask = self.pools[claim.pool].mask(claim.set, &self.sets, self.problem.symbols);
        if !mask.wants_values() {
            return None;
        }
        let mut kept = Bits::none(all.len());
        types.iter().for_each(|&place| kept.insert(place));
        mask.min_values_short(&kept, all).first().copied()
    }

    /// The claim's requirements with the names of its types and the capacity types they are available as; what was only simulated
    /// for DaemonSets goes.
    fn written_requirements(
        &self,
        claim: &Claim,
        types: &[usize],
        ranking: &Ranking,
    ) -> Requirements {
        let (all, symbols) = (self.pools[claim.pool].types, self.problem.symbols);
        let mut requirements = self.sets.get(claim.set).clone();
        let names = types.iter().map(|&place| all[place].name).collect();
        requirements.add(key::INSTANCE_TYPE, &Requirement::of(names), symbols);
        if self.problem.options.narrows_capacity_types {
            let bits = types
                .iter()
                .fold(0, |bits, &place| bits | ranking.capacity_types[place]);
            let available = CAPACITY_TYPES
                .into_iter()
                .filter(|&capacity_type| bits >> capacity_type as u8 & 1 == 1);
            let labels = available
                .filter_map(|capacity_type| symbols.get(capacity_type.label()))
                .collect();
            requirements.add(key::CAPACITY_TYPE, &Requirement::of(labels), symbols);
        }
        requirements.remove(key::REGISTERED);
        requirements.remove(key::INITIALIZED);
        requirements
    }
}
