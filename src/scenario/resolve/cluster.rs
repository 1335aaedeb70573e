//! Which nodes may there be?

mod ami;
mod autoscaler;
mod change;
mod daemon;
mod hash;
mod karpenter;
mod node_class;
mod node_group;
mod node_pool;
mod reservation;

use jiff::Zoned;

use super::context::Context;
use super::manifest::Manifest;
use crate::api::Symbol;
use crate::cloud::Catalog;
use crate::scenario::model::ClusterModel;
use crate::scenario::spec::cluster::ClusterSpec;

use reservation::Known;

pub(super) use daemon::{DaemonPods, daemons};
pub(super) use node_pool::suits;

/// `kubernetesVersion` where absent.
const KUBERNETES_MINOR: u32 = 36;
/// Versions EKS knows.
const KUBERNETES_MINORS: std::ops::RangeInclusive<u32> = 28..=40;

/// What a node class can choose from.
#[derive(Clone, Copy)]
pub(super) struct Stock<'s> {
    catalog: &'s Catalog,
    /// Zones of the cluster.
    zones: &'s [Symbol],
    reservations: &'s [Known],
    /// What machines really keep of their memory, if the scenario says so.
    memory_overhead_ppm: Option<u32>,
}

/// The cluster; `None` where a part of it is broken, which is reported.
pub(super) fn cluster(
    cx: &mut Context<'_>,
    spec: &ClusterSpec,
    catalog: &Catalog,
    karpenter_manifests: &[Manifest],
    applied: &[Manifest],
    start: Option<&Zoned>,
    memory_overhead_ppm: Option<u32>,
) -> Option<ClusterModel> {
    let version = spec.kubernetes_version.get();
    let minor = version.and_then(|version| match version {
        Some(version) => kubernetes_minor(cx, version),
        None => Some(KUBERNETES_MINOR),
    });
    cx.require(
        !spec.name.is_empty(),
        "cluster.name",
        "is empty",
        "expected a name",
    );
    let zones = spec
        .availability_zones
        .get()
        .map(|names| zones(cx, names, catalog))?;
    let reservations = spec.capacity_reservations.get();
    let reservations =
        reservations.and_then(|specs| reservation::reservations(cx, specs, catalog, &zones, start));
    let stock = Stock {
        catalog,
        zones: &zones,
        reservations: reservations.as_deref().unwrap_or_default(),
        memory_overhead_ppm,
    };
    let karpenter = spec.karpenter.get().and_then(|karpenter| match karpenter {
        Some(spec) => karpenter::karpenter(cx, spec, karpenter_manifests, applied, stock).map(Some),
        None => {
            for manifest in applied {
                let expected = "expected `cluster.karpenter`";
                cx.expected(&manifest.path, "applies to no Karpenter", expected);
            }
            Some(None)
        }
    });
    let node_groups = spec
        .node_groups
        .get()
        .and_then(|groups| node_group::node_groups(cx, groups, stock));
    let (minor, node_groups) = (minor?, node_groups?);
    let autoscaler = match spec.cluster_autoscaler.get()? {
        Some(spec) => Some(autoscaler::autoscaler(cx, spec, minor, &node_groups)?),
        None => None,
    };
    Some(ClusterModel {
        name: spec.name.clone(),
        kubernetes_minor: minor,
        autoscaler,
        node_groups,
        karpenter: karpenter?,
        daemons: Vec::new(),
        reservations: reservations?
            .into_iter()
            .map(|known| known.reservation)
            .collect(),
        zones,
    })
}

fn kubernetes_minor(cx: &mut Context<'_>, version: &str) -> Option<u32> {
    let minor = version
        .strip_prefix("1.")
        .and_then(|minor| minor.parse().ok());
    let minor = minor.filter(|minor| KUBERNETES_MINORS.contains(minor));
    if minor.is_none() {
        let (first, last) = (KUBERNETES_MINORS.start(), KUBERNETES_MINORS.end());
        let expected = format!("expected `\"1.{first}\"` to `\"1.{last}\"`");
        let what = format!("is `{version}`, which is no version of Kubernetes here");
        cx.expected("cluster.kubernetesVersion", what, expected);
    }
    minor
}

/// Zones by id or letter name, as ids.
fn zones(cx: &mut Context<'_>, names: &[String], catalog: &Catalog) -> Vec<Symbol> {
    let path = "cluster.availabilityZones";
    let mut zones = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let path = format!("{path}[{place}]");
        if let Some(zone) = zone(cx, &path, name, catalog) {
            if zones.contains(&zone) {
                cx.expected(
                    &path,
                    format!("names zone `{name}` again"),
                    "expected it once",
                );
            }
            zones.push(zone);
        }
    }
    if names.is_empty() {
        cx.expected(path, "is empty", "expected at least one zone");
    }
    zones
}

/// A zone of the region, by id or letter name.
pub(super) fn zone(
    cx: &mut Context<'_>,
    path: &str,
    name: &str,
    catalog: &Catalog,
) -> Option<Symbol> {
    let symbol = cx.symbols.get(name);
    if let Some(place) = symbol.and_then(|symbol| catalog.zone_place(symbol)) {
        return Some(catalog.zones[place].id);
    }
    let region = cx.symbols.name(catalog.region).into_owned();
    let known: Vec<String> = catalog
        .zones
        .iter()
        .map(|zone| cx.symbols.name(zone.id).into_owned())
        .collect();
    let known = known.iter().map(String::as_str);
    cx.unknown(path, &format!("zone of {region}"), name, known);
    None
}
