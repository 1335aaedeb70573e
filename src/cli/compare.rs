//! `karpsim compare`: the same traffic and market for several scenarios, and what differs beyond chance.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::scenario::Scenario;
use crate::{report, study};

use super::open::{Reading, open_all};
use super::{Format, WRONG_INPUT, complain, progress, say};

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
    /// Runs at the same time; as many as there are cores where absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    threads: Option<u16>,
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
    if let Some(name) = shared_name(&scenarios) {
        complain(&format!("error: two of the scenarios are named `{name}`"));
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
    let threads = arguments.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let borrowed: Vec<&Scenario> = scenarios.iter().collect();
    let bar = progress::over_runs(u64::from(arguments.replications) * scenarios.len() as u64);
    let seed = arguments.reading.seed.unwrap_or(scenarios[0].seed);
    let results =
        pool.install(|| study::replicate(&borrowed, seed, arguments.replications, || bar.inc(1)));
    bar.finish_and_clear();
    let comparison =
        report::compare::Report::new(&results, study::compare(&results), arguments.replications);
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

/// A name that two scenarios have: their results could not be told apart.
fn shared_name(scenarios: &[Scenario]) -> Option<&str> {
    let names = || scenarios.iter().map(|scenario| scenario.name.as_str());
    names()
        .enumerate()
        .find(|(at, name)| names().take(*at).any(|other| other == *name))
        .map(|(_, name)| name)
}
