//! How does what was found look as a scenario file?

use super::objects::Objects;
use super::platform::Platform;
use super::services::Service;
use super::{Imported, addons, assumed};
use crate::export::data::Data;
use crate::export::yaml;

/// A part of the file: its key, what was assumed of it, its value.
struct Part {
    key: &'static str,
    assumed: Vec<String>,
    value: Data,
}

/// Writes a scenario: what was found, and what is assumed where nothing was.
pub(super) fn scenario(
    name: &str,
    objects: Objects,
    platform: Platform,
    services: Vec<Service>,
    mut left: Vec<String>,
) -> Imported {
    let region = part(
        "region",
        platform.region.clone().map(Data::from),
        || assumed::REGION.into(),
        "nothing names the region",
    );
    let at = region.value.as_text().unwrap_or(assumed::REGION).to_owned();
    let parts = [
        given("apiVersion", "karpsim/v1"),
        given("name", name),
        assumption("start", assumed::START, "when the scenario begins"),
        assumption("duration", assumed::DURATION, "how long it lasts"),
        region,
        cluster(name, &at, &objects, &platform),
        given(
            "services",
            Data::List(services.iter().map(service).collect()),
        ),
        queues(&services, &platform, &mut left),
        frontend(&platform),
        traffic(&services, &platform),
    ];
    let there: Vec<Part> = parts
        .into_iter()
        .filter(|part| !part.value.is_empty())
        .collect();
    let mut assumed: Vec<String> = there.iter().flat_map(|part| part.assumed.clone()).collect();
    let with_device = services
        .iter()
        .filter(|service| service.accelerator.is_some());
    assumed.extend(with_device.map(|service| {
        format!(
            "services: how `{}` uses its accelerator (runtime.accelerator)",
            service.name
        )
    }));
    left.sort();
    Imported {
        text: text(&there),
        assumed,
        left,
    }
}

fn given(key: &'static str, value: impl Into<Data>) -> Part {
    Part {
        key,
        assumed: Vec::new(),
        value: value.into(),
    }
}

fn assumption(key: &'static str, value: impl Into<Data>, what: &str) -> Part {
    Part {
        key,
        assumed: vec![format!("{key}: {what}")],
        value: value.into(),
    }
}

/// What was found, or a guess.
fn part(key: &'static str, found: Option<Data>, guess: impl FnOnce() -> Data, why: &str) -> Part {
    match found {
        Some(value) => given(key, value),
        None => assumption(key, guess(), why),
    }
}

fn cluster(name: &str, region: &str, objects: &Objects, platform: &Platform) -> Part {
    let mut assumed = Vec::new();
    let mut out = Data::map([("name", platform.cluster.as_deref().unwrap_or(name))]);
    if let Some(version) = &platform.version {
        out.set("kubernetesVersion", version.as_str());
    }
    let zones = if platform.zones.is_empty() {
        assumed.push("cluster.availabilityZones: no subnet names a zone".to_owned());
        assumed::zones(region)
    } else {
        let ids = zone_ids(region, &platform.zones);
        if ids != platform.zones {
            assumed.push(
                "cluster.availabilityZones: which zone a letter means differs between accounts"
                    .to_owned(),
            );
        }
        ids
    };
    out.set("availabilityZones", Data::list(zones));
    if platform.node_groups.is_empty() {
        assumed.push("cluster.nodeGroups: no managed node group was found".to_owned());
        out.set("nodeGroups", Data::List(vec![assumed::node_group()]));
    } else {
        out.set("nodeGroups", Data::List(platform.node_groups.clone()));
    }
    if let Some(autoscaler) = &platform.cluster_autoscaler {
        out.set("clusterAutoscaler", autoscaler.clone());
    }
    if let Some(karpenter) = karpenter(objects, platform) {
        out.set("karpenter", karpenter);
    }
    let mut manifests: Vec<Data> = ["Namespace", "PriorityClass", "DaemonSet"]
        .iter()
        .flat_map(|kind| objects.of_kind(kind))
        .map(|object| object.manifest.clone())
        .collect();
    let is_there = |daemon: &Data| {
        let name = daemon.text_at(&["metadata", "name"]);
        let mut known = objects.of_kind("DaemonSet");
        known.any(|known| Some(known.name.as_str()) == name)
    };
    let guesses = platform
        .addons
        .iter()
        .filter_map(|addon| addons::of_addon(addon));
    for daemon in guesses.filter(|daemon| !is_there(daemon)) {
        let name = daemon.text_at(&["metadata", "name"]).unwrap_or_default();
        assumed.push(format!(
            "cluster.manifests: what the add-on's DaemonSet `{name}` asks for"
        ));
        manifests.push(daemon);
    }
    let of_charts = platform.daemon_sets.iter();
    manifests.extend(of_charts.filter(|daemon| !is_there(daemon)).cloned());
    if !manifests.is_empty() {
        out.set("manifests", Data::List(manifests));
    }
    Part {
        key: "cluster",
        assumed,
        value: out,
    }
}

/// Ids of zones that are named by id or by name; what is neither stays, for the scenario's reader to refuse.
fn zone_ids(region: &str, zones: &[String]) -> Vec<String> {
    let known = crate::cloud::catalog::zones(region);
    let id = |zone: &String| {
        let named = known.iter().find(|(_, name)| name == zone);
        named.map_or_else(|| zone.clone(), |(id, _)| (*id).to_owned())
    };
    let mut ids: Vec<String> = zones.iter().map(id).collect();
    ids.sort();
    ids
}

/// `cluster.karpenter`: where there is a NodePool, an EC2NodeClass or the chart.
fn karpenter(objects: &Objects, platform: &Platform) -> Option<Data> {
    let classes = objects.of_kind("EC2NodeClass");
    let manifests: Vec<Data> = classes
        .chain(objects.of_kind("NodePool"))
        .map(|object| object.manifest.clone())
        .collect();
    if manifests.is_empty() && platform.karpenter_version.is_none() {
        return None;
    }
    let mut out = Data::Map(Vec::new());
    if let Some(version) = &platform.karpenter_version {
        out.set("version", version.trim_start_matches('v'));
    }
    if let Some(mut values) = platform.karpenter_values.clone() {
        if let Some(settings) = values
            .remove("settings")
            .filter(|settings| !settings.is_empty())
        {
            out.set("settings", settings);
        }
        if !values.is_empty() {
            out.set("values", values);
        }
    }
    out.set("manifests", Data::List(manifests));
    Some(out)
}

fn service(service: &Service) -> Data {
    let mut out = Data::map([
        ("name", service.name.as_str()),
        ("namespace", service.namespace.as_str()),
    ]);
    out.set("workload", Data::List(service.workload.clone()));
    if let Some(ingress) = &service.ingress {
        out.set("ingress", ingress.clone());
    }
    if let Some(queue) = &service.consumes {
        out.set("consumes", queue.as_str());
    }
    if let Some(resource) = &service.accelerator {
        let runtime = Data::map([("accelerator", assumed::accelerator(resource))]);
        out.set("runtime", runtime);
    }
    out
}

/// The queues somebody works off. A queue without a consumer has no place in a scenario.
fn queues(services: &[Service], platform: &Platform, left: &mut Vec<String>) -> Part {
    let consumed = |name: &str| {
        let mut services = services.iter();
        services.any(|service| service.consumes.as_deref() == Some(name))
    };
    let queues = platform.queues.iter();
    let (worked, idle): (Vec<_>, Vec<_>) = queues.partition(|queue| consumed(&queue.name));
    left.extend(
        idle.iter()
            .map(|queue| format!("queue {}: nobody works it off", queue.name)),
    );
    let mut out: Vec<Data> = worked
        .into_iter()
        .map(|queue| queue.settings.clone())
        .collect();
    let mut assumed = Vec::new();
    for name in services
        .iter()
        .filter_map(|service| service.consumes.as_deref())
    {
        if !out
            .iter()
            .any(|queue| queue.text_at(&["name"]) == Some(name))
        {
            assumed.push(format!(
                "queues: the settings of `{name}`, which no Terraform file has"
            ));
            out.push(Data::map([("name", name)]));
        }
    }
    Part {
        key: "queues",
        assumed,
        value: Data::List(out),
    }
}

fn frontend(platform: &Platform) -> Part {
    match &platform.frontend {
        Some((bucket, class)) => assumption(
            "frontend",
            assumed::frontend(bucket, class),
            "what a page weighs, and what the edge answers",
        ),
        None => given("frontend", Data::Null),
    }
}

fn traffic(services: &[Service], platform: &Platform) -> Part {
    assumption(
        "traffic",
        assumed::traffic(services, &platform.queues),
        "who comes how often, and what a call or a message costs",
    )
}

fn text(parts: &[Part]) -> String {
    let mut out = String::from(
        "# Imported. What stands under ASSUMED no manifest says: look at each before you believe a number.\n",
    );
    for part in parts {
        for line in &part.assumed {
            out.push_str(&format!("# ASSUMED {line}\n"));
        }
        let entry = Data::Map(vec![(part.key.to_owned(), part.value.clone())]);
        out.push_str(&yaml::document(&entry));
    }
    out
}
