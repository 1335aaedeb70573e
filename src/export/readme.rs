//! What does the person who applies it have to know?

use std::fmt::Write;

use super::notes::{Gap, Note};
use super::platform::{Feature, Platform};
use crate::metrics::RunResult;
use crate::report::units::{duration, span, usd};
use crate::scenario::Scenario;

/// A month, as AWS projects costs.
const HOURS_OF_MONTH: i128 = 730;
const MICROS_OF_HOUR: i128 = 3_600_000_000;

/// `README.md` of an export.
#[must_use]
pub(super) fn text(
    scenario: &Scenario,
    platform: &Platform,
    result: Option<&RunResult>,
    notes: &[Note],
) -> String {
    let mut out = String::new();
    head(&mut out, scenario, platform);
    results(&mut out, scenario, result);
    prerequisites(&mut out, platform);
    order(&mut out, platform);
    changing(&mut out, scenario);
    gaps(&mut out, notes);
    out
}

fn head(out: &mut String, scenario: &Scenario, platform: &Platform) {
    let _ = writeln!(
        out,
        "# {}, as simulated in {}\n",
        platform.cluster_name, scenario.name
    );
    if !scenario.description.is_empty() {
        let _ = writeln!(out, "{}\n", scenario.description);
    }
    let _ = writeln!(
        out,
        "karpsim {} wrote this from scenario `{}` (digest {:016x}, seed {}); `PROVENANCE.json` has it for machines. What is\n\
         simulated stands in `terraform/terraform.tfvars` and `helm/values`; everything else is the same for every scenario of this kind.\n",
        env!("CARGO_PKG_VERSION"),
        scenario.name,
        scenario.digest,
        scenario.seed,
    );
    out.push_str(
        "| folder | what |\n|---|---|\n\
         | `terraform/` | root module: network, cluster, nodes, rights, and the Helm releases |\n\
         | `helm/charts/` | charts, the same for every scenario |\n\
         | `helm/values/` | what was simulated |\n\
         | `helm/manifests/` | what the charts make of it, for those who apply manifests |\n\n",
    );
}

fn results(out: &mut String, scenario: &Scenario, result: Option<&RunResult>) {
    out.push_str("## What it costs and holds, according to the simulation\n\n");
    let Some(result) = result else {
        let _ = writeln!(out, "It was exported without a run. `karpsim run` tells.\n");
        return;
    };
    let micros = i128::from(result.provenance.duration_us.max(1));
    let month = |nanos: i128| usd(nanos * HOURS_OF_MONTH * MICROS_OF_HOUR / micros);
    let _ = writeln!(
        out,
        "Over {} from {}, projected to a month of 730 hours, without tax:\n\n| layer | a month |\n|---|--:|",
        span(result.provenance.duration_us),
        scenario.start.date(),
    );
    for (layer, nanos) in &result.cost.layers {
        let _ = writeln!(out, "| {layer} | {} |", month(*nanos));
    }
    let _ = writeln!(
        out,
        "| **all** | **{}** |\n",
        month(result.cost.total_nano_usd)
    );
    out.push_str("| service | median | p99 | answered |\n|---|--:|--:|--:|\n");
    for service in &result.services {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            service.name,
            duration(service.latency.p50_us),
            duration(service.latency.p99_us),
            service.outcomes.succeeded
        );
    }
    out.push('\n');
    for slo in &result.slos {
        let met = if slo.met { "met" } else { "MISSED" };
        let _ = writeln!(out, "- {}: {met}", slo.goal);
    }
    out.push_str(if result.slos.is_empty() { "" } else { "\n" });
}

fn prerequisites(out: &mut String, platform: &Platform) {
    out.push_str(
        "## Before\n\n\
         - Terraform 1.9 or later, the AWS CLI (Terraform asks it for tokens of the cluster), credentials of an administrator.\n\
         - A backend for Terraform's state: add `backend.tf`. Without one it is a file beside this.\n\
         - Your own values in `terraform/account.auto.tfvars`, which no export touches: `images`, `admin_principal_arns`,\n  \
           `endpoint_public_access_cidrs`, `tags`",
    );
    if platform.has(Feature::Ingress) {
        out.push_str(", `certificate_arns`");
    }
    if platform.has(Feature::Frontend) {
        out.push_str(", `frontend_bucket` if the name is taken, `frontend_domain_names` and `frontend_certificate_arn`");
    }
    out.push_str(".\n");
    if platform.has(Feature::Karpenter) {
        out.push_str(
            "- The service-linked role for spot, once an account:\n  \
             `aws iam create-service-linked-role --aws-service-name spot.amazonaws.com`.\n",
        );
    }
    out.push_str(
        "- Quotas of the account for the instances, addresses and NAT gateways above.\n\
         - Versions of EKS add-ons: `addon_versions` has those that clusters of Kubernetes 1.36 were seen with in September 2026, since only an\n  \
         account can ask which there are; of any other release EKS takes its default. `aws eks describe-addon-versions` lists what there is.\n\n",
    );
}

fn order(out: &mut String, platform: &Platform) {
    out.push_str(
        "## Applying it\n\n```sh\ncd terraform\nterraform init\nterraform test    # the plan is what was simulated; asks no account\nterraform plan -out plan\nterraform apply plan\n```\n\n",
    );
    let mut steps = vec![
        "network",
        "cluster",
        "vpc-cni, kube-proxy and eks-pod-identity-agent",
        "managed nodes",
        "CoreDNS and other add-ons",
    ];
    let optional = [
        (Feature::ClusterAutoscaler, "Cluster Autoscaler"),
        (Feature::Ingress, "load balancer controller"),
        (Feature::Keda, "KEDA"),
        (
            Feature::Karpenter,
            "Karpenter's CRDs, Karpenter, NodePools and EC2NodeClasses",
        ),
    ];
    steps.extend(
        optional
            .into_iter()
            .filter(|(feature, _)| platform.has(*feature))
            .map(|(_, step)| step),
    );
    steps.push("workloads");
    let _ = writeln!(
        out,
        "One apply does it all, in this order: {}.\n",
        steps.join(", ")
    );
    let _ = writeln!(
        out,
        "To reach the cluster: `aws eks update-kubeconfig --region {} --name {}`.\n",
        platform.region, platform.cluster_name
    );
    out.push_str(
        "Without Helm: apply `helm/manifests` after the namespaces and service accounts of `terraform/workloads.tf` are there. Terraform then has\n\
         to do without its releases of the charts in `helm/charts`.\n\n",
    );
    if platform.has(Feature::Karpenter) {
        out.push_str(
            "Before `terraform destroy`, delete the NodePools and wait until their nodes are gone: Terraform does not know those nodes.\n\n",
        );
    }
}

fn changing(out: &mut String, scenario: &Scenario) {
    let _ = writeln!(
        out,
        "## Changing it\n\nChange the scenario, simulate, export again with `--force`: files that an export wrote are replaced, yours stay.\n\
         `terraform test` fails where `terraform.tfvars` is no longer what `{}` simulated.\n",
        scenario.name
    );
}

fn gaps(out: &mut String, notes: &[Note]) {
    let sections = [
        (Gap::NotExported, "## Simulated, but not in these files"),
        (
            Gap::Added,
            "## In these files, but neither written nor simulated",
        ),
        (Gap::NotSimulated, "## Not covered by the simulation"),
    ];
    let mut texts = Vec::new();
    for (gap, title) in sections {
        let of_kind: Vec<&Note> = notes.iter().filter(|note| note.gap == gap).collect();
        if !of_kind.is_empty() {
            let lines: Vec<String> = of_kind
                .iter()
                .map(|note| format!("- **{}**: {}.\n", note.about, note.text))
                .collect();
            texts.push(format!("{title}\n\n{}", lines.concat()));
        }
    }
    out.push_str(&texts.join("\n"));
}
