//! What does an EC2NodeClass that was admitted make of its nodes (spec/karpenter.md 2, 6.4)?

use std::collections::BTreeMap;

use super::{Stock, hash, reservation};

use crate::api::objects::karpenter::{
    BlockDeviceMapping, Ec2NodeClass, Ec2NodeClassSpec, KubeletConfiguration, NetworkInterface,
};
use crate::api::{Quantity, Resource};
use crate::cloud::allocatable::{allocatable, capacity};
use crate::cloud::node_class::{BlockDevice, Interfaces, Kubelet, MIB, Threshold};
use crate::cloud::{AmiFamily, Catalog, NodeClassParams};
use crate::scenario::model::NodeClassModel;
use crate::scenario::model::cluster::{ImagesModel, RealMemory};
use crate::scenario::resolve::context::Context;
use crate::scenario::tree::child;

/// Throughput of a gp3 volume without a charge, in MiB per second (spec/kubernetes.md 7.4).
const FREE_THROUGHPUT_MIB: u32 = 125;
/// Operations per second of a gp3 volume without a charge (spec/kubernetes.md 7.4).
const FREE_IOPS: u32 = 3_000;
/// What the controller's own settings add to every class.
pub(super) struct Defaults {
    pub(super) reserved_enis: u32,
    pub(super) vm_memory_overhead_ppm: u32,
    /// Whether capacity reservations are used.
    pub(super) reserved_capacity: bool,
}

pub(super) fn node_class(
    cx: &mut Context<'_>,
    path: &str,
    object: &Ec2NodeClass,
    defaults: &Defaults,
    stock: Stock<'_>,
) -> Option<NodeClassModel> {
    let spec = &object.spec;
    let path = &format!("{path}.spec");
    let family = family(spec)?;
    let kubelet = spec.kubelet.as_ref();
    let kubelet = kubelet.map_or(Kubelet::default(), |spec| {
        resolve_kubelet(cx, &format!("{path}.kubelet"), spec)
    });
    let params = NodeClassParams {
        ami_family: family,
        zones: Some(stock.zones.to_vec()),
        kubelet,
        block_devices: block_devices(&spec.block_device_mappings),
        instance_store_raid0: spec.instance_store_policy.is_some(),
        interfaces: spec.network_interfaces.as_deref().map(interfaces),
        reserved_enis: defaults.reserved_enis,
        vm_memory_overhead_ppm: defaults.vm_memory_overhead_ppm,
    };
    let real_memory = stock.memory_overhead_ppm.map(|real| {
        let params = NodeClassParams {
            vm_memory_overhead_ppm: real,
            ..params.clone()
        };
        real_memory(stock.catalog, &params)
    });
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
    let terms = &spec.capacity_reservation_selector_terms;
    let reservations = reservation::selected(cx, path, terms, defaults, stock.reservations);
    let mut types = stock.catalog.under(&params);
    let chosen = reservations.iter();
    let chosen: Vec<_> = chosen
        .map(|&place| &stock.reservations[place].reservation)
        .collect();
    let labels = reservation::labels(cx);
    stock.catalog.reserve(&mut types, &chosen, labels);
    Some(NodeClassModel {
        name: object.metadata.name.clone(),
        types,
        real_memory,
        reservations,
        zones: stock.zones.to_vec(),
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

fn real_memory(catalog: &Catalog, params: &NodeClassParams) -> Vec<RealMemory> {
    let of = |id| RealMemory {
        capacity: capacity(catalog.facts(id), params)[Resource::Memory],
        allocatable: allocatable(catalog.facts(id), params)[Resource::Memory],
    };
    catalog.ids().map(of).collect()
}

/// The family that `amiFamily` or an alias names; admission leaves one of them.
fn family(spec: &Ec2NodeClassSpec) -> Option<AmiFamily> {
    let mut terms = spec.ami_selector_terms.iter();
    let alias = terms.find_map(|term| term.alias.as_deref()?.split('@').next());
    AmiFamily::from_name(spec.ami_family.as_deref().or(alias)?)
}

/// Whether an alias asks for the newest images.
fn selects_newest(spec: &Ec2NodeClassSpec) -> bool {
    let aliases = spec
        .ami_selector_terms
        .iter()
        .filter_map(|term| term.alias.as_deref());
    aliases.into_iter().any(|alias| alias.ends_with("@latest"))
}

fn block_devices(mappings: &[BlockDeviceMapping]) -> Vec<BlockDevice> {
    let device = |mapping: &BlockDeviceMapping| BlockDevice {
        name: mapping.device_name.clone().unwrap_or_default(),
        root_volume: mapping.root_volume,
        bytes: mapping
            .ebs
            .as_ref()
            .and_then(|ebs| Some(ebs.volume_size?.units())),
    };
    mappings.iter().map(device).collect()
}

fn interfaces(interfaces: &[NetworkInterface]) -> Interfaces {
    let efa_only = |interface: &&NetworkInterface| interface.interface_type == "efa-only";
    let efa_only: Vec<_> = interfaces.iter().filter(efa_only).collect();
    let on_first_card = |interface: &&&NetworkInterface| interface.network_card_index == 0;
    Interfaces {
        efa_only: efa_only.len() as u32,
        efa_only_on_first_card: efa_only.iter().filter(on_first_card).count() as u32,
    }
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
        kube_reserved: reserved(&spec.kube_reserved),
        system_reserved: reserved(&spec.system_reserved),
        evict_memory_below: memory,
        evict_storage_below: storage,
    }
}

/// What is kept of the kinds that pods ask for; process ids are none.
fn reserved(quantities: &BTreeMap<String, Quantity>) -> Vec<(Resource, i64)> {
    let amount = |(name, quantity): (&String, &Quantity)| {
        let kind = Resource::from_name(name)?;
        Some((kind, kind.amount(*quantity).min(1 << 50)))
    };
    quantities.iter().filter_map(amount).collect()
}
