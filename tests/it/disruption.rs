//! Whatever the cluster, a disruption command keeps the promises of spec/karpenter.md 13.3, items 3 to 5.

mod cluster;

use std::collections::BTreeMap;

use karpsim::api::key;
use karpsim::api::objects::karpenter::ConsolidationPolicy;
use karpsim::cloud::{CapacityType, InstanceType, Offering, Price};
use karpsim::des::{SimDuration, SimTime};
use karpsim::karpenter::budget::{Budget, BudgetNodes};
use karpsim::karpenter::disruption::{
    Act, ClusterState, Command, Controller, NodeId, NodeView, PdbCover, Step,
};
use karpsim::karpenter::provisioning::NewClaim;
use proptest::prelude::*;
use proptest::sample::Index;

use cluster::{Cluster, NodeSpec, OfferingSpec, PodSpec, PoolSpec, TypeSpec};

fn offering() -> impl Strategy<Value = OfferingSpec> {
    (
        0..2_usize,
        any::<bool>(),
        1..40_u64,
        prop::bool::weighted(0.9),
    )
        .prop_map(|(zone, spot, tens, available)| OfferingSpec {
            zone,
            spot,
            mills: tens * 10,
            available,
        })
}

/// Each zone and way of buying once at most.
fn instance_type() -> impl Strategy<Value = TypeSpec> {
    let offerings = prop::collection::vec(offering(), 1..5).prop_map(|mut offerings| {
        offerings.sort_by_key(|offering| (offering.zone, offering.spot));
        offerings.dedup_by_key(|offering| (offering.zone, offering.spot));
        offerings
    });
    (1..9_i64, offerings).prop_map(|(vcpus, offerings)| TypeSpec { vcpus, offerings })
}

fn pool() -> impl Strategy<Value = PoolSpec> {
    let nodes = prop_oneof![
        (0..6_u32).prop_map(BudgetNodes::Count),
        (0..=100_u32).prop_map(BudgetNodes::Percent)
    ];
    let budget = nodes.prop_map(|nodes| Budget {
        nodes,
        reasons: None,
        window: None,
    });
    let policy = prop_oneof![
        1 => Just(ConsolidationPolicy::WhenEmpty),
        6 => Just(ConsolidationPolicy::WhenEmptyOrUnderutilized),
        3 => Just(ConsolidationPolicy::Balanced),
    ];
    let budgets = prop::collection::vec(budget, 0..3);
    (budgets, policy, 0..2_u32).prop_map(|(budgets, policy, disrupted)| PoolSpec {
        budgets,
        policy,
        disrupted,
    })
}

fn pod() -> impl Strategy<Value = PodSpec> {
    let pdb = prop_oneof![
        40 => Just(PdbCover::Allows),
        1 => Just(PdbCover::Exhausted),
        1 => Just(PdbCover::Several),
    ];
    (1..10_usize, prop::bool::weighted(0.03), pdb).prop_map(|(cpu, do_not_disrupt, pdb)| PodSpec {
        cpu,
        do_not_disrupt,
        pdb,
    })
}

fn node() -> impl Strategy<Value = (usize, Index, Index, Vec<PodSpec>)> {
    let pods = prop_oneof![
        1 => Just(Vec::new()),
        40 => prop::collection::vec(pod(), 1..4),
    ];
    (0..2_usize, any::<Index>(), any::<Index>(), pods)
}

fn a_cluster() -> impl Strategy<Value = Cluster> {
    let types = prop::collection::vec(instance_type(), 1..6);
    let nodes = prop::collection::vec(node(), 1..14);
    (types, [pool(), pool()], nodes).prop_map(|(types, pools, nodes)| {
        let nodes: Vec<NodeSpec> = nodes
            .into_iter()
            .map(|(pool, kind, offering, pods)| {
                let kind = kind.index(types.len());
                let offering = offering.index(types[kind].offerings.len());
                NodeSpec {
                    pool,
                    kind,
                    offering,
                    pods,
                }
            })
            .collect();
        Cluster::new(&types, &pools, &nodes)
    })
}

/// What a fresh controller says at first, and after the wait it asks for.
fn steps(cluster: &Cluster, gate: bool) -> (Step, Option<Step>) {
    let pools = cluster.pool_views();
    let mut controller = Controller::default();
    let mut state = ClusterState::new(SimTime::ZERO);
    let mut wake = |now| {
        let view = cluster.view(&pools, now, gate);
        controller.wake(&view, &mut state, &mut &*cluster)
    };
    let first = wake(SimTime::ZERO);
    let second = (first.act == Act::Wait).then(|| wake(first.wake));
    (first, second)
}

fn nodes<'a>(cluster: &'a Cluster, command: &Command) -> Vec<&'a NodeView> {
    let node = |NodeId(id): &NodeId| &cluster.nodes[*id as usize];
    command.candidates.iter().map(node).collect()
}

/// The command that is started, if any.
fn started(cluster: &Cluster, gate: bool) -> Option<Command> {
    match steps(cluster, gate).1?.act {
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
    fn a_replacement_is_cheaper_however_it_is_launched(cluster in a_cluster(), gate: bool) {
        let Some(command) = started(&cluster, gate) else {
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
    fn no_pool_loses_more_nodes_than_its_budgets_allow(cluster in a_cluster(), gate: bool) {
        let Some(command) = started(&cluster, gate) else {
            return Ok(());
        };
        let mut taken: BTreeMap<usize, u32> = BTreeMap::new();
        for node in nodes(&cluster, &command) {
            *taken.entry(node.pool).or_default() += 1;
        }
        for (pool, taken) in taken {
            let spec = &cluster.pools[pool];
            for budget in &spec.budgets {
                let most = match budget.nodes {
                    BudgetNodes::Count(nodes) => f64::from(nodes),
                    BudgetNodes::Percent(p) => {
                        (f64::from(cluster.counted(pool)) * f64::from(p) / 100.0 - 1e-9).ceil()
                    }
                };
                prop_assert!(f64::from(taken + spec.disrupted) <= most, "{command:?}");
            }
        }
    }

    #[test]
    fn no_node_goes_whose_pods_are_protected(cluster in a_cluster(), gate: bool) {
        let Some(command) = started(&cluster, gate) else {
            return Ok(());
        };
        for pod in nodes(&cluster, &command).iter().flat_map(|node| &node.pods) {
            prop_assert_eq!(pod.do_not_disrupt_until, None);
            prop_assert_eq!(pod.pdb, PdbCover::Allows);
        }
    }

    #[test]
    fn what_has_not_changed_passes_its_validation(cluster in a_cluster(), gate: bool) {
        let (first, second) = steps(&cluster, gate);
        prop_assert_eq!(&steps(&cluster, gate), &(first.clone(), second.clone()));
        match second {
            None => prop_assert_eq!(first.wake, SimTime::from_secs(10)),
            Some(step) => {
                prop_assert_eq!(first.wake, SimTime::ZERO + SimDuration::from_secs(15));
                prop_assert!(matches!(step.act, Act::Start(_)), "{:?}", step.findings);
            }
        }
    }
}
