//! Which instance types do the requirements of a NodePool leave?

use std::collections::BTreeSet;

use crate::api::label::normalized;
use crate::api::objects::karpenter::NodePool;
use crate::api::{Requirement, Requirements, Symbol};
use crate::cloud::InstanceType;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::NodeClassModel;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::selector::{Grammar, expression};

/// Whether a type can be bought under the requirements.
pub(in crate::scenario::resolve) fn suits(
    cx: &Context<'_>,
    kind: &InstanceType,
    requirements: &Requirements,
) -> bool {
    let symbols = &cx.symbols;
    let offered = |offering: &crate::cloud::Offering| {
        offering.available
            && offering
                .requirements
                .conflict(requirements, symbols)
                .is_none()
    };
    kind.requirements.conflict(requirements, symbols).is_none()
        && kind.offerings.iter().any(offered)
}

/// Reports requirements that leave no type, by the one that took the last, and `minValues` that cannot be had.
pub(super) fn check(
    cx: &mut Context<'_>,
    path: &str,
    pool: &NodePool,
    class: &NodeClassModel,
    requirements: &Requirements,
    best_effort: bool,
) {
    let left: Vec<&InstanceType> = class
        .types
        .iter()
        .filter(|kind| suits(cx, kind, requirements))
        .collect();
    if left.is_empty() {
        blame(cx, path, pool, class);
        return;
    }
    for (key, requirement) in requirements.iter().filter(|_| !best_effort) {
        let Some(least) = requirement.min_values() else {
            continue;
        };
        let distinct = distinct_values(&left, key, requirement, cx);
        if distinct < least as usize {
            let name = cx.symbols.name(key).into_owned();
            let place = pool
                .spec
                .template
                .spec
                .requirements
                .iter()
                .position(|term| normalized(&term.key) == name && term.min_values.is_some());
            let at = format!("{path}.requirements[{}].minValues", place.unwrap_or(0));
            let what =
                format!("is {least}, and the requirements leave {distinct} values of `{name}`");
            cx.expected(&at, what, format!("expected at most {distinct}"));
        }
    }
}

fn distinct_values(
    types: &[&InstanceType],
    key: Symbol,
    requirement: &Requirement,
    cx: &Context<'_>,
) -> usize {
    let values = types.iter().filter_map(|kind| kind.requirements.get(key));
    let values = values.flat_map(|of_type| of_type.values().iter().copied());
    let allowed: BTreeSet<Symbol> = values
        .filter(|&value| requirement.has(value, &cx.symbols))
        .collect();
    allowed.len()
}

/// Adds one requirement after the other, and blames the one after which nothing is left.
fn blame(cx: &mut Context<'_>, path: &str, pool: &NodePool, class: &NodeClassModel) {
    let mut so_far = Requirements::new();
    let mut left = class
        .types
        .iter()
        .filter(|kind| suits(cx, kind, &so_far))
        .count();
    for (place, term) in pool.spec.template.spec.requirements.iter().enumerate() {
        let at = format!("{path}.requirements[{place}]");
        // Its mistakes are known: only a sound requirement takes anything away.
        let Some((key, set)) = expression(cx, &at, term, Grammar::NodePool) else {
            continue;
        };
        so_far.add(key, &set, &cx.symbols);
        let now = class
            .types
            .iter()
            .filter(|kind| suits(cx, kind, &so_far))
            .count();
        if now == 0 {
            let message = format!(
                "NodePool `{}` leaves no instance type: {left} are left before the requirement on `{}`, none after it",
                pool.metadata.name, term.key
            );
            cx.push(
                Diagnostic::error(cx.span(&at), message).expected(
                    "expected one that some type of the region meets, with those before it",
                ),
            );
            return;
        }
        left = now;
    }
    let what = format!(
        "of NodePool `{}` leave no instance type",
        pool.metadata.name
    );
    cx.error(&format!("{path}.requirements"), what);
}
