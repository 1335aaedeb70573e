//! What is a managed node group?

use super::Stock;
use super::ami::{AMI_TYPES, AmiType, DEFAULT, default_name};
use crate::api::{Effect, Quantity, Taint};
use crate::cloud::node_class::{BlockDevice, GIB};
use crate::cloud::{CapacityType, Catalog, InstanceTypeId, NodeClassParams};
use crate::kube::nodegroup::NodeGroup;
use crate::kube::nodegroup::update::{MaxUnavailable, UpdateConfig, UpdateStrategy};
use crate::scenario::decode::Part;
use crate::scenario::model::NodeGroupModel;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::selector::labels;
use crate::scenario::spec::cluster::{
    NodeGroupSpec, NodeGroupTaintSpec, ScalingConfigSpec, UpdateConfigSpec,
};

/// `diskSize` where absent, in GiB.
const DISK_GIB: u32 = 20;
/// Root device of every image family but Windows and Bottlerocket.
const ROOT_DEVICE: &str = "/dev/xvda";

pub(super) fn node_groups(
    cx: &mut Context<'_>,
    specs: &[Part<NodeGroupSpec>],
    stock: Stock<'_>,
) -> Option<Vec<NodeGroupModel>> {
    let mut names = Vec::new();
    let mut groups = Vec::new();
    for (place, spec) in specs.iter().enumerate() {
        let path = format!("cluster.nodeGroups[{place}]");
        let group = spec.get().and_then(|spec| {
            names.push((
                format!("{path}.nodeGroupName"),
                spec.node_group_name.clone(),
            ));
            node_group(cx, &path, spec, stock)
        });
        groups.push(group);
    }
    cx.unique("node group", &names);
    groups.into_iter().collect()
}

fn node_group(
    cx: &mut Context<'_>,
    path: &str,
    spec: &NodeGroupSpec,
    stock: Stock<'_>,
) -> Option<NodeGroupModel> {
    let Stock { catalog, zones, .. } = stock;
    check_sizes(cx, path, spec.scaling_config);
    let buying = spec.capacity_type.as_deref().unwrap_or("ON_DEMAND");
    let ways = [
        ("ON_DEMAND", CapacityType::OnDemand),
        ("SPOT", CapacityType::Spot),
    ];
    let capacity_type = cx.choice(
        &format!("{path}.capacityType"),
        "capacity type",
        buying,
        &ways,
    );
    let ami = match &spec.ami_type {
        None => Some(DEFAULT),
        Some(name) => cx.choice(&format!("{path}.amiType"), "AMI type", name, &AMI_TYPES),
    };
    let type_ids = instance_types(cx, path, spec, ami, catalog)?;
    let disk = cx.at_least_one(
        &format!("{path}.diskSize"),
        spec.disk_size.unwrap_or(DISK_GIB),
    );
    let volume = i64::from(disk) * GIB;
    let family = ami?.family;
    let seen = catalog.under(&NodeClassParams {
        ami_family: family,
        zones: Some(zones.to_vec()),
        block_devices: vec![BlockDevice {
            name: family.ephemeral_device().unwrap_or(ROOT_DEVICE).to_owned(),
            root_volume: true,
            bytes: Some(volume),
        }],
        vm_memory_overhead_ppm: stock
            .memory_overhead_ppm
            .unwrap_or(NodeClassParams::default().vm_memory_overhead_ppm),
        ..NodeClassParams::default()
    });
    let types = type_ids.iter().map(|id| seen[id.index()].clone());
    let instance_types = type_ids.iter().map(|id| catalog.get(*id).name);
    let arch = type_ids
        .first()
        .map_or("", |id| catalog.facts(*id).arch.as_str());
    Some(NodeGroupModel {
        types: types.collect(),
        spec: NodeGroup {
            name: cx.intern(&spec.node_group_name),
            instance_types: instance_types.collect(),
            zones: zones.to_vec(),
            desired: spec.scaling_config.desired_size,
            capacity_type: cx.intern(buying),
            labels: labels(cx, &spec.labels),
            taints: taints(cx, path, &spec.taints),
        },
        type_ids,
        capacity_type: capacity_type?,
        volume_bytes: u64::try_from(Quantity::from_units(volume).units()).unwrap_or(0),
        ami_type: spec
            .ami_type
            .clone()
            .unwrap_or_else(|| default_name(arch).to_owned()),
        image_family: family,
        min_size: spec.scaling_config.min_size,
        max_size: spec.scaling_config.max_size,
        update_config: update_config(cx, path, &spec.update_config),
    })
}

fn update_config(cx: &mut Context<'_>, path: &str, spec: &UpdateConfigSpec) -> UpdateConfig {
    let path = format!("{path}.updateConfig");
    let mut bounded = |field: &str, number: Option<u32>| {
        let number = number?;
        let what = format!("is {number}");
        let at = format!("{path}.{field}");
        cx.require((1..=100).contains(&number), &at, &what, "expected 1 to 100");
        Some(number)
    };
    let nodes = bounded("maxUnavailable", spec.max_unavailable);
    let percentage = bounded("maxUnavailablePercentage", spec.max_unavailable_percentage);
    cx.require(
        nodes.is_none() || percentage.is_none(),
        &path,
        "has maxUnavailable and maxUnavailablePercentage",
        "expected one of them",
    );
    let strategy = spec.update_strategy.as_deref().unwrap_or("DEFAULT");
    let at = format!("{path}.updateStrategy");
    let strategy = cx.choice(&at, "update strategy", strategy, &UpdateStrategy::ALL);
    UpdateConfig {
        max_unavailable: match (nodes, percentage) {
            (None, Some(percentage)) => MaxUnavailable::Percentage(percentage),
            (nodes, _) => MaxUnavailable::Nodes(nodes.unwrap_or(1)),
        },
        strategy: strategy.unwrap_or(UpdateStrategy::Default),
    }
}

fn check_sizes(cx: &mut Context<'_>, path: &str, sizes: ScalingConfigSpec) {
    let path = format!("{path}.scalingConfig");
    let ScalingConfigSpec {
        min_size,
        desired_size,
        max_size,
    } = sizes;
    cx.require(
        min_size <= max_size,
        &format!("{path}.maxSize"),
        &format!("is {max_size}, below minSize"),
        &format!("expected at least {min_size}"),
    );
    cx.require(
        min_size > max_size || (min_size..=max_size).contains(&desired_size),
        &format!("{path}.desiredSize"),
        &format!("is {desired_size}"),
        &format!("expected {min_size} to {max_size}, as minSize and maxSize say"),
    );
}

/// The types by id; `None` where one of them is unknown or has no place here.
fn instance_types(
    cx: &mut Context<'_>,
    path: &str,
    spec: &NodeGroupSpec,
    ami: Option<AmiType>,
    catalog: &Catalog,
) -> Option<Vec<InstanceTypeId>> {
    let list = format!("{path}.instanceTypes");
    if spec.instance_types.is_empty() {
        cx.expected(&list, "is empty", "expected at least one instance type");
        return None;
    }
    let mut ids = Vec::new();
    let mut wanted = ami.and_then(|ami| Some((ami.arch?, spec.ami_type.as_deref()?)));
    for (place, name) in spec.instance_types.iter().enumerate() {
        let path = format!("{list}[{place}]");
        let id = instance_type(cx, &path, name, catalog);
        if let Some(id) = id {
            let arch = catalog.facts(id).arch.as_str();
            let (expected, why) = *wanted.get_or_insert((static_arch(arch), "the first of them"));
            if arch != expected {
                cx.expected(
                    &path,
                    format!("is `{name}`, an {arch} type"),
                    format!("expected an {expected} type, as `{why}` says"),
                );
            }
        }
        ids.push(id);
    }
    ids.into_iter().collect()
}

fn static_arch(arch: &str) -> &'static str {
    if arch == "arm64" { "arm64" } else { "amd64" }
}

fn instance_type(
    cx: &mut Context<'_>,
    path: &str,
    name: &str,
    catalog: &Catalog,
) -> Option<InstanceTypeId> {
    let symbol = cx.symbols.get(name);
    let id = symbol.and_then(|symbol| catalog.id_of(symbol));
    let offered = id.filter(|id| !catalog.get(*id).offerings.is_empty());
    if offered.is_none() {
        let region = cx.symbols.name(catalog.region).into_owned();
        let known = catalog
            .types
            .iter()
            .filter(|known| !known.offerings.is_empty());
        let known: Vec<String> = known
            .map(|known| cx.symbols.name(known.name).into_owned())
            .collect();
        let known = known.iter().map(String::as_str);
        cx.unknown(path, &format!("instance type of {region}"), name, known);
    }
    offered
}

fn taints(cx: &mut Context<'_>, path: &str, specs: &[NodeGroupTaintSpec]) -> Vec<Taint> {
    let effects = [
        ("NO_SCHEDULE", Effect::NoSchedule),
        ("NO_EXECUTE", Effect::NoExecute),
        ("PREFER_NO_SCHEDULE", Effect::PreferNoSchedule),
    ];
    let mut taints = Vec::new();
    for (place, spec) in specs.iter().enumerate() {
        let path = format!("{path}.taints[{place}]");
        cx.require(
            !spec.key.is_empty(),
            &format!("{path}.key"),
            "is empty",
            "expected a key",
        );
        let effect = cx.choice(&format!("{path}.effect"), "effect", &spec.effect, &effects);
        taints.extend(effect.map(|effect| Taint {
            key: spec.key.clone(),
            value: spec.value.clone(),
            effect,
        }));
    }
    taints
}
