//! The formulas against every documented type and against the vectors of spec/karpenter.md 12.1 and 13.6.

use serde::Deserialize;

use super::*;
use crate::cloud::catalog::rows;
use crate::cloud::node_class::Kubelet;

#[derive(Deserialize)]
struct Documented {
    instance_type: String,
    capacity_memory_mib: i64,
    kube_reserved_cpu_m: Option<i64>,
    kube_reserved_memory_mib: Option<i64>,
    cpu_m: i64,
    memory_mib: i64,
    pods: i64,
    ephemeral_gib: i64,
}

fn types() -> Vec<TypeFacts> {
    rows(include_bytes!("../data/types.csv.gz"))
}

fn facts(name: &str) -> TypeFacts {
    let found = types()
        .into_iter()
        .find(|facts| facts.instance_type == name);
    found.unwrap_or_else(|| panic!("{name} is no type"))
}

#[test]
fn every_documented_type_is_reproduced() {
    let documented: Vec<Documented> = rows(include_bytes!("../data/documented_allocatable.csv.gz"));
    let types = types();
    let default = NodeClassParams::default();
    assert_eq!((types.len(), documented.len()), (1_363, 1_363));
    for (facts, row) in types.iter().zip(&documented) {
        let name = &row.instance_type;
        assert_eq!(&facts.instance_type, name);
        let reserved = kube_reserved(facts, &default);
        let found = allocatable(facts, &default);
        assert_eq!(
            memory_capacity(facts, 75_000),
            row.capacity_memory_mib * MIB,
            "{name}"
        );
        if let Some(millis) = row.kube_reserved_cpu_m {
            assert_eq!(reserved[Resource::Cpu], millis, "{name}");
        }
        if let Some(mib) = row.kube_reserved_memory_mib {
            assert_eq!(reserved[Resource::Memory], mib * MIB, "{name}");
        }
        assert_eq!(found[Resource::Cpu], row.cpu_m, "{name}");
        assert_eq!(found[Resource::Memory], row.memory_mib * MIB, "{name}");
        assert_eq!(found[Resource::Pods], row.pods, "{name}");
        assert_eq!(
            found[Resource::EphemeralStorage],
            row.ephemeral_gib * GIB,
            "{name}"
        );
    }
}

#[test]
fn the_vectors_of_the_specification() {
    let default = NodeClassParams::default();
    for (name, cpu, mib, pods) in [
        ("t4g.nano", 1_930, 15, 4),
        ("m5.large", 1_930, 6_903, 29),
        ("m7i.4xlarge", 15_890, 57_691, 234),
        ("p4d.24xlarge", 95_690, 1_082_712, 737),
        ("i4i.32xlarge", 127_610, 961_470, 737),
    ] {
        let found = allocatable(&facts(name), &default);
        assert_eq!(found[Resource::Cpu], cpu, "{name}");
        assert_eq!(found[Resource::Memory], mib * MIB, "{name}");
        assert_eq!(found[Resource::Pods], pods, "{name}");
    }
    for (millis, reserved) in [
        (1_000, 60),
        (2_000, 70),
        (4_000, 80),
        (8_000, 90),
        (48_000, 190),
    ] {
        assert_eq!(kube_reserved_cpu(millis), reserved);
    }
    assert_eq!(memory_capacity(&facts("m5.large"), 75_000), 7_577 * MIB);
    assert_eq!(memory_capacity(&facts("m6g.large"), 75_000), 7_518 * MIB);
}

#[test]
fn max_pods_leaves_reserved_memory_to_the_interfaces() {
    let mut node_class = NodeClassParams {
        kubelet: Kubelet {
            max_pods: Some(110),
            ..Kubelet::default()
        },
        ..NodeClassParams::default()
    };
    let m5 = facts("m5.large");
    assert_eq!(max_pods(&m5, &node_class), 110);
    assert_eq!(kube_reserved(&m5, &node_class)[Resource::Memory], 574 * MIB);
    node_class.ami_family = AmiFamily::Bottlerocket;
    assert_eq!(
        kube_reserved(&m5, &node_class)[Resource::Memory],
        (11 * 110 + 255) * MIB
    );
}

#[test]
fn pods_per_core_and_reserved_interfaces_lower_the_count() {
    let m5 = facts("m5.large");
    let mut node_class = NodeClassParams {
        reserved_enis: 1,
        ..NodeClassParams::default()
    };
    assert_eq!(max_pods(&m5, &node_class), 2 * 9 + 2);
    node_class.reserved_enis = 3;
    assert_eq!(max_pods(&m5, &node_class), 0);
    assert_eq!(kube_reserved(&m5, &node_class)[Resource::Memory], 574 * MIB);
    node_class.reserved_enis = 0;
    node_class.kubelet.pods_per_core = Some(4);
    assert_eq!(max_pods(&m5, &node_class), 8);
    node_class.ami_family = AmiFamily::Bottlerocket;
    assert_eq!(max_pods(&m5, &node_class), 29);
    node_class.ami_family = AmiFamily::Windows;
    node_class.kubelet.pods_per_core = None;
    assert_eq!(max_pods(&m5, &node_class), 110);
    assert_eq!(capacity(&m5, &node_class)[Resource::PrivateIpv4], 9);
}

#[test]
fn kubelet_settings_replace_one_kind_each() {
    let m5 = facts("m5.large");
    let node_class = NodeClassParams {
        kubelet: Kubelet {
            kube_reserved: vec![(Resource::Cpu, 200)],
            system_reserved: vec![(Resource::Memory, 100 * MIB)],
            evict_memory_below: Some(Threshold::parse("5%").unwrap()),
            evict_storage_below: Some(Threshold::parse("100%").unwrap()),
            ..Kubelet::default()
        },
        ..NodeClassParams::default()
    };
    let found = allocatable(&m5, &node_class);
    let memory = 7_577 * MIB;
    assert_eq!(found[Resource::Cpu], 1_800);
    assert_eq!(
        found[Resource::Memory],
        memory - 674 * MIB - (memory + 19) / 20
    );
    assert_eq!(found[Resource::EphemeralStorage], 19 * GIB);
}

#[test]
fn ephemeral_storage_is_the_volume_pods_write_to() {
    let device = |name: &str, root_volume, gib: Option<i64>| BlockDevice {
        name: name.to_owned(),
        root_volume,
        bytes: gib.map(|gib| gib * GIB),
    };
    let of = |family, devices: Vec<BlockDevice>| {
        let node_class = NodeClassParams {
            ami_family: family,
            block_devices: devices,
            ..NodeClassParams::default()
        };
        ephemeral_storage(&facts("m5.large"), &node_class) / GIB
    };
    let two = || {
        vec![
            device("/dev/xvda", false, Some(4)),
            device("/dev/xvdb", false, Some(80)),
        ]
    };
    assert_eq!(of(AmiFamily::Al2023, Vec::new()), 20);
    assert_eq!(of(AmiFamily::Al2023, two()), 4);
    assert_eq!(of(AmiFamily::Bottlerocket, two()), 80);
    assert_eq!(of(AmiFamily::Custom, two()), 80);
    assert_eq!(
        of(AmiFamily::Custom, vec![device("/dev/sdf", false, None)]),
        20
    );
    assert_eq!(
        of(
            AmiFamily::Bottlerocket,
            vec![device("/dev/sdf", true, Some(7))]
        ),
        7
    );
    assert_eq!(
        of(AmiFamily::Windows, vec![device("/dev/sdf", false, Some(7))]),
        50
    );
    let raid = NodeClassParams {
        instance_store_raid0: true,
        ..NodeClassParams::default()
    };
    assert_eq!(ephemeral_storage(&facts("m5d.large"), &raid), 75 * GB);
    assert_eq!(ephemeral_storage(&facts("m5.large"), &raid), 20 * GIB);
}

#[test]
fn node_groups_cap_pods_and_not_reserved_memory() {
    let default = NodeClassParams::default();
    for (name, pods) in [
        ("m5.large", 29),
        ("m7i.4xlarge", 110),
        ("m5.8xlarge", 234),
        ("m5.16xlarge", 250),
    ] {
        let facts = facts(name);
        let group = node_group_allocatable(&facts, &default);
        assert_eq!(group[Resource::Pods], pods, "{name}");
        assert_eq!(
            group.with(Resource::Pods, 0),
            allocatable(&facts, &default).with(Resource::Pods, 0)
        );
    }
}

#[test]
fn thresholds_are_read_as_the_kubelet_reads_them() {
    assert_eq!(Threshold::parse("200Mi"), Ok(Threshold::Bytes(200 * MIB)));
    assert_eq!(Threshold::parse("7.5%"), Ok(Threshold::Ppm(75_000)));
    assert_eq!(Threshold::parse("100%"), Ok(Threshold::Ppm(0)));
    for text in ["", "%", "101%", "-5%", "-1Mi", "5 %x"] {
        assert!(Threshold::parse(text).is_err(), "{text}");
    }
}
