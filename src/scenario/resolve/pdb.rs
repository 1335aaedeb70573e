//! Which pods may not go all at once?

use super::context::Context;
use super::manifest::{Manifest, Object};
use super::selector::pods;
use crate::cluster::{PodTemplate, TemplateId};
use crate::kube::pdb::PdbSpec;
use crate::scenario::model::Pdb;

/// The PodDisruptionBudgets among the manifests of a service in `namespace`.
pub(super) fn pdbs(
    cx: &mut Context<'_>,
    manifests: &[Manifest],
    namespace: &str,
    templates: &[(TemplateId, &PodTemplate)],
) -> Vec<(String, Pdb)> {
    let mut budgets = Vec::new();
    for manifest in manifests {
        let Some(Object::Pdb(object)) = &manifest.object else {
            continue;
        };
        let path = &manifest.path;
        let namespace = manifest.namespace.as_deref().unwrap_or(namespace);
        let selector = pods(cx, &format!("{path}.spec.selector"), &object.spec.selector);
        let home = cx.intern(namespace);
        let covered = templates.iter().filter(|(_, template)| {
            template.namespace == home && selector.matches(&template.labels, &cx.symbols)
        });
        let covered: Vec<TemplateId> = covered.map(|(id, _)| *id).collect();
        match PdbSpec::from_object(object) {
            Ok(spec) => budgets.push((
                path.clone(),
                Pdb {
                    name: format!("{namespace}/{}", manifest.name),
                    spec,
                    templates: covered,
                },
            )),
            Err(mistakes) => cx.mistakes(path, mistakes),
        }
    }
    budgets
}
