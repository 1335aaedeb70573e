//! `karpsim explain`: what it answers, and what it does not understand.

use serde_json::Value;

use super::Desk;

#[test]
fn nothing_asked_is_a_summary() {
    let desk = Desk::new();
    let answer = desk.karpsim(&["explain", "town.yaml"]).good();
    let first = "town · seed 7 · from 2026-06-15 09:00:00 to 2026-06-15 09:10:00\n";
    assert!(answer.stdout.starts_with(first), "{}", answer.stdout);
    assert!(answer.stdout.contains("\nPods waited ") && answer.stdout.contains("\nNodes stayed "));
    assert_eq!(answer.stderr, "");
    assert!(!desk.0.path().join("reports").exists());
}

#[test]
fn a_pod_has_its_story_with_or_without_its_namespace() {
    let desk = Desk::new();
    let story = |pod: &str| {
        let answer = desk.karpsim(&["explain", "town.yaml", "--pod", pod]).good();
        answer.stdout
    };
    let short = story("api-00001");
    assert_eq!(short, story("citizen/api-00001"));
    for told in [
        "  pod citizen/api-00001  created\n",
        "  pod citizen/api-00001  kube-scheduler: bound to baseline-0000",
        "  pod citizen/api-00001  ready\n",
    ] {
        assert!(short.contains(told), "`{told}` is not in:\n{short}");
    }
    assert!(!short.contains("api-00000"));
}

#[test]
fn a_time_leaves_out_the_rest() {
    let desk = Desk::new();
    let lines = |arguments: &[&str]| {
        let explain = ["explain", "town.yaml"];
        let answer = desk.karpsim(&[&explain, arguments].concat()).good();
        answer.stdout.lines().count()
    };
    assert!(lines(&["--from", "0s", "--to", "1m"]) > 6);
    let late = ["2026-06-15 09:05", "2026-06-15T09:05:00+05:30", "5m"];
    for from in late {
        assert_eq!(lines(&["--from", from]), 3, "nothing happens after {from}");
    }
    assert_eq!(lines(&["--service", "api", "--at", "5m"]), 3);
}

#[test]
fn machines_get_json_and_the_same_each_time() {
    let desk = Desk::new();
    let explain = [
        "explain",
        "town.yaml",
        "--service",
        "api",
        "--format",
        "json",
    ];
    let answer = desk.karpsim(&explain).good().stdout;
    let parsed: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!(parsed["provenance"]["scenario"], "town");
    assert_eq!(parsed["entries"][0]["decision"], "pod created");
    assert_eq!(parsed["entries"][0]["time"], "2026-06-15T09:00:00+05:30");
    assert_eq!(answer, desk.karpsim(&explain).good().stdout);
}

#[test]
fn what_is_not_there_is_refused_with_what_is_near() {
    let desk = Desk::new();
    let refused = |arguments: &[&str], of: &str| {
        let explain = ["explain", "town.yaml"];
        let answer = desk.karpsim(&[&explain, arguments].concat());
        answer.refused().complains(of);
    };
    refused(
        &["--service", "apo"],
        "no service `apo`: did you mean `api`?",
    );
    refused(
        &["--service", "xyz"],
        "no service `xyz`: expected `api` or `worker`",
    );
    refused(
        &["--nodepool", "burst"],
        "no NodePool `burst`: there is none",
    );
    refused(
        &["--node", "baseline-0000"],
        "did you mean `baseline-00000`?",
    );
    refused(
        &["--pod", "api-00007"],
        "`citizen/api` had the pods 00000 to 00001 only",
    );
    refused(
        &["--pod", "wroker-0"],
        "no workload `wroker`: did you mean `worker`?",
    );
    refused(
        &["--pod", "api"],
        "`api` is no pod, expected a workload and a number",
    );
    refused(
        &["--at", "noon"],
        "`noon` is no time, expected a date such as `2026-06-15 09:00`",
    );
    refused(
        &["--at", "2h"],
        "`2h` is outside the run, which is from 2026-06-15 09:00:00 to",
    );
    refused(&["--at", "2026-06-15 08:59"], "is outside the run");
    refused(
        &["--from", "5m", "--to", "1m"],
        "`--from` lies after `--to`",
    );
    refused(
        &["--pod", "api-00000", "--node", "x"],
        "cannot be used with",
    );
    refused(&["--at", "1m", "--from", "1m"], "cannot be used with");
}
