//! What the methods of the disruption controller decide about a cluster (spec/karpenter.md 4.5 to 4.9, 4.12).

use karpsim::api::{Symbol, key};
use karpsim::karpenter::disruption::{Act, ClusterState, Command, Controller, Method};
use karpsim::karpenter::provisioning::NewClaim;
use serde_json::{Value, json};

use super::agree_by_chance;
use crate::cluster::spec::ClusterSpec;
use crate::cluster::{At, Cluster, NOW};

/// Draws that show both orders of two pools in every case.
const DRAWS: u64 = 12;

/// The command that a loop with this method alone starts in this draw, if any.
fn decision(cluster: &Cluster, method: Method, draw: u64) -> Option<Command> {
    let pools = cluster.pools();
    let view = cluster.view(&pools, NOW, draw);
    let mut controller = Controller::only(method);
    let mut state = ClusterState::new(NOW);
    let mut what_if = At { cluster, now: NOW };
    let mut wake = || controller.wake(&view, &mut state, &mut what_if).act;
    if wake() != Act::Wait {
        return None;
    }
    match wake() {
        Act::Start(mut commands) => commands.pop(),
        _ => panic!("what has not changed passes its validation"),
    }
}

fn describe(cluster: &Cluster, command: &Command) -> Value {
    let nodes = command.candidates.iter();
    let nodes = nodes.map(|id| &cluster.spec.nodes[id.0 as usize].name);
    let replacement = command.replacements.first();
    json!({
        "nodes": nodes.collect::<Vec<_>>(),
        "replacement": replacement.map(|claim| describe_claim(cluster, claim)),
    })
}

fn describe_claim(cluster: &Cluster, claim: &NewClaim) -> Value {
    let allowed = |key: Symbol, values: &[&'static str]| -> Vec<&str> {
        let allows = |value: &&str| {
            let value = cluster.symbols.get(value).expect("an interned label");
            let set = claim.requirements.get(key);
            set.is_none_or(|set| set.has(value, &cluster.symbols))
        };
        values.iter().copied().filter(allows).collect()
    };
    let name = |&place: &usize| cluster.symbols.name(cluster.types[place].name);
    json!({
        "pool": cluster.spec.pools[claim.pool].name,
        "types": claim.types.iter().map(name).collect::<Vec<_>>(),
        "zones": allowed(key::ZONE, &["a", "b", "c"]),
        "buys": allowed(key::CAPACITY_TYPE, &["spot", "on-demand"]),
    })
}

#[track_caller]
fn replay(family: &str, least: usize) {
    agree_by_chance("consolidation", family, least, |asked: ClusterSpec| {
        let cluster = Cluster::new(asked);
        let several = cluster.spec.pools.len() > 1;
        let draws = if several { DRAWS } else { 1 };
        let answers = (0..draws).map(|draw| {
            let answer = |method| decision(&cluster, method, draw).map(|c| describe(&cluster, &c));
            json!({
                "emptiness": answer(Method::Emptiness),
                "multi": answer(Method::MultiNode),
                "single": answer(Method::SingleNode),
            })
        });
        answers.collect()
    });
}

#[test]
fn underused_nodes() {
    replay("plain", 120);
    replay("many", 30);
}

#[test]
fn spot_nodes() {
    replay("spot", 110);
    replay("mixed", 70);
}

#[test]
fn nodes_within_budgets() {
    replay("budgets", 60);
    replay("empty", 50);
}

#[test]
fn nodes_of_balanced_pools() {
    replay("balanced", 90);
}

#[test]
fn nodes_that_may_not_go() {
    replay("blocked", 80);
}

#[test]
fn nodes_beside_pending_pods() {
    replay("pending", 40);
}

#[test]
fn nodes_of_pools_with_min_values() {
    replay("minValues", 50);
}
