//! What is a node by itself, and what does a template have against it before any pod runs there?

use super::constants::UNSCHEDULABLE_TAINT;
use super::tally::Inclusion;
use crate::api::taint::tolerated;
use crate::api::{Effect, LabelSet, Resources, Symbol, Symbols, Taint};
use crate::cluster::{PodTemplate, TemplateId};
use crate::des::SimTime;

/// A node as the scheduler sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NodeInfo {
    /// Its labels, host name and zone among them.
    pub labels: LabelSet,
    /// Its taints.
    pub taints: Vec<Taint>,
    /// What pods may use, in the units of [`Resource`]; at most 2⁵⁶ of each.
    pub allocatable: Resources,
    /// Whether it is cordoned.
    pub unschedulable: bool,
    /// Images it holds, with their size on disk in bytes; the kubelet reports at most 50.
    pub images: Vec<(Symbol, u64)>,
}

/// A pod that is placed on a node, or assumed to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PodInfo {
    /// The pod.
    pub key: u32,
    /// Its template.
    pub template: TemplateId,
    /// When it started, or was placed: of victims with equal priority the younger goes first.
    pub start: SimTime,
    /// Whether it is on its way out: its requests still count, but spreading does not see it.
    pub terminating: bool,
}

impl NodeInfo {
    /// Whether it is cordoned and the template does not bear that (spec/kubernetes.md 1.1).
    pub(super) fn is_cordoned_for(&self, template: &PodTemplate) -> bool {
        let bears_cordon = || {
            let cordon = Taint {
                key: UNSCHEDULABLE_TAINT.to_owned(),
                value: String::new(),
                effect: Effect::NoSchedule,
            };
            tolerated(&cordon, &template.tolerations)
        };
        self.unschedulable && !bears_cordon()
    }

    /// The first taint that keeps the template away (spec/kubernetes.md 1.7).
    pub(super) fn intolerable(&self, template: &PodTemplate) -> Option<&Taint> {
        let mut taints = self.taints.iter();
        taints.find(|taint| {
            taint.effect != Effect::PreferNoSchedule && !tolerated(taint, &template.tolerations)
        })
    }

    /// How many taints the template would rather avoid (spec/kubernetes.md 1.7).
    pub(super) fn unwelcome(&self, template: &PodTemplate) -> i64 {
        let taints = self.taints.iter();
        let unwelcome = taints.filter(|taint| {
            taint.effect == Effect::PreferNoSchedule && !tolerated(taint, &template.tolerations)
        });
        unwelcome.count() as i64
    }

    /// Sum of the weights of the template's preferred terms that match (spec/kubernetes.md 1.8).
    pub(super) fn preference(&self, template: &PodTemplate, symbols: &Symbols) -> i64 {
        let terms = template.preferred_node_terms.iter();
        terms
            .filter(|(_, term)| term.matches(&self.labels, symbols))
            .map(|&(weight, _)| i64::from(weight))
            .sum()
    }

    /// Whether the inclusion policies of the template that spreads let it take part (spec/kubernetes.md 1.9).
    pub(super) fn is_included(
        &self,
        inclusion: &Inclusion,
        template: &PodTemplate,
        symbols: &Symbols,
    ) -> bool {
        (!inclusion.honor_affinity || template.node_matches(&self.labels, symbols))
            && (!inclusion.honor_taints || self.intolerable(template).is_none())
    }
}
