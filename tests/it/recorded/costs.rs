//! What it costs to disturb pods, and when a move is worth it (spec/karpenter.md 4.4, 4.9).

use karpsim::karpenter::cost::DisruptionCost;
use karpsim::karpenter::disruption::Score;
use serde::Deserialize;

use super::agree;
use crate::cluster::written::PRICE_UNIT;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pod {
    deletion_cost: Option<i32>,
    priority: Option<i32>,
}

#[test]
fn evictions_cost_what_upstream_charges() {
    agree("plain", "eviction", 80, |pods: Vec<Pod>| {
        let cost = |pod: &Pod| {
            let (deletion, priority) = (pod.deletion_cost, pod.priority);
            DisruptionCost::of_eviction(deletion.unwrap_or(0), priority.unwrap_or(0))
        };
        pods.iter().map(|pod| cost(pod).units()).collect()
    });
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Move {
    saved: i64,
    pool_price: i64,
    disrupted: i64,
    pool_disruption: i64,
}

#[test]
fn moves_are_weighed_as_upstream() {
    agree("plain", "score", 80, |asked: Move| {
        let dollars = |n: i64| i128::from(n) * i128::from(PRICE_UNIT);
        let pods = |n: i64| (0..n).map(|_| DisruptionCost::ONE).sum();
        let score = Score {
            pool: 0,
            saved: dollars(asked.saved),
            pool_price: dollars(asked.pool_price),
            disrupted: pods(asked.disrupted),
            pool_disruption: pods(asked.pool_disruption),
        };
        score.passes().into()
    });
}
