//! What citizens do: arrivals begin threads, and threads walk through the steps of their journey.
//!
//! The first thread of a journey is the citizen's visit. A later visit, and what follows a worked-off message, are threads of their own:
//! they load the system, and are not part of the journey's latency. So are the branches of a parallel step, for which their thread waits.

use crate::cluster::Key;
use crate::des::{Class, Purpose, SimDuration, SimTime, StreamKey};
use crate::scenario::model::{CallStep, Filter, JourneyId, StepId, StepKind};

use super::event::Event;
use super::request::Attempt;
use super::{Queue, World};

/// A walk through steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thread {
    pub(super) journey: JourneyId,
    /// The step it is at.
    pub(super) step: Option<StepId>,
    /// How many calls of the step have been answered.
    pub(super) repetition: u32,
    /// How many tries of the current call have failed.
    pub(super) failures: u32,
    /// Identity of the arrival: the same whatever the configuration.
    pub(super) entity: u64,
    pub(super) category: u16,
    /// Whether it is the visit that the journey's latency is about.
    pub(super) visit: bool,
    /// What the citizen has waited so far.
    pub(super) waited: SimDuration,
    /// What it is a branch of.
    pub(super) fork: Option<Key<Fork>>,
}

/// A parallel step that a thread is at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fork {
    /// Who waits for it.
    thread: Key<Thread>,
    /// Branches that have not ended.
    open: usize,
    /// Whether none has failed.
    completed: bool,
    /// The longest that a branch has waited.
    longest: SimDuration,
}

impl Thread {
    /// A thread of an arrival, at its first step.
    fn new(journey: JourneyId, first: StepId, entity: u64, category: u16) -> Self {
        Self {
            journey,
            step: Some(first),
            repetition: 0,
            failures: 0,
            entity,
            category,
            visit: false,
            waited: SimDuration::ZERO,
            fork: None,
        }
    }

    /// A thread of the same arrival.
    fn aside(&self, first: StepId) -> Self {
        Self::new(self.journey, first, self.entity, self.category)
    }
}

impl World<'_> {
    /// The next arrival of a source is here.
    pub(super) fn arrive(&mut self, now: SimTime, source: u16, queue: &mut Queue) {
        let arrival = self.sources.take(source as usize);
        if let Some(at) = self.sources.next_at(source as usize) {
            queue.push(at, Class::Environment, Event::Arrive(source));
        }
        let first = self.scenario.traffic.journeys[arrival.journey.index()].first;
        self.counters.arrivals += 1;
        self.journeys[arrival.journey.index()].begun += 1;
        let thread = Thread {
            visit: true,
            ..Thread::new(arrival.journey, first, arrival.entity, arrival.category)
        };
        let key = self.threads.insert(thread);
        self.walk(now, key, queue);
    }

    /// A thread that follows a worked-off message.
    pub(super) fn follow(
        &mut self,
        now: SimTime,
        journey: JourneyId,
        first: StepId,
        entity: u64,
        category: u16,
        queue: &mut Queue,
    ) {
        let key = self
            .threads
            .insert(Thread::new(journey, first, entity, category));
        self.walk(now, key, queue);
    }

    /// A thread goes on after thinking, backing off or being away.
    pub(super) fn resume(&mut self, now: SimTime, key: Key<Thread>, queue: &mut Queue) {
        if self.threads.get(key).is_some() {
            self.walk(now, key, queue);
        }
    }

    /// Takes step after step until one has to be waited for, or none is left.
    fn walk(&mut self, now: SimTime, key: Key<Thread>, queue: &mut Queue) {
        let scenario = self.scenario;
        loop {
            let thread = self.threads[key];
            let Some(id) = thread.step else {
                self.finish_thread(now, key, true, queue);
                return;
            };
            let step = &scenario.traffic.steps[id.index()];
            let entered_before = thread.repetition > 0 || thread.failures > 0;
            if entered_before || self.takes(&step.filter, &thread, id) {
                match &step.kind {
                    StepKind::Page { views } => self.counters.page_views += u64::from(*views),
                    StepKind::Call(call) => {
                        self.call(now, key, id, call, queue);
                        return;
                    }
                    StepKind::Enqueue(enqueue) => self.enqueue(now, &thread, id, enqueue, queue),
                    StepKind::Parallel { branches } => {
                        self.fork(now, key, branches, queue);
                        return;
                    }
                    StepKind::Later { after, first } => {
                        let draw = self
                            .draw(Purpose::FollowUp, thread.entity)
                            .uniform(u64::from(id.0));
                        let at = now + SimDuration::from_micros(after.quantile(draw) as u64);
                        let later = self.threads.insert(thread.aside(*first));
                        queue.push(at, Class::Environment, Event::Resume(later));
                    }
                }
            }
            let thread = &mut self.threads[key];
            thread.step = step.next;
            thread.repetition = 0;
        }
    }

    /// Sends a thread for each branch of a parallel step. The last one may have ended before this returns.
    fn fork(&mut self, now: SimTime, key: Key<Thread>, branches: &[StepId], queue: &mut Queue) {
        let thread = self.threads[key];
        let fork = self.forks.insert(Fork {
            thread: key,
            open: branches.len(),
            completed: true,
            longest: SimDuration::ZERO,
        });
        for &first in branches {
            let branch = self.threads.insert(Thread {
                fork: Some(fork),
                ..thread.aside(first)
            });
            self.walk(now, branch, queue);
        }
    }

    /// A branch has ended; with the last one, the thread that waits goes on, or gives up if any has failed.
    fn join(
        &mut self,
        now: SimTime,
        key: Key<Fork>,
        completed: bool,
        waited: SimDuration,
        queue: &mut Queue,
    ) {
        let fork = &mut self.forks[key];
        fork.open -= 1;
        fork.completed &= completed;
        fork.longest = fork.longest.max(waited);
        if fork.open > 0 {
            return;
        }
        let fork = self.forks.remove(key);
        let thread = &mut self.threads[fork.thread];
        thread.waited += fork.longest;
        if fork.completed {
            thread.step = thread
                .step
                .and_then(|id| self.scenario.traffic.steps[id.index()].next);
            self.walk(now, fork.thread, queue);
        } else {
            self.finish_thread(now, fork.thread, false, queue);
        }
    }

    fn takes(&self, filter: &Filter, thread: &Thread, step: StepId) -> bool {
        let listed = filter.categories.is_empty() || filter.categories[thread.category as usize];
        listed
            && (filter.probability >= 1.0
                || self
                    .draw(Purpose::Journey, thread.entity)
                    .uniform(u64::from(step.0))
                    < filter.probability)
    }

    /// The random numbers of one arrival.
    pub(super) fn draw(&self, purpose: Purpose, entity: u64) -> StreamKey {
        StreamKey {
            seed: self.seed,
            purpose,
            entity,
        }
    }

    /// The current call of a thread has been answered.
    pub(super) fn answered(
        &mut self,
        now: SimTime,
        key: Key<Thread>,
        begun: SimTime,
        queue: &mut Queue,
    ) {
        let scenario = self.scenario;
        let thread = &mut self.threads[key];
        thread.waited += now.since(begun);
        thread.failures = 0;
        thread.repetition += 1;
        let Some(id) = thread.step else { return };
        let step = &scenario.traffic.steps[id.index()];
        let StepKind::Call(call) = &step.kind else {
            return;
        };
        if thread.repetition >= call.times {
            thread.step = step.next;
            thread.repetition = 0;
        } else if let Some(think) = &call.think {
            let (entity, repetition) = (thread.entity, thread.repetition);
            let draw = self
                .draw(Purpose::Journey, entity)
                .uniform(address(id, repetition, 7));
            let at = now + SimDuration::from_micros(think.quantile(draw) as u64);
            queue.push(at, Class::Environment, Event::Resume(key));
            return;
        }
        self.walk(now, key, queue);
    }

    /// The current call of a thread has failed: tries again after a pause, or gives the journey up.
    pub(super) fn failed(
        &mut self,
        now: SimTime,
        key: Key<Thread>,
        begun: SimTime,
        call: &CallStep,
        queue: &mut Queue,
    ) {
        let thread = &mut self.threads[key];
        thread.waited += now.since(begun);
        thread.failures += 1;
        let (failures, entity, repetition) = (thread.failures, thread.entity, thread.repetition);
        let Some(id) = thread.step.filter(|_| failures <= call.retries) else {
            self.finish_thread(now, key, false, queue);
            return;
        };
        let longest = (call.backoff * (1_u64 << (failures - 1).min(20))).min(call.max_backoff);
        let draw =
            self.draw(Purpose::Journey, entity)
                .uniform(address(id, repetition, 8 + failures));
        let pause = SimDuration::from_micros((longest.as_micros() as f64 * draw) as u64);
        self.threads[key].waited += pause;
        queue.push(now + pause, Class::Environment, Event::Resume(key));
    }

    fn finish_thread(
        &mut self,
        now: SimTime,
        key: Key<Thread>,
        completed: bool,
        queue: &mut Queue,
    ) {
        let thread = self.threads.remove(key);
        if thread.visit {
            self.journeys[thread.journey.index()].finish(completed, thread.waited);
        }
        if let Some(fork) = thread.fork {
            self.join(now, fork, completed, thread.waited, queue);
        }
    }

    /// Makes a request of the thread's current call.
    fn call(
        &mut self,
        now: SimTime,
        key: Key<Thread>,
        id: StepId,
        call: &CallStep,
        queue: &mut Queue,
    ) {
        let thread = self.threads[key];
        let demand = self
            .draw(Purpose::ServiceDemand, thread.entity)
            .uniform(address(id, thread.repetition, 0));
        let wait = call.wait.as_ref().map_or(0, |dist| {
            let draw = self
                .draw(Purpose::ServiceWait, thread.entity)
                .uniform(address(id, thread.repetition, 0));
            dist.quantile(draw) as u64
        });
        let routing = self.draw(Purpose::Routing, thread.entity).bits(address(
            id,
            thread.repetition,
            thread.failures,
        ));
        let attempt = Attempt {
            service: call.service,
            step: id,
            category: thread.category,
            cpu_micros: call.cpu.quantile(demand) as u64,
            wait_micros: wait,
            routing,
        };
        self.begin_call(now, key, attempt, call, queue);
    }
}

/// The place of a number among those of one arrival: step, repetition and what it is for.
pub(super) fn address(step: StepId, repetition: u32, what: u32) -> u64 {
    u64::from(step.0) << 48 | u64::from(repetition) << 16 | u64::from(what)
}
