//! A request's way through a service: call or message, pod queue, CPU, accelerator, waits, answer.

use crate::cluster::Key;
use crate::cluster::cpu::CpuSlot;
use crate::des::{Class, SimDuration, SimTime};
use crate::metrics::{Attribution, Outcome, Part};
use crate::scenario::model::{CallStep, Ingress, ServiceId, StepId, StepKind};
use crate::workload::Receipt;
use crate::workload::TargetId;

use super::event::Event;
use super::job::Message;
use super::pod::{Pod, Stage};
use super::probe::Probing;
use super::service::QueueClocks;
use super::thread::Thread;
use super::{Queue, World};

/// What a thread asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) service: ServiceId,
    pub(super) step: StepId,
    pub(super) category: u16,
    pub(super) cpu_micros: u64,
    pub(super) wait_micros: u64,
    /// The draw that picks the target.
    pub(super) routing: u64,
}

/// Who waits for the answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// A thread, until it gives up.
    Call(Option<Key<Thread>>),
    /// A message, until it is deleted with this receipt.
    Job(Key<Message>, Receipt),
    /// The load balancer's node of a zone, which checks the pod's health.
    Check(u8),
    /// The kubelet.
    Probe(Probing),
}

/// Work in a pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) origin: Origin,
    pub(super) service: ServiceId,
    pub(super) step: StepId,
    pub(super) category: u16,
    pub(super) pod: Key<Pod>,
    /// The call, or the message's send.
    pub(super) begun: SimTime,
    /// Since when it waits in the pod's queue, and the service's clocks then.
    pub(super) queued: Option<(SimTime, QueueClocks)>,
    pub(super) queue_wait: SimDuration,
    pub(super) cpu_micros: u64,
    pub(super) wait_micros: u64,
    pub(super) items: u32,
    /// When its present stage began.
    pub(super) since: SimTime,
    pub(super) parts: Attribution,
}

impl World<'_> {
    /// A call goes to a target, or fails at once.
    pub(super) fn begin_call(
        &mut self,
        now: SimTime,
        thread: Key<Thread>,
        attempt: Attempt,
        call: &CallStep,
        queue: &mut Queue,
    ) {
        let service = &mut self.services[attempt.service.index()];
        service.begun += 1;
        if let Some(ingress) = &self.scenario.services[attempt.service.index()].ingress {
            self.meters[attempt.service.index()].count(now, ingress.bytes_per_request);
        }
        let pods = &self.pods;
        let outstanding = |target: TargetId| {
            pods.key_at(target.0)
                .map_or(0, |key| pods[key].server.outstanding())
        };
        let Some(target) = service.targets.pick(now, outstanding, attempt.routing) else {
            self.turn_away(now, thread, call, Outcome::NoTarget, queue);
            return;
        };
        let Some(pod) = self.pods.key_at(target.0).filter(|&key| {
            let pod = &self.pods[key];
            pod.serves() || pod.stage == Stage::Silent
        }) else {
            self.turn_away(now, thread, call, Outcome::Reset, queue);
            return;
        };
        let request = Request {
            origin: Origin::Call(Some(thread)),
            service: attempt.service,
            step: attempt.step,
            category: attempt.category,
            pod,
            begun: now,
            queued: None,
            queue_wait: SimDuration::ZERO,
            cpu_micros: attempt.cpu_micros,
            wait_micros: attempt.wait_micros,
            items: 1,
            since: now,
            parts: Attribution::default(),
        };
        let model = &self.scenario.services[attempt.service.index()];
        let server = &self.pods[pod].server;
        if self.pods[pod].stage == Stage::Silent {
            // Nobody is there to refuse it.
            let key = self.requests.insert(request);
            self.arm_deadline(now, key, attempt.step, call, queue);
            self.await_connection(now, key, queue);
        } else if server.in_service < model.concurrency {
            let key = self.requests.insert(request);
            self.arm_deadline(now, key, attempt.step, call, queue);
            self.serve(now, key, queue);
        } else if server.waiting.len() < model.pod_queue_limit as usize {
            let clocks = self.services[attempt.service.index()].clocks.at(now);
            let key = self.requests.insert(Request {
                queued: Some((now, clocks)),
                ..request
            });
            self.pods[pod].server.waiting.join(attempt.category, key);
            self.arm_deadline(now, key, attempt.step, call, queue);
        } else {
            self.turn_away(now, thread, call, Outcome::Refused, queue);
        }
    }

    /// A call is turned away at once.
    fn turn_away(
        &mut self,
        now: SimTime,
        thread: Key<Thread>,
        call: &CallStep,
        outcome: Outcome,
        queue: &mut Queue,
    ) {
        self.book_failure(call.service, outcome);
        self.failed(now, thread, now, call, queue);
    }

    /// The pod begins to work on a request; its slot is taken here.
    pub(super) fn serve(&mut self, now: SimTime, key: Key<Request>, queue: &mut Queue) {
        let request = &mut self.requests[key];
        request.since = now;
        if let Some((queued, clocks)) = request.queued.take() {
            let service = &self.services[request.service.index()];
            service.clocks.attribute(&clocks, now, &mut request.parts);
            request.queue_wait += now.since(queued);
        }
        let (service, category, wait, cpu_micros, on) = (
            request.service,
            request.category,
            request.queue_wait,
            request.cpu_micros,
            request.pod,
        );
        if !matches!(request.origin, Origin::Probe(_)) {
            self.book_wait(now, service, category, wait);
            self.watch_probes(now, on, queue);
        }
        let pod = &mut self.pods[on];
        pod.server.in_service += 1;
        pod.server.waiting.begun(category);
        self.book_memory(now, on, queue);
        let pod = &self.pods[on];
        let model = &self.scenario.services[service.index()];
        if pod.server.in_service == model.concurrency {
            self.expect_checks(now, on, queue);
        }
        if cpu_micros == 0 && model.accelerator.is_some() {
            self.after_cpu(now, key, queue);
            return;
        }
        self.give_cpu(now, key, queue);
    }

    /// A request begins to use its pod's CPU.
    pub(super) fn give_cpu(&mut self, now: SimTime, key: Key<Request>, queue: &mut Queue) {
        let request = &self.requests[key];
        let slot = self.pods[request.pod].cpu.expect("a serving pod has CPU");
        // No request is free: work of no length would let a whole backlog pass in one instant.
        let work = request.cpu_micros.max(1);
        self.cpu.start(now, slot, key.slot(), work);
        self.retime_cpu(now, queue);
    }

    /// Posts the departures that changed.
    pub(super) fn retime_cpu(&mut self, now: SimTime, queue: &mut Queue) {
        let mut changed = std::mem::take(&mut self.changed_slots);
        self.cpu.take_changed(&mut changed);
        for &slot in &changed {
            let timing = self.next_timing(slot);
            if let Some(at) = self.cpu.next_departure(slot) {
                let done = Event::CpuDone { slot, timing };
                queue.push(at.max(now), Class::Departure, done);
            }
        }
        self.changed_slots = changed;
    }

    /// Makes the posted departure of a CPU slot void; the number of the next one.
    pub(super) fn next_timing(&mut self, slot: CpuSlot) -> u32 {
        let place = slot as usize;
        if self.cpu_timing.len() <= place {
            self.cpu_timing.resize(place + 1, 0);
        }
        self.cpu_timing[place] = self.cpu_timing[place].wrapping_add(1);
        self.cpu_timing[place]
    }

    /// The next request of a pod has had its CPU.
    pub(super) fn cpu_done(&mut self, now: SimTime, slot: u32, timing: u32, queue: &mut Queue) {
        if self.cpu_timing[slot as usize] != timing {
            return;
        }
        while let Some(request) = self.cpu.finished(now, slot) {
            let key = self
                .requests
                .key_at(request)
                .expect("a request with CPU is there");
            let request = &mut self.requests[key];
            let threads = self.scenario.services[request.service.index()].threads;
            let elapsed = now.since(request.since).as_micros();
            let alone = (request.cpu_micros / u64::from(threads)).min(elapsed);
            request.parts.add(Part::Service, alone);
            request.parts.add(Part::CpuContention, elapsed - alone);
            self.after_cpu(now, key, queue);
        }
        self.retime_cpu(now, queue);
    }

    /// What follows the CPU: the accelerator, the waits, the answer.
    fn after_cpu(&mut self, now: SimTime, key: Key<Request>, queue: &mut Queue) {
        let request = &mut self.requests[key];
        request.since = now;
        let accelerated = self.scenario.services[request.service.index()]
            .accelerator
            .is_some();
        let (pod, wait_micros) = (request.pod, request.wait_micros);
        if accelerated && request.items > 0 {
            self.pods[pod].server.batch_waiting.push(key);
            self.start_batch(now, pod, queue);
        } else if wait_micros > 0 {
            queue.push(
                now + SimDuration::from_micros(wait_micros),
                Class::Departure,
                Event::WaitDone(key),
            );
        } else {
            self.complete(now, key, queue);
        }
    }

    /// An idle accelerator takes what waits for it, up to its batch.
    fn start_batch(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let pod = &mut self.pods[key];
        let Some(accelerator) = pod
            .service
            .and_then(|service| self.scenario.services[service.index()].accelerator)
        else {
            return;
        };
        let server = &mut pod.server;
        if !server.batch.is_empty() || server.batch_waiting.is_empty() {
            return;
        }
        let mut items = 0;
        let taken = server.batch_waiting.iter().take_while(|&&request| {
            items += self.requests[request].items;
            items <= accelerator.batch_max
        });
        let taken = taken.count().max(1);
        server.batch.extend(server.batch_waiting.drain(..taken));
        let items: u32 = server
            .batch
            .iter()
            .map(|&request| self.requests[request].items)
            .sum();
        let time = accelerator.fixed + accelerator.per_item * u64::from(items);
        for &request in &server.batch {
            let request = &mut self.requests[request];
            let waited = now.since(request.since);
            request.parts.add(Part::QueueWait, waited.as_micros());
            request.queue_wait += waited;
            request.since = now;
        }
        queue.push(now + time, Class::Departure, Event::BatchDone(key));
    }

    /// An accelerator has finished its batch.
    pub(super) fn batch_done(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let Some(pod) = self.pods.get_mut(key) else {
            return;
        };
        if pod.stage == Stage::Silent {
            return;
        }
        let batch = std::mem::take(&mut pod.server.batch);
        for &request in &batch {
            let row = &mut self.requests[request];
            row.parts
                .add(Part::Service, now.since(row.since).as_micros());
            row.since = now;
            row.items = 0;
            self.after_cpu(now, request, queue);
        }
        self.start_batch(now, key, queue);
    }

    /// A request has had its waits.
    pub(super) fn wait_done(&mut self, now: SimTime, key: Key<Request>, queue: &mut Queue) {
        let Some(request) = self.requests.get_mut(key) else {
            return;
        };
        if self.pods[request.pod].stage == Stage::Silent {
            return;
        }
        request
            .parts
            .add(Part::Service, now.since(request.since).as_micros());
        self.complete(now, key, queue);
    }

    /// The pod answers: the caller goes on, and the pod takes its next work.
    fn complete(&mut self, now: SimTime, key: Key<Request>, queue: &mut Queue) {
        let request = self.requests.remove(key);
        if let Origin::Probe(Probing { slot: false, .. }) = request.origin {
            self.probe_heard(now, &request, queue);
            return;
        }
        let server = &mut self.pods[request.pod].server;
        server.in_service -= 1;
        server.waiting.ended(request.category);
        self.pods[request.pod].container.worked_off += 1;
        self.book_memory(now, request.pod, queue);
        match request.origin {
            Origin::Call(Some(thread)) => {
                self.book_success(now, request.service, request.queue_wait, &request.parts);
                self.answered(now, thread, request.begun, queue);
            }
            Origin::Call(None) | Origin::Check(_) => {}
            Origin::Probe(_) => self.probe_heard(now, &request, queue),
            Origin::Job(message, receipt) => self.job_done(now, &request, message, receipt, queue),
        }
        self.next_work(now, request.pod, queue);
    }

    /// A pod with a free slot takes who is next: in its own queue, or in the queue it consumes.
    pub(super) fn next_work(&mut self, now: SimTime, pod: Key<Pod>, queue: &mut Queue) {
        if self.pods.get(pod).is_none() {
            return;
        }
        while let Some((place, waiting)) = self.pods[pod].server.waiting.next() {
            self.pods[pod].server.waiting.leave(place);
            match self.requests[waiting].origin {
                Origin::Call(Some(_))
                | Origin::Job(..)
                | Origin::Probe(Probing { awaited: true, .. }) => {
                    self.serve(now, waiting, queue);
                    return;
                }
                Origin::Call(None) | Origin::Probe(_) => {
                    self.requests.remove(waiting);
                }
                Origin::Check(zone) => {
                    self.requests.remove(waiting);
                    self.checked(now, pod, zone, true, queue);
                }
            }
        }
        self.poll_queue(now, pod, queue);
        self.leave_if_drained(now, pod, queue);
    }

    fn arm_deadline(
        &mut self,
        now: SimTime,
        key: Key<Request>,
        step: StepId,
        call: &CallStep,
        queue: &mut Queue,
    ) {
        let Some((patience, _)) = self.patience(call) else {
            return;
        };
        let deadlines = &mut self.deadlines[step.index()];
        if deadlines.is_empty() {
            queue.push(now + patience, Class::Departure, Event::Deadlines(step));
        }
        deadlines.push_back((now + patience, key));
    }

    /// How long a call may take, and how it has ended if it takes longer: the caller gives up, or the load balancer's idle timeout is over.
    fn patience(&self, call: &CallStep) -> Option<(SimDuration, Outcome)> {
        let caller = call.timeout.map(|timeout| (timeout, Outcome::TimedOut));
        let ingress = self.scenario.services[call.service.index()]
            .ingress
            .as_ref();
        let idle = ingress.map(|ingress| (ingress.idle_timeout, Outcome::GatewayTimeout));
        caller.into_iter().chain(idle).min_by_key(|&(time, _)| time)
    }

    /// Calls of a step have taken too long; all of them may take equally long, so the oldest is always the first.
    pub(super) fn deadlines(&mut self, now: SimTime, step: StepId, queue: &mut Queue) {
        let StepKind::Call(call) = &self.scenario.traffic.steps[step.index()].kind else {
            return;
        };
        let Some((_, outcome)) = self.patience(call) else {
            return;
        };
        while let Some(&(at, key)) = self.deadlines[step.index()].front() {
            if self.requests.get(key).is_some() && at > now {
                queue.push(at, Class::Departure, Event::Deadlines(step));
                return;
            }
            self.deadlines[step.index()].pop_front();
            self.abandon(now, key, outcome, queue);
        }
    }

    /// The load balancer has no connection to a node that is dead, and tries for one.
    fn await_connection(&mut self, now: SimTime, key: Key<Request>, queue: &mut Queue) {
        let service = self.requests[key].service;
        if self.scenario.services[service.index()].ingress.is_none() {
            return;
        }
        let at = now + Ingress::CONNECT_TIMEOUT;
        let connecting = &mut self.services[service.index()].connecting;
        if connecting.is_empty() {
            queue.push(at, Class::Departure, Event::ConnectTimeouts(service));
        }
        connecting.push_back((at, key));
    }

    /// The load balancer gives up connecting to dead targets of a service, the oldest attempt first.
    pub(super) fn connect_timeouts(&mut self, now: SimTime, service: ServiceId, queue: &mut Queue) {
        while let Some(&(at, key)) = self.services[service.index()].connecting.front() {
            if at > now {
                queue.push(at, Class::Departure, Event::ConnectTimeouts(service));
                return;
            }
            self.services[service.index()].connecting.pop_front();
            self.abandon(now, key, Outcome::GatewayTimeout, queue);
        }
    }

    /// Nobody waits for the answer to a call any more; the pod works on it all the same.
    fn abandon(&mut self, now: SimTime, key: Key<Request>, outcome: Outcome, queue: &mut Queue) {
        let Some(request) = self.requests.get_mut(key) else {
            return;
        };
        let (service, step, begun) = (request.service, request.step, request.begun);
        if let Origin::Call(thread @ Some(_)) = &mut request.origin
            && let Some(thread) = thread.take()
            && let StepKind::Call(call) = &self.scenario.traffic.steps[step.index()].kind
        {
            self.book_failure(service, outcome);
            self.failed(now, thread, begun, call, queue);
        }
    }

    /// The load balancer closes its connections to a target that was deregistered so long ago that the delay is over.
    pub(super) fn deregistered(&mut self, now: SimTime, pod: Key<Pod>, queue: &mut Queue) {
        if self.pods.get(pod).is_none_or(|row| row.is_listed()) {
            return;
        }
        for key in self.requests_in(pod) {
            self.counters.requests_reset +=
                u64::from(matches!(self.requests[key].origin, Origin::Call(Some(_))));
            self.abandon(now, key, Outcome::Reset, queue);
        }
    }

    fn requests_in(&self, pod: Key<Pod>) -> Vec<Key<Request>> {
        let here = self
            .requests
            .iter()
            .filter(|(_, request)| request.pod == pod);
        here.map(|(key, _)| key).collect()
    }

    /// A pod has gone away under its requests: callers see a reset, messages come back after their visibility timeout.
    pub(super) fn drop_requests(&mut self, now: SimTime, pod: Key<Pod>, queue: &mut Queue) {
        let lost = self.requests_in(pod);
        self.pods[pod].server.clear();
        for key in lost {
            let request = self.requests.remove(key);
            if let Origin::Check(zone) = request.origin {
                self.checked(now, pod, zone, false, queue);
            }
            if let Origin::Call(Some(thread)) = request.origin
                && let StepKind::Call(call) =
                    &self.scenario.traffic.steps[request.step.index()].kind
            {
                self.counters.requests_reset += 1;
                self.book_failure(request.service, Outcome::Reset);
                self.failed(now, thread, request.begun, call, queue);
            }
        }
    }
}

impl Request {
    /// A job that a worker has just received.
    pub(super) fn job(
        message: &Message,
        key: Key<Message>,
        receipt: Receipt,
        service: ServiceId,
        pod: Key<Pod>,
        now: SimTime,
    ) -> Self {
        Self {
            origin: Origin::Job(key, receipt),
            service,
            step: message.step,
            category: message.category,
            pod,
            begun: message.sent,
            queued: None,
            queue_wait: message.queue_wait,
            cpu_micros: message.cpu_micros,
            wait_micros: message.wait_micros,
            items: message.items,
            since: now,
            parts: message.parts,
        }
    }

    /// A health check by the load balancer's node of a zone, or a probe by the kubelet, which waits in the pod like everybody else.
    pub(super) fn look(
        origin: Origin,
        service: ServiceId,
        category: u16,
        pod: Key<Pod>,
        now: SimTime,
    ) -> Self {
        Self {
            origin,
            service,
            step: StepId(0),
            category,
            pod,
            begun: now,
            queued: None,
            queue_wait: SimDuration::ZERO,
            cpu_micros: 0,
            wait_micros: 0,
            items: 0,
            since: now,
            parts: Attribution::default(),
        }
    }
}
