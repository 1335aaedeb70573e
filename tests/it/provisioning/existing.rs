//! What does an existing node take? (1.9)

use karpsim::api::{Effect, Operator, Resource, Resources, key};
use karpsim::cluster::template::HostPort;

use super::dsl::{GIB, MIB, World, bears, taint};

/// Whether a pod of `requests` 1 CPU and 1 GiB goes to the node of the world, `arrange`d.
#[track_caller]
fn check(takes: bool, arrange: impl FnOnce(&mut World)) {
    let mut world = World::with_types(4);
    let pod = world.template(1000, 1024);
    world.pods(pod, 1);
    world.node("node", 0);
    arrange(&mut world);
    let plan = world.solve();
    assert_eq!(!plan.existing.is_empty(), takes, "{plan:?}");
}

#[test]
fn a_pod_that_fits_goes_there() {
    check(true, |_| {});
}

#[test]
fn taints_must_be_borne() {
    let tainted =
        |world: &mut World| world.existing[0].taints = vec![taint("team", Effect::NoSchedule)];
    check(false, tainted);
    check(true, |world| {
        tainted(world);
        world.templates[0].tolerations = vec![bears("team")];
    });
}

#[test]
fn taints_that_pass_while_a_node_starts_are_ignored_until_it_is_initialized() {
    for (key, effect) in [
        ("node.kubernetes.io/not-ready", Effect::NoSchedule),
        ("node.kubernetes.io/not-ready", Effect::NoExecute),
        ("karpenter.sh/unregistered", Effect::NoExecute),
        ("readiness.k8s.io/network", Effect::NoSchedule),
        ("start", Effect::NoSchedule),
    ] {
        for initialized in [false, true] {
            check(!initialized, |world| {
                world.existing[0].initialized = initialized;
                world.existing[0].taints = vec![taint(key, effect)];
                world.existing[0].startup_taints = vec![taint("start", Effect::NoSchedule)];
            });
        }
    }
    // The effect counts, too.
    check(false, |world| {
        world.existing[0].initialized = false;
        world.existing[0].taints = vec![taint("node.kubernetes.io/unreachable", Effect::NoExecute)];
    });
}

#[test]
fn host_ports_must_be_free() {
    let port = |world: &mut World, port| HostPort::everywhere(port, world.symbols.intern("TCP"));
    check(false, |world| {
        world.existing[0].host_ports = vec![port(world, 80)];
        world.templates[0].host_ports = vec![port(world, 80)];
    });
    check(true, |world| {
        world.existing[0].host_ports = vec![
            port(world, 80),
            HostPort::everywhere(443, world.symbols.intern("UDP")),
        ];
        world.templates[0].host_ports = vec![port(world, 443)];
    });
}

#[test]
fn what_is_left_must_hold_the_requests() {
    let requested = |cpu| Resources::cpu_memory(cpu, GIB).with(Resource::Pods, 1);
    check(true, |world| world.existing[0].requested = requested(3000));
    check(false, |world| world.existing[0].requested = requested(3001));
    check(false, |world| {
        world.existing[0].requested = requested(0).with(Resource::Pods, 40)
    });
}

#[test]
fn nothing_fits_a_node_that_is_short_of_anything() {
    check(false, |world| {
        world.existing[0].requested = Resources::ZERO.with(Resource::EphemeralStorage, 1)
    });
}

/// A DaemonSet of 2 CPU.
fn daemon(world: &mut World) {
    let daemon = world.template(2000, 100);
    world.daemons.push(daemon);
}

#[test]
fn room_is_kept_for_daemon_pods_to_come() {
    let busy = |world: &mut World| world.existing[0].requested = Resources::cpu_memory(1500, 0);
    check(true, busy);
    check(false, |world| {
        busy(world);
        daemon(world);
    });
    // Of which 1 CPU is bound already.
    check(true, |world| {
        busy(world);
        daemon(world);
        world.existing[0].daemon_requested =
            Resources::cpu_memory(1500, 100 * MIB).with(Resource::Pods, 1);
    });
}

#[test]
fn more_daemon_pods_than_expected_give_nothing_back() {
    check(false, |world| {
        world.existing[0].requested = Resources::cpu_memory(3500, 0);
        world.existing[0].daemon_requested = Resources::cpu_memory(3500, 0);
    });
}

#[test]
fn daemon_pods_that_cannot_run_there_take_nothing() {
    check(true, |world| {
        world.existing[0].requested = Resources::cpu_memory(1500, 0);
        daemon(world);
        let elsewhere = world.wants("gpu", Operator::Exists, &[]);
        world.templates[1].node_selector = elsewhere;
    });
}

#[test]
fn labels_must_be_there_even_well_known_ones() {
    check(true, |world| {
        world.templates[0].node_selector = world.wants(
            "topology.kubernetes.io/zone",
            Operator::In,
            &["test-zone-1"],
        )
    });
    check(false, |world| {
        world.templates[0].node_selector = world.wants(
            "topology.kubernetes.io/zone",
            Operator::In,
            &["test-zone-2"],
        )
    });
    check(false, |world| {
        world.templates[0].node_selector =
            world.wants("kubernetes.io/arch", Operator::In, &["amd64"])
    });
    check(true, |world| {
        world.templates[0].node_selector =
            world.wants("kubernetes.io/arch", Operator::NotIn, &["arm64"])
    });
    check(true, |world| {
        world.templates[0].node_selector =
            world.wants("kubernetes.io/hostname", Operator::In, &["node"])
    });
}

#[test]
fn a_protected_node_is_no_destination_of_a_consolidation() {
    for (simulation, exempt, takes) in [
        (true, false, false),
        (true, true, true),
        (false, false, true),
    ] {
        check(takes, |world| {
            world.existing[0].protected = true;
            world.options.consolidation_simulation = simulation;
            world.pods[0].ignores_protection = exempt;
        });
    }
}

#[test]
fn pods_of_the_same_pass_add_up() {
    let mut world = World::with_types(4);
    let pod = world.template(1000, 1024);
    world.pods(pod, 6);
    world.node("a", 0);
    world.node("b", 1);
    let nodes: Vec<_> = world
        .solve()
        .existing
        .iter()
        .map(|&(node, _)| node)
        .collect();
    assert_eq!(nodes, [0, 0, 0, 0, 1, 1]);
    // A host name label is not needed.
    world.existing[0].labels.remove(key::HOSTNAME);
    assert_eq!(world.solve().existing.len(), 6);
}
