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
