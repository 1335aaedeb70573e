//! A recorded cluster, and what would become of its pods if some nodes were not there.

use jiff::civil::date;
use karpsim::api::objects::karpenter::ConsolidationPolicy;
use karpsim::api::{GoDuration, LabelSet, Requirements, Resource, Resources, Symbol, Symbols, key};
use karpsim::cloud::InstanceType;
use karpsim::cluster::template::{PodAffinityTerm, PodSelector};
use karpsim::cluster::{PodTemplate, TemplateId};
use karpsim::des::{Purpose, SimDuration, SimTime, StreamKey};
use karpsim::karpenter::Version;
use karpsim::karpenter::budget::{Budget, PoolNodes};
use karpsim::karpenter::cost::DisruptionCost;
use karpsim::karpenter::disruption::consolidatable::protects;
use karpsim::karpenter::disruption::what_if::Names;
use karpsim::karpenter::disruption::{
    Method, NoEligiblePool, NodeId, NodeView, Origin, PdbCover, PodView, PoolView, Simulate, View,
    WhatIf,
};
use karpsim::karpenter::provisioning::{
    CountedNode, ExistingNode, Limits, Options, PendingPod, PoolTemplate, Problem, solve,
};
use serde::Deserialize;

use crate::recorded::algebra::{Operand, requirements};
use crate::recorded::budgets::{Written, read};
use crate::recorded::types::{OfferingSpec, instance_type};

/// When the pass begins.
pub(super) const NOW: SimTime = SimTime::from_secs(100_000);

const TIES: StreamKey = StreamKey {
    seed: 1,
    purpose: Purpose::KarpenterTie,
    entity: 0,
};

/// A cluster as it was recorded.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Question {
    types: Vec<TypeSpec>,
    pools: Vec<PoolSpec>,
    nodes: Vec<NodeSpec>,
    pending: Vec<PodSpec>,
    pdbs: Vec<PdbSpec>,
    spot_to_spot: bool,
}

#[derive(Deserialize)]
struct TypeSpec {
    name: String,
    cpu: i64,
    memory: i64,
    offerings: Vec<OfferingSpec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PoolSpec {
    name: String,
    weight: u32,
    policy: ConsolidationPolicy,
    consolidate_after: String,
    budgets: Vec<Written>,
    requirements: Vec<Operand>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeSpec {
    name: String,
    pool: usize,
    #[serde(rename = "type")]
    kind: usize,
    offering: usize,
    initialized: bool,
    age: u64,
    pod_event: Option<u64>,
    nominated: bool,
    do_not_disrupt: bool,
    deleting: bool,
    not_ready: bool,
    pods: Vec<PodSpec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodSpec {
    name: String,
    cpu: i64,
    memory: i64,
    app: String,
    zone: String,
    alone: bool,
    deletion_cost: i32,
    priority: i32,
    do_not_disrupt: bool,
    daemon: bool,
}

#[derive(Deserialize)]
struct PdbSpec {
    app: String,
    allowed: u32,
}

/// A question with everything that a view borrows. The number of a pod is the place of its template.
pub(super) struct Cluster {
    pub(super) symbols: Symbols,
    pub(super) types: Vec<InstanceType>,
    asked: Question,
    templates: Vec<PodTemplate>,
    nodes: Vec<NodeView>,
    budgets: Vec<Vec<Budget>>,
    requirements: Vec<Requirements>,
}

impl Cluster {
    pub(super) fn new(asked: Question) -> Self {
        let symbols = &mut Symbols::new();
        for label in [
            "a",
            "b",
            "c",
            "spot",
            "on-demand",
            "reserved",
            "linux",
            "amd64",
        ] {
            symbols.intern(label);
        }
        let types: Vec<InstanceType> = asked
            .types
            .iter()
            .map(|spec| {
                let kind = instance_type(&spec.name, &spec.offerings, symbols);
                let capacity = Resources::cpu_memory(spec.cpu * 1_000, spec.memory << 30)
                    .with(Resource::Pods, 20);
                InstanceType {
                    capacity,
                    allocatable: capacity,
                    ..kind
                }
            })
            .collect();
        let bound = asked.nodes.iter().flat_map(|node| &node.pods);
        let templates = bound
            .chain(&asked.pending)
            .map(|pod| pod.template(symbols))
            .collect();
        let mut cluster = Self {
            nodes: Vec::new(),
            budgets: asked.pools.iter().map(|p| p.budgets()).collect(),
            requirements: asked
                .pools
                .iter()
                .map(|pool| requirements(&pool.requirements, symbols))
                .collect(),
            symbols: std::mem::take(symbols),
            types,
            templates,
            asked,
        };
        for pool in &cluster.asked.pools {
            cluster.symbols.intern(&pool.name);
        }
        for node in &cluster.asked.nodes {
            cluster.symbols.intern(&node.name);
        }
        let mut first_pod = 0;
        for place in 0..cluster.asked.nodes.len() {
            let view = cluster.node_view(place, first_pod);
            first_pod += view.pods.len();
            cluster.nodes.push(view);
        }
        cluster
    }

    pub(super) fn has_several_pools(&self) -> bool {
        self.asked.pools.len() > 1
    }

    pub(super) fn node_name(&self, id: NodeId) -> &str {
        &self.asked.nodes[id.0 as usize].name
    }

    pub(super) fn pool_name(&self, pool: usize) -> &str {
        &self.asked.pools[pool].name
    }

    fn name(&self, text: &str) -> Symbol {
        self.symbols.get(text).expect("an interned name")
    }

    pub(super) fn pools(&self) -> Vec<PoolView<'_>> {
        let view = |(place, pool): (usize, &'_ PoolSpec)| {
            let counted = self
                .asked
                .nodes
                .iter()
                .filter(|n| n.pool == place && n.initialized);
            PoolView {
                name: self.name(&self.asked.pools[place].name),
                fixed: None,
                consolidate_after: pool.consolidate_after(),
                policy: pool.policy,
                budgets: &self.budgets[place],
                nodes: PoolNodes {
                    counted: counted.clone().count() as u32,
                    disrupted: counted.filter(|n| n.not_ready || n.deleting).count() as u32,
                },
                types: &self.types,
            }
        };
        self.asked.pools.iter().enumerate().map(view).collect()
    }

    pub(super) fn view<'a>(&'a self, pools: &'a [PoolView<'a>], draw: u64) -> View<'a> {
        View {
            now: NOW,
            utc: date(2026, 1, 1).at(0, 0, 0, 0),
            synced: true,
            version: Version::NEWEST,
            pools,
            nodes: &self.nodes,
            symbols: &self.symbols,
            spot_to_spot: self.asked.spot_to_spot,
            ties: StreamKey { seed: draw, ..TIES },
        }
    }

    fn node_view(&self, place: usize, first_pod: usize) -> NodeView {
        let spec = &self.asked.nodes[place];
        let offering = &self.types[spec.kind].offerings[spec.offering];
        let ago = |secs| SimTime::from_secs(NOW.as_micros() / 1_000_000 - secs);
        let pods = (first_pod..).zip(&spec.pods);
        NodeView {
            id: NodeId(place as u32),
            pool: spec.pool,
            instance_type: Some(spec.kind),
            zone: Some(offering.zone),
            capacity_type: Some(offering.capacity_type),
            deleting: spec.deleting,
            queued: false,
            nominated_until: if spec.nominated {
                NOW + SimDuration::from_secs(20)
            } else {
                SimTime::ZERO
            },
            do_not_disrupt: spec.do_not_disrupt,
            initialized: spec.initialized.then(|| ago(spec.age)),
            lifetime_left: 1_000_000_000,
            last_pod_event: spec.pod_event.map(ago),
            drifted: None,
            termination_grace: false,
            pods: pods.map(|(id, pod)| self.pod_view(id, pod)).collect(),
        }
    }

    fn pod_view(&self, id: usize, pod: &PodSpec) -> PodView {
        let covering: Vec<_> = self
            .asked
            .pdbs
            .iter()
            .filter(|pdb| pdb.app == pod.app)
            .collect();
        PodView {
            id: id as u64,
            active: true,
            daemon: pod.daemon,
            reschedulable: !pod.daemon,
            eviction_cost: DisruptionCost::of_eviction(pod.deletion_cost, pod.priority),
            do_not_disrupt_until: pod.do_not_disrupt.then_some(SimTime::MAX),
            // A pod that must not be disrupted is not evicted, so that no budget is asked.
            pdb: match covering[..] {
                _ if pod.do_not_disrupt => PdbCover::Allows,
                [] => PdbCover::Allows,
                [pdb] if pdb.allowed > 0 => PdbCover::Allows,
                [_] => PdbCover::Exhausted,
                _ => PdbCover::Several,
            },
        }
    }

    fn labels(&self, place: usize) -> LabelSet {
        let (spec, view) = (&self.asked.nodes[place], &self.nodes[place]);
        let kind = &self.types[spec.kind];
        let capacity_type = kind.offerings[spec.offering].capacity_type;
        [
            (key::NODEPOOL, self.name(&self.asked.pools[spec.pool].name)),
            (key::INSTANCE_TYPE, kind.name),
            (key::ZONE, view.zone.expect("a zone")),
            (key::CAPACITY_TYPE, self.name(capacity_type.label())),
            (key::HOSTNAME, self.name(&spec.name)),
            (key::OS, self.name("linux")),
            (key::ARCH, self.name("amd64")),
        ]
        .into_iter()
        .collect()
    }

    fn existing(&self, place: usize, pools: &[PoolView<'_>]) -> ExistingNode {
        let (spec, view) = (&self.asked.nodes[place], &self.nodes[place]);
        let kind = &self.types[spec.kind];
        let requests = |daemons_only: bool| {
            let counted = view.pods.iter().filter(|pod| pod.daemon || !daemons_only);
            counted.fold(Resources::ZERO, |sum, pod| {
                sum + self.templates[pod.id as usize].requests
            })
        };
        ExistingNode {
            name: self.name(&spec.name),
            pool: Some(spec.pool),
            initialized: spec.initialized,
            joined: true,
            labels: self.labels(place),
            taints: Vec::new(),
            startup_taints: Vec::new(),
            capacity: kind.capacity,
            allocatable: kind.allocatable,
            requested: requests(false),
            daemon_requested: requests(true),
            host_ports: Vec::new(),
            pods: view
                .pods
                .iter()
                .map(|pod| TemplateId(pod.id as u32))
                .collect(),
            protected: protects(view, &pools[spec.pool], NOW),
        }
    }

    /// A node whose pods are moved, but for those that stay.
    fn counted(&self, place: usize) -> CountedNode {
        let staying = self.nodes[place].pods.iter().filter(|pod| !moves(pod));
        CountedNode {
            name: self.name(&self.asked.nodes[place].name),
            labels: self.labels(place),
            taints: Vec::new(),
            pods: staying.map(|pod| TemplateId(pod.id as u32)).collect(),
        }
    }

    fn pool_template(&self, place: usize) -> PoolTemplate<'_> {
        let spec = &self.asked.pools[place];
        let name = self.name(&spec.name);
        PoolTemplate {
            name,
            weight: spec.weight,
            labels: [(key::NODEPOOL, name)].into_iter().collect(),
            requirements: self.requirements[place].clone(),
            taints: Vec::new(),
            limits: Limits::default(),
            types: &self.types,
        }
    }
}

/// Whether the pod has to run elsewhere when its node goes.
fn moves(pod: &PodView) -> bool {
    pod.reschedulable && pod.do_not_disrupt_until.is_none()
}

/// A pod with the scrambled number that the recorder gives it.
fn pending(place: u64, ignores_protection: bool) -> PendingPod {
    PendingPod {
        id: place,
        template: TemplateId(place as u32),
        created: SimTime::ZERO,
        uid: u128::from((place as u32 + 1).wrapping_mul(2_654_435_761)),
        ignores_protection,
    }
}

impl Simulate for &Cluster {
    fn without(&mut self, candidates: &[NodeId], _: Method) -> Result<WhatIf, NoEligiblePool> {
        let views = self.pools();
        let is_candidate = |place: usize| candidates.contains(&NodeId(place as u32));
        let all = || 0..self.nodes.len();
        let leaving = |place: usize| is_candidate(place) || self.nodes[place].deleting;
        let staying: Vec<usize> = all().filter(|&place| !leaving(place)).collect();
        let existing: Vec<_> = staying.iter().map(|&p| self.existing(p, &views)).collect();
        let counted: Vec<_> = all()
            .filter(|&p| leaving(p))
            .map(|p| self.counted(p))
            .collect();
        let bound: usize = self.nodes.iter().map(|node| node.pods.len()).sum();
        let moved = |deleting: bool| {
            let nodes = self
                .nodes
                .iter()
                .filter(move |node| node.deleting == deleting);
            let nodes = nodes.filter(move |node| deleting || is_candidate(node.id.0 as usize));
            nodes.flat_map(|node| &node.pods).filter(|pod| moves(pod))
        };
        let mut pods: Vec<PendingPod> = (bound..self.templates.len())
            .map(|place| pending(place as u64, true))
            .collect();
        pods.extend(moved(false).map(|pod| pending(pod.id, false)));
        pods.extend(moved(true).map(|pod| pending(pod.id, true)));
        let deleting: Vec<u64> = moved(true).map(|pod| pod.id).collect();
        let pools: Vec<PoolTemplate> = (0..views.len()).map(|p| self.pool_template(p)).collect();
        let plan = solve(&Problem {
            symbols: &self.symbols,
            templates: &self.templates,
            pools: &pools,
            existing: &existing,
            counted: &counted,
            daemons: &[],
            pods: &pods,
            options: Options {
                consolidation_simulation: true,
                narrows_capacity_types: false,
                ..Options::default()
            },
            ties: TIES,
        });
        let nodes: Vec<NodeId> = staying.iter().map(|&place| NodeId(place as u32)).collect();
        let places: Vec<usize> = (0..pools.len()).collect();
        let names = Names {
            existing: &existing,
            nodes: &nodes,
            pools: &places,
            origin: |pod| match pod {
                pod if pod >= bound as u64 => Origin::Pending,
                pod if deleting.contains(&pod) => Origin::Deleting,
                _ => Origin::Candidate,
            },
        };
        Ok(WhatIf::read(plan, &names, SimDuration::ZERO))
    }
}

impl PoolSpec {
    fn budgets(&self) -> Vec<Budget> {
        let budgets = self.budgets.iter().map(read);
        budgets.map(|budget| budget.expect("a budget")).collect()
    }

    fn consolidate_after(&self) -> Option<SimDuration> {
        (self.consolidate_after != "Never").then(|| {
            let after = GoDuration::parse(&self.consolidate_after).expect("a duration");
            SimDuration::from_micros(after.micros())
        })
    }
}

impl PodSpec {
    fn template(&self, symbols: &mut Symbols) -> PodTemplate {
        let default = symbols.intern("default");
        let app = symbols.intern("app");
        let labels = [(app, symbols.intern(&self.app))].into_iter().collect();
        let node_selector = match self.zone.as_str() {
            "" => Requirements::new(),
            zone => Requirements::from_labels(
                &[(key::ZONE, symbols.intern(zone))].into_iter().collect(),
            ),
        };
        let alone = PodAffinityTerm {
            selector: PodSelector(Requirements::from_labels(&labels)),
            namespaces: vec![default],
            topology_key: key::HOSTNAME,
        };
        let memory = self.memory << 20;
        PodTemplate {
            labels,
            node_selector,
            pod_anti_affinity: if self.alone { vec![alone] } else { Vec::new() },
            ..PodTemplate::asking(self.name.clone(), default, default, self.cpu, memory)
        }
    }
}
