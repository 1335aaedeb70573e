//! What the user wrote is what is exported.

use karpsim::export::data::Data;
use karpsim::export::{Objects, Platform};

use super::{all, export, files};
use crate::scenarios::scenario;

#[test]
fn node_pools_and_node_classes_are_verbatim() {
    for scenario in all() {
        let objects = Objects::of(&scenario);
        let exported = objects.node_classes.iter().chain(&objects.node_pools);
        for object in exported {
            let written = scenario
                .manifests
                .iter()
                .find(|m| m.kind == object.kind && m.name == object.name)
                .expect("it was written");
            let spec = Data::from(&written.node).at(&["spec"]).cloned();
            assert_eq!(Some(object.spec()), spec, "{}", object.name);
        }
    }
}

#[test]
fn the_node_group_has_the_simulated_numbers() {
    let scenario = scenario("wardmitra.yaml");
    let platform = Platform::of(&scenario, &Objects::of(&scenario));
    let [group] = &platform.node_groups[..] else {
        panic!("one node group");
    };
    assert_eq!(
        (group.min_size, group.desired_size, group.max_size),
        (3, 3, 6)
    );
    assert_eq!(group.instance_types, ["m7g.large"]);
    assert_eq!(
        (group.disk_size, group.capacity_type.as_str()),
        (30, "ON_DEMAND")
    );
    let export = export(&scenario, None);
    let tfvars = files(&export)["terraform/terraform.tfvars"];
    for line in [
        "    ami_type       = \"AL2023_ARM_64_STANDARD\"",
        "    capacity_type  = \"ON_DEMAND\"",
        "    instance_types = [\"m7g.large\"]",
        "    min_size       = 3",
        "    desired_size   = 3",
        "    max_size       = 6",
        "    disk_size      = 30",
    ] {
        assert!(tfvars.lines().any(|other| other == line), "{line}");
    }
}

/// Types, images and taints of a node group agree with the catalogue, whatever the scenario says.
#[test]
fn an_ami_type_has_the_architecture_of_its_instance_types() {
    for scenario in all() {
        let platform = Platform::of(&scenario, &Objects::of(&scenario));
        for (group, model) in platform
            .node_groups
            .iter()
            .zip(&scenario.cluster.node_groups)
        {
            for id in &model.type_ids {
                let arm = scenario.catalog.facts(*id).arch.as_str() == "arm64";
                assert_eq!(group.ami_type.contains("ARM_64"), arm, "{}", scenario.name);
            }
        }
    }
}

/// Cluster Autoscaler gets every flag that was simulated, and nobody gets it who has none.
#[test]
fn cluster_autoscaler_has_its_flags() {
    for scenario in all() {
        let export = export(&scenario, None);
        let values = files(&export)
            .get("helm/values/cluster-autoscaler.yaml")
            .map(|text| (*text).to_owned());
        assert_eq!(
            values.is_some(),
            scenario.cluster.autoscaler.is_some(),
            "{}",
            scenario.name
        );
        let Some(values) = values else { continue };
        for line in [
            "  expander: least-waste",
            "  scale-down-unneeded-time: \"600s\"",
            "  scale-down-utilization-threshold: 0.5",
        ] {
            assert!(values.lines().any(|other| other == line), "{values}");
        }
    }
}
