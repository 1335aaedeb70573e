//! Opening scenarios for the subcommands: mistakes are shown, all of them, and then there is nothing more to do.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::scenario::diagnostic::{Severity, render, render_json};
use crate::scenario::{self, Opened, Options, Scenario};
use crate::workload;

use super::{Format, color_on_stderr, complain};

/// How a scenario is read.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Reading {
    /// Seed of every random draw, instead of the scenario's
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// What to do about trace rows that cannot be read, instead of what the scenario says
    #[arg(long, value_name = "WHAT")]
    pub(super) on_bad_row: Option<OnBadRow>,
}

/// What to do about trace rows that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum OnBadRow {
    /// Report them all and stop
    Fail,
    /// Leave them out, and say how many
    Skip,
}

/// Opens a scenario; none if it has mistakes, which have been shown then.
pub(super) fn open(path: &Path, reading: Reading, format: Format) -> Option<Scenario> {
    let opened = read(path, reading);
    show(&opened, format);
    opened.scenario
}

/// Opens several; none if any has mistakes, and those of all have been shown.
pub(super) fn open_all(
    paths: &[PathBuf],
    reading: Reading,
    format: Format,
) -> Option<Vec<Scenario>> {
    let opened: Vec<_> = paths
        .iter()
        .map(|path| open(path, reading, format))
        .collect();
    opened.into_iter().collect()
}

fn read(path: &Path, reading: Reading) -> Opened {
    let on_bad_row = reading.on_bad_row.map(|what| match what {
        OnBadRow::Fail => workload::OnBadRow::Fail,
        OnBadRow::Skip => workload::OnBadRow::Skip,
    });
    let options = Options {
        on_bad_row,
        seed: reading.seed,
    };
    scenario::open(path, &mut |path| std::fs::read(path), options)
}

fn show(opened: &Opened, format: Format) {
    if opened.diagnostics.is_empty() {
        return;
    }
    complain(&match format {
        Format::Text => render(&opened.diagnostics, &opened.sources, color_on_stderr()),
        Format::Json => render_json(&opened.diagnostics, &opened.sources),
    });
    let errors = opened.diagnostics.count(Severity::Error);
    if errors > 0 && format == Format::Text {
        complain(&format!(
            "{errors} {} found, nothing was done",
            if errors == 1 { "error" } else { "errors" }
        ));
    }
}
