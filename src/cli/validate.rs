//! `karpsim validate`: every mistake of a scenario at once.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::report::units::{counted, span};

use super::open::{Reading, open};
use super::{Format, WRONG_INPUT, say};

/// Arguments of `karpsim validate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The scenario
    scenario: PathBuf,
    #[command(flatten)]
    reading: Reading,
    /// How to show mistakes
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn validate(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(scenario) = open(&arguments.scenario, arguments.reading, arguments.format) else {
        return Ok(ExitCode::from(WRONG_INPUT));
    };
    if arguments.format == Format::Text {
        let pools = scenario
            .cluster
            .karpenter
            .as_ref()
            .map_or(0, |karpenter| karpenter.pools.len());
        say(&format!(
            "{}: {}, {}, {}, {} of traffic: good",
            scenario.name,
            counted(scenario.services.len() as u64, "service"),
            counted(scenario.cluster.node_groups.len() as u64, "node group"),
            counted(pools as u64, "NodePool"),
            span(scenario.duration.as_micros())
        ));
    }
    Ok(ExitCode::SUCCESS)
}
