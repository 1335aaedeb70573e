//! What is written down at the end of a pass: claims with their types cheapest first, and the pods without a place (1.10, 1.14).

use std::collections::BTreeMap;

use super::narrowing::SetId;
use super::pass::Pass;
use super::places::Claim;
use super::plan::{Cause, NewClaim, NodeFailures, Plan, PoolFailure, Reason};
use super::pool::{Shortage, cheapest};
use super::problem::MinValuesPolicy;
use super::queue::Queue;
use crate::api::{Requirement, Requirements, Symbol, key};

/// The most types a claim lists (0.1).
pub const MAX_TYPES: usize = 600;

impl Pass<'_> {
    /// The plan; `queue` holds the pods without a place.
    pub(super) fn finish(mut self, queue: Queue) -> Plan {
        let mut plan = Plan {
            existing: self.take_placed_on_nodes(),
            ..Plan::default()
        };
        let mut reasons: BTreeMap<(usize, bool), Reason> = BTreeMap::new();
        for (place, tried) in queue.into_rest() {
            let pod = &self.problem.pods[place];
            if tried {
                let kind = (pod.template.index(), pod.ignores_protection);
                let reason = reasons.entry(kind).or_insert_with(|| self.explain(pod));
                plan.errors.push((pod.id, reason.clone()));
            } else {
                plan.unreached.push(pod.id);
            }
        }
        let mut prices = BTreeMap::new();
        for claim in std::mem::take(&mut self.claims.claims) {
            self.write(claim, &mut prices, &mut plan);
        }
        plan
    }

    fn write(
        &mut self,
        claim: Claim,
        prices: &mut BTreeMap<(usize, usize), Vec<usize>>,
        plan: &mut Plan,
    ) {
        let by_price = prices
            .entry((claim.pool, claim.set.index()))
            .or_insert_with(|| self.by_price(claim.pool, claim.set));
        let mut types: Vec<usize> = by_price
            .iter()
            .copied()
            .filter(|&place| claim.types.has(place))
            .collect();
        types.truncate(MAX_TYPES);
        if let Some(short) = self.short_after_truncation(&claim, &types) {
            let (pool, cause) = (self.pools[claim.pool].index, Cause::from(short));
            let reason = Reason {
                nodes: NodeFailures::default(),
                pools: vec![PoolFailure { pool, cause }],
            };
            plan.errors
                .extend(claim.pods.iter().map(|&pod| (pod, reason.clone())));
            return;
        }
        let pool = &self.pools[claim.pool];
        let overheads = claim
            .types
            .iter()
            .map(|place| pool.overheads[place].requests);
        let least = overheads
            .reduce(|a, b| a.min(&b))
            .expect("a claim has at least one type");
        plan.claims.push(NewClaim {
            pool: pool.index,
            requirements: self.written_requirements(&claim, &types),
            types,
            requests: claim.requests + least,
            pods: claim.pods,
            min_values_relaxed: claim.min_values_relaxed,
        });
    }

    /// All types of a pool by the price of the cheapest offering a requirement set allows; equals in drawn order (0.3 item 2).
    fn by_price(&self, pool: usize, at: SetId) -> Vec<usize> {
        let (types, set, symbols) = (
            self.pools[pool].types,
            self.sets.get(at),
            self.problem.symbols,
        );
        let mut order: Vec<usize> = (0..types.len()).collect();
        order.sort_by_cached_key(|&place| {
            let price = cheapest(&types[place], set, symbols);
            (price.is_none(), price, self.draws.rank_of_type(place))
        });
        order
    }

    fn short_after_truncation(&mut self, claim: &Claim, types: &[usize]) -> Option<Shortage> {
        if self.problem.options.min_values_policy == MinValuesPolicy::BestEffort {
            return None;
        }
        let all = self.pools[claim.pool].types;
        let mut kept = super::bits::Bits::none(all.len());
        types.iter().for_each(|&place| kept.insert(place));
        let mask = self.pools[claim.pool].mask(claim.set, &self.sets, self.problem.symbols);
        mask.min_values_short(&kept, all).first().copied()
    }

    /// The claim's requirements with the names of its types and the capacity types they are available as; what was only simulated
    /// for DaemonSets goes.
    fn written_requirements(&self, claim: &Claim, types: &[usize]) -> Requirements {
        let (all, symbols) = (self.pools[claim.pool].types, self.problem.symbols);
        let mut requirements = self.sets.get(claim.set).clone();
        let names = types.iter().map(|&place| all[place].name).collect();
        requirements.add(key::INSTANCE_TYPE, &Requirement::of(names), symbols);
        let available = types
            .iter()
            .flat_map(|&place| &all[place].offerings)
            .filter(|offering| {
                offering.available
                    && requirements
                        .incompatible(&offering.requirements, true, symbols)
                        .is_none()
            });
        let capacity = |offering: &crate::cloud::Offering| {
            offering.requirements.get(key::CAPACITY_TYPE).cloned()
        };
        let capacity_types: Vec<Symbol> = available
            .filter_map(capacity)
            .flat_map(|requirement| requirement.values().to_vec())
            .collect();
        if !capacity_types.is_empty() {
            requirements.add(
                key::CAPACITY_TYPE,
                &Requirement::of(capacity_types),
                symbols,
            );
        }
        requirements.remove(key::REGISTERED);
        requirements.remove(key::INITIALIZED);
        requirements
    }
}
