//! What does Karpenter have to work with?

mod settings;

use super::Stock;
use super::change::{Present, change};
use super::node_class::{Defaults, node_class};
use super::node_pool::node_pool;
use crate::scenario::model::cluster::Change;
use crate::scenario::model::{KarpenterModel, NodeClassModel, NodePoolModel};
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::manifest::{Manifest, Object};
use crate::scenario::resolve::release;
use crate::scenario::spec::karpenter::KarpenterSpec;

pub(super) fn karpenter(
    cx: &mut Context<'_>,
    spec: &KarpenterSpec,
    manifests: &[Manifest],
    applied: &[Manifest],
    stock: Stock<'_>,
) -> Option<KarpenterModel> {
    release::check(cx);
    let version = release::version(cx);
    settings::values(cx, spec.values.as_ref());
    let settings = settings::settings(cx, spec.settings.get()?, version);
    let defaults = Defaults {
        reserved_enis: settings.reserved_enis,
        vm_memory_overhead_ppm: settings.vm_memory_overhead_ppm,
        reserved_capacity: settings.reserved_capacity,
    };
    let class_names = names(manifests, "EC2NodeClass");
    let classes: Vec<Option<NodeClassModel>> = manifests
        .iter()
        .filter(|manifest| manifest.kind == "EC2NodeClass")
        .map(|manifest| match &manifest.object {
            Some(Object::NodeClass(class)) => {
                node_class(cx, &manifest.path, class, &defaults, stock)
            }
            _ => None,
        })
        .collect();
    let pools: Vec<Option<NodePoolModel>> = manifests
        .iter()
        .filter(|manifest| manifest.kind == "NodePool")
        .map(|manifest| match &manifest.object {
            Some(Object::NodePool(pool)) => node_pool(
                cx,
                &manifest.path,
                pool,
                &class_names,
                &classes,
                settings.best_effort_min_values,
            ),
            _ => None,
        })
        .collect();
    let mut pools = pools.into_iter().collect::<Option<Vec<_>>>();
    if let Some(pools) = &mut pools {
        pools.sort_by(|a, b| (b.weight, &b.name).cmp(&(a.weight, &a.name)));
    }
    let present = Present {
        pools: pools.as_deref().unwrap_or_default(),
        class_names: &class_names,
        classes: &classes,
        defaults: &defaults,
        best_effort_min_values: settings.best_effort_min_values,
        stock,
    };
    let changes: Vec<Option<Change>> = applied
        .iter()
        .map(|manifest| change(cx, manifest, &present))
        .collect();
    Some(KarpenterModel {
        version,
        settings: cx.node("cluster.karpenter.settings").cloned(),
        values: spec.values.clone(),
        batch_idle: settings.batch_idle,
        batch_max: settings.batch_max,
        respect_preferences: settings.respect_preferences,
        best_effort_min_values: settings.best_effort_min_values,
        interruption_queue: settings.interruption_queue,
        spot_to_spot: settings.spot_to_spot,
        reserved_capacity: settings.reserved_capacity,
        static_capacity: settings.static_capacity,
        node_repair: settings.node_repair,
        pools: pools?,
        classes: classes.into_iter().collect::<Option<_>>()?,
        changes: changes.into_iter().collect::<Option<_>>()?,
    })
}

fn names(manifests: &[Manifest], kind: &str) -> Vec<String> {
    let of_kind = manifests.iter().filter(|manifest| manifest.kind == kind);
    of_kind.map(|manifest| manifest.name.clone()).collect()
}
