//! Is a pod without a place told why? (1.10; rows 2 and 3 of 11)

use karpsim::api::{Effect, Operator, Resources, key};
use karpsim::karpenter::provisioning::{Cause, NodeFailures, Reason, TypeFailures};

use super::dsl::{World, taint};

fn reason(world: &World) -> Reason {
    let plan = world.solve();
    assert_eq!(plan.errors.len(), 1, "{plan:?}");
    plan.errors[0].1.clone()
}

#[test]
fn each_filter_tells_how_many_types_it_refused() {
    let mut world = World::with_types(4);
    let pod = world.template(2500, 100);
    world.at(pod).node_selector =
        world.wants("karpenter.k8s.aws/instance-cpu", Operator::Lt, &["3"]);
    world.pods(pod, 1);
    world.pools[0].types[0]
        .offerings
        .iter_mut()
        .for_each(|offering| offering.available = false);
    // Type 1 was never eligible; 3 and 4 are too large, 2 is too small.
    let expected = TypeFailures {
        total: 3,
        requirements: 2,
        resources: 1,
        ..TypeFailures::default()
    };
    assert_eq!(reason(&world).pools[0].cause, Cause::Types(expected));
}

#[test]
fn a_zone_without_offerings_is_named_so() {
    let mut world = World::with_types(2);
    let pod = world.template(100, 100);
    let mut spot_in_3 = world.wants(
        "topology.kubernetes.io/zone",
        Operator::In,
        &["test-zone-3"],
    );
    spot_in_3.add_all(
        &world.wants("karpenter.sh/capacity-type", Operator::In, &["spot"]),
        &world.symbols,
    );
    world.at(pod).node_selector = spot_in_3;
    world.pods(pod, 1);
    let expected = TypeFailures {
        total: 2,
        offering: 2,
        ..TypeFailures::default()
    };
    assert_eq!(reason(&world).pools[0].cause, Cause::Types(expected));
}

#[test]
fn every_pool_and_every_node_is_accounted_for() {
    let mut world = World::empty();
    world.pool("light", 2).taints = vec![taint("a", Effect::NoSchedule)];
    world.pool("heavy", 2).weight = 10;
    world.pool("broken", 0);
    let pod = world.template(9000, 100);
    world.pods(pod, 1);
    world.node("a", 0).taints = vec![taint("a", Effect::NoSchedule)];
    world.node("b", 0);
    world.node("c", 0).allocatable =
        Resources::cpu_memory(16_000, 1 << 40).with(karpsim::api::Resource::Pods, 9);
    world.at(pod).node_selector = world.wants(
        "topology.kubernetes.io/zone",
        Operator::In,
        &["test-zone-2"],
    );
    let reason = reason(&world);
    let nodes = NodeFailures {
        taints: 1,
        resources: 1,
        requirements: 1,
        ..NodeFailures::default()
    };
    assert_eq!(reason.nodes, nodes);
    let pools: Vec<_> = reason.pools.iter().map(|failure| failure.pool).collect();
    assert_eq!(pools, [1, 0, 2]);
    assert!(matches!(
        reason.pools[0].cause,
        Cause::Types(TypeFailures {
            total: 2,
            resources: 2,
            ..
        })
    ));
    assert_eq!(reason.pools[1].cause, Cause::Taint(0));
    assert!(matches!(
        reason.pools[2].cause,
        Cause::Types(TypeFailures { total: 0, .. })
    ));
}

#[test]
fn topology_is_named_by_its_key() {
    let mut world = World::with_types(2);
    let pod = world.app("web", 100, 100);
    world.at(pod).pod_affinity = vec![world.term("missing", key::HOSTNAME)];
    world.pods(pod, 1);
    world.node("node", 0);
    assert_eq!(
        reason(&world).pools[0].cause,
        Cause::Topology(key::HOSTNAME)
    );
    assert_eq!(reason(&world).nodes.topology, 1);
}
