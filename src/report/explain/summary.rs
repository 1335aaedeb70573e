//! What did pods wait for most, and for what did nodes stay that cost most?

use serde_json::{Value, json};

use super::pods::{Told, waiting};
use super::{Book, Topic, nodes};
use crate::metrics::journal::{StaySum, WaitSum, Waiting};
use crate::report::units::{counted, duration, usd};

/// Rows of a list for people; machines get all.
const ROWS: usize = 10;

/// The sums for people.
pub(super) fn text(book: &Book<'_>, topic: &Topic) -> String {
    let mut text = String::new();
    let waits = waits(book, topic);
    if !matches!(topic, Topic::NodePool(_)) {
        text += &heading("Pods waited", waits.iter().map(|sum| sum.micros).sum());
        for sum in waits.iter().take(ROWS) {
            let (told, notes) = wait(book, sum);
            text += &format!(
                "  {:>12}  {}, {}, the longest {}: {told}\n",
                duration(sum.micros),
                book.names.template(sum.pod).name,
                counted(sum.waits, "wait"),
                longest(&book.names.pod(sum.pod), sum.longest_micros),
            );
            notes
                .iter()
                .for_each(|note| text += &format!("{:16}{note}\n", ""));
        }
    }
    let stays = stays(book, topic);
    if !matches!(topic, Topic::Service(_)) {
        text += &heading("Nodes stayed", stays.iter().map(|sum| sum.micros).sum());
        for sum in stays.iter().take(ROWS) {
            text += &format!(
                "  {:>12}  {}  {}, {}, the longest {}: {}\n",
                duration(sum.micros),
                usd(sum.nano_usd),
                book.names.pool_name(sum.pool),
                counted(sum.stays, "stay"),
                longest(book.names.node(sum.node), sum.longest_micros),
                nodes::stay(&book.at(sum.seen), sum.node, &sum.longest),
            );
        }
    }
    text
}

fn heading(what: &str, micros: u64) -> String {
    format!("\n{what} {} in all\n", duration(micros))
}

fn longest(name: &str, micros: u64) -> String {
    format!("{} by {name}", duration(micros))
}

fn wait(book: &Book<'_>, sum: &WaitSum) -> Told {
    let told = |text: &str| (text.to_owned(), Vec::new());
    match &sum.longest {
        Waiting::Promised { ready: false, .. } => told("a node that is being launched"),
        Waiting::Promised { ready: true, .. } => {
            told("kube-scheduler to bind it to a node that is there")
        }
        cause => waiting(book.at(sum.seen).names, sum.pod, cause),
    }
}

fn waits<'a>(book: &Book<'a>, topic: &Topic) -> Vec<&'a WaitSum> {
    let wanted = |sum: &&WaitSum| match topic {
        Topic::Service(id) => sum.template == book.names.scenario.services[id.index()].template,
        _ => true,
    };
    book.journal.waits().iter().filter(wanted).collect()
}

fn stays<'a>(book: &Book<'a>, topic: &Topic) -> Vec<&'a StaySum> {
    let wanted = |sum: &&StaySum| match topic {
        Topic::NodePool(place) => sum.pool == Some(*place),
        _ => true,
    };
    book.journal
        .stays_by_cause()
        .iter()
        .filter(wanted)
        .collect()
}

/// The sums of waiting for machines.
pub(super) fn waits_json(book: &Book<'_>, topic: &Topic) -> Value {
    let row = |sum: &WaitSum| {
        let (told, notes) = wait(book, sum);
        json!({
            "workload": book.names.template(sum.pod).name,
            "pod_us": sum.micros,
            "waits": sum.waits,
            "longest_us": sum.longest_micros,
            "longest": book.names.pod(sum.pod),
            "cause": told,
            "notes": notes,
        })
    };
    waits(book, topic).into_iter().map(row).collect()
}

/// The sums of staying for machines.
pub(super) fn stays_json(book: &Book<'_>, topic: &Topic) -> Value {
    let row = |sum: &StaySum| {
        json!({
            "nodepool": book.names.pool_name(sum.pool),
            "node_us": sum.micros,
            "nano_usd": sum.nano_usd,
            "stays": sum.stays,
            "longest_us": sum.longest_micros,
            "longest": book.names.node(sum.node),
            "cause": nodes::stay(&book.at(sum.seen), sum.node, &sum.longest),
        })
    };
    stays(book, topic).into_iter().map(row).collect()
}
