//! The labels of a type as requirements (spec/karpenter.md 2.6): what it lacks is `DoesNotExist`.

use crate::api::{Requirement, Requirements, Symbol, Symbols, key, label};

use super::facts::TypeFacts;

/// Every label that does not depend on zones or on how capacity is bought.
pub(super) fn of_type(facts: &TypeFacts, region: Symbol, symbols: &mut Symbols) -> Requirements {
    let text = |value: &str| Some(value.to_owned());
    let number = |value: Option<u32>| value.map(|n| n.to_string());
    let labels = [
        (key::INSTANCE_TYPE, text(&facts.instance_type)),
        (key::ARCH, text(&facts.arch)),
        (key::OS, text("linux")),
        (key::WINDOWS_BUILD, None),
        (key::INSTANCE_CATEGORY, text(&facts.category)),
        (key::INSTANCE_FAMILY, text(&facts.family)),
        (key::INSTANCE_GENERATION, number(Some(facts.generation))),
        (key::INSTANCE_SIZE, text(&facts.size)),
        (key::INSTANCE_CPU, number(Some(facts.vcpu))),
        (
            key::INSTANCE_CPU_MANUFACTURER,
            text(&facts.cpu_manufacturer),
        ),
        (key::INSTANCE_CPU_CLOCK, number(facts.clock_mhz)),
        (key::INSTANCE_MEMORY, Some(facts.memory_mib.to_string())),
        (key::INSTANCE_EBS_BANDWIDTH, number(facts.ebs_mbps)),
        (key::INSTANCE_NETWORK_BANDWIDTH, number(facts.network_mbps)),
        (key::INSTANCE_HYPERVISOR, text(&facts.hypervisor)),
        (
            key::INSTANCE_ENCRYPTION,
            Some(facts.encryption_in_transit.to_string()),
        ),
        (key::INSTANCE_CAPABILITY_FLEX, Some(facts.flex.to_string())),
        (key::INSTANCE_LOCAL_NVME, number(facts.local_nvme_gb)),
        (key::INSTANCE_GPU_NAME, facts.gpu_name.clone()),
        (
            key::INSTANCE_GPU_MANUFACTURER,
            facts.gpu_manufacturer.clone(),
        ),
        (key::INSTANCE_GPU_COUNT, number(facts.gpu_count)),
        (key::INSTANCE_GPU_MEMORY, number(facts.gpu_memory_mib)),
        (
            key::INSTANCE_ACCELERATOR_NAME,
            facts.accelerator_name.clone(),
        ),
        (
            key::INSTANCE_ACCELERATOR_MANUFACTURER,
            facts.accelerator_manufacturer.clone(),
        ),
        (
            key::INSTANCE_ACCELERATOR_COUNT,
            number(facts.accelerator_count),
        ),
        (key::INSTANCE_TENANCY, text("default")),
    ];
    let mut requirements = Requirements::new();
    requirements.set(key::REGION, Requirement::of(vec![region]));
    for (key, value) in labels {
        let values = value.iter().map(|v| symbols.intern(v)).collect();
        requirements.set(key, Requirement::of(values));
    }
    requirements
}

/// The labels of an offering that is no reservation.
pub(super) fn of_offering(zone: Symbol, capacity_type: Symbol) -> Requirements {
    let mut requirements = Requirements::new();
    requirements.set(key::ZONE, Requirement::of(vec![zone]));
    requirements.set(key::ZONE_ID, Requirement::of(vec![zone]));
    requirements.set(key::CAPACITY_TYPE, Requirement::of(vec![capacity_type]));
    for reservation in label::OF_RESERVATION {
        requirements.set(reservation, Requirement::none());
    }
    requirements
}
