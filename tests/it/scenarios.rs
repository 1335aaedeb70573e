//! The scenarios a planner starts from: each of them is good, and those that are compared do the same work.

use std::fs;
use std::path::{Path, PathBuf};

use karpsim::scenario::diagnostic::render;
use karpsim::scenario::{Options, Scenario, open};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

#[track_caller]
pub(crate) fn scenario(file: &str) -> Scenario {
    let opened = open(
        &folder().join(file),
        &mut |path| fs::read(path),
        Options::default(),
    );
    let said = render(&opened.diagnostics, &opened.sources, false);
    opened.scenario.unwrap_or_else(|| panic!("{file}: {said}"))
}

#[test]
fn every_scenario_is_good_and_named_after_its_file() {
    let mut seen = 0;
    for entry in fs::read_dir(folder()).expect("a folder") {
        let file = entry.expect("an entry").file_name();
        let file = file.to_string_lossy();
        if let Some(name) = file.strip_suffix(".yaml") {
            assert_eq!(scenario(&file).name, name);
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen} scenarios");
}

#[test]
fn ai_without_isolation_has_the_same_work() {
    let (isolated, mixed) = (scenario("posture-3-ai.yaml"), scenario("ai-mixed.yaml"));
    let traffic = |scenario: &Scenario| format!("{:?}", scenario.traffic);
    assert!(traffic(&isolated) == traffic(&mixed));
    let runtime = |scenario: &Scenario| {
        let work = scenario.services.iter().map(|service| {
            let pods = scenario.template(service.template);
            format!(
                "{} {} {} {:?} {:?}",
                service.name,
                service.concurrency,
                service.threads,
                service.accelerator,
                pods.requests
            )
        });
        work.collect::<Vec<_>>()
    };
    assert_eq!(runtime(&isolated), runtime(&mixed));
    let tolerant = |scenario: &Scenario| {
        let ai = scenario.services.iter().find(|s| s.name == "inference");
        ai.is_some_and(|ai| !scenario.template(ai.template).tolerations.is_empty())
    };
    assert!(tolerant(&isolated) && !tolerant(&mixed));
}
