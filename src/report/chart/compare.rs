//! How do runs differ? The same service under two or more configurations, and paired differences with their intervals.

use super::Chart;
use super::drawing::LABEL;
use super::layout::{Key, Labels, Swatch, slots};
use super::palette::{ALARM, AXIS, INK, series};
use super::panel::{TimeAxis, TimePanel};
use super::rows::RowPanel;
use super::scale::Scale;
pub use super::scale::Unit;
use crate::metrics::RunResult;
use crate::metrics::result::ServiceSeries;
use crate::report::{findings, units};

/// The 99th percentile of one service in several runs over the same time, above it the traffic of the first, so that the surge is
/// seen. Runs without the service are left out of the lines; `None` if no run has it.
#[must_use]
pub fn paired_latency_over_time(runs: &[(&str, &RunResult)], service: &str) -> Option<Chart> {
    let paired: Vec<(&str, &RunResult, &ServiceSeries)> = runs
        .iter()
        .filter_map(|&(label, run)| Some((label, run, findings::series_of(run, service)?)))
        .collect();
    let &(_, first, traffic) = paired.first()?;
    let axis = TimeAxis::of(first);
    let [above, below] = slots([0.6, 1.4]);
    let mut marks = Vec::new();

    let rate = |ended: u64| ended as f64 / axis.bucket_seconds();
    let most = traffic.ended.iter().copied().max().unwrap_or(0);
    let labels = Labels {
        heading: "Requests per second",
        legend: Vec::new(),
        unit: Unit::Number,
    };
    let scale = Scale::up_to(rate(most), Unit::Number);
    let asked: Vec<_> = traffic.ended.iter().map(|&n| Some(rate(n))).collect();
    TimePanel::open(&mut marks, &axis, above, labels, scale).line(&asked, 1.5, AXIS);

    let labels = Labels {
        heading: "p99 latency (logarithmic)",
        legend: paired
            .iter()
            .enumerate()
            .map(|(place, &(label, ..))| Key::new(label, series(place), Swatch::Line))
            .collect(),
        unit: Unit::Duration,
    };
    let seen = paired.iter().flat_map(|(.., line)| &line.p99_us);
    let scale = Scale::log(seen.map(|&micros| micros as f64));
    let mut panel = TimePanel::open(&mut marks, &axis, below, labels, scale);
    for (place, (.., line)) in paired.iter().enumerate() {
        let p99: Vec<_> = line
            .p99_us
            .iter()
            .map(|&micros| (micros > 0).then_some(micros as f64))
            .collect();
        panel.line(&p99, 1.5, series(place));
    }
    let worst = paired
        .iter()
        .filter_map(|&(label, run, line)| {
            let (bucket, micros) = findings::peak(&line.p99_us)?;
            let axis = TimeAxis::of(run);
            let when = axis.clock.minute(axis.middle(bucket));
            Some(format!("{label} {} on {when}", units::duration(micros)))
        })
        .collect::<Vec<_>>();
    Some(Chart {
        name: "paired-latency",
        title: format!("{service}: the slowest of a hundred requests, run by run"),
        caption: format!("Worst p99 of an interval: {}.", worst.join("; ")),
        marks,
    })
}

/// A paired difference with its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What is compared.
    pub label: String,
    /// The estimate.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Differences as dots on their intervals, beside the line of no difference; an interval that leaves zero out is coloured.
#[must_use]
pub fn paired_differences(title: &str, heading: &str, rows: &[Difference], unit: Unit) -> Chart {
    let ends = rows.iter().flat_map(|row| [row.low, row.high]);
    let scale = Scale::around_zero(ends);
    let labels = Labels {
        heading,
        legend: vec![
            Key::new("interval leaves zero out", ALARM, Swatch::Dot),
            Key::new("interval holds zero", AXIS, Swatch::Dot),
        ],
        unit,
    };
    let [slot] = slots([1.0]);
    let mut marks = Vec::new();
    let mut panel = RowPanel::open(&mut marks, slot, labels, (rows.len(), 140.0), scale);
    panel.rule(0.0, INK);
    let real = |row: &Difference| row.low > 0.0 || row.high < 0.0;
    for (place, row) in rows.iter().enumerate() {
        let color = if real(row) { ALARM } else { AXIS };
        panel.name(place, &row.label, LABEL);
        panel.range(place, (row.low, row.high), 3.0, color);
        panel.dot(place, row.estimate, 7.0, color);
        panel.remark(place, &unit.label(row.estimate));
    }
    let sure = rows.iter().filter(|row| real(row)).count();
    Chart {
        name: "paired-differences",
        title: title.to_owned(),
        caption: format!(
            "{sure} of {} leave zero out.",
            units::counted(rows.len() as u64, "interval")
        ),
        marks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn difference(label: &str, estimate: f64, half: f64) -> Difference {
        Difference {
            label: label.to_owned(),
            estimate,
            low: estimate - half,
            high: estimate + half,
        }
    }

    #[test]
    fn runs_are_told_apart_and_a_run_without_the_service_is_left_out() {
        let (one, other) = (fixture::three_days(), fixture::nothing());
        let runs = [("isolated", &one), ("shared", &other)];
        let chart = paired_latency_over_time(&runs, "inference").unwrap();
        let svg = chart.svg();
        assert!(svg.contains("isolated") && !svg.contains("shared"));
        assert!(
            paired_latency_over_time(&runs, "api")
                .unwrap()
                .svg()
                .contains("shared")
        );
        assert!(paired_latency_over_time(&runs, "nowhere").is_none());
    }

    #[test]
    fn an_interval_that_leaves_zero_out_is_counted() {
        let rows = [
            difference("spot", -0.4e6, 0.1e6),
            difference("bigger batch window", 0.1e6, 0.3e6),
        ];
        let chart = paired_differences("Change of p99", "Seconds", &rows, Unit::Duration);
        assert_eq!(chart.caption, "1 of 2 intervals leave zero out.");
        assert!(chart.svg().contains("bigger batch window"));
    }
}
