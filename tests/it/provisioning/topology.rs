//! Spread, affinity and anti-affinity, as skew vectors over the three zones (1.11, 9.1, 13.6).

use karpsim::api::objects::core::NodeInclusionPolicy;
use karpsim::api::{Effect, Operator, Requirements, key};
use karpsim::cluster::TemplateId;
use karpsim::karpenter::provisioning::{CountedNode, NewClaim, Plan};

use super::dsl::{World, ZONES, bears, pinned, sorted, taint};

/// Pods of an app that spreads over zones with a skew of 1, on types of 1 to 4 vCPU.
fn spreading(pods: usize) -> (World, TemplateId) {
    let mut world = World::with_types(4);
    let app = world.app("web", 1100, 100);
    world.at(app).spread = vec![world.spread("web", key::ZONE, 1)];
    world.pods(app, pods);
    (world, app)
}

/// Pods of the app bound in each zone, on nodes that take no more.
fn bound(world: &mut World, app: TemplateId, counts: [usize; 3]) {
    for (zone, count) in counts.into_iter().enumerate() {
        let node = world.node(&format!("full-{zone}"), zone);
        node.requested = node.allocatable;
        node.pods = vec![app; count];
    }
}

fn placed(plan: &Plan) -> usize {
    plan.existing.len()
        + plan
            .claims
            .iter()
            .map(|claim| claim.pods.len())
            .sum::<usize>()
}

#[test]
fn zonal_spread_is_even() {
    for (pods, skew) in [
        (1, [0, 0, 1]),
        (2, [0, 1, 1]),
        (4, [1, 1, 2]),
        (6, [2, 2, 2]),
        (11, [3, 4, 4]),
    ] {
        let (world, _) = spreading(pods);
        assert_eq!(sorted(world.skew(&world.solve())), skew);
    }
}

#[test]
fn within_the_skew_a_claim_fills_up_before_another_begins() {
    let (mut world, app) = spreading(4);
    world.at(app).spread[0].max_skew = 4;
    assert_eq!(sorted(world.skew(&world.solve())), [0, 1, 3]);
}

/// Where one pod goes when so many are bound.
#[track_caller]
fn check_next(counts: [usize; 3], allowed: Option<&[&str]>, expected: [usize; 3]) {
    let (mut world, app) = spreading(1);
    bound(&mut world, app, counts);
    if let Some(zones) = allowed {
        world.at(app).node_selector =
            world.wants("topology.kubernetes.io/zone", Operator::In, zones);
    }
    assert_eq!(world.skew(&world.solve()), expected);
}

#[test]
fn bound_pods_count() {
    check_next([2, 1, 0], None, [0, 0, 1]);
    check_next([0, 1, 1], None, [1, 0, 0]);
}

#[test]
fn the_minimum_is_over_the_zones_the_pod_may_use() {
    check_next([2, 1, 0], Some(&ZONES[..2]), [0, 1, 0]);
    check_next([3, 2, 0], Some(&ZONES[..1]), [1, 0, 0]);
}

#[test]
fn a_domain_that_would_exceed_the_skew_is_refused() {
    let (mut world, app) = spreading(1);
    bound(&mut world, app, [2, 1, 1]);
    // Only zone 1 has capacity.
    world.pools[0].requirements =
        world.wants("topology.kubernetes.io/zone", Operator::In, &ZONES[..1]);
    let plan = world.solve();
    assert_eq!(placed(&plan), 0);
    assert!(matches!(
        plan.errors[0].1.pools[0].cause,
        karpsim::karpenter::provisioning::Cause::Topology(key::ZONE)
    ));
}

#[test]
fn fewer_domains_than_min_domains_make_the_minimum_zero() {
    let (mut world, app) = spreading(3);
    world.at(app).spread[0].min_domains = Some(4);
    let plan = world.solve();
    assert_eq!(world.skew(&plan), [1, 1, 1]);
    world.pods(app, 1);
    assert_eq!(placed(&world.solve()), 3);
}

#[test]
fn pods_of_other_namespaces_and_labels_do_not_count() {
    let (mut world, app) = spreading(1);
    let stranger = world.app("other", 100, 100);
    let abroad = world.app("web", 100, 100);
    world.at(abroad).namespace = world.symbols.intern("abroad");
    bound(&mut world, app, [0, 0, 0]);
    world.existing[0].pods = vec![stranger, abroad, app];
    world.existing[1].pods = vec![app];
    assert_eq!(world.skew(&world.solve()), [0, 0, 1]);
}

#[test]
fn nodes_that_take_no_pods_count_as_well() {
    let (mut world, app) = spreading(1);
    for zone in &ZONES[..2] {
        let labels = world.labels(&[("topology.kubernetes.io/zone", zone)]);
        world.counted.push(CountedNode {
            name: world.symbols.intern("leaving"),
            labels,
            taints: Vec::new(),
            pods: vec![app],
        });
    }
    assert_eq!(world.skew(&world.solve()), [0, 0, 1]);
}

#[test]
fn a_node_the_pods_affinity_refuses_counts_only_by_policy() {
    for (policy, expected) in [
        (NodeInclusionPolicy::Honor, [1, 0, 0]),
        (NodeInclusionPolicy::Ignore, [0, 0, 1]),
    ] {
        let (mut world, app) = spreading(1);
        bound(&mut world, app, [5, 1, 0]);
        let arm = world.wants("kubernetes.io/arch", Operator::In, &["amd64"]);
        world.at(app).node_selector = arm;
        world.at(app).spread[0].node_affinity_policy = policy;
        let (arch, amd64) = (key::ARCH, world.symbols.intern("amd64"));
        (1..3).for_each(|node| world.existing[node].labels.insert(arch, amd64));
        world.existing[2].pods = vec![
            app;
            if policy == NodeInclusionPolicy::Honor {
                1
            } else {
                0
            }
        ];
        assert_eq!(world.skew(&world.solve()), expected, "{policy:?}");
    }
}

#[test]
fn a_zone_only_a_tainted_pool_has_counts_only_by_policy() {
    for (policy, placed_pods) in [
        (NodeInclusionPolicy::Honor, 4),
        (NodeInclusionPolicy::Ignore, 3),
    ] {
        let (mut world, app) = spreading(4);
        world.pools[0].requirements =
            world.wants("topology.kubernetes.io/zone", Operator::In, &ZONES[..2]);
        let in_third = world.wants("topology.kubernetes.io/zone", Operator::In, &ZONES[2..]);
        let tainted = world.pool("tainted", 4);
        tainted.requirements = in_third;
        tainted.taints = vec![taint("ai", Effect::NoSchedule)];
        world.at(app).spread[0].node_taints_policy = policy;
        let plan = world.solve();
        // Ignored, zone 3 stays empty and allows one pod in each of the others.
        assert_eq!(
            placed(&plan),
            if policy == NodeInclusionPolicy::Ignore {
                2
            } else {
                placed_pods
            },
            "{policy:?}"
        );
    }
}

#[test]
fn hostname_spread_counts_per_node() {
    let mut world = World::with_types(8);
    let app = world.app("web", 100, 100);
    world.at(app).spread = vec![world.spread("web", key::HOSTNAME, 1)];
    world.pods(app, 3);
    assert_eq!(world.solve().claims.len(), 3);
    world.at(app).spread[0].max_skew = 2;
    let mut sizes: Vec<_> = world
        .solve()
        .claims
        .iter()
        .map(|claim| claim.pods.len())
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2]);
}

#[test]
fn a_node_with_such_a_pod_is_beyond_a_hostname_skew_of_one() {
    let mut world = World::with_types(8);
    let app = world.app("web", 100, 100);
    world.at(app).spread = vec![world.spread("web", key::HOSTNAME, 1)];
    world.node("node", 0).pods = vec![app];
    world.pods(app, 1);
    let plan = world.solve();
    assert_eq!((plan.existing.len(), plan.claims.len()), (0, 1));
}

#[test]
fn zone_and_hostname_spread_hold_together() {
    let (mut world, app) = spreading(6);
    let hosts = world.spread("web", key::HOSTNAME, 2);
    world.at(app).spread.push(hosts);
    let plan = world.solve();
    assert_eq!(world.skew(&plan), [2, 2, 2]);
    assert!(plan.claims.iter().all(|claim| claim.pods.len() <= 2));
}

#[test]
fn capacity_types_are_domains_too() {
    let mut world = World::with_types(4);
    let app = world.app("web", 1100, 100);
    world.at(app).spread = vec![world.spread("web", key::CAPACITY_TYPE, 1)];
    world.pods(app, 4);
    let plan = world.solve();
    let spot = world.symbols.get("spot");
    let on = |kind| move |claim: &&NewClaim| (pinned(claim, key::CAPACITY_TYPE) == spot) == kind;
    let count = |kind| {
        plan.claims
            .iter()
            .filter(on(kind))
            .map(|claim| claim.pods.len())
            .sum::<usize>()
    };
    assert_eq!((count(true), count(false)), (2, 2));
}

#[test]
fn zonal_self_affinity_gathers_in_one_zone() {
    let mut world = World::with_types(2);
    let app = world.app("web", 1100, 100);
    let term = world.term("web", key::ZONE);
    world.at(app).pod_affinity = vec![term];
    world.at(app).node_selector =
        world.wants("topology.kubernetes.io/zone", Operator::In, &ZONES[1..2]);
    world.pods(app, 3);
    let plan = world.solve();
    assert_eq!(world.skew(&plan), [0, 3, 0]);
    // The first bound pod decides, whatever the others could do.
    world.at(app).node_selector = Requirements::new();
    bound(&mut world, app, [0, 0, 1]);
    assert_eq!(world.skew(&world.solve()), [0, 0, 3]);
}

#[test]
fn affinity_to_pods_that_are_nowhere_cannot_be_met() {
    let mut world = World::with_types(4);
    let app = world.app("web", 100, 100);
    world.at(app).pod_affinity = vec![world.term("missing", key::ZONE)];
    world.pods(app, 1);
    assert_eq!(placed(&world.solve()), 0);
}

#[test]
fn hostname_self_affinity_shares_one_claim() {
    let mut world = World::with_types(8);
    let app = world.app("web", 100, 100);
    world.at(app).pod_affinity = vec![world.term("web", key::HOSTNAME)];
    world.pods(app, 5);
    let plan = world.solve();
    assert_eq!(
        plan.claims
            .iter()
            .map(|claim| claim.pods.len())
            .collect::<Vec<_>>(),
        [5]
    );
}

#[test]
fn one_open_claim_blocks_every_zone_for_zonal_self_anti_affinity() {
    let mut world = World::with_types(4);
    let app = world.app("web", 100, 100);
    world.at(app).pod_anti_affinity = vec![world.term("web", key::ZONE)];
    world.pods(app, 3);
    assert_eq!(placed(&world.solve()), 1);
    // With the zone decided elsewhere each gets its own.
    let mut world = World::with_types(4);
    for zone in ZONES {
        let app = world.app("web", 100, 100);
        world.at(app).pod_anti_affinity = vec![world.term("web", key::ZONE)];
        world.at(app).node_selector =
            world.wants("topology.kubernetes.io/zone", Operator::In, &[zone]);
        world.pods(app, 1);
    }
    assert_eq!(world.skew(&world.solve()), [1, 1, 1]);
}

#[test]
fn required_anti_affinity_binds_the_pods_it_selects() {
    let mut world = World::with_types(8);
    let guard = world.app("guard", 1000, 100);
    world.at(guard).pod_anti_affinity = vec![world.term("web", key::HOSTNAME)];
    let web = world.app("web", 100, 100);
    world.pods(guard, 1);
    world.pods(web, 1);
    assert_eq!(world.solve().claims.len(), 2);
    // And so does that of a pod bound before.
    let mut world = World::with_types(8);
    let guard = world.app("guard", 1000, 100);
    world.at(guard).pod_anti_affinity = vec![world.term("web", key::ZONE)];
    let web = world.app("web", 100, 100);
    world.node("node", 0).pods = vec![guard];
    world.pods(web, 1);
    let plan = world.solve();
    assert!(plan.existing.is_empty());
    let zones = plan.claims[0].requirements.get(key::ZONE).unwrap();
    assert!(!zones.has(world.symbols.get(ZONES[0]).unwrap(), &world.symbols));
}

#[test]
fn preferred_anti_affinity_binds_only_its_own_pod() {
    let mut world = World::with_types(8);
    let guard = world.app("guard", 1000, 100);
    world.at(guard).preferred_pod_terms = vec![(-1, world.term("web", key::HOSTNAME))];
    let web = world.app("web", 100, 100);
    world.pods(guard, 1);
    world.pods(web, 1);
    assert_eq!(world.solve().claims.len(), 1);
}

#[test]
fn terms_reach_the_namespaces_they_list() {
    for (namespace, claims) in [("default", 1), ("other", 2)] {
        let mut world = World::with_types(8);
        let guard = world.app("guard", 1000, 100);
        let mut term = world.term("web", key::HOSTNAME);
        term.namespaces = vec![world.symbols.intern("other")];
        world.at(guard).pod_anti_affinity = vec![term];
        let web = world.app("web", 100, 100);
        world.at(web).namespace = world.symbols.intern(namespace);
        world.pods(guard, 1);
        world.pods(web, 1);
        assert_eq!(world.solve().claims.len(), claims, "{namespace}");
    }
}

#[test]
fn a_tainted_node_counts_unless_honoured() {
    for (policy, expected) in [
        (NodeInclusionPolicy::Ignore, [0, 0, 1]),
        (NodeInclusionPolicy::Honor, [1, 0, 0]),
    ] {
        let (mut world, app) = spreading(1);
        bound(&mut world, app, [1, 1, 0]);
        world.existing[0].taints = vec![taint("team", Effect::NoSchedule)];
        world.existing[2].pods = vec![app; usize::from(policy == NodeInclusionPolicy::Honor)];
        world.at(app).spread[0].node_taints_policy = policy;
        assert_eq!(world.skew(&world.solve()), expected, "{policy:?}");
        world.at(app).tolerations = vec![bears("team")];
    }
}

/// The group of a term is made before the pod is relaxed, and knows the domains of those pools only whose taints the pod bears then.
#[test]
fn a_term_knows_the_domains_of_pools_its_pod_bears() {
    let mut world = World::with_types(5);
    world.pools[0].taints = vec![taint("batch", Effect::PreferNoSchedule)];
    let id = world.app("web", 100, 100);
    let term = world.term("web", key::ZONE);
    world.at(id).pod_affinity = vec![term];
    world.pods(id, 1);
    assert_eq!(world.solve().errors.len(), 1);
    world.at(id).tolerations = vec![bears("batch")];
    assert!(world.solve().errors.is_empty());
}

/// The spread chooses an empty zone and the affinity the one with the pod: both are had where the label does not exist.
#[test]
fn a_node_without_the_label_takes_what_two_constraints_cannot_agree_on() {
    let mut world = World::with_types(5);
    let id = world.app("web", 100, 100);
    let spread = world.spread("web", key::ZONE, 1);
    let term = world.term("web", key::ZONE);
    world.at(id).spread = vec![spread];
    world.at(id).pod_affinity = vec![term];
    world.node("n1", 0).pods = vec![id];
    let node = world.node("n2", 0);
    node.labels = [(key::HOSTNAME, node.name)].into_iter().collect();
    world.pods(id, 1);
    let plan = world.solve();
    assert_eq!(plan.existing, [(1, 0)]);
}
