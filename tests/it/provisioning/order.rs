//! In which order are pods taken and places tried? (1.3, 1.5, 1.6)

use karpsim::api::key;
use karpsim::des::SimTime;
use karpsim::karpenter::provisioning::{Plan, Reason};

use super::dsl::World;

/// Pods in the order they found a place on the one node there is.
fn order_on_node(world: &mut World) -> Vec<u64> {
    world.node("node", 0);
    let plan = world.solve();
    assert!(plan.claims.is_empty(), "{:?}", plan.claims);
    plan.existing.iter().map(|&(_, pod)| pod).collect()
}

#[test]
fn the_largest_cpu_then_the_largest_memory_goes_first() {
    let mut world = World::with_types(1);
    for (cpu, memory) in [(500, 100), (1000, 100), (1000, 200), (100, 4000)] {
        let template = world.template(cpu, memory);
        world.pods(template, 1);
    }
    assert_eq!(order_on_node(&mut world), [2, 1, 0, 3]);
}

#[test]
fn then_the_oldest_in_whole_seconds_and_then_the_smallest_uid() {
    let mut world = World::with_types(1);
    let template = world.template(100, 100);
    world.pods(template, 4);
    for (pod, (created, uid)) in [(2_000_000, 1), (1_900_000, 9), (1_100_000, 10), (0, 20)]
        .into_iter()
        .enumerate()
    {
        world.pods[pod].created = SimTime::from_micros(created);
        world.pods[pod].uid = uid;
    }
    assert_eq!(order_on_node(&mut world), [3, 1, 2, 0]);
}

#[test]
fn initialized_nodes_are_tried_first_and_then_by_name() {
    let mut world = World::with_types(1);
    let template = world.template(3000, 100);
    world.pods(template, 3);
    world.node("a", 0).initialized = false;
    world.node("c", 0);
    world.node("b", 0);
    let nodes: Vec<_> = world
        .solve()
        .existing
        .iter()
        .map(|&(node, _)| node)
        .collect();
    assert_eq!(nodes, [2, 1, 0]);
}

#[test]
fn claims_with_the_fewest_pods_are_tried_first() {
    let mut world = World::with_types(8);
    let lonely = world.app("lonely", 1000, 100);
    world.at(lonely).pod_anti_affinity = vec![world.term("lonely", key::HOSTNAME)];
    let small = world.template(100, 100);
    world.pods(lonely, 3);
    world.pods(small, 7);
    let plan = world.solve();
    let mut sizes: Vec<_> = plan.claims.iter().map(|claim| claim.pods.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [3, 3, 4]);
}

/// The index of the pool that gets the claim of one pod.
#[track_caller]
fn check_pool(pools: &[(&str, u32)], expected: usize) {
    let mut world = World::empty();
    for &(name, weight) in pools {
        world.pool(name, 1).weight = weight;
    }
    let template = world.template(100, 100);
    world.pods(template, 1);
    assert_eq!(world.solve().claims[0].pool, expected);
}

#[test]
fn the_heaviest_pool_wins_and_of_equals_the_last_in_the_alphabet() {
    check_pool(&[("a", 0), ("b", 10), ("c", 1)], 1);
    check_pool(&[("a", 5), ("c", 5), ("b", 5)], 1);
}

#[test]
fn a_pod_that_needs_a_later_one_gets_its_place_in_the_next_round() {
    let mut world = World::with_types(4);
    let follower = world.app("follower", 1000, 100);
    world.at(follower).pod_affinity = vec![world.term("leader", key::HOSTNAME)];
    let leader = world.app("leader", 100, 100);
    world.pods(follower, 2);
    world.pods(leader, 1);
    let plan = world.solve();
    assert!(plan.errors.is_empty());
    assert_eq!(plan.claims.len(), 1);
    assert_eq!(plan.claims[0].pods, [2, 0, 1]);
}

#[test]
fn without_a_pool_not_even_nodes_are_tried() {
    let mut world = World::empty();
    world.node("node", 0);
    let template = world.template(100, 100);
    world.pods(template, 1);
    let expected = Plan {
        errors: vec![(0, Reason::default())],
        ..Plan::default()
    };
    assert_eq!(world.solve(), expected);
}

#[test]
fn pods_beyond_the_time_of_the_pass_get_neither_place_nor_error() {
    let mut world = World::with_types(1);
    let (impossible, small) = (world.template(9000, 100), world.template(100, 100));
    world.pods(impossible, 1);
    world.pods(small, 3);
    world.options.max_attempts = 2;
    let plan = world.solve();
    assert_eq!(plan.claims[0].pods, [1]);
    assert_eq!(
        plan.errors.iter().map(|(pod, _)| *pod).collect::<Vec<_>>(),
        [0]
    );
    assert_eq!(plan.unreached, [2, 3]);
}
