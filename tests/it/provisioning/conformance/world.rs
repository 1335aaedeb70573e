//! From a recorded case to a problem of ours.

use std::collections::BTreeMap;

use karpsim::api::label::{WELL_KNOWN, is_well_known, normalized};
use karpsim::api::objects::core::{Container, PodSpec};
use karpsim::api::{
    LabelSet, Requirement, Requirements, Resource, Resources, Symbol, Symbols, key,
};
use karpsim::cloud::{CapacityType, InstanceType, Offering, Price, Reservation};
use karpsim::cluster::template::HostPort;
use karpsim::cluster::{PodTemplate, TemplateId};
use karpsim::des::SimTime;
use karpsim::karpenter::provisioning::{
    CountedNode, ExistingNode, Limits, MinValuesPolicy, PendingPod, PreferencePolicy,
};

use super::case::{self, Case, Node, Stage, Workload};
use super::wishes::{Reader, expression};
use crate::provisioning::fake::{Pool, World};

/// Seconds before the start that a pod of a case may have been created.
const BEFORE: i64 = 1000;

/// A problem of ours, and what the case calls its pods.
pub(crate) struct Staged {
    pub(crate) world: World,
    /// By id.
    pub(crate) pod_names: Vec<String>,
}

impl Staged {
    pub(crate) fn new(case: &Case) -> Self {
        let mut staged = Self {
            world: World::empty(),
            pod_names: Vec::new(),
        };
        let types: Vec<_> = case.types.iter().map(|t| staged.instance_type(t)).collect();
        for pool in &case.node_pools {
            staged.pool(pool, &types, case);
        }
        for set in &case.daemon_sets {
            let template = staged.template(set, case);
            staged.world.daemons.push(template);
        }
        let mut made = 0;
        for node in &case.nodes {
            staged.node(node, case, &mut made);
        }
        for workload in &case.pending {
            staged.pending(workload, case, &mut made);
        }
        let options = &mut staged.world.options;
        if case.options.ignore_preferences {
            options.preference_policy = PreferencePolicy::Ignore;
        }
        if case.options.best_effort_min_values {
            options.min_values_policy = MinValuesPolicy::BestEffort;
        }
        options.reserved_capacity = !case.options.no_reserved_capacity;
        // No node of a case is protected: all that changes is what a claim does without reserved capacity.
        options.consolidation_simulation = case.options.reserved_fallback;
        staged
    }

    fn labels(&mut self, labels: &BTreeMap<String, String>) -> LabelSet {
        let symbols = &mut self.world.symbols;
        labels
            .iter()
            .map(|(key, value)| (symbols.intern(key), symbols.intern(value)))
            .collect()
    }

    /// What a type lacks of the labels AWS knows does not exist on it.
    fn instance_type(&mut self, t: &case::Type) -> InstanceType {
        let symbols = &mut self.world.symbols;
        let name = symbols.intern(&t.name);
        let mut requirements = Requirements::new();
        for (place, key) in WELL_KNOWN.iter().enumerate() {
            let symbol = Symbol::fixed(place as u32);
            if is_well_known(symbol) && key.contains(".aws/") {
                requirements.set(symbol, Requirement::none());
            }
        }
        for (key, values) in &t.labels {
            let values = values.iter().map(|value| symbols.intern(value)).collect();
            let key = symbols.intern(key);
            requirements.set(key, Requirement::of(values));
        }
        let of_type = Requirement::of(vec![name]);
        requirements.set(key::INSTANCE_TYPE, of_type);
        let offerings = t.offerings.iter().flatten();
        let offerings: Vec<_> = offerings.map(|o| offering(o, symbols)).collect();
        for key in [key::ZONE, key::CAPACITY_TYPE, key::CAPACITY_RESERVATION_ID] {
            let of_offerings = offerings.iter().filter_map(|o| o.requirements.get(key));
            let values = of_offerings
                .flat_map(Requirement::values)
                .copied()
                .collect();
            requirements.set(key, Requirement::of(values));
        }
        InstanceType {
            name,
            requirements,
            capacity: t.capacity.0,
            allocatable: t.capacity.0 - t.overhead.0,
            offerings,
        }
    }

    fn pool(&mut self, pool: &case::NodePool, types: &[InstanceType], case: &Case) {
        let mut labels = self.labels(&pool.spec.template.metadata.labels);
        let symbols = &mut self.world.symbols;
        let name = symbols.intern(&pool.name);
        labels.insert(key::NODEPOOL, name);
        let class = symbols.intern("karpenter.k8s.aws/ec2nodeclass");
        labels.insert(class, symbols.intern("default"));
        let mut requirements = Requirements::new();
        for term in pool.spec.template.spec.requirements.iter().flatten() {
            let (key, requirement) = expression(term, symbols);
            requirements.add(key, &requirement, symbols);
        }
        let mut limits = Limits::default();
        for (name, quantity) in &pool.spec.limits {
            match Resource::from_name(name) {
                Some(kind) => limits.resources.push((kind, kind.amount(*quantity))),
                None => limits.nodes = Some(quantity.units()),
            }
        }
        let names = case.types.iter().map(|t| &t.name);
        let offered = |name: &String| pool.types.is_empty() || pool.types.contains(name);
        let types = names.zip(types).filter(|(name, _)| offered(name));
        self.world.pools.push(Pool {
            name,
            weight: pool.spec.weight.unwrap_or(0),
            labels,
            requirements,
            taints: pool.spec.template.spec.taints.clone(),
            limits,
            types: types.map(|(_, t)| t.clone()).collect(),
        });
    }

    fn template(&mut self, workload: &Workload, case: &Case) -> TemplateId {
        let labels = self.labels(&workload.labels);
        let symbols = &mut self.world.symbols;
        let namespace = symbols.intern(&workload.namespace);
        let image = symbols.intern("image");
        let name = format!("{}/{}", workload.namespace, workload.name);
        let mut template = PodTemplate::asking(name, namespace, image, 0, 0);
        template.labels = labels;
        template.requests = requests(&workload.spec);
        template.tolerations = workload.spec.tolerations.clone();
        for (key, value) in &workload.spec.node_selector {
            let (key, value) = (symbols.intern(normalized(key)), symbols.intern(value));
            template
                .node_selector
                .add(key, &Requirement::of(vec![value]), symbols);
        }
        for container in &workload.spec.containers {
            for port in container.ports.iter().filter(|port| port.host_port != 0) {
                let protocol = symbols.intern(port.protocol.as_deref().unwrap_or("TCP"));
                let ip = port.host_ip.as_ref();
                let ip = ip.map(|ip| ip.parse().expect("an address"));
                let taken = HostPort::new(port.host_port, protocol, ip);
                template.host_ports.push(taken);
            }
        }
        Reader { symbols, case }.read(workload, &mut template);
        self.world.templates.push(template);
        TemplateId(self.world.templates.len() as u32 - 1)
    }

    fn node(&mut self, node: &Node, case: &Case, made: &mut u32) {
        let mut labels = node.labels.clone();
        if matches!(node.stage, Stage::Registered | Stage::Initialized) {
            labels.insert("karpenter.sh/registered".into(), "true".into());
        }
        if node.stage == Stage::Initialized {
            labels.insert("karpenter.sh/initialized".into(), "true".into());
        }
        let labels = self.labels(&labels);
        let name = self.world.symbols.intern(&node.name);
        let (mut requested, mut daemon_requested) = (Resources::ZERO, Resources::ZERO);
        let (mut pods, mut host_ports) = (Vec::new(), Vec::new());
        for workload in &node.pods {
            let template = self.template(workload, case);
            *made += workload.count;
            for _ in 0..workload.count {
                let pod = &self.world.templates[template.index()];
                requested += pod.requests;
                if workload.daemon {
                    daemon_requested += pod.requests;
                }
                host_ports.extend(&pod.host_ports);
                pods.push(template);
            }
        }
        let taints = node.taints.clone();
        if node.deleting {
            self.world.counted.push(CountedNode {
                name,
                labels,
                taints,
                pods,
            });
            return;
        }
        let of = labels.get(key::NODEPOOL);
        self.world.existing.push(ExistingNode {
            name,
            pool: self
                .world
                .pools
                .iter()
                .position(|pool| Some(pool.name) == of),
            joined: node.stage != Stage::Launched,
            initialized: matches!(node.stage, Stage::Unmanaged | Stage::Initialized),
            labels,
            taints,
            startup_taints: node.startup_taints.clone(),
            capacity: node.capacity.0,
            allocatable: node.allocatable.0,
            requested,
            daemon_requested,
            host_ports,
            pods,
            protected: false,
        });
    }

    fn pending(&mut self, workload: &Workload, case: &Case, made: &mut u32) {
        let template = self.template(workload, case);
        let created = u64::try_from(BEFORE + workload.created).expect("not long before the start");
        for place in 0..workload.count {
            *made += 1;
            self.world.pods.push(PendingPod {
                id: self.pod_names.len() as u64,
                template,
                created: SimTime::from_micros(created * 1_000_000),
                // The scrambled place of the recorder.
                uid: u128::from(made.wrapping_mul(2_654_435_761)),
                ignores_protection: true,
            });
            self.pod_names.push(format!("{}-{place}", workload.name));
        }
    }
}

fn offering(o: &case::Offering, symbols: &mut Symbols) -> Offering {
    let capacity_type = match o.capacity_type.as_str() {
        "reserved" => CapacityType::Reserved,
        "spot" => CapacityType::Spot,
        _ => CapacityType::OnDemand,
    };
    let zone = symbols.intern(&o.zone);
    let label = symbols.intern(capacity_type.label());
    let mut requirements = Requirements::new();
    requirements.set(key::ZONE, Requirement::of(vec![zone]));
    requirements.set(key::CAPACITY_TYPE, Requirement::of(vec![label]));
    let id = o.reservation.iter().map(|r| symbols.intern(&r.id));
    let id: Vec<_> = id.collect();
    requirements.set(key::CAPACITY_RESERVATION_ID, Requirement::of(id.clone()));
    Offering {
        zone,
        capacity_type,
        price: Price((o.price * 1e9).round() as u64),
        available: !o.unavailable,
        requirements,
        reservation: o.reservation.as_ref().map(|r| Reservation {
            id: id[0],
            capacity: r.capacity,
        }),
    }
}

/// What a pod asks for: the larger of what runs together, and each init container with the sidecars started before it.
fn requests(pod: &PodSpec) -> Resources {
    let of = |container: &Container| {
        let mut amounts = Resources::ZERO;
        let limits = container.resources.limits.iter();
        for (name, quantity) in limits.chain(&container.resources.requests) {
            let kind = Resource::from_name(name).expect("a resource we know");
            amounts[kind] = kind.amount(*quantity);
        }
        amounts
    };
    let (mut together, mut peak) = (Resources::ZERO, Resources::ZERO);
    for init in &pod.init_containers {
        if init.restart_policy.as_deref() == Some("Always") {
            together += of(init);
        } else {
            peak = peak.max(&(together + of(init)));
        }
    }
    for container in &pod.containers {
        together += of(container);
    }
    peak.max(&together).with(Resource::Pods, 1)
}
