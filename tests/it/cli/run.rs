//! `karpsim run`: what it prints, what it writes, and that it does so again.

use std::process::Stdio;

use serde_json::Value;

use super::Desk;

#[test]
fn a_run_writes_every_promised_file_and_no_other() {
    let desk = Desk::new();
    desk.karpsim(&["run", "town.yaml"]).good();
    let files = desk.files("reports/town");
    let tables = [
        "cost.csv",
        "focus.csv",
        "nodes.csv",
        "requests.csv",
        "timeseries.csv",
    ];
    let charts = [
        "attribution",
        "cost",
        "nodes",
        "queues",
        "starvation",
        "traffic",
    ];
    let mut promised: Vec<String> = tables.map(str::to_owned).into();
    promised.extend(charts.map(|name| format!("{name}.svg")));
    promised.extend(charts.map(|name| format!("{name}.png")));
    promised.extend(["report.html", "summary.json"].map(str::to_owned));
    promised.sort();
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        promised.iter().collect::<Vec<_>>()
    );

    for (name, bytes) in &files {
        let begins: &[u8] = match name.rsplit('.').next() {
            Some("png") => b"\x89PNG\r\n",
            Some("svg") => b"<svg ",
            Some("html") => b"<!DOCTYPE html>",
            Some("json") => b"{",
            _ => b"",
        };
        assert!(bytes.starts_with(begins), "{name}");
        assert!(bytes.len() > 20, "{name} is empty");
    }
}

#[test]
fn results_go_to_stdout_and_the_rest_to_stderr() {
    let answer = Desk::new().karpsim(&["run", "town.yaml"]).good();
    assert!(
        answer
            .stdout
            .starts_with("town · 10 m from Mon 15 Jun 09:00")
    );
    assert!(answer.stdout.contains(" api "));
    let page = std::path::Path::new("reports")
        .join("town")
        .join("report.html");
    assert_eq!(answer.stderr, format!("report: {}\n", page.display()));
}

#[test]
fn without_a_terminal_there_is_neither_colour_nor_a_progress_bar() {
    let desk = Desk::new();
    let answer = desk.karpsim(&["run", "town.yaml", "--no-report"]).good();
    desk.edit("town.yaml", "duration", "duraton");
    let mistake = desk.karpsim(&["run", "town.yaml"]).refused();
    for text in [answer.stdout, answer.stderr, mistake.stderr] {
        assert!(!text.contains(['\u{1b}', '\r']), "{text:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_every_file() {
    let desk = Desk::new();
    for scenario in ["town", "complaints"] {
        let file = format!("{scenario}.yaml");
        for out in ["a", "b"] {
            desk.karpsim(&["run", &file, "--out", out]).good();
        }
        let (a, b) = (
            desk.files(&format!("a/{scenario}")),
            desk.files(&format!("b/{scenario}")),
        );
        assert!(!a.is_empty());
        assert!(a.keys().eq(b.keys()));
        for (name, bytes) in &a {
            assert!(bytes == &b[name], "{scenario}: {name} differs");
        }
    }
}

#[test]
fn the_scenario_s_seed_is_the_default_and_another_gives_another_world() {
    let desk = Desk::new();
    let summary = |arguments: &[&str]| {
        let run = ["run", "town.yaml", "--no-report", "--format", "json"];
        desk.karpsim(&[&run, arguments].concat()).good().stdout
    };
    let written = summary(&[]);
    assert_eq!(written, summary(&["--seed", "7"]));
    let other: Value = serde_json::from_str(&summary(&["--seed", "8"])).expect("JSON");
    let written: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(other["provenance"]["seed"], 8);
    assert_ne!(other["arrivals"], written["arrivals"]);
}

#[test]
fn json_is_all_that_stdout_holds_and_the_same_as_the_file() {
    let desk = Desk::new();
    let answer = desk
        .karpsim(&["run", "town.yaml", "--format", "json"])
        .good();
    let summary: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(summary["provenance"]["scenario"], "town");
    assert_eq!(answer.stdout, desk.read("reports/town/summary.json"));
}

#[test]
fn without_a_report_nothing_is_written() {
    let desk = Desk::new();
    let answer = desk.karpsim(&["run", "town.yaml", "--no-report"]).good();
    assert_eq!(answer.stderr, "");
    assert!(!desk.0.path().join("reports").exists());
}

#[test]
fn a_folder_that_is_no_report_is_left_alone() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.0.path().join("reports/town")).expect("a folder");
    desk.write("reports/town/thesis.txt", "years of work");
    let answer = desk
        .karpsim(&["run", "town.yaml"])
        .complains("is not a report");
    assert_eq!(answer.code, 1);
    assert_eq!(desk.read("reports/town/thesis.txt"), "years of work");
    assert_eq!(desk.files("reports/town").len(), 1);
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_fail() {
    let desk = Desk::new();
    for arguments in [&["run", "town.yaml", "--no-report"][..], &["run", "--help"]] {
        let mut child = desk
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}
