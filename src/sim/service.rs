//! The state of services and queues while they run.

use std::collections::{BTreeMap, VecDeque};

use crate::cluster::Key;
use crate::des::{SimDuration, SimTime};
use crate::kube::hpa::Hpa;
use crate::kube::keda::Keda;
use crate::kube::rate::SpamFilter;
use crate::metrics::attribution::PARTS;
use crate::metrics::latency::Durations;
use crate::metrics::result::ContainerEnds;
use crate::metrics::{Attribution, LatencyRecorder, Part};
use crate::workload::{MessageQueue, TargetGroup};

use super::job::Message;
use super::pod::Pod;
use super::request::Request;
use super::rollout::ReplicaSet;

/// What changes a service's replica count while it runs.
#[derive(Clone, Debug)]
pub(super) enum Autoscaler {
    /// Nothing.
    Fixed,
    /// A HorizontalPodAutoscaler.
    Hpa(Hpa),
    /// A ScaledObject, and the HPA it made.
    Keda(Box<Keda>, Hpa),
}

/// A service.
#[derive(Clone, Debug)]
pub(super) struct ServiceState {
    /// `spec.replicas`.
    pub(super) desired: u32,
    /// Most replicas anybody may ask for.
    pub(super) most: u32,
    /// Its revisions that have pods, the newest last.
    pub(super) replica_sets: Vec<ReplicaSet>,
    /// Which events about its ReplicaSets are written.
    pub(super) events: SpamFilter,
    /// What `desired` was when the sizes of the revisions were last made up.
    pub(super) sized_for: u32,
    /// Whether a sync is going on.
    pub(super) syncing: bool,
    /// Its pods, in order of birth.
    pub(super) pods: Vec<Key<Pod>>,
    /// Pods that get calls.
    pub(super) targets: TargetGroup,
    /// Calls that the load balancer has found no connection for, by when it gives up.
    pub(super) connecting: VecDeque<(SimTime, Key<Request>)>,
    /// Workers that poll an empty queue.
    pub(super) pollers: VecDeque<Key<Pod>>,
    pub(super) autoscaler: Autoscaler,
    /// What CloudWatch last said of the queue it works off, and when: visible messages.
    pub(super) backlog: Option<(SimTime, u64)>,
    pub(super) recorder: LatencyRecorder,
    pub(super) begun: u64,
    pub(super) clocks: ClockFace,
    pub(super) ready: ReadyLevel,
    pub(super) scaled_up: u64,
    pub(super) scaled_down: u64,
    /// Containers that ended while their pods stayed.
    pub(super) ends: ContainerEnds,
    /// CPU used by pods that are gone, in microcore-microseconds.
    pub(super) cpu_used: u128,
}

impl ServiceState {
    /// Creations asked of the API server that have not happened yet.
    pub(super) fn creating(&self) -> u32 {
        self.replica_sets.iter().map(|set| set.creating).sum()
    }
}

/// How many pods are Ready, over time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadyLevel {
    pub(super) now: u32,
    pub(super) most: u32,
    area: u128,
    since: SimTime,
}

impl ReadyLevel {
    pub(super) fn set(&mut self, now: SimTime, level: u32) {
        self.area += u128::from(self.now) * u128::from(now.since(self.since).as_micros());
        (self.now, self.since) = (level, now);
        self.most = self.most.max(level);
    }

    pub(super) fn mean(&mut self, now: SimTime) -> f64 {
        self.set(now, self.now);
        let span = now.as_micros();
        if span == 0 {
            f64::from(self.now)
        } else {
            self.area as f64 / span as f64
        }
    }
}

/// The parts of latency that waiting in a queue can be, in the order of the clocks.
const WAITS: [Part; 5] = [
    Part::QueueWait,
    Part::AutoscalerReaction,
    Part::PodPending,
    Part::NodeLaunch,
    Part::PodStart,
];

/// Readings of the clocks of a service: microseconds spent in each waiting phase since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct QueueClocks([u64; WAITS.len()]);

/// What a service's queue waits for, and how long it has waited for each so far: one clock per phase, of which one runs.
///
/// A request that waits from `a` to `b` owes each phase what its clock has moved between the two: exact, and O(1) per request.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClockFace {
    clocks: QueueClocks,
    phase: usize,
    since: SimTime,
}

impl Default for ClockFace {
    fn default() -> Self {
        Self {
            clocks: QueueClocks::default(),
            phase: 0,
            since: SimTime::ZERO,
        }
    }
}

impl ClockFace {
    /// From now on waiting is for this.
    pub(super) fn turn_to(&mut self, now: SimTime, part: Part) {
        let phase = WAITS.iter().position(|&wait| wait == part).unwrap_or(0);
        if phase != self.phase {
            self.clocks = self.at(now);
            (self.phase, self.since) = (phase, now);
        }
    }

    /// What the clocks say.
    pub(super) fn at(&self, now: SimTime) -> QueueClocks {
        let mut clocks = self.clocks;
        clocks.0[self.phase] += now.since(self.since).as_micros();
        clocks
    }

    /// Adds a wait that began at `from` and ends now to the parts of a request.
    pub(super) fn attribute(&self, from: &QueueClocks, now: SimTime, parts: &mut Attribution) {
        let to = self.at(now);
        for (place, part) in WAITS.into_iter().enumerate() {
            parts.add(part, to.0[place] - from.0[place]);
        }
    }
}

const _: () = assert!(WAITS.len() < PARTS);

/// A queue.
#[derive(Clone, Debug)]
pub(super) struct QueueState {
    pub(super) messages: MessageQueue<Key<Message>>,
    /// When the timer for the next visibility timeout is set.
    pub(super) timer: Option<SimTime>,
    pub(super) age: Durations,
    /// The same by category.
    pub(super) age_by_category: BTreeMap<u16, Durations>,
    pub(super) redelivered: u64,
    buried: usize,
    pub(super) longest: u64,
    pub(super) longest_at: SimTime,
}

impl QueueState {
    pub(super) fn new(messages: MessageQueue<Key<Message>>) -> Self {
        Self {
            messages,
            timer: None,
            age: Durations::default(),
            age_by_category: BTreeMap::new(),
            redelivered: 0,
            buried: 0,
            longest: 0,
            longest_at: SimTime::ZERO,
        }
    }

    pub(super) fn send(&mut self, now: SimTime, message: Key<Message>, category: u16) {
        self.messages.send(now, message, category);
        let visible = self.messages.counts(now).visible;
        if visible > self.longest {
            (self.longest, self.longest_at) = (visible, now);
        }
    }

    pub(super) fn worked_off(&mut self, age: SimDuration, category: u16) {
        self.age.record(age);
        self.age_by_category
            .entry(category)
            .or_default()
            .record(age);
    }

    /// The next dead letter that has not been taken note of.
    pub(super) fn next_dead(&mut self) -> Option<Key<Message>> {
        let letter = self.messages.dead_letters().get(self.buried)?;
        self.buried += 1;
        Some(letter.message)
    }
}

/// A journey's counts.
#[derive(Clone, Debug, Default)]
pub(super) struct JourneyState {
    pub(super) begun: u64,
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) latency: Durations,
}

impl JourneyState {
    pub(super) fn finish(&mut self, completed: bool, waited: SimDuration) {
        if completed {
            self.completed += 1;
            self.latency.record(waited);
        } else {
            self.failed += 1;
        }
    }
}
