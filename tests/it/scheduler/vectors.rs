//! The test vectors of spec/kubernetes.md 1 and 10.5, through the public face.

use karpsim::api::objects::core::WhenUnsatisfiable::{DoNotSchedule, ScheduleAnyway};
use karpsim::api::{Effect, Resource, Symbols, key};
use karpsim::cluster::template::HostPort;
use karpsim::cluster::{PodTemplate, TemplateId};
use karpsim::des::{Purpose, SimTime, Stream, StreamKey};
use karpsim::kube::scheduler::{
    Attempt, Cache, Chosen, ClusterEvent, Failure, NodeInfo, Plugin, PluginSet, Profile,
    SchedulingQueue, TieBreak, feasible_nodes_wanted,
};

use super::fleet::{
    MIB, ZONES, asking, near, node, one_of, pod, spread, taint, template, tolerating,
};

const FIRST: Profile = Profile {
    minor: 36,
    tie_break: TieBreak::First,
};

fn dice(entity: u64) -> Stream {
    StreamKey {
        seed: 1,
        purpose: Purpose::TieBreak,
        entity,
    }
    .stream()
}

/// Finds a node for a pod that is nowhere yet.
fn attempt(cache: &mut Cache<'_>, template: u32) -> Result<Chosen, Failure> {
    let template = TemplateId(template);
    cache.schedule(
        Attempt {
            pod: u32::MAX,
            template,
            pinned: None,
        },
        &mut dice(0),
    )
}

/// Places `count` pods one after the other and returns their nodes.
fn place(cache: &mut Cache<'_>, template: u32, keys: std::ops::Range<u32>) -> Vec<u32> {
    keys.map(|key| {
        let chosen = attempt(cache, template).expect("a node");
        cache.add_pod(chosen.node, pod(key, template));
        chosen.node
    })
    .collect()
}

fn cluster<'s>(
    templates: &'s [PodTemplate],
    symbols: &'s Symbols,
    nodes: &[NodeInfo],
) -> Cache<'s> {
    let mut cache = Cache::new(templates, symbols, FIRST);
    for (slot, node) in (0..).zip(nodes) {
        cache.add_node(slot, node.clone());
    }
    cache
}

#[test]
fn how_many_feasible_nodes_are_wanted() {
    let table = [
        (0, 0),
        (1, 1),
        (99, 99),
        (100, 100),
        (250, 120),
        (500, 230),
        (1_000, 420),
        (2_000, 680),
        (5_000, 500),
        (6_000, 300),
    ];
    for (nodes, wanted) in table {
        assert_eq!(feasible_nodes_wanted(nodes), wanted, "{nodes} nodes");
    }
}

#[test]
fn one_node_is_not_scored_and_two_are() {
    let mut symbols = Symbols::new();
    // A daemon has no default spread constraints: its score is fit, balance and taints alone.
    let mut daemon = template(&mut symbols, "daemon");
    daemon.daemon = true;
    let templates = [daemon, asking(template(&mut symbols, "old"), 1_500, 4_096)];
    let nodes = ["az1", "az2"].map(|zone| node(&mut symbols, 0, zone));
    for (minor, balance) in [(35, 90), (36, 73)] {
        let mut cache = Cache::new(&templates, &symbols, Profile { minor, ..FIRST });
        cache.add_node(0, nodes[0].clone());
        cache.add_pod(0, pod(0, 1));
        let alone = attempt(&mut cache, 0).expect("a node");
        assert_eq!((alone.node, alone.score, alone.feasible), (0, None, 1));
        cache.add_node(1, nodes[1].clone());
        cache.add_pod(1, pod(1, 1));
        let best = attempt(&mut cache, 0).expect("a node");
        assert_eq!(
            (best.node, best.score, best.feasible),
            (0, Some(59 + balance + 300), 2)
        );
    }
}

#[test]
fn best_effort_pods_still_spread() {
    let mut symbols = Symbols::new();
    let mut templates = [asking(template(&mut symbols, "idle"), 0, 0)];
    templates[0].daemon = true;
    let nodes = [0, 1, 2].map(|slot| node(&mut symbols, slot, "az1"));
    let mut cache = cluster(&templates, &symbols, &nodes);
    let mut placed = place(&mut cache, 0, 0..6);
    placed.sort_unstable();
    assert_eq!(placed, [0, 0, 1, 1, 2, 2]);
}

#[test]
fn the_default_constraints_spread_over_hosts_and_zones() {
    let mut symbols = Symbols::new();
    let templates = [template(&mut symbols, "api"), template(&mut symbols, "web")];
    let nodes: Vec<_> = (0..6)
        .map(|slot| node(&mut symbols, slot, ZONES[slot as usize / 2]))
        .collect();
    let mut cache = cluster(&templates, &symbols, &nodes);
    // Host and zone counts as in the vector of 1.9: (1,2) (1,2) (1,1) (0,1) (0,0) (0,0).
    for (key, slot) in [(0, 0), (1, 1), (2, 2)] {
        cache.add_pod(slot, pod(key, 0));
    }
    let chosen = attempt(&mut cache, 0).expect("a node");
    // Empty node: (87 + 93) / 2 of LeastAllocated, 50 + (50 + 97 - 100) / 2 of balance, 3 x 100 of taints, 2 x 100 of spread.
    assert_eq!((chosen.node, chosen.score), (4, Some(90 + 73 + 300 + 200)));
    // A template is its own ReplicaSet: another revision does not see these pods.
    cache.add_pod(4, pod(3, 1));
    cache.add_pod(5, pod(4, 1));
    assert_eq!(attempt(&mut cache, 0).expect("a node").node, 4);
}

#[test]
fn terminating_pods_do_not_count_in_a_spread_but_hold_their_room() {
    let mut symbols = Symbols::new();
    let mut api = template(&mut symbols, "api");
    api.spread = vec![spread(&mut symbols, "api", key::ZONE, 1, DoNotSchedule)];
    let templates = [api];
    let nodes = [0, 1].map(|slot| node(&mut symbols, slot, ZONES[slot as usize]));
    let mut cache = cluster(&templates, &symbols, &nodes);
    cache.add_pod(0, pod(0, 0));
    cache.add_pod(0, pod(1, 0));
    let skewed = attempt(&mut cache, 0).expect("a node");
    assert_eq!((skewed.node, skewed.feasible), (1, 1));
    cache.mark_terminating(0);
    cache.mark_terminating(1);
    assert_eq!(attempt(&mut cache, 0).expect("a node").feasible, 2);
    assert_eq!(cache.requested(0)[Resource::Cpu], 1_000);
}

#[test]
fn an_unusable_zone_can_hold_the_minimum_at_zero() {
    let mut symbols = Symbols::new();
    let mut api = template(&mut symbols, "api");
    api.spread = vec![spread(&mut symbols, "api", key::ZONE, 1, DoNotSchedule)];
    let templates = [api];
    let mut nodes = [0, 1].map(|slot| node(&mut symbols, slot, ZONES[slot as usize]));
    nodes[1]
        .taints
        .push(taint("node.kubernetes.io/not-ready", Effect::NoSchedule));
    let mut cache = cluster(&templates, &symbols, &nodes);
    assert_eq!(place(&mut cache, 0, 0..1), [0]);
    let failure = attempt(&mut cache, 0).expect_err("skew");
    assert_eq!(
        failure.to_string(),
        "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, \
         1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }."
    );
    assert_eq!(failure.resolvable, [0]);
    cache.remove_node(1);
    assert_eq!(place(&mut cache, 0, 1..3), [0, 0]);
}

#[test]
fn only_hard_constraints_mean_no_spread_score() {
    let mut symbols = Symbols::new();
    let (mut hard, mut both) = (template(&mut symbols, "api"), template(&mut symbols, "api"));
    hard.spread = vec![spread(&mut symbols, "api", key::ZONE, 9, DoNotSchedule)];
    both.spread = vec![
        hard.spread[0].clone(),
        spread(&mut symbols, "api", key::HOSTNAME, 1, ScheduleAnyway),
    ];
    let templates = [hard, both];
    let nodes = [0, 1].map(|slot| node(&mut symbols, slot, ZONES[0]));
    let mut cache = cluster(&templates, &symbols, &nodes);
    let [hard, both] = [0, 1].map(|template| attempt(&mut cache, template).expect("a node").score);
    assert_eq!(hard.map(|score| score + 200), both);
}

#[test]
fn the_event_counts_nodes_by_reason() {
    let mut symbols = Symbols::new();
    let templates = [
        asking(template(&mut symbols, "api"), 5_000, 32_768),
        template(&mut symbols, "web"),
    ];
    let mut nodes: Vec<_> = (0..12)
        .map(|slot| node(&mut symbols, slot, "az1"))
        .collect();
    nodes[..9].iter_mut().for_each(|node| {
        node.taints
            .push(taint("nvidia.com/gpu", Effect::NoSchedule))
    });
    nodes[9].unschedulable = true;
    nodes[10].allocatable = nodes[10]
        .allocatable
        .with(Resource::Cpu, 8_000)
        .with(Resource::Memory, 65_536 * MIB);
    let mut cache = cluster(&templates, &symbols, &nodes);
    (0..16).for_each(|key| cache.add_pod(10, pod(key, 1)));
    let failure = attempt(&mut cache, 0).expect_err("no room");
    assert_eq!(
        failure.to_string(),
        "0/12 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable, 2 Insufficient cpu, \
         9 node(s) had untolerated taint {nvidia.com/gpu: }."
    );
    assert_eq!(
        failure.resolvable,
        [10],
        "more than the empty node has is beyond eviction"
    );
    let plugins = [
        Plugin::NodeUnschedulable,
        Plugin::TaintToleration,
        Plugin::NodeResourcesFit,
    ];
    assert_eq!(
        failure.plugins,
        plugins.into_iter().fold(PluginSet::EMPTY, PluginSet::with)
    );
}

#[test]
fn an_empty_cluster_fails_without_a_plugin() {
    let mut symbols = Symbols::new();
    let templates = [template(&mut symbols, "api")];
    let failure = attempt(&mut cluster(&templates, &symbols, &[]), 0).expect_err("no node");
    assert!(failure.plugins.is_empty());
    assert_eq!(failure.to_string(), "no nodes available to schedule pods");
}

#[test]
fn a_daemons_pod_goes_to_its_node_or_nowhere() {
    let mut symbols = Symbols::new();
    let templates = [template(&mut symbols, "agent")];
    let mut nodes = [0, 1, 2].map(|slot| node(&mut symbols, slot, "az1"));
    nodes[2].allocatable[Resource::Pods] = 0;
    let mut cache = cluster(&templates, &symbols, &nodes);
    let mut pin = |slot| {
        let attempt = Attempt {
            pod: 0,
            template: TemplateId(0),
            pinned: Some(slot),
        };
        cache.schedule(attempt, &mut dice(0))
    };
    let chosen = pin(1).expect("its node");
    assert_eq!((chosen.node, chosen.evaluated, chosen.score), (1, 1, None));
    assert_eq!(
        pin(2).expect_err("no room").to_string(),
        "0/3 nodes are available: 1 Too many pods, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    );
    // Each of the two moved the start of the next search by one; three feasible equals would else start at node 0.
    nodes[2].allocatable[Resource::Pods] = 110;
    cache.update_node(2, nodes[2].clone());
    assert_eq!(attempt(&mut cache, 0).expect("a node").node, 2);
}

#[test]
fn affinity_lets_the_first_of_a_series_in_and_binds_the_next() {
    let mut symbols = Symbols::new();
    let mut api = template(&mut symbols, "api");
    api.pod_affinity = vec![near(&mut symbols, "api", key::ZONE)];
    let mut web = template(&mut symbols, "web");
    web.pod_affinity = vec![near(&mut symbols, "api", key::ZONE)];
    let templates = [api, web];
    let nodes = [0, 1, 2].map(|slot| node(&mut symbols, slot, ZONES[slot as usize]));
    let mut cache = cluster(&templates, &symbols, &nodes);
    let lonely = attempt(&mut cache, 1).expect_err("no api to be near to");
    assert_eq!(
        lonely.plugins,
        PluginSet::EMPTY.with(Plugin::InterPodAffinity)
    );
    assert!(lonely.resolvable.is_empty());
    assert_eq!(place(&mut cache, 0, 0..3), [0, 0, 0]);
    assert_eq!(place(&mut cache, 1, 3..4), [0]);
}

#[test]
fn anti_affinity_holds_in_both_directions() {
    let mut symbols = Symbols::new();
    let mut shy = template(&mut symbols, "shy");
    shy.pod_anti_affinity = vec![near(&mut symbols, "loud", key::HOSTNAME)];
    let templates = [shy, template(&mut symbols, "loud")];
    let nodes = [0, 1].map(|slot| node(&mut symbols, slot, "az1"));
    let mut cache = cluster(&templates, &symbols, &nodes);
    cache.add_pod(0, pod(0, 0));
    assert_eq!(place(&mut cache, 1, 1..3), [1, 1]);
    assert_eq!(place(&mut cache, 0, 3..5), [0, 0]);
    cache.add_pod(0, pod(5, 1));
    assert_eq!(
        attempt(&mut cache, 0)
            .expect_err("loud everywhere")
            .to_string(),
        "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."
    );
    cache.add_pod(1, pod(6, 0));
    assert_eq!(
        attempt(&mut cache, 1)
            .expect_err("shy everywhere")
            .to_string(),
        "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules."
    );
}

#[test]
fn host_ports_and_selectors_keep_pods_apart() {
    let mut symbols = Symbols::new();
    let mut proxy = template(&mut symbols, "proxy");
    proxy.host_ports = vec![HostPort::everywhere(80, symbols.intern("TCP"))];
    let mut zonal = proxy.clone();
    zonal.node_selector = one_of(key::ZONE, &[symbols.intern("az2")]);
    let templates = [proxy, zonal];
    let nodes = [0, 1].map(|slot| node(&mut symbols, slot, ZONES[slot as usize]));
    let mut cache = cluster(&templates, &symbols, &nodes);
    assert_eq!(place(&mut cache, 1, 0..1), [1]);
    assert_eq!(
        attempt(&mut cache, 1).expect_err("port taken").to_string(),
        "0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, \
         1 node(s) didn't match Pod's node affinity/selector."
    );
    assert_eq!(place(&mut cache, 0, 1..2), [0]);
}

#[test]
fn ties_are_uniform() {
    let mut symbols = Symbols::new();
    let templates = [template(&mut symbols, "api")];
    let mut cache = Cache::new(&templates, &symbols, Profile::new(36));
    for slot in 0..4 {
        cache.add_node(slot, node(&mut symbols.clone(), slot, "az1"));
    }
    let mut counts = [0_u32; 4];
    for entity in 0..4_000 {
        let attempt = Attempt {
            pod: 0,
            template: TemplateId(0),
            pinned: None,
        };
        let chosen = cache.schedule(attempt, &mut dice(entity)).expect("a node");
        counts[chosen.node as usize] += 1;
    }
    assert!(
        counts.iter().all(|&count| (880..1_120).contains(&count)),
        "{counts:?}"
    );
}

#[test]
fn a_search_in_a_large_cluster_stops_early_and_goes_on_from_there() {
    let mut symbols = Symbols::new();
    let templates = [template(&mut symbols, "api")];
    let nodes: Vec<_> = (0..250)
        .map(|slot| node(&mut symbols, slot, ZONES[slot as usize % 3]))
        .collect();
    let mut cache = cluster(&templates, &symbols, &nodes);
    let firsts: Vec<_> = (0..4)
        .map(|_| attempt(&mut cache, 0).expect("a node"))
        .collect();
    assert!(
        firsts
            .iter()
            .all(|chosen| (chosen.feasible, chosen.evaluated) == (120, 120))
    );
    assert_eq!(
        firsts.iter().map(|chosen| chosen.node).collect::<Vec<_>>(),
        [0, 120, 240, 110]
    );
}

#[test]
fn pods_wake_those_whose_rules_they_touch() {
    let mut symbols = Symbols::new();
    let (mut spreading, mut following) =
        (template(&mut symbols, "api"), template(&mut symbols, "web"));
    spreading.spread = vec![spread(&mut symbols, "api", key::ZONE, 1, DoNotSchedule)];
    following.pod_affinity = vec![near(&mut symbols, "api", key::ZONE)];
    let mut shy = template(&mut symbols, "shy");
    shy.pod_anti_affinity = vec![near(&mut symbols, "api", key::HOSTNAME)];
    shy.host_ports = vec![HostPort::everywhere(80, symbols.intern("TCP"))];
    let templates = [spreading, following, shy];
    let mut cache = cluster(
        &templates,
        &symbols,
        &[node(&mut symbols.clone(), 0, "az1")],
    );
    let set = |plugins: &[Plugin]| {
        plugins
            .iter()
            .fold(PluginSet::EMPTY, |set, &plugin| set.with(plugin))
    };
    let (fit, ports) = (Plugin::NodeResourcesFit, Plugin::NodePorts);
    let (spread, affinity) = (Plugin::PodTopologySpread, Plugin::InterPodAffinity);
    let [api, web, shy] = [0, 1, 2].map(TemplateId);
    let table: [(ClusterEvent<'_>, TemplateId, &[Plugin]); 9] = [
        (ClusterEvent::PodPlaced(api), api, &[spread]),
        (ClusterEvent::PodPlaced(api), web, &[affinity]),
        (ClusterEvent::PodPlaced(web), web, &[]),
        (ClusterEvent::PodGone(api), shy, &[fit, affinity]),
        (ClusterEvent::PodGone(shy), api, &[fit, affinity]),
        (ClusterEvent::PodGone(shy), shy, &[fit, ports]),
        (ClusterEvent::PodGone(api), api, &[fit, spread]),
        (ClusterEvent::NodeRemoved, api, &[spread]),
        (ClusterEvent::NodeRemoved, web, &[]),
    ];
    for (event, template, plugins) in table {
        assert_eq!(
            cache.wakes(&event, template),
            set(plugins),
            "{event:?} for {template:?}"
        );
    }
    let grown = NodeInfo {
        allocatable: cache
            .node(0)
            .expect("a node")
            .allocatable
            .with(Resource::Cpu, 8_000),
        ..cache.node(0).expect("a node").clone()
    };
    let before = cache.update_node(0, grown);
    let event = ClusterEvent::NodeUpdated {
        slot: 0,
        before: &before,
    };
    assert_eq!(cache.wakes(&event, api), set(&[fit]));
}

#[test]
fn a_nodes_taint_removal_wakes_the_pods_it_kept_away() {
    let mut symbols = Symbols::new();
    let mut bold = asking(template(&mut symbols, "bold"), 8_000, 1_024);
    bold.tolerations = vec![tolerating("node.kubernetes.io/not-ready")];
    let templates = [template(&mut symbols, "api"), bold];
    let mut fresh = node(&mut symbols, 0, "az1");
    fresh
        .taints
        .push(taint("node.kubernetes.io/not-ready", Effect::NoSchedule));
    let mut cache = cluster(&templates, &symbols, std::slice::from_ref(&fresh));
    let mut queue = SchedulingQueue::new(FIRST);
    let at = SimTime::from_secs;
    for pod in [0, 1] {
        queue.add(pod, TemplateId(pod), 0, at(0));
        assert_eq!(queue.pop(at(0)), Some(pod));
        let failure = attempt(&mut cache, pod).expect_err("tainted, or too small");
        queue.unschedulable(pod, failure.plugins, at(0));
    }
    assert_eq!(queue.pop(at(100)), None);
    let mut ready = fresh.clone();
    ready.taints.clear();
    let before = cache.update_node(0, ready);
    let event = ClusterEvent::NodeUpdated {
        slot: 0,
        before: &before,
    };
    assert!(queue.on_event(at(100), |template| cache.wakes(&event, template)));
    assert_eq!(queue.pop(at(100)), Some(0));
    assert_eq!(queue.pop(at(100)), None, "room was not what changed");
    let event = ClusterEvent::PodGone(TemplateId(0));
    assert!(queue.on_event(at(100), |template| cache.wakes(&event, template)));
    assert_eq!(queue.pop(at(100)), Some(1));
}
