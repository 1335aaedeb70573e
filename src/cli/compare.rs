//! `karpsim compare`: the same traffic and market for several scenarios, and what differs beyond chance.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::{report, study};

use super::open::{Reading, open_all};
use super::replications::{Running, shared_name};
use super::{Format, WRONG_INPUT, complain, say};

/// Arguments of `karpsim compare`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The scenarios; the first is the reference
    #[arg(required = true, num_args = 2..)]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    /// Runs of each scenario, under different seeds that are the same for all scenarios
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    replications: u32,
    #[command(flatten)]
    running: Running,
    /// Folder that gets a folder with the comparison
    #[arg(long, value_name = "DIR", default_value = "reports")]
    out: PathBuf,
    /// Do not write a report
    #[arg(long)]
    no_report: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn compare(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(scenarios) = open_all(&arguments.scenarios, arguments.reading, arguments.format)
    else {
        return Ok(ExitCode::from(WRONG_INPUT));
    };
    if let Some(mistake) = shared_name(&scenarios) {
        complain(&mistake);
        return Ok(ExitCode::from(WRONG_INPUT));
    }
    let names: Vec<&str> = scenarios
        .iter()
        .map(|scenario| scenario.name.as_str())
        .collect();
    let folder = arguments.out.join(names.join("-vs-"));
    if !arguments.no_report {
        report::may_write(&folder)?;
    }
    let (seed, replications) = (arguments.reading.seed, arguments.replications);
    let results = arguments
        .running
        .replicate(&scenarios, seed, replications)?;
    let comparison = report::compare::Report::new(&results, study::compare(&results), replications);
    say(&match arguments.format {
        Format::Text => comparison.table(),
        Format::Json => comparison.json(),
    });
    if !arguments.no_report {
        report::write(&folder, &comparison.files())?;
        complain(&format!("report: {}", folder.display()));
    }
    Ok(ExitCode::SUCCESS)
}
