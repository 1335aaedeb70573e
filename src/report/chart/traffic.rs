//! How much was asked, and how long did it take? Requests per second of every service above, latency of the watched ones below.

use super::Chart;
use super::drawing::Mark;
use super::layout::{Key, Labels, Swatch, slots};
use super::palette::{ALARM, INK, faint, series};
use super::panel::{TimeAxis, TimePanel};
use super::scale::{Scale, Unit};
use super::services::line_per_service;
use crate::metrics::RunResult;
use crate::metrics::result::ServiceSeries;
use crate::report::findings::{self, Goal};

/// A bucket is marked when more than this share of its requests failed.
const FAILED_SHARE: f64 = 0.01;

/// The chart.
pub(super) fn chart(result: &RunResult) -> Chart {
    let axis = TimeAxis::of(result);
    let [above, below] = slots([0.9, 1.1]);
    let mut marks = Vec::new();
    requests(&mut marks, &axis, above, &result.series.services);
    latency(&mut marks, &axis, below, result);
    Chart {
        name: "traffic",
        title: "Traffic and latency".to_owned(),
        caption: findings::traffic(result),
        marks,
    }
}

/// Requests per second of every service.
pub(super) fn requests(
    marks: &mut Vec<Mark>,
    axis: &TimeAxis,
    slot: (f64, f64),
    services: &[ServiceSeries],
) {
    let seconds = axis.bucket_seconds();
    let heading = "Requests per second, by service";
    line_per_service(marks, axis, slot, heading, services, |service| {
        let ended = service.ended.iter();
        ended.map(|&n| n as f64 / seconds).collect()
    });
}

/// Median and 99th percentile of the watched services, their goals, and where more than a few requests failed.
pub(super) fn latency(
    marks: &mut Vec<Mark>,
    axis: &TimeAxis,
    slot: (f64, f64),
    result: &RunResult,
) {
    let watched = findings::watched(result);
    let services: Vec<(usize, &ServiceSeries)> = result
        .series
        .services
        .iter()
        .enumerate()
        .filter(|(_, service)| watched.contains(&service.name.as_str()))
        .collect();
    let goals: Vec<Goal<'_>> = findings::latency_goals(result)
        .into_iter()
        .filter(|goal| watched.contains(&goal.service))
        .collect();
    let mut legend = Vec::new();
    for &(place, service) in &services {
        let name = &service.name;
        legend.push(Key::new(
            &format!("{name} p99"),
            series(place),
            Swatch::Line,
        ));
        let color = faint(series(place));
        legend.push(Key::new(&format!("{name} p50"), color, Swatch::Line));
    }
    legend.push(Key::new("over 1 % failed", ALARM, Swatch::Fill));
    let labels = Labels {
        heading: "Latency (logarithmic)",
        legend,
        unit: Unit::Duration,
    };
    let seen = services
        .iter()
        .flat_map(|(_, service)| service.p50_us.iter().chain(&service.p99_us))
        .copied()
        .chain(goals.iter().map(|goal| goal.bound_us));
    let scale = Scale::log(seen.map(|micros| micros as f64));
    let mut panel = TimePanel::open(marks, axis, slot, labels, scale);
    let there = |values: &[u64]| -> Vec<Option<f64>> {
        values
            .iter()
            .map(|&micros| (micros > 0).then_some(micros as f64))
            .collect()
    };
    for &(place, service) in &services {
        panel.line(&there(&service.p50_us), 1.5, faint(series(place)));
    }
    for &(place, service) in &services {
        panel.line(&there(&service.p99_us), 1.5, series(place));
    }
    let failing = |bucket: usize| {
        services.iter().any(|(_, service)| {
            service.failed[bucket] as f64 > FAILED_SHARE * service.ended[bucket] as f64
        })
    };
    let buckets = services
        .first()
        .map_or(0, |(_, service)| service.ended.len());
    panel.rug(buckets, failing, ALARM);
    for goal in goals {
        panel.threshold(goal.bound_us as f64, goal.text, INK);
    }
}
