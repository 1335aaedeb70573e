//! What happened to those asked about, in order of time.

use serde_json::{Value, json};

use super::pods::{Told, removal, waiting};
use super::{Book, Question, Topic, nodes, scaling};
use crate::cloud::Price;
use crate::karpenter::disruption::{Finding, NodeId, Unconsolidatable};
use crate::metrics::journal::{Decision, Entry, PodId, Protection, Stay, Subject, Waiting};
use crate::metrics::result::ContainerEnd;
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
                "reason": reason(&entry.decision),
                "usd_per_hour": prices(&entry.decision),
                "notes": notes,
            })
        })
        .collect()
}

/// The name of the reason, where a controller has one.
fn reason(decision: &Decision) -> Option<String> {
    let said = match decision {
        Decision::Stays(stay) => match &**stay {
            Stay::Blocked { why, .. } => format!("{why:?}"),
            Stay::Kept { why, .. } => format!("{why:?}"),
        },
        Decision::Removed(why) => format!("{why:?}"),
        Decision::Protected(by) => format!("{by:?}"),
        Decision::Ended { outcome, .. } => format!("{outcome:?}"),
        _ => return None,
    };
    let ends = |c: char| !c.is_alphanumeric();
    said.split(ends).next().map(str::to_owned)
}

/// What things cost per hour that the decision is about, in dollars.
fn prices(decision: &Decision) -> Value {
    let usd = Price::dollars_per_hour;
    match decision {
        Decision::Claimed(claim) => {
            json!({ "cheapest": claim.cheapest.map(|(_, price)| usd(price)) })
        }
        Decision::Launched(launched) => json!({
            "chosen": usd(launched.chosen.price),
            "cheapest": launched.cheapest.map(|cheapest| usd(cheapest.price)),
        }),
        Decision::Started { command, .. } => json!({
            "now": usd(command.saving.now),
            "replacement_at_most": usd(command.saving.replacement_at_most),
            "replacement_at_least": usd(command.saving.replacement_at_least),
        }),
        Decision::Stays(stay) => match &**stay {
            Stay::Kept {
                why: Unconsolidatable::NotCheaper { now, nearest },
                ..
            } => json!({
                "now": usd(*now),
                "nearest_replacement": nearest.map(|(_, price)| usd(price)),
            }),
            Stay::Kept {
                why: Unconsolidatable::SpotToSpotDisabled { now },
                ..
            } => json!({ "now": usd(*now) }),
            Stay::Kept { .. } | Stay::Blocked { .. } => Value::Null,
        },
        _ => Value::Null,
    }
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
        Subject::Workload(template) => {
            format!("workload {}", book.names.scenario.template(template).name)
        }
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
        Subject::Workload(_) => false,
    };
    match &question.topic {
        Topic::Everything => true,
        Topic::Service(id) => match entry.subject {
            Subject::Pod(PodId { template, .. }) | Subject::Workload(template) => {
                template == book.names.scenario.services[id.index()].template
            }
            Subject::Node(_) | Subject::Disruption => false,
        },
        Topic::Pod(pod) => match entry.subject {
            Subject::Pod(other) => other == *pod,
            Subject::Node(node) => is_birth(&entry.decision) && awaited(book, *pod, node),
            Subject::Disruption | Subject::Workload(_) => false,
        },
        Topic::Node(name) => of_nodes(&|node| book.names.node(node) == name),
        Topic::NodePool(place) => {
            of_nodes(&|node| book.journal.nodes()[node.0 as usize].pool == Some(*place))
        }
    }
}

/// Whether a pod has been promised the node.
fn awaited(book: &Book<'_>, pod: PodId, node: NodeId) -> bool {
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
        Decision::Bound { node }
        | Decision::Preempts { node, .. }
        | Decision::Waits(Waiting::Promised { node, .. }) => Some(*node),
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
    let book = &book.at(entry.seen);
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
        (Decision::Protected(by), Subject::Pod(pod)) => plain(protected(book, pod, *by)),
        (Decision::Scaled { from, to, by }, Subject::Workload(template)) => {
            plain(scaling::scaled(names, template, (*from, *to), by))
        }
        (Decision::Held { at, reason }, Subject::Workload(template)) => {
            plain(scaling::held(names, template, *at, *reason))
        }
        (decision, _) => plain(short(book, decision)),
    }
}

fn protected(book: &Book<'_>, pod: PodId, by: Protection) -> String {
    let pdbs = || book.names.pdbs(pod);
    match by {
        Protection::Budget => {
            format!(
                "not evicted: PodDisruptionBudget {} allows no disruption",
                pdbs()
            )
        }
        Protection::SeveralBudgets => {
            format!(
                "not evicted: several PodDisruptionBudgets cover it: {}",
                pdbs()
            )
        }
        Protection::DoNotDisrupt => "not evicted: it has karpenter.sh/do-not-disrupt".to_owned(),
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
        Decision::ContainerEnded(end) => container_end(*end).to_owned(),
        Decision::BacksOff { backoff } => {
            format!("CrashLoopBackOff: starts again {backoff} after its end")
        }
        Decision::Preempts { node, victims } => format!(
            "kube-scheduler: preempts {} on {}",
            counted(*victims as u64, "pod"),
            names.node(*node)
        ),
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

/// Why a container ended.
const fn container_end(end: ContainerEnd) -> &'static str {
    match end {
        ContainerEnd::Crashed => "container ended by itself",
        ContainerEnd::OomKilled => "container OOMKilled: it took more memory than it may",
        ContainerEnd::LivenessProbe => "container killed: its liveness probe failed",
        ContainerEnd::StartupProbe => "container killed: its startup probe failed",
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
        Decision::ContainerEnded(_) => "container ended",
        Decision::BacksOff { .. } => "container backs off",
        Decision::Removed(_) => "pod removed",
        Decision::Protected(_) => "pod not evicted",
        Decision::Preempts { .. } => "pod preempts",
        Decision::Scaled { .. } => "workload scaled",
        Decision::Held { .. } => "workload held",
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
