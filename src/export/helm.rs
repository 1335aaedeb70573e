//! How do the objects look as charts with their values, and as plain manifests?
//!
//! The charts are assets, the same for every scenario; what is simulated stands in the values. The manifests are what the charts make of
//! them, for whoever applies manifests and no charts: a check renders the charts and compares.

mod autoscaler;
mod values;

use super::File;
use super::data::Data;
use super::objects::{Object, Objects};
use super::platform::{Feature, Platform};
use super::yaml;
use crate::scenario::Scenario;

pub(super) use values::images;
pub use values::{UNRELEASED, karpenter, karpenter_resources, workloads};

macro_rules! chart {
    ($chart:literal: $($name:literal),+) => {
        [$((
            concat!("helm/charts/", $chart, "/", $name),
            include_str!(concat!("helm/assets/", $chart, "/", $name)),
        )),+]
    };
}

const KARPENTER_RESOURCES: [(&str, &str); 6] = chart!("karpenter-resources":
    "Chart.yaml",
    "values.yaml",
    "values.schema.json",
    "templates/_helpers.tpl",
    "templates/ec2nodeclasses.yaml",
    "templates/nodepools.yaml"
);

const WORKLOADS: [(&str, &str); 12] = chart!("workloads":
    "Chart.yaml",
    "values.yaml",
    "values.schema.json",
    "templates/_helpers.tpl",
    "templates/autoscalers.yaml",
    "templates/configmaps.yaml",
    "templates/daemonsets.yaml",
    "templates/deployments.yaml",
    "templates/ingresses.yaml",
    "templates/poddisruptionbudgets.yaml",
    "templates/priorityclasses.yaml",
    "templates/services.yaml"
);

/// Every file below `helm`.
#[must_use]
pub fn files(scenario: &Scenario, objects: &Objects, platform: &Platform) -> Vec<File> {
    let mut files: Vec<File> = WORKLOADS.iter().map(asset).collect();
    files.push(file(
        "values/workloads.yaml",
        values::workloads_text(objects),
    ));
    files.push(file(
        "manifests/workloads.yaml",
        manifests(&workload_objects(objects)),
    ));
    if platform.has(Feature::Karpenter) {
        files.extend(KARPENTER_RESOURCES.iter().map(asset));
        files.push(file(
            "values/karpenter.yaml",
            values::karpenter_text(scenario, platform),
        ));
        files.push(file(
            "values/karpenter-resources.yaml",
            values::karpenter_resources_text(objects),
        ));
        files.push(file(
            "manifests/karpenter-resources.yaml",
            manifests(&node_objects(objects)),
        ));
    }
    if let Some(settings) = &scenario.cluster.autoscaler {
        files.push(file(
            "values/cluster-autoscaler.yaml",
            autoscaler::values(settings),
        ));
    }
    files.extend(
        values::addons(objects)
            .into_iter()
            .map(|(name, text)| file(&format!("values/{name}.yaml"), text)),
    );
    files
}

/// What the chart `workloads` makes.
#[must_use]
pub fn workload_objects(objects: &Objects) -> Vec<Object> {
    let mut all = objects.priority_classes.clone();
    all.extend(objects.daemon_sets.iter().cloned());
    all.extend(objects.services.iter().flat_map(|service| service.all()));
    let images = values::images(objects);
    for object in &mut all {
        values::exchange_images(object, &images);
    }
    all
}

/// What the chart `karpenter-resources` makes.
#[must_use]
pub fn node_objects(objects: &Objects) -> Vec<Object> {
    let classes = objects.node_classes.iter();
    classes.chain(&objects.node_pools).cloned().collect()
}

fn manifests(objects: &[Object]) -> String {
    let manifests: Vec<Data> = objects.iter().map(Object::manifest).collect();
    yaml::documents(&manifests)
}

fn asset((name, text): &(&str, &str)) -> File {
    ((*name).to_owned(), text.as_bytes().to_vec())
}

fn file(name: &str, text: String) -> File {
    (format!("helm/{name}"), text.into_bytes())
}
