//! A cluster written down as data, as Karpenter's disruption controller sees it.
//!
//! Its what-ifs are answered by the real provisioning pass, so that whatever is decided about it is decided by the crate. Three ask it:
//! what the real methods were recorded to decide (`recorded`), upstream's own cases (`upstream`), and what holds of every cluster
//! (`disruption`).

pub(crate) mod spec;
mod what_if;
pub(crate) mod written;

pub(crate) use what_if::At;

use jiff::civil::date;
use karpsim::api::{LabelSet, Requirements, Resources, Symbol, Symbols, key};
use karpsim::cloud::InstanceType;
use karpsim::cluster::{PodTemplate, TemplateId};
use karpsim::des::{Purpose, SimDuration, SimTime, StreamKey};
use karpsim::karpenter::Version;
use karpsim::karpenter::budget::{Budget, PoolNodes};
use karpsim::karpenter::cost::DisruptionCost;
use karpsim::karpenter::disruption::consolidatable::protects;
use karpsim::karpenter::disruption::{
    DriftReason, Drifted, Fixed, NodeId, NodeView, PdbCover, PodView, PoolView, View,
};
use karpsim::karpenter::provisioning::{
    CountedNode, ExistingNode, Limits, NewClaim, PendingPod, PoolTemplate,
};
use karpsim::karpenter::static_pool::Count;

use spec::{ClusterSpec, NodeSpec, PodSpec, PoolSpec, Unknown};
use written::requirements;

/// When everything begins: what the ages of nodes are counted from.
pub(crate) const NOW: SimTime = SimTime::from_secs(100_000);

pub(crate) const TIES: StreamKey = StreamKey {
    seed: 1,
    purpose: Purpose::KarpenterTie,
    entity: 0,
};

/// A cluster with everything that a view borrows. The number of a pod is the place of its template, that of a node its own place.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) symbols: Symbols,
    pub(crate) types: Vec<InstanceType>,
    /// The managed nodes.
    pub(crate) nodes: Vec<NodeView>,
    pub(crate) spec: ClusterSpec,
    /// The other nodes.
    unmanaged: Vec<NodeView>,
    templates: Vec<PodTemplate>,
    budgets: Vec<Vec<Budget>>,
    requirements: Vec<Requirements>,
    fixed: Vec<Option<(Count, NewClaim)>>,
}

impl Cluster {
    pub(crate) fn new(spec: ClusterSpec) -> Self {
        let spec = spec.written_out();
        let symbols = &mut Symbols::new();
        let labels = ["spot", "on-demand", "reserved", "linux", "amd64"];
        let zones = ["a", "b", "c"];
        let pools = spec.pools.iter().map(|pool| pool.name.as_str());
        let nodes = spec.nodes.iter().map(|node| node.name.as_str());
        let names = zones.into_iter().chain(labels).chain(pools).chain(nodes);
        names.for_each(|name| {
            symbols.intern(name);
        });
        let types: Vec<_> = spec.types.iter().map(|kind| kind.make(symbols)).collect();
        let wanted = spec.pools.iter();
        let wanted = wanted.map(|pool| requirements(&pool.requirements, symbols));
        let wanted: Vec<Requirements> = wanted.collect();
        let bound = spec.nodes.iter().flat_map(|node| &node.pods);
        let pods = bound.chain(&spec.pending);
        let templates = pods.map(|pod| pod.template(symbols)).collect();
        let mut cluster = Self {
            nodes: Vec::new(),
            unmanaged: Vec::new(),
            budgets: spec.pools.iter().map(PoolSpec::budgets).collect(),
            fixed: Vec::new(),
            requirements: wanted,
            symbols: std::mem::take(symbols),
            types,
            templates,
            spec,
        };
        let mut first_pod = 0;
        for place in 0..cluster.spec.nodes.len() {
            let view = cluster.node_view(place, first_pod);
            first_pod += view.pods.len();
            match cluster.spec.nodes[place].unmanaged {
                true => cluster.unmanaged.push(view),
                false if cluster.unmanaged.is_empty() => cluster.nodes.push(view),
                false => panic!("unmanaged nodes stand last"),
            }
        }
        cluster.fixed = (0..cluster.spec.pools.len())
            .map(|pool| cluster.fixed(pool))
            .collect();
        cluster
    }

    fn name(&self, text: &str) -> Symbol {
        self.symbols.get(text).expect("an interned name")
    }

    /// Place of the node's pool.
    fn pool_of(&self, node: &NodeSpec) -> usize {
        node.pool
            .among(self.spec.pools.iter().map(|pool| &pool.name))
    }

    /// Place of the node's type.
    fn type_of(&self, node: &NodeSpec) -> usize {
        node.kind
            .among(self.spec.types.iter().map(|kind| &kind.name))
    }

    /// The managed nodes of a pool.
    fn members(&self, pool: usize) -> impl Iterator<Item = &NodeSpec> + Clone {
        let nodes = self.spec.nodes.iter();
        nodes.filter(move |node| !node.unmanaged && self.pool_of(node) == pool)
    }

    /// The nodes that a pool's budgets count.
    pub(crate) fn counts(&self, pool: usize) -> PoolNodes {
        let counted = self.members(pool).filter(|node| node.initialized);
        let disrupted = counted.clone().filter(|n| n.not_ready || n.deleting);
        PoolNodes {
            counted: counted.count() as u32,
            disrupted: disrupted.count() as u32,
        }
    }

    /// What a static pool keeps.
    fn fixed(&self, pool: usize) -> Option<(Count, NewClaim)> {
        let spec = &self.spec.pools[pool];
        let members = self.members(pool);
        let count = Count {
            replicas: spec.replicas?,
            limit: spec.limit,
            active: members.clone().filter(|n| !n.queued && !n.deleting).count() as u32,
            pending_disruption: members.clone().filter(|n| n.queued).count() as u32,
            deleting: members.filter(|n| n.deleting && !n.queued).count() as u32,
        };
        let template = NewClaim {
            pool,
            requirements: self.requirements[pool].clone(),
            types: (0..self.types.len()).collect(),
            requests: Resources::ZERO,
            pods: Vec::new(),
            min_values_relaxed: false,
        };
        Some((count, template))
    }

    pub(crate) fn pools(&self) -> Vec<PoolView<'_>> {
        let view = |(place, pool): (usize, &'_ PoolSpec)| PoolView {
            name: self.name(&self.spec.pools[place].name),
            fixed: self.fixed[place]
                .as_ref()
                .map(|&(count, ref template)| Fixed { count, template }),
            consolidate_after: pool.consolidate_after(),
            policy: pool.policy,
            budgets: &self.budgets[place],
            nodes: self.counts(place),
            types: &self.types,
        };
        self.spec.pools.iter().enumerate().map(view).collect()
    }

    /// The cluster at this time, in one of the draws of what upstream leaves to chance.
    pub(crate) fn view<'a>(
        &'a self,
        pools: &'a [PoolView<'a>],
        now: SimTime,
        draw: u64,
    ) -> View<'a> {
        View {
            now,
            utc: date(2026, 1, 1).at(0, 0, 0, 0),
            synced: true,
            version: Version::NEWEST,
            pools,
            nodes: &self.nodes,
            symbols: &self.symbols,
            spot_to_spot: self.spec.spot_to_spot,
            ties: StreamKey { seed: draw, ..TIES },
        }
    }

    fn node_view(&self, place: usize, first_pod: usize) -> NodeView {
        let spec = &self.spec.nodes[place];
        let kind = self.type_of(spec);
        let offering = &self.types[kind].offerings[spec.offering];
        let ago = |secs| SimTime::from_secs(NOW.as_micros() / 1_000_000 - secs);
        let known = |label| !spec.unknown.contains(&label);
        let pods = (first_pod..).zip(&spec.pods);
        NodeView {
            id: NodeId(place as u32),
            pool: self.pool_of(spec),
            instance_type: known(Unknown::Type).then_some(kind),
            zone: known(Unknown::Zone).then_some(offering.zone),
            capacity_type: known(Unknown::CapacityType).then_some(offering.capacity_type),
            deleting: spec.deleting,
            queued: spec.queued,
            nominated_until: if spec.nominated {
                SimTime::MAX
            } else {
                SimTime::ZERO
            },
            do_not_disrupt: spec.do_not_disrupt,
            initialized: spec.initialized.then(|| ago(spec.age)),
            lifetime_left: 1_000_000_000,
            last_pod_event: spec.pod_event.map(ago),
            drifted: spec.drifted.map(|secs| Drifted {
                since: ago(secs),
                reason: DriftReason::NodePoolDrifted,
            }),
            termination_grace: spec.termination_grace,
            pods: pods.map(|(id, pod)| self.pod_view(id, pod)).collect(),
        }
    }

    fn pod_view(&self, id: usize, pod: &PodSpec) -> PodView {
        let covering = self.spec.pdbs.iter().filter(|pdb| pdb.app == pod.app);
        let covering: Vec<_> = covering.collect();
        let span = pod.do_not_disrupt_for.map(SimDuration::from_secs);
        let for_ever = pod.do_not_disrupt.then_some(SimTime::MAX);
        let do_not_disrupt_until = for_ever.or(span.map(|span| NOW + span));
        PodView {
            id: id as u64,
            active: !pod.inactive,
            daemon: pod.daemon,
            reschedulable: !pod.daemon && !pod.inactive,
            eviction_cost: DisruptionCost::of_eviction(pod.deletion_cost, pod.priority),
            do_not_disrupt_until,
            // A pod that must not be disrupted is not evicted, so that no budget is asked.
            pdb: match covering[..] {
                _ if do_not_disrupt_until.is_some() => PdbCover::Allows,
                [] => PdbCover::Allows,
                [pdb] if pdb.allowed > 0 => PdbCover::Allows,
                [_] => PdbCover::Exhausted,
                _ => PdbCover::Several,
            },
        }
    }

    fn labels(&self, place: usize) -> LabelSet {
        let spec = &self.spec.nodes[place];
        let kind = &self.types[self.type_of(spec)];
        let offering = &kind.offerings[spec.offering];
        let pool = self.pool_of(spec);
        let managed = [
            (key::NODEPOOL, self.name(&self.spec.pools[pool].name)),
            (key::INSTANCE_TYPE, kind.name),
            (key::ZONE, offering.zone),
            (
                key::CAPACITY_TYPE,
                self.name(offering.capacity_type.label()),
            ),
            (key::HOSTNAME, self.name(&spec.name)),
            (key::OS, self.name("linux")),
            (key::ARCH, self.name("amd64")),
        ];
        let labels = managed.into_iter();
        labels
            .filter(|&(label, _)| !spec.unmanaged || label != key::NODEPOOL)
            .collect()
    }

    fn existing(&self, view: &NodeView, pools: &[PoolView<'_>], now: SimTime) -> ExistingNode {
        let place = view.id.0 as usize;
        let spec = &self.spec.nodes[place];
        let kind = &self.types[self.type_of(spec)];
        let requests = |daemons_only: bool| {
            let counted = view.pods.iter().filter(|pod| pod.daemon || !daemons_only);
            counted.fold(Resources::ZERO, |sum, pod| {
                sum + self.templates[pod.id as usize].requests
            })
        };
        ExistingNode {
            name: self.name(&spec.name),
            pool: (!spec.unmanaged).then_some(view.pool),
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
            pods: view.pods.iter().map(template_of).collect(),
            protected: !spec.unmanaged && protects(view, &pools[view.pool], now),
        }
    }

    /// A node whose pods are moved, but for those that stay.
    fn counted(&self, view: &NodeView, now: SimTime) -> CountedNode {
        let staying = view.pods.iter().filter(|pod| !moves(pod, now));
        CountedNode {
            name: self.name(&self.spec.nodes[view.id.0 as usize].name),
            labels: self.labels(view.id.0 as usize),
            taints: Vec::new(),
            pods: staying.map(template_of).collect(),
        }
    }

    fn pool_template(&self, place: usize) -> PoolTemplate<'_> {
        let spec = &self.spec.pools[place];
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

    /// The pods bound to nodes; what comes after them is pending.
    fn bound(&self) -> usize {
        self.spec.nodes.iter().map(|node| node.pods.len()).sum()
    }
}

fn template_of(pod: &PodView) -> TemplateId {
    TemplateId(pod.id as u32)
}

/// Whether the pod has to run elsewhere when its node goes.
fn moves(pod: &PodView, now: SimTime) -> bool {
    pod.reschedulable && pod.do_not_disrupt_until.is_none_or(|until| until <= now)
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
