//! From instance to node and back: launch, registration, readiness, devices, termination.

use crate::api::{Resource, Symbol};
use crate::cloud::latency::{LaunchLatency, SHUTTING_DOWN};
use crate::cloud::market::Pool;
use crate::cloud::{AmiFamily, CapacityType, InstanceTypeId};
use crate::cluster::Key;
use crate::des::{Class, Dist, Purpose, SimDuration, SimTime};
use crate::kube::kubelet::{NodeImages, PullLimits, TIMING};
use crate::kube::scheduler::{ClusterEvent, NodeInfo};
use crate::metrics::journal::Decision;

use crate::scenario::model::{NodeClassModel, NodePoolModel};

use super::event::Event;
use super::group::label_instance;
use super::node::{Instance, Node, Owner, disrupted_taint, unreachable_taint};
use super::pod::Pod;
use super::{Queue, World};

impl<'s> World<'s> {
    /// A claim or node group wish has become an instance: what follows is a matter of time.
    pub(super) fn instance_launched(
        &mut self,
        now: SimTime,
        key: Key<Node>,
        instance: Instance,
        queue: &mut Queue,
    ) {
        let facts = self.scenario.catalog.facts(instance.kind);
        let latency = LaunchLatency::of(facts, AmiFamily::Al2023);
        let entity = self.pool_entity(instance.kind, instance.zone);
        let draws = self.draw(Purpose::NodeBoot, entity);
        let stage = |dist: &Dist, k: u64| {
            SimDuration::from_secs_f64(
                dist.quantile(draws.uniform(u64::from(instance.ordinal) * 8 + k)),
            )
        };
        let overrides = &self.scenario.market.latency;
        let running = now + stage(&latency.pending, 0);
        let boot = overrides.registration.as_ref().unwrap_or(&latency.boot);
        let registered = running + stage(boot, 1);
        let ready = registered + stage(overrides.readiness.as_ref().unwrap_or(&latency.ready), 2);
        let devices = ready
            + stage(
                overrides
                    .device_plugin
                    .as_ref()
                    .unwrap_or(&latency.device_plugin),
                3,
            );
        let node = &mut self.nodes[key];
        node.instance = Some(Instance {
            billed_from: running,
            ..instance
        });
        self.describe(key);
        queue.push(registered, Class::Kubelet, Event::Register(key));
        queue.push(ready, Class::Kubelet, Event::NodeReady(key));
        if self.nodes[key]
            .allocatable
            .iter()
            .any(|(kind, _)| kind.is_extended() && is_device(kind))
        {
            queue.push(devices, Class::Kubelet, Event::DevicesReady(key));
        }
    }

    /// Fills in what the instance makes of the node: labels, taints, capacity.
    pub(super) fn describe(&mut self, key: Key<Node>) {
        let scenario = self.scenario;
        let made = self.made_from(&self.nodes[key]);
        let class = self.class_of(&self.nodes[key]);
        let node = &self.nodes[key];
        let Some(instance) = node.instance else {
            return;
        };
        let (kind, mut labels, taints, disk) = match node.owner {
            Owner::Group(place) => {
                let (kind, labels) = self.group_labels(place, instance.kind, instance.zone);
                let taints = &scenario.cluster.node_groups[place].spec.taints;
                (kind, labels, taints.clone(), 125e6)
            }
            Owner::Pool(_) => {
                let pool = made.expect("a NodePool's node has a claim");
                let class = class.expect("a NodePool's node has a class");
                (
                    &class.types[instance.kind.index()],
                    pool.labels.clone(),
                    pool.taints.clone(),
                    class.volume_bytes_per_second as f64,
                )
            }
        };
        let capacity_type = self.capacity_type_symbols[instance.capacity_type as usize];
        label_instance(&mut labels, kind, instance.zone, capacity_type);
        if instance.capacity_type == CapacityType::Reserved {
            self.label_reservation(&mut labels, kind, &instance);
        }
        labels.insert(crate::api::key::HOSTNAME, Symbol::hostname(key.slot()));
        let network = scenario
            .catalog
            .facts(instance.kind)
            .network_mbps
            .map_or(1e9, |mbps| f64::from(mbps) * 125_000.0);
        let node = &mut self.nodes[key];
        node.images = NodeImages::new(PullLimits { network, disk }, &TIMING);
        (node.labels, node.taints, node.capacity, node.allocatable) =
            (labels, taints, kind.capacity, kind.allocatable);
        let (owner, joined) = (node.owner, node.registered.is_some());
        let learned = match (&self.karpenter, owner) {
            (Some(karpenter), Owner::Pool(pool)) => karpenter.known_memory(pool, instance.kind),
            _ => None,
        };
        let real = class.and_then(|class| class.real_memory.as_ref());
        let real = real.map(|real| real[instance.kind.index()]);
        if let Some(memory) = learned.or(real.filter(|_| joined)) {
            let node = &mut self.nodes[key];
            memory.replace_in(&mut node.capacity, &mut node.allocatable);
        }
    }

    /// The number under which a type in a zone has its random draws.
    pub(super) fn pool_entity(&self, kind: InstanceTypeId, zone: Symbol) -> u64 {
        let name = &self.scenario.catalog.facts(kind).instance_type;
        crate::cloud::market::pool_identity(name, &self.scenario.symbols.name(zone))
    }

    /// The node joins the cluster.
    pub(super) fn node_registered(&mut self, now: SimTime, key: Key<Node>) {
        let Some(node) = self.nodes.get_mut(key).filter(|node| !node.terminated) else {
            return;
        };
        node.registered = Some(now);
        self.counters.nodes_launched += 1;
        self.report_memory(key);
    }

    /// A node that joins tells what memory it really has, and Karpenter keeps it for the next of its type.
    fn report_memory(&mut self, key: Key<Node>) {
        let node = &self.nodes[key];
        let real = self
            .class_of(node)
            .and_then(|class| class.real_memory.as_ref());
        let (Some(real), Some(instance), Owner::Pool(pool)) = (real, node.instance, node.owner)
        else {
            return;
        };
        let images = node.claim.as_ref().map(|claim| claim.hashes.image);
        let memory = real[instance.kind.index()];
        let node = &mut self.nodes[key];
        memory.replace_in(&mut node.capacity, &mut node.allocatable);
        if let (Some(karpenter), Some(images)) = (&mut self.karpenter, images) {
            karpenter.discover(pool, images, instance.kind);
        }
    }

    /// The node is Ready: pods can be bound to it.
    pub(super) fn node_ready(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let Some(node) = self.nodes.get_mut(key).filter(|node| !node.terminated) else {
            return;
        };
        node.ready = Some(now);
        let devices_pending = node.allocatable.iter().any(|(kind, _)| is_device(kind))
            && node
                .instance
                .is_some_and(|instance| instance.billed_from > SimTime::ZERO);
        let info = self.node_info(key, devices_pending);
        let cores = self
            .scenario
            .catalog
            .facts(
                self.nodes[key]
                    .instance
                    .expect("a Ready node has an instance")
                    .kind,
            )
            .vcpu;
        self.cpu.add_node(key.slot(), i64::from(cores) * 1_000);
        self.scheduler.add_node(key.slot(), info);
        if !devices_pending {
            self.node_initialized(now, key, queue);
        }
        self.tell_scheduler(now, &ClusterEvent::NodeAdded(key.slot()), queue);
        self.start_daemons(now, key, queue);
    }

    /// The device plugin has advertised the node's devices.
    pub(super) fn devices_ready(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if self
            .nodes
            .get(key)
            .is_none_or(|node| node.terminated || node.initialized.is_some())
        {
            return;
        }
        self.node_initialized(now, key, queue);
        self.refresh_node(now, key, queue);
    }

    fn node_initialized(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        self.nodes[key].initialized = Some(now);
        self.note_node(now, key, Decision::Ready);
        self.touch_consolidation();
        if let Owner::Group(group) = self.nodes[key].owner {
            self.relieve(now, group, queue);
        }
    }

    /// Tells the scheduler what the node is like now.
    pub(super) fn refresh_node(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if self.scheduler.node(key.slot()).is_none() {
            return;
        }
        let info = self.node_info(key, self.nodes[key].initialized.is_none());
        let before = self.scheduler.update_node(key.slot(), info);
        self.tell_scheduler(
            now,
            &ClusterEvent::NodeUpdated {
                slot: key.slot(),
                before: &before,
            },
            queue,
        );
    }

    fn node_info(&self, key: Key<Node>, devices_pending: bool) -> NodeInfo {
        let node = &self.nodes[key];
        let mut allocatable = node.allocatable;
        let mut taints = node.taints.clone();
        if devices_pending {
            for kind in Resource::ALL.into_iter().filter(|&kind| is_device(kind)) {
                allocatable[kind] = 0;
            }
        }
        if node.deleting() || node.marked {
            taints.push(disrupted_taint());
        }
        if node.is_unreachable() {
            taints.push(unreachable_taint());
        }
        NodeInfo {
            labels: node.labels.clone(),
            taints,
            allocatable,
            unschedulable: false,
            images: Vec::new(),
        }
    }

    /// The DaemonSet controller puts a pod of each DaemonSet that matches on a new node.
    fn start_daemons(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let node = &self.nodes[key];
        for template in self.daemons_of(&node.labels, &node.taints) {
            self.create_pod(now, template, None, Some(key), queue);
        }
    }

    /// A pod has left its node.
    pub(super) fn unplace(&mut self, now: SimTime, key: Key<Pod>, node: Key<Node>) {
        let template = self.pods[key].template;
        let requests = self.scenario.template(template).requests;
        if let Some(node) = self.nodes.get_mut(node) {
            node.remove_pod(now, key, template, requests);
        }
    }

    /// The instance is terminated: billing ends, whatever is still there dies, and the node is gone from the cluster.
    pub(super) fn terminate_instance(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if self.nodes.get(key).is_none_or(|node| node.terminated) {
            return;
        }
        self.nodes[key].terminated = true;
        self.clear_node(now, key, queue);
        self.end_bill(now, key, queue);
    }

    /// Whatever is still on a node dies, and the node is gone from the cluster.
    pub(super) fn clear_node(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        self.note_terminated(now, key);
        for pod in self.nodes[key].pods.clone() {
            self.lose_pod(now, pod, queue);
            self.pod_removed(now, pod, queue);
        }
        for pod in self.pinned_pods(key) {
            self.terminate_pod(now, pod, queue);
        }
        if self.scheduler.node(key.slot()).is_some() {
            self.scheduler.remove_node(key.slot());
            self.tell_scheduler(now, &ClusterEvent::NodeRemoved, queue);
        }
        let entity = u64::from(key.slot());
        let u = self.draw(Purpose::Phase, entity).uniform(now.as_micros());
        queue.push(
            now + SimDuration::from_secs_f64(SHUTTING_DOWN.quantile(u)),
            Class::Kubelet,
            Event::InstanceGone(key),
        );
    }

    /// Billing ends, and the Auto Scaling group of a node group's instance misses it.
    pub(super) fn end_bill(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        self.book_node(now, key);
        if let Owner::Group(place) = self.nodes[key].owner {
            let u = self.group_draw(now, place);
            self.reconcile_group(now, place, u, queue);
        }
    }

    /// Pods of DaemonSets that wait for this node in vain.
    fn pinned_pods(&self, key: Key<Node>) -> Vec<Key<Pod>> {
        self.pods
            .iter()
            .filter(|(_, pod)| pod.pinned == Some(key) && pod.node.is_none())
            .map(|(pod, _)| pod)
            .collect()
    }

    /// The instance is gone, and with it the last trace of the node.
    pub(super) fn instance_gone(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if let Some(node) = self.nodes.get(key) {
            self.wake_static_pool(now, node.owner, queue);
            let node = self.nodes.remove(key);
            self.leave_reservation(node.instance);
            self.touch_consolidation();
            self.poke_provisioner(now, queue);
        }
    }

    /// The spot or on-demand pool an instance is in.
    pub(super) fn pool_of(&self, key: Key<Node>) -> Option<Pool> {
        self.nodes[key].instance.map(|instance| Pool {
            instance_type: instance.kind,
            zone: instance.zone,
        })
    }

    /// The NodePool a claim was made from, as it was then.
    pub(super) fn made_from(&self, node: &Node) -> Option<&'s NodePoolModel> {
        let (Owner::Pool(place), Some(claim)) = (node.owner, &node.claim) else {
            return None;
        };
        let karpenter = self.scenario.cluster.karpenter.as_ref()?;
        Some(karpenter.pool(place, claim.pool))
    }

    /// The EC2NodeClass a claim was launched under, as it was then.
    pub(super) fn class_of(&self, node: &Node) -> Option<&'s NodeClassModel> {
        let claim = node.claim.as_ref()?;
        let karpenter = self.scenario.cluster.karpenter.as_ref()?;
        Some(karpenter.class(self.made_from(node)?.class, claim.class))
    }
}

/// Devices a plugin has to advertise first.
fn is_device(kind: Resource) -> bool {
    matches!(
        kind,
        Resource::NvidiaGpu
            | Resource::AmdGpu
            | Resource::Neuron
            | Resource::NeuronCore
            | Resource::Gaudi
    )
}
