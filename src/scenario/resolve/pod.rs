//! What do the pods of a workload look like, with every default filled in?

mod affinity;
mod drain;
mod probes;
mod requests;

use super::context::Context;
use super::namespace::Namespaces;
use super::priority::Priorities;
use super::selector::{labels, pods};
use crate::api::label::normalized;
use crate::api::objects::core::{Container, Deployment, PodSpec};
use crate::api::objects::{LabelSelector, ObjectMeta};
use crate::api::{LabelSet, Requirement, Requirements, Symbol};
use crate::cluster::PodTemplate;
use crate::cluster::template::{DoNotDisrupt, HostPort};
use crate::des::SimDuration;

pub(super) use requests::PodNeeds;

/// `terminationGracePeriodSeconds` where absent.
const TERMINATION_GRACE_SECS: u32 = 30;
/// Compressed image size in bytes where the scenario does not say.
pub(super) const IMAGE_BYTES: u64 = 100_000_000;
/// What a ReplicaSet tells its pods from those of other revisions by.
const POD_TEMPLATE_HASH: &str = "pod-template-hash";

/// What is known of a workload besides its manifest.
pub(super) struct Workload<'m> {
    /// The path of the manifest.
    pub(super) path: &'m str,
    /// `metadata.name`.
    pub(super) name: &'m str,
    pub(super) namespace: &'m str,
    pub(super) image_bytes: u64,
    pub(super) daemon: bool,
}

/// What the cluster's own objects say of all pods.
#[derive(Clone, Copy)]
pub(super) struct ClusterWide<'c> {
    pub(super) priorities: &'c Priorities,
    pub(super) namespaces: &'c Namespaces,
}

/// A workload's pods, and their requests in detail.
pub(super) struct Pods {
    pub(super) template: PodTemplate,
    pub(super) needs: PodNeeds,
}

/// Resolves the pods of a Deployment or DaemonSet.
pub(super) fn pods_of(
    cx: &mut Context<'_>,
    workload: &Workload<'_>,
    manifest: &Deployment,
    cluster: ClusterWide<'_>,
) -> Pods {
    let pod = &manifest.spec.template.spec;
    let path = &format!("{}.spec.template.spec", workload.path);
    if pod.containers.is_empty() {
        cx.expected(path, "has no containers", "expected at least one");
    }
    let labels = pod_labels(cx, workload, manifest);
    let namespace = cx.intern(workload.namespace);
    let home = affinity::Home {
        namespace,
        labels: &labels,
        all: cluster.namespaces,
    };
    let needs = PodNeeds::read(cx, path, pod);
    let affinity = affinity::resolve(cx, path, pod, &home);
    let (priority, preempts) = cluster
        .priorities
        .of(cx, path, pod.priority_class_name.as_deref());
    let (termination_grace, pre_stop) = stopping(cx, path, pod);
    let serving = serving(pod);
    let annotations = &manifest.spec.template.metadata;
    let template = PodTemplate {
        name: format!("{}/{}", workload.namespace, workload.name),
        namespace,
        requests: needs.requests(),
        nonzero_requests: needs.scored(),
        cpu_limit: needs.cpu_limit(),
        serving_requests: serving.map_or(crate::api::Resources::ZERO, |(place, _)| {
            needs.requests_of(place)
        }),
        memory_limit: serving.and_then(|(place, _)| needs.memory_limit(place)),
        qos: needs.qos(),
        node_selector: node_selector(cx, pod),
        required_node_terms: affinity.required_nodes,
        preferred_node_terms: affinity.preferred_nodes,
        pod_affinity: affinity.with_pods,
        pod_anti_affinity: affinity.without_pods,
        preferred_pod_terms: affinity.preferred_pods,
        tolerations: pod.tolerations.clone(),
        spread: affinity.spread,
        host_ports: host_ports(cx, path, pod),
        priority,
        preempts,
        termination_grace,
        pre_stop,
        probes: probes::probes(cx, path, serving),
        do_not_disrupt: annotation(annotations, "karpenter.sh/do-not-disrupt")
            .map_or(DoNotDisrupt::No, DoNotDisrupt::parse),
        scale_down: drain::scale_down(cx, workload, path, annotations),
        deletion_cost: deletion_cost(cx, workload, annotations),
        image: image(cx, path, pod),
        images: images(cx, pod),
        image_bytes: workload.image_bytes,
        daemon: workload.daemon,
        labels,
    };
    Pods { template, needs }
}

fn pod_labels(cx: &mut Context<'_>, workload: &Workload<'_>, manifest: &Deployment) -> LabelSet {
    let mut labels = labels(cx, &manifest.spec.template.metadata.labels);
    check_selector(cx, workload, &manifest.spec.selector, &labels);
    if !workload.daemon {
        let (key, value) = (cx.intern(POD_TEMPLATE_HASH), cx.intern(workload.name));
        labels.insert(key, value);
    }
    labels
}

fn check_selector(
    cx: &mut Context<'_>,
    workload: &Workload<'_>,
    selector: &LabelSelector,
    labels: &LabelSet,
) {
    let path = &format!("{}.spec.selector", workload.path);
    let expected = "expected labels of `spec.template.metadata.labels`";
    if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
        cx.expected(path, "selects nothing", expected);
    } else if !pods(cx, path, selector).matches(labels, &cx.symbols) {
        cx.expected(
            path,
            "does not select the pods of its own template",
            expected,
        );
    }
}

fn node_selector(cx: &mut Context<'_>, pod: &PodSpec) -> Requirements {
    let mut requirements = Requirements::new();
    for (key, value) in &pod.node_selector {
        let (key, value) = (cx.intern(normalized(key)), cx.intern(value));
        requirements.add(key, &Requirement::of(vec![value]), &cx.symbols);
    }
    requirements
}

/// Grace period and `preStop.sleep`, the longest of the containers'.
fn stopping(cx: &mut Context<'_>, path: &str, pod: &PodSpec) -> (SimDuration, SimDuration) {
    let grace = pod
        .termination_grace_period_seconds
        .unwrap_or(TERMINATION_GRACE_SECS);
    let mut longest = 0;
    for (place, container) in pod.containers.iter().enumerate() {
        let hook = container.lifecycle.as_ref();
        let sleep = hook.and_then(|hook| hook.pre_stop.as_ref()?.sleep);
        let seconds = sleep.map_or(0, |sleep| sleep.seconds);
        if seconds > grace {
            let path = format!("{path}.containers[{place}].lifecycle.preStop.sleep.seconds");
            let what = format!("is {seconds}, longer than the grace period");
            cx.expected(&path, what, format!("expected at most {grace}"));
        }
        longest = longest.max(seconds);
    }
    let secs = |seconds| SimDuration::from_secs(u64::from(seconds));
    (secs(grace), secs(longest))
}

/// The container that takes traffic: the first with ports, or the first.
fn serving(pod: &PodSpec) -> Option<(usize, &Container)> {
    let mut containers = pod.containers.iter().enumerate();
    let with_ports = containers.find(|(_, container)| !container.ports.is_empty());
    with_ports.or_else(|| pod.containers.first().map(|first| (0, first)))
}

fn host_ports(cx: &mut Context<'_>, path: &str, pod: &PodSpec) -> Vec<HostPort> {
    let mut taken = Vec::new();
    for (place, container) in pod.containers.iter().enumerate() {
        for (number, port) in container.ports.iter().enumerate() {
            if port.host_port == 0 {
                continue;
            }
            let protocol = cx.intern(port.protocol.as_deref().unwrap_or("TCP"));
            let ip = port.host_ip.as_deref().filter(|ip| !ip.is_empty());
            let ip = ip.and_then(|text| {
                let path = format!("{path}.containers[{place}].ports[{number}].hostIP");
                let parsed = text.parse().ok();
                if parsed.is_none() {
                    cx.expected(&path, format!("is `{text}`"), "expected an IP address");
                }
                parsed
            });
            taken.push(HostPort::new(port.host_port, protocol, ip));
        }
    }
    taken
}

fn annotation<'m>(metadata: &'m ObjectMeta, key: &str) -> Option<&'m str> {
    metadata.annotations.get(key).map(String::as_str)
}

fn deletion_cost(cx: &mut Context<'_>, workload: &Workload<'_>, metadata: &ObjectMeta) -> i32 {
    const KEY: &str = "controller.kubernetes.io/pod-deletion-cost";
    let Some(text) = annotation(metadata, KEY) else {
        return 0;
    };
    text.parse().unwrap_or_else(|_| {
        let path = format!(
            "{}.spec.template.metadata.annotations[\"{KEY}\"]",
            workload.path
        );
        cx.expected(&path, format!("is `{text}`"), "expected an integer");
        0
    })
}

fn images(cx: &mut Context<'_>, pod: &PodSpec) -> Vec<Symbol> {
    let containers = pod.init_containers.iter().chain(&pod.containers);
    containers
        .map(|container| cx.intern(&container.image))
        .collect()
}

fn image(cx: &mut Context<'_>, path: &str, pod: &PodSpec) -> Symbol {
    for (place, container) in pod.containers.iter().enumerate() {
        let path = format!("{path}.containers[{place}]");
        cx.require(
            !container.image.is_empty(),
            &path,
            "has no `image`",
            "expected the image it runs",
        );
    }
    let first = pod.containers.first();
    cx.intern(first.map_or("", |container| &container.image))
}
