//! Which namespaces are there, and which of them does a selector mean?

use super::context::Context;
use super::manifest::{Manifest, Object};
use super::selector::{labels, pods};
use crate::api::objects::LabelSelector;
use crate::api::{LabelSet, Symbol};

/// The label by which every namespace carries its own name.
const NAME: &str = "kubernetes.io/metadata.name";

/// The namespaces with pods in them, and those that have a manifest.
pub(super) struct Namespaces(Vec<(Symbol, LabelSet)>);

impl Namespaces {
    /// Reads the Namespaces among the manifests; one of `inhabited` that has no manifest carries its name and no other label.
    pub(super) fn read<'n>(
        cx: &mut Context<'_>,
        manifests: &[Manifest],
        inhabited: impl Iterator<Item = &'n str>,
    ) -> Self {
        let mut all: Vec<(Symbol, LabelSet)> = Vec::new();
        for manifest in manifests {
            if let Some(Object::Namespace(metadata)) = &manifest.object {
                let own = labels(cx, &metadata.labels);
                all.push((cx.intern(&manifest.name), own));
            }
        }
        for name in inhabited {
            let name = cx.intern(name);
            if all.iter().all(|(known, _)| *known != name) {
                all.push((name, LabelSet::default()));
            }
        }
        let key = cx.intern(NAME);
        for (name, labels) in &mut all {
            labels.insert(key, *name);
        }
        Self(all)
    }

    /// Those a selector means.
    pub(super) fn selected(
        &self,
        cx: &mut Context<'_>,
        path: &str,
        selector: &LabelSelector,
    ) -> Vec<Symbol> {
        let selector = pods(cx, path, selector);
        let all = self.0.iter();
        let chosen = all.filter(|(_, labels)| selector.matches(labels, &cx.symbols));
        chosen.map(|(name, _)| *name).collect()
    }
}
