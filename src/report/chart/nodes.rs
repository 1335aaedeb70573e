//! How many machines ran, and how many pods were ready on them?

use super::Chart;
use super::layout::{Key, Labels, Swatch, slots};
use super::palette::series;
use super::panel::{TimeAxis, TimePanel};
use super::scale::{Scale, Unit};
use super::services::line_per_service;
use crate::metrics::RunResult;
use crate::report::findings;

/// The chart.
pub(super) fn chart(result: &RunResult) -> Chart {
    let axis = TimeAxis::of(result);
    let [above, below] = slots([1.0, 1.0]);
    let mut marks = Vec::new();

    let layers = &result.series.nodes;
    let stack: Vec<_> = layers
        .iter()
        .enumerate()
        .map(|(place, (_, nodes))| {
            let nodes = nodes.iter().copied().map(f64::from).collect();
            (series(place), nodes)
        })
        .collect();
    let labels = Labels {
        heading: "Nodes, by layer",
        legend: layers
            .iter()
            .enumerate()
            .map(|(place, (layer, _))| Key::new(layer, series(place), Swatch::Fill))
            .collect(),
        unit: Unit::Number,
    };
    let scale = Scale::up_to(findings::tallest(&stack), Unit::Number);
    TimePanel::open(&mut marks, &axis, above, labels, scale).stack(&stack);

    let services = &result.series.services;
    let heading = "Ready pods, by service";
    line_per_service(&mut marks, &axis, below, heading, services, |service| {
        service.ready.iter().copied().map(f64::from).collect()
    });

    Chart {
        name: "nodes",
        title: "Nodes and ready pods".to_owned(),
        caption: findings::nodes(result),
        marks,
    }
}
