//! What do the limits of a pool refuse? (1.12)

use karpsim::api::Resource;
use karpsim::karpenter::provisioning::Cause;

use super::dsl::World;

/// A world with `pods` lone pods of 1 CPU over types of 1 to 4 vCPU and a limit of `cpus`.
fn limited(pods: usize, cpus: i64) -> World {
    let mut world = World::with_types(4);
    let lonely = world.app("lonely", 1000, 100);
    world.at(lonely).pod_anti_affinity = vec![world.term("lonely", karpsim::api::key::HOSTNAME)];
    world.pods(lonely, pods);
    world.pools[0].limits.resources = vec![(Resource::Cpu, cpus * 1000)];
    world
}

#[test]
fn each_claim_is_charged_with_its_largest_type() {
    // The first claim may be 2, 3 or 4 vCPU and is charged 4; of 6 that leaves 2, which the second takes whole.
    let plan = limited(3, 6).solve();
    assert_eq!(
        plan.claims
            .iter()
            .map(|claim| claim.types.as_slice())
            .collect::<Vec<_>>(),
        [vec![1, 2, 3], vec![1]]
    );
    assert_eq!(
        plan.errors[0].1.pools[0].cause,
        Cause::Limits(Some(Resource::Cpu))
    );
}

#[test]
fn types_beyond_the_limit_are_left_out() {
    assert_eq!(limited(1, 3).solve().claims[0].types, [1, 2]);
    assert_eq!(limited(1, 1).solve().claims.len(), 0);
}

#[test]
fn nodes_passed_in_are_charged_with_their_capacity() {
    let mut world = limited(1, 7);
    let node = world.node("node", 0);
    node.pool = Some(0);
    node.requested = node.allocatable;
    assert_eq!(world.solve().claims[0].types, [1, 2]);
    world.existing[0].pool = None;
    assert_eq!(world.solve().claims[0].types, [1, 2, 3]);
}

#[test]
fn the_node_limit_counts_nodes_but_not_claims_of_the_same_pass() {
    let mut world = limited(3, 100);
    world.pools[0].limits.nodes = Some(1);
    assert_eq!(world.solve().claims.len(), 3);
    let node = world.node("node", 0);
    node.pool = Some(0);
    node.requested = node.allocatable;
    let plan = world.solve();
    assert!(plan.claims.is_empty());
    assert_eq!(plan.errors[0].1.pools[0].cause, Cause::NodeLimit(1));
}
