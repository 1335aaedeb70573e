//! `karpsim diff`: what would change in Terraform and Helm between two scenarios, and what that does to cost, latency and starvation.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::export::Data;
use crate::export::diff::{Change, changes};
use crate::{report, study};

use super::open::{Reading, open_all};
use super::replications::{Running, shared_name};
use super::{Format, WRONG_INPUT, complain, say};

/// Arguments of `karpsim diff`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What is there
    before: PathBuf,
    /// What would be
    after: PathBuf,
    #[command(flatten)]
    reading: Reading,
    /// Runs of each scenario, under different seeds that are the same for both; 0 says only what changes in the files
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    replications: u32,
    #[command(flatten)]
    running: Running,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let paths = [arguments.before.clone(), arguments.after.clone()];
    let Some(scenarios) = open_all(&paths, arguments.reading, Format::Text) else {
        return Ok(ExitCode::from(WRONG_INPUT));
    };
    if arguments.replications > 0
        && let Some(mistake) = shared_name(&scenarios)
    {
        complain(&mistake);
        return Ok(ExitCode::from(WRONG_INPUT));
    }
    let changes = changes(&scenarios[0], &scenarios[1]);
    let mut lines = section("Terraform", &changes.terraform);
    lines.extend(section("Helm", &changes.helm));
    say(&lines.join("\n"));
    if arguments.replications > 0 {
        let (seed, replications) = (arguments.reading.seed, arguments.replications);
        let results = arguments
            .running
            .replicate(&scenarios, seed, replications)?;
        let comparison = study::compare(&results);
        say(&report::compare::Report::new(&results, comparison, replications).table());
    }
    Ok(ExitCode::SUCCESS)
}

fn section(title: &str, changes: &[Change]) -> Vec<String> {
    let mut lines = vec![title.to_owned()];
    if changes.is_empty() {
        lines.push("  no change".to_owned());
    }
    lines.extend(changes.iter().map(line));
    lines.push(String::new());
    lines
}

fn line(change: &Change) -> String {
    let Change { place, path, .. } = change;
    let path = if path.is_empty() {
        String::new()
    } else {
        format!("  {path}")
    };
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            format!("  ~ {place}{path}: {} -> {}", shown(before), shown(after))
        }
        (None, Some(_)) if path.is_empty() => format!("  + {place}"),
        (None, Some(after)) => format!("  + {place}{path}: {}", shown(after)),
        (Some(_), None) if path.is_empty() => format!("  - {place}"),
        (Some(before), None) => format!("  - {place}{path}: {}", shown(before)),
        (None, None) => format!("    {place}{path}"),
    }
}

/// A value on one line.
fn shown(value: &Data) -> String {
    serde_json::to_string(value).expect("plain data is JSON")
}
