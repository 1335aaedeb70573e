//! What did it cost, and when? Dollars a day (or an hour) by layer above, and what they add up to below.

use plotters::style::RGBColor;

use super::Chart;
use super::layout::{Key, Labels, Swatch, slots};
use super::palette::series;
use super::panel::{TimeAxis, TimePanel};
use super::scale::{Scale, Unit};
use crate::metrics::RunResult;
use crate::report::clock::Clock;
use crate::report::findings;

/// The chart.
pub(super) fn chart(result: &RunResult) -> Chart {
    let axis = TimeAxis::of(result);
    let [above, below] = slots([1.0, 1.0]);
    let mut marks = Vec::new();
    let layers = &result.series.cost;
    let legend = || {
        let keys = layers.iter().enumerate();
        keys.map(|(place, (layer, _))| Key::new(layer, series(place), Swatch::Fill))
            .collect()
    };

    let bars = bars(&axis, layers);
    let tallest = bars
        .iter()
        .map(|bar| bar.layers.iter().map(|(_, usd)| usd).sum())
        .fold(0.0, f64::max);
    let labels = Labels {
        heading: if Clock::in_days(axis.span_us) {
            "US dollars per day, by layer"
        } else {
            "US dollars per hour, by layer"
        },
        legend: legend(),
        unit: Unit::Usd,
    };
    let scale = Scale::up_to(tallest, Unit::Usd);
    let mut panel = TimePanel::open(&mut marks, &axis, above, labels, scale);
    for bar in &bars {
        panel.bar(bar.from_us, bar.to_us, &bar.layers);
    }

    let sums = cumulative(layers);
    let labels = Labels {
        heading: "US dollars since the start, by layer",
        legend: legend(),
        unit: Unit::Usd,
    };
    let scale = Scale::up_to(findings::tallest(&sums), Unit::Usd);
    TimePanel::open(&mut marks, &axis, below, labels, scale).stack(&sums);

    Chart {
        name: "cost",
        title: "Cost by layer".to_owned(),
        caption: findings::cost(result),
        marks,
    }
}

struct Bar {
    from_us: u64,
    to_us: u64,
    layers: Vec<(RGBColor, f64)>,
}

/// Dollars by local day or hour; a bucket belongs to the period its middle is in.
fn bars(axis: &TimeAxis, layers: &[(String, Vec<i64>)]) -> Vec<Bar> {
    let mut from_us = 0;
    let mut next = 0;
    let buckets = layers.iter().map(|(_, spent)| spent.len()).max();
    axis.clock
        .periods(axis.span_us)
        .into_iter()
        .map(|to_us| {
            let first = next;
            while next < buckets.unwrap_or(0)
                && (axis.middle(next) < to_us || to_us == axis.span_us)
            {
                next += 1;
            }
            let usd =
                |spent: &Vec<i64>| -> f64 { spent[first..next].iter().sum::<i64>() as f64 / 1e9 };
            let layers = layers.iter().enumerate();
            let layers = layers
                .map(|(place, (_, spent))| (series(place), usd(spent)))
                .collect();
            let bar = Bar {
                from_us,
                to_us,
                layers,
            };
            from_us = to_us;
            bar
        })
        .collect()
}

/// Dollars since the start at every bucket, by layer.
fn cumulative(layers: &[(String, Vec<i64>)]) -> Vec<(RGBColor, Vec<f64>)> {
    layers
        .iter()
        .enumerate()
        .map(|(place, (_, spent))| {
            let sums = spent.iter().scan(0_i128, |sum, &nanos| {
                *sum += i128::from(nanos);
                Some(*sum as f64 / 1e9)
            });
            (series(place), sums.collect())
        })
        .collect()
}
