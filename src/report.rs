//! What does a person get to see of a run? Results as text, tables, charts and a page: pure functions from results to bytes.
//!
//! Invariant: only `write` touches the file system, and nothing here looks at the clock or the environment; the same result gives the
//! same bytes.

pub mod chart;
pub mod clock;
pub mod compare;
pub mod csv;
pub mod explain;
pub mod findings;
pub mod focus;
pub mod html;
pub mod json;
pub mod terminal;
pub mod units;
mod write;

pub use terminal::Measured;
pub use write::{File, WriteError, add, may_add, may_write, write, write_file};

use crate::metrics::RunResult;

/// Every file of a run's report: name and bytes.
#[must_use]
pub fn files(result: &RunResult) -> Vec<File> {
    let charts = chart::all(result);
    let mut files: Vec<File> = vec![
        ("report.html".to_owned(), html::page(result, &charts).into()),
        (write::MARK.to_owned(), json::summary(result).into()),
        ("timeseries.csv".to_owned(), csv::timeseries(result)),
        ("requests.csv".to_owned(), csv::requests(result)),
        ("nodes.csv".to_owned(), csv::nodes(result)),
        ("cost.csv".to_owned(), csv::cost(result)),
        ("focus.csv".to_owned(), focus::table(result)),
    ];
    for chart in charts {
        files.push((format!("{}.svg", chart.name), chart.svg().into()));
        files.push((format!("{}.png", chart.name), chart.png()));
    }
    files
}

#[cfg(test)]
mod fixture;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_every_file_once_and_the_same_bytes_every_time() {
        let result = fixture::three_days();
        let mut files = files(&result);
        assert!(files == super::files(&result));
        files.sort();
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "attribution.png",
                "attribution.svg",
                "cost.csv",
                "cost.png",
                "cost.svg",
                "focus.csv",
                "nodes.csv",
                "nodes.png",
                "nodes.svg",
                "queues.png",
                "queues.svg",
                "report.html",
                "requests.csv",
                "starvation.png",
                "starvation.svg",
                "summary.json",
                "timeseries.csv",
                "traffic.png",
                "traffic.svg",
            ]
        );
    }
}
