//! Which types can a claim still be, and what is written down of it? (1.10, 1.14)

use karpsim::api::{Effect, LabelSet, Operator, Requirement, Resource, Resources, key};
use karpsim::cluster::template::HostPort;
use karpsim::karpenter::provisioning::{Cause, MinValuesPolicy, Plan};

use super::dsl::{MIB, World, bears, pinned, taint};

/// vCPUs of the types of each claim, in the order the claim lists them.
fn sizes(plan: &Plan) -> Vec<Vec<usize>> {
    plan.claims
        .iter()
        .map(|claim| claim.types.iter().map(|place| place + 1).collect())
        .collect()
}

#[test]
fn a_claim_keeps_the_types_that_hold_all_its_pods_cheapest_first() {
    let mut world = World::with_types(8);
    let pod = world.template(1500, 100);
    world.pods(pod, 3);
    // 3 x 1500 m and 100 m reserved: 5 vCPU at least.
    assert_eq!(sizes(&world.solve()), [[5, 6, 7, 8]]);
}

#[test]
fn a_second_claim_begins_when_no_type_holds_one_pod_more() {
    let mut world = World::with_types(4);
    let pod = world.template(1500, 100);
    world.pods(pod, 3);
    assert_eq!(sizes(&world.solve()), [vec![4], vec![2, 3, 4]]);
}

#[test]
fn the_claim_lists_type_names_and_the_capacity_types_they_are_available_as() {
    let mut world = World::with_types(2);
    let in_zone_3 = world.wants(
        "topology.kubernetes.io/zone",
        Operator::In,
        &["test-zone-3"],
    );
    let pod = world.template(100, 100);
    world.at(pod).node_selector = in_zone_3;
    world.pods(pod, 1);
    let plan = world.solve();
    let claim = &plan.claims[0];
    let names: Vec<_> = world.pools[0]
        .types
        .iter()
        .map(|instance_type| instance_type.name)
        .collect();
    assert_eq!(
        claim.requirements.get(key::INSTANCE_TYPE),
        Some(&Requirement::of(names))
    );
    // There is no spot in zone 3.
    assert_eq!(
        pinned(claim, key::CAPACITY_TYPE),
        world.symbols.get("on-demand")
    );
    assert_eq!(pinned(claim, key::NODEPOOL), world.symbols.get("default"));
    assert_eq!(claim.requirements.get(key::REGISTERED), None);
    assert_eq!(claim.requirements.get(key::HOSTNAME), None);
}

#[test]
fn an_offering_that_is_not_available_does_not_count() {
    let mut world = World::with_types(2);
    world.pools[0].types[0]
        .offerings
        .iter_mut()
        .for_each(|offering| offering.available = false);
    let pod = world.template(100, 100);
    world.pods(pod, 1);
    assert_eq!(sizes(&world.solve()), [[2]]);
}

#[test]
fn price_is_that_of_the_cheapest_offering_the_claim_allows() {
    let mut world = World::with_types(2);
    let pod = world.template(100, 100);
    world.pods(pod, 1);
    // The larger type is cheaper as spot in zone 1 only.
    world.pools[0].types[1].offerings[0].price.0 = 1;
    assert_eq!(sizes(&world.solve()), [[2, 1]]);
    world.at(pod).node_selector = world.wants(
        "topology.kubernetes.io/zone",
        Operator::In,
        &["test-zone-2"],
    );
    assert_eq!(sizes(&world.solve()), [[1, 2]]);
}

#[test]
fn the_least_daemon_overhead_joins_the_requests() {
    let mut world = World::with_types(4);
    let everywhere = world.template(200, 50);
    let on_large = world.template(1000, 50);
    world.at(on_large).node_selector =
        world.wants("karpenter.k8s.aws/instance-cpu", Operator::Gt, &["2"]);
    world.daemons = vec![everywhere, on_large];
    let pod = world.template(1000, 100);
    world.pods(pod, 1);
    let plan = world.solve();
    // 1 vCPU: 900 m < 1000 + 200. 3 vCPU: 2900 m >= 1000 + 200 + 1000.
    assert_eq!(sizes(&plan), [[2, 3, 4]]);
    assert_eq!(
        plan.claims[0].requests,
        Resources::cpu_memory(1200, 150 * MIB).with(Resource::Pods, 2)
    );
}

#[test]
fn two_pods_with_one_host_port_need_two_claims() {
    let mut world = World::with_types(4);
    let pod = world.template(100, 100);
    world.at(pod).host_ports = vec![HostPort::everywhere(80, world.symbols.intern("TCP"))];
    world.pods(pod, 2);
    assert_eq!(world.solve().claims.len(), 2);
}

#[test]
fn a_daemon_with_the_port_takes_its_types_away() {
    let mut world = World::with_types(4);
    let port = HostPort::everywhere(80, world.symbols.intern("TCP"));
    let daemon = world.template(100, 50);
    world.at(daemon).host_ports = vec![port];
    world.at(daemon).node_selector =
        world.wants("karpenter.k8s.aws/instance-cpu", Operator::Gt, &["2"]);
    world.daemons = vec![daemon];
    let pod = world.template(100, 100);
    world.at(pod).host_ports = vec![port];
    world.pods(pod, 1);
    assert_eq!(sizes(&world.solve()), [[1, 2]]);
}

#[test]
fn a_custom_label_must_be_defined_by_the_pool() {
    let mut world = World::with_types(1);
    let pod = world.template(100, 100);
    world.at(pod).node_selector = world.wants("team", Operator::In, &["a"]);
    world.pods(pod, 1);
    let team = world.symbols.intern("team");
    assert_eq!(
        world.solve().errors[0].1.pools[0].cause,
        Cause::Requirement(team)
    );
    world.pools[0].requirements = world.wants("team", Operator::In, &["a", "b"]);
    assert_eq!(
        pinned(&world.solve().claims[0], team),
        world.symbols.get("a")
    );
    world.pools[0].requirements = karpsim::api::Requirements::new();
    world.pools[0].labels = [(team, world.symbols.get("a").unwrap())]
        .into_iter()
        .collect::<LabelSet>();
    assert_eq!(world.solve().claims.len(), 1);
}

#[test]
fn pods_of_contradicting_wishes_do_not_share_a_claim() {
    let mut world = World::with_types(8);
    for zone in ["test-zone-1", "test-zone-2", "test-zone-1"] {
        let pod = world.template(100, 100);
        world.at(pod).node_selector =
            world.wants("topology.kubernetes.io/zone", Operator::In, &[zone]);
        world.pods(pod, 1);
    }
    let mut pods: Vec<_> = world
        .solve()
        .claims
        .into_iter()
        .map(|claim| claim.pods)
        .collect();
    pods.sort_unstable();
    assert_eq!(pods, [vec![0, 2], vec![1]]);
}

#[test]
fn a_pod_that_wants_a_host_by_name_joins_no_claim() {
    let mut world = World::with_types(8);
    let (first, bound) = (world.template(1000, 100), world.template(100, 100));
    world.at(bound).node_selector = world.wants("kubernetes.io/hostname", Operator::In, &["node"]);
    world.pods(first, 1);
    world.pods(bound, 1);
    let plan = world.solve();
    assert_eq!(plan.claims[0].pods, [0]);
    let cause = &plan.errors[0].1.pools[0].cause;
    assert_eq!(*cause, Cause::Requirement(key::HOSTNAME));
    // A host it does not want is another matter.
    world.at(bound).node_selector =
        world.wants("kubernetes.io/hostname", Operator::NotIn, &["node"]);
    assert_eq!(world.solve().claims[0].pods, [0, 1]);
}

#[test]
fn a_tainted_pool_takes_only_pods_that_bear_it() {
    let mut world = World::with_types(8);
    world.pools[0].taints = vec![taint("ai", Effect::NoSchedule)];
    let (stranger, own) = (world.template(100, 100), world.template(100, 100));
    world.at(own).tolerations = vec![bears("ai")];
    world.pods(stranger, 1);
    world.pods(own, 1);
    let plan = world.solve();
    assert_eq!(plan.claims[0].pods, [1]);
    assert_eq!(plan.errors[0].1.pools[0].cause, Cause::Taint(0));
}

/// A pool that wants 3 instance types, and a pod that `cpu` leaves too few of or enough.
fn flexible(cpu: i64, policy: MinValuesPolicy) -> (World, Plan) {
    let mut world = World::with_types(4);
    let any = Requirement::any().with_min_values(Some(3));
    world.pools[0].requirements.set(key::INSTANCE_TYPE, any);
    world.options.min_values_policy = policy;
    let pod = world.template(cpu, 100);
    world.pods(pod, 1);
    let plan = world.solve();
    (world, plan)
}

#[test]
fn min_values_refuse_a_claim_with_too_few_types() {
    assert_eq!(
        sizes(&flexible(1500, MinValuesPolicy::Strict).1),
        [[2, 3, 4]]
    );
    let (_, plan) = flexible(2500, MinValuesPolicy::Strict);
    let short = Cause::MinValues {
        key: key::INSTANCE_TYPE,
        wanted: 3,
        found: 2,
    };
    assert_eq!(plan.errors[0].1.pools[0].cause, short);
}

#[test]
fn best_effort_lowers_them_and_says_so() {
    let (_, plan) = flexible(2500, MinValuesPolicy::BestEffort);
    assert_eq!(sizes(&plan), [[3, 4]]);
    assert!(plan.claims[0].min_values_relaxed);
    assert_eq!(
        plan.claims[0]
            .requirements
            .get(key::INSTANCE_TYPE)
            .unwrap()
            .min_values(),
        Some(2)
    );
    assert!(!flexible(1500, MinValuesPolicy::BestEffort).1.claims[0].min_values_relaxed);
}

#[test]
fn min_values_keep_a_claim_from_growing_out_of_its_types() {
    let (mut world, _) = flexible(1500, MinValuesPolicy::Strict);
    world.pods(karpsim::cluster::TemplateId(0), 1);
    assert_eq!(sizes(&world.solve()), [[2, 3, 4], [2, 3, 4]]);
}
