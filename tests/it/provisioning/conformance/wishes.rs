//! Affinity and spread of a recorded pod.

use karpsim::api::label::normalized;
use karpsim::api::objects::core::{
    NodeInclusionPolicy, NodeSelectorTerm, PodAffinityTerm as Term, TopologySpreadConstraint,
};
use karpsim::api::objects::{LabelSelector, SelectorTerm};
use karpsim::api::{Operator, Requirement, Requirements, Symbol, Symbols};
use karpsim::cluster::PodTemplate;
use karpsim::cluster::template::{PodAffinityTerm, PodSelector, SpreadConstraint};

use super::case::{Case, Workload};

/// Key and set of one expression about a node.
pub(crate) fn expression(term: &SelectorTerm, symbols: &mut Symbols) -> (Symbol, Requirement) {
    let values: Vec<_> = term
        .values
        .iter()
        .map(|value| symbols.intern(value))
        .collect();
    let requirement = Requirement::new(term.operator, &values, symbols);
    let key = symbols.intern(normalized(&term.key));
    (key, requirement.with_min_values(term.min_values))
}

/// Reads what one pod wishes.
pub(crate) struct Reader<'a> {
    pub(crate) symbols: &'a mut Symbols,
    pub(crate) case: &'a Case,
}

impl Reader<'_> {
    pub(crate) fn read(&mut self, workload: &Workload, pod: &mut PodTemplate) {
        let affinity = &workload.spec.affinity;
        let nodes = &affinity.node_affinity;
        let required = nodes
            .required_during_scheduling_ignored_during_execution
            .iter();
        for term in required.flat_map(|selector| &selector.node_selector_terms) {
            let term = self.node_term(term);
            pod.required_node_terms.push(term);
        }
        for wish in &nodes.preferred_during_scheduling_ignored_during_execution {
            let term = self.node_term(&wish.preference);
            pod.preferred_node_terms.push((wish.weight, term));
        }
        for (pods, sign) in [
            (&affinity.pod_affinity, 1),
            (&affinity.pod_anti_affinity, -1),
        ] {
            for term in &pods.required_during_scheduling_ignored_during_execution {
                let term = self.pod_term(term, pod);
                match sign {
                    1 => pod.pod_affinity.push(term),
                    _ => pod.pod_anti_affinity.push(term),
                }
            }
            for wish in &pods.preferred_during_scheduling_ignored_during_execution {
                let term = self.pod_term(&wish.pod_affinity_term, pod);
                pod.preferred_pod_terms.push((sign * wish.weight, term));
            }
        }
        for constraint in &workload.spec.topology_spread_constraints {
            let spread = self.spread(constraint, pod);
            pod.spread.push(spread);
        }
    }

    fn node_term(&mut self, term: &NodeSelectorTerm) -> Requirements {
        let mut all = Requirements::new();
        for term in &term.match_expressions {
            let (key, requirement) = expression(term, self.symbols);
            all.add(key, &requirement, self.symbols);
        }
        all
    }

    fn selector(&mut self, selector: &LabelSelector) -> PodSelector {
        let mut all = Requirements::new();
        for (key, value) in &selector.match_labels {
            let (key, value) = (self.symbols.intern(key), self.symbols.intern(value));
            all.add(key, &Requirement::of(vec![value]), self.symbols);
        }
        for term in &selector.match_expressions {
            let values: Vec<_> = term.values.iter().map(|v| self.symbols.intern(v)).collect();
            let requirement = Requirement::new(term.operator, &values, self.symbols);
            let key = self.symbols.intern(&term.key);
            all.add(key, &requirement, self.symbols);
        }
        PodSelector(all)
    }

    fn pod_term(&mut self, term: &Term, pod: &PodTemplate) -> PodAffinityTerm {
        let mut namespaces: Vec<_> = term
            .namespaces
            .iter()
            .map(|n| self.symbols.intern(n))
            .collect();
        if let Some(selector) = &term.namespace_selector {
            for (name, labels) in &self.case.namespaces {
                let has = |key: &str| labels.as_ref().and_then(|labels| labels.get(key));
                if selector
                    .match_labels
                    .iter()
                    .all(|(key, value)| has(key) == Some(value))
                {
                    namespaces.push(self.symbols.intern(name));
                }
            }
        } else if namespaces.is_empty() {
            namespaces.push(pod.namespace);
        }
        namespaces.sort_unstable();
        namespaces.dedup();
        PodAffinityTerm {
            selector: self.selector(&term.label_selector),
            namespaces,
            topology_key: self.symbols.intern(normalized(&term.topology_key)),
        }
    }

    fn spread(
        &mut self,
        constraint: &TopologySpreadConstraint,
        pod: &PodTemplate,
    ) -> SpreadConstraint {
        let mut selector = self.selector(&constraint.label_selector);
        for key in &constraint.match_label_keys {
            let key = self.symbols.intern(key);
            if let Some(value) = pod.labels.get(key) {
                let exactly = Requirement::new(Operator::In, &[value], self.symbols);
                selector.0.add(key, &exactly, self.symbols);
            }
        }
        let policy = |policy: Option<_>, default| policy.unwrap_or(default);
        SpreadConstraint {
            max_skew: constraint.max_skew,
            topology_key: self.symbols.intern(normalized(&constraint.topology_key)),
            when_unsatisfiable: constraint.when_unsatisfiable,
            selector,
            min_domains: constraint.min_domains,
            node_affinity_policy: policy(
                constraint.node_affinity_policy,
                NodeInclusionPolicy::Honor,
            ),
            node_taints_policy: policy(constraint.node_taints_policy, NodeInclusionPolicy::Ignore),
        }
    }
}
