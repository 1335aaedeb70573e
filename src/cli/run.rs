//! `karpsim run`: simulate a scenario, print a summary, write its report.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::des::SimTime;
use crate::{report, sim};

use super::measured::{Stopwatch, peak_memory};
use super::open::{Reading, open};
use super::{Format, WRONG_INPUT, color_on_stdout, complain, progress, say};

/// Arguments of `karpsim run`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The scenario
    scenario: PathBuf,
    #[command(flatten)]
    reading: Reading,
    /// Folder that gets a folder with the scenario's name
    #[arg(long, value_name = "DIR", default_value = "reports")]
    out: PathBuf,
    /// Do not write a report
    #[arg(long)]
    no_report: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(scenario) = open(&arguments.scenario, arguments.reading, arguments.format) else {
        return Ok(ExitCode::from(WRONG_INPUT));
    };
    let folder = arguments.out.join(&scenario.name);
    if !arguments.no_report {
        report::may_write(&folder)?;
    }
    let stopwatch = Stopwatch::start();
    let mut progress = progress::over_time(&scenario.name, scenario.duration);
    let result = sim::run(&scenario, scenario.seed, &mut progress);
    progress(SimTime::ZERO + scenario.duration);
    let wall = stopwatch.elapsed();
    let measured = report::Measured {
        wall_seconds: wall.as_secs_f64(),
        peak_rss_bytes: peak_memory(),
    };
    say(&match arguments.format {
        Format::Text => report::terminal::summary(&result, measured, color_on_stdout()),
        Format::Json => report::json::summary(&result),
    });
    if !arguments.no_report {
        write(&folder, &report::files(&result))?;
        complain(&format!("report: {}", folder.join("report.html").display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn write(folder: &Path, files: &[report::File]) -> anyhow::Result<()> {
    report::write(folder, files)
        .with_context(|| format!("could not write the report to `{}`", folder.display()))
}
