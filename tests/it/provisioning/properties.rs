//! What holds of every plan (13.3 items 1, 2 and 7).

use std::collections::BTreeSet;

use karpsim::api::{Effect, Operator, Requirement, Resources, key};
use karpsim::cluster::template::HostPort;
use karpsim::karpenter::provisioning::Plan;
use proptest::prelude::*;

use super::dsl::{World, ZONES, bears, taint};

/// What a random workload is like.
#[derive(Clone, Debug)]
struct Load {
    cpu: i64,
    memory: i64,
    replicas: usize,
    zone: Option<usize>,
    constraint: usize,
    bears: bool,
    port: bool,
}

fn load() -> impl Strategy<Value = Load> {
    let size = (50..5000_i64, 50..9000_i64, 1..8_usize);
    let shape = (
        proptest::option::of(0..3_usize),
        0..7_usize,
        any::<bool>(),
        any::<bool>(),
    );
    (size, shape).prop_map(
        |((cpu, memory, replicas), (zone, constraint, bears, port))| Load {
            cpu,
            memory,
            replicas,
            zone,
            constraint,
            bears,
            port: port && cpu % 3 == 0,
        },
    )
}

fn world(loads: &[Load], nodes: usize, limit: Option<i64>, seed: u64) -> World {
    let mut world = World::empty();
    world.seed = seed;
    world.pool("general", 6).limits.resources = limit
        .map(|cpus| (karpsim::api::Resource::Cpu, cpus * 1000))
        .into_iter()
        .collect();
    let tainted = world.pool("tainted", 8);
    tainted.taints = vec![taint("team", Effect::NoSchedule)];
    tainted.weight = 5;
    for node in 0..nodes {
        world.node(&format!("node-{node}"), node % 3);
    }
    for (place, load) in loads.iter().enumerate() {
        let app = format!("app-{}", place % 3);
        let id = world.app(&app, load.cpu, load.memory);
        if let Some(zone) = load.zone {
            world.at(id).node_selector =
                world.wants("topology.kubernetes.io/zone", Operator::In, &[ZONES[zone]]);
        }
        match load.constraint {
            0 => world.at(id).spread = vec![world.spread(&app, key::ZONE, 1)],
            1 => world.at(id).spread = vec![world.spread(&app, key::HOSTNAME, 1)],
            2 => world.at(id).pod_affinity = vec![world.term(&app, key::ZONE)],
            3 => world.at(id).pod_anti_affinity = vec![world.term(&app, key::HOSTNAME)],
            4 => world.at(id).preferred_pod_terms = vec![(-1, world.term(&app, key::ZONE))],
            _ => {}
        }
        if load.bears {
            world.at(id).tolerations = vec![bears("team")];
        }
        if load.port {
            world.at(id).host_ports = vec![HostPort::everywhere(80, world.symbols.intern("TCP"))];
        }
        world.pods(id, load.replicas);
    }
    world
}

/// Every pod is in one place or list, and once.
fn each_pod_once(world: &World, plan: &Plan) {
    let in_claims = plan
        .claims
        .iter()
        .flat_map(|claim| claim.pods.iter().copied());
    let on_nodes = plan.existing.iter().map(|&(_, pod)| pod);
    let without = plan
        .errors
        .iter()
        .map(|(pod, _)| *pod)
        .chain(plan.unreached.iter().copied());
    let all: Vec<u64> = in_claims.chain(on_nodes).chain(without).collect();
    let distinct: BTreeSet<u64> = all.iter().copied().collect();
    assert_eq!(
        (all.len(), distinct.len()),
        (world.pods.len(), world.pods.len())
    );
}

/// Requests fit every type of a claim, each type passes the claim's requirements, and only pods that bear the pool's taints are there.
fn claims_are_sound(world: &World, plan: &Plan) {
    for claim in &plan.claims {
        let pool = &world.pools[claim.pool];
        assert!(!claim.types.is_empty() && !claim.pods.is_empty());
        let requests = sum(world, claim.pods.iter().copied());
        assert_eq!(requests, claim.requests);
        for &place in &claim.types {
            let instance_type = &pool.types[place];
            assert!(requests.fits(&instance_type.allocatable));
            assert_eq!(
                claim
                    .requirements
                    .conflict(&instance_type.requirements, &world.symbols),
                None
            );
        }
        for &pod in &claim.pods {
            let template = &world.templates[world.pods[pod as usize].template.index()];
            assert!(pool.taints.is_empty() || !template.tolerations.is_empty());
            // Narrowed, never widened: the claim lies within what each of its pods asked.
            for (key, asked) in template.node_selector.iter() {
                let became = claim.requirements.get(key).unwrap();
                assert_eq!(became.intersection(asked, &world.symbols), *became);
            }
        }
    }
}

fn nodes_are_not_overcommitted(world: &World, plan: &Plan) {
    for (place, node) in world.existing.iter().enumerate() {
        let pods = plan
            .existing
            .iter()
            .filter(|(at, _)| *at == place)
            .map(|&(_, pod)| pod);
        assert!(sum(world, pods).fits(&node.allocatable));
    }
}

/// No two pods that refuse to share a host do.
fn anti_affinity_holds(world: &World, plan: &Plan) {
    let nodes = (0..world.existing.len()).map(|node| {
        let here = plan.existing.iter().filter(move |(at, _)| *at == node);
        here.map(|&(_, pod)| pod).collect::<Vec<_>>()
    });
    for pods in plan
        .claims
        .iter()
        .map(|claim| claim.pods.clone())
        .chain(nodes)
    {
        let templates: Vec<_> = pods
            .iter()
            .map(|&pod| &world.templates[world.pods[pod as usize].template.index()])
            .collect();
        for (a, one) in templates.iter().enumerate() {
            let terms = one
                .pod_anti_affinity
                .iter()
                .filter(|term| term.topology_key == key::HOSTNAME);
            for term in terms {
                let clash = templates.iter().enumerate().any(|(b, other)| {
                    a != b && term.selector.matches(&other.labels, &world.symbols)
                });
                assert!(!clash, "anti-affinity broken among {pods:?}");
            }
        }
    }
}

fn sum(world: &World, pods: impl Iterator<Item = u64>) -> Resources {
    let requests = |pod: u64| world.templates[world.pods[pod as usize].template.index()].requests;
    pods.fold(Resources::ZERO, |sum, pod| sum + requests(pod))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn plans_are_sound(
        loads in prop::collection::vec(load(), 1..12),
        nodes in 0..4_usize,
        limit in proptest::option::of(1..40_i64),
        seed in any::<u64>(),
    ) {
        let world = world(&loads, nodes, limit, seed);
        let plan = world.solve();
        each_pod_once(&world, &plan);
        claims_are_sound(&world, &plan);
        nodes_are_not_overcommitted(&world, &plan);
        anti_affinity_holds(&world, &plan);
        prop_assert_eq!(plan, world.solve());
    }
}

#[test]
fn types_of_a_claim_only_shrink_as_pods_join() {
    let mut world = World::with_types(20);
    let pod = world.template(700, 100);
    let mut before: Option<Requirement> = None;
    for _ in 0..12 {
        world.pods(pod, 1);
        let plan = world.solve();
        let now = plan.claims[0]
            .requirements
            .get(key::INSTANCE_TYPE)
            .unwrap()
            .clone();
        if let Some(before) = before {
            assert_eq!(before.intersection(&now, &world.symbols), now);
        }
        before = Some(now);
    }
}
