//! `karpsim export`: write a scenario as Terraform and Helm, with what a run of it costs and holds.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::des::SimTime;
use crate::export::{Export, Gap, export, provenance};
use crate::metrics::RunResult;
use crate::report;
use crate::scenario::Scenario;
use crate::sim;

use super::open::{Reading, open};
use super::{Format, WRONG_INPUT, progress, say};

/// Arguments of `karpsim export`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The scenario
    scenario: PathBuf,
    #[command(flatten)]
    reading: Reading,
    /// Folder that gets the files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Replace what an export wrote there before; files of your own stay
    #[arg(long)]
    force: bool,
    /// Do not simulate: the files then say nothing of cost and latency
    #[arg(long)]
    no_run: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(scenario) = open(&arguments.scenario, arguments.reading, Format::Text) else {
        return Ok(ExitCode::from(WRONG_INPUT));
    };
    let out = &arguments.out;
    let may = |export: &Export| report::may_add(out, &export.files, arguments.force);
    may(&export(&scenario, None))?;
    let result = (!arguments.no_run).then(|| simulate(&scenario));
    let export = export(&scenario, result.as_ref());
    may(&export)?;
    report::add(out, &export.files, &stale(arguments))
        .with_context(|| format!("could not write the export to `{}`", out.display()))?;
    say(&summary(arguments, &export));
    Ok(ExitCode::SUCCESS)
}

fn simulate(scenario: &Scenario) -> RunResult {
    let mut progress = progress::over_time(&scenario.name, scenario.duration);
    let result = sim::run(scenario, scenario.seed, &mut progress);
    progress(SimTime::ZERO + scenario.duration);
    result
}

/// What an earlier export wrote to the same place.
fn stale(arguments: &Arguments) -> Vec<String> {
    let text = std::fs::read_to_string(arguments.out.join(provenance::FILE));
    text.map(|text| provenance::files(&text))
        .unwrap_or_default()
}

fn summary(arguments: &Arguments, export: &Export) -> String {
    let mut lines = vec![format!(
        "{}: {} files",
        arguments.out.display(),
        export.files.len()
    )];
    let not_exported = export
        .notes
        .iter()
        .filter(|note| note.gap == Gap::NotExported);
    lines.extend(not_exported.map(|note| format!("not exported: {}: {}", note.about, note.text)));
    lines.push(
        "README.md says how to apply it, what was added, and what the simulation did not cover"
            .to_owned(),
    );
    lines.join("\n")
}
