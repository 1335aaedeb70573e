//! Messages and the workers that take them: send, receive, work off, lose and receive again.

use crate::cluster::Key;
use crate::des::{Class, Purpose, SimDuration, SimTime};
use crate::metrics::{Attribution, Outcome, Part};
use crate::scenario::model::{EnqueueStep, JourneyId, QueueId, StepId, StepKind};
use crate::workload::Receipt;

use super::event::Event;
use super::pod::Pod;
use super::request::Request;
use super::service::QueueClocks;
use super::thread::{Thread, address};
use super::{Queue, World};

/// A message on a queue or in the hands of a worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) step: StepId,
    pub(super) journey: JourneyId,
    pub(super) entity: u64,
    pub(super) category: u16,
    pub(super) sent: SimTime,
    /// The consuming service's clocks at the send.
    clocks: QueueClocks,
    first_received: Option<SimTime>,
    pub(super) queue_wait: SimDuration,
    pub(super) cpu_micros: u64,
    pub(super) wait_micros: u64,
    pub(super) items: u32,
    pub(super) parts: Attribution,
}

impl World<'_> {
    /// Puts the messages of a step on its queue.
    pub(super) fn enqueue(
        &mut self,
        now: SimTime,
        thread: &Thread,
        step: StepId,
        enqueue: &EnqueueStep,
        queue: &mut Queue,
    ) {
        let consumer = self.scenario.queues[enqueue.queue.index()].consumer;
        for repetition in 0..enqueue.times {
            let uniform = |purpose| {
                self.draw(purpose, thread.entity)
                    .uniform(address(step, repetition, 0))
            };
            let cpu_micros = enqueue.cpu.as_ref().map_or(0, |dist| {
                dist.quantile(uniform(Purpose::ServiceDemand)) as u64
            });
            let wait_micros = enqueue.wait.as_ref().map_or(0, |dist| {
                dist.quantile(uniform(Purpose::ServiceWait)) as u64
            });
            let message = Message {
                step,
                journey: thread.journey,
                entity: thread.entity,
                category: thread.category,
                sent: now,
                clocks: self.services[consumer.index()].clocks.at(now),
                first_received: None,
                queue_wait: SimDuration::ZERO,
                cpu_micros,
                wait_micros,
                items: enqueue.items,
                parts: Attribution::default(),
            };
            self.services[consumer.index()].begun += 1;
            let key = self.messages.insert(message);
            self.queues[enqueue.queue.index()].send(now, key, thread.category);
        }
        self.wake_workers(now, enqueue.queue, queue);
    }

    /// Workers that poll an empty queue take what has become visible, the one that has polled longest first.
    fn wake_workers(&mut self, now: SimTime, id: QueueId, queue: &mut Queue) {
        let consumer = self.scenario.queues[id.index()].consumer;
        while let Some(&worker) = self.services[consumer.index()].pollers.front() {
            let takes = self.pods.get(worker).is_some_and(Pod::takes_messages);
            if !takes || !self.receive(now, id, worker, queue) {
                if takes {
                    return;
                }
                self.services[consumer.index()].pollers.pop_front();
                continue;
            }
            let full = self.pods[worker].server.in_service
                >= self.scenario.services[consumer.index()].concurrency;
            let pollers = &mut self.services[consumer.index()].pollers;
            pollers.pop_front();
            if full {
                self.pods[worker].server.polling = false;
            } else {
                pollers.push_back(worker);
            }
        }
    }

    /// A worker with free slots takes messages until it is full, or joins those who poll.
    pub(super) fn poll_queue(&mut self, now: SimTime, pod: Key<Pod>, queue: &mut Queue) {
        let row = &self.pods[pod];
        let Some(service) = row
            .service
            .filter(|_| row.takes_messages() && !row.server.polling)
        else {
            return;
        };
        let model = &self.scenario.services[service.index()];
        let Some(id) = model.consumes else { return };
        while self.pods[pod].server.in_service < model.concurrency {
            if !self.receive(now, id, pod, queue) {
                self.pods[pod].server.polling = true;
                self.services[service.index()].pollers.push_back(pod);
                return;
            }
        }
    }

    /// A worker receives a message, if there is one.
    fn receive(&mut self, now: SimTime, id: QueueId, pod: Key<Pod>, queue: &mut Queue) -> bool {
        let state = &mut self.queues[id.index()];
        let delivery = state.messages.receive(now);
        self.book_lost(now, id);
        let Some(delivery) = delivery else {
            return false;
        };
        let consumer = self.scenario.queues[id.index()].consumer;
        let message = &mut self.messages[delivery.message];
        if let Some(first) = message.first_received {
            let before = message.parts.0[Part::Retry as usize];
            message
                .parts
                .add(Part::Retry, now.since(first).as_micros() - before);
            self.queues[id.index()].redelivered += 1;
        } else {
            message.first_received = Some(now);
            message.queue_wait = now.since(message.sent);
            let clocks = message.clocks;
            self.services[consumer.index()]
                .clocks
                .attribute(&clocks, now, &mut message.parts);
        }
        let request = Request::job(
            message,
            delivery.message,
            delivery.receipt,
            consumer,
            pod,
            now,
        );
        let key = self.requests.insert(request);
        self.time_visibility(id, queue);
        self.serve(now, key, queue);
        true
    }

    /// Messages received too often have ended, and so have those that outlived the retention.
    pub(super) fn book_lost(&mut self, now: SimTime, id: QueueId) {
        let consumer = self.scenario.queues[id.index()].consumer;
        while let Some(key) = self.queues[id.index()].next_dead() {
            self.messages.remove(key);
            self.book_failure(consumer, Outcome::Dead);
        }
        for key in self.queues[id.index()].messages.take_expired(now) {
            self.messages.remove(key);
            self.book_failure(consumer, Outcome::Expired);
        }
    }

    /// Keeps one timer per queue for the next visibility timeout.
    fn time_visibility(&mut self, id: QueueId, queue: &mut Queue) {
        let state = &mut self.queues[id.index()];
        let Some(at) = state.messages.next_visible_at() else {
            return;
        };
        if state.timer.is_none_or(|timer| at < timer) {
            state.timer = Some(at);
            queue.push(at, Class::Departure, Event::MessagesVisible(id));
        }
    }

    /// A visibility timeout has passed.
    pub(super) fn messages_visible(&mut self, now: SimTime, id: QueueId, queue: &mut Queue) {
        let state = &mut self.queues[id.index()];
        if state.timer.is_some_and(|timer| timer <= now) {
            state.timer = None;
        }
        state.messages.counts(now);
        self.book_lost(now, id);
        self.wake_workers(now, id, queue);
        self.time_visibility(id, queue);
    }

    /// A worker has worked a message off; somebody else may have been faster.
    pub(super) fn job_done(
        &mut self,
        now: SimTime,
        request: &Request,
        key: Key<Message>,
        receipt: Receipt,
        queue: &mut Queue,
    ) {
        let Some(id) = self.scenario.services[request.service.index()].consumes else {
            return;
        };
        if !self.queues[id.index()].messages.delete(now, receipt) {
            self.counters.duplicate_jobs += 1;
            return;
        }
        let message = self.messages.remove(key);
        self.book_success(now, request.service, request.queue_wait, &request.parts);
        if self.measured(now) {
            self.queues[id.index()].worked_off(now.since(message.sent), message.category);
        }
        if let StepKind::Enqueue(EnqueueStep {
            then: Some(first), ..
        }) = &self.scenario.traffic.steps[message.step.index()].kind
        {
            self.follow(
                now,
                message.journey,
                *first,
                message.entity,
                message.category,
                queue,
            );
        }
    }
}
