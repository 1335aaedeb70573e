//! What does a node of a type offer to pods, as Karpenter computes it before the node exists (spec/karpenter.md 2.1-2.5)?
//!
//! allocatable = capacity − kubeReserved − systemReserved − eviction threshold

use super::catalog::TypeFacts;
use super::node_class::{AmiFamily, BlockDevice, GIB, MIB, NodeClassParams, Threshold};
use crate::api::{Resource, Resources};

/// Memory an arm64 kernel reserves for contiguous allocation and EC2 counts as the instance's (spec/karpenter.md 2.1).
const ARM64_CMA_MIB: i64 = 64;
/// `memory.available` of the kubelet's default eviction thresholds (spec/karpenter.md 2.2).
const EVICT_MEMORY_BELOW: Threshold = Threshold::Bytes(100 * MIB);
/// `nodefs.available` of the kubelet's default eviction thresholds (spec/karpenter.md 2.2).
const EVICT_STORAGE_BELOW: Threshold = Threshold::Ppm(100_000);
/// Ephemeral storage kept for Kubernetes (spec/karpenter.md 2.2).
const KUBE_RESERVED_STORAGE: i64 = GIB;
/// Pods of a Windows node (spec/karpenter.md 2.3).
const WINDOWS_PODS: i64 = 110;
/// Bytes of a decimal gigabyte, the unit of instance stores.
const GB: i64 = 1_000_000_000;
/// Size of a custom image's last volume that has none (spec/karpenter.md 2.5).
const CUSTOM_VOLUME: i64 = 20 * GIB;

/// What the node reports as its capacity (spec/karpenter.md 2.1).
#[must_use]
pub fn capacity(facts: &TypeFacts, node_class: &NodeClassParams) -> Resources {
    let mut capacity = facts
        .devices()
        .with(Resource::Cpu, i64::from(facts.vcpu) * 1_000)
        .with(
            Resource::Memory,
            memory_capacity(facts, node_class.vm_memory_overhead_ppm),
        )
        .with(Resource::Pods, max_pods(facts, node_class))
        .with(
            Resource::EphemeralStorage,
            ephemeral_storage(facts, node_class),
        );
    if let Some(interfaces) = node_class.interfaces {
        capacity[Resource::Efa] = i64::from(interfaces.efa_only);
    }
    if node_class.ami_family == AmiFamily::Windows {
        capacity[Resource::PrivateIpv4] = i64::from(facts.ipv4_per_eni) - 1;
    }
    capacity
}

/// What pods may use of the capacity.
#[must_use]
pub fn allocatable(facts: &TypeFacts, node_class: &NodeClassParams) -> Resources {
    let capacity = capacity(facts, node_class);
    capacity
        - kube_reserved(facts, node_class)
        - system_reserved(node_class)
        - eviction_threshold(&capacity, node_class)
}

/// Bytes of memory once the arm64 kernel and the hypervisor have taken theirs; `overhead_ppm` is the hypervisor's share.
#[must_use]
pub fn memory_capacity(facts: &TypeFacts, overhead_ppm: u32) -> i64 {
    let cma = if facts.arch == "arm64" {
        ARM64_CMA_MIB
    } else {
        0
    };
    let nominal = (facts.memory_mib - cma) * MIB;
    // Upstream computes this in floating point; at 3.5 % its rounding makes a MiB of difference to some types.
    let overhead = nominal as f64 * (f64::from(overhead_ppm) / 1e6);
    let overhead_mib = (overhead / 1024.0 / 1024.0).ceil() as i64;
    nominal - overhead_mib * MIB
}

/// Pods the addresses of the default network card allow, `reserved_enis` interfaces left out.
#[must_use]
pub fn eni_limited_pods(facts: &TypeFacts, reserved_enis: u32) -> i64 {
    match facts.enis.saturating_sub(reserved_enis) {
        0 => 0,
        usable => i64::from(usable) * (i64::from(facts.ipv4_per_eni) - 1) + 2,
    }
}

/// Interfaces of the default card that give pods no addresses.
fn without_addresses(node_class: &NodeClassParams) -> u32 {
    let interfaces = node_class.interfaces;
    interfaces.map_or(0, |interfaces| interfaces.efa_only_on_first_card)
}

/// Most pods of a node (spec/karpenter.md 2.3).
#[must_use]
pub fn max_pods(facts: &TypeFacts, node_class: &NodeClassParams) -> i64 {
    let family = node_class.ami_family;
    let pods = match node_class.kubelet.max_pods {
        Some(pods) => i64::from(pods),
        None if family.eni_limited_density() => eni_limited_pods(
            facts,
            node_class.reserved_enis + without_addresses(node_class),
        ),
        None => WINDOWS_PODS,
    };
    match node_class.kubelet.pods_per_core {
        Some(per_core @ 1..) if family.pods_per_core() => {
            pods.min(i64::from(per_core) * i64::from(facts.vcpu))
        }
        _ => pods,
    }
}

/// Millicores kept for Kubernetes of `cpu_millis`: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the
/// rest, each truncated (spec/karpenter.md 2.2).
#[must_use]
pub fn kube_reserved_cpu(cpu_millis: i64) -> i64 {
    const BANDS: [(i64, i64, i64); 4] = [
        (0, 1_000, 600),
        (1_000, 2_000, 100),
        (2_000, 4_000, 50),
        (4_000, i64::MAX, 25),
    ];
    BANDS
        .into_iter()
        .map(|(from, to, per_10_000)| (cpu_millis.min(to) - from).max(0) * per_10_000 / 10_000)
        .sum()
}

/// Bytes of memory kept for Kubernetes on a node of `pods` pods: 255 MiB and 11 MiB a pod (spec/karpenter.md 2.2).
#[must_use]
pub fn kube_reserved_memory(pods: i64) -> i64 {
    (11 * pods + 255) * MIB
}

/// What Kubernetes keeps (spec/karpenter.md 2.2).
#[must_use]
pub fn kube_reserved(facts: &TypeFacts, node_class: &NodeClassParams) -> Resources {
    let memory_pods = if node_class.ami_family.eni_limited_memory_overhead() {
        eni_limited_pods(facts, without_addresses(node_class))
    } else {
        max_pods(facts, node_class)
    };
    let cpu = kube_reserved_cpu(i64::from(facts.vcpu) * 1_000);
    let computed = Resources::cpu_memory(cpu, kube_reserved_memory(memory_pods))
        .with(Resource::EphemeralStorage, KUBE_RESERVED_STORAGE);
    overridden(computed, &node_class.kubelet.kube_reserved)
}

fn system_reserved(node_class: &NodeClassParams) -> Resources {
    overridden(Resources::ZERO, &node_class.kubelet.system_reserved)
}

fn overridden(computed: Resources, given: &[(Resource, i64)]) -> Resources {
    given.iter().fold(computed, |reserved, &(kind, amount)| {
        reserved.with(kind, amount)
    })
}

fn eviction_threshold(capacity: &Resources, node_class: &NodeClassParams) -> Resources {
    let kubelet = &node_class.kubelet;
    let memory = kubelet.evict_memory_below.unwrap_or(EVICT_MEMORY_BELOW);
    let storage = kubelet.evict_storage_below.unwrap_or(EVICT_STORAGE_BELOW);
    Resources::ZERO
        .with(Resource::Memory, memory.of(capacity[Resource::Memory]))
        .with(
            Resource::EphemeralStorage,
            storage.of(capacity[Resource::EphemeralStorage]),
        )
}

/// Bytes of the storage pods write to (spec/karpenter.md 2.5).
#[must_use]
pub fn ephemeral_storage(facts: &TypeFacts, node_class: &NodeClassParams) -> i64 {
    if let (true, Some(gigabytes)) = (node_class.instance_store_raid0, facts.instance_store_gb) {
        return i64::from(gigabytes) * GB;
    }
    let family = node_class.ami_family;
    ephemeral_volume(&node_class.block_devices, family).unwrap_or(family.default_ephemeral_bytes())
}

fn ephemeral_volume(devices: &[BlockDevice], family: AmiFamily) -> Option<i64> {
    let root = devices.iter().find(|device| device.root_volume);
    if let Some(bytes) = root.and_then(|device| device.bytes) {
        return Some(bytes);
    }
    match family.ephemeral_device() {
        None => devices
            .last()
            .map(|device| device.bytes.unwrap_or(CUSTOM_VOLUME)),
        Some(name) => devices.iter().find(|device| device.name == name)?.bytes,
    }
}

/// Most pods of a node of a managed node group without a custom image: what the interfaces allow, 110 at most below 30 vCPU and
/// 250 at most above (spec/kubernetes.md 5.9).
#[must_use]
pub fn node_group_max_pods(facts: &TypeFacts) -> i64 {
    let cap = if facts.vcpu < 30 { 110 } else { 250 };
    eni_limited_pods(facts, 0).min(cap)
}

/// What pods may use of a node of a managed node group: nodeadm's formulas over the same capacity (spec/kubernetes.md 5.10).
/// `max_pods` in the kubelet settings takes the place of [`node_group_max_pods`]; reserved memory follows from nodeadm's own,
/// uncapped count in either case.
#[must_use]
pub fn node_group_allocatable(facts: &TypeFacts, node_class: &NodeClassParams) -> Resources {
    let pods = match node_class.kubelet.max_pods {
        Some(pods) => i64::from(pods),
        None => node_group_max_pods(facts),
    };
    allocatable(facts, node_class).with(Resource::Pods, pods)
}

#[cfg(test)]
mod tests;
