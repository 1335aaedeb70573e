//! Which values do the charts get?

use crate::export::data::Data;
use crate::export::objects::{
    Autoscaler, FLUENT_BIT, NVIDIA_DEVICE_PLUGIN, Object, Objects, ServiceObjects,
};
use crate::export::platform::Platform;
use crate::export::yaml;
use crate::scenario::Scenario;

/// The tag of an image that the scenario gives none.
pub const UNRELEASED: &str = "unreleased";

/// A key of a values file with what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Documented {
    /// The key.
    pub key: String,
    /// What is said of it, a line or more.
    pub said: &'static str,
    /// Its value.
    pub value: Data,
}

pub(super) fn documented(key: &str, said: &'static str, value: impl Into<Data>) -> Documented {
    Documented {
        key: key.to_owned(),
        said,
        value: value.into(),
    }
}

pub(super) fn karpenter_resources_text(objects: &Objects) -> String {
    text(karpenter_resources(objects))
}

pub(super) fn workloads_text(objects: &Objects) -> String {
    text(workloads(objects))
}

/// Values of the chart `karpenter-resources`.
#[must_use]
pub fn karpenter_resources(objects: &Objects) -> Vec<Documented> {
    vec![
        documented(
            "ec2NodeClasses",
            "EC2NodeClasses by name, as simulated.",
            by_name(&objects.node_classes),
        ),
        documented(
            "nodePools",
            "NodePools by name, as simulated.",
            by_name(&objects.node_pools),
        ),
    ]
}

/// Values of the chart `workloads`.
#[must_use]
pub fn workloads(objects: &Objects) -> Vec<Documented> {
    let services = objects.services.iter();
    vec![
        documented(
            "services",
            "Services by name: what runs, what scales it, what guards it, and how it is reached.",
            Data::map(services.map(|service| (service.name.clone(), of_service(service)))),
        ),
        documented(
            "priorityClasses",
            "PriorityClasses by name: who may push whom aside when a node is full.",
            by_name(&objects.priority_classes),
        ),
        documented(
            "daemonSets",
            "DaemonSets by name that no add-on of EKS and no chart of their own installs.",
            daemon_sets(&objects.daemon_sets),
        ),
        documented(
            "images",
            "What to run instead of an image, by the name that the scenario has for it. Where it gives no tag, one stands here that is\n\
             surely not latest: exchange it for what you released.",
            Data::map(images(objects)),
        ),
    ]
}

/// Values of Karpenter's own chart.
pub(super) fn karpenter_text(scenario: &Scenario, platform: &Platform) -> String {
    text(karpenter(scenario, platform))
}

/// Values of Karpenter's own chart.
#[must_use]
pub fn karpenter(scenario: &Scenario, platform: &Platform) -> Vec<Documented> {
    let karpenter = scenario.cluster.karpenter.as_ref();
    let written = karpenter.and_then(|karpenter| karpenter.settings.as_ref());
    let mut settings = written.map_or(Data::Map(Vec::new()), Data::from);
    if settings.is_empty() {
        settings = Data::Map(Vec::new());
    }
    settings.set("clusterName", platform.cluster_name.as_str());
    // Terraform knows these, and they belong to an account.
    settings.remove("clusterEndpoint");
    settings.remove("clusterCABundle");
    let mut values = vec![
        documented(
            "settings",
            "As simulated. The settings that do not stand here have the chart's defaults, which are the simulated ones too.",
            settings,
        ),
        documented(
            "dnsPolicy",
            "Of the node, not of the cluster: without Karpenter there may be no node for the cluster's DNS.",
            "Default",
        ),
        documented(
            "serviceAccount",
            "Its Pod Identity association names it.",
            Data::map([("create", Data::Bool(true)), ("name", "karpenter".into())]),
        ),
    ];
    let others = karpenter.and_then(|karpenter| karpenter.values.as_ref());
    let others = others.map_or(Data::Null, Data::from);
    for (key, value) in others.entries() {
        match values.iter_mut().find(|known| known.key == *key) {
            Some(known) => known.value = value.clone(),
            None => values.push(documented(key, "As written.", value.clone())),
        }
    }
    values
}

/// Values of charts that take a DaemonSet's place, by chart: its requests, tolerations, node selector and priority, as simulated.
pub(super) fn addons(objects: &Objects) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    if let Some(daemon) = objects.addon_daemon(FLUENT_BIT) {
        all.push(("aws-for-fluent-bit", text(placement(daemon))));
    }
    if let Some(daemon) = objects.addon_daemon(NVIDIA_DEVICE_PLUGIN) {
        let mut values = placement(daemon);
        values.push(documented(
            "affinity",
            "The node selector says where; the chart's own affinity asks for labels that nobody sets here.",
            Data::Null,
        ));
        all.push(("nvidia-device-plugin", text(values)));
    }
    all
}

fn placement(daemon: &Object) -> Vec<Documented> {
    let pod = ["spec", "template", "spec"];
    let of_pod = |field| daemon.body.at(&[pod[0], pod[1], pod[2], field]).cloned();
    let containers = daemon.body.list_at(&[pod[0], pod[1], pod[2], "containers"]);
    let resources = containers
        .first()
        .and_then(|container| container.at(&["resources"]).cloned());
    let fields = [
        (
            "resources",
            "What it asks for on every node, as simulated.",
            resources,
        ),
        (
            "nodeSelector",
            "Where it runs, as simulated.",
            of_pod("nodeSelector"),
        ),
        (
            "tolerations",
            "Which taints it bears, as simulated.",
            of_pod("tolerations"),
        ),
        (
            "priorityClassName",
            "It goes before what it serves.",
            of_pod("priorityClassName"),
        ),
    ];
    let there = fields.into_iter();
    there
        .filter_map(|(key, said, value)| Some(documented(key, said, value?)))
        .collect()
}

pub(super) fn text(values: Vec<Documented>) -> String {
    let keys: Vec<String> = values
        .into_iter()
        .map(|Documented { key, said, value }| {
            let comment: Vec<String> = said
                .lines()
                .enumerate()
                .map(|(place, line)| {
                    if place == 0 {
                        format!("# -- {line}\n")
                    } else {
                        format!("# {line}\n")
                    }
                })
                .collect();
            comment.concat() + &yaml::document(&Data::map([(key, value)]))
        })
        .collect();
    keys.join("\n")
}

fn by_name(objects: &[Object]) -> Data {
    Data::map(
        objects
            .iter()
            .map(|object| (object.name.clone(), described(object))),
    )
}

fn daemon_sets(daemons: &[Object]) -> Data {
    let entries = daemons.iter().map(|daemon| {
        let mut value = Data::map([("namespace", daemon.namespace.clone().unwrap_or_default())]);
        for (key, part) in described(daemon).entries() {
            value.set(key, part.clone());
        }
        (daemon.name.clone(), value)
    });
    Data::map(entries)
}

/// Labels, annotations and body.
fn described(object: &Object) -> Data {
    let mut value = Data::Map(Vec::new());
    for (field, texts) in [
        ("labels", &object.labels),
        ("annotations", &object.annotations),
    ] {
        if !texts.is_empty() {
            value.set(field, texts.clone());
        }
    }
    for (key, part) in object.body.entries() {
        value.set(key, part.clone());
    }
    value
}

fn named(object: &Object) -> Data {
    let mut value = Data::map([("name", object.name.as_str())]);
    for (key, part) in described(object).entries() {
        value.set(key, part.clone());
    }
    value
}

fn of_service(service: &ServiceObjects) -> Data {
    let mut value = Data::map([
        ("namespace", Data::from(service.namespace.as_str())),
        (
            "serviceAccountName",
            service.service_account.as_str().into(),
        ),
        ("deployment", named(&service.deployment)),
    ]);
    match &service.autoscaler {
        Some(Autoscaler::Hpa(object)) => value.set("horizontalPodAutoscaler", named(object)),
        Some(Autoscaler::ScaledObject(object)) => value.set("scaledObject", named(object)),
        None => {}
    }
    if let Some(object) = &service.trigger_authentication {
        value.set("triggerAuthentication", named(object));
    }
    for (field, objects) in [
        ("podDisruptionBudgets", &service.budgets),
        ("services", &service.services),
        ("configMaps", &service.config_maps),
    ] {
        if !objects.is_empty() {
            value.set(field, by_name(objects));
        }
    }
    if let (Some(rule), Some(behind)) = (&service.ingress, service.services.first()) {
        let mut ingress = Data::map([("name", service.name.as_str())]);
        if let Some(host) = &rule.host {
            ingress.set("host", host.as_str());
        }
        ingress.set("serviceName", behind.name.as_str());
        ingress.set("servicePort", rule.port);
        ingress.set("annotations", rule.annotations.clone());
        value.set("ingress", ingress);
    }
    value
}

/// A tag for every image that has none, by the image.
pub(in crate::export) fn images(objects: &Objects) -> Vec<(String, String)> {
    let deployments = objects.services.iter().map(|service| &service.deployment);
    let mut images: Vec<(String, String)> = Vec::new();
    for object in deployments.chain(&objects.daemon_sets) {
        for image in containers(object).filter_map(|container| container.text_at(&["image"])) {
            if !is_pinned(image) && !images.iter().any(|(known, _)| known == image) {
                let bare = image.strip_suffix(":latest").unwrap_or(image);
                images.push((image.to_owned(), format!("{bare}:{UNRELEASED}")));
            }
        }
    }
    images.sort();
    images
}

/// Puts what is run in the place of what the scenario names.
pub(super) fn exchange_images(object: &mut Object, images: &[(String, String)]) {
    for field in ["containers", "initContainers"] {
        for container in object
            .body
            .list_at_mut(&["spec", "template", "spec", field])
        {
            let image = container.text_at(&["image"]);
            let other = images
                .iter()
                .find(|(known, _)| Some(known.as_str()) == image);
            if let Some((_, other)) = other {
                container.set("image", other.as_str());
            }
        }
    }
}

fn containers(object: &Object) -> impl Iterator<Item = &Data> {
    let of = |field| object.body.list_at(&["spec", "template", "spec", field]);
    of("containers").iter().chain(of("initContainers"))
}

/// Whether an image is named by a digest, or by a tag that is not `latest`.
fn is_pinned(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.contains('@') || name.split_once(':').is_some_and(|(_, tag)| tag != "latest")
}
