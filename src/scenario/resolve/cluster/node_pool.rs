//! What is a NodePool that was admitted (spec/karpenter.md 1.3, 1.4, 6.1)?

mod types;

use std::collections::BTreeMap;

use super::hash;

use crate::api::duration::DurationOrNever;
use crate::api::objects::karpenter::{ConsolidationPolicy, NodePool, NodePoolSpec};
use crate::api::{GoDuration, LabelSet, Quantity, Requirement, Requirements, Resource, key};
use crate::des::SimDuration;
use crate::karpenter::budget::Budget;
use crate::scenario::diagnostic::{Diagnostic, did_you_mean};
use crate::scenario::model::{NodeClassModel, NodePoolModel};
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::selector::{Grammar, expression, labels};
use crate::scenario::tree::child;

pub(in crate::scenario::resolve) use types::suits;

/// `expireAfter` where absent, in hours (spec/karpenter.md 6.1).
const EXPIRE_AFTER_HOURS: u64 = 720;
/// The annotation that keeps a node from being disrupted (spec/karpenter.md 4.3).
const DO_NOT_DISRUPT: &str = "karpenter.sh/do-not-disrupt";
/// The label that names the node class.
const NODE_CLASS_LABEL: &str = "karpenter.k8s.aws/ec2nodeclass";

pub(super) fn node_pool(
    cx: &mut Context<'_>,
    path: &str,
    object: &NodePool,
    class_names: &[String],
    classes: &[Option<NodeClassModel>],
    best_effort_min_values: bool,
) -> Option<NodePoolModel> {
    let spec = &object.spec;
    let name = &object.metadata.name;
    let path = &format!("{path}.spec");
    let (limits, limit_nodes) = limits(cx, &format!("{path}.limits"), &spec.limits);
    check_budgets(cx, &format!("{path}.disruption"), spec);
    let template = &format!("{path}.template");
    let class = node_class_ref(cx, template, spec, class_names);
    let labels = pool_labels(cx, object);
    let requirements = requirements(cx, template, spec, &labels);
    let pool_spec = &spec.template.spec;
    let at = format!("{template}.spec");
    if let Some(Some(class)) = class.map(|class| &classes[class]) {
        types::check(
            cx,
            &at,
            object,
            class,
            &requirements,
            best_effort_min_values,
        );
    }
    let disruption = &spec.disruption;
    let consolidate_after = disruption
        .consolidate_after
        .unwrap_or(DurationOrNever::After(GoDuration::default()));
    let expire_after =
        pool_spec
            .expire_after
            .unwrap_or(DurationOrNever::After(GoDuration::from_secs(
                EXPIRE_AFTER_HOURS * 3_600,
            )));
    let at_after = format!("{path}.disruption.consolidateAfter");
    let expire_after = or_never(cx, &format!("{at}.expireAfter"), expire_after);
    let termination_grace = pool_spec.termination_grace_period.map(|grace| {
        let at = format!("{at}.terminationGracePeriod");
        cx.span_of_time(&at, grace)
    });
    let annotations = &spec.template.metadata.annotations;
    Some(NodePoolModel {
        name: name.clone(),
        symbol: cx.intern(name),
        replicas: spec.replicas,
        weight: spec.weight.unwrap_or(0),
        limits,
        limit_nodes,
        labels,
        requirements,
        taints: pool_spec.taints.clone(),
        startup_taints: pool_spec.startup_taints.clone(),
        class: class?,
        consolidate_after: or_never(cx, &at_after, consolidate_after),
        consolidation_policy: disruption
            .consolidation_policy
            .unwrap_or(ConsolidationPolicy::WhenEmptyOrUnderutilized),
        budgets: disruption.budgets.clone().unwrap_or_default(),
        expire_after,
        termination_grace,
        do_not_disrupt: annotations.get(DO_NOT_DISRUPT).is_some_and(|v| v == "true"),
        template_hash: hash::of_template(object, expire_after, termination_grace),
    })
}

fn limits(
    cx: &mut Context<'_>,
    path: &str,
    quantities: &BTreeMap<String, Quantity>,
) -> (Vec<(Resource, i64)>, Option<u32>) {
    let (mut limits, mut nodes) = (Vec::new(), None);
    for (name, quantity) in quantities {
        let at = child(path, name);
        match Resource::from_name(name) {
            Some(kind) => limits.push((kind, kind.amount(*quantity).max(0))),
            None if name == "nodes" => nodes = u32::try_from(quantity.units()).ok(),
            None => {
                let known = Resource::ALL.into_iter().map(Resource::name);
                let message = format!("`{at}` limits what no node here has, and never holds");
                cx.push(Diagnostic {
                    help: did_you_mean(name, known.chain(["nodes"])),
                    ..Diagnostic::warning(cx.span(&at), message)
                });
            }
        }
    }
    (limits, nodes)
}

fn check_budgets(cx: &mut Context<'_>, path: &str, spec: &NodePoolSpec) {
    let budgets = spec.disruption.budgets.as_deref().unwrap_or_default();
    for (place, budget) in budgets.iter().enumerate() {
        let path = format!("{path}.budgets[{place}]");
        if let Err(mistake) = Budget::from_manifest(budget) {
            cx.error(&path, format!("is wrong: {mistake}"));
        }
        if let Some(duration) = budget.duration {
            cx.span_of_time(&format!("{path}.duration"), duration);
        }
    }
}

fn node_class_ref(
    cx: &mut Context<'_>,
    template: &str,
    spec: &NodePoolSpec,
    class_names: &[String],
) -> Option<usize> {
    let reference = &spec.template.spec.node_class_ref;
    let path = format!("{template}.spec.nodeClassRef");
    for (field, text, wanted) in [
        ("group", &reference.group, "karpenter.k8s.aws"),
        ("kind", &reference.kind, "EC2NodeClass"),
    ] {
        let at = format!("{path}.{field}");
        let what = format!("is `{text}`, which is not simulated");
        cx.require(text == wanted, &at, &what, &format!("expected `{wanted}`"));
    }
    let place = class_names.iter().position(|name| *name == reference.name);
    if place.is_none() {
        let known = class_names.iter().map(String::as_str);
        cx.unknown(
            &format!("{path}.name"),
            "EC2NodeClass",
            &reference.name,
            known,
        );
    }
    place
}

fn pool_labels(cx: &mut Context<'_>, object: &NodePool) -> LabelSet {
    let own = &object.spec.template.metadata.labels;
    let mut labels = labels(cx, own);
    labels.insert(key::NODEPOOL, cx.intern(&object.metadata.name));
    let (class_label, class) = (
        cx.intern(NODE_CLASS_LABEL),
        cx.intern(&object.spec.template.spec.node_class_ref.name),
    );
    labels.insert(class_label, class);
    labels
}

fn requirements(
    cx: &mut Context<'_>,
    template: &str,
    spec: &NodePoolSpec,
    labels: &LabelSet,
) -> Requirements {
    let mut requirements = Requirements::new();
    for (place, term) in spec.template.spec.requirements.iter().enumerate() {
        let path = format!("{template}.spec.requirements[{place}]");
        if let Some((key, set)) = expression(cx, &path, term, Grammar::NodePool) {
            requirements.add(key, &set, &cx.symbols);
        }
    }
    for (key, value) in labels.iter() {
        requirements.add(key, &Requirement::of(vec![value]), &cx.symbols);
    }
    requirements
}

fn or_never(cx: &mut Context<'_>, path: &str, after: DurationOrNever) -> Option<SimDuration> {
    match after {
        DurationOrNever::Never => None,
        DurationOrNever::After(after) => Some(cx.span_of_time(path, after)),
    }
}
