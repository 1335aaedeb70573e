//! Recorded clusters: workloads read as a scenario's, nodes and pods as the scheduler's cache has them.

use std::collections::{BTreeMap, BTreeSet};

use karpsim::api::{LabelSet, Quantity, Resource, Resources, Symbols, Taint};
use karpsim::cluster::{PodTemplate, TemplateId};
use karpsim::des::SimTime;
use karpsim::kube::scheduler::{Cache, NodeInfo, PodInfo, Profile};
use karpsim::scenario::pod_templates;
use serde::Deserialize;
use serde_json::{Value, json};

/// When clusters are looked at.
pub(crate) const EPOCH: u64 = 100_000;

#[derive(Deserialize)]
pub(crate) struct Cluster {
    pub(crate) workloads: Vec<Workload>,
    pub(crate) nodes: Vec<Node>,
    #[serde(default)]
    pub(crate) pods: Vec<Placed>,
    #[serde(default)]
    pub(crate) attempts: Vec<u32>,
}

#[derive(Deserialize)]
pub(crate) struct Workload {
    name: String,
    namespace: String,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    priority: i32,
    spec: Value,
}

#[derive(Deserialize)]
pub(crate) struct Node {
    labels: BTreeMap<String, String>,
    #[serde(default)]
    taints: Vec<Taint>,
    #[serde(default)]
    unschedulable: bool,
    allocatable: BTreeMap<String, Quantity>,
    #[serde(default)]
    images: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    name: String,
    bytes: u64,
}

#[derive(Deserialize)]
pub(crate) struct Placed {
    workload: u32,
    node: u32,
    age: u64,
    #[serde(default)]
    pub(crate) terminating: bool,
}

impl Cluster {
    /// The workloads' templates, made of their manifests as a scenario's are.
    pub(crate) fn templates(&self) -> (Vec<PodTemplate>, Symbols) {
        let priorities: BTreeSet<i32> = self.workloads.iter().map(|w| w.priority).collect();
        let classes: Vec<_> = priorities.into_iter().map(priority_class).collect();
        let deployments: Vec<_> = self.workloads.iter().map(Workload::deployment).collect();
        let document = json!({"priorityClasses": classes, "deployments": deployments});
        pod_templates(&document.to_string()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }

    /// The nodes with their pods.
    pub(crate) fn cache<'s>(
        &self,
        templates: &'s [PodTemplate],
        symbols: &'s Symbols,
        nodes: Vec<NodeInfo>,
        profile: Profile,
    ) -> Cache<'s> {
        let mut cache = Cache::new(templates, symbols, profile);
        for (slot, node) in (0..).zip(nodes) {
            cache.add_node(slot, node);
        }
        for (key, pod) in (0..).zip(&self.pods) {
            let info = PodInfo {
                key,
                template: TemplateId(pod.workload),
                start: SimTime::from_secs(EPOCH - pod.age),
                terminating: pod.terminating,
            };
            cache.add_pod(pod.node, info);
        }
        cache
    }

    pub(crate) fn node_infos(&self, symbols: &mut Symbols) -> Vec<NodeInfo> {
        self.nodes.iter().map(|node| node.info(symbols)).collect()
    }
}

fn class_name(priority: i32) -> String {
    if priority < 0 {
        format!("below-{}", -priority)
    } else {
        format!("class-{priority}")
    }
}

fn priority_class(priority: i32) -> Value {
    json!({
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": class_name(priority)},
        "value": priority,
    })
}

impl Workload {
    fn deployment(&self) -> Value {
        let mut spec = self.spec.clone();
        spec["priorityClassName"] = class_name(self.priority).into();
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "selector": {"matchLabels": self.labels},
                "template": {"metadata": {"labels": self.labels}, "spec": spec},
            },
        })
    }
}

impl Node {
    fn info(&self, symbols: &mut Symbols) -> NodeInfo {
        let labels = self.labels.iter();
        let labels: LabelSet = labels
            .map(|(key, value)| (symbols.intern(key), symbols.intern(value)))
            .collect();
        let allocatable = self
            .allocatable
            .iter()
            .fold(Resources::ZERO, |all, (name, quantity)| {
                let kind = Resource::from_name(name).expect("a known resource");
                all.with(kind, kind.amount(*quantity))
            });
        let images = self.images.iter();
        NodeInfo {
            labels,
            taints: self.taints.clone(),
            allocatable,
            unschedulable: self.unschedulable,
            images: images
                .map(|image| (symbols.intern(&image.name), image.bytes))
                .collect(),
        }
    }
}
