//! Who went without, and when? Pending pods by cause, requests that starved in a queue, CPU wanted and not granted.

use plotters::style::RGBColor;

use super::Chart;
use super::drawing::Mark;
use super::layout::{Key, Labels, Swatch, slots};
use super::palette::{INK, series};
use super::panel::{TimeAxis, TimePanel};
use super::scale::{Scale, Unit};
use crate::metrics::RunResult;
use crate::report::findings;

/// The chart.
pub(super) fn chart(result: &RunResult) -> Chart {
    let axis = TimeAxis::of(result);
    let [above, middle, below] = slots([1.25, 1.0, 0.9]);
    let mut marks = Vec::new();
    pending(&mut marks, &axis, above, result);
    starved(&mut marks, &axis, middle, result);
    missed(&mut marks, &axis, below, result);
    Chart {
        name: "starvation",
        title: "Starvation".to_owned(),
        caption: findings::starvation(result),
        marks,
    }
}

/// Pending pods by cause, and how many of them starve.
pub(super) fn pending(
    marks: &mut Vec<Mark>,
    axis: &TimeAxis,
    slot: (f64, f64),
    result: &RunResult,
) {
    let seen: Vec<(usize, &str, Vec<f64>)> = result
        .series
        .pending
        .iter()
        .enumerate()
        .filter(|(_, (_, pods))| pods.iter().any(|&n| n > 0))
        .map(|(place, (cause, pods))| {
            let pods = pods.iter().copied().map(f64::from).collect();
            (place, cause.as_str(), pods)
        })
        .collect();
    let mut legend: Vec<Key> = seen
        .iter()
        .map(|&(place, cause, _)| Key::new(cause, series(place), Swatch::Fill))
        .collect();
    if !seen.is_empty() {
        legend.push(Key::new("of them starving", INK, Swatch::Line));
    }
    let labels = Labels {
        heading: "Pending pods, by cause",
        legend,
        unit: Unit::Number,
    };
    let stack: Vec<(RGBColor, Vec<f64>)> = seen
        .into_iter()
        .map(|(place, _, pods)| (series(place), pods))
        .collect();
    let scale = Scale::up_to(findings::tallest(&stack), Unit::Number);
    let mut panel = TimePanel::open(marks, axis, slot, labels, scale);
    if stack.is_empty() {
        panel.remark("No pod was Pending at the end of any interval.");
        return;
    }
    panel.stack(&stack);
    let starving: Vec<Option<f64>> = result
        .series
        .starving
        .iter()
        .map(|&pods| (pods > 0).then_some(f64::from(pods)))
        .collect();
    panel.line(&starving, 1.5, INK);
}

fn starved(marks: &mut Vec<Mark>, axis: &TimeAxis, slot: (f64, f64), result: &RunResult) {
    let minutes = axis.bucket_seconds() / 60.0;
    let seen: Vec<(usize, &str, Vec<f64>)> = result
        .series
        .services
        .iter()
        .enumerate()
        .filter(|(_, service)| service.starved.iter().any(|&n| n > 0))
        .map(|(place, service)| {
            let rate = service.starved.iter().map(|&n| n as f64 / minutes);
            (place, service.name.as_str(), rate.collect())
        })
        .collect();
    let labels = Labels {
        heading: "Starved requests per minute, by service",
        legend: seen
            .iter()
            .map(|&(place, name, _)| Key::new(name, series(place), Swatch::Fill))
            .collect(),
        unit: Unit::Number,
    };
    let stack: Vec<(RGBColor, Vec<f64>)> = seen
        .into_iter()
        .map(|(place, _, rate)| (series(place), rate))
        .collect();
    let scale = Scale::up_to(findings::tallest(&stack), Unit::Number);
    let mut panel = TimePanel::open(marks, axis, slot, labels, scale);
    if stack.is_empty() {
        panel.remark("No request waited longer than its threshold in a queue.");
    }
    panel.stack(&stack);
}

fn missed(marks: &mut Vec<Mark>, axis: &TimeAxis, slot: (f64, f64), result: &RunResult) {
    let cores: Vec<f64> = result
        .series
        .cpu_missed
        .iter()
        .map(|core_seconds| core_seconds / axis.bucket_seconds())
        .collect();
    let stack = [(series(0), cores)];
    let labels = Labels {
        heading: "CPU wanted and not granted, in cores",
        legend: Vec::new(),
        unit: Unit::Number,
    };
    let most = findings::tallest(&stack);
    let scale = Scale::up_to(most, Unit::Number);
    let mut panel = TimePanel::open(marks, axis, slot, labels, scale);
    if most == 0.0 {
        panel.remark("No node was short of CPU.");
    }
    panel.stack(&stack);
}
