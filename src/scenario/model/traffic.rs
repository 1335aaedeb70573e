//! Resolved traffic: sources of arrivals and the programs their journeys run.

use super::{QueueId, ServiceId};
use crate::des::{Dist, SimDuration};
use crate::workload::CategoryMap;
use crate::workload::Trace;

/// The place of a journey in [`Traffic::journeys`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct JourneyId(pub u16);

/// The place of a step in [`Traffic::steps`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StepId(pub u16);

impl JourneyId {
    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl StepId {
    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who comes, and what they do.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Real arrivals.
    pub replay: Option<Replay>,
    /// Generated arrivals.
    pub background: Vec<Background>,
    /// Journeys, by name in alphabetical order.
    pub journeys: Vec<Journey>,
    /// Steps of all journeys.
    pub steps: Vec<Step>,
    /// Category names; arrivals carry an index. Index 0 is `-`: no category.
    pub categories: Vec<String>,
}

/// Real arrivals.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The rows, at their time from the midnight before the start of the simulation.
    pub trace: Trace,
    /// Times as many.
    pub scale: f64,
    /// How far a copy may be displaced.
    pub jitter: SimDuration,
    /// From trace categories to [`Traffic::categories`].
    pub categories: CategoryMap,
    /// What each does.
    pub journey: JourneyId,
}

/// Generated arrivals.
#[derive(Clone, Debug)]
pub struct Background {
    /// Name.
    pub name: String,
    /// Mean arrivals per hour.
    pub per_hour: f64,
    /// Shape over the week.
    pub profile: Profile,
    /// Negative-binomial `k` of hourly counts.
    pub overdispersion: Option<f64>,
    /// What each does.
    pub journey: JourneyId,
    /// What all of them are about, as a place in [`Traffic::categories`].
    pub category: u16,
}

/// Shape of a rate over the hours of a week.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// Always the same.
    Flat,
    /// As real complaints come.
    HourOfWeek,
    /// Monday to Saturday, ten to six.
    OfficeHours,
}

/// A journey.
#[derive(Clone, Debug)]
pub struct Journey {
    /// Name.
    pub name: String,
    /// Its first step.
    pub first: StepId,
}

/// A step of a journey.
#[derive(Clone, Debug)]
pub struct Step {
    /// The journey it belongs to.
    pub journey: JourneyId,
    /// Who takes it.
    pub filter: Filter,
    /// What it is.
    pub kind: StepKind,
    /// What follows.
    pub next: Option<StepId>,
}

/// Who takes a step.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Share of arrivals, 0 to 1.
    pub probability: f64,
    /// One flag per category; every one where empty.
    pub categories: Vec<bool>,
}

/// What a step is.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Loads pages of the frontend.
    Page {
        /// How many.
        views: u32,
    },
    /// Calls a service and waits for the answer.
    Call(CallStep),
    /// Puts messages on a queue and goes on at once.
    Enqueue(EnqueueStep),
    /// Starts a thread for each branch and waits for them all.
    Parallel {
        /// The first step of each branch.
        branches: Vec<StepId>,
    },
    /// Starts a thread of its own at another time.
    Later {
        /// How much later.
        after: Dist,
        /// What it does then.
        first: StepId,
    },
}

/// A call. Times are in microseconds.
#[derive(Clone, Debug)]
pub struct CallStep {
    /// The service.
    pub service: ServiceId,
    /// How many in a row.
    pub times: u32,
    /// Between one answer and the next call.
    pub think: Option<Dist>,
    /// CPU time on one core.
    pub cpu: Dist,
    /// Waiting without CPU.
    pub wait: Option<Dist>,
    /// The caller gives up after this.
    pub timeout: Option<SimDuration>,
    /// Further tries.
    pub retries: u32,
    /// Before the first further try.
    pub backoff: SimDuration,
    /// Longest pause between tries.
    pub max_backoff: SimDuration,
}

/// A message. Times are in microseconds.
#[derive(Clone, Debug)]
pub struct EnqueueStep {
    /// The queue.
    pub queue: QueueId,
    /// How many messages.
    pub times: u32,
    /// CPU time on one core.
    pub cpu: Option<Dist>,
    /// Waiting without CPU.
    pub wait: Option<Dist>,
    /// Items for the accelerator.
    pub items: u32,
    /// What follows when the message has been worked off.
    pub then: Option<StepId>,
}
