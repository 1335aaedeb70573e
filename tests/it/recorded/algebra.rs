//! The requirement algebra (spec/karpenter.md 1.8).

use karpsim::api::{Requirement, Symbol, Symbols};
use serde::Deserialize;
use serde_json::{Value, json};

use super::agree;
use crate::cluster::written::{Operand, intern, requirements};

fn describe(set: &Requirement, symbols: &Symbols) -> Value {
    let name = |&value: &Symbol| symbols.name(value).into_owned();
    let mut values: Vec<String> = set.values().iter().map(name).collect();
    values.sort();
    let (at_least, at_most) = set.bounds();
    json!({
        "operator": format!("{:?}", set.operator()),
        "values": values,
        "atLeast": at_least,
        "atMost": at_most,
        "minValues": set.min_values(),
    })
}

#[derive(Deserialize)]
struct Pair {
    a: Operand,
    b: Operand,
    probe: Vec<String>,
}

#[test]
fn intersections_are_upstreams() {
    agree("plain", "requirement", 400, |Pair { a, b, probe }: Pair| {
        let symbols = &mut Symbols::new();
        let probe = intern(&probe, symbols);
        let (a, b) = (a.requirement(symbols), b.requirement(symbols));
        let both = a.intersection(&b, symbols);
        let has: Vec<bool> = probe.iter().map(|&v| both.has(v, symbols)).collect();
        json!({
            "a": describe(&a, symbols),
            "both": describe(&both, symbols),
            "intersects": a.intersects(&b, symbols),
            "has": has,
        })
    });
}

#[derive(Deserialize)]
struct Sides {
    node: Vec<Operand>,
    pod: Vec<Operand>,
}

#[test]
fn nodes_and_pods_agree_as_upstream() {
    agree("plain", "compatible", 300, |Sides { node, pod }: Sides| {
        let symbols = &mut Symbols::new();
        let (node, pod) = (requirements(&node, symbols), requirements(&pod, symbols));
        json!({
            "strict": node.incompatible(&pod, false, symbols).is_none(),
            "lenient": node.incompatible(&pod, true, symbols).is_none(),
            "intersects": node.conflict(&pod, symbols).is_none(),
        })
    });
}
