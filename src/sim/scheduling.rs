//! kube-scheduler at work: one pod at a time, binding at its client's pace, failures back to the queue.

use crate::cluster::Key;
use crate::des::{Class, Purpose, SimDuration, SimTime};
use crate::kube::scheduler::constants::{BIND_MAX, BIND_MIN, CYCLE_MAX, CYCLE_MIN};
use crate::kube::scheduler::{Attempt, ClusterEvent, Failure, PodInfo, Reason};
use crate::metrics::PendingCause;

use super::event::Event;
use super::pod::{Pod, Stage};
use super::{Queue, World};

/// Whose draws the lengths of scheduling cycles are.
const SCHEDULER: u64 = u64::MAX;

impl World<'_> {
    /// Sets the scheduler's alarm for its next work, unless it rings earlier anyway.
    pub(super) fn poke_scheduler(&mut self, now: SimTime, queue: &mut Queue) {
        let Some(due) = self.scheduling.next_wake(now) else {
            return;
        };
        let at = due.max(self.scheduler_free);
        if self.scheduler_alarm.is_none_or(|alarm| at < alarm) {
            self.scheduler_alarm = Some(at);
            queue.push(at, Class::Scheduler, Event::Schedule);
        }
    }

    /// The cluster has changed: pods that failed because of it are tried again.
    pub(super) fn tell_scheduler(
        &mut self,
        now: SimTime,
        event: &ClusterEvent<'_>,
        queue: &mut Queue,
    ) {
        let scheduler = &self.scheduler;
        if self
            .scheduling
            .on_event(now, |template| scheduler.wakes(event, template))
        {
            self.poke_scheduler(now, queue);
        }
    }

    /// One scheduling cycle.
    pub(super) fn schedule(&mut self, now: SimTime, queue: &mut Queue) {
        if self.scheduler_alarm != Some(now) {
            return;
        }
        self.scheduler_alarm = None;
        if let Some(slot) = self.scheduling.pop(now) {
            let key = self.pods.key_at(slot).expect("a waiting pod is there");
            let u = self
                .draw(Purpose::Phase, SCHEDULER)
                .uniform(self.counters.cycles);
            self.counters.cycles += 1;
            self.scheduler_free = now + between(CYCLE_MIN, CYCLE_MAX, u);
            self.try_pod(now, key, u, queue);
        }
        self.poke_scheduler(now, queue);
    }

    fn try_pod(&mut self, now: SimTime, key: Key<Pod>, u: f64, queue: &mut Queue) {
        let pod = &self.pods[key];
        let attempt = Attempt {
            pod: key.slot(),
            template: pod.template,
            pinned: pod.pinned.map(Key::slot),
        };
        let mut tie = self.draw(Purpose::TieBreak, pod.uid as u64).stream();
        match self.scheduler.schedule(attempt, &mut tie) {
            Ok(chosen) => {
                let node = self
                    .nodes
                    .key_at(chosen.node)
                    .expect("the scheduler knows nodes that are there");
                self.place(now, key, node, queue);
                let leaves = self.scheduler_client.take(self.scheduler_free);
                queue.push(
                    leaves + between(BIND_MIN, BIND_MAX, u),
                    Class::Scheduler,
                    Event::Bound(key),
                );
            }
            Err(failure) if failure.nodes == 0 => {
                self.scheduling.errored(key.slot(), now);
                self.patch_refusal(key, &failure);
                self.not_placed(now, key, &failure, queue);
            }
            Err(failure) => {
                self.preempt(now, key, attempt, &failure, queue);
                self.scheduling
                    .unschedulable(key.slot(), failure.plugins, now);
                self.patch_refusal(key, &failure);
                self.not_placed(now, key, &failure, queue);
            }
        }
    }

    /// The pod's condition is written, unless it says the same already: a call on the client that bindings need too (spec/kubernetes.md
    /// 1.15).
    fn patch_refusal(&mut self, key: Key<Pod>, failure: &Failure) {
        let refusal = &mut self.pods[key].refusal;
        if refusal.as_ref() != Some(failure) {
            *refusal = Some(failure.clone());
            self.scheduler_client.take(self.scheduler_free);
        }
    }

    /// A pod is assumed on a node: its requests count from now on.
    fn place(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        node: Key<super::node::Node>,
        queue: &mut Queue,
    ) {
        let template = self.pods[key].template;
        self.scheduler.add_pod(
            node.slot(),
            PodInfo {
                key: key.slot(),
                template,
                start: now,
                terminating: false,
            },
        );
        self.scheduling.remove(key.slot());
        self.book_placement(now, key);
        self.note_bound(now, key, node);
        let pod = &mut self.pods[key];
        pod.stage = Stage::Starting;
        pod.refusal = None;
        pod.node = Some(node);
        pod.bound_at = Some(now);
        let service = pod.service;
        let requests = self.scenario.template(template).requests;
        self.nodes[node].add_pod(now, key, template, requests);
        self.counters.pods_scheduled += 1;
        self.touch_consolidation();
        self.tell_scheduler(now, &ClusterEvent::PodPlaced(template), queue);
        if let Some(service) = service {
            self.turn_clock(now, service);
        }
    }

    /// A pod found no node: it is Unschedulable now, and Karpenter hears of it.
    fn not_placed(&mut self, now: SimTime, key: Key<Pod>, failure: &Failure, queue: &mut Queue) {
        let provisionable = self.pods[key].pinned.is_none();
        self.note_refused(now, key, failure);
        let provided_for = self.karpenter.is_some() || self.autoscaler.is_some();
        let first = self.pods[key].waiting.cause == PendingCause::BatchWindow;
        if !(provided_for && provisionable) || (self.karpenter.is_none() && first) {
            self.pods[key].waiting.turn_to(now, cause_of(failure));
        }
        if provisionable && first {
            self.poke_autoscaler(now, queue);
        }
        if provisionable {
            self.trigger_provisioner(now, key.slot(), queue);
        }
        if let Some(service) = self.pods[key].service {
            self.turn_clock(now, service);
        }
    }
}

/// What a failed attempt says about the wait: the most hopeful of its reasons.
fn cause_of(failure: &Failure) -> PendingCause {
    let has =
        |wanted: fn(&Reason) -> bool| failure.reasons.iter().any(|(reason, _)| wanted(reason));
    if has(|reason| matches!(reason, Reason::Insufficient(_) | Reason::HostPorts))
        || failure.nodes == 0
    {
        PendingCause::NoCapacity
    } else if has(|reason| {
        !matches!(
            reason,
            Reason::UntoleratedTaint(_)
                | Reason::NodeAffinity
                | Reason::Cordoned
                | Reason::NotThePinnedNode
        )
    }) {
        PendingCause::Topology
    } else if has(|reason| matches!(reason, Reason::UntoleratedTaint(_))) {
        PendingCause::Taints
    } else {
        PendingCause::NoPoolMatches
    }
}

fn between(low: SimDuration, high: SimDuration, u: f64) -> SimDuration {
    low + SimDuration::from_micros(((high - low).as_micros() as f64 * u) as u64)
}
