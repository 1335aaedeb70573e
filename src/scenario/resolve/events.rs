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
use crate::scenario::model::events::{EventKind, TimedEvent};
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
const KINDS: &str = "`apply`, `imageRelease`, `rollout`, `interruption`, `nodeFailure`, `zoneLoss` or `nodeGroupUpdate`";
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
    let kinds = (
        &spec.apply,
        &spec.image_release,
        &spec.rollout,
        &spec.interruption,
        &spec.node_failure,
        &spec.zone_loss,
        &spec.node_group_update,
    );
    let kind = match kinds {
        (Some(_), None, None, None, None, None, None) => {
            let applied = format!("{path}.apply");
            let place = changes.iter().position(|change| change.path == applied);
            place.map(EventKind::Apply)
        }
        (None, Some(release), None, None, None, None, None) => {
            image_family(cx, path, release).map(EventKind::ImageRelease)
        }
        (None, None, Some(spec), None, None, None, None) => {
            let at = format!("{path}.rollout.service");
            let service = around.names.service(cx, &at, &spec.service);
            let image = cx.intern(&format!("{path} of {}", spec.service));
            service.map(|service| EventKind::Rollout(service, image))
        }
        (None, None, None, Some(spec), None, None, None) => {
            interruption(cx, &format!("{path}.interruption"), spec, around)
        }
        (None, None, None, None, Some(spec), None, None) => {
            node_failure(cx, &format!("{path}.nodeFailure"), spec, around)
        }
        (None, None, None, None, None, Some(spec), None) => {
            zone_loss(cx, &format!("{path}.zoneLoss"), spec, around)
        }
        (None, None, None, None, None, None, Some(spec)) => {
            node_group_update(cx, &format!("{path}.nodeGroupUpdate"), spec, around)
        }
        _ => {
            let what = "does not say one thing that happens";
            cx.expected(path, what, format!("expected `at` and one of {KINDS}"));
            None
        }
    };
    Some(TimedEvent {
        at: SimTime::ZERO + after,
        kind: kind?,
    })
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
