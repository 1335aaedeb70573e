//! Why did every controller do what it did? Decisions as data: when, about whom, and the real reason (spec/karpenter.md 11, rows 1 to 3).
//!
//! A controller that looks every ten seconds and finds the same thing each time makes one [`Entry`] that lasts, not a thousand. Beside
//! the entries the journal adds up, by cause, how long pods waited and what nodes cost that stayed. Entries are bounded in number, sums by
//! the number of distinct causes.

mod decision;
mod sums;

use rustc_hash::FxHashMap;

use crate::cloud::Price;
use crate::cluster::TemplateId;
use crate::des::SimTime;
use crate::karpenter::disruption::NodeId;

use decision::Topic;
pub use decision::{
    Claimed, Decision, Launched, NotLaunched, PodId, Protection, Removal, Scaler, Stay, Waiting,
};
pub use sums::{StaySum, WaitSum};

/// Most entries a journal keeps; those after are counted only.
pub const ENTRIES_MAX: usize = 1_000_000;

/// Whom a decision is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    /// A pod.
    Pod(PodId),
    /// A node, from its claim on.
    Node(NodeId),
    /// The disruption of several nodes together.
    Disruption,
    /// The number of a workload's pods.
    Workload(TemplateId),
}

/// What is to be written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum About {
    /// Everything.
    Everything,
    /// Pods of one workload, and the lives of all nodes.
    Workload(TemplateId),
    /// One pod, and the lives of all nodes.
    Pod(PodId),
}

/// A decision, or a finding that lasted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// When it was taken, or first found.
    pub at: SimTime,
    /// When something else was found instead; `at` for what happens at an instant.
    pub until: SimTime,
    /// When it was found last.
    pub seen: SimTime,
    /// How often it was found.
    pub times: u32,
    /// Whom it is about.
    pub subject: Subject,
    /// What, as it was found last.
    pub decision: Decision,
    /// The order of entries of the same instant.
    sequence: u64,
}

/// A node of the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeNote {
    /// Its name in every report.
    pub name: String,
    /// Its NodePool; none for nodes of a node group.
    pub pool: Option<usize>,
}

/// A finding that still holds.
#[derive(Clone, Debug)]
struct Open {
    entry: Entry,
    /// When it was found last.
    seen: SimTime,
    /// What the node has cost meanwhile, in nano-dollar-microseconds per hour.
    cost: i128,
    price: Price,
}

impl Open {
    fn see(&mut self, now: SimTime) {
        let span = now.since(self.seen).as_micros();
        self.cost += i128::from(self.price.0) * i128::from(span);
        self.seen = now;
    }
}

/// What a run wrote down.
#[derive(Clone, Debug)]
pub struct Journal {
    about: About,
    entries: Vec<Entry>,
    left_out: u64,
    sequence: u64,
    nodes: Vec<NodeNote>,
    /// By workload: pods ever created.
    born: Vec<u64>,
    open: FxHashMap<(Subject, Topic), Open>,
    waits: Vec<WaitSum>,
    stays: Vec<StaySum>,
}

impl Journal {
    /// An empty journal.
    #[must_use]
    pub fn new(about: About) -> Self {
        Self {
            about,
            entries: Vec::new(),
            left_out: 0,
            sequence: 0,
            nodes: Vec::new(),
            born: Vec::new(),
            open: FxHashMap::default(),
            waits: Vec::new(),
            stays: Vec::new(),
        }
    }

    /// The next node has been made; nodes are numbered in this order.
    pub fn node_made(&mut self, id: NodeId, name: &str, pool: Option<usize>) {
        assert_eq!(id.0 as usize, self.nodes.len(), "{name} is out of turn");
        self.nodes.push(NodeNote {
            name: name.to_owned(),
            pool,
        });
    }

    /// A pod has been created.
    pub fn pod_made(&mut self, pod: PodId) {
        let place = pod.template.index();
        if self.born.len() <= place {
            self.born.resize(place + 1, 0);
        }
        self.born[place] += 1;
    }

    /// Writes down a decision, or a finding that holds until another of its topic is made about the subject.
    pub fn note(&mut self, now: SimTime, subject: Subject, decision: Decision) {
        if !self.concerns(subject) {
            return;
        }
        match decision.topic() {
            Some(topic) => self.find(now, (subject, topic), decision, Price::default()),
            None => {
                let entry = self.entry(now, subject, decision);
                self.keep(entry);
            }
        }
    }

    /// Writes down why a node of this price per hour stays.
    pub fn stays(&mut self, now: SimTime, node: NodeId, price: Price, stay: Stay) {
        let subject = Subject::Node(node);
        if self.concerns(subject) {
            let decision = Decision::Stays(Box::new(stay));
            self.find(now, (subject, Topic::Stays), decision, price);
        }
    }

    fn find(&mut self, now: SimTime, about: (Subject, Topic), decision: Decision, price: Price) {
        if let Some(open) = self.open.get_mut(&about) {
            open.see(now);
            open.price = price;
            if open.entry.decision.continues(&decision) {
                open.entry.decision.renew(decision);
                open.entry.times += 1;
                open.entry.seen = now;
                return;
            }
            if let Some(open) = self.open.remove(&about) {
                self.close(now, open);
            }
        }
        let open = Open {
            entry: self.entry(now, about.0, decision),
            seen: now,
            cost: 0,
            price,
        };
        self.open.insert(about, open);
    }

    /// Why a node stays, if that has been found.
    #[must_use]
    pub fn stay_of(&self, node: NodeId) -> Option<&Stay> {
        let open = self.open.get(&(Subject::Node(node), Topic::Stays))?;
        match &open.entry.decision {
            Decision::Stays(stay) => Some(stay),
            _ => None,
        }
    }

    /// What a pod waits for, if that has been found.
    #[must_use]
    pub fn wait_of(&self, pod: PodId) -> Option<&Waiting> {
        let open = self.open.get(&(Subject::Pod(pod), Topic::Waits))?;
        match &open.entry.decision {
            Decision::Waits(waiting) => Some(waiting),
            _ => None,
        }
    }

    /// Nothing that was found of the subject holds any more.
    pub fn over(&mut self, now: SimTime, subject: Subject) {
        for topic in Topic::ALL {
            if let Some(mut open) = self.open.remove(&(subject, topic)) {
                open.see(now);
                self.close(now, open);
            }
        }
    }

    /// The run has ended: what still holds, held until now.
    pub fn finish(&mut self, now: SimTime) {
        let mut open: Vec<Open> = self.open.drain().map(|(_, open)| open).collect();
        open.sort_by_key(|open| open.entry.sequence);
        for mut open in open {
            open.see(now);
            self.close(now, open);
        }
        self.entries.sort_by_key(|entry| (entry.at, entry.sequence));
        self.waits
            .sort_by_key(|sum| (std::cmp::Reverse(sum.micros), sum.first));
        self.stays
            .sort_by_key(|sum| (std::cmp::Reverse(sum.micros), sum.first));
    }

    fn close(&mut self, now: SimTime, open: Open) {
        let mut entry = open.entry;
        entry.until = now;
        match (&entry.decision, entry.subject) {
            (Decision::Waits(waiting), Subject::Pod(pod)) => {
                sums::add_wait(&mut self.waits, &entry, pod, waiting);
            }
            (Decision::Stays(stay), Subject::Node(node)) => {
                let pool = self.nodes[node.0 as usize].pool;
                sums::add_stay(&mut self.stays, &entry, (node, pool), stay, open.cost);
            }
            _ => {}
        }
        self.keep(entry);
    }

    fn entry(&mut self, at: SimTime, subject: Subject, decision: Decision) -> Entry {
        self.sequence += 1;
        Entry {
            at,
            until: at,
            seen: at,
            times: 1,
            subject,
            decision,
            sequence: self.sequence,
        }
    }

    fn keep(&mut self, entry: Entry) {
        if self.entries.len() < ENTRIES_MAX {
            self.entries.push(entry);
        } else {
            self.left_out += 1;
        }
    }

    fn concerns(&self, subject: Subject) -> bool {
        match (&self.about, subject) {
            (About::Everything, _) | (About::Workload(_) | About::Pod(_), Subject::Node(_)) => true,
            (About::Workload(template), Subject::Pod(pod)) => pod.template == *template,
            (About::Pod(wanted), Subject::Pod(pod)) => pod == *wanted,
            (About::Workload(template), Subject::Workload(other)) => other == *template,
            (About::Pod(wanted), Subject::Workload(other)) => other == wanted.template,
            (About::Workload(_) | About::Pod(_), Subject::Disruption) => false,
        }
    }

    /// What was written down, in order of time.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries there was no room for.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Every node that was ever made, by its number.
    #[must_use]
    pub fn nodes(&self) -> &[NodeNote] {
        &self.nodes
    }

    /// How many pods of a workload were ever created.
    #[must_use]
    pub fn born(&self, template: TemplateId) -> u64 {
        self.born.get(template.index()).copied().unwrap_or(0)
    }

    /// How long pods waited, by workload and cause, longest first.
    #[must_use]
    pub fn waits(&self) -> &[WaitSum] {
        &self.waits
    }

    /// How long nodes stayed, by NodePool and cause, longest first.
    #[must_use]
    pub fn stays_by_cause(&self) -> &[StaySum] {
        &self.stays
    }
}
