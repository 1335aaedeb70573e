//! `karpsim compare`: several scenarios in the same world.

use serde_json::Value;

use super::Desk;

/// The town, and the town with a third API pod.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("bigger.yaml", BIGGER);
    desk
}

const BIGGER: &str = "\
extends: town.yaml
name: bigger
services:
  - name: api
    workload:
      - kind: Deployment
        metadata: {name: api}
        spec: {replicas: 3}
";

const COMPARE: [&str; 5] = ["compare", "town.yaml", "bigger.yaml", "--replications", "3"];

#[test]
fn a_comparison_is_a_table_and_a_report() {
    let desk = desk();
    let answer = desk.karpsim(&COMPARE).good();
    let header = answer.stdout.lines().next().unwrap_or_default();
    for word in ["measure", "town", "bigger", "bigger - town (95 %)"] {
        assert!(header.contains(word), "{header}");
    }
    assert!(answer.stdout.contains("api p99 [ms]"), "{}", answer.stdout);
    assert!(answer.stdout.contains("3 replications each"));
    assert!(answer.stderr.contains("town-vs-bigger"));

    let files = desk.files("reports/town-vs-bigger");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "comparison.csv",
            "paired-differences.png",
            "paired-differences.svg",
            "paired-latency.png",
            "paired-latency.svg",
            "summary.json",
        ]
    );
}

#[test]
fn a_comparison_is_json_for_machines_and_the_same_with_any_number_of_threads() {
    let desk = desk();
    let compare = |threads: &str| {
        let rest = ["--format", "json", "--no-report", "--threads", threads];
        desk.karpsim(&[&COMPARE[..], &rest].concat()).good().stdout
    };
    let alone = compare("1");
    assert_eq!(alone, compare("3"));
    let document: Value = serde_json::from_str(&alone).expect("JSON");
    assert_eq!(document["replications"], 3);
    assert_eq!(document["scenarios"][1]["scenario"], "bigger");
    let measures = document["comparisons"].as_array().expect("a list");
    assert!(measures.iter().any(|row| row["measure"] == "api p99"));
    assert!(!desk.0.path().join("reports").exists());
}

#[test]
fn a_scenario_compared_with_a_copy_of_itself_differs_in_nothing() {
    let desk = Desk::new();
    desk.write("twin.yaml", "extends: town.yaml\nname: twin\n");
    let arguments = ["compare", "town.yaml", "twin.yaml", "--replications", "2"];
    let rest = ["--format", "json", "--no-report"];
    let answer = desk.karpsim(&[&arguments[..], &rest].concat()).good();
    let document: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    for row in document["comparisons"].as_array().expect("a list") {
        assert_eq!(row["differences"][0]["estimate"], 0.0, "{row}");
        assert_eq!(row["significant"][0], false, "{row}");
    }
}

#[test]
fn two_scenarios_of_one_name_are_refused() {
    let desk = Desk::new();
    desk.write("twin.yaml", "extends: town.yaml\n");
    desk.karpsim(&["compare", "town.yaml", "twin.yaml"])
        .refused()
        .complains("two of the scenarios are named `town`");
    assert!(!desk.0.path().join("reports").exists());
}

#[test]
fn the_mistakes_of_all_scenarios_are_told() {
    let desk = desk();
    desk.edit("bigger.yaml", "replicas: 3", "replicas: -3");
    desk.edit("complaints.yaml", "America/New_York", "Boston");
    desk.karpsim(&["compare", "town.yaml", "bigger.yaml", "complaints.yaml"])
        .refused()
        .complains("bigger.yaml:8:26")
        .complains("Boston");
    assert!(!desk.0.path().join("reports").exists());
}
