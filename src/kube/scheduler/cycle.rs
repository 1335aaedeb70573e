//! One attempt: search nodes until enough are feasible, score them, pick one (spec/kubernetes.md 1.3, 1.4).

use super::cache::Cache;
use super::class::Class;
use super::constants::{
    MIN_FEASIBLE_NODES, SEARCH_NODES_PER_PERCENT, SEARCH_PERCENT_BASE, SEARCH_PERCENT_MIN,
};
use super::failure::{Failure, Reason};
use super::filter::{View, judge, minima};
use super::plugin::{Plugin, PluginSet, Rejection};
use super::profile::TieBreak;
use super::score::{Inputs, Scores, score};
use crate::cluster::TemplateId;
use crate::des::Stream;

/// A pod that wants a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// The pod.
    pub pod: u32,
    /// Its template.
    pub template: TemplateId,
    /// The slot of the only node it may go to, for pods of DaemonSets.
    pub pinned: Option<u32>,
}

/// A successful attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chosen {
    /// The slot of the node.
    pub node: u32,
    /// Its weighted score, 0 to 1200; none if it was the only feasible node and so was not scored.
    pub score: Option<i64>,
    /// Nodes examined.
    pub evaluated: usize,
    /// Of them feasible.
    pub feasible: usize,
}

/// Buffers that outlive an attempt, so that none allocates.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    pub(super) feasible: Vec<u32>,
    pub(super) refused: Vec<(u32, Rejection)>,
    pub(super) minima: Vec<u32>,
    /// Nodes that fail once the pods nominated to them are there.
    blocked: Vec<(u32, Rejection)>,
    pub(super) scores: Scores,
    heap: Vec<usize>,
}

/// How many feasible nodes end the search in a cluster of `nodes` (spec/kubernetes.md 1.3). Not monotonic.
#[must_use]
pub fn feasible_nodes_wanted(nodes: usize) -> usize {
    if nodes < MIN_FEASIBLE_NODES {
        return nodes;
    }
    let percent = SEARCH_PERCENT_BASE.saturating_sub(nodes / SEARCH_NODES_PER_PERCENT);
    let wanted = nodes * percent.max(SEARCH_PERCENT_MIN) / 100;
    wanted.max(MIN_FEASIBLE_NODES)
}

impl<'s> Cache<'s> {
    /// Finds a node for a pod and moves the start of the next search. The pod is not placed: that is
    /// [`Cache::add_pod`]'s. `tie` is drawn from only where several nodes share the best score.
    ///
    /// Linear in the nodes examined; a success allocates nothing once the buffers have grown.
    pub fn schedule(&mut self, attempt: Attempt, tie: &mut Stream) -> Result<Chosen, Failure> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let result = self.attempt(attempt, tie, &mut scratch);
        self.scratch = scratch;
        result
    }

    fn attempt(
        &mut self,
        attempt: Attempt,
        tie: &mut Stream,
        scratch: &mut Scratch,
    ) -> Result<Chosen, Failure> {
        self.judge_nominated(attempt, scratch);
        minima(self.class(attempt), &self.tallies, &mut scratch.minima);
        if let Some(node) = self.nominated_node(attempt, scratch) {
            return Ok(Chosen {
                node,
                score: None,
                evaluated: 1,
                feasible: 1,
            });
        }
        let evaluated = self.search(attempt, scratch);
        match scratch.feasible.as_slice() {
            [] => Err(self.failure(attempt, &scratch.refused)),
            &[node] => Ok(Chosen {
                node,
                score: None,
                evaluated,
                feasible: 1,
            }),
            feasible => {
                score(
                    &self.inputs(attempt, &scratch.minima),
                    feasible,
                    &mut scratch.scores,
                );
                let totals = &scratch.scores.totals;
                let best = match self.profile.tie_break {
                    TieBreak::Heap => top_of_heap(totals, &mut scratch.heap),
                    tie_break => pick(totals, tie_break, tie),
                };
                Ok(Chosen {
                    node: feasible[best],
                    score: Some(scratch.scores.totals[best]),
                    evaluated,
                    feasible: feasible.len(),
                })
            }
        }
    }

    /// Collects feasible nodes from the rotating start until there are enough, which shows when one more is found: that one is
    /// left out, the nodes refused before it are not. Returns how many nodes were examined.
    pub(super) fn search(&mut self, attempt: Attempt, scratch: &mut Scratch) -> usize {
        scratch.feasible.clear();
        scratch.refused.clear();
        self.tree.order();
        let view = self.view(attempt, &scratch.minima);
        let candidates = self.candidates(&attempt);
        let wanted = feasible_nodes_wanted(candidates.len());
        let start = self.next_start % candidates.len().max(1);
        let (last, first) = candidates.split_at(start);
        let mut evaluated = 0;
        for &slot in first.iter().chain(last) {
            let rejection = blocker(&scratch.blocked, slot);
            if let Some(rejection) = rejection.or_else(|| judge(&view, slot as usize).err()) {
                scratch.refused.push((slot, rejection));
            } else if scratch.feasible.len() < wanted {
                scratch.feasible.push(slot);
            } else {
                break;
            }
            evaluated += 1;
        }
        self.next_start = (self.next_start + evaluated) % self.node_count.max(1);
        evaluated
    }

    /// The nodes PreFilter leaves over, in the order of the tree, which must be fresh.
    fn candidates<'a>(&'a self, attempt: &'a Attempt) -> &'a [u32] {
        match &attempt.pinned {
            None => self.tree.listed(),
            Some(slot) if self.node(*slot).is_some() => std::slice::from_ref(slot),
            Some(_) => &[],
        }
    }

    /// The node an earlier preemption made room on, if it takes the pod now.
    fn nominated_node(&self, attempt: Attempt, scratch: &Scratch) -> Option<u32> {
        let mut nominations = self.nominations.iter();
        let slot = nominations
            .find(|nomination| nomination.pod == attempt.pod)?
            .slot;
        let view = self.view(attempt, &scratch.minima);
        let fits = judge(&view, slot as usize).is_ok() && blocker(&scratch.blocked, slot).is_none();
        fits.then_some(slot)
    }

    /// Finds the nodes that carry nominations of at least this pod's priority and fail with the nominated pods on them.
    pub(super) fn judge_nominated(&mut self, attempt: Attempt, scratch: &mut Scratch) {
        scratch.blocked.clear();
        for place in 0..self.nominations.len() {
            let slot = self.nominations[place].slot;
            let rejection = self.rejection_with_rivals(attempt, slot as usize);
            scratch
                .blocked
                .extend(rejection.map(|rejection| (slot, rejection)));
        }
    }

    /// Sums up why every candidate was refused.
    fn failure(&self, attempt: Attempt, refused: &[(u32, Rejection)]) -> Failure {
        let resolvable = refused
            .iter()
            .filter(|(_, rejection)| !rejection.is_unresolvable());
        let mut failure = Failure {
            nodes: self.node_count as u32,
            reasons: Vec::new(),
            plugins: PluginSet::EMPTY,
            resolvable: resolvable.map(|&(slot, _)| slot).collect(),
        };
        let mut rejections: Vec<(Rejection, u32)> = Vec::new();
        for &(_, rejection) in refused {
            match rejections.iter_mut().find(|(known, _)| *known == rejection) {
                Some((_, nodes)) => *nodes += 1,
                None => rejections.push((rejection, 1)),
            }
        }
        for (rejection, nodes) in rejections {
            failure.plugins = failure.plugins.with(rejection.plugin());
            self.explain(rejection, |reason| failure.count(reason, nodes));
        }
        let elsewhere = self.node_count - refused.len();
        if attempt.pinned.is_some() && elsewhere > 0 {
            failure.plugins = failure.plugins.with(Plugin::NodeAffinity);
            failure.count(Reason::NotThePinnedNode, elsewhere as u32);
        }
        failure
    }

    /// Says a rejection in words: one reason, or one for each kind of resource that is short.
    pub(super) fn explain(&self, rejection: Rejection, mut say: impl FnMut(Reason)) {
        say(match rejection {
            Rejection::Insufficient { kinds, .. } => {
                return kinds
                    .iter()
                    .for_each(|kind| say(Reason::Insufficient(kind)));
            }
            Rejection::Taint(place) => {
                Reason::UntoleratedTaint(self.taints[place as usize].clone())
            }
            Rejection::Cordoned => Reason::Cordoned,
            Rejection::NodeAffinity => Reason::NodeAffinity,
            Rejection::HostPorts => Reason::HostPorts,
            Rejection::SpreadLabelMissing => Reason::SpreadLabelMissing,
            Rejection::SpreadSkew => Reason::SpreadSkew,
            Rejection::AffinityUnmet => Reason::AffinityUnmet,
            Rejection::AntiAffinity => Reason::AntiAffinity,
            Rejection::AntiAffinityOfOthers => Reason::AntiAffinityOfOthers,
        });
    }

    pub(super) fn class(&self, attempt: Attempt) -> &Class {
        &self.classes[attempt.template.index()]
    }

    pub(super) fn view<'a>(&'a self, attempt: Attempt, minima: &'a [u32]) -> View<'a> {
        View {
            class: self.class(attempt),
            columns: &self.columns,
            topologies: &self.topologies,
            tallies: &self.tallies,
            minima,
        }
    }

    pub(super) fn inputs<'a>(&'a self, attempt: Attempt, minima: &'a [u32]) -> Inputs<'a> {
        Inputs {
            view: self.view(attempt, minima),
            images: &self.images,
            nodes: self.node_count,
            balance_gain: self.profile.scores_balance_gain(),
        }
    }
}

fn blocker(blocked: &[(u32, Rejection)], slot: u32) -> Option<Rejection> {
    let mut blocked = blocked.iter();
    blocked
        .find(|(at, _)| *at == slot)
        .map(|&(_, rejection)| rejection)
}

/// The place that ends on top when a binary heap is made of the scores, the highest first, from the last parent to the first.
/// Among equal children the left one rises, and neither rises above an equal parent.
fn top_of_heap(totals: &[i64], heap: &mut Vec<usize>) -> usize {
    heap.clear();
    heap.extend(0..totals.len());
    let better = |a: usize, b: usize| totals[a] > totals[b];
    for parent in (0..heap.len() / 2).rev() {
        let mut at = parent;
        while 2 * at + 1 < heap.len() {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let rising = right < heap.len() && better(heap[right], heap[left]);
            let child = if rising { right } else { left };
            if !better(heap[child], heap[at]) {
                break;
            }
            heap.swap(at, child);
            at = child;
        }
    }
    heap[0]
}

/// The place of the best score; among equals each with the same probability, or the first.
fn pick(totals: &[i64], tie_break: TieBreak, tie: &mut Stream) -> usize {
    let mut best = 0;
    let mut equals = 1_u32;
    for (place, &total) in totals.iter().enumerate().skip(1) {
        if total > totals[best] {
            (best, equals) = (place, 1);
        } else if total == totals[best] && tie_break == TieBreak::Uniform {
            equals += 1;
            // Reservoir sampling: the k-th equal replaces the choice with probability 1/k.
            if tie.uniform() * f64::from(equals) < 1.0 {
                best = place;
            }
        }
    }
    best
}
