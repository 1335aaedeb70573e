//! What becomes of a good scenario.

use karpsim::api::{LabelSet, Resource, Resources};
use karpsim::cloud::CapacityType;
use karpsim::cluster::template::{PodAffinityTerm, QosClass};
use karpsim::des::SimDuration;
use karpsim::scenario::Options;
use karpsim::scenario::diagnostic::render;
use karpsim::scenario::model::{Scaling, StepKind};

use super::mistakes::open_town;
use super::{MINIMAL, TOWN, TRACE, good, opened};

#[test]
fn the_minimal_scenario_resolves() {
    let scenario = good(MINIMAL);
    assert_eq!((scenario.seed, scenario.name.as_str()), (1, "minimal"));
    assert_eq!(scenario.duration, SimDuration::from_secs(86_400));
    assert_eq!(scenario.resolution, SimDuration::from_secs(60));
    assert_eq!(scenario.start.time_zone().iana_name(), Some("Asia/Kolkata"));

    let [group] = &scenario.cluster.node_groups[..] else {
        panic!("one node group");
    };
    assert_eq!(group.capacity_type, CapacityType::OnDemand);
    assert_eq!(
        (group.min_size, group.spec.desired, group.max_size),
        (1, 2, 3)
    );
    assert_eq!(scenario.text(group.types[0].name), "m7g.large");
    assert_eq!(group.volume_bytes, 20 << 30);
    assert!(scenario.cluster.karpenter.is_none());
    assert_eq!(scenario.cluster.kubernetes_minor, 36);

    let [api] = &scenario.services[..] else {
        panic!("one service");
    };
    assert!(matches!(api.scaling, Scaling::Fixed));
    assert_eq!(
        (api.replicas, api.concurrency, api.pod_queue_limit),
        (2, 1, u32::MAX)
    );
    let template = scenario.template(api.template);
    assert_eq!(template.name, "citizen/api");
    assert_eq!(
        template.requests,
        Resources::cpu_memory(250, 256 << 20).with(Resource::Pods, 1)
    );
    assert_eq!(template.nonzero_requests, (250, 256 << 20));
    assert_eq!(
        (template.cpu_limit, template.qos),
        (None, QosClass::Burstable)
    );
    assert_eq!(template.termination_grace, SimDuration::from_secs(30));
    assert_eq!(
        template
            .probes
            .readiness
            .map(|probe| probe.period.as_secs()),
        Some(5)
    );
    assert_eq!(template.image_bytes, 100_000_000);

    let traffic = &scenario.traffic;
    assert_eq!(traffic.background[0].per_hour, 28_800.0);
    assert_eq!(traffic.categories, ["-"]);
    let [step] = &traffic.steps[..] else {
        panic!("one step");
    };
    assert_eq!(step.next, None);
    let StepKind::Call(call) = &step.kind else {
        panic!("a call");
    };
    assert!((call.cpu.quantile(0.5) - 12_000.0).abs() < 1e-6);
    assert_eq!(call.timeout, Some(SimDuration::from_secs(5)));

    let carried: Vec<_> = scenario
        .manifests
        .iter()
        .map(|m| (m.path.as_str(), m.kind.as_str(), m.name.as_str()))
        .collect();
    assert_eq!(carried, [("services[0].workload[0]", "Deployment", "api")]);
}

#[test]
fn a_town_resolves_without_a_word() {
    let opened = open_town(TOWN);
    assert_eq!(render(&opened.diagnostics, &opened.sources, false), "");
    let scenario = opened.scenario.expect("no errors");
    let karpenter = scenario.cluster.karpenter.as_ref().expect("Karpenter");
    let [pool] = &karpenter.pools[..] else {
        panic!("one NodePool");
    };
    assert_eq!((pool.weight, pool.class), (10, 0));
    assert_eq!(pool.limits, [(Resource::Cpu, 200_000)]);
    assert_eq!(pool.consolidate_after, Some(SimDuration::from_secs(60)));
    assert_eq!(pool.expire_after, Some(SimDuration::from_secs(168 * 3_600)));
    let class = &karpenter.classes[0];
    assert_eq!(class.volume_bytes, 50 << 30);
    assert_eq!((class.extra_throughput_mib, class.extra_iops), (125, 0));
    assert_eq!(class.volume_bytes_per_second, 250 << 20);
    assert!(karpenter.interruption_queue && karpenter.respect_preferences);

    let [api, worker] = &scenario.services[..] else {
        panic!("two services");
    };
    assert_eq!((api.replicas, worker.replicas), (2, 0));
    assert_eq!(api.starvation, SimDuration::from_secs(1));
    assert_eq!(worker.starvation, SimDuration::from_secs(300));
    assert_eq!(scenario.queues[0].consumer.index(), 1);
    assert_eq!(scenario.template(api.template).priority, 1_000);
    assert_eq!(scenario.templates.len(), 3);
    let agent = scenario.template(scenario.cluster.daemons[0].template);
    assert!(agent.daemon && agent.priority == 2_000_001_000);
    assert_eq!(scenario.pdbs[0].templates, [api.template]);
    assert_eq!(scenario.traffic.categories, ["-", "Road", "Garbage"]);
    assert_eq!(scenario.prices.discount_ppm, 100_000);
    assert_eq!(scenario.slos[0].availability_ppm, Some(999_000));
    assert_eq!(
        scenario.slos[0].latency,
        [(990_000, SimDuration::from_millis(800))]
    );
}

#[test]
fn a_scenario_extends_another_and_options_override_both() {
    let plan = b"extends: town.yaml\nname: plan\ncluster: {nodeGroups: [{nodeGroupName: baseline, diskSize: 40}]}\n";
    let files: [(&str, &[u8]); 3] = [
        ("plan.yaml", plan),
        ("town.yaml", TOWN.as_bytes()),
        ("trace.csv", TRACE),
    ];
    let options = Options {
        seed: Some(7),
        ..Options::default()
    };
    let plan = opened(&files, options).scenario.expect("no errors");
    let town = open_town(TOWN).scenario.expect("no errors");
    assert_eq!((plan.name.as_str(), plan.seed), ("plan", 7));
    assert_eq!(plan.cluster.node_groups[0].volume_bytes, 40 << 30);
    assert_eq!(plan.cluster.node_groups[0].max_size, 6);
    assert_ne!(plan.digest, town.digest);
    assert_eq!(
        town.digest,
        open_town(TOWN).scenario.expect("no errors").digest
    );
}

const NEIGHBOURS: &str = r"
  manifests:
    - {apiVersion: v1, kind: Namespace, metadata: {name: citizen, labels: {tier: front}}}
    - {apiVersion: v1, kind: Namespace, metadata: {name: reports, labels: {tier: back}}}
services:";
const NEAR_THE_FRONT: &str = r"
            spec:
              affinity:
                podAntiAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    - labelSelector: {matchLabels: {app: cache}}
                      mismatchLabelKeys: [app]
                      namespaces: [far]
                      namespaceSelector: {matchExpressions: [{key: tier, operator: Exists}]}
                      topologyKey: kubernetes.io/hostname
                    - labelSelector: {matchLabels: {app: cache}}
                      namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: citizen}}
                      topologyKey: kubernetes.io/hostname
                    - labelSelector: {}
                      matchLabelKeys: [app, absent]
                      namespaceSelector: {}
                      topologyKey: topology.kubernetes.io/zone
                    - {labelSelector: {}, topologyKey: kubernetes.io/hostname}
              containers:";

#[test]
fn a_term_reaches_the_namespaces_it_lists_and_selects() {
    let text = MINIMAL.replacen("\nservices:", NEIGHBOURS, 1).replacen(
        "\n            spec:\n              containers:",
        NEAR_THE_FRONT,
        1,
    );
    let scenario = good(&text);
    let terms = &scenario
        .template(scenario.services[0].template)
        .pod_anti_affinity;
    let names = |term: &PodAffinityTerm| {
        let names = term.namespaces.iter().map(|&name| scenario.text(name));
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names
    };
    let reached: Vec<_> = terms.iter().map(names).collect();
    assert_eq!(reached[0], ["citizen", "far", "reports"]);
    assert_eq!(reached[1], ["citizen"]);
    assert_eq!(reached[2], ["citizen", "reports"]);
    assert_eq!(reached[3], ["citizen"]);
    let matches = |place: usize, app| {
        let labels = [("app", app), ("tier", "x")];
        let symbol = |text| scenario.symbols.get(text);
        let labels = labels.into_iter();
        let labels = labels.filter_map(|(key, value)| Some((symbol(key)?, symbol(value)?)));
        let labels: LabelSet = labels.collect();
        terms[place].selector.matches(&labels, &scenario.symbols)
    };
    assert_eq!([matches(0, "cache"), matches(0, "api")], [true, false]);
    assert_eq!([matches(2, "cache"), matches(2, "api")], [false, true]);
}

#[test]
fn the_overhead_of_a_runtime_class_counts_with_the_requests() {
    let text = MINIMAL.replacen(
        "            spec:\n              containers:",
        "            spec:\n              runtimeClassName: kata\n              overhead: {cpu: 250m, memory: 120Mi}\n              containers:",
        1,
    );
    let text = text.replacen("limits: {memory", "limits: {cpu: \"1\", memory", 1);
    let scenario = good(&text);
    let template = scenario.template(scenario.services[0].template);
    let wanted = Resources::cpu_memory(500, 376 << 20).with(Resource::Pods, 1);
    assert_eq!(template.requests, wanted);
    assert_eq!(template.nonzero_requests, (500, 376 << 20));
    assert_eq!(template.cpu_limit, Some(1_250));
}
