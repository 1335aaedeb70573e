//! When is it good, and when does somebody starve?

use super::context::Context;
use super::names::Names;
use crate::api::GoDuration;
use crate::des::SimDuration;
use crate::scenario::decode::Part;
use crate::scenario::model::{Service, Slo, SloTarget, Starvation};
use crate::scenario::spec::{PercentileBounds, SloSpec, StarvationSpec};
use crate::scenario::tree::child;

/// A pod that is Pending for longer starves, where the scenario does not say.
const STARVING_POD: SimDuration = SimDuration::from_secs(120);

pub(super) fn slos(
    cx: &mut Context<'_>,
    specs: &[Part<SloSpec>],
    names: &Names,
) -> Option<Vec<Slo>> {
    let slos: Vec<Option<Slo>> = specs
        .iter()
        .enumerate()
        .map(|(place, spec)| slo(cx, &format!("slo[{place}]"), spec.get()?, names))
        .collect();
    slos.into_iter().collect()
}

fn slo(cx: &mut Context<'_>, path: &str, spec: &SloSpec, names: &Names) -> Option<Slo> {
    let target = target(cx, path, spec, names);
    let latency = spec.latency.as_ref();
    let latency = latency.map_or(Vec::new(), |bounds| latency_bounds(cx, path, bounds));
    let availability = spec.availability.as_deref();
    let availability_ppm =
        availability.map(|text| cx.percentage(&format!("{path}.availability"), text));
    if latency.is_empty() && availability.is_none() {
        cx.expected(path, "has no goal", "expected `latency` or `availability`");
    }
    Some(Slo {
        target: target?,
        latency,
        availability_ppm,
    })
}

fn target(cx: &mut Context<'_>, path: &str, spec: &SloSpec, names: &Names) -> Option<SloTarget> {
    match (&spec.service, &spec.queue, &spec.journey) {
        (Some(name), None, None) => {
            let service = names.service(cx, &format!("{path}.service"), name);
            service.map(SloTarget::Service)
        }
        (None, Some(name), None) => {
            let queue = names.queue(cx, &format!("{path}.queue"), name);
            queue.map(SloTarget::Queue)
        }
        (None, None, Some(name)) => {
            let journey = names.journey(cx, &format!("{path}.journey"), name);
            journey.map(SloTarget::Journey)
        }
        _ => {
            let what = "does not name one thing";
            cx.expected(
                path,
                what,
                "expected exactly one of `service`, `queue` and `journey`",
            );
            None
        }
    }
}

fn latency_bounds(
    cx: &mut Context<'_>,
    path: &str,
    bounds: &PercentileBounds,
) -> Vec<(u32, SimDuration)> {
    let given: [(&str, u32, Option<GoDuration>); 5] = [
        ("p50", 500_000, bounds.p50),
        ("p90", 900_000, bounds.p90),
        ("p95", 950_000, bounds.p95),
        ("p99", 990_000, bounds.p99),
        ("p99.9", 999_000, bounds.p999),
    ];
    let mut found: Vec<(u32, SimDuration)> = Vec::new();
    for (name, ppm, bound) in given {
        let Some(bound) = bound else { continue };
        let path = child(&format!("{path}.latency"), name);
        let bound = cx.positive_time(&path, bound);
        let rises = found.last().is_none_or(|(_, lower)| *lower <= bound);
        cx.require(
            rises,
            &path,
            "is below the bound of a lower percentile",
            "expected at least as much",
        );
        found.push((ppm, bound));
    }
    found
}

/// Thresholds; those of requests go into the services.
pub(super) fn starvation(
    cx: &mut Context<'_>,
    spec: &StarvationSpec,
    names: &Names,
    services: &mut [Option<Service>],
) -> Starvation {
    for (name, limit) in &spec.request {
        let path = child("starvation.request", name);
        let limit = cx.positive_time(&path, *limit);
        let Some(id) = names.service(cx, &path, name) else {
            continue;
        };
        if let Some(Some(service)) = services.get_mut(id.index()) {
            service.starvation = limit;
        }
    }
    let pod = spec.pod;
    Starvation {
        pod: pod.map_or(STARVING_POD, |pod| cx.positive_time("starvation.pod", pod)),
    }
}
