//! What happens to the cluster at times of its own?

use super::context::Context;
use super::manifest::{Manifest, Place, manifest};
use super::names::Names;
use crate::cloud::AmiFamily;
use crate::des::{SimDuration, SimTime};
use crate::scenario::decode::Part;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::events::{EventKind, TimedEvent};
use crate::scenario::spec::events::{EventSpec, ImageReleaseSpec};

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
const KINDS: &str = "`apply`, `imageRelease` or `rollout`";

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
    names: &Names,
    duration: SimDuration,
) -> Option<Vec<TimedEvent>> {
    let each = specs.iter().enumerate().map(|(place, spec)| {
        let path = format!("events[{place}]");
        event(cx, &path, spec.get()?, changes, names, duration)
    });
    let events: Vec<Option<TimedEvent>> = each.collect();
    events.into_iter().collect()
}

fn event(
    cx: &mut Context<'_>,
    path: &str,
    spec: &EventSpec,
    changes: &[Manifest],
    names: &Names,
    duration: SimDuration,
) -> Option<TimedEvent> {
    let at = format!("{path}.at");
    let after = cx.span_of_time(&at, spec.at);
    if after >= duration {
        let message = format!("`{path}` comes after the end of the simulation");
        cx.push(Diagnostic::warning(cx.span(&at), message));
    }
    let kind = match (&spec.apply, &spec.image_release, &spec.rollout) {
        (Some(_), None, None) => {
            let applied = format!("{path}.apply");
            let place = changes.iter().position(|change| change.path == applied);
            place.map(EventKind::Apply)
        }
        (None, Some(release), None) => image_family(cx, path, release).map(EventKind::ImageRelease),
        (None, None, Some(rollout)) => {
            let service = names.service(cx, &format!("{path}.rollout.service"), &rollout.service);
            let image = cx.intern(&format!("{path} of {}", rollout.service));
            service.map(|service| EventKind::Rollout(service, image))
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

fn image_family(cx: &mut Context<'_>, path: &str, spec: &ImageReleaseSpec) -> Option<AmiFamily> {
    let known = FAMILIES.map(|name| (name, AmiFamily::from_name(name)));
    let path = format!("{path}.imageRelease.family");
    cx.choice(&path, "image family", &spec.family, &known)
        .flatten()
}
