//! Whom does a pod with priority push out? DefaultPreemption (spec/kubernetes.md 1.13).

use std::cmp::Reverse;

use super::cache::Cache;
use super::constants::{PREEMPTION_CANDIDATES_MIN, PREEMPTION_CANDIDATES_PERCENT};
use super::cycle::Attempt;
use super::failure::Failure;
use super::filter::{judge, minima};
use super::node_info::PodInfo;
use super::plugin::Rejection;
use crate::cluster::TemplateId;
use crate::des::{SimTime, Stream};

/// A PodDisruptionBudget as preemption reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisruptionBudget {
    /// Templates of the pods it covers.
    pub templates: Vec<TemplateId>,
    /// How many of them may go now (`status.disruptionsAllowed`).
    pub allowed: i64,
    /// Keys of pods already on their way out and paid for (`status.disruptedPods`).
    pub disrupted: Vec<u32>,
}

/// What a preemption would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Preemption {
    /// The slot of the node to nominate.
    pub node: u32,
    /// Keys of the pods to delete, most important first. A terminating pod among them is deleted already.
    pub victims: Vec<u32>,
    /// How many of them a budget would have kept.
    pub violations: usize,
}

/// A pod that waits for the victims on a node to leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Nomination {
    pub(super) pod: u32,
    pub(super) template: TemplateId,
    pub(super) slot: u32,
}

impl Nomination {
    /// The pod as if it were on the node.
    pub(super) fn as_pod(&self) -> PodInfo {
        PodInfo {
            key: self.pod,
            template: self.template,
            start: SimTime::MAX,
            terminating: false,
        }
    }
}

/// A node with the pods that would have to go.
struct Candidate {
    slot: u32,
    victims: Vec<PodInfo>,
    violations: usize,
}

impl Cache<'_> {
    /// Finds victims for a pod whose attempt failed, or none where eviction cannot help or the pod may not preempt.
    /// Nothing is deleted or nominated. `random` gives the offset of the search and the choice among equals.
    pub fn preempt(
        &mut self,
        attempt: Attempt,
        failure: &Failure,
        budgets: &[DisruptionBudget],
        random: &mut Stream,
    ) -> Option<Preemption> {
        let nodes = &failure.resolvable;
        if nodes.is_empty() || !self.may_preempt(attempt, failure) {
            return None;
        }
        let share = nodes.len() * PREEMPTION_CANDIDATES_PERCENT / 100;
        let wanted = share.max(PREEMPTION_CANDIDATES_MIN).min(nodes.len());
        let offset = ((random.uniform() * nodes.len() as f64) as usize).min(nodes.len() - 1);
        let mut candidates = Vec::new();
        for &slot in nodes[offset..].iter().chain(&nodes[..offset]) {
            candidates.extend(self.dry_run(attempt, slot, budgets));
            let harmless = candidates
                .iter()
                .any(|candidate: &Candidate| candidate.violations == 0);
            if harmless && candidates.len() >= wanted {
                break;
            }
        }
        let best = self.choose(&candidates, random)?;
        Some(Preemption {
            node: best.slot,
            victims: best.victims.iter().map(|pod| pod.key).collect(),
            violations: best.violations,
        })
    }

    /// Protects the room that a preemption makes for a pod until the pod is placed or the nomination cleared. Nominations of
    /// lower priority on that node are cleared; their pods are returned.
    pub fn nominate(&mut self, pod: u32, template: TemplateId, made: &Preemption) -> Vec<u32> {
        let slot = made.node;
        self.preempted.extend(&made.victims);
        let priority = self.priority(template);
        self.clear_nomination(pod);
        let templates = self.templates;
        let (lower, kept) = self.nominations.iter().partition(|other: &&Nomination| {
            other.slot == slot && templates[other.template.index()].priority < priority
        });
        let lower: Vec<Nomination> = lower;
        self.nominations = kept;
        self.nominations.push(Nomination {
            pod,
            template,
            slot,
        });
        lower.iter().map(|nomination| nomination.pod).collect()
    }

    /// Gives up the room a pod was nominated to, if it was.
    pub fn clear_nomination(&mut self, pod: u32) {
        self.nominations.retain(|nomination| nomination.pod != pod);
    }

    /// Whether policy allows it and no victims of an earlier preemption are still leaving a node that may yet take the pod.
    fn may_preempt(&self, attempt: Attempt, failure: &Failure) -> bool {
        let priority = self.priority(attempt.template);
        let mut nominations = self.nominations.iter();
        let nominated = nominations.find(|nomination| nomination.pod == attempt.pod);
        let resolvable = |nomination: &&Nomination| failure.resolvable.contains(&nomination.slot);
        let waits_for_victims = nominated.filter(resolvable).is_some_and(|nomination| {
            let mut pods = self.pods[nomination.slot as usize].iter();
            pods.any(|pod| {
                let preempted = pod.terminating && self.preempted.contains(&pod.key);
                preempted && self.priority(pod.template) < priority
            })
        });
        self.templates[attempt.template.index()].preempts && !waits_for_victims
    }

    /// The pods that have to leave one node: all of lower priority, less those that can stay.
    fn dry_run(
        &mut self,
        attempt: Attempt,
        slot: u32,
        budgets: &[DisruptionBudget],
    ) -> Option<Candidate> {
        let at = slot as usize;
        let priority = self.priority(attempt.template);
        let mut lower = self.pods[at].clone();
        lower.retain(|pod| self.priority(pod.template) < priority);
        if lower.is_empty() {
            return None;
        }
        lower.sort_by_key(|pod| self.importance(pod));
        for pod in &lower {
            self.displace(at, pod.key);
        }
        let fits = self.rejection(attempt, at).is_none();
        let mut victims = Vec::new();
        let mut violations = 0;
        let (violating, harmless) = split_by_budget(&lower, budgets);
        for (pods, violates) in [(violating, true), (harmless, false)] {
            for pod in pods {
                self.place(at, pod);
                if fits && self.rejection(attempt, at).is_some() {
                    self.displace(at, pod.key);
                    victims.push(pod);
                    violations += usize::from(violates);
                }
            }
        }
        for &pod in &victims {
            self.place(at, pod);
        }
        victims.sort_by_key(|pod| self.importance(pod));
        fits.then_some(Candidate {
            slot,
            victims,
            violations,
        })
    }

    /// The lexicographic choice among candidates; among equals each with the same probability.
    fn choose<'c>(
        &self,
        candidates: &'c [Candidate],
        random: &mut Stream,
    ) -> Option<&'c Candidate> {
        let cost = |candidate: &Candidate| {
            let priorities = candidate
                .victims
                .iter()
                .map(|pod| self.priority(pod.template));
            let highest = priorities.clone().max();
            let sum: i64 = priorities
                .clone()
                .map(|priority| i64::from(priority) + (1 << 31))
                .sum();
            let pods = candidate.victims.iter().zip(priorities);
            let first_start = pods
                .filter(|&(_, priority)| Some(priority) == highest)
                .map(|(pod, _)| pod.start)
                .min();
            let count = candidate.victims.len();
            (
                candidate.violations,
                highest,
                sum,
                count,
                Reverse(first_start),
            )
        };
        let least = candidates.iter().map(cost).min()?;
        let equals: Vec<_> = candidates
            .iter()
            .filter(|candidate| cost(candidate) == least)
            .collect();
        let place = match equals.len() {
            1 => 0,
            n => ((random.uniform() * n as f64) as usize).min(n - 1),
        };
        Some(equals[place])
    }

    /// Most important first: priority, then age.
    fn importance(&self, pod: &PodInfo) -> (Reverse<i32>, SimTime, u32) {
        (Reverse(self.priority(pod.template)), pod.start, pod.key)
    }

    fn priority(&self, template: TemplateId) -> i32 {
        self.templates[template.index()].priority
    }

    /// What the filters say about a node with the pods of at least this priority nominated to it, and again as it is.
    pub(super) fn rejection(&mut self, attempt: Attempt, at: usize) -> Option<Rejection> {
        self.rejection_with_rivals(attempt, at)
            .or_else(|| self.rejection_as_is(attempt, at))
    }

    fn rejection_as_is(&mut self, attempt: Attempt, at: usize) -> Option<Rejection> {
        let mut least = std::mem::take(&mut self.scratch.minima);
        minima(self.class(attempt), &self.tallies, &mut least);
        let rejection = judge(&self.view(attempt, &least), at).err();
        self.scratch.minima = least;
        rejection
    }

    /// What the filters say once the rivals nominated to a node are on it; nothing if there are none.
    pub(super) fn rejection_with_rivals(
        &mut self,
        attempt: Attempt,
        at: usize,
    ) -> Option<Rejection> {
        let priority = self.priority(attempt.template);
        let rivals: Vec<_> = self
            .nominations
            .iter()
            .filter(|rival| rival.slot as usize == at && rival.pod != attempt.pod)
            .filter(|rival| self.priority(rival.template) >= priority)
            .map(Nomination::as_pod)
            .collect();
        if rivals.is_empty() {
            return None;
        }
        rivals.iter().for_each(|&rival| self.place(at, rival));
        let rejection = self.rejection_as_is(attempt, at);
        for rival in rivals {
            self.displace(at, rival.key);
        }
        rejection
    }
}

/// Pods whose eviction would take a budget below zero, and the others. Pods come most important first, and each that is not
/// paid for already uses up one disruption of every budget that covers it.
fn split_by_budget(pods: &[PodInfo], budgets: &[DisruptionBudget]) -> (Vec<PodInfo>, Vec<PodInfo>) {
    let mut allowed: Vec<_> = budgets.iter().map(|budget| budget.allowed).collect();
    pods.iter().partition(|pod| {
        let mut violates = false;
        for (budget, allowed) in budgets.iter().zip(&mut allowed) {
            if budget.templates.contains(&pod.template) && !budget.disrupted.contains(&pod.key) {
                *allowed -= 1;
                violates |= *allowed < 0;
            }
        }
        violates
    })
}
