//! Scenarios with mistakes: each is told with its place, all are told at once, and nothing is written.

use serde_json::{Value, json};

use super::{COMPLAINTS, Desk, TOWN};

/// Where a piece of text stands: `file:line:column`.
#[track_caller]
fn place(file: &str, text: &str, piece: &str) -> String {
    let at = text.find(piece).expect("the piece is in the text");
    let line = text[..at].matches('\n').count() + 1;
    let column = at - text[..at].rfind('\n').map_or(0, |end| end + 1) + 1;
    format!("--> {file}:{line}:{column}")
}

#[test]
fn a_mistake_is_told_with_its_place_and_nothing_is_written() {
    // What is written, what stands there instead, what is marked, what is said.
    for (old, new, marked, said) in [
        (
            "duration:",
            "duraton:",
            "duraton",
            "did you mean `duration`?",
        ),
        (
            "seed: 7",
            "seed: seven",
            "seven",
            "found the string `seven`",
        ),
        (
            "duration: 10m",
            "duration: 10 minutes",
            "10 minutes",
            "duration",
        ),
        ("minSize: 2", "minSize: 3", "2}", "below minSize"),
        ("cpu: 250m", "cpu: 250q", "250q", "250q"),
        (
            "region: ap-south-1",
            "region: ap-south-9",
            "ap-south-9",
            "ap-south-9",
        ),
        (
            "consumes: jobs",
            "consumes: job",
            "job\n",
            "did you mean `jobs`?",
        ),
        (
            "service: api,",
            "service: apj,",
            "apj,",
            "did you mean `api`?",
        ),
        (
            "instanceTypes: [m7g.large]",
            "instanceTypes: [m7g.lagre]",
            "m7g.lagre",
            "m7g.large",
        ),
    ] {
        let desk = Desk::new();
        desk.edit("town.yaml", old, new);
        let marked = place("town.yaml", &TOWN.replace(old, new), marked);
        desk.karpsim(&["run", "town.yaml"])
            .refused()
            .complains(&marked)
            .complains(said)
            .complains("nothing was done");
        assert!(!desk.0.path().join("reports").exists(), "{new}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let desk = Desk::new();
    desk.edit("town.yaml", "duration:", "duraton:");
    desk.edit("town.yaml", "concurrency: 8", "concurrency: many");
    desk.edit("town.yaml", "minSize: 2", "minSize: 3");
    for command in ["run", "validate"] {
        desk.karpsim(&[command, "town.yaml"])
            .refused()
            .complains("duraton")
            .complains("many")
            .complains("below minSize")
            .complains("3 errors found");
    }
}

#[test]
fn an_old_report_survives_a_mistake() {
    let desk = Desk::new();
    desk.karpsim(&["run", "town.yaml"]).good();
    let before = desk.files("reports/town");
    desk.edit("town.yaml", "seed: 7", "seed: seven");
    desk.karpsim(&["run", "town.yaml"]).refused();
    assert!(before == desk.files("reports/town"));
}

#[test]
fn for_machines_every_mistake_is_a_line_of_json() {
    let desk = Desk::new();
    desk.edit("town.yaml", "duration:", "duraton:");
    desk.edit("town.yaml", "concurrency: 8", "concurrency: many");
    let answer = desk
        .karpsim(&["run", "town.yaml", "--format", "json"])
        .refused();
    let lines: Vec<Value> = answer
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2, "{}", answer.stderr);
    assert_eq!(lines[0]["severity"], "error");
    assert_eq!(lines[0]["file"], "town.yaml");
    assert_eq!(
        (&lines[0]["line"], &lines[0]["column"]),
        (&json!(6), &json!(1))
    );
    assert_eq!(
        (&lines[1]["line"], &lines[1]["column"]),
        (&json!(31), &json!(28))
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let desk = Desk::new();
    desk.karpsim(&["run", "city.yaml"])
        .refused()
        .complains("cannot read `city.yaml`");
    desk.edit(
        "complaints.yaml",
        "extends: town.yaml",
        "extends: city.yaml",
    );
    desk.karpsim(&["run", "complaints.yaml"])
        .refused()
        .complains("cannot read `city.yaml`")
        .complains("complaints.yaml:2:10");
}

#[test]
fn files_that_extend_each_other_in_a_circle_are_refused() {
    let desk = Desk::new();
    desk.write("town.yaml", "extends: complaints.yaml\n");
    desk.karpsim(&["validate", "complaints.yaml"])
        .refused()
        .complains("in a circle")
        .complains("town.yaml:1:10");
}

#[test]
fn what_is_no_yaml_is_refused_with_its_place() {
    let desk = Desk::new();
    desk.edit("town.yaml", "seed: 7", "seed: [7");
    desk.karpsim(&["run", "town.yaml"])
        .refused()
        .complains("--> town.yaml:");
}

#[test]
fn a_mistake_in_a_file_that_is_extended_points_there() {
    let desk = Desk::new();
    let (old, new) = ("concurrency: 8", "concurrency: many");
    desk.edit("town.yaml", old, new);
    desk.karpsim(&["validate", "complaints.yaml"])
        .refused()
        .complains(&place("town.yaml", &TOWN.replace(old, new), "many"));
}

#[test]
fn a_good_scenario_validates_in_one_line() {
    let answer = Desk::new().karpsim(&["validate", "town.yaml"]).good();
    let line = "town: 2 services, 1 node group, 0 NodePools, 10 m of traffic: good\n";
    assert_eq!(answer.stdout, line);
    assert_eq!(answer.stderr, "");
}

#[test]
fn a_path_in_a_scenario_is_relative_to_the_scenario() {
    let desk = Desk::new();
    std::fs::create_dir(desk.0.path().join("elsewhere")).expect("a folder");
    let extends = COMPLAINTS.replace("extends: town.yaml", "extends: ../town.yaml");
    desk.write("elsewhere/complaints.yaml", &extends);
    desk.write("elsewhere/complaints.csv", super::TRACE);
    desk.karpsim(&["validate", "elsewhere/complaints.yaml"])
        .good();
}
