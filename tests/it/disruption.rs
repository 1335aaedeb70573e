//! Whatever the cluster, a disruption command keeps the promises of spec/karpenter.md 13.3, items 3 to 5.

use std::collections::BTreeMap;

use karpsim::api::key;
use karpsim::cloud::{CapacityType, InstanceType, Offering, Price};
use karpsim::des::SimDuration;
use karpsim::karpenter::budget::BudgetNodes;
use karpsim::karpenter::disruption::{
    Act, ClusterState, Command, Controller, NodeId, NodeView, PdbCover, Step,
};
use karpsim::karpenter::provisioning::NewClaim;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::cluster::{At, Cluster, NOW};

fn offering() -> impl Strategy<Value = Value> {
    let zone = prop::sample::select(vec!["a", "b"]);
    let buy = prop::sample::select(vec!["spot", "on-demand"]);
    (zone, buy, 1..40_u64, prop::bool::weighted(0.9)).prop_map(|(zone, buy, price, available)| {
        json!({"zone": zone, "buy": buy, "price": price, "available": available})
    })
}

/// Each zone and way of buying once at most.
fn instance_type() -> impl Strategy<Value = (i64, Vec<Value>)> {
    let offerings = prop::collection::vec(offering(), 1..5).prop_map(|mut offerings| {
        let pool = |offering: &Value| (offering["zone"].to_string(), offering["buy"].to_string());
        offerings.sort_by_key(pool);
        offerings.dedup_by_key(|offering| pool(offering));
        offerings
    });
    (1..9_i64, offerings)
}

fn pool() -> impl Strategy<Value = Value> {
    let budget = prop_oneof![
        (0..6_u32).prop_map(|nodes| nodes.to_string()),
        (0..=100_u32).prop_map(|percent| format!("{percent}%")),
    ];
    let budget = budget.prop_map(|nodes| json!({"nodes": nodes}));
    let policy = prop_oneof![
        1 => Just("WhenEmpty"),
        6 => Just("WhenEmptyOrUnderutilized"),
        3 => Just("Balanced"),
    ];
    let budgets = prop::collection::vec(budget, 0..3);
    (budgets, policy).prop_map(|(budgets, policy)| json!({"budgets": budgets, "policy": policy}))
}

/// The app of a pod says what its disruption budgets do.
fn pod() -> impl Strategy<Value = Value> {
    let app = prop_oneof![
        40 => Just("free"),
        1 => Just("exhausted"),
        1 => Just("twice"),
    ];
    (1..10_i64, prop::bool::weighted(0.03), app).prop_map(|(cpu, do_not_disrupt, app)| {
        json!({"cpu": cpu * 100, "memory": 256, "app": app, "doNotDisrupt": do_not_disrupt})
    })
}

fn node() -> impl Strategy<Value = (usize, Index, Index, bool, Vec<Value>)> {
    let pods = prop_oneof![
        1 => Just(Vec::new()),
        40 => prop::collection::vec(pod(), 1..4),
    ];
    let not_ready = prop::bool::weighted(0.1);
    (0..2_usize, any::<Index>(), any::<Index>(), not_ready, pods)
}

fn a_cluster() -> impl Strategy<Value = Cluster> {
    let types = prop::collection::vec(instance_type(), 1..6);
    let nodes = prop::collection::vec(node(), 1..14);
    let pools = prop::collection::vec(pool(), 2);
    (types, pools, nodes, any::<bool>()).prop_map(|(types, mut pools, nodes, gate)| {
        let node =
            |(place, (pool, kind, offering, not_ready, pods)): (usize, (_, Index, Index, _, _))| {
                let kind = kind.index(types.len());
                json!({
                    "name": format!("node-{place}"),
                    "pool": pool,
                    "type": kind,
                    "offering": offering.index(types[kind].1.len()),
                    "notReady": not_ready,
                    "pods": pods,
                })
            };
        let nodes: Vec<Value> = nodes.into_iter().enumerate().map(node).collect();
        let kind = |(place, (cpu, offerings)): (usize, &(i64, Vec<Value>))| {
            let name = format!("m{place}.{cpu}xlarge");
            json!({"name": name, "cpu": cpu, "memory": 4 * cpu, "pods": 58, "offerings": offerings})
        };
        for (place, pool) in pools.iter_mut().enumerate() {
            pool["name"] = format!("pool-{place}").into();
        }
        let spec = json!({
            "types": types.iter().enumerate().map(kind).collect::<Vec<_>>(),
            "pools": pools,
            "nodes": nodes,
            "pdbs": [
                {"app": "exhausted", "allowed": 0},
                {"app": "twice", "allowed": 1},
                {"app": "twice", "allowed": 1},
            ],
            "spotToSpot": gate,
        });
        Cluster::new(serde_json::from_value(spec).expect("a cluster"))
    })
}

/// What a fresh controller says at first, and after the wait it asks for.
fn steps(cluster: &Cluster) -> (Step, Option<Step>) {
    let pools = cluster.pools();
    let mut controller = Controller::default();
    let mut state = ClusterState::new(NOW);
    let mut wake = |now| {
        let view = cluster.view(&pools, now, 3);
        controller.wake(&view, &mut state, &mut At { cluster, now })
    };
    let first = wake(NOW);
    let second = (first.act == Act::Wait).then(|| wake(first.wake));
    (first, second)
}

fn nodes<'a>(cluster: &'a Cluster, command: &Command) -> Vec<&'a NodeView> {
    let node = |NodeId(id): &NodeId| &cluster.nodes[*id as usize];
    command.candidates.iter().map(node).collect()
}

/// The command that is started, if any.
fn started(cluster: &Cluster) -> Option<Command> {
    match steps(cluster).1?.act {
        Act::Start(mut commands) => commands.pop(),
        Act::Nothing | Act::Wait => None,
    }
}

/// What a node costs, by the offering it is.
fn price(cluster: &Cluster, node: &NodeView) -> u64 {
    let kind = &cluster.types[node.instance_type.unwrap()];
    let own =
        |o: &&Offering| (Some(o.zone), Some(o.capacity_type)) == (node.zone, node.capacity_type);
    kind.offerings.iter().find(own).unwrap().price.0
}

/// The dearest launch of a type under the requirements of a claim: spot if there is any.
fn dearest(cluster: &Cluster, claim: &NewClaim, kind: &InstanceType) -> Option<Price> {
    let symbols = &cluster.symbols;
    let allowed = |o: &&Offering| {
        let label = symbols.get(o.capacity_type.label()).unwrap();
        let has = |key, value| {
            let set = claim.requirements.get(key);
            set.is_none_or(|set| set.has(value, symbols))
        };
        o.available && has(key::ZONE, o.zone) && has(key::CAPACITY_TYPE, label)
    };
    let of = |way: CapacityType| {
        let offerings = kind.offerings.iter().filter(allowed);
        offerings
            .filter(|o| o.capacity_type == way)
            .map(|o| o.price)
            .max()
    };
    of(CapacityType::Spot).or_else(|| of(CapacityType::OnDemand))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_replacement_is_cheaper_however_it_is_launched(cluster in a_cluster()) {
        let Some(command) = started(&cluster) else {
            return Ok(());
        };
        let now: u64 = nodes(&cluster, &command).iter().map(|n| price(&cluster, n)).sum();
        prop_assert_eq!(command.saving.now, Price(now));
        if let [claim] = &command.replacements[..] {
            prop_assert!(!claim.types.is_empty());
            for &place in &claim.types {
                let dearest = dearest(&cluster, claim, &cluster.types[place]);
                prop_assert!(dearest.is_none_or(|price| price.0 < now), "{command:?}");
            }
        }
    }

    #[test]
    fn no_pool_loses_more_nodes_than_its_budgets_allow(cluster in a_cluster()) {
        let Some(command) = started(&cluster) else {
            return Ok(());
        };
        let mut taken: BTreeMap<usize, u32> = BTreeMap::new();
        for node in nodes(&cluster, &command) {
            *taken.entry(node.pool).or_default() += 1;
        }
        for (pool, taken) in taken {
            let counts = cluster.counts(pool);
            for budget in cluster.spec.pools[pool].budgets() {
                let most = match budget.nodes {
                    BudgetNodes::Count(nodes) => f64::from(nodes),
                    BudgetNodes::Percent(p) => {
                        (f64::from(counts.counted) * f64::from(p) / 100.0 - 1e-9).ceil()
                    }
                };
                prop_assert!(f64::from(taken + counts.disrupted) <= most, "{command:?}");
            }
        }
    }

    #[test]
    fn no_node_goes_whose_pods_are_protected(cluster in a_cluster()) {
        let Some(command) = started(&cluster) else {
            return Ok(());
        };
        for pod in nodes(&cluster, &command).iter().flat_map(|node| &node.pods) {
            prop_assert_eq!(pod.do_not_disrupt_until, None);
            prop_assert_eq!(pod.pdb, PdbCover::Allows);
        }
    }

    #[test]
    fn what_has_not_changed_passes_its_validation(cluster in a_cluster()) {
        let (first, second) = steps(&cluster);
        prop_assert_eq!(&steps(&cluster), &(first.clone(), second.clone()));
        match second {
            None => prop_assert_eq!(first.wake, NOW + SimDuration::from_secs(10)),
            Some(step) => {
                prop_assert_eq!(first.wake, NOW + SimDuration::from_secs(15));
                prop_assert!(matches!(step.act, Act::Start(_)), "{:?}", step.findings);
            }
        }
    }
}
