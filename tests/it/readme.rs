//! The README's commands do what it says: every console block is typed as it stands.
//!
//! Blocks whose info string is `console run` are run, and the lines shown below a command are those that it prints; `...` stands for
//! the rest of a line, or alone for any number of lines. What takes too long for a test (`console` alone) has its scenarios validated.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::cli::KARPSIM;

const README: &str = include_str!("../../README.md");
/// What stands before the arguments of the command.
const COMMAND: &str = "cargo run --release -- ";

/// A command of the README, and the lines shown below it.
#[derive(Debug, Default)]
struct Typed<'r> {
    command: &'r str,
    shown: Vec<&'r str>,
}

/// The commands of all blocks with an info string.
fn typed(info: &str) -> Vec<Typed<'static>> {
    let mut all = Vec::new();
    let mut lines = README.lines();
    let fence = format!("```{info}");
    while lines.by_ref().any(|line| line == fence) {
        for line in lines.by_ref().take_while(|line| *line != "```") {
            match line.strip_prefix("$ ") {
                Some(command) => all.push(Typed {
                    command,
                    ..Typed::default()
                }),
                None => {
                    let command: Option<&mut Typed<'_>> = all.last_mut();
                    command.expect("a command comes first").shown.push(line);
                }
            }
        }
    }
    all
}

/// A folder with a copy of the scenarios, so that reports are written elsewhere than here.
fn desk() -> TempDir {
    let desk = TempDir::new().expect("a temporary folder");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    copy(&scenarios, &desk.path().join("scenarios"));
    desk
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("a file is copied");
        }
    }
}

fn karpsim<'a>(desk: &TempDir, arguments: impl IntoIterator<Item = &'a str>) -> Output {
    Command::new(KARPSIM)
        .args(arguments)
        .current_dir(desk.path())
        .stdin(Stdio::null())
        .output()
        .expect("the command starts")
}

/// The first line shown that is not printed, in order.
fn missing<'r>(shown: &[&'r str], printed: &str) -> Option<&'r str> {
    let mut printed = printed.lines();
    shown
        .iter()
        .filter(|line| **line != "...")
        .find(|line| !printed.any(|other| reads(line, other)))
        .copied()
}

/// Whether a printed line is the one shown.
fn reads(shown: &str, printed: &str) -> bool {
    match shown.strip_suffix("...") {
        Some(begins) => printed.starts_with(begins),
        None => printed.trim_end() == shown,
    }
}

#[test]
fn every_command_that_is_to_be_run_prints_what_is_shown() {
    let desk = desk();
    let typed = typed("console run");
    assert!(!typed.is_empty());
    for Typed { command, shown } in typed {
        let arguments = command.strip_prefix(COMMAND).expect(command);
        let output = karpsim(&desk, arguments.split(' '));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {stderr}");
        let printed = String::from_utf8_lossy(&output.stdout) + stderr;
        assert_eq!(missing(&shown, &printed), None, "{command}:\n{printed}");
    }
}

#[test]
fn the_scenarios_of_every_other_command_are_good() {
    let desk = desk();
    let commands = typed("console").into_iter().map(|typed| typed.command);
    let words = commands.filter_map(|command| command.strip_prefix(COMMAND));
    let scenarios: Vec<&str> = words
        .flat_map(|arguments| arguments.split(' '))
        .filter(|word| word.ends_with(".yaml"))
        .collect();
    assert!(scenarios.contains(&"scenarios/wardmitra.yaml"));
    for scenario in scenarios {
        let output = karpsim(&desk, ["validate", scenario]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{scenario}: {stderr}");
    }
}
