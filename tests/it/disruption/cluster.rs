//! Clusters made by hand whose what-ifs are answered by the real scheduler.

use std::fmt;

use jiff::civil::date;
use karpsim::api::objects::karpenter::ConsolidationPolicy;
use karpsim::api::{
    LabelSet, Requirement, Requirements, Resource, Resources, Symbol, Symbols, key,
};
use karpsim::cloud::{CapacityType, InstanceType, Offering, Price};
use karpsim::cluster::{PodTemplate, TemplateId};
use karpsim::des::{Purpose, SimDuration, SimTime, StreamKey};
use karpsim::karpenter::Version;
use karpsim::karpenter::budget::{Budget, PoolNodes};
use karpsim::karpenter::cost::DisruptionCost;
use karpsim::karpenter::disruption::what_if::Names;
use karpsim::karpenter::disruption::{
    Method, NoEligiblePool, NodeId, NodeView, Origin, PdbCover, PodView, PoolView, Simulate, View,
    WhatIf,
};
use karpsim::karpenter::provisioning::{
    ExistingNode, Limits, Options, PendingPod, PoolTemplate, Problem, solve,
};

const GIB: i64 = 1 << 30;

/// A type of the catalog: vCPUs, and an offering for each zone and way of buying.
#[derive(Clone, Debug)]
pub struct TypeSpec {
    pub vcpus: i64,
    pub offerings: Vec<OfferingSpec>,
}

/// Zone 0 or 1, price in thousandths of a dollar.
#[derive(Clone, Copy, Debug)]
pub struct OfferingSpec {
    pub zone: usize,
    pub spot: bool,
    pub mills: u64,
    pub available: bool,
}

/// A node: places of its pool, type and the type's offering, and its pods.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    pub pool: usize,
    pub kind: usize,
    pub offering: usize,
    pub pods: Vec<PodSpec>,
}

/// A pod: its CPU in steps of 100 millicores, and what protects it.
#[derive(Clone, Copy, Debug)]
pub struct PodSpec {
    pub cpu: usize,
    pub do_not_disrupt: bool,
    pub pdb: PdbCover,
}

/// A pool: its budgets and policy, and how many of its nodes are down already.
#[derive(Clone, Debug)]
pub struct PoolSpec {
    pub budgets: Vec<Budget>,
    pub policy: ConsolidationPolicy,
    pub disrupted: u32,
}

/// Everything a view needs to borrow.
pub struct Cluster {
    pub symbols: Symbols,
    pub types: Vec<InstanceType>,
    pub nodes: Vec<NodeView>,
    pub pools: Vec<PoolSpec>,
    templates: Vec<PodTemplate>,
    names: Vec<Symbol>,
    kinds: Vec<TypeSpec>,
    specs: Vec<NodeSpec>,
}

/// What the cluster was made of.
impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (&self.kinds, &self.pools, &self.specs).fmt(f)
    }
}

const TIES: StreamKey = StreamKey {
    seed: 3,
    purpose: Purpose::KarpenterTie,
    entity: 0,
};

impl Cluster {
    pub fn new(types: &[TypeSpec], pools: &[PoolSpec], nodes: &[NodeSpec]) -> Self {
        let mut symbols = Symbols::new();
        let zones = ["zone-a", "zone-b"].map(|zone| symbols.intern(zone));
        let names = (0..pools.len())
            .map(|pool| symbols.intern(&format!("pool-{pool}")))
            .collect();
        let catalog: Vec<InstanceType> = (0..)
            .zip(types)
            .map(|(place, spec)| instance_type(place, spec, zones, &mut symbols))
            .collect();
        let templates = (0..=40)
            .map(|cpu| template(cpu * 100, &mut symbols))
            .collect();
        let views = (0..)
            .zip(nodes)
            .map(|(place, spec)| node_view(place, spec, &catalog))
            .collect();
        Self {
            symbols,
            types: catalog,
            nodes: views,
            pools: pools.to_vec(),
            templates,
            names,
            kinds: types.to_vec(),
            specs: nodes.to_vec(),
        }
    }

    pub fn pool_views(&self) -> Vec<PoolView<'_>> {
        let view = |(pool, spec): (usize, &'_ PoolSpec)| PoolView {
            name: self.names[pool],
            fixed: None,
            consolidate_after: Some(SimDuration::ZERO),
            policy: spec.policy,
            budgets: &self.pools[pool].budgets,
            nodes: PoolNodes {
                counted: self.counted(pool),
                disrupted: spec.disrupted,
            },
            types: &self.types,
        };
        self.pools.iter().enumerate().map(view).collect()
    }

    /// Nodes of a pool.
    pub fn counted(&self, pool: usize) -> u32 {
        self.nodes.iter().filter(|node| node.pool == pool).count() as u32
    }

    pub fn view<'a>(&'a self, pools: &'a [PoolView<'a>], now: SimTime, gate: bool) -> View<'a> {
        View {
            now,
            utc: date(2026, 11, 23).at(0, 0, 0, 0),
            synced: true,
            pools,
            nodes: &self.nodes,
            symbols: &self.symbols,
            spot_to_spot: gate,
            version: Version::NEWEST,
            ties: TIES,
        }
    }

    fn existing(&self, place: usize) -> ExistingNode {
        let view = &self.nodes[place];
        let kind = &self.types[self.specs[place].kind];
        let zone = view.zone.unwrap();
        let capacity_type = view.capacity_type.unwrap().label();
        let labels: LabelSet = [
            (key::INSTANCE_TYPE, kind.name),
            (key::ZONE, zone),
            (key::CAPACITY_TYPE, self.symbols.get(capacity_type).unwrap()),
            (key::NODEPOOL, self.names[view.pool]),
        ]
        .into_iter()
        .collect();
        let pods = || self.specs[place].pods.iter().map(|pod| pod.cpu);
        ExistingNode {
            name: Symbol::hostname(place as u32),
            pool: Some(view.pool),
            joined: true,
            initialized: true,
            labels,
            taints: Vec::new(),
            startup_taints: Vec::new(),
            capacity: kind.capacity,
            allocatable: kind.allocatable,
            requested: pods().fold(Resources::ZERO, |sum, cpu| {
                sum + self.templates[cpu].requests
            }),
            daemon_requested: Resources::ZERO,
            host_ports: Vec::new(),
            pods: pods().map(|cpu| TemplateId(cpu as u32)).collect(),
            protected: false,
        }
    }

    fn pool_template(&self, pool: usize) -> PoolTemplate<'_> {
        let labels = [(key::NODEPOOL, self.names[pool])];
        PoolTemplate {
            name: self.names[pool],
            weight: 0,
            labels: labels.into_iter().collect(),
            requirements: Requirements::new(),
            taints: Vec::new(),
            limits: Limits::default(),
            types: &self.types,
        }
    }
}

impl Simulate for &Cluster {
    fn without(&mut self, candidates: &[NodeId], _: Method) -> Result<WhatIf, NoEligiblePool> {
        let is_candidate = |place: &usize| candidates.contains(&NodeId(*place as u32));
        let (leaving, staying): (Vec<usize>, Vec<usize>) =
            (0..self.nodes.len()).partition(is_candidate);
        let existing: Vec<ExistingNode> = staying.iter().map(|&p| self.existing(p)).collect();
        let nodes: Vec<NodeId> = staying.iter().map(|&place| NodeId(place as u32)).collect();
        let pools: Vec<PoolTemplate> = (0..self.pools.len())
            .map(|p| self.pool_template(p))
            .collect();
        let pods: Vec<PendingPod> = leaving
            .iter()
            .flat_map(|&place| self.nodes[place].pods.iter().zip(&self.specs[place].pods))
            .map(|(view, spec)| PendingPod {
                id: view.id,
                template: TemplateId(spec.cpu as u32),
                created: SimTime::ZERO,
                uid: u128::from(view.id),
                ignores_protection: false,
            })
            .collect();
        let plan = solve(&Problem {
            symbols: &self.symbols,
            templates: &self.templates,
            pools: &pools,
            existing: &existing,
            counted: &[],
            daemons: &[],
            pods: &pods,
            options: Options {
                consolidation_simulation: true,
                narrows_capacity_types: false,
                ..Options::default()
            },
            ties: TIES,
        });
        let places: Vec<usize> = (0..pools.len()).collect();
        let names = Names {
            existing: &existing,
            nodes: &nodes,
            pools: &places,
            origin: |_| Origin::Candidate,
        };
        Ok(WhatIf::read(plan, &names, SimDuration::ZERO))
    }
}

fn instance_type(
    place: usize,
    spec: &TypeSpec,
    zones: [Symbol; 2],
    symbols: &mut Symbols,
) -> InstanceType {
    let name = symbols.intern(&format!("m{place}.{}xlarge", spec.vcpus));
    let offerings: Vec<Offering> = spec
        .offerings
        .iter()
        .map(|offering| {
            let capacity_type = match offering.spot {
                true => CapacityType::Spot,
                false => CapacityType::OnDemand,
            };
            let labels = [
                (key::ZONE, zones[offering.zone]),
                (key::CAPACITY_TYPE, symbols.intern(capacity_type.label())),
            ];
            Offering {
                zone: zones[offering.zone],
                capacity_type,
                price: Price(offering.mills * 1_000_000),
                available: offering.available,
                requirements: Requirements::from_labels(&labels.into_iter().collect()),
                reservation: None,
            }
        })
        .collect();
    let labels = [(key::INSTANCE_TYPE, name)];
    let mut requirements = Requirements::from_labels(&labels.into_iter().collect());
    for label in [key::ZONE, key::CAPACITY_TYPE] {
        let values = offerings.iter().filter_map(|o| o.requirements.get(label));
        let values = values.flat_map(|set| set.values().to_vec()).collect();
        requirements.set(label, Requirement::of(values));
    }
    let capacity = Resources::cpu_memory(spec.vcpus * 1_000, spec.vcpus * 4 * GIB);
    let capacity = capacity.with(Resource::Pods, 58);
    InstanceType {
        name,
        requirements,
        capacity,
        allocatable: capacity,
        offerings,
    }
}

fn node_view(place: usize, spec: &NodeSpec, types: &[InstanceType]) -> NodeView {
    let offering = &types[spec.kind].offerings[spec.offering];
    let pod = |(n, pod): (usize, &PodSpec)| PodView {
        id: (place * 1_000 + n) as u64,
        active: true,
        daemon: false,
        reschedulable: true,
        eviction_cost: DisruptionCost::of_eviction(0, 0),
        do_not_disrupt_until: pod.do_not_disrupt.then_some(SimTime::MAX),
        pdb: pod.pdb,
    };
    NodeView {
        id: NodeId(place as u32),
        pool: spec.pool,
        instance_type: Some(spec.kind),
        zone: Some(offering.zone),
        capacity_type: Some(offering.capacity_type),
        deleting: false,
        queued: false,
        nominated_until: SimTime::ZERO,
        do_not_disrupt: false,
        initialized: Some(SimTime::ZERO),
        lifetime_left: 1_000_000_000,
        last_pod_event: None,
        drifted: None,
        termination_grace: false,
        pods: spec.pods.iter().enumerate().map(pod).collect(),
    }
}

/// A pod that asks for so much CPU and a quarter of a GiB.
fn template(millicores: i64, symbols: &mut Symbols) -> PodTemplate {
    PodTemplate {
        preempts: false,
        ..PodTemplate::asking(
            format!("default/cpu-{millicores}"),
            symbols.intern("default"),
            symbols.intern("image"),
            millicores,
            GIB / 4,
        )
    }
}
