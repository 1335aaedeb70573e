//! The fixtures of spec/karpenter.md 8.1 and 9.3: fake instance types, pools and pods. Shared with `benches/provisioning.rs`.
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use karpsim::api::objects::core::{NodeInclusionPolicy, WhenUnsatisfiable};
use karpsim::api::{
    LabelSet, Operator, Requirement, Requirements, Resource, Resources, Symbol, Symbols, Taint, key,
};
use karpsim::cloud::{CapacityType, Catalog, InstanceType, Offering, Price};
use karpsim::cluster::template::{PodAffinityTerm, PodSelector, SpreadConstraint};
use karpsim::cluster::{PodTemplate, TemplateId};
use karpsim::des::{Purpose, SimTime, StreamKey};
use karpsim::karpenter::provisioning::{
    CountedNode, ExistingNode, Limits, Options, PendingPod, Plan, PoolTemplate, Problem, solve,
};

pub(crate) const MIB: i64 = 1 << 20;
pub(crate) const GIB: i64 = 1 << 30;
pub(crate) const ZONES: [&str; 3] = ["test-zone-1", "test-zone-2", "test-zone-3"];

/// A pool that owns its types.
pub(crate) struct Pool {
    pub(crate) name: Symbol,
    pub(crate) weight: u32,
    pub(crate) labels: LabelSet,
    pub(crate) requirements: Requirements,
    pub(crate) taints: Vec<Taint>,
    pub(crate) limits: Limits,
    pub(crate) types: Vec<InstanceType>,
}

/// A problem that owns its parts.
pub(crate) struct World {
    pub(crate) symbols: Symbols,
    pub(crate) templates: Vec<PodTemplate>,
    pub(crate) pools: Vec<Pool>,
    pub(crate) existing: Vec<ExistingNode>,
    pub(crate) counted: Vec<CountedNode>,
    pub(crate) daemons: Vec<TemplateId>,
    pub(crate) pods: Vec<PendingPod>,
    pub(crate) options: Options,
    pub(crate) seed: u64,
}

impl World {
    /// No pool and no pod.
    pub(crate) fn empty() -> Self {
        let mut symbols = Symbols::new();
        let words = ["true", "default", "linux", "amd64", "spot", "on-demand"];
        for word in words.into_iter().chain(ZONES) {
            symbols.intern(word);
        }
        Self {
            symbols,
            templates: Vec::new(),
            pools: Vec::new(),
            existing: Vec::new(),
            counted: Vec::new(),
            daemons: Vec::new(),
            pods: Vec::new(),
            options: Options::default(),
            seed: 42,
        }
    }

    /// One pool without requirements over `count` types of 8.1: type i has i+1 vCPU, 2(i+1) GiB and 10(i+1) pods.
    pub(crate) fn with_types(count: i64) -> Self {
        let mut world = Self::empty();
        world.pool("default", count);
        world
    }

    /// Adds a pool over the first `count` types.
    pub(crate) fn pool(&mut self, name: &str, count: i64) -> &mut Pool {
        let types =
            (0..count).map(|i| fake_type(&mut self.symbols, i + 1, 2 * (i + 1), 10 * (i + 1)));
        let types = types.collect();
        let name = self.symbols.intern(name);
        self.pools.push(Pool {
            name,
            weight: 0,
            labels: [(key::NODEPOOL, name)].into_iter().collect(),
            requirements: Requirements::new(),
            taints: Vec::new(),
            limits: Limits::default(),
            types,
        });
        self.pools.last_mut().unwrap()
    }

    /// A template that asks for CPU and memory only.
    pub(crate) fn template(&mut self, cpu_millis: i64, memory_mib: i64) -> TemplateId {
        let default = self.symbols.intern("default");
        let name = format!("default/t{}", self.templates.len());
        let memory = memory_mib * MIB;
        self.templates.push(PodTemplate::asking(
            name, default, default, cpu_millis, memory,
        ));
        TemplateId(self.templates.len() as u32 - 1)
    }

    /// A template to change.
    pub(crate) fn at(&mut self, id: TemplateId) -> &mut PodTemplate {
        &mut self.templates[id.index()]
    }

    /// Pending pods; their ids count up from 0 over all calls.
    pub(crate) fn pods(&mut self, template: TemplateId, count: usize) {
        for _ in 0..count {
            let id = self.pods.len() as u64;
            self.pods.push(PendingPod {
                id,
                template,
                created: SimTime::ZERO,
                uid: u128::from(id),
                ignores_protection: true,
            });
        }
    }

    /// A requirement set of one key.
    pub(crate) fn wants(&mut self, key: &str, operator: Operator, values: &[&str]) -> Requirements {
        let key = self.symbols.intern(key);
        let values: Vec<_> = values
            .iter()
            .map(|value| self.symbols.intern(value))
            .collect();
        let mut set = Requirements::new();
        set.add(
            key,
            &Requirement::new(operator, &values, &self.symbols),
            &self.symbols,
        );
        set
    }

    /// Labels.
    pub(crate) fn labels(&mut self, pairs: &[(&str, &str)]) -> LabelSet {
        pairs
            .iter()
            .map(|(key, value)| (self.symbols.intern(key), self.symbols.intern(value)))
            .collect()
    }

    /// A selector of one label.
    pub(crate) fn selector(&mut self, key: &str, value: &str) -> PodSelector {
        PodSelector(self.wants(key, Operator::In, &[value]))
    }

    /// A term on `app=<app>` in the default namespace.
    pub(crate) fn term(&mut self, app: &str, topology_key: Symbol) -> PodAffinityTerm {
        PodAffinityTerm {
            selector: self.selector("app", app),
            namespaces: vec![self.symbols.intern("default")],
            topology_key,
        }
    }

    /// A hard spread of `app=<app>`.
    pub(crate) fn spread(
        &mut self,
        app: &str,
        topology_key: Symbol,
        max_skew: u32,
    ) -> SpreadConstraint {
        SpreadConstraint {
            max_skew,
            topology_key,
            when_unsatisfiable: WhenUnsatisfiable::DoNotSchedule,
            selector: self.selector("app", app),
            min_domains: None,
            node_affinity_policy: NodeInclusionPolicy::Honor,
            node_taints_policy: NodeInclusionPolicy::Ignore,
        }
    }

    /// The decision.
    pub(crate) fn solve(&self) -> Plan {
        self.with_problem(solve)
    }

    /// Lends the problem.
    pub(crate) fn with_problem<R>(&self, read: impl FnOnce(&Problem) -> R) -> R {
        let pool = |pool: &'_ Pool| PoolTemplate {
            name: pool.name,
            weight: pool.weight,
            labels: pool.labels.clone(),
            requirements: pool.requirements.clone(),
            taints: pool.taints.clone(),
            limits: pool.limits.clone(),
            types: &[],
        };
        let pools: Vec<_> = self
            .pools
            .iter()
            .map(|owner| PoolTemplate {
                types: &owner.types,
                ..pool(owner)
            })
            .collect();
        read(&Problem {
            symbols: &self.symbols,
            templates: &self.templates,
            pools: &pools,
            existing: &self.existing,
            counted: &self.counted,
            daemons: &self.daemons,
            pods: &self.pods,
            options: self.options,
            ties: StreamKey {
                seed: self.seed,
                purpose: Purpose::KarpenterTie,
                entity: 0,
            },
        })
    }
}

/// A fake type (9.3): spot in zones 1 and 2, on-demand in 1, 2 and 3, 100 m and 10 MiB reserved.
pub(crate) fn fake_type(
    symbols: &mut Symbols,
    cpus: i64,
    memory_gib: i64,
    pods: i64,
) -> InstanceType {
    let name = symbols.intern(&format!("fake-it-{}", cpus - 1));
    let capacity = Resources::cpu_memory(cpus * 1000, memory_gib * GIB)
        .with(Resource::Pods, pods)
        .with(Resource::EphemeralStorage, 20 * GIB);
    let price = Price((cpus * 100_000_000 + memory_gib * GIB / 10) as u64);
    let zone = |symbols: &Symbols, place: usize| symbols.get(ZONES[place]).unwrap();
    let mut offerings = Vec::new();
    for (capacity_type, zones) in [(CapacityType::Spot, 2), (CapacityType::OnDemand, 3)] {
        for place in 0..zones {
            let zone = zone(symbols, place);
            let label = symbols.intern(capacity_type.label());
            let labels = [(key::ZONE, zone), (key::CAPACITY_TYPE, label)]
                .into_iter()
                .collect();
            offerings.push(Offering {
                zone,
                capacity_type,
                price,
                available: true,
                requirements: Requirements::from_labels(&labels),
                reservation: None,
            });
        }
    }
    let cpu = symbols.intern(&cpus.to_string());
    let words = ["amd64", "linux", "spot", "on-demand"].map(|word| symbols.intern(word));
    let mut requirements = Requirements::new();
    for (key, values) in [
        (key::INSTANCE_TYPE, vec![name]),
        (key::ARCH, vec![words[0]]),
        (key::OS, vec![words[1]]),
        (
            key::ZONE,
            (0..3).map(|place| zone(symbols, place)).collect(),
        ),
        (key::CAPACITY_TYPE, vec![words[2], words[3]]),
        (key::INSTANCE_CPU, vec![cpu]),
    ] {
        requirements.set(key, Requirement::of(values));
    }
    InstanceType {
        name,
        requirements,
        capacity,
        allocatable: capacity - Resources::cpu_memory(100, 10 * MIB),
        offerings,
    }
}

/// The diverse pods of 8.1 over 400 types.
pub(crate) fn diverse(count: usize) -> World {
    let mut world = World::with_types(400);
    world.diversify(count);
    world
}

/// The same pods over every type AWS has in Mumbai.
pub(crate) fn diverse_in_mumbai(count: usize) -> World {
    let mut world = World::with_types(0);
    let catalog = Catalog::load("ap-south-1", &mut world.symbols).unwrap();
    world.pools[0].types = catalog.types;
    world.diversify(count);
    // A claim that could still be the largest type is charged with its 24 TiB: no limit is large enough.
    world.pools[0].limits = Limits::default();
    world
}

impl World {
    /// Equal fifths of generic, zonal spread, hostname spread, zonal self-affinity and hostname self-anti-affinity pods with
    /// random requests and labels, and limits too large to matter.
    fn diversify(&mut self, count: usize) {
        let cpus = (Resource::Cpu, 10_000_000_000);
        self.pools[0].limits.resources = vec![cpus, (Resource::Memory, 10_000_000 * GIB)];
        let mut draws = Mix::new();
        for place in 0..count {
            let kind = (place * 5 / count.max(5)) % 5;
            let (cpu, memory, a, b) = (draws.of(5), draws.of(6), draws.of(7), draws.of(7));
            let shape = match kind {
                1 | 2 => (kind, cpu, memory, a, b),
                4 => (kind, cpu, memory, 0, 0),
                _ => (kind, cpu, memory, a, 0),
            };
            let template = draws.template(self, shape);
            self.pods(template, 1);
        }
    }
}

type Shape = (usize, usize, usize, usize, usize);

/// Draws of the pod mix, and the templates made so far.
struct Mix {
    key: StreamKey,
    next: u64,
    made: BTreeMap<Shape, TemplateId>,
}

impl Mix {
    fn new() -> Self {
        Self {
            key: StreamKey {
                seed: 42,
                purpose: Purpose::PodUid,
                entity: 1,
            },
            next: 0,
            made: BTreeMap::new(),
        }
    }

    fn of(&mut self, n: u64) -> usize {
        self.next += 1;
        self.key.below(self.next, n) as usize
    }

    fn template(&mut self, world: &mut World, shape: Shape) -> TemplateId {
        if let Some(&known) = self.made.get(&shape) {
            return known;
        }
        let (kind, cpu, memory, a, b) = shape;
        let letters = ["a", "b", "c", "d", "e", "f", "g"];
        let (a, b) = (letters[a], letters[b]);
        let id = world.template(
            [100, 250, 500, 1000, 1500][cpu],
            [100, 256, 512, 1024, 2048, 4096][memory],
        );
        let own = match kind {
            3 => world.labels(&[("my-affinity", a)]),
            4 => world.labels(&[("app", "nginx")]),
            _ => world.labels(&[("my-label", a)]),
        };
        let spread = |world: &mut World, key| SpreadConstraint {
            selector: world.selector("my-label", b),
            ..world.spread("", key, 1)
        };
        match kind {
            1 => world.at(id).spread = vec![spread(world, key::ZONE)],
            2 => world.at(id).spread = vec![spread(world, key::HOSTNAME)],
            3 => {
                let selector = world.selector("my-affinity", a);
                let term = PodAffinityTerm {
                    selector,
                    ..world.term("", key::ZONE)
                };
                world.at(id).pod_affinity = vec![term];
            }
            4 => world.at(id).pod_anti_affinity = vec![world.term("nginx", key::HOSTNAME)],
            _ => {}
        }
        world.at(id).labels = own;
        self.made.insert(shape, id);
        id
    }
}

/// A number that changes when the plan does.
pub(crate) fn fingerprint(plan: &Plan) -> u64 {
    let mut hash = rustc_hash::FxHasher::default();
    plan.existing.hash(&mut hash);
    for claim in &plan.claims {
        (claim.pool, &claim.types, &claim.pods).hash(&mut hash);
    }
    plan.errors.len().hash(&mut hash);
    plan.unreached.hash(&mut hash);
    hash.finish()
}
