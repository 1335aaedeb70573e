//! `karpsim import` and `karpsim diff`: there and back, and what lies between.

use super::Desk;

#[test]
fn an_export_is_imported_and_can_be_run() {
    let desk = Desk::new();
    desk.karpsim(&["export", "town.yaml", "--no-run", "--out", "infra"])
        .good();
    let answer = desk
        .karpsim(&["import", "infra", "--out", "back.yaml"])
        .good();
    let stdout = &answer.stdout;
    assert!(
        stdout.starts_with("back.yaml\nassumed: start: "),
        "{stdout}"
    );
    assert!(stdout.contains("assumed: traffic: "), "{stdout}");
    let text = desk.read("back.yaml");
    assert!(text.contains("# ASSUMED traffic: "), "{text}");
    desk.karpsim(&["run", "back.yaml"]).good();
    let diff = desk
        .karpsim(&["diff", "town.yaml", "back.yaml", "--replications", "0"])
        .good();
    assert_eq!(diff.stdout, "Terraform\n  no change\n\nHelm\n  no change\n");
}

#[test]
fn an_import_replaces_nothing_unasked() {
    let desk = Desk::new();
    desk.write("back.yaml", "mine");
    desk.karpsim(&["import", "town.yaml", "--out", "back.yaml"])
        .complains("`back.yaml` is there already; --force replaces it");
    assert_eq!(desk.read("back.yaml"), "mine");
}

#[test]
fn what_cannot_be_imported_writes_nothing() {
    let desk = Desk::new();
    desk.write("notes.yaml", "- just\n- notes\n");
    let answer = desk.karpsim(&["import", "notes.yaml", "--out", "back.yaml"]);
    assert_eq!(answer.code, 2);
    answer.complains("notes.yaml:1:1");
    assert!(!desk.0.path().join("back.yaml").exists());
}

#[test]
fn a_diff_names_what_changes_and_what_it_does() {
    let desk = Desk::new();
    desk.write("other.yaml", &desk.read("town.yaml"));
    desk.edit("other.yaml", "name: town", "name: other");
    desk.edit("other.yaml", "replicas: 2", "replicas: 3");
    let diff = desk
        .karpsim(&["diff", "town.yaml", "other.yaml", "--replications", "1"])
        .good();
    assert!(
        diff.stdout.contains("spec.replicas: 2 -> 3\n"),
        "{}",
        diff.stdout
    );
    assert!(diff.stdout.contains("cost"), "{}", diff.stdout);
}

#[test]
fn runs_that_could_not_be_told_apart_are_refused() {
    let desk = Desk::new();
    desk.write("twin.yaml", "extends: town.yaml\n");
    let files = ["diff", "town.yaml", "twin.yaml"];
    desk.karpsim(&files)
        .refused()
        .complains("two of the scenarios are named `town`");
    desk.karpsim(&[&files[..], &["--replications", "0"]].concat())
        .good();
}

#[test]
fn an_import_that_cannot_be_written_leaves_nothing_behind() {
    let desk = Desk::new();
    desk.karpsim(&["export", "town.yaml", "--out", "infra", "--no-run"])
        .good();
    let there = || std::fs::read_dir(desk.0.path()).unwrap().count();
    let before = there();
    let answer = desk.karpsim(&["import", "infra", "--out", "infra", "--force"]);
    assert_eq!(answer.code, 1);
    answer.complains("cannot write `infra`");
    assert_eq!(there(), before);
}
