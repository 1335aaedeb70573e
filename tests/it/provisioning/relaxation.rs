//! What do pods give up, and in which order? (1.7)

use karpsim::api::objects::core::WhenUnsatisfiable;
use karpsim::api::taint::TolerationOperator;
use karpsim::api::{Effect, Operator, Requirements, Toleration, key};
use karpsim::cluster::TemplateId;
use karpsim::karpenter::provisioning::PreferencePolicy;

use super::dsl::{World, ZONES, pinned, taint};

const ZONE: &str = "topology.kubernetes.io/zone";
const NOWHERE: &str = "test-zone-9";

fn world() -> (World, TemplateId) {
    let mut world = World::with_types(4);
    let pod = world.app("web", 100, 100);
    world.pods(pod, 1);
    (world, pod)
}

/// The zone the one pod is pinned to, as a place in [`ZONES`].
fn zone(world: &World) -> Option<usize> {
    let plan = world.solve();
    let pinned = pinned(plan.claims.first()?, key::ZONE)?;
    ZONES
        .iter()
        .position(|zone| world.symbols.get(zone) == Some(pinned))
}

fn in_zone(world: &mut World, zone: &str) -> Requirements {
    world.wants(ZONE, Operator::In, &[zone])
}

#[test]
fn the_first_required_term_that_can_be_met_is() {
    let (mut world, pod) = world();
    world.at(pod).required_node_terms = [NOWHERE, ZONES[1], ZONES[0]]
        .map(|zone| in_zone(&mut world, zone))
        .to_vec();
    assert_eq!(zone(&world), Some(1));
}

#[test]
fn the_last_required_term_is_never_dropped() {
    let (mut world, pod) = world();
    world.at(pod).required_node_terms = vec![in_zone(&mut world, NOWHERE)];
    assert_eq!(world.solve().errors.len(), 1);
}

#[test]
fn the_heaviest_preference_counts_until_it_is_refused() {
    let (mut world, pod) = world();
    let wish = |world: &mut World, weight, zone| (weight, in_zone(world, zone));
    world.at(pod).preferred_node_terms = vec![
        wish(&mut world, 1, ZONES[0]),
        wish(&mut world, 50, ZONES[2]),
    ];
    assert_eq!(zone(&world), Some(2));
    let impossible = wish(&mut world, 100, NOWHERE);
    world.at(pod).preferred_node_terms.push(impossible);
    assert_eq!(zone(&world), Some(2));
    world.options.preference_policy = PreferencePolicy::Ignore;
    assert_eq!(zone(&world), None);
    assert_eq!(world.solve().claims.len(), 1);
}

#[test]
fn required_terms_go_before_preferences() {
    let (mut world, pod) = world();
    // The first term could be met without the wish, but it is the term that goes.
    world.at(pod).required_node_terms = [ZONES[0], ZONES[1]]
        .map(|zone| in_zone(&mut world, zone))
        .to_vec();
    world.at(pod).preferred_node_terms = vec![(1, in_zone(&mut world, ZONES[1]))];
    assert_eq!(zone(&world), Some(1));
}

#[test]
fn pod_preferences_hold_until_refused() {
    for (policy, claims) in [
        (PreferencePolicy::Respect, 2),
        (PreferencePolicy::Ignore, 1),
    ] {
        let (mut world, pod) = world();
        world.at(pod).preferred_pod_terms = vec![
            (1, world.term("missing", key::ZONE)),
            (-10, world.term("web", key::ZONE)),
            (-1, world.term("web", key::HOSTNAME)),
        ];
        world.pods(pod, 1);
        world.options.preference_policy = policy;
        let plan = world.solve();
        assert!(plan.errors.is_empty());
        assert_eq!(plan.claims.len(), claims, "{policy:?}");
    }
}

#[test]
fn a_soft_spread_is_hard_until_refused() {
    let (mut world, pod) = world();
    let mut soft = world.spread("web", key::HOSTNAME, 1);
    soft.when_unsatisfiable = WhenUnsatisfiable::ScheduleAnyway;
    world.at(pod).spread = vec![soft];
    world.pods(pod, 1);
    assert_eq!(world.solve().claims.len(), 2);
    // No third claim is within the limits: the spread goes.
    world.pools[0].limits.resources = vec![(karpsim::api::Resource::Cpu, 8000)];
    world.pods(pod, 1);
    let plan = world.solve();
    assert!(plan.errors.is_empty());
    assert_eq!(plan.claims.len(), 2);
    world.options.preference_policy = PreferencePolicy::Ignore;
    assert_eq!(world.solve().claims.len(), 1);
}

#[test]
fn prefer_no_schedule_is_hard_until_a_pool_has_it_and_all_else_is_given_up() {
    let soft = || vec![taint("slow", Effect::PreferNoSchedule)];
    let (mut world, _) = world();
    world.node("node", 0).taints = soft();
    // Only the node has it: never relaxed.
    assert!(world.solve().existing.is_empty());
    // A pool has it, and no other will do.
    world.pools[0].taints = soft();
    assert_eq!(world.solve().existing.len(), 1);
    world.existing.clear();
    assert_eq!(world.solve().claims.len(), 1);
    // Another pool without it is preferred, whatever its weight.
    world.pools[0].weight = 100;
    world.pool("plain", 4);
    assert_eq!(world.solve().claims[0].pool, 1);
}

#[test]
fn a_pod_that_bears_it_already_has_nothing_to_give_up() {
    let (mut world, pod) = world();
    world.pools[0].taints = vec![
        taint("hard", Effect::NoSchedule),
        taint("slow", Effect::PreferNoSchedule),
    ];
    world.at(pod).tolerations = vec![Toleration {
        operator: TolerationOperator::Exists,
        effect: Some(Effect::PreferNoSchedule),
        ..Toleration::default()
    }];
    assert_eq!(world.solve().errors.len(), 1);
}

#[test]
fn each_attempt_begins_with_all_wishes() {
    // The wish of the first pod comes true in the second round, when its partner has a place.
    let (mut world, pod) = world();
    world.at(pod).requests =
        world.templates[pod.index()].requests + karpsim::api::Resources::cpu_memory(900, 0);
    let partner = world.app("partner", 500, 100);
    world.at(partner).node_selector = in_zone(&mut world, ZONES[2]);
    world.at(pod).pod_affinity = vec![world.term("partner", key::ZONE)];
    world.at(pod).preferred_node_terms = vec![(1, in_zone(&mut world, ZONES[2]))];
    world.pods(partner, 1);
    let plan = world.solve();
    assert!(plan.errors.is_empty());
    assert_eq!(world.skew(&plan), [0, 0, 2]);
}
