//! What is in the files: manifests, Terraform's resources, variables?

use std::path::Path;

use super::{Input, addons, hcl, plan, variables};
use crate::scenario::diagnostic::{Diagnostic, Diagnostics};
use crate::scenario::source::{FileId, Sources, Span};
use crate::scenario::tree::{Node, parse_documents};

/// Karpenter's chart.
pub(super) const KARPENTER: &str = "karpenter";
/// Cluster Autoscaler's chart.
pub(super) const CLUSTER_AUTOSCALER: &str = "cluster-autoscaler";

/// What was found, in the order of the files.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Kubernetes objects, each a map with `apiVersion` and `kind`; lists are taken apart.
    pub(super) manifests: Vec<Node>,
    /// Managed resources of Terraform.
    pub(super) resources: Vec<Resource>,
    /// Values of a root module's variables.
    pub(super) variables: Vec<(String, Node)>,
    /// Whether the variables are those of a module that karpsim wrote.
    pub(super) of_karpsim: bool,
    /// Region of the provider `aws`.
    pub(super) region: Option<Node>,
    /// What has no place in a scenario, with the reason.
    pub(super) left: Vec<String>,
    /// Values for charts, by chart.
    pub(super) chart_values: Vec<(String, Node)>,
}

/// A resource of Terraform.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// Such as `aws_eks_cluster`.
    pub(super) kind: String,
    /// Such as `aws_eks_cluster.this`.
    pub(super) address: String,
    /// Its attributes, a map; nested blocks are lists of maps. What is known after apply only is not there.
    pub(super) values: Node,
}

impl Resource {
    /// The last part of its address.
    pub(super) fn label(&self) -> &str {
        self.address.rsplit('.').next().unwrap_or(&self.address)
    }
}

impl Found {
    /// The value of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<&Node> {
        let mut variables = self.variables.iter();
        variables
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The resources of a kind.
    pub(super) fn resources(&self, kind: &str) -> impl Iterator<Item = &Resource> {
        self.resources
            .iter()
            .filter(move |resource| resource.kind == kind)
    }
}

/// Reads every file.
pub(super) fn read(inputs: &[Input], sources: &mut Sources, sink: &mut Diagnostics) -> Found {
    let mut found = Found::default();
    let mut module = Vec::new();
    for input in inputs {
        let file = sources.add(&input.path, &input.text);
        let extension = input.path.extension().and_then(|name| name.to_str());
        match extension {
            Some("yaml" | "yml" | "json") => {
                let mut said = Diagnostics::default();
                documents(file, sources, &mut found, &mut said);
                if input.named {
                    said.iter().for_each(|said| sink.push(said.clone()));
                } else if let Some(first) = said.iter().next() {
                    let path = input.path.display();
                    found.left.push(format!("{path}: {}", first.message));
                }
            }
            Some("tfvars") => {
                if let Some(body) = hcl::parse(file, sources, sink) {
                    hcl::variables(file, &body, sources, &mut found);
                }
            }
            Some("tf") => module.extend(hcl::parse(file, sources, sink).map(|body| (file, body))),
            _ => {
                let start = Span::beginning_of(file);
                sink.push(
                    Diagnostic::error(start, "nobody knows what this file is").expected(
                        "expected a name that ends in .yaml, .yml, .json, .tf or .tfvars",
                    ),
                );
            }
        }
    }
    hcl::module(&module, sources, &mut found);
    found.of_karpsim = variables::are_karpsims(&found);
    if found.of_karpsim {
        let of_terraform = variables::manifests(&found);
        found.manifests.extend(of_terraform);
    }
    found
}

fn documents(file: FileId, sources: &Sources, found: &mut Found, sink: &mut Diagnostics) {
    for document in parse_documents(file, sources.text(file), sink) {
        if plan::is_plan(&document) {
            plan::read(&document, found, sink);
        } else if let Some(chart) = chart_of(sources.path(file), &document) {
            found.chart_values.push((chart, document));
        } else {
            manifest(document, &mut found.manifests, sink);
        }
    }
}

/// The chart whose values a file holds: it is named after it; values with `settings` are Karpenter's.
fn chart_of(path: &Path, document: &Node) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    if document.get("kind").is_some() {
        return None;
    }
    if document.get("settings").is_some() {
        return Some(KARPENTER.to_owned());
    }
    let known = stem == CLUSTER_AUTOSCALER || addons::has_daemon_set(stem);
    known.then(|| stem.to_owned())
}

/// A Kubernetes object, or each of a list.
fn manifest(node: Node, manifests: &mut Vec<Node>, sink: &mut Diagnostics) {
    let kind = node.get("kind").and_then(Node::as_str);
    match kind {
        Some(kind) if kind.ends_with("List") && node.get("items").is_some() => {
            let items = node.get("items").map_or(&[][..], Node::items);
            for item in items {
                manifest(item.clone(), manifests, sink);
            }
        }
        Some(_) if node.get("apiVersion").is_some() => manifests.push(node),
        _ => sink.push(
            Diagnostic::error(node.span, "this is no Kubernetes object, no Terraform plan and no values of a known chart")
                .expected("expected `apiVersion` and `kind`, what `terraform show -json` prints, or a file named after its chart"),
        ),
    }
}
