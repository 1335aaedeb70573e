//! The command line: one file per subcommand, and the only place that prints.
//!
//! Results go to stdout, progress and diagnostics to stderr. Exit 0: good. 1: something failed that is not the user's input. 2: the
//! input is wrong, and nothing was written.

mod compare;
mod diff;
mod explain;
mod export;
mod import;
mod measured;
mod open;
mod progress;
mod replications;
mod run;
mod validate;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Replays real traffic against an EKS and Karpenter configuration: who waits, who starves, what it costs.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate a scenario, print a summary, write its report
    Run(run::Arguments),
    /// Run scenarios under the same traffic and market, and tell their differences with confidence intervals
    Compare(compare::Arguments),
    /// Tell why pods waited, nodes came, stayed and went: every decision with its reason
    Explain(explain::Arguments),
    /// Write a scenario as Terraform and Helm
    Export(export::Arguments),
    /// Tell what changes in Terraform and Helm between two scenarios, and in cost, latency and starvation
    Diff(diff::Arguments),
    /// Make a scenario of manifests and Terraform files
    Import(import::Arguments),
    /// Check a scenario: every mistake at once
    Validate(validate::Arguments),
}

/// What results look like on stdout.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For machines
    Json,
}

/// The input is wrong; the diagnostics have been shown.
const WRONG_INPUT: u8 = 2;

/// Parses the arguments, does what they say, tells how it went.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Validate(arguments) => validate::validate(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints to stdout. A reader that has gone away (`| head`) is no reason to fail.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end_matches('\n'));
}

/// Prints to stderr.
fn complain(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{}", text.trim_end_matches('\n'));
}

/// Whether to colour what goes to a stream (`NO_COLOR`, terminals only).
fn color(stream_is_terminal: bool) -> bool {
    stream_is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn color_on_stderr() -> bool {
    color(std::io::stderr().is_terminal())
}

fn color_on_stdout() -> bool {
    color(std::io::stdout().is_terminal())
}
