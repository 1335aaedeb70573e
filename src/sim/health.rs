//! Health checks of the targets of a load balancer, each of its nodes at its own pace (spec/kubernetes.md 7.1).
//!
//! A check asks a pod as any other request does: it takes a free slot, waits its turn in a pod whose slots are all taken, is refused by
//! one whose queue is full, and by one that is not there. Its own work is too small to matter. A check of a pod with a free slot passes,
//! so none is made as long as that cannot change anything: checks begin with the pod's last free slot gone, or its node, and go on until
//! the target is healthy with nothing against it. Their instants are those of a clock that never stops.

use crate::cluster::Key;
use crate::des::{Class, Purpose, SimDuration, SimTime};
use crate::workload::{HealthCheck, TargetId};

use super::event::Event;
use super::pod::{Pod, Stage};
use super::request::{Origin, Request};
use super::{Queue, World};

/// The first number of a pod's own stream that says when a node of the load balancer checks it.
const PHASES: u64 = 40;

impl World<'_> {
    /// A pod may fail its next health checks: from now on they are made.
    pub(super) fn expect_checks(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let Some(check) = self.health_check_of(key) else {
            return;
        };
        let service = self.pods[key].service.expect("a target is of a service");
        for zone in 0..self.services[service.index()].targets.zones() {
            if self.pods[key].checks & 1 << zone == 0 {
                self.arm_check(now, key, zone as u8, check, queue);
            }
        }
    }

    /// The health check of the target group a pod is registered in.
    fn health_check_of(&self, key: Key<Pod>) -> Option<HealthCheck> {
        let pod = self.pods.get(key).filter(|pod| pod.is_listed())?;
        let model = &self.scenario.services[pod.service?.index()];
        Some(model.ingress.as_ref()?.target_group.health_check)
    }

    fn arm_check(
        &mut self,
        now: SimTime,
        pod: Key<Pod>,
        zone: u8,
        check: HealthCheck,
        queue: &mut Queue,
    ) {
        let u = self.pod_draw(&self.pods[pod], Purpose::PodStart, PHASES + u64::from(zone));
        let phase = SimDuration::from_secs_f64(check.interval.as_secs_f64() * u);
        let since = now.saturating_since(SimTime::ZERO + phase);
        let round = since.as_micros() / check.interval.as_micros() + 1;
        let next = SimTime::ZERO + phase + check.interval * round;
        self.pods[pod].checks |= 1 << zone;
        queue.push(next, Class::Environment, Event::HealthCheck { pod, zone });
    }

    /// A node of the load balancer checks a pod.
    pub(super) fn health_check(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        zone: u8,
        queue: &mut Queue,
    ) {
        let Some(pod) = self.pods.get_mut(key) else {
            return;
        };
        pod.checks &= !(1 << zone);
        let Some(check) = self.health_check_of(key) else {
            return;
        };
        let pod = &self.pods[key];
        let service = pod.service.expect("a target is of a service");
        let model = &self.scenario.services[service.index()];
        let free = pod.server.in_service < model.concurrency;
        let room = pod.server.waiting.len() < model.pod_queue_limit as usize;
        match pod.stage {
            Stage::Running if free => self.checked(now, key, zone, true, queue),
            Stage::Silent => {
                self.ask(now, key, zone, check, queue);
            }
            Stage::Running if room => {
                let request = self.ask(now, key, zone, check, queue);
                let category = self.requests[request].category;
                self.pods[key].server.waiting.join(category, request);
            }
            _ => self.checked(now, key, zone, false, queue),
        }
    }

    /// A check has been sent; what is not answered in time has failed.
    fn ask(
        &mut self,
        now: SimTime,
        pod: Key<Pod>,
        zone: u8,
        check: HealthCheck,
        queue: &mut Queue,
    ) -> Key<Request> {
        let service = self.pods[pod].service.expect("a target is of a service");
        let of_no_category = self.scenario.traffic.categories.len() as u16;
        let request = Request::look(Origin::Check(zone), service, of_no_category, pod, now);
        let request = self.requests.insert(request);
        queue.push(
            now + check.timeout,
            Class::Environment,
            Event::CheckTimedOut(request),
        );
        request
    }

    /// A check has not been answered in time.
    pub(super) fn check_timed_out(&mut self, now: SimTime, key: Key<Request>, queue: &mut Queue) {
        let Some(request) = self.requests.get_mut(key) else {
            return;
        };
        if let Origin::Check(zone) = request.origin {
            request.origin = Origin::Call(None);
            let pod = request.pod;
            self.checked(now, pod, zone, false, queue);
        }
    }

    /// A node of the load balancer knows the result of a check.
    pub(super) fn checked(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        zone: u8,
        passed: bool,
        queue: &mut Queue,
    ) {
        let Some(check) = self.health_check_of(key) else {
            return;
        };
        let pod = &self.pods[key];
        let service = pod.service.expect("a target is of a service");
        let full = pod.server.in_service >= self.scenario.services[service.index()].concurrency;
        let targets = &mut self.services[service.index()].targets;
        let target = TargetId(key.slot());
        let settled = targets.checked(now, usize::from(zone), target, passed);
        if !settled || full || pod.stage != Stage::Running {
            self.arm_check(now, key, zone, check, queue);
        }
    }
}
