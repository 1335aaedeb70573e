//! Does the journal name the one cause that a scene was made with, and does writing it change nothing?

use karpsim::des::SimTime;
use karpsim::metrics::RunResult;
use karpsim::metrics::journal::{About, Journal};
use karpsim::report::explain::{self, Question, Topic};
use karpsim::scenario::Scenario;
use karpsim::sim;

use crate::lab::scenario;
use crate::town::a_busy_town;

fn recorded(scenario: &Scenario, about: About) -> (RunResult, Journal) {
    let end = SimTime::ZERO + scenario.duration;
    sim::recorded(scenario, scenario.seed, Journal::new(about), end, |_| {})
}

fn everything(scenario: &Scenario) -> String {
    let (result, journal) = recorded(scenario, About::Everything);
    let question = Question {
        topic: Topic::Everything,
        window: Some((SimTime::ZERO, SimTime::ZERO + scenario.duration)),
    };
    explain::text(scenario, &result, &journal, &question)
}

#[test]
fn a_journal_changes_nothing_and_is_the_same_each_time() {
    let town = scenario(&a_busy_town().yaml());
    let bytes = |result: &RunResult| serde_json::to_vec(result).expect("a result is plain data");
    let plain = sim::run(&town, town.seed, |_| {});
    let (result, journal) = recorded(&town, About::Everything);
    assert!(bytes(&plain) == bytes(&result));
    assert!(journal.entries().len() > 300 && journal.left_out() == 0);
    assert!(journal.nodes().len() >= plain.nodes.len());
    assert!(everything(&town) == everything(&town));
}

#[test]
fn a_run_that_ends_early_begins_the_same() {
    let town = scenario(&a_busy_town().yaml());
    let (_, whole) = recorded(&town, About::Everything);
    let hour = SimTime::from_secs(3_600);
    let (_, part) = sim::recorded(
        &town,
        town.seed,
        Journal::new(About::Everything),
        hour,
        |_| {},
    );
    let begun = |journal: &Journal| -> Vec<_> {
        let entries = journal.entries().iter().filter(|entry| entry.until < hour);
        entries
            .map(|entry| (entry.at, entry.subject, entry.decision.clone()))
            .collect()
    };
    assert!(!begun(&part).is_empty());
    assert!(begun(&whole) == begun(&part));
}
