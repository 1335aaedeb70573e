//! Which node does a claim become? The cheapest offering of its first type, as the fake provider of upstream's suites launches it.

use std::collections::BTreeMap;

use crate::provisioning::conformance::case::{Case, Offering, Type};
use crate::provisioning::conformance::outcome::{Claim, Selection};

const ZONE: &str = "topology.kubernetes.io/zone";
const CAPACITY_TYPE: &str = "karpenter.sh/capacity-type";
const RESERVATION: &str = "karpenter.k8s.aws/capacity-reservation-id";

/// Labels by name.
pub(super) type Labels = BTreeMap<String, String>;

/// The labels of the node, but for its hostname.
pub(super) fn labels(claim: &Claim, case: &Case) -> Labels {
    let mut labels = Labels::new();
    let pool = case.node_pools.iter().find(|p| p.name == claim.node_pool);
    if let Some(pool) = pool {
        labels.extend(pool.spec.template.metadata.labels.clone());
    }
    for selection in &claim.requirements {
        if let ("In", [value]) = (selection.operator.as_str(), selection.values.as_slice()) {
            labels.insert(selection.key.clone(), value.clone());
        }
    }
    let first = claim.types.first();
    let Some(first) = first.and_then(|name| case.types.iter().find(|t| t.name == *name)) else {
        return labels;
    };
    for (key, values) in &first.labels {
        let mut allowed = values.iter().filter(|value| allows(claim, key, value));
        if let Some(value) = allowed.next() {
            labels.insert(key.clone(), value.clone());
        }
    }
    let name = first.name.clone();
    labels.insert("node.kubernetes.io/instance-type".into(), name);
    if let Some(offering) = cheapest(first, claim) {
        labels.extend(of_offering(offering));
    }
    labels
}

/// The cheapest offering on sale that the claim allows, the first of equal ones.
fn cheapest<'a>(of: &'a Type, claim: &Claim) -> Option<&'a Offering> {
    let offerings = of.offerings.iter().flatten();
    let allowed = |offering: &&Offering| {
        let labels = of_offering(offering);
        !offering.unavailable && labels.iter().all(|(key, value)| allows(claim, key, value))
    };
    offerings
        .filter(allowed)
        .min_by(|a, b| a.price.total_cmp(&b.price))
}

fn of_offering(offering: &Offering) -> Labels {
    let mut labels = Labels::new();
    labels.insert(ZONE.to_owned(), offering.zone.clone());
    labels.insert(CAPACITY_TYPE.to_owned(), offering.capacity_type.clone());
    if let Some(reservation) = &offering.reservation {
        labels.insert(RESERVATION.to_owned(), reservation.id.clone());
    }
    labels
}

/// Whether the claim may have this value of a label.
fn allows(claim: &Claim, key: &str, value: &str) -> bool {
    let mut on_key = claim.requirements.iter().filter(|r| r.key == key);
    on_key.all(|selection| holds(selection, value))
}

fn holds(selection: &Selection, value: &str) -> bool {
    let listed = selection.values.iter().any(|v| v == value);
    let bound = || {
        let bound = selection.values[0].parse::<i64>();
        Some((value.parse::<i64>().ok()?, bound.ok()?))
    };
    match selection.operator.as_str() {
        "In" => listed,
        "NotIn" => !listed,
        "DoesNotExist" => false,
        "Gte" => bound().is_some_and(|(value, bound)| value >= bound),
        "Lte" => bound().is_some_and(|(value, bound)| value <= bound),
        _ => true,
    }
}
