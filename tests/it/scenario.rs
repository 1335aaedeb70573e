//! Scenarios as their authors write them: what becomes of a good one, and what is said of a bad one.

mod any;
mod good;
mod mistakes;

use std::io;
use std::path::Path;

use karpsim::scenario::diagnostic::render;
use karpsim::scenario::{Opened, Options, Scenario, open};

const TOWN: &str = include_str!("../fixtures/scenarios/town.yaml");
const TRACE: &[u8] = include_bytes!("../fixtures/scenarios/trace.csv");
const MINIMAL: &str = include_str!("../fixtures/scenarios/minimal.yaml");

/// Opens the first of a few files.
fn opened(files: &[(&str, &[u8])], options: Options) -> Opened {
    let mut read = |path: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found
            .map(|(_, bytes)| bytes.to_vec())
            .ok_or_else(|| io::Error::other("no such file"))
    };
    open(Path::new(files[0].0), &mut read, options)
}

/// What is said about a scenario.
fn said(text: &str) -> String {
    let opened = opened(&[("s.yaml", text.as_bytes())], Options::default());
    render(&opened.diagnostics, &opened.sources, false)
}

/// A scenario about which nothing is to be said.
#[track_caller]
fn good(text: &str) -> Scenario {
    assert_eq!(said(text), "");
    let opened = opened(&[("s.yaml", text.as_bytes())], Options::default());
    opened.scenario.expect("no errors")
}
