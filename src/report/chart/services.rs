//! How does one measure go for every service? A panel with a line for each.

use super::drawing::Mark;
use super::layout::{Key, Labels, Swatch};
use super::palette::series;
use super::panel::{TimeAxis, TimePanel};
use super::scale::{Scale, Unit};
use crate::metrics::result::ServiceSeries;

/// Draws the values of each service's buckets, from zero to the highest of all.
pub(super) fn line_per_service(
    marks: &mut Vec<Mark>,
    axis: &TimeAxis,
    slot: (f64, f64),
    heading: &str,
    services: &[ServiceSeries],
    values: impl Fn(&ServiceSeries) -> Vec<f64>,
) {
    let lines: Vec<Vec<f64>> = services.iter().map(values).collect();
    let highest = lines.iter().flatten().copied().fold(0.0, f64::max);
    let labels = Labels {
        heading,
        legend: services
            .iter()
            .enumerate()
            .map(|(place, service)| Key::new(&service.name, series(place), Swatch::Line))
            .collect(),
        unit: Unit::Number,
    };
    let scale = Scale::up_to(highest, Unit::Number);
    let mut panel = TimePanel::open(marks, axis, slot, labels, scale);
    for (place, line) in lines.into_iter().enumerate() {
        let line: Vec<_> = line.into_iter().map(Some).collect();
        panel.line(&line, 1.5, series(place));
    }
}
