//! A scale-up and a consolidation, event by event, at the times of spec/karpenter.md 13.1 and 13.2.

use karpsim::karpenter::disruption::{Method, NodeId, Outcome};
use karpsim::metrics::journal::{Decision, Entry, Journal, NotLaunched, Removal, Subject};

use crate::lab::fleet::{Fleet, recorded};
use crate::lab::scenario;

fn journal_of(fleet: &Fleet) -> Journal {
    recorded(&scenario(&fleet.to_string()), 1).1
}

/// Seconds of the entries whose decision is wanted.
fn times(journal: &Journal, wanted: impl Fn(&Entry) -> bool) -> Vec<f64> {
    let entries = journal.entries().iter().filter(|entry| wanted(entry));
    entries.map(|entry| entry.at.as_secs_f64()).collect()
}

fn of_node(id: NodeId, kind: fn(&Decision) -> bool) -> impl Fn(&Entry) -> bool {
    move |entry| entry.subject == Subject::Node(id) && kind(&entry.decision)
}

#[track_caller]
fn only(times: &[f64]) -> f64 {
    let &[time] = times else { panic!("{times:?}") };
    time
}

#[track_caller]
fn within(low: f64, time: f64, high: f64) {
    assert!((low..=high).contains(&time), "{low} <= {time} <= {high}");
}

/// 13.1: pods at once, the window of an idle second, one claim for each, 2 to 4 s until EC2 has launched them, a node 30 to 60 s later, and
/// the pods bound as soon as it takes them.
#[test]
fn a_scale_up_takes_its_steps_in_time() {
    let journal = journal_of(&Fleet {
        duration: "10m",
        ..Fleet::default()
    });
    let created = times(&journal, |e| matches!(e.decision, Decision::Created));
    assert_eq!(created.len(), 2);
    let claimed = times(&journal, |e| matches!(e.decision, Decision::Claimed(_)));
    assert_eq!(claimed.len(), 2);
    assert_eq!(claimed[0], claimed[1], "one pass makes both");
    let asked = created.last().unwrap();
    within(asked + 1.0, claimed[0], asked + 2.0);
    for id in [0, 1].map(NodeId) {
        let launched = of_node(id, |d| matches!(d, Decision::Launched(_)));
        let launched = only(&times(&journal, launched));
        within(claimed[0] + 2.0, launched, claimed[0] + 4.0);
        let ready = only(&times(&journal, of_node(id, |d| *d == Decision::Ready)));
        within(launched + 20.0, ready, launched + 90.0);
        let bound = Decision::Bound { node: id };
        let bound = only(&times(&journal, |e| e.decision == bound));
        within(ready, bound, ready + 2.0);
    }
    let running = times(&journal, |e| matches!(e.decision, Decision::Running));
    assert_eq!(running.len(), 2);
}

/// 13.1: a claim that meets insufficient capacity is gone at once; its pods ask again within ten seconds, and the next claim leaves out
/// what EC2 has named.
#[test]
fn a_claim_without_capacity_is_followed_by_another_within_seconds() {
    let journal = journal_of(&Fleet {
        duration: "10m",
        replicas: 1,
        capacity_types: "[spot]",
        market: "{spot: {model: calm, droughts: [{from: 0s, for: 5m, families: [m7g]}]}}",
        types: "[m7g.large, m7g.xlarge, m6g.xlarge]",
        ..Fleet::default()
    });
    let failed: Vec<&Entry> = journal
        .entries()
        .iter()
        .filter(|entry| matches!(entry.decision, Decision::NotLaunched(_)))
        .collect();
    let claimed = times(&journal, |e| matches!(e.decision, Decision::Claimed(_)));
    assert_eq!(claimed.len(), failed.len() + 1);
    for (entry, next) in failed.iter().zip(&claimed[1..]) {
        let at = entry.at.as_secs_f64();
        within(at, *next, at + 11.0);
        let Decision::NotLaunched(why) = &entry.decision else {
            unreachable!("only those were kept")
        };
        assert!(matches!(**why, NotLaunched::Insufficient { .. }));
    }
}

/// A big node that a smaller type could do for from an hour on.
fn oversized() -> Fleet {
    let base = Fleet {
        duration: "2h",
        replicas: 1,
        disruption: "{consolidateAfter: 1m, budgets: [{nodes: 100%}]}",
        types: "[m7g.4xlarge]",
        ..Fleet::default()
    };
    let wider = Fleet {
        types: "[m7g.4xlarge, m7g.large]",
        ..base.clone()
    };
    let event = format!("[{{at: 1h, apply: {}}}]", wider.node_pool());
    Fleet {
        events: Box::leak(event.into_boxed_str()),
        ..base
    }
}

/// 13.2: a look within ten seconds, fifteen of validation, the replacement before the node goes, and the drain after it is there.
#[test]
fn a_consolidation_takes_its_steps_in_time() {
    let journal = journal_of(&oversized());
    let (old, new) = (NodeId(0), NodeId(1));
    let started = journal
        .entries()
        .iter()
        .find_map(|entry| match &entry.decision {
            Decision::Started {
                command,
                replacements,
            } => Some((entry.at.as_secs_f64(), command, replacements)),
            _ => None,
        });
    let (started, command, replacements) = started.expect("a cheaper type is found");
    assert_eq!(command.method, Method::SingleNode);
    assert_eq!(
        (&command.candidates, replacements),
        (&vec![old], &vec![new])
    );
    within(3_600.0 + 15.0, started, 3_600.0 + 10.0 + 15.0);
    let claimed = only(&times(
        &journal,
        of_node(new, |d| matches!(d, Decision::Claimed(_))),
    ));
    assert_eq!(claimed, started);
    let launched = only(&times(
        &journal,
        of_node(new, |d| matches!(d, Decision::Launched(_))),
    ));
    within(started + 2.0, launched, started + 4.0);
    let ready = only(&times(&journal, of_node(new, |d| *d == Decision::Ready)));
    let ended = times(
        &journal,
        |entry| matches!(&entry.decision, Decision::Ended { candidates, outcome: Outcome::Delete } if *candidates == [old]),
    );
    let ended = only(&ended);
    within(ready, ended, ready + 1.0);
    let deleted = only(&times(
        &journal,
        of_node(old, |d| matches!(d, Decision::Deleted { .. })),
    ));
    assert_eq!(deleted, ended);
    let evicted = times(&journal, |e| {
        e.decision == Decision::Removed(Removal::Evicted)
    });
    within(deleted, only(&evicted), deleted + 1.0);
    let terminated = only(&times(
        &journal,
        of_node(old, |d| {
            matches!(d, Decision::Terminated { reclaimed: false })
        }),
    ));
    within(deleted + 5.0, terminated, deleted + 35.0);
    let moved = Decision::Bound { node: new };
    let moved = only(&times(&journal, |e| e.decision == moved));
    within(ready, moved, terminated);
    let starts = times(&journal, |e| matches!(e.decision, Decision::Started { .. }));
    assert_eq!(starts.len(), 1, "nothing more is to be had");
}
