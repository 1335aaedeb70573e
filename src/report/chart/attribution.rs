//! Where did the time go? Shares of the mean request, of all and of the slowest, by part.

use super::Chart;
use super::drawing::{HEADING, LABEL, Type};
use super::layout::{Key, Labels, Swatch, slots};
use super::palette::{MUTED, series};
use super::rows::RowPanel;
use super::scale::{Scale, Unit};
use crate::metrics::RunResult;
use crate::metrics::result::{AttributionBand, ServiceResult};
use crate::report::{findings, units};

/// What is drawn of the bands.
const BANDS: usize = 3;
/// What has room, the busiest first.
const SERVICES: usize = 7;

/// The chart.
pub(super) fn chart(result: &RunResult) -> Chart {
    let services = findings::busiest(result, SERVICES);
    let parts = services
        .first()
        .map_or(&[][..], |service| &service.attribution.parts);
    let labels = Labels {
        heading: "Share of the mean request's time",
        legend: parts
            .iter()
            .enumerate()
            .map(|(place, part)| Key::new(part, series(place), Swatch::Fill))
            .collect(),
        unit: Unit::Share,
    };
    let [slot] = slots([1.0]);
    let rows = services.len() * (BANDS + 1);
    let whole = Scale::Linear {
        low: 0.0,
        high: 1.0,
    };
    let mut marks = Vec::new();
    let mut panel = RowPanel::open(&mut marks, slot, labels, (rows, 150.0), whole);
    for (place, service) in services.iter().enumerate() {
        draw(&mut panel, place * (BANDS + 1), service);
    }
    Chart {
        name: "attribution",
        title: "Where the time of a request goes".to_owned(),
        caption: findings::attribution(result),
        marks,
    }
}

/// The service's name, and a bar for each band with its mean in words.
fn draw(panel: &mut RowPanel<'_>, row: usize, service: &ServiceResult) {
    panel.name(row, &service.name, HEADING);
    let quiet = Type {
        color: MUTED,
        ..LABEL
    };
    for (place, band) in service.attribution.bands.iter().take(BANDS).enumerate() {
        let row = row + 1 + place;
        panel.name(row, band.band, quiet);
        let mean: u64 = band.mean_us.iter().sum();
        panel.bar(row, &shares(band, mean));
        panel.remark(row, &units::duration(mean));
    }
}

fn shares(band: &AttributionBand, mean: u64) -> Vec<(plotters::style::RGBColor, f64)> {
    band.mean_us
        .iter()
        .enumerate()
        .map(|(place, &micros)| (series(place), micros as f64 / mean.max(1) as f64))
        .collect()
}
