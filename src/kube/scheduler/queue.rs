//! Who is scheduled next, and when is a pod that failed tried again? The active queue, the two backoff queues and the pool of
//! unschedulable pods (spec/kubernetes.md 1.12).

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::constants::{
    BACKOFF_FLUSH, BACKOFF_INITIAL, BACKOFF_MAX, UNSCHEDULABLE_MAX, UNSCHEDULABLE_SWEEP,
};
use super::plugin::PluginSet;
use super::profile::Profile;
use crate::cluster::TemplateId;
use crate::des::{SimDuration, SimTime};

/// Pods that wait for a node. `now` never goes backwards between calls.
#[derive(Clone, Debug)]
pub struct SchedulingQueue {
    profile: Profile,
    pods: FxHashMap<u32, Waiting>,
    active: BTreeSet<Rank>,
    /// By the instant of release.
    backoff: BTreeSet<(SimTime, Rank)>,
    /// Pods whose last attempt ended in an error; no event and no idleness releases them early.
    error_backoff: BTreeSet<(SimTime, Rank)>,
    /// By the instant of failure.
    pool: BTreeSet<(SimTime, u64, u32)>,
    /// How many pods of each template are in the pool.
    pool_templates: BTreeMap<TemplateId, u32>,
    in_flight: BTreeSet<u32>,
    sequence: u64,
}

/// Order of the active queue: priority, then time in the queue, then order of arrival.
type Rank = (Reverse<i32>, SimTime, u64, u32);

#[derive(Clone, Debug)]
struct Waiting {
    template: TemplateId,
    priority: i32,
    /// When it arrived or last failed.
    since: SimTime,
    sequence: u64,
    /// Attempts that found no node; never reset.
    unschedulable: u32,
    /// Attempts in a row that ended in an error.
    errors: u32,
    rejected_by: PluginSet,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Active,
    Backoff(SimTime),
    ErrorBackoff(SimTime),
    Pool,
    /// Being scheduled, with the plugins that asked for another attempt since it was popped.
    InFlight(PluginSet),
}

impl SchedulingQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            pods: FxHashMap::default(),
            active: BTreeSet::new(),
            backoff: BTreeSet::new(),
            error_backoff: BTreeSet::new(),
            pool: BTreeSet::new(),
            pool_templates: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            sequence: 0,
        }
    }

    /// A pod without a node appears.
    pub fn add(&mut self, pod: u32, template: TemplateId, priority: i32, now: SimTime) {
        let waiting = Waiting {
            template,
            priority,
            since: now,
            sequence: self.next_sequence(),
            unschedulable: 0,
            errors: 0,
            rejected_by: PluginSet::EMPTY,
            place: Place::Active,
        };
        self.active.insert(waiting.rank(pod));
        let twice = self.pods.insert(pod, waiting);
        assert!(twice.is_none(), "pod {pod} waits already");
    }

    /// Takes the next pod out, to be scheduled now. An idle scheduler of 1.33 and later takes pods out of backoff early.
    pub fn pop(&mut self, now: SimTime) -> Option<u32> {
        self.flush(now);
        let (.., pod) = match self.active.pop_first() {
            Some(rank) => rank,
            None if self.profile.pops_from_backoff() => self.backoff.pop_first()?.1,
            None => return None,
        };
        self.waiting(pod).place = Place::InFlight(PluginSet::EMPTY);
        self.in_flight.insert(pod);
        Some(pod)
    }

    /// A popped pod found no node. It waits for an event that concerns one of the plugins that rejected it; if there was one
    /// while it was being scheduled, only its backoff is left to wait for.
    pub fn unschedulable(&mut self, pod: u32, rejected_by: PluginSet, now: SimTime) {
        assert!(
            !rejected_by.is_empty(),
            "pod {pod} waits for a plugin; without one it is an error"
        );
        let missed = self.land(pod, now);
        let waiting = self.waiting(pod);
        waiting.unschedulable += 1;
        waiting.errors = 0;
        waiting.rejected_by = rejected_by;
        if missed.intersects(rejected_by) {
            self.requeue(pod, now);
        } else {
            self.shelve(pod);
        }
    }

    /// The attempt of a popped pod ended in an error: a failed API call, or a cluster without nodes (1.3).
    pub fn errored(&mut self, pod: u32, now: SimTime) {
        self.land(pod, now);
        let waiting = self.waiting(pod);
        waiting.errors += 1;
        let errors = waiting.errors;
        let release = self.release(now, errors);
        let waiting = self.waiting(pod);
        waiting.place = Place::ErrorBackoff(release);
        let rank = waiting.rank(pod);
        self.error_backoff.insert((release, rank));
    }

    /// A pod is bound or gone and waits no longer. Returns whether it did.
    pub fn remove(&mut self, pod: u32) -> bool {
        let Some(waiting) = self.pods.remove(&pod) else {
            return false;
        };
        let rank = waiting.rank(pod);
        let listed = match waiting.place {
            Place::Active => self.active.remove(&rank),
            Place::Backoff(release) => self.backoff.remove(&(release, rank)),
            Place::ErrorBackoff(release) => self.error_backoff.remove(&(release, rank)),
            Place::Pool => self.unshelve(&waiting, pod),
            Place::InFlight(_) => self.in_flight.remove(&pod),
        };
        assert!(listed, "pod {pod} is where it says it is");
        true
    }

    /// The cluster changed. `wakes` says which plugins the change concerns for pods of a template ([`super::Cache::wakes`]);
    /// it is asked once per template that waits. Returns whether a pod moved.
    pub fn on_event(&mut self, now: SimTime, wakes: impl Fn(TemplateId) -> PluginSet) -> bool {
        for pod in &self.in_flight {
            let waiting = self.pods.get_mut(pod).expect("a pod in flight is known");
            if let Place::InFlight(missed) = &mut waiting.place {
                *missed = missed.union(wakes(waiting.template));
            }
        }
        let woken: Vec<_> = self
            .pool_templates
            .keys()
            .map(|&template| (template, wakes(template)))
            .filter(|(_, plugins)| !plugins.is_empty())
            .collect();
        if woken.is_empty() {
            return false;
        }
        let concerns = |waiting: &Waiting| {
            let at = woken.binary_search_by_key(&waiting.template, |&(template, _)| template);
            at.is_ok_and(|at| woken[at].1.intersects(waiting.rejected_by))
        };
        let pool = self.pool.iter().map(|&(.., pod)| pod);
        let moved: Vec<_> = pool.filter(|pod| concerns(&self.pods[pod])).collect();
        moved.iter().for_each(|&pod| self.wake(pod, now));
        !moved.is_empty()
    }

    /// The earliest instant at or after `now` at which [`Self::pop`] has something to do, if nothing happens until then.
    #[must_use]
    pub fn next_wake(&self, now: SimTime) -> Option<SimTime> {
        let early = self.profile.pops_from_backoff() && !self.backoff.is_empty();
        if early || !self.active.is_empty() {
            return Some(now);
        }
        let releases =
            [&self.backoff, &self.error_backoff].map(|queue| queue.first().map(|&(at, _)| at));
        let swept = self.pool.first().map(|&(since, ..)| sweep_of(since));
        let next = releases.into_iter().chain([swept]).flatten().min();
        next.map(|at| at.max(now))
    }

    /// How many pods wait, those in flight included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// Whether no pod waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// Moves what backoff and sweep release up to `now`.
    fn flush(&mut self, now: SimTime) {
        while let Some(&(at, rank)) = self.backoff.first().filter(|(at, _)| *at <= now) {
            self.backoff.remove(&(at, rank));
            self.activate(rank);
        }
        while let Some(&(at, rank)) = self.error_backoff.first().filter(|(at, _)| *at <= now) {
            self.error_backoff.remove(&(at, rank));
            self.activate(rank);
        }
        while let Some(&(.., pod)) = self
            .pool
            .first()
            .filter(|&&(since, ..)| sweep_of(since) <= now)
        {
            self.wake(pod, now);
        }
    }

    fn activate(&mut self, rank: Rank) {
        self.waiting(rank.3).place = Place::Active;
        self.active.insert(rank);
    }

    /// Ends the flight of a pod: refreshes its place in line and returns the events it missed.
    fn land(&mut self, pod: u32, now: SimTime) -> PluginSet {
        assert!(self.in_flight.remove(&pod), "only a popped pod fails");
        let sequence = self.next_sequence();
        let waiting = self.waiting(pod);
        waiting.since = now;
        waiting.sequence = sequence;
        match waiting.place {
            Place::InFlight(missed) => missed,
            place => unreachable!("a pod in flight is at {place:?}"),
        }
    }

    fn shelve(&mut self, pod: u32) {
        let waiting = self.waiting(pod);
        waiting.place = Place::Pool;
        let (since, sequence, template) = (waiting.since, waiting.sequence, waiting.template);
        self.pool.insert((since, sequence, pod));
        *self.pool_templates.entry(template).or_default() += 1;
    }

    fn unshelve(&mut self, waiting: &Waiting, pod: u32) -> bool {
        if let Some(pods) = self.pool_templates.get_mut(&waiting.template) {
            *pods -= 1;
            if *pods == 0 {
                self.pool_templates.remove(&waiting.template);
            }
        }
        self.pool.remove(&(waiting.since, waiting.sequence, pod))
    }

    fn wake(&mut self, pod: u32, now: SimTime) {
        let waiting = self.waiting(pod).clone();
        let listed = self.unshelve(&waiting, pod);
        assert!(listed, "pod {pod} is in the pool");
        self.requeue(pod, now);
    }

    /// Puts a pod that is nowhere into backoff, or into the active queue if its backoff is over.
    fn requeue(&mut self, pod: u32, now: SimTime) {
        let waiting = &self.pods[&pod];
        let rank = waiting.rank(pod);
        let release = self.release(waiting.since, waiting.unschedulable);
        if release <= now {
            self.activate(rank);
        } else {
            self.waiting(pod).place = Place::Backoff(release);
            self.backoff.insert((release, rank));
        }
    }

    /// When the backoff after the n-th failure at `since` ends. The flusher only runs on whole seconds; from 1.33 on a pod
    /// counts as backing off for the whole second in which its backoff ends.
    fn release(&self, since: SimTime, failures: u32) -> SimTime {
        let end = since + backoff(failures);
        if self.profile.pops_from_backoff() {
            after(end, BACKOFF_FLUSH)
        } else {
            after(end - SimDuration::from_micros(1), BACKOFF_FLUSH)
        }
    }

    fn waiting(&mut self, pod: u32) -> &mut Waiting {
        self.pods
            .get_mut(&pod)
            .expect("a pod in the queue is known")
    }

    fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

impl Waiting {
    fn rank(&self, pod: u32) -> Rank {
        (Reverse(self.priority), self.since, self.sequence, pod)
    }
}

/// The wait after the n-th failure: 1, 2, 4, 8, 10, 10 ... seconds.
fn backoff(failures: u32) -> SimDuration {
    let doublings = failures
        .saturating_sub(1)
        .min(BACKOFF_MAX.as_secs().ilog2() + 1);
    (BACKOFF_INITIAL * (1 << doublings)).min(BACKOFF_MAX)
}

/// The sweep that takes a pod out of the pool it entered at `since`.
fn sweep_of(since: SimTime) -> SimTime {
    after(since + UNSCHEDULABLE_MAX, UNSCHEDULABLE_SWEEP)
}

/// The first whole multiple of `period` after `instant`.
fn after(instant: SimTime, period: SimDuration) -> SimTime {
    let periods = instant.as_micros() / period.as_micros() + 1;
    SimTime::from_micros(periods * period.as_micros())
}
