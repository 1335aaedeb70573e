//! Which objects belong to which service?
//!
//! A service is a Deployment with what points at it: what scales it by `scaleTargetRef`, Services and budgets whose selector its pods
//! match, the ServiceAccount and the ConfigMaps its pods name, the Ingress of one of its Services.

use super::objects::{Object, Objects};
use super::platform::Platform;
use crate::export::data::Data;
use crate::kube::keda::queue_name;
use crate::scenario::diagnostic::{Diagnostic, Diagnostics};

/// Deployments that come with the platform: what they ask for is headroom of the baseline, in a scenario as well.
const PLATFORM: [&str; 9] = [
    "aws-load-balancer-controller",
    "coredns",
    "ebs-csi-controller",
    "karpenter",
    "keda-admission",
    "keda-admission-webhooks",
    "keda-operator",
    "keda-operator-metrics-apiserver",
    "metrics-server",
];
/// A service of the scenario.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// Name, unique among the services.
    pub(super) name: String,
    /// Namespace.
    pub(super) namespace: String,
    /// Service account of its pods.
    pub(super) account: String,
    /// Manifests, the Deployment first.
    pub(super) workload: Vec<Data>,
    /// The way in from outside, as in a scenario.
    pub(super) ingress: Option<Data>,
    /// The queue it works off: the one whose length scales it, or the one Terraform lets it receive from.
    pub(super) consumes: Option<String>,
    /// The device its pods ask for.
    pub(super) accelerator: Option<String>,
}

/// The services, in the order of their Deployments. What belongs to no Deployment is left, with the reason.
pub(super) fn services(
    objects: &Objects,
    platform: &Platform,
    sink: &mut Diagnostics,
    left: &mut Vec<String>,
) -> Vec<Service> {
    let mut taken = Vec::new();
    let mut services: Vec<Service> = Vec::new();
    for deployment in objects.of_kind("Deployment") {
        if PLATFORM.contains(&deployment.name.as_str()) {
            left.push(format!(
                "{}: comes with the platform; its requests are headroom of the baseline",
                deployment.title()
            ));
            continue;
        }
        let parts = parts(objects, deployment, sink);
        taken.extend(parts.iter().map(|part| part.title()));
        let mut service = service(deployment, &parts, platform);
        for manifest in &mut service.workload {
            taken.extend(forget_pod_identity(manifest, &service.namespace, objects));
        }
        if services.iter().any(|known| known.name == service.name) {
            service.name = format!("{}-{}", service.namespace, service.name);
        }
        services.push(service);
    }
    for kind in [
        "HorizontalPodAutoscaler",
        "ScaledObject",
        "PodDisruptionBudget",
        "Ingress",
    ] {
        let lost = objects
            .of_kind(kind)
            .filter(|object| !taken.contains(&object.title()));
        left.extend(
            lost.map(|object| format!("{}: belongs to no Deployment here", object.title())),
        );
    }
    services
}

/// What points at a Deployment. Two that scale it contradict each other.
fn parts<'o>(objects: &'o Objects, deployment: &Object, sink: &mut Diagnostics) -> Vec<&'o Object> {
    let beside = |kind| {
        let of_kind = objects.of_kind(kind);
        of_kind.filter(|object: &&Object| object.namespace == deployment.namespace)
    };
    let scalers = beside("HorizontalPodAutoscaler").chain(beside("ScaledObject"));
    let scalers: Vec<&Object> = scalers
        .filter(|scaler| scales(scaler, deployment))
        .collect();
    if let [first, second, ..] = scalers.as_slice() {
        sink.push(
            Diagnostic::error(
                second.span,
                format!(
                    "{} scales {}, and so does {}",
                    second.title(),
                    deployment.title(),
                    first.title()
                ),
            )
            .help("leave one of them out: KEDA makes a HorizontalPodAutoscaler of its own")
            .related(first.span, "the other"),
        );
    }
    let services = beside("Service").filter(|service| {
        let selector = service.spec(&["selector"]);
        selector.is_some_and(|selector| selects(selector, deployment))
    });
    let services: Vec<&Object> = services.collect();
    let ingresses = beside("Ingress").filter(|ingress| {
        services
            .iter()
            .any(|service| backends(ingress).contains(&service.name.as_str()))
    });
    let budgets = beside("PodDisruptionBudget").filter(|budget| {
        let labels = budget.spec(&["selector", "matchLabels"]);
        labels.is_some_and(|labels| selects(labels, deployment))
    });
    let account = deployment.spec_text(&["template", "spec", "serviceAccountName"]);
    let accounts = beside("ServiceAccount").filter(|known| Some(known.name.as_str()) == account);
    let maps = beside("ConfigMap").filter(|map| names_config_map(deployment, &map.name));
    let mut parts: Vec<&Object> = maps.chain(accounts).collect();
    parts.extend(scalers.iter().take(1));
    parts.extend(budgets);
    parts.extend(ingresses);
    parts.extend(services.iter());
    parts
}

fn service(deployment: &Object, parts: &[&Object], platform: &Platform) -> Service {
    let mut workload = vec![deployment.manifest.clone()];
    let manifests = parts.iter().filter(|part| part.kind != "Ingress");
    workload.extend(manifests.map(|part| part.manifest.clone()));
    let ingress = parts.iter().find(|part| part.kind == "Ingress");
    let scaled = parts.iter().find(|part| part.kind == "ScaledObject");
    let account = deployment.spec_text(&["template", "spec", "serviceAccountName"]);
    let account = account.unwrap_or("default").to_owned();
    let title = format!("{}/{account}", deployment.namespace);
    let mut queues = platform.queues.iter();
    let consumed = queues.find(|queue| queue.consumer.as_ref() == Some(&title));
    Service {
        name: deployment.name.clone(),
        namespace: deployment.namespace.clone(),
        account,
        workload,
        ingress: ingress.map(|ingress| way_in(ingress)),
        consumes: scaled
            .and_then(|scaled| queue(scaled))
            .or_else(|| consumed.map(|queue| queue.name.clone())),
        accelerator: accelerator(deployment),
    }
}

/// Takes out of a ScaledObject that KEDA asks AWS in the name of its own operator: a scenario does not say so, and an export does again.
/// Answers with the title of the TriggerAuthentication that said it.
fn forget_pod_identity(manifest: &mut Data, namespace: &str, objects: &Objects) -> Option<String> {
    let plain = Data::map([("podIdentity", Data::map([("provider", "aws")]))]);
    let name = manifest.text_at(&["metadata", "name"])?.to_owned();
    let mut authentications = objects.of_kind("TriggerAuthentication");
    let own = authentications.find(|known| {
        known.namespace == namespace && known.name == name && known.spec(&[]) == Some(&plain)
    })?;
    let mut forgotten = None;
    for trigger in manifest.list_at_mut(&["spec", "triggers"]) {
        if trigger.text_at(&["authenticationRef", "name"]) == Some(&name) {
            trigger.remove("authenticationRef");
            forgotten = Some(own.title());
        }
    }
    forgotten
}

fn scales(scaler: &Object, deployment: &Object) -> bool {
    let target = |field| scaler.spec_text(&["scaleTargetRef", field]);
    target("name") == Some(&deployment.name)
        && target("kind").is_none_or(|kind| kind == "Deployment")
}

/// Whether the pods of a Deployment have all these labels; no labels select nothing.
fn selects(labels: &Data, deployment: &Object) -> bool {
    let entries = labels.entries();
    let of_pod = |key: &str| deployment.spec(&["template", "metadata", "labels", key]);
    !entries.is_empty()
        && entries
            .iter()
            .all(|(key, value)| of_pod(key) == Some(value))
}

/// Names of the Services an Ingress sends to.
fn backends(ingress: &Object) -> Vec<&str> {
    let rules = ingress.spec(&["rules"]).map_or(&[][..], Data::items);
    let paths = rules
        .iter()
        .flat_map(|rule| rule.list_at(&["http", "paths"]));
    let of_paths = paths.filter_map(|path| path.text_at(&["backend", "service", "name"]));
    let default = ingress.spec_text(&["defaultBackend", "service", "name"]);
    of_paths.chain(default).collect()
}

/// `ingress` of a service: of one host at most.
fn way_in(ingress: &Object) -> Data {
    let mut out = Data::map([("kind", "alb")]);
    let rules = ingress.spec(&["rules"]).map_or(&[][..], Data::items);
    if let Some(host) = rules.iter().find_map(|rule| rule.text_at(&["host"])) {
        out.set("host", host);
    }
    if let Some(annotations) = ingress.manifest.at(&["metadata", "annotations"]) {
        out.set("annotations", annotations.clone());
    }
    out
}

/// The SQS queue a ScaledObject looks at.
fn queue(scaled: &Object) -> Option<String> {
    let triggers = scaled.spec(&["triggers"]).map_or(&[][..], Data::items);
    let mut queues = triggers
        .iter()
        .filter(|trigger| trigger.text_at(&["type"]) == Some("aws-sqs-queue"));
    let url = queues.find_map(|trigger| trigger.text_at(&["metadata", "queueURL"]))?;
    Some(queue_name(url).to_owned())
}

/// The first extended resource of a device that a container asks for.
fn accelerator(deployment: &Object) -> Option<String> {
    let containers = deployment.spec(&["template", "spec", "containers"])?;
    let asked = containers.items().iter().flat_map(|container| {
        let of = |list| {
            container
                .at(&["resources", list])
                .map_or(&[][..], Data::entries)
        };
        of("requests").iter().chain(of("limits"))
    });
    let mut devices = asked
        .filter(|(name, _)| name == "nvidia.com/gpu" || name.starts_with("aws.amazon.com/neuron"));
    devices.next().map(|(name, _)| name.clone())
}

/// Whether the pods of a Deployment name a ConfigMap: in a volume, in `envFrom` or in a variable.
fn names_config_map(deployment: &Object, name: &str) -> bool {
    let Some(pod) = deployment.spec(&["template", "spec"]) else {
        return false;
    };
    let volumes = pod.list_at(&["volumes"]).iter();
    let mut volumes = volumes.filter_map(|volume| volume.text_at(&["configMap", "name"]));
    let containers = ["containers", "initContainers"].map(|field| pod.list_at(&[field]));
    let mut of_containers = containers.into_iter().flatten().flat_map(|container| {
        let whole = container.list_at(&["envFrom"]).iter();
        let single = container.list_at(&["env"]).iter();
        whole
            .filter_map(|from| from.text_at(&["configMapRef", "name"]))
            .chain(single.filter_map(|env| env.text_at(&["valueFrom", "configMapKeyRef", "name"])))
    });
    volumes.any(|known| known == name) || of_containers.any(|known| known == name)
}
