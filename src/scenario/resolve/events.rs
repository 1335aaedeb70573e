//! What happens to the cluster at times of its own?

use super::context::Context;
use super::manifest::{Manifest, Place, manifest};
use super::names::Names;
use crate::api::Symbol;
use crate::cloud::AmiFamily;
use crate::des::{SimDuration, SimTime};
use crate::karpenter::interruption::Kind;
use crate::karpenter::repair::Condition;
use crate::scenario::decode::Part;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::events::{EventKind, MetricsSource, TimedEvent};
use crate::scenario::model::{NodeGroupModel, NodePoolModel};
use crate::scenario::spec::events::{
    EventSpec, ImageReleaseSpec, InterruptionSpec, NodeFailureSpec, NodeGroupUpdateSpec,
    ZoneLossSpec,
};

/// Families of which AWS releases images.
const FAMILIES: [&str; 6] = [
    "AL2",
    "AL2023",
    "Bottlerocket",
    "Windows2019",
    "Windows2022",
    "Windows2025",
];
/// The kinds, as they stand beside `at`.
const KINDS: &str = "`apply`, `imageRelease`, `rollout`, `crash`, `metricsOutage`, `interruption`, `nodeFailure`, `zoneLoss` or `nodeGroupUpdate`";
/// Who can fail to answer autoscalers.
const METRICS_SOURCES: [(&str, MetricsSource); 3] = [
    ("metrics-server", MetricsSource::Server),
    ("custom-metrics", MetricsSource::Custom),
    ("external-metrics", MetricsSource::External),
];
/// What AWS can do to an instance.
const INTERRUPTIONS: [(&str, Kind); 8] = [
    ("spotInterrupted", Kind::SpotInterrupted),
    ("rebalanceRecommendation", Kind::RebalanceRecommendation),
    ("scheduledChange", Kind::ScheduledChange),
    ("eventStatus", Kind::EventStatus),
    ("instanceStopped", Kind::InstanceStopped),
    ("instanceTerminated", Kind::InstanceTerminated),
    ("instanceStatus", Kind::InstanceStatus),
    ("systemStatus", Kind::SystemStatus),
];

/// What events refer to.
pub(super) struct Around<'a> {
    pub(super) duration: SimDuration,
    pub(super) names: &'a Names,
    pub(super) pools: &'a [NodePoolModel],
    pub(super) zones: &'a [Symbol],
    pub(super) groups: &'a [NodeGroupModel],
}

/// The manifests that events apply, in the order of the events.
pub(super) fn applied(cx: &mut Context<'_>, specs: &[Part<EventSpec>]) -> Vec<Manifest> {
    let applies = |spec: &Part<EventSpec>| spec.get().is_some_and(|spec| spec.apply.is_some());
    let places: Vec<usize> = (0..specs.len()).filter(|&p| applies(&specs[p])).collect();
    let read = |place| manifest(cx, format!("events[{place}].apply"), Place::Karpenter);
    places.into_iter().filter_map(read).collect()
}

/// The events; `None` where one is broken. `changes` are the paths of the manifests they apply, in the order of the changes.
pub(super) fn events(
    cx: &mut Context<'_>,
    specs: &[Part<EventSpec>],
    changes: &[Manifest],
    around: &Around<'_>,
) -> Option<Vec<TimedEvent>> {
    let each = specs.iter().enumerate().map(|(place, spec)| {
        let path = format!("events[{place}]");
        event(cx, &path, spec.get()?, changes, around)
    });
    let events: Vec<Option<TimedEvent>> = each.collect();
    events.into_iter().collect()
}

fn event(
    cx: &mut Context<'_>,
    path: &str,
    spec: &EventSpec,
    changes: &[Manifest],
    around: &Around<'_>,
) -> Option<TimedEvent> {
    let at = format!("{path}.at");
    let after = cx.span_of_time(&at, spec.at);
    if after >= around.duration {
        let message = format!("`{path}` comes after the end of the simulation");
        cx.push(Diagnostic::warning(cx.span(&at), message));
    }
    let said = [
        spec.apply.is_some(),
        spec.image_release.is_some(),
        spec.rollout.is_some(),
        spec.crash.is_some(),
        spec.metrics_outage.is_some(),
        spec.interruption.is_some(),
        spec.node_failure.is_some(),
        spec.zone_loss.is_some(),
        spec.node_group_update.is_some(),
    ];
    if said.iter().filter(|&&said| said).count() != 1 {
        let what = "does not say one thing that happens";
        cx.expected(path, what, format!("expected `at` and one of {KINDS}"));
        return None;
    }
    let kind = what_happens(cx, path, spec, changes, around);
    Some(TimedEvent {
        at: SimTime::ZERO + after,
        kind: kind?,
    })
}

/// The one thing that an event says.
fn what_happens(
    cx: &mut Context<'_>,
    path: &str,
    spec: &EventSpec,
    changes: &[Manifest],
    around: &Around<'_>,
) -> Option<EventKind> {
    if let Some(release) = &spec.image_release {
        return image_family(cx, path, release).map(EventKind::ImageRelease);
    }
    if let Some(rollout) = &spec.rollout {
        let at = format!("{path}.rollout.service");
        let service = around.names.service(cx, &at, &rollout.service);
        let image = cx.intern(&format!("{path} of {}", rollout.service));
        return service.map(|service| EventKind::Rollout(service, image));
    }
    if let Some(crash) = &spec.crash {
        let at = format!("{path}.crash");
        let service = around
            .names
            .service(cx, &format!("{at}.service"), &crash.service);
        let pods = cx.at_least_one(&format!("{at}.pods"), crash.pods.unwrap_or(1));
        return service.map(|service| EventKind::Crash(service, pods));
    }
    if let Some(outage) = &spec.metrics_outage {
        let at = format!("{path}.metricsOutage");
        let lasts = cx.positive_time(&format!("{at}.for"), outage.lasts);
        let at = format!("{at}.source");
        let source = cx.choice(&at, "source of metrics", &outage.source, &METRICS_SOURCES)?;
        return Some(EventKind::MetricsOutage(source, lasts));
    }
    if let Some(spec) = &spec.interruption {
        return interruption(cx, &format!("{path}.interruption"), spec, around);
    }
    if let Some(spec) = &spec.node_failure {
        return node_failure(cx, &format!("{path}.nodeFailure"), spec, around);
    }
    if let Some(spec) = &spec.zone_loss {
        return zone_loss(cx, &format!("{path}.zoneLoss"), spec, around);
    }
    if let Some(spec) = &spec.node_group_update {
        return node_group_update(cx, &format!("{path}.nodeGroupUpdate"), spec, around);
    }
    let applied = format!("{path}.apply");
    let place = changes.iter().position(|change| change.path == applied);
    place.map(EventKind::Apply)
}

fn interruption(
    cx: &mut Context<'_>,
    path: &str,
    spec: &InterruptionSpec,
    around: &Around<'_>,
) -> Option<EventKind> {
    let at = format!("{path}.kind");
    let kind = cx.choice(&at, "interruption", &spec.kind, &INTERRUPTIONS);
    let (pool, nodes) = some_nodes(cx, path, &spec.node_pool, spec.nodes, around);
    Some(EventKind::Interruption {
        pool: pool?,
        nodes,
        kind: kind?,
    })
}

fn node_failure(
    cx: &mut Context<'_>,
    path: &str,
    spec: &NodeFailureSpec,
    around: &Around<'_>,
) -> Option<EventKind> {
    let condition = spec.condition.as_deref().unwrap_or("Ready");
    let at = format!("{path}.condition");
    let condition = cx.choice(&at, "condition of a node", condition, &Condition::ALL);
    let (pool, nodes) = some_nodes(cx, path, &spec.node_pool, spec.nodes, around);
    Some(EventKind::NodeFailure {
        pool: pool?,
        nodes,
        condition: condition?,
    })
}

/// The place of a NodePool, and how many of its nodes are meant.
fn some_nodes(
    cx: &mut Context<'_>,
    path: &str,
    name: &str,
    nodes: Option<u32>,
    around: &Around<'_>,
) -> (Option<usize>, u32) {
    let place = around.pools.iter().position(|pool| pool.name == name);
    if place.is_none() {
        let known = around.pools.iter().map(|pool| pool.name.as_str());
        cx.unknown(&format!("{path}.nodePool"), "NodePool", name, known);
    }
    let nodes = cx.at_least_one(&format!("{path}.nodes"), nodes.unwrap_or(1));
    (place, nodes)
}

fn zone_loss(
    cx: &mut Context<'_>,
    path: &str,
    spec: &ZoneLossSpec,
    around: &Around<'_>,
) -> Option<EventKind> {
    let lasts = cx.positive_time(&format!("{path}.for"), spec.lasts);
    let zones = around.zones.iter();
    let zones: Vec<(String, Symbol)> = zones
        .map(|&zone| (cx.symbols.name(zone).into_owned(), zone))
        .collect();
    let choices: Vec<(&str, Symbol)> = zones.iter().map(|(name, zone)| (&**name, *zone)).collect();
    let at = format!("{path}.zone");
    let zone = cx.choice(&at, "zone of the cluster", &spec.zone, &choices)?;
    Some(EventKind::ZoneLoss(zone, lasts))
}

fn node_group_update(
    cx: &mut Context<'_>,
    path: &str,
    spec: &NodeGroupUpdateSpec,
    around: &Around<'_>,
) -> Option<EventKind> {
    let groups = around.groups.iter();
    let groups: Vec<String> = groups
        .map(|group| cx.symbols.name(group.spec.name).into_owned())
        .collect();
    let choices: Vec<(&str, usize)> = groups.iter().map(String::as_str).zip(0..).collect();
    let at = format!("{path}.nodeGroupName");
    let group = cx.choice(&at, "node group", &spec.node_group_name, &choices)?;
    Some(EventKind::NodeGroupUpdate {
        group,
        force: spec.force,
    })
}

fn image_family(cx: &mut Context<'_>, path: &str, spec: &ImageReleaseSpec) -> Option<AmiFamily> {
    let known = FAMILIES.map(|name| (name, AmiFamily::from_name(name)));
    let path = format!("{path}.imageRelease.family");
    cx.choice(&path, "image family", &spec.family, &known)
        .flatten()
}
