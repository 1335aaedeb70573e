//! What a scenario becomes on disk: the same bytes every time, what the user wrote, and nothing that was not asked for.
//!
//! What only Terraform, Helm and the CRDs can tell is asked by `tests/export/check`, which the CI runs.

mod carried;
mod diff;
mod notes;
mod printing;

use std::collections::BTreeMap;
use std::fs;

use karpsim::export::{Export, export};
use karpsim::scenario::Scenario;

use crate::scenarios::{folder, scenario};

/// Every scenario there is.
pub(crate) fn all() -> Vec<Scenario> {
    let entries = fs::read_dir(folder()).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".yaml")).collect();
    names.sort();
    names.iter().map(|name| scenario(name)).collect()
}

fn files(export: &Export) -> BTreeMap<&str, &str> {
    let text = |bytes| std::str::from_utf8(bytes).expect("every file is text");
    let files = export.files.iter();
    files
        .map(|(name, bytes)| (name.as_str(), text(bytes)))
        .collect()
}

/// Files in which a word occurs, in whatever case.
fn with_word<'e>(export: &'e Export, word: &str) -> Vec<&'e str> {
    let files = files(export).into_iter();
    let with = files.filter(|(name, text)| {
        name.to_lowercase().contains(word) || text.to_lowercase().contains(word)
    });
    with.map(|(name, _)| name).collect()
}

#[test]
fn two_exports_are_the_same_bytes() {
    for scenario in all() {
        assert!(
            export(&scenario, None).files == export(&scenario, None).files,
            "{}",
            scenario.name
        );
    }
}

#[test]
fn a_stage_has_no_trace_of_what_it_has_not() {
    for scenario in all() {
        let export = export(&scenario, None);
        let has_karpenter = scenario.cluster.karpenter.is_some();
        let karpenter = with_word(&export, "karpenter");
        assert_eq!(
            karpenter.is_empty(),
            !has_karpenter,
            "{}: {karpenter:?}",
            scenario.name
        );
        let has_gpu = scenario
            .services
            .iter()
            .any(|service| service.accelerator.is_some());
        for word in ["nvidia", "gpu"] {
            let traces = with_word(&export, word);
            assert_eq!(traces.is_empty(), !has_gpu, "{}: {traces:?}", scenario.name);
        }
    }
}

/// Scenarios with the same features differ in values alone.
#[test]
fn two_scenarios_differ_where_values_stand_and_nowhere_else() {
    let (one, other) = (scenario("posture-3-ai.yaml"), scenario("ai-mixed.yaml"));
    let (one, other) = (export(&one, None), export(&other, None));
    let (one, other) = (files(&one), files(&other));
    assert_eq!(
        one.keys().collect::<Vec<_>>(),
        other.keys().collect::<Vec<_>>()
    );
    let values = |name: &str| {
        name.starts_with("helm/values/")
            || name.starts_with("helm/manifests/")
            || name.starts_with("terraform/tests/")
            || ["terraform/terraform.tfvars", "README.md", "PROVENANCE.json"].contains(&name)
    };
    let differ: Vec<_> = one
        .iter()
        .filter(|(name, text)| other[**name] != **text)
        .map(|(name, _)| *name)
        .collect();
    assert!(differ.contains(&"helm/values/workloads.yaml"), "{differ:?}");
    assert!(differ.iter().all(|name| values(name)), "{differ:?}");
}

#[test]
fn nothing_belongs_to_an_account_and_nothing_is_unpinned() {
    for scenario in all() {
        let export = export(&scenario, None);
        for (name, text) in files(&export) {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            let account = |word: &&str| {
                word.len() == 12 && word.chars().all(|c| c.is_ascii_digit())
                    || word.starts_with("AKIA")
            };
            assert_eq!(
                words.clone().find(account),
                None,
                "{}: {name}",
                scenario.name
            );
            let image = |line: &&str| {
                line.contains("image: ") && line.trim_end_matches('"').ends_with(":latest")
            };
            assert_eq!(text.lines().find(image), None, "{}: {name}", scenario.name);
            assert!(!text.contains("@latest"), "{}: {name}", scenario.name);
        }
    }
}
