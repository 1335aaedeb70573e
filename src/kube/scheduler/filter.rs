//! May this pod go on this node? The filter plugins in their order; the first that refuses ends the evaluation of the node
//! (spec/kubernetes.md 1.1, 1.5, 1.7 to 1.10).

use super::class::{Class, Spread};
use super::columns::Columns;
use super::plugin::{Kinds, Rejection};
use super::tally::{NODE, Tally, TallyId};
use super::topology::{NO_DOMAIN, Topology};
use crate::api::Resource;

/// All that judging a node for one class reads.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) class: &'a Class,
    pub(super) columns: &'a Columns,
    pub(super) topologies: &'a [Topology],
    pub(super) tallies: &'a [Tally],
    /// For each hard spread constraint, the smallest count over its domains.
    pub(super) minima: &'a [u32],
}

impl View<'_> {
    /// The pods a tally counts in the domain of a node.
    #[inline]
    pub(super) fn count_at(&self, tally: TallyId, slot: usize) -> u32 {
        let tally = &self.tallies[tally];
        tally.count(self.topologies[tally.question.topology].domain_of[slot])
    }
}

/// What PreFilter works out once per attempt: the smallest counts of the hard spread constraints.
pub(super) fn minima(class: &Class, tallies: &[Tally], minima: &mut Vec<u32>) {
    minima.clear();
    let spreads = class.hard_spread.iter();
    minima.extend(spreads.map(|spread| tallies[spread.tally].minimum(spread.min_domains)));
}

/// What the first plugin that refuses the node says.
#[inline]
pub(super) fn judge(view: &View<'_>, slot: usize) -> Result<(), Rejection> {
    let class = view.class;
    if let Some(refusal) = class.refusal[slot] {
        return Err(refusal);
    }
    if class
        .ports
        .iter()
        .any(|&users| view.count_at(users, slot) > 0)
    {
        return Err(Rejection::HostPorts);
    }
    fit(&class.requests, view.columns, slot)?;
    for (spread, &minimum) in class.hard_spread.iter().zip(view.minima) {
        skew(view, spread, minimum, slot)?;
    }
    company(view, slot)
}

/// NodeResourcesFit (1.5). `requests` has no zeros.
#[inline]
fn fit(requests: &[(Resource, i64)], columns: &Columns, slot: usize) -> Result<(), Rejection> {
    let mut kinds = Kinds::default();
    let mut never = false;
    for &(kind, amount) in requests {
        if amount > columns.free[kind as usize][slot] {
            let allocatable = columns.allocatable[kind as usize][slot];
            kinds.insert(kind);
            // The count of pods is not a request: a node without room for pods counts as merely full.
            never |= kind != Resource::Pods && amount > allocatable;
        }
    }
    if kinds.is_empty() {
        return Ok(());
    }
    Err(Rejection::Insufficient { kinds, never })
}

/// PodTopologySpread (1.9).
fn skew(view: &View<'_>, spread: &Spread, minimum: u32, slot: usize) -> Result<(), Rejection> {
    let domain = view.topologies[spread.topology].domain_of[slot];
    if domain == NO_DOMAIN {
        return Err(Rejection::SpreadLabelMissing);
    }
    let with_pod = view.tallies[spread.tally].count(domain) + u32::from(spread.counts_itself);
    if with_pod > spread.max_skew.saturating_add(minimum) {
        return Err(Rejection::SpreadSkew);
    }
    Ok(())
}

/// InterPodAffinity (1.10).
fn company(view: &View<'_>, slot: usize) -> Result<(), Rejection> {
    let class = view.class;
    if !class.affinity.is_empty() {
        let domain_is_there = |&tally: &TallyId| {
            let topology = view.tallies[tally].question.topology;
            debug_assert_ne!(topology, NODE, "affinity names a label");
            view.topologies[topology].has(slot)
        };
        let has_company = |&tally: &TallyId| view.count_at(tally, slot) > 0;
        let first_of_series = || {
            class.is_its_own_company
                && class
                    .affinity
                    .iter()
                    .all(|&tally| view.tallies[tally].total == 0)
        };
        let met = class.affinity.iter().all(domain_is_there)
            && (class.affinity.iter().all(has_company) || first_of_series());
        if !met {
            return Err(Rejection::AffinityUnmet);
        }
    }
    let met_by_any =
        |tallies: &[TallyId]| tallies.iter().any(|&tally| view.count_at(tally, slot) > 0);
    if met_by_any(&class.anti_affinity) {
        return Err(Rejection::AntiAffinity);
    }
    if met_by_any(&class.anti_affinity_of_others) {
        return Err(Rejection::AntiAffinityOfOthers);
    }
    Ok(())
}
