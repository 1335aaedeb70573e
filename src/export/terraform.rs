//! How does a platform look as a Terraform root module?
//!
//! The files are assets, the same for every scenario with the same features, and written to be read. What is simulated stands in
//! `terraform.tfvars`, and once more in the assertions of `terraform test`. Only these, and the release that depends on whatever else there
//! is, are printed.

mod release;
mod test;
mod variables;

use super::File;
use super::hcl;
use super::platform::{Feature, Platform};

pub use variables::variables;

/// A piece of a file and the feature it belongs to.
type Piece = (Option<Feature>, &'static str);

macro_rules! asset {
    ($name:literal) => {
        include_str!(concat!("terraform/assets/", $name))
    };
}

/// Files by name, with the pieces they consist of.
const FILES: [(&str, &[Piece]); 16] = [
    ("versions.tf", &[(None, asset!("versions.tf"))]),
    ("providers.tf", &[(None, asset!("providers.tf"))]),
    ("network.tf", &[(None, asset!("network.tf"))]),
    ("cluster.tf", &[(None, asset!("cluster.tf"))]),
    ("node_groups.tf", &[(None, asset!("nodes.tf"))]),
    (
        "karpenter.tf",
        &[(Some(Feature::Karpenter), asset!("karpenter.tf"))],
    ),
    (
        "karpenter_policies.tf",
        &[(Some(Feature::Karpenter), asset!("karpenter_policies.tf"))],
    ),
    (
        "karpenter_interruption.tf",
        &[(
            Some(Feature::Interruption),
            asset!("karpenter_interruption.tf"),
        )],
    ),
    (
        "autoscaler.tf",
        &[(Some(Feature::ClusterAutoscaler), asset!("autoscaler.tf"))],
    ),
    (
        "ingress.tf",
        &[(Some(Feature::Ingress), asset!("ingress.tf"))],
    ),
    ("queues.tf", &[(Some(Feature::Queues), asset!("queues.tf"))]),
    ("keda.tf", &[(Some(Feature::Keda), asset!("keda.tf"))]),
    (
        "frontend.tf",
        &[(Some(Feature::Frontend), asset!("frontend.tf"))],
    ),
    (
        "storage.tf",
        &[(Some(Feature::Volumes), asset!("storage.tf"))],
    ),
    ("logs.tf", &[(Some(Feature::Logs), asset!("logs.tf"))]),
    ("gpu.tf", &[(Some(Feature::Gpu), asset!("gpu.tf"))]),
];

const VARIABLES: &[Piece] = &[
    (None, asset!("variables/base.tf")),
    (Some(Feature::Karpenter), asset!("variables/karpenter.tf")),
    (
        Some(Feature::Interruption),
        asset!("variables/karpenter_interruption.tf"),
    ),
    (
        Some(Feature::ClusterAutoscaler),
        asset!("variables/autoscaler.tf"),
    ),
    (Some(Feature::Ingress), asset!("variables/ingress.tf")),
    (Some(Feature::Queues), asset!("variables/queues.tf")),
    (Some(Feature::Keda), asset!("variables/keda.tf")),
    (Some(Feature::Frontend), asset!("variables/frontend.tf")),
    (Some(Feature::Logs), asset!("variables/logs.tf")),
    (Some(Feature::Gpu), asset!("variables/gpu.tf")),
];

const OUTPUTS: &[Piece] = &[
    (None, asset!("outputs/base.tf")),
    (Some(Feature::Queues), asset!("outputs/queues.tf")),
    (Some(Feature::Frontend), asset!("outputs/frontend.tf")),
];

/// Every file of the root module.
#[must_use]
pub fn files(platform: &Platform) -> Vec<File> {
    let mut files: Vec<File> = FILES
        .iter()
        .map(|(name, pieces)| ((*name).to_owned(), joined(platform, pieces)))
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| file(&name, text))
        .collect();
    if platform.has(Feature::Karpenter) && !platform.has(Feature::Interruption) {
        let text = asset!("karpenter_no_interruption.tf").to_owned();
        files.push(file("karpenter_interruption.tf", text));
    }
    if platform.has(Feature::Queues) && platform.has(Feature::Keda) {
        files.push(file("queues_keda.tf", asset!("queues_keda.tf").to_owned()));
    }
    let workloads = [
        asset!("workloads.tf").to_owned(),
        hcl::file(&release::workloads(platform)),
    ];
    files.push(file("workloads.tf", workloads.join("\n")));
    files.push(file("variables.tf", joined(platform, VARIABLES)));
    files.push(file("outputs.tf", joined(platform, OUTPUTS)));
    files.push(file(
        "terraform.tfvars",
        hcl::file(&variables::file(platform)),
    ));
    files.push(file(
        "tests/simulated.tftest.hcl",
        hcl::file(&test::simulated(platform)),
    ));
    files.push(file(
        "tests/refused.tftest.hcl",
        hcl::file(&test::refused(platform)),
    ));
    files
}

fn file(name: &str, text: String) -> File {
    (format!("terraform/{name}"), text.into_bytes())
}

/// The pieces of what there is, a blank line between them.
fn joined(platform: &Platform, pieces: &[Piece]) -> String {
    let there = pieces
        .iter()
        .filter(|(feature, _)| feature.is_none_or(|feature| platform.has(feature)));
    let texts: Vec<&str> = there.map(|(_, text)| *text).collect();
    texts.join("\n")
}
