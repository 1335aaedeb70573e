//! What does an EC2NodeClass make of its nodes (spec/karpenter.md 2, 6.4)?

use std::collections::BTreeMap;

use super::hash;

use crate::api::objects::karpenter::{
    BlockDeviceMapping, Ec2NodeClass, Ec2NodeClassSpec, KubeletConfiguration,
};
use crate::api::{Quantity, Resource, Symbol};
use crate::cloud::node_class::{BlockDevice, GIB, Kubelet, MIB, Threshold};
use crate::cloud::{AmiFamily, Catalog, NodeClassParams};
use crate::scenario::model::NodeClassModel;
use crate::scenario::model::cluster::ImagesModel;
use crate::scenario::resolve::context::Context;
use crate::scenario::tree::child;

/// Throughput of a gp3 volume without a charge, in MiB per second (spec/kubernetes.md 7.4).
const FREE_THROUGHPUT_MIB: u32 = 125;
/// Operations per second of a gp3 volume without a charge (spec/kubernetes.md 7.4).
const FREE_IOPS: u32 = 3_000;
/// `volumeType`s (spec/karpenter.md 6.4).
const VOLUME_TYPES: [(&str, ()); 7] = [
    ("gp3", ()),
    ("gp2", ()),
    ("io1", ()),
    ("io2", ()),
    ("st1", ()),
    ("sc1", ()),
    ("standard", ()),
];

/// What the controller's own settings add to every class.
pub(super) struct Defaults {
    pub(super) reserved_enis: u32,
    pub(super) vm_memory_overhead_ppm: u32,
}

pub(super) fn node_class(
    cx: &mut Context<'_>,
    path: &str,
    object: &Ec2NodeClass,
    defaults: &Defaults,
    catalog: &Catalog,
    zones: &[Symbol],
) -> Option<NodeClassModel> {
    let spec = &object.spec;
    let path = &format!("{path}.spec");
    let family = family(cx, path, spec);
    check_terms(cx, path, spec);
    let policy = spec.instance_store_policy.as_deref();
    if let Some(policy) = policy {
        let at = format!("{path}.instanceStorePolicy");
        cx.choice(&at, "instance store policy", policy, &[("RAID0", ())]);
    }
    let block_devices = block_devices(cx, path, &spec.block_device_mappings);
    let kubelet = spec.kubelet.as_ref();
    let kubelet = kubelet.map_or(Kubelet::default(), |spec| {
        resolve_kubelet(cx, &format!("{path}.kubelet"), spec)
    });
    let family = family?;
    let params = NodeClassParams {
        ami_family: family,
        zones: Some(zones.to_vec()),
        kubelet,
        block_devices,
        instance_store_raid0: policy.is_some(),
        reserved_enis: defaults.reserved_enis,
        vm_memory_overhead_ppm: defaults.vm_memory_overhead_ppm,
    };
    let devices = &params.block_devices;
    let sum: i64 = devices.iter().filter_map(|device| device.bytes).sum();
    let volume = if devices.is_empty() {
        family.default_ephemeral_bytes()
    } else {
        sum
    };
    let ebs = root(family, &spec.block_device_mappings).and_then(|root| root.ebs.as_ref());
    let throughput = ebs
        .and_then(|ebs| ebs.throughput)
        .unwrap_or(FREE_THROUGHPUT_MIB);
    let iops = ebs.and_then(|ebs| ebs.iops).unwrap_or(FREE_IOPS);
    Some(NodeClassModel {
        name: object.metadata.name.clone(),
        types: catalog.under(&params),
        zones: zones.to_vec(),
        image_family: family,
        volume_bytes: u64::try_from(volume).unwrap_or(0),
        extra_throughput_mib: throughput.saturating_sub(FREE_THROUGHPUT_MIB),
        extra_iops: iops.saturating_sub(FREE_IOPS),
        volume_bytes_per_second: u64::from(throughput) * MIB.unsigned_abs(),
        hash: hash::of_class(cx, path, family),
        images: ImagesModel {
            hash: hash::of_terms(cx, &format!("{path}.amiSelectorTerms")),
            newest: selects_newest(spec),
        },
        security_groups_hash: hash::of_terms(cx, &format!("{path}.securityGroupSelectorTerms")),
    })
}

/// The family that `amiFamily` or an alias names.
fn family(cx: &mut Context<'_>, path: &str, spec: &Ec2NodeClassSpec) -> Option<AmiFamily> {
    let known =
        "expected `al2`, `al2023`, `bottlerocket`, `windows2019`, `windows2022` or `windows2025`";
    let mut aliased = None;
    for (place, term) in spec.ami_selector_terms.iter().enumerate() {
        let Some(alias) = &term.alias else { continue };
        let at = format!("{path}.amiSelectorTerms[{place}].alias");
        let name = alias.split_once('@').map(|(name, _)| name);
        match name.and_then(AmiFamily::from_name) {
            Some(family) if family != AmiFamily::Custom => aliased = Some(family),
            _ => {
                let what = format!("is `{alias}`, which is no alias");
                cx.expected(&at, what, format!("{known}, then `@` and a version"));
                return None;
            }
        }
    }
    let Some(name) = &spec.ami_family else {
        if aliased.is_none() {
            let what = "names no image family";
            cx.expected(
                path,
                what,
                "expected `amiFamily`, or an alias such as `al2023@latest`",
            );
        }
        return aliased;
    };
    let named = AmiFamily::from_name(name);
    let at = format!("{path}.amiFamily");
    match (named, aliased) {
        (None, _) => cx.expected(&at, format!("is `{name}`"), known),
        (Some(named), Some(aliased)) if named != aliased && named != AmiFamily::Custom => {
            cx.error(
                &at,
                format!("is `{name}`, but an alias names another family"),
            );
        }
        _ => {}
    }
    named
}

/// Whether an alias asks for the newest images.
fn selects_newest(spec: &Ec2NodeClassSpec) -> bool {
    let aliases = spec
        .ami_selector_terms
        .iter()
        .filter_map(|term| term.alias.as_deref());
    aliases.into_iter().any(|alias| alias.ends_with("@latest"))
}

/// Selectors without terms select nothing, and a node needs a role.
fn check_terms(cx: &mut Context<'_>, path: &str, spec: &Ec2NodeClassSpec) {
    for (field, empty) in [
        ("amiSelectorTerms", spec.ami_selector_terms.is_empty()),
        ("subnetSelectorTerms", spec.subnet_selector_terms.is_empty()),
        (
            "securityGroupSelectorTerms",
            spec.security_group_selector_terms.is_empty(),
        ),
    ] {
        let at = format!("{path}.{field}");
        cx.require(!empty, &at, "has no terms", "expected at least one");
    }
    if spec.role.is_some() == spec.instance_profile.is_some() {
        let what = "has not exactly one of `role` and `instanceProfile`";
        cx.expected(path, what, "expected one of them");
    }
}

fn block_devices(
    cx: &mut Context<'_>,
    path: &str,
    mappings: &[BlockDeviceMapping],
) -> Vec<BlockDevice> {
    let mut devices = Vec::new();
    for (place, mapping) in mappings.iter().enumerate() {
        let path = format!("{path}.blockDeviceMappings[{place}]");
        let ebs = mapping.ebs.as_ref();
        if let Some(kind) = ebs.and_then(|ebs| ebs.volume_type.as_deref()) {
            cx.choice(
                &format!("{path}.ebs.volumeType"),
                "volume type",
                kind,
                &VOLUME_TYPES,
            );
        }
        let size = ebs.and_then(|ebs| ebs.volume_size);
        if size.is_none() {
            cx.expected(
                &path,
                "has no `ebs.volumeSize`",
                "expected one such as `50Gi`",
            );
        }
        let bytes = size.map(|size| volume_bytes(cx, &format!("{path}.ebs.volumeSize"), size));
        devices.push(BlockDevice {
            name: mapping.device_name.clone().unwrap_or_default(),
            root_volume: mapping.root_volume,
            bytes,
        });
    }
    if mappings
        .iter()
        .filter(|mapping| mapping.root_volume)
        .count()
        > 1
    {
        let at = format!("{path}.blockDeviceMappings");
        cx.expected(&at, "has two root volumes", "expected one at most");
    }
    devices
}

fn volume_bytes(cx: &mut Context<'_>, path: &str, size: Quantity) -> i64 {
    let (least, most) = (GIB, 64 << 40);
    let fits = (least..=most).contains(&size.units());
    cx.require(
        fits,
        path,
        &format!("is `{size}`"),
        "expected `1Gi` to `64Ti`",
    );
    size.units().clamp(least, most)
}

/// The volume that holds images: the marked one, the family's own, or the first.
fn root(family: AmiFamily, mappings: &[BlockDeviceMapping]) -> Option<&BlockDeviceMapping> {
    let marked = mappings.iter().find(|mapping| mapping.root_volume);
    let own = || {
        mappings.iter().find(|mapping| {
            mapping.device_name.is_some()
                && mapping.device_name.as_deref() == family.ephemeral_device()
        })
    };
    marked.or_else(own).or_else(|| mappings.first())
}

fn resolve_kubelet(cx: &mut Context<'_>, path: &str, spec: &KubeletConfiguration) -> Kubelet {
    let mut threshold = |signal: &str| {
        let text = spec.eviction_hard.get(signal)?;
        let parsed = Threshold::parse(text);
        let at = child(&format!("{path}.evictionHard"), signal);
        parsed
            .map_err(|mistake| cx.error(&at, format!("is wrong: {mistake}")))
            .ok()
    };
    let (memory, storage) = (threshold("memory.available"), threshold("nodefs.available"));
    Kubelet {
        max_pods: spec.max_pods,
        pods_per_core: spec.pods_per_core,
        kube_reserved: reserved(cx, &format!("{path}.kubeReserved"), &spec.kube_reserved),
        system_reserved: reserved(cx, &format!("{path}.systemReserved"), &spec.system_reserved),
        evict_memory_below: memory,
        evict_storage_below: storage,
    }
}

fn reserved(
    cx: &mut Context<'_>,
    path: &str,
    quantities: &BTreeMap<String, Quantity>,
) -> Vec<(Resource, i64)> {
    let kinds = [
        ("cpu", Some(Resource::Cpu)),
        ("memory", Some(Resource::Memory)),
        ("ephemeral-storage", Some(Resource::EphemeralStorage)),
        ("pid", None),
    ];
    let mut amounts = Vec::new();
    for (name, quantity) in quantities {
        let at = child(path, name);
        let kind = cx.choice(&at, "reserved resource", name, &kinds).flatten();
        let amount = kind.map(|kind| (kind, kind.amount(*quantity).clamp(0, 1 << 50)));
        cx.require(
            quantity.millis() >= 0,
            &at,
            "is below zero",
            "expected 0 or more",
        );
        amounts.extend(amount);
    }
    amounts
}
