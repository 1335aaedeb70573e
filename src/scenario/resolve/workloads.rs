//! What are the pods of some Deployments, apart from any scenario?

use std::path::Path;

use super::context::Context;
use super::manifest::{Manifest, Object, Place, manifests};
use super::namespace::Namespaces;
use super::pod::{ClusterWide, IMAGE_BYTES, Workload, pods_of};
use super::priority::priorities;
use crate::api::Symbols;
use crate::api::objects::DEFAULT_NAMESPACE;
use crate::cluster::PodTemplate;
use crate::scenario::diagnostic::{Diagnostics, render};
use crate::scenario::load::load;
use crate::scenario::source::Sources;

/// Resolves a document of two lists, `priorityClasses` and `deployments`, of real objects: a template for each Deployment,
/// made as a scenario makes it, and the strings behind its symbols.
///
/// # Errors
/// All mistakes, as they are shown to the user.
pub fn pod_templates(text: &str) -> Result<(Vec<PodTemplate>, Symbols), String> {
    let (mut sources, mut sink) = (Sources::default(), Diagnostics::default());
    let mut read = |_: &Path| Ok(text.to_owned());
    let root = load(
        Path::new("workloads.yaml"),
        &mut read,
        &mut sources,
        &mut sink,
    );
    let resolved = root.map(|root| {
        let cx = &mut Context::new(&root, &mut sink);
        let classes = manifests(cx, "priorityClasses", Place::Cluster);
        let priorities = priorities(cx, &classes);
        let mut templates = Vec::new();
        let deployments = manifests(cx, "deployments", Place::Service);
        let inhabited = deployments.iter().map(namespace);
        let namespaces = Namespaces::read(cx, &[], inhabited);
        let cluster = ClusterWide {
            priorities: &priorities,
            namespaces: &namespaces,
        };
        for manifest in deployments {
            if let Some(Object::Deployment(deployment)) = &manifest.object {
                let workload = Workload {
                    path: &manifest.path,
                    name: &manifest.name,
                    namespace: namespace(&manifest),
                    image_bytes: IMAGE_BYTES,
                    daemon: false,
                };
                templates.push(pods_of(cx, &workload, deployment, cluster).template);
            }
        }
        (templates, std::mem::take(&mut cx.symbols))
    });
    let resolved = resolved.filter(|_| !sink.has_errors());
    resolved.ok_or_else(|| render(&sink, &sources, false))
}

fn namespace(manifest: &Manifest) -> &str {
    manifest.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
}
