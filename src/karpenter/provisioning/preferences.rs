//! What is left of a pod's wishes after so many refusals? Relaxation, one step per refusal (1.7).
//!
//! A relaxed pod is a value: its template and a [`Relaxation`]. Nothing is copied or changed, so all pods of a template share the steps.

use std::cmp::Reverse;

use super::problem::PreferencePolicy;
use crate::api::objects::core::WhenUnsatisfiable;
use crate::api::taint::TolerationOperator;
use crate::api::{Effect, Requirements, Symbols, Toleration};
use crate::cluster::PodTemplate;
use crate::cluster::template::{PodAffinityTerm, SpreadConstraint};

/// How many wishes of each kind have been given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Relaxation {
    /// Required node affinity terms, first to last; one always stays.
    pub required_terms: usize,
    /// Preferred pod affinity terms, heaviest first.
    pub pod_affinity: usize,
    /// Preferred pod anti-affinity terms, heaviest first.
    pub pod_anti_affinity: usize,
    /// Preferred node affinity terms, heaviest first.
    pub node_affinity: usize,
    /// Spread constraints with `ScheduleAnyway`.
    pub spreads: usize,
    /// Whether `PreferNoSchedule` taints are borne.
    pub bears_prefer_no_schedule: bool,
}

impl Relaxation {
    /// Where a pod starts.
    pub(super) fn start(template: &PodTemplate, policy: PreferencePolicy) -> Self {
        match policy {
            PreferencePolicy::Respect => Self::default(),
            PreferencePolicy::Ignore => Self {
                pod_affinity: affinity_wishes(template).count(),
                pod_anti_affinity: anti_affinity_wishes(template).count(),
                node_affinity: template.preferred_node_terms.len(),
                spreads: soft_spreads(&template.spread).count(),
                ..Self::default()
            },
        }
    }

    /// What has been given up since `start`.
    pub(super) fn beyond(self, start: Self) -> Self {
        Self {
            required_terms: self.required_terms - start.required_terms,
            pod_affinity: self.pod_affinity - start.pod_affinity,
            pod_anti_affinity: self.pod_anti_affinity - start.pod_anti_affinity,
            node_affinity: self.node_affinity - start.node_affinity,
            spreads: self.spreads - start.spreads,
            ..self
        }
    }

    /// One step further; none when there is nothing left to give up. `taints_prefer`: whether some pool has a `PreferNoSchedule` taint.
    pub(super) fn next(mut self, template: &PodTemplate, taints_prefer: bool) -> Option<Self> {
        if self.required_terms + 1 < template.required_node_terms.len() {
            self.required_terms += 1;
        } else if self.pod_affinity < affinity_wishes(template).count() {
            self.pod_affinity += 1;
        } else if self.pod_anti_affinity < anti_affinity_wishes(template).count() {
            self.pod_anti_affinity += 1;
        } else if self.node_affinity < template.preferred_node_terms.len() {
            self.node_affinity += 1;
        } else if self.spreads < soft_spreads(&template.spread).count() {
            self.spreads += 1;
        } else if taints_prefer
            && !self.bears_prefer_no_schedule
            && !template.tolerations.contains(&bears_prefer_no_schedule())
        {
            self.bears_prefer_no_schedule = true;
        } else {
            return None;
        }
        Some(self)
    }

    /// nodeSelector and the first required term that is left: what decides which domains a pod could ever use.
    pub(super) fn strict_requirements(
        &self,
        template: &PodTemplate,
        symbols: &Symbols,
    ) -> Requirements {
        let mut requirements = template.node_selector.clone();
        if let Some(term) = template.required_node_terms.get(self.required_terms) {
            requirements.add_all(term, symbols);
        }
        requirements
    }

    /// The strict requirements and the heaviest preferred node affinity term that is left.
    pub(super) fn requirements(&self, template: &PodTemplate, symbols: &Symbols) -> Requirements {
        let mut requirements = self.strict_requirements(template, symbols);
        let mut wishes: Vec<_> = template.preferred_node_terms.iter().collect();
        wishes.sort_by_key(|&&(weight, _)| Reverse(weight));
        if let Some((_, term)) = wishes.get(self.node_affinity) {
            requirements.add_all(term, symbols);
        }
        requirements
    }

    /// Required pod affinity terms and the preferred ones that are left.
    pub(super) fn pod_affinity<'a>(&self, template: &'a PodTemplate) -> Vec<&'a PodAffinityTerm> {
        let wishes = heaviest_first(affinity_wishes(template)).split_off(self.pod_affinity);
        template.pod_affinity.iter().chain(wishes).collect()
    }

    /// Required pod anti-affinity terms and the preferred ones that are left.
    pub(super) fn pod_anti_affinity<'a>(
        &self,
        template: &'a PodTemplate,
    ) -> Vec<&'a PodAffinityTerm> {
        let wishes =
            heaviest_first(anti_affinity_wishes(template)).split_off(self.pod_anti_affinity);
        template.pod_anti_affinity.iter().chain(wishes).collect()
    }

    /// The spread constraints that are left.
    pub(super) fn spread<'a>(&self, template: &'a PodTemplate) -> Vec<&'a SpreadConstraint> {
        let mut left: Vec<_> = template.spread.iter().collect();
        for _ in 0..self.spreads {
            let soft = left.iter().position(|spread| is_soft(spread));
            left.swap_remove(soft.expect("no more spread constraints are given up than are soft"));
        }
        left
    }

    /// The taints it bears.
    pub(super) fn tolerations(&self, template: &PodTemplate) -> Vec<Toleration> {
        let mut tolerations = template.tolerations.clone();
        if self.bears_prefer_no_schedule {
            tolerations.push(bears_prefer_no_schedule());
        }
        tolerations
    }
}

/// The toleration the last step adds, and every DaemonSet pod has (1.9).
pub(super) fn bears_prefer_no_schedule() -> Toleration {
    Toleration {
        operator: TolerationOperator::Exists,
        effect: Some(Effect::PreferNoSchedule),
        ..Toleration::default()
    }
}

fn is_soft(spread: &SpreadConstraint) -> bool {
    spread.when_unsatisfiable == WhenUnsatisfiable::ScheduleAnyway
}

fn soft_spreads(spread: &[SpreadConstraint]) -> impl Iterator<Item = &SpreadConstraint> {
    spread.iter().filter(|spread| is_soft(spread))
}

fn affinity_wishes(template: &PodTemplate) -> impl Iterator<Item = &(i32, PodAffinityTerm)> {
    template
        .preferred_pod_terms
        .iter()
        .filter(|(weight, _)| *weight >= 0)
}

fn anti_affinity_wishes(template: &PodTemplate) -> impl Iterator<Item = &(i32, PodAffinityTerm)> {
    template
        .preferred_pod_terms
        .iter()
        .filter(|(weight, _)| *weight < 0)
}

fn heaviest_first<'a>(
    wishes: impl Iterator<Item = &'a (i32, PodAffinityTerm)>,
) -> Vec<&'a PodAffinityTerm> {
    let mut wishes: Vec<_> = wishes.collect();
    wishes.sort_by_key(|(weight, _)| Reverse(weight.abs()));
    wishes.into_iter().map(|(_, term)| term).collect()
}
