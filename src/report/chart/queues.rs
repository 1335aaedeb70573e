//! How long did the queues grow, and how old were messages when they were done?

use super::Chart;
use super::drawing::{LABEL, Mark};
use super::layout::{Key, Labels, Swatch, slots};
use super::palette::{faint, series};
use super::panel::{TimeAxis, TimePanel};
use super::rows::RowPanel;
use super::scale::{Scale, Unit};
use crate::metrics::RunResult;
use crate::metrics::result::QueueResult;
use crate::report::{findings, units};

/// The chart; none of a run without queues.
pub(super) fn chart(result: &RunResult) -> Option<Chart> {
    if result.queues.is_empty() {
        return None;
    }
    let axis = TimeAxis::of(result);
    let [above, below] = slots([1.3, 0.7]);
    let mut marks = Vec::new();
    lengths(&mut marks, &axis, above, &result.series.queues);
    ages(&mut marks, below, &result.queues);
    Some(Chart {
        name: "queues",
        title: "Queues: length and age".to_owned(),
        caption: findings::queues(result),
        marks,
    })
}

fn lengths(
    marks: &mut Vec<Mark>,
    axis: &TimeAxis,
    slot: (f64, f64),
    queues: &[(String, Vec<u64>)],
) {
    let labels = Labels {
        heading: "Messages waiting",
        legend: queues
            .iter()
            .enumerate()
            .map(|(place, (name, _))| Key::new(name, series(place), Swatch::Line))
            .collect(),
        unit: Unit::Number,
    };
    let most = queues.iter().flat_map(|(_, waiting)| waiting).max();
    let scale = Scale::up_to(most.copied().unwrap_or(0) as f64, Unit::Number);
    let mut panel = TimePanel::open(marks, axis, slot, labels, scale);
    for (place, (_, waiting)) in queues.iter().enumerate() {
        let waiting: Vec<_> = waiting.iter().map(|&n| Some(n as f64)).collect();
        panel.line(&waiting, 1.5, series(place));
    }
}

fn ages(marks: &mut Vec<Mark>, slot: (f64, f64), queues: &[QueueResult]) {
    let labels = Labels {
        heading: "Age of messages when worked off (logarithmic): p50, p95, p99 and the oldest",
        legend: Vec::new(),
        unit: Unit::Duration,
    };
    let seen = queues
        .iter()
        .flat_map(|queue| [queue.age.p50_us, queue.age.max_us]);
    let scale = Scale::log(seen.map(|micros| micros as f64));
    let mut panel = RowPanel::open(marks, slot, labels, (queues.len(), 120.0), scale);
    for (row, queue) in queues.iter().enumerate() {
        panel.name(row, &queue.name, LABEL);
        let age = queue.age;
        if age.count == 0 {
            panel.remark(row, "none done");
            continue;
        }
        let [p50, p95, p99, max] =
            [age.p50_us, age.p95_us, age.p99_us, age.max_us].map(|micros| micros as f64);
        let color = series(row);
        panel.range(row, (p50, max), 2.0, faint(color));
        panel.range(row, (p50, p95), 5.0, color);
        panel.dot(row, p50, 7.0, color);
        panel.dot(row, p95, 5.0, color);
        panel.dot(row, p99, 5.0, color);
        panel.dot(row, max, 4.0, faint(color));
        panel.remark(row, &units::duration(age.max_us));
    }
}
