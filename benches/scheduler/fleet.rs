//! Clusters and workloads for the scheduler's bench and tests: plain ones to build a case on, and random ones that use every
//! feature.

use karpsim::api::objects::core::{NodeInclusionPolicy, WhenUnsatisfiable};
use karpsim::api::taint::TolerationOperator;
use karpsim::api::{
    Effect, LabelSet, Requirement, Requirements, Resource, Resources, Symbol, Symbols, Taint,
    Toleration, key,
};
use karpsim::cluster::template::HostPort;
use karpsim::cluster::template::{PodAffinityTerm, PodSelector, SpreadConstraint};
use karpsim::cluster::{PodTemplate, TemplateId};
use karpsim::des::{Purpose, SimTime, StreamKey};
use karpsim::kube::scheduler::{Cache, NodeInfo, PodInfo};

pub(crate) const MIB: i64 = 1 << 20;
pub(crate) const ZONES: [&str; 3] = ["az1", "az2", "az3"];

/// A pod of half a CPU and one GiB with label `app: <app>` in namespace `default` and nothing else to say.
pub(crate) fn template(symbols: &mut Symbols, app: &str) -> PodTemplate {
    let label = (symbols.intern("app"), symbols.intern(app));
    let image = symbols.intern(app);
    PodTemplate {
        labels: LabelSet::from_iter([label]),
        ..PodTemplate::asking(
            format!("default/{app}"),
            symbols.intern("default"),
            image,
            500,
            1_024 * MIB,
        )
    }
}

/// The same pod that asks for other amounts of CPU and memory.
pub(crate) fn asking(mut template: PodTemplate, cpu_millis: i64, memory_mib: i64) -> PodTemplate {
    template.requests = Resources::cpu_memory(cpu_millis, memory_mib * MIB).with(Resource::Pods, 1);
    let or = |amount, default| if amount == 0 { default } else { amount };
    template.nonzero_requests = (or(cpu_millis, 100), or(memory_mib, 200) * MIB);
    template
}

/// A node of 4 CPUs, 16 GiB and 110 pods in a zone.
pub(crate) fn node(symbols: &mut Symbols, slot: u32, zone: &str) -> NodeInfo {
    let labels = [
        (key::HOSTNAME, Symbol::hostname(slot)),
        (key::ZONE, symbols.intern(zone)),
    ];
    NodeInfo {
        labels: LabelSet::from_iter(labels),
        allocatable: Resources::cpu_memory(4_000, 16_384 * MIB).with(Resource::Pods, 110),
        ..NodeInfo::default()
    }
}

pub(crate) fn pod(key: u32, template: u32) -> PodInfo {
    PodInfo {
        key,
        template: TemplateId(template),
        start: SimTime::from_secs(u64::from(key)),
        terminating: false,
    }
}

/// A selector of one value of one label.
pub(crate) fn one_of(key: Symbol, values: &[Symbol]) -> Requirements {
    let mut requirements = Requirements::new();
    requirements.set(key, Requirement::of(values.to_vec()));
    requirements
}

/// Pods with label `app: <app>` in namespace `default`.
pub(crate) fn near(symbols: &mut Symbols, app: &str, topology_key: Symbol) -> PodAffinityTerm {
    let (key, value) = (symbols.intern("app"), symbols.intern(app));
    PodAffinityTerm {
        selector: PodSelector(one_of(key, &[value])),
        namespaces: vec![symbols.intern("default")],
        topology_key,
    }
}

/// Spreads pods with label `app: <app>`.
pub(crate) fn spread(
    symbols: &mut Symbols,
    app: &str,
    topology_key: Symbol,
    max_skew: u32,
    when_unsatisfiable: WhenUnsatisfiable,
) -> SpreadConstraint {
    let (key, value) = (symbols.intern("app"), symbols.intern(app));
    SpreadConstraint {
        max_skew,
        topology_key,
        when_unsatisfiable,
        selector: PodSelector(one_of(key, &[value])),
        min_domains: None,
        node_affinity_policy: NodeInclusionPolicy::Honor,
        node_taints_policy: NodeInclusionPolicy::Ignore,
    }
}

pub(crate) fn taint(key: &str, effect: Effect) -> Taint {
    Taint {
        key: key.to_owned(),
        value: String::new(),
        effect,
    }
}

pub(crate) fn tolerating(key: &str) -> Toleration {
    Toleration {
        key: key.to_owned(),
        operator: TolerationOperator::Exists,
        ..Toleration::default()
    }
}

/// A source of choices for random clusters.
pub(crate) struct Dice {
    key: StreamKey,
    rolled: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let purpose = Purpose::Phase;
        Self {
            key: StreamKey {
                seed,
                purpose,
                entity: 0,
            },
            rolled: 0,
        }
    }

    /// Uniform in `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.rolled += 1;
        self.key.below(self.rolled, n as u64) as usize
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

const APPS: [&str; 4] = ["api", "web", "batch", "ai"];
const TAINTS: [&str; 3] = ["dedicated", "spot", "nvidia.com/gpu"];

/// Workloads that between them use every filter and score plugin.
pub(crate) fn random_templates(
    symbols: &mut Symbols,
    dice: &mut Dice,
    count: usize,
) -> Vec<PodTemplate> {
    (0..count).map(|_| random_template(symbols, dice)).collect()
}

fn random_template(symbols: &mut Symbols, dice: &mut Dice) -> PodTemplate {
    use WhenUnsatisfiable::{DoNotSchedule, ScheduleAnyway};
    let app = dice.one_of(&APPS);
    let zones = ZONES.map(|zone| symbols.intern(zone));
    let (cpu, memory) = (
        dice.one_of(&[0, 100, 250, 700]),
        dice.one_of(&[0, 128, 512, 2_000]),
    );
    let mut made = asking(template(symbols, app), cpu, memory);
    if dice.one_in(6) {
        made.requests[Resource::NvidiaGpu] = 1;
    }
    if dice.one_in(8) {
        made.namespace = symbols.intern("other");
    }
    if dice.one_in(4) {
        made.node_selector = one_of(key::ZONE, &[dice.one_of(&zones), dice.one_of(&zones)]);
    }
    for weight in [10, 55] {
        if dice.one_in(3) {
            let term = one_of(key::ZONE, &[dice.one_of(&zones)]);
            made.preferred_node_terms.push((weight, term));
        }
    }
    for name in TAINTS {
        if dice.one_in(2) {
            made.tolerations.push(tolerating(name));
        }
    }
    for when in [DoNotSchedule, ScheduleAnyway] {
        if dice.one_in(3) {
            let topology = dice.one_of(&[key::ZONE, key::HOSTNAME]);
            let about = dice.one_of(&[app, app, "web"]);
            let mut constraint = spread(symbols, about, topology, 1 + dice.below(3) as u32, when);
            constraint.min_domains = dice.one_of(&[None, None, Some(3)]);
            let policies = [NodeInclusionPolicy::Honor, NodeInclusionPolicy::Ignore];
            constraint.node_affinity_policy = dice.one_of(&policies);
            constraint.node_taints_policy = dice.one_of(&policies);
            made.spread.push(constraint);
        }
    }
    let mut term = |dice: &mut Dice| {
        let other = dice.one_of(&APPS);
        near(symbols, other, dice.one_of(&[key::ZONE, key::HOSTNAME]))
    };
    if dice.one_in(6) {
        made.pod_affinity.push(term(dice));
    }
    if dice.one_in(6) {
        made.pod_anti_affinity.push(term(dice));
    }
    for weight in [20, -35] {
        if dice.one_in(4) {
            made.preferred_pod_terms.push((weight, term(dice)));
        }
    }
    if dice.one_in(8) {
        made.host_ports
            .push(HostPort::everywhere(8_080, symbols.intern("TCP")));
    }
    made.daemon = dice.one_in(6);
    made.priority = dice.one_of(&[0, 0, 10, 1_000]);
    made
}

/// A node of random size, place and temper.
pub(crate) fn random_node(symbols: &mut Symbols, dice: &mut Dice, slot: u32) -> NodeInfo {
    let mut made = node(symbols, slot, dice.one_of(&ZONES));
    if dice.one_in(12) {
        made.labels.remove(key::ZONE);
    }
    let cpu = dice.one_of(&[1_930, 3_920, 7_910]);
    let memory = dice.one_of(&[3_000, 7_000, 15_000]);
    made.allocatable = Resources::cpu_memory(cpu, memory * MIB)
        .with(Resource::Pods, dice.one_of(&[8, 29, 58]))
        .with(Resource::NvidiaGpu, dice.one_of(&[0, 0, 2]));
    for name in TAINTS {
        if dice.one_in(6) {
            let effect = dice.one_of(&[
                Effect::NoSchedule,
                Effect::PreferNoSchedule,
                Effect::NoExecute,
            ]);
            made.taints.push(taint(name, effect));
        }
    }
    made.unschedulable = dice.one_in(12);
    for app in APPS {
        if dice.one_in(3) {
            let bytes = dice.one_of(&[10, 300, 900, 5_000]) * MIB as u64;
            made.images.push((symbols.intern(app), bytes));
        }
    }
    made
}

/// Fills a cache with `nodes` random nodes and about `pods_per_node` pods on each, none of them over what is allocatable.
pub(crate) fn populate(
    cache: &mut Cache<'_>,
    infos: Vec<NodeInfo>,
    templates: &[PodTemplate],
    pods_per_node: usize,
    dice: &mut Dice,
) {
    let mut key = 0;
    for (slot, info) in (0..).zip(infos) {
        let allocatable = info.allocatable;
        cache.add_node(slot, info);
        for _ in 0..pods_per_node {
            let place = dice.below(templates.len());
            if (cache.requested(slot) + templates[place].requests).fits(&allocatable) {
                cache.add_pod(slot, pod(key, place as u32));
                key += 1;
            }
        }
    }
}
