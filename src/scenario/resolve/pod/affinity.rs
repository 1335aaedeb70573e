//! Where do the pods want to be: near which nodes, near which pods, spread over what?

use crate::api::label::normalized;
use crate::api::objects::core::{
    NodeInclusionPolicy, PodAffinityTerm as TermObject, PodSpec, TopologySpreadConstraint,
};
use crate::api::{LabelSet, Operator, Requirement, Requirements, Symbol};
use crate::cluster::template::{PodAffinityTerm, PodSelector, SpreadConstraint};
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::namespace::Namespaces;
use crate::scenario::resolve::selector::{nodes, pods};

/// The pods themselves.
pub(super) struct Home<'h> {
    pub(super) namespace: Symbol,
    pub(super) labels: &'h LabelSet,
    /// Where other pods may be.
    pub(super) all: &'h Namespaces,
}

/// Wishes of a pod, in the terms of [`PodTemplate`](crate::cluster::PodTemplate).
pub(super) struct Wishes {
    pub(super) required_nodes: Vec<Requirements>,
    pub(super) preferred_nodes: Vec<(i32, Requirements)>,
    pub(super) with_pods: Vec<PodAffinityTerm>,
    pub(super) without_pods: Vec<PodAffinityTerm>,
    pub(super) preferred_pods: Vec<(i32, PodAffinityTerm)>,
    pub(super) spread: Vec<SpreadConstraint>,
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn resolve(cx: &mut Context<'_>, path: &str, pod: &PodSpec, home: &Home<'_>) -> Wishes {
    let affinity = &pod.affinity;
    let mut wishes = Wishes {
        required_nodes: Vec::new(),
        preferred_nodes: Vec::new(),
        with_pods: Vec::new(),
        without_pods: Vec::new(),
        preferred_pods: Vec::new(),
        spread: Vec::new(),
    };
    let at = format!("{path}.affinity.nodeAffinity");
    let to_nodes = &affinity.node_affinity;
    if let Some(selector) = &to_nodes.required_during_scheduling_ignored_during_execution {
        let at = format!("{at}.{REQUIRED}.nodeSelectorTerms");
        cx.require(
            !selector.node_selector_terms.is_empty(),
            &at,
            "has no terms",
            "expected at least one",
        );
        for (place, term) in selector.node_selector_terms.iter().enumerate() {
            let term = nodes(cx, &format!("{at}[{place}]"), term);
            wishes.required_nodes.push(term);
        }
    }
    let preferred = &to_nodes.preferred_during_scheduling_ignored_during_execution;
    for (place, wish) in preferred.iter().enumerate() {
        let at = format!("{at}.{PREFERRED}[{place}]");
        let weight = weight(cx, &at, wish.weight);
        let term = nodes(cx, &format!("{at}.preference"), &wish.preference);
        wishes.preferred_nodes.push((weight, term));
    }
    for (field, to_pods, sign) in [
        ("podAffinity", &affinity.pod_affinity, 1),
        ("podAntiAffinity", &affinity.pod_anti_affinity, -1),
    ] {
        let at = format!("{path}.affinity.{field}");
        let required = &to_pods.required_during_scheduling_ignored_during_execution;
        for (place, term) in required.iter().enumerate() {
            let term = pod_term(cx, &format!("{at}.{REQUIRED}[{place}]"), term, home);
            match sign {
                1 => wishes.with_pods.push(term),
                _ => wishes.without_pods.push(term),
            }
        }
        let preferred = &to_pods.preferred_during_scheduling_ignored_during_execution;
        for (place, wish) in preferred.iter().enumerate() {
            let at = format!("{at}.{PREFERRED}[{place}]");
            let weight = sign * weight(cx, &at, wish.weight);
            let at = format!("{at}.podAffinityTerm");
            let term = pod_term(cx, &at, &wish.pod_affinity_term, home);
            wishes.preferred_pods.push((weight, term));
        }
    }
    for (place, constraint) in pod.topology_spread_constraints.iter().enumerate() {
        let at = format!("{path}.topologySpreadConstraints[{place}]");
        wishes.spread.push(spread(cx, &at, constraint, home));
    }
    wishes
}

fn weight(cx: &mut Context<'_>, path: &str, weight: i32) -> i32 {
    cx.require(
        (1..=100).contains(&weight),
        &format!("{path}.weight"),
        &format!("is {weight}"),
        "expected 1 to 100",
    );
    weight.clamp(1, 100)
}

fn pod_term(
    cx: &mut Context<'_>,
    path: &str,
    term: &TermObject,
    home: &Home<'_>,
) -> PodAffinityTerm {
    require_selector(cx, path);
    let mut selector = pods(cx, &format!("{path}.labelSelector"), &term.label_selector);
    merge_own(
        cx,
        &mut selector,
        &term.match_label_keys,
        Operator::In,
        home,
    );
    merge_own(
        cx,
        &mut selector,
        &term.mismatch_label_keys,
        Operator::NotIn,
        home,
    );
    PodAffinityTerm {
        selector,
        namespaces: namespaces(cx, path, term, home),
        topology_key: topology_key(cx, path, &term.topology_key),
    }
}

/// Those listed and those selected; the pod's own where the term says neither (spec/karpenter.md 1.11).
fn namespaces(cx: &mut Context<'_>, path: &str, term: &TermObject, home: &Home<'_>) -> Vec<Symbol> {
    let listed = term.namespaces.iter();
    let mut namespaces: Vec<Symbol> = listed.map(|name| cx.intern(name)).collect();
    if let Some(selector) = &term.namespace_selector {
        let at = format!("{path}.namespaceSelector");
        namespaces.extend(home.all.selected(cx, &at, selector));
        cx.require(
            !namespaces.is_empty(),
            &at,
            "selects no namespace of this cluster, and so the term is about no pod",
            "expected labels of a Namespace under `cluster.manifests`, or `kubernetes.io/metadata.name`",
        );
    } else if namespaces.is_empty() {
        namespaces.push(home.namespace);
    }
    namespaces.sort_unstable();
    namespaces.dedup();
    namespaces
}

/// Narrows a selector to pods that have, or have not, the pod's own values of these labels; keys it does not carry say nothing.
fn merge_own(
    cx: &mut Context<'_>,
    selector: &mut PodSelector,
    keys: &[String],
    operator: Operator,
    home: &Home<'_>,
) {
    for key in keys {
        let key = cx.intern(normalized(key));
        if let Some(value) = home.labels.get(key) {
            let own = Requirement::new(operator, &[value], &cx.symbols);
            selector.0.add(key, &own, &cx.symbols);
        }
    }
}

/// Without a selector a term or constraint is about no pod at all, which nobody means.
fn require_selector(cx: &mut Context<'_>, path: &str) {
    if cx.node(&format!("{path}.labelSelector")).is_none() {
        cx.expected(
            path,
            "has no `labelSelector` and so is about no pod",
            "expected one; `labelSelector: {}` means every pod",
        );
    }
}

fn topology_key(cx: &mut Context<'_>, path: &str, key: &str) -> Symbol {
    let at = format!("{path}.topologyKey");
    cx.require(!key.is_empty(), &at, "is empty", "expected a node label");
    cx.intern(normalized(key))
}

fn spread(
    cx: &mut Context<'_>,
    path: &str,
    constraint: &TopologySpreadConstraint,
    home: &Home<'_>,
) -> SpreadConstraint {
    require_selector(cx, path);
    let at = format!("{path}.labelSelector");
    let mut selector = pods(cx, &at, &constraint.label_selector);
    merge_own(
        cx,
        &mut selector,
        &constraint.match_label_keys,
        Operator::In,
        home,
    );
    if let Some(domains) = constraint.min_domains {
        cx.at_least_one(&format!("{path}.minDomains"), domains);
    }
    SpreadConstraint {
        max_skew: cx.at_least_one(&format!("{path}.maxSkew"), constraint.max_skew),
        topology_key: topology_key(cx, path, &constraint.topology_key),
        when_unsatisfiable: constraint.when_unsatisfiable,
        selector,
        min_domains: constraint.min_domains,
        node_affinity_policy: constraint
            .node_affinity_policy
            .unwrap_or(NodeInclusionPolicy::Honor),
        node_taints_policy: constraint
            .node_taints_policy
            .unwrap_or(NodeInclusionPolicy::Ignore),
    }
}
