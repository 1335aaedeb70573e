//! What citizens do: arrivals begin threads, and threads walk through the steps of their journey.
//!
//! The first thread of a journey is the citizen's visit. A later visit, and what follows a worked-off message, are threads of their own:
//! they load the system, and are not part of the journey's latency.

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
            journey: arrival.journey,
            step: Some(first),
            repetition: 0,
            failures: 0,
            entity: arrival.entity,
            category: arrival.category,
            visit: true,
            waited: SimDuration::ZERO,
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
        let key = self.branch(journey, first, entity, category);
        self.walk(now, key, queue);
    }

    fn branch(
        &mut self,
        journey: JourneyId,
        first: StepId,
        entity: u64,
        category: u16,
    ) -> Key<Thread> {
        self.threads.insert(Thread {
            journey,
            step: Some(first),
            repetition: 0,
            failures: 0,
            entity,
            category,
            visit: false,
            waited: SimDuration::ZERO,
        })
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
                self.finish_thread(key, true);
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
                    StepKind::Later { after, first } => {
                        let draw = self
                            .draw(Purpose::FollowUp, thread.entity)
                            .uniform(u64::from(id.0));
                        let at = now + SimDuration::from_micros(after.quantile(draw) as u64);
                        let later =
                            self.branch(thread.journey, *first, thread.entity, thread.category);
                        queue.push(at, Class::Environment, Event::Resume(later));
                    }
                }
            }
            let thread = &mut self.threads[key];
            thread.step = step.next;
            thread.repetition = 0;
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
            self.finish_thread(key, false);
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

    fn finish_thread(&mut self, key: Key<Thread>, completed: bool) {
        let thread = self.threads.remove(key);
        if thread.visit {
            self.journeys[thread.journey.index()].finish(completed, thread.waited);
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
