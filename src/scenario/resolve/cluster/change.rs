//! Which manifests are applied while the cluster runs, and which do they replace?

use super::Stock;
use super::node_class::{Defaults, node_class};
use super::node_pool::node_pool;
use crate::scenario::model::cluster::Change;
use crate::scenario::model::{NodeClassModel, NodePoolModel};
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::manifest::{Manifest, Object};

/// What a manifest can replace.
pub(super) struct Present<'p> {
    pub(super) pools: &'p [NodePoolModel],
    pub(super) class_names: &'p [String],
    pub(super) classes: &'p [Option<NodeClassModel>],
    pub(super) defaults: &'p Defaults,
    pub(super) best_effort_min_values: bool,
    pub(super) stock: Stock<'p>,
}

/// The change a manifest makes; `None` where it is broken or there is nothing of its name.
pub(super) fn change(
    cx: &mut Context<'_>,
    manifest: &Manifest,
    present: &Present<'_>,
) -> Option<Change> {
    let path = &manifest.path;
    match manifest.object.as_ref()? {
        Object::NodePool(object) => {
            let names: Vec<&str> = present.pools.iter().map(|pool| &*pool.name).collect();
            let place = place_of(cx, manifest, &names);
            let (names, classes) = (present.class_names, present.classes);
            let best_effort = present.best_effort_min_values;
            let pool = node_pool(cx, path, object, names, classes, best_effort);
            let (place, pool) = (place?, pool?);
            if pool.replicas.is_some() != present.pools[place].replicas.is_some() {
                let what = "turns a static pool into another, or back";
                let expected = "expected `replicas` as the pool was created with or without";
                cx.expected(&format!("{path}.spec"), what, expected);
            }
            Some(Change::Pool(place, Box::new(pool)))
        }
        Object::NodeClass(object) => {
            let names: Vec<&str> = present.class_names.iter().map(|name| &**name).collect();
            let place = place_of(cx, manifest, &names);
            let class = node_class(cx, path, object, present.defaults, present.stock);
            Some(Change::Class(place?, Box::new(class?)))
        }
        _ => None,
    }
}

fn place_of(cx: &mut Context<'_>, manifest: &Manifest, names: &[&str]) -> Option<usize> {
    let place = names.iter().position(|name| *name == manifest.name);
    if place.is_none() {
        let path = format!("{}.metadata.name", manifest.path);
        let known = names.iter().copied();
        cx.unknown(&path, manifest.kind, &manifest.name, known);
    }
    place
}
