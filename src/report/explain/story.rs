//! What happened to those asked about, in order of time.

use serde_json::{Value, json};

use super::pods::{Told, removal, waiting};
use super::{Book, Question, Topic, nodes};
use crate::karpenter::disruption::{Finding, NodeId};
use crate::metrics::journal::{Decision, Entry, Subject, Waiting};
use crate::report::units::{count, counted, duration};

/// Names of one line; more are counted.
const NAMES: usize = 3;

/// One or more entries of the same instant that say the same.
struct Line<'a> {
    first: &'a Entry,
    subjects: Vec<String>,
    told: Told,
}

/// The story for people.
pub(super) fn text(book: &Book<'_>, question: &Question) -> String {
    let lines = lines(book, question);
    if lines.is_empty() {
        return "nothing was decided about it\n".to_owned();
    }
    let mut text = String::new();
    for line in &lines {
        let at = book.clock.second(line.first.at.as_micros());
        let (told, notes) = &line.told;
        text += &format!("{at}  {}  {told}{}\n", who(line), lasted(line.first));
        for note in notes {
            text += &format!("{:21}  {note}\n", "");
        }
    }
    text
}

/// The story for machines: an object per entry.
pub(super) fn json(book: &Book<'_>, question: &Question) -> Vec<Value> {
    lines(book, question)
        .iter()
        .map(|line| {
            let entry = line.first;
            let (told, notes) = &line.told;
            json!({
                "time": book.clock.rfc3339(entry.at.as_micros()),
                "elapsed_us": entry.at.as_micros(),
                "until_us": entry.until.as_micros(),
                "times": entry.times,
                "about": line.subjects,
                "decision": slug(&entry.decision),
                "text": told,
                "notes": notes,
            })
        })
        .collect()
}

fn who(line: &Line<'_>) -> String {
    let names = &line.subjects;
    if names.len() <= NAMES {
        return names.join(", ");
    }
    let more = count((names.len() - 1) as u64);
    format!("{} and {more} more", names[0])
}

fn lasted(entry: &Entry) -> String {
    let span = entry.until.since(entry.at).as_micros();
    if span == 0 {
        return String::new();
    }
    let looks = counted(entry.times.into(), "time");
    format!(" [{}, found {looks}]", duration(span))
}

fn lines<'a>(book: &Book<'a>, question: &Question) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let told = |entry: &&Entry| is_told(entry) && concerns(book, entry, question);
    for entry in book.journal.entries().iter().filter(told) {
        let told = sentence(book, entry);
        let name = subject(book, entry.subject);
        let same = lines
            .iter_mut()
            .rev()
            .take_while(|line| line.first.at == entry.at)
            .find(|line| {
                line.told == told
                    && line.first.until == entry.until
                    && line.first.subject != entry.subject
            });
        match same {
            Some(line) => line.subjects.push(name),
            None => lines.push(Line {
                first: entry,
                subjects: vec![name],
                told,
            }),
        }
    }
    lines
}

/// A pod's turn at kube-scheduler is told by what came of it.
fn is_told(entry: &Entry) -> bool {
    !matches!(
        entry.decision,
        Decision::Waits(Waiting::Turn | Waiting::Capacity(_))
    )
}

fn subject(book: &Book<'_>, subject: Subject) -> String {
    match subject {
        Subject::Pod(pod) => format!("pod {}", book.names.pod(pod)),
        Subject::Node(node) => format!("node {}", book.names.node(node)),
        Subject::Disruption => "disruption".to_owned(),
    }
}

fn concerns(book: &Book<'_>, entry: &Entry, question: &Question) -> bool {
    if let Some((from, to)) = question.window
        && (entry.until < from || entry.at > to)
    {
        return false;
    }
    let of_nodes = |wanted: &dyn Fn(NodeId) -> bool| match entry.subject {
        Subject::Node(node) => wanted(node),
        Subject::Disruption => mentioned(&entry.decision).iter().any(|&node| wanted(node)),
        Subject::Pod(_) => place(&entry.decision).is_some_and(wanted),
    };
    match &question.topic {
        Topic::Everything => true,
        Topic::Service(id) => match entry.subject {
            Subject::Pod(pod) => pod.template == book.names.scenario.services[id.index()].template,
            _ => false,
        },
        Topic::Pod(pod) => match entry.subject {
            Subject::Pod(other) => other == *pod,
            Subject::Node(node) => is_birth(&entry.decision) && awaited(book, *pod, node),
            Subject::Disruption => false,
        },
        Topic::Node(name) => of_nodes(&|node| book.names.node(node) == name),
        Topic::NodePool(place) => {
            of_nodes(&|node| book.journal.nodes()[node.0 as usize].pool == Some(*place))
        }
    }
}

/// Whether a pod has been promised the node.
fn awaited(book: &Book<'_>, pod: crate::metrics::journal::PodId, node: NodeId) -> bool {
    let of_pod = book
        .journal
        .entries()
        .iter()
        .filter(|entry| entry.subject == Subject::Pod(pod));
    of_pod
        .map(|entry| &entry.decision)
        .any(|decision| place(decision) == Some(node))
}

/// What happens to a node before it takes pods.
fn is_birth(decision: &Decision) -> bool {
    matches!(
        decision,
        Decision::Claimed(_) | Decision::Launched(_) | Decision::NotLaunched(_) | Decision::Ready
    )
}

/// Where a pod goes.
fn place(decision: &Decision) -> Option<NodeId> {
    match decision {
        Decision::Bound { node } | Decision::Waits(Waiting::Promised { node, .. }) => Some(*node),
        _ => None,
    }
}

/// The nodes a decision about several is about.
fn mentioned(decision: &Decision) -> &[NodeId] {
    match decision {
        Decision::Started { command, .. } => &command.candidates,
        Decision::Ended { candidates, .. } => candidates,
        Decision::Found(finding) => match &**finding {
            Finding::Kept { nodes, .. } => nodes,
            Finding::Dropped { command, .. } => &command.candidates,
            Finding::OutOfTime { .. } | Finding::NoEligiblePool => &[],
        },
        _ => &[],
    }
}

fn sentence(book: &Book<'_>, entry: &Entry) -> Told {
    let names = book.names;
    let plain = |text: String| (text, Vec::new());
    match (&entry.decision, entry.subject) {
        (Decision::Waits(state), Subject::Pod(pod)) => waiting(names, pod, state),
        (Decision::Stays(stay), Subject::Node(node)) => plain(nodes::stay(book, node, stay)),
        (Decision::Claimed(claim), _) => nodes::claimed(names, claim),
        (Decision::Launched(launched), _) => nodes::launched(names, launched),
        (Decision::NotLaunched(why), _) => nodes::not_launched(book, why),
        (
            Decision::Started {
                command,
                replacements,
            },
            _,
        ) => nodes::started(names, command, replacements),
        (decision, _) => plain(short(book, decision)),
    }
}

/// Decisions that take one line.
fn short(book: &Book<'_>, decision: &Decision) -> String {
    let names = book.names;
    match decision {
        Decision::Created => "created".to_owned(),
        Decision::Refused(failure) => format!("kube-scheduler: {failure}"),
        Decision::Bound { node } => format!("kube-scheduler: bound to {}", names.node(*node)),
        Decision::Running => "ready".to_owned(),
        Decision::Removed(why) => removal(names, *why),
        Decision::Ready => "initialized".to_owned(),
        Decision::Noticed { heard: true } => "spot interruption notice: two minutes left, drained".to_owned(),
        Decision::Noticed { heard: false } => {
            "spot interruption notice: two minutes left, and nobody hears it (no interruption queue)".to_owned()
        }
        Decision::Deleted { reason } => format!("deleted: {reason}"),
        Decision::Terminated { reclaimed: true } => "reclaimed by EC2".to_owned(),
        Decision::Terminated { reclaimed: false } => "drained, its instance is terminated".to_owned(),
        Decision::Found(finding) => nodes::found(book, finding),
        Decision::Ended { candidates, outcome } => nodes::ended(names, candidates, *outcome),
        decision => slug(decision).to_owned(),
    }
}

fn slug(decision: &Decision) -> &'static str {
    match decision {
        Decision::Created => "pod created",
        Decision::Refused(_) => "pod unschedulable",
        Decision::Waits(Waiting::NoPlace(_)) => "pod without place",
        Decision::Waits(_) => "pod nominated",
        Decision::Bound { .. } => "pod bound",
        Decision::Running => "pod ready",
        Decision::Removed(_) => "pod removed",
        Decision::Claimed(_) => "node claimed",
        Decision::Launched(_) => "node launched",
        Decision::NotLaunched(_) => "node not launched",
        Decision::Ready => "node initialized",
        Decision::Stays(_) => "node stays",
        Decision::Noticed { .. } => "node interrupted",
        Decision::Deleted { .. } => "node deleted",
        Decision::Terminated { .. } => "node terminated",
        Decision::Found(_) => "disruption finding",
        Decision::Started { .. } => "disruption started",
        Decision::Ended { .. } => "disruption ended",
    }
}
