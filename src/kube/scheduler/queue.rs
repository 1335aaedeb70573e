//! Who is scheduled next, and when is a pod that failed tried again? The active queue, the two backoff queues and the pool of
//! unschedulable pods (spec/kubernetes.md 1.12).

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::scheduler::Plugin;

    const FIT: PluginSet = PluginSet::EMPTY.with(Plugin::NodeResourcesFit);
    const TAINT: PluginSet = PluginSet::EMPTY.with(Plugin::TaintToleration);

    fn queue(minor: u32) -> SchedulingQueue {
        SchedulingQueue::new(Profile::new(minor))
    }

    fn millis(millis: u64) -> SimTime {
        SimTime::from_micros(millis * 1_000)
    }

    /// Adds pods of a template each, with these priorities, at these instants.
    fn add(queue: &mut SchedulingQueue, pods: &[(u32, i32, u64)]) {
        for &(pod, priority, at) in pods {
            queue.add(pod, TemplateId(pod), priority, millis(at));
        }
    }

    fn fail(queue: &mut SchedulingQueue, pod: u32, at: u64) {
        assert_eq!(queue.pop(millis(at)), Some(pod));
        queue.unschedulable(pod, FIT, millis(at));
    }

    #[test]
    fn priority_then_time_then_arrival() {
        let mut queue = queue(36);
        add(&mut queue, &[(1, 0, 0), (2, 5, 10), (3, 0, 10), (4, 0, 10)]);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(millis(20))).collect();
        assert_eq!(order, [2, 1, 3, 4]);
    }

    #[test]
    fn a_failure_costs_the_place_in_line() {
        let mut queue = queue(36);
        add(&mut queue, &[(1, 0, 0), (2, 0, 1)]);
        fail(&mut queue, 1, 5);
        queue.on_event(millis(60_000), |_| FIT);
        assert_eq!(queue.pop(millis(60_000)), Some(2));
        assert_eq!(queue.pop(millis(60_000)), Some(1));
    }

    #[test]
    fn backoff_doubles_up_to_ten_seconds() {
        let waits: Vec<_> = (1..=7).map(|n| backoff(n).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 10, 10, 10]);
    }

    #[test]
    fn backoff_ends_on_the_next_whole_second() {
        for (minor, release) in [(36, 12_000), (32, 12_000)] {
            assert_eq!(queue(minor).release(millis(10_300), 1), millis(release));
        }
        for (minor, release) in [(36, 12_000), (32, 11_000)] {
            assert_eq!(queue(minor).release(millis(10_000), 1), millis(release));
        }
    }

    #[test]
    fn an_idle_scheduler_ends_backoff_early_from_1_33() {
        for (minor, popped) in [(33, Some(1)), (32, None)] {
            let mut queue = queue(minor);
            add(&mut queue, &[(1, 0, 0)]);
            fail(&mut queue, 1, 300);
            assert_eq!(
                queue.pop(millis(400)),
                None,
                "it waits for an event, not for time"
            );
            queue.on_event(millis(400), |_| FIT);
            let wake = popped.map_or(millis(2_000), |_| millis(400));
            assert_eq!(queue.next_wake(millis(400)), Some(wake));
            assert_eq!(queue.pop(millis(400)), popped);
            assert_eq!(queue.pop(millis(2_000)).or(popped), Some(1));
        }
    }

    #[test]
    fn under_load_backoff_holds() {
        let mut queue = queue(36);
        add(&mut queue, &[(1, 5, 0), (2, 0, 0), (3, 0, 0)]);
        fail(&mut queue, 1, 300);
        queue.on_event(millis(400), |_| FIT);
        assert_eq!(
            queue.pop(millis(400)),
            Some(2),
            "priority does not shorten backoff"
        );
        add(&mut queue, &[(4, 0, 400)]);
        assert_eq!(
            queue.pop(millis(2_000)),
            Some(1),
            "but counts once it is over"
        );
    }

    #[test]
    fn events_wake_only_whom_they_concern() {
        let mut queue = queue(36);
        add(&mut queue, &[(1, 0, 0), (2, 0, 1)]);
        fail(&mut queue, 1, 5);
        fail(&mut queue, 2, 5);
        assert!(!queue.on_event(millis(60_000), |_| TAINT));
        assert!(queue.on_event(millis(60_000), |template| match template.0 {
            2 => FIT,
            _ => PluginSet::EMPTY,
        }));
        assert_eq!(
            (queue.pop(millis(60_000)), queue.pop(millis(60_000))),
            (Some(2), None)
        );
    }

    #[test]
    fn events_during_the_attempt_are_not_lost() {
        let mut queue = queue(36);
        add(&mut queue, &[(1, 0, 0), (2, 0, 1)]);
        assert_eq!(
            (queue.pop(millis(5)), queue.pop(millis(5))),
            (Some(1), Some(2))
        );
        queue.on_event(millis(6), |_| FIT);
        queue.unschedulable(1, FIT, millis(7));
        queue.unschedulable(2, TAINT, millis(7));
        assert_eq!(
            (queue.pop(millis(8)), queue.pop(millis(8))),
            (Some(1), None)
        );
    }

    #[test]
    fn the_sweep_takes_pods_after_five_minutes() {
        let mut queue = queue(36);
        add(&mut queue, &[(1, 0, 0), (2, 0, 0)]);
        fail(&mut queue, 1, 0);
        fail(&mut queue, 2, 1);
        assert_eq!(queue.next_wake(millis(2)), Some(millis(330_000)));
        assert_eq!(queue.pop(millis(329_999)), None);
        assert_eq!(queue.pop(millis(330_000)), Some(1));
        assert_eq!(queue.pop(millis(330_000)), Some(2));
    }

    #[test]
    fn errors_retry_on_their_own_and_never_early() {
        let mut queue = queue(36);
        add(&mut queue, &[(1, 0, 0)]);
        let mut now = millis(0);
        let mut waits = Vec::new();
        for _ in 0..6 {
            assert_eq!(queue.pop(now), Some(1));
            queue.errored(1, now);
            queue.on_event(now, |_| FIT);
            assert_eq!(queue.pop(now), None);
            let next = queue.next_wake(now).expect("a retry");
            waits.push(next.since(now).as_secs());
            now = next;
        }
        assert_eq!(waits, [2, 3, 5, 9, 11, 11]);
        assert_eq!(queue.pop(now), Some(1));
        queue.unschedulable(1, FIT, now);
        queue.on_event(now, |_| FIT);
        assert_eq!(queue.pop(now), Some(1));
        queue.errored(1, now);
        assert_eq!(
            queue.next_wake(now).map(|at| at.since(now).as_secs()),
            Some(2),
            "errors count in a row"
        );
    }

    #[test]
    fn removed_pods_leave_no_trace() {
        let mut queue = queue(36);
        add(
            &mut queue,
            &[(1, 9, 0), (2, 8, 0), (3, 7, 0), (4, 6, 0), (5, 5, 0)],
        );
        fail(&mut queue, 1, 1);
        fail(&mut queue, 2, 1);
        queue.on_event(millis(2), |template| {
            if template.0 == 2 {
                FIT
            } else {
                PluginSet::EMPTY
            }
        });
        assert_eq!(queue.pop(millis(2)), Some(3));
        assert_eq!(queue.pop(millis(2)), Some(4));
        queue.errored(4, millis(2));
        assert_eq!(queue.len(), 5);
        assert!((1..=5).all(|pod| queue.remove(pod)));
        assert!(queue.is_empty() && !queue.remove(1));
        assert_eq!(
            (queue.next_wake(millis(3)), queue.pop(millis(600_000))),
            (None, None)
        );
    }
}
