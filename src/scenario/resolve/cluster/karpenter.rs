//! What does Karpenter have to work with?

use super::node_class::{Defaults, node_class};
use super::node_pool::node_pool;
use crate::api::{GoDuration, Symbol};
use crate::cloud::Catalog;
use crate::scenario::model::{KarpenterModel, NodeClassModel, NodePoolModel};
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::manifest::{Manifest, Object};
use crate::scenario::spec::cluster::{KarpenterSettingsSpec, KarpenterSpec};

/// `version` where absent.
const VERSION: &str = "1.14.1";
/// `settings.batchIdleDuration` where absent (spec/karpenter.md 7).
const BATCH_IDLE: GoDuration = GoDuration::from_secs(1);
/// `settings.batchMaxDuration` where absent (spec/karpenter.md 7).
const BATCH_MAX: GoDuration = GoDuration::from_secs(10);
/// `settings.vmMemoryOverheadPercent` where absent (spec/karpenter.md 7).
const VM_MEMORY_OVERHEAD: f64 = 0.075;
const SETTINGS: &str = "cluster.karpenter.settings";

pub(super) fn karpenter(
    cx: &mut Context<'_>,
    spec: &KarpenterSpec,
    manifests: &[Manifest],
    catalog: &Catalog,
    zones: &[Symbol],
) -> Option<KarpenterModel> {
    let settings = spec.settings.get()?;
    let defaults = defaults(cx, settings);
    let class_names = names(manifests, "EC2NodeClass");
    let classes: Vec<Option<NodeClassModel>> = manifests
        .iter()
        .filter(|manifest| manifest.kind == "EC2NodeClass")
        .map(|manifest| match &manifest.object {
            Some(Object::NodeClass(class)) => {
                node_class(cx, &manifest.path, class, &defaults, catalog, zones)
            }
            _ => None,
        })
        .collect();
    let best_effort = choice(
        cx,
        "minValuesPolicy",
        settings.min_values_policy.as_deref(),
        [("Strict", false), ("BestEffort", true)],
    );
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
                best_effort,
            ),
            _ => None,
        })
        .collect();
    let batch_idle = settings.batch_idle_duration.unwrap_or(BATCH_IDLE);
    let batch_max = settings.batch_max_duration.unwrap_or(BATCH_MAX);
    let at = format!("{SETTINGS}.batchMaxDuration");
    cx.require(
        batch_idle <= batch_max,
        &at,
        "is below `batchIdleDuration`",
        &format!("expected at least `{batch_idle}`"),
    );
    let mut pools = pools.into_iter().collect::<Option<Vec<_>>>();
    if let Some(pools) = &mut pools {
        pools.sort_by(|a, b| (b.weight, &b.name).cmp(&(a.weight, &a.name)));
    }
    let respect_preferences = choice(
        cx,
        "preferencePolicy",
        settings.preference_policy.as_deref(),
        [("Respect", true), ("Ignore", false)],
    );
    Some(KarpenterModel {
        version: spec.version.clone().unwrap_or(VERSION.to_owned()),
        batch_idle: cx.positive_time(&format!("{SETTINGS}.batchIdleDuration"), batch_idle),
        batch_max: cx.positive_time(&at, batch_max),
        respect_preferences,
        best_effort_min_values: best_effort,
        interruption_queue: settings
            .interruption_queue
            .as_deref()
            .is_some_and(|queue| !queue.is_empty()),
        spot_to_spot: settings.feature_gates.spot_to_spot_consolidation,
        pools: pools?,
        classes: classes.into_iter().collect::<Option<_>>()?,
    })
}

fn names(manifests: &[Manifest], kind: &str) -> Vec<String> {
    let of_kind = manifests.iter().filter(|manifest| manifest.kind == kind);
    of_kind.map(|manifest| manifest.name.clone()).collect()
}

/// A setting of two words; the first where absent.
fn choice(
    cx: &mut Context<'_>,
    field: &str,
    word: Option<&str>,
    choices: [(&str, bool); 2],
) -> bool {
    let default = choices[0].1;
    let word = word.unwrap_or(choices[0].0);
    let at = format!("{SETTINGS}.{field}");
    cx.choice(&at, "policy", word, &choices).unwrap_or(default)
}

fn defaults(cx: &mut Context<'_>, settings: &KarpenterSettingsSpec) -> Defaults {
    let at = format!("{SETTINGS}.vmMemoryOverheadPercent");
    let overhead = settings
        .vm_memory_overhead_percent
        .unwrap_or(VM_MEMORY_OVERHEAD);
    let overhead = cx.share(&at, overhead);
    let enis = settings.reserved_enis.map_or(0, |enis| {
        cx.units(&format!("{SETTINGS}.reservedENIs"), enis, 0)
    });
    Defaults {
        reserved_enis: u32::try_from(enis).unwrap_or(u32::MAX),
        vm_memory_overhead_ppm: (overhead * 1e6).round() as u32,
    }
}
