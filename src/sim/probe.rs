//! Probes of containers that work: asked once a period, and answered late by those that starve (spec/kubernetes.md 5.3).
//!
//! A probe of the port that a pod serves on is a request among requests: it waits for a slot and for CPU as they do, and a full queue
//! refuses it. One with a process or port of its own waits for CPU alone. Nobody has to be asked who has nothing to do: an idle
//! container answers in time, and its worker is woken with the next request.

use crate::cluster::Key;
use crate::cluster::probe::AnsweredBy;
use crate::des::{Class, SimTime};
use crate::kube::kubelet::ProbeKind;

use super::event::Event;
use super::pod::{Pod, Stage};
use super::request::{Origin, Request};
use super::{Queue, World};

/// What goes on between the kubelet and one probe of a container.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watch {
    /// When it asks next.
    due: Option<SimTime>,
    /// When it asked, and what it sent, while it waits for the answer.
    asked: Option<(SimTime, Key<Request>)>,
}

/// A probe on its way through a pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probing {
    pub(super) kind: ProbeKind,
    /// Whether the kubelet still waits for the answer.
    pub(super) awaited: bool,
    /// Whether it takes one of the server's slots.
    pub(super) slot: bool,
}

/// Probes that are asked of a container that works.
const WATCHED: [ProbeKind; 2] = [ProbeKind::Liveness, ProbeKind::Readiness];

const fn place(kind: ProbeKind) -> usize {
    matches!(kind, ProbeKind::Readiness) as usize
}

impl World<'_> {
    /// A container has something to do: from now on its probes may have to wait.
    pub(super) fn watch_probes(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        for kind in WATCHED {
            self.watch(now, key, kind, queue);
        }
    }

    fn watch(&mut self, now: SimTime, key: Key<Pod>, kind: ProbeKind, queue: &mut Queue) {
        let pod = &mut self.pods[key];
        let watch = pod.container.watches[place(kind)];
        if watch.due.is_some() || watch.asked.is_some() || pod.deleting.is_some() {
            return;
        }
        if let Some(worker) = pod.container.worker(kind) {
            let at = worker.tick_from(now);
            self.ask_at(key, kind, at, queue);
        }
    }

    fn ask_at(&mut self, key: Key<Pod>, kind: ProbeKind, at: SimTime, queue: &mut Queue) {
        self.pods[key].container.watches[place(kind)].due = Some(at);
        queue.push(at, Class::Kubelet, Event::Probe(key, kind));
    }

    /// The kubelet asks.
    pub(super) fn probe(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        kind: ProbeKind,
        queue: &mut Queue,
    ) {
        let Some(pod) = self.pods.get_mut(key) else {
            return;
        };
        let watch = &mut pod.container.watches[place(kind)];
        if watch.due != Some(now) {
            return;
        }
        watch.due = None;
        let node = pod.node.and_then(|node| self.nodes.get(node));
        let asks = node.is_some_and(|node| !node.terminated && !node.is_unreachable());
        if !asks || pod.stage != Stage::Running || pod.deleting.is_some() {
            return;
        }
        let busy = pod.server.outstanding() > 0;
        let Some(probe) = pod.container.worker(kind).map(|worker| *worker.probe()) else {
            return;
        };
        let Some(service) = pod.service.filter(|_| busy) else {
            self.probe_answered(now, key, kind, now, true, queue);
            return;
        };
        let model = &self.scenario.services[service.index()];
        let waits = match probe.answered_by {
            AnsweredBy::Kernel => {
                self.probe_answered(now, key, kind, now, true, queue);
                return;
            }
            AnsweredBy::Process => None,
            // Who works messages off takes no requests: whatever answers stands beside.
            AnsweredBy::Server if model.consumes.is_some() => None,
            AnsweredBy::Server => Some(pod.server.in_service >= model.concurrency),
        };
        let full = pod.server.waiting.len() >= model.pod_queue_limit as usize;
        if waits == Some(true) && full {
            self.probe_answered(now, key, kind, now, false, queue);
            return;
        }
        let probing = Probing {
            kind,
            awaited: true,
            slot: waits.is_some(),
        };
        let of_no_category = self.scenario.traffic.categories.len() as u16;
        let request = self.requests.insert(Request {
            cpu_micros: model.probe_cpu.as_micros(),
            ..Request::look(Origin::Probe(probing), service, of_no_category, key, now)
        });
        self.pods[key].container.watches[place(kind)].asked = Some((now, request));
        let late = now + probe.timeout;
        queue.push(late, Class::Kubelet, Event::ProbeTimeout(key, kind));
        match waits {
            Some(true) => {
                self.pods[key].server.waiting.join(of_no_category, request);
            }
            Some(false) => self.serve(now, request, queue),
            None => self.give_cpu(now, request, queue),
        }
    }

    /// The kubelet has waited long enough.
    pub(super) fn probe_timeout(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        kind: ProbeKind,
        queue: &mut Queue,
    ) {
        let Some(pod) = self.pods.get_mut(key) else {
            return;
        };
        let Some((asked, request)) = pod.container.watches[place(kind)].asked else {
            return;
        };
        let timeout = pod
            .container
            .worker(kind)
            .map(|worker| worker.probe().timeout);
        if timeout.is_none_or(|timeout| asked + timeout != now) {
            return;
        }
        let sent = self
            .requests
            .get_mut(request)
            .map(|request| &mut request.origin);
        if let Some(Origin::Probe(probing)) = sent {
            probing.awaited = false;
        }
        self.probe_answered(now, key, kind, asked, false, queue);
    }

    /// A container has worked a probe off.
    pub(super) fn probe_heard(&mut self, now: SimTime, request: &Request, queue: &mut Queue) {
        if let Origin::Probe(Probing {
            kind,
            awaited: true,
            ..
        }) = request.origin
        {
            self.probe_answered(now, request.pod, kind, request.begun, true, queue);
        }
    }

    /// The kubelet has its answer to what it asked then, and perhaps its verdict.
    fn probe_answered(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        kind: ProbeKind,
        asked: SimTime,
        success: bool,
        queue: &mut Queue,
    ) {
        let pod = &mut self.pods[key];
        pod.container.watches[place(kind)].asked = None;
        if pod.deleting.is_some() || !pod.runs() {
            return;
        }
        let busy = pod.server.outstanding() > 0;
        let ready = pod.is_ready();
        let Some(worker) = pod.container.worker(kind) else {
            return;
        };
        let verdict = worker.take(success);
        let mut next = worker.next(asked, now);
        if kind == ProbeKind::Liveness && verdict == Some(false) {
            worker.forget();
            self.condemn(now, key, kind, queue);
            return;
        }
        let turns = kind == ProbeKind::Readiness && verdict.is_some_and(|verdict| verdict != ready);
        if turns && !success {
            // The kubelet recomputes the pod's status, and asks at once.
            worker.retrigger(now);
            next = now;
        }
        let settled = success && !worker.is_failing() && (ready || turns);
        if turns {
            self.set_ready(now, key, success, queue);
        }
        if busy || !settled {
            self.ask_at(key, kind, next, queue);
        }
    }
}
