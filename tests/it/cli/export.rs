//! `karpsim export`: whole or not at all, and never over what is somebody else's.

use std::fs;

use super::Desk;

const EXPORT: [&str; 4] = ["export", "town.yaml", "--out", "infra"];

#[test]
fn an_export_writes_its_files_and_says_where() {
    let desk = Desk::new();
    let answer = desk.karpsim(&EXPORT).good();
    assert!(answer.stdout.starts_with("infra: "), "{}", answer.stdout);
    assert_eq!(answer.stderr, "");
    let tfvars = desk.read("infra/terraform/terraform.tfvars");
    assert!(tfvars.contains("cluster_name = "), "{tfvars}");
    let readme = desk.read("infra/README.md");
    assert!(readme.contains("| **all** | **$"), "{readme}");
    let provenance = desk.read("infra/PROVENANCE.json");
    assert!(provenance.contains("\"monthNanoUsd\": "), "{provenance}");
}

#[test]
fn without_a_run_it_says_nothing_of_costs() {
    let desk = Desk::new();
    desk.karpsim(&[&EXPORT[..], &["--no-run"]].concat()).good();
    assert!(
        desk.read("infra/PROVENANCE.json")
            .contains("\"results\": null")
    );
}

#[test]
fn an_export_does_not_replace_another_unasked() {
    let desk = Desk::new();
    desk.karpsim(&[&EXPORT[..], &["--no-run"]].concat()).good();
    let before = desk.files("infra/terraform/tests");
    let answer = desk.karpsim(&EXPORT);
    assert_eq!(answer.code, 1);
    answer
        .complains("`infra` has `README.md`, ")
        .complains("--force");
    assert!(
        desk.read("infra/PROVENANCE.json")
            .contains("\"results\": null")
    );
    assert_eq!(desk.files("infra/terraform/tests"), before);
}

#[test]
fn with_force_it_replaces_its_own_and_leaves_the_rest() {
    let desk = Desk::new();
    let forced = [&EXPORT[..], &["--no-run", "--force"]].concat();
    desk.karpsim(&forced).good();
    desk.write("infra/terraform/terraform.tfstate", "the only one there is");
    desk.write("infra/terraform/terraform.tfvars", "edited");
    // A file of an earlier export that this one has not.
    desk.write("infra/terraform/gone.tf", "");
    desk.edit(
        "infra/PROVENANCE.json",
        "\"README.md\"",
        "\"terraform/gone.tf\"",
    );
    desk.karpsim(&forced).good();
    assert_eq!(
        desk.read("infra/terraform/terraform.tfstate"),
        "the only one there is"
    );
    assert!(
        desk.read("infra/terraform/terraform.tfvars")
            .contains("cluster_name")
    );
    assert!(!desk.0.path().join("infra/terraform/gone.tf").exists());
    let beside = fs::read_dir(desk.0.path()).expect("a folder");
    let hidden = beside.map(|entry| entry.expect("an entry").file_name());
    let hidden: Vec<_> = hidden
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn files_go_in_beside_others() {
    let desk = Desk::new();
    fs::create_dir(desk.0.path().join("infra")).expect("a folder");
    desk.write("infra/notes.txt", "mine");
    desk.karpsim(&[&EXPORT[..], &["--no-run"]].concat()).good();
    assert_eq!(desk.read("infra/notes.txt"), "mine");
    desk.write("file", "");
    desk.karpsim(&["export", "town.yaml", "--no-run", "--out", "file"])
        .complains("`file` is no directory");
}

#[test]
fn a_wrong_scenario_exports_nothing() {
    let desk = Desk::new();
    desk.edit("town.yaml", "region: ap-south-1", "region: ap-south-9");
    desk.karpsim(&EXPORT).refused();
    assert!(!desk.0.path().join("infra").exists());
}
