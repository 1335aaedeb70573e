//! How does a comparison read? A table for people, JSON and CSV for machines, two charts.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, LineStyle, Table};
use serde_json::json;

use super::chart::Chart;
use super::chart::compare::{Difference, Unit, paired_differences, paired_latency_over_time};
use super::write::MARK;
use super::{File, findings, units};
use crate::metrics::RunResult;
use crate::metrics::comparison::{Comparison, Interval};

/// What several scenarios were found to be like, and how they differ from the first.
#[derive(Debug)]
pub struct Report<'r> {
    /// By scenario, then by replication.
    results: &'r [Vec<RunResult>],
    comparisons: Vec<Comparison>,
    replications: u32,
}

impl<'r> Report<'r> {
    /// A report on the runs of at least one scenario, one run each at least.
    #[must_use]
    pub fn new(
        results: &'r [Vec<RunResult>],
        comparisons: Vec<Comparison>,
        replications: u32,
    ) -> Self {
        assert!(
            results.iter().all(|runs| !runs.is_empty()),
            "every scenario was run"
        );
        Self {
            results,
            comparisons,
            replications,
        }
    }

    fn scenarios(&self) -> Vec<&str> {
        self.results
            .iter()
            .map(|runs| runs[0].provenance.scenario.as_str())
            .collect()
    }

    /// The measures as a table: mean by scenario, difference to the first with its interval; `*` where the interval leaves zero out.
    #[must_use]
    pub fn table(&self) -> String {
        let scenarios = self.scenarios();
        let mut table = Table::new();
        table.load_style(NOTHING.header_separator(LineStyle::none().fill('─').junction('─')));
        let means = scenarios.iter().map(|name| (*name).to_owned());
        let against = scenarios[1..]
            .iter()
            .map(|name| format!("{name} - {} (95 %)", scenarios[0]));
        table.set_header(
            ["measure".to_owned()]
                .into_iter()
                .chain(means)
                .chain(against),
        );
        for row in self.comparisons.iter().filter(|row| tells(row)) {
            let values = row.values.iter().map(|value| number(value.estimate));
            let differences = row
                .differences
                .iter()
                .zip(&row.significant)
                .map(|(difference, &sure)| shown(difference, sure));
            table.add_row(
                [format!("{} [{}]", row.measure, row.unit)]
                    .into_iter()
                    .chain(values)
                    .chain(differences),
            );
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let runs = units::counted(u64::from(self.replications), "replication");
        format!("{table}\n{runs} each, common random numbers; * the interval leaves zero out\n")
    }

    /// Everything as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let provenance: Vec<_> = self
            .results
            .iter()
            .map(|runs| &runs[0].provenance)
            .collect();
        let document = json!({
            "scenarios": provenance,
            "replications": self.replications,
            "confidence": 0.95,
            "comparisons": self.comparisons,
        });
        format!("{document:#}\n")
    }

    /// Every file of the report.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let mut files = vec![
            (MARK.to_owned(), self.json().into()),
            ("comparison.csv".to_owned(), self.csv()),
        ];
        for chart in self.charts() {
            files.push((format!("{}.svg", chart.name), chart.svg().into()));
            files.push((format!("{}.png", chart.name), chart.png()));
        }
        files
    }

    /// The citizens' service over time in the first replication, and the differences of every p99.
    fn charts(&self) -> Vec<Chart> {
        let runs: Vec<_> = self
            .results
            .iter()
            .map(|runs| (runs[0].provenance.scenario.as_str(), &runs[0]))
            .collect();
        let watched = findings::watched(runs[0].1);
        let over_time = watched
            .first()
            .and_then(|service| paired_latency_over_time(&runs, service));
        over_time
            .into_iter()
            .chain(self.difference_chart())
            .collect()
    }

    fn difference_chart(&self) -> Option<Chart> {
        let scenarios = self.scenarios();
        let latencies = self
            .comparisons
            .iter()
            .filter(|row| row.measure.ends_with(" p99"));
        let rows: Vec<_> = latencies
            .filter_map(|row| {
                let difference = row.differences.first()?;
                Some(Difference {
                    label: row.measure.clone(),
                    estimate: difference.estimate * 1e3,
                    low: difference.low? * 1e3,
                    high: difference.high? * 1e3,
                })
            })
            .collect();
        let title = format!("{} compared with {}", scenarios.get(1)?, scenarios[0]);
        (!rows.is_empty()).then(|| {
            paired_differences(
                &title,
                "Paired difference, 95 % interval",
                &rows,
                Unit::Duration,
            )
        })
    }

    fn csv(&self) -> Vec<u8> {
        let scenarios = self.scenarios();
        let mut lines = vec![
            "measure,unit,scenario,mean,low,high,difference,difference_low,difference_high"
                .to_owned(),
        ];
        let end = |end: Option<f64>| end.map(|value| value.to_string()).unwrap_or_default();
        for row in &self.comparisons {
            for (place, value) in row.values.iter().enumerate() {
                let difference = place.checked_sub(1).map(|place| row.differences[place]);
                let differs = difference.map_or_else(
                    || ",,".to_owned(),
                    |d| format!("{},{},{}", d.estimate, end(d.low), end(d.high)),
                );
                let mean = format!("{},{},{}", value.estimate, end(value.low), end(value.high));
                lines.push(format!(
                    "\"{}\",{},{},{mean},{differs}",
                    row.measure, row.unit, scenarios[place]
                ));
            }
        }
        (lines.join("\n") + "\n").into_bytes()
    }
}

/// Whether there is anything to tell of a measure.
fn tells(row: &Comparison) -> bool {
    row.values.iter().any(|value| value.estimate != 0.0)
}

fn shown(difference: &Interval, sure: bool) -> String {
    let estimate = format!(
        "{}{}",
        if difference.estimate > 0.0 { "+" } else { "" },
        number(difference.estimate)
    );
    match (difference.low, difference.high) {
        (Some(low), Some(high)) => format!(
            "{estimate} [{} .. {}]{}",
            number(low),
            number(high),
            if sure { " *" } else { "  " }
        ),
        _ => estimate,
    }
}

/// Three digits that matter, or whole numbers with separators.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 1_000.0 => return separated(value),
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}")
}

fn separated(value: f64) -> String {
    let whole = units::count(value.abs().round() as u64);
    if value < 0.0 {
        format!("-{whole}")
    } else {
        whole
    }
}
