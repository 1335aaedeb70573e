//! Machines that have more memory than Karpenter takes them for, until it has seen one.

use karpsim::metrics::RunResult;

use crate::lab::fleet::{Fleet, ended, secs};
use crate::lab::scenario;

const HOUR: u64 = 3_600;

/// Four pods on machines of 8 GiB: one fits what Karpenter takes a machine for, two fit what it is. After an hour AWS ends every machine.
fn four(market: &'static str) -> RunResult {
    let fleet = Fleet {
        types: "[m7g.large]",
        replicas: 4,
        disruption: "{consolidateAfter: 30s, budgets: [{nodes: \"100%\"}]}",
        events: "[{at: 1h, interruption: {kind: instanceTerminated, nodePool: pool, nodes: 4}}]",
        duration: "2h",
        market,
        ..Fleet::default()
    };
    let text = fleet.to_string();
    let asking = text.replace("cpu: 1500m, memory: 2Gi", "cpu: 500m, memory: 3500Mi");
    assert_ne!(asking, text);
    karpsim::sim::run(&scenario(&asking), 1, |_| {})
}

/// Nodes created before and after the hour, and those that run at the end.
fn created(result: &RunResult) -> (usize, usize, usize) {
    let early = result
        .nodes
        .iter()
        .filter(|node| secs(node.created_us) < HOUR);
    let early = early.count();
    (
        early,
        result.nodes.len() - early,
        ended(result, "running").len(),
    )
}

#[test]
fn what_is_taken_for_true_is_true_where_the_scenario_says_nothing() {
    assert_eq!(created(&four("{spot: {model: calm}}")), (4, 4, 4));
}

#[test]
fn nodes_have_what_they_have_and_karpenter_learns_it() {
    let result = four("{spot: {model: calm}, memoryOverhead: 0.03}");
    let superfluous = ended(&result, "empty").len() + ended(&result, "underutilized").len();
    assert_eq!(superfluous, 2, "two pods fit on one after all");
    assert_eq!(
        created(&result),
        (4, 2, 2),
        "later claims are planned for what is known"
    );
}
