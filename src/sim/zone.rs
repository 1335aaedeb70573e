//! Zones that go dark, and nodes that die with them without a word: what stops at once, and when the cluster learns of it
//! (spec/kubernetes.md 5.9).
//!
//! An instance is gone from the first moment: nothing on the node works, its bill ends, and its Auto Scaling group misses it. Kubernetes
//! hears of it in steps. Until the node is Unknown its pods count as Ready and new ones may be bound to it; the load balancer stops sending
//! to them after failed health checks; the garbage collector removes them when the Node object has gone, and only then are they replaced.

use crate::api::Symbol;
use crate::cluster::Key;
use crate::des::{Class, Purpose, SimDuration, SimTime};
use crate::kube::endpoints::{CLUSTER_IP, DEREGISTRATION};
use crate::kube::hpa::Readiness;
use crate::kube::node_lifecycle::{
    CLOUD_CHECK_PERIOD, LEASE_RENEWAL, Loop, MONITOR_PERIOD, POD_GC_PERIOD, orphans_removed,
    unknown,
};

use super::event::Event;
use super::node::{EndReason, Node};
use super::pod::{Pod, Stage};
use super::{Queue, World};

impl World<'_> {
    /// A zone goes dark with every instance in it, and has no capacity until it is back.
    pub(super) fn lose_zone(
        &mut self,
        now: SimTime,
        zone: Symbol,
        lasts: SimDuration,
        queue: &mut Queue,
    ) {
        self.dark_zones.push((zone, now + lasts));
        queue.push(now + lasts, Class::Environment, Event::ZoneBack);
        let here = self.nodes.iter().filter(|(_, node)| {
            !node.terminated && node.instance.is_some_and(|instance| instance.zone == zone)
        });
        let here: Vec<_> = here.map(|(key, _)| key).collect();
        for key in here {
            self.fail_node(now, key, queue);
        }
    }

    /// A zone is back: node groups that found no place for their instances start them now.
    pub(super) fn zone_back(&mut self, now: SimTime, queue: &mut Queue) {
        self.dark_zones.retain(|&(_, until)| until > now);
        for group in 0..self.groups.len() {
            self.replace_nodes(now, group, queue);
        }
    }

    /// Whether nothing can be launched in a zone.
    pub(super) fn is_dark(&self, zone: Symbol) -> bool {
        self.dark_zones.iter().any(|&(dark, _)| dark == zone)
    }

    fn fail_node(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        self.nodes[key].end = EndReason::ZoneLost;
        if self.nodes[key].ready.is_none() {
            self.terminate_instance(now, key, queue);
            return;
        }
        self.nodes[key].terminated = true;
        for pod in self.nodes[key].pods.clone() {
            self.silence_pod(now, pod, queue);
        }
        self.end_bill(now, key, queue);
        let ago = LEASE_RENEWAL.as_secs_f64() * self.failure_draw(now, key, 0);
        let renewed = SimTime::ZERO
            + now
                .since(SimTime::ZERO)
                .saturating_sub(SimDuration::from_secs_f64(ago));
        let at = unknown(renewed, self.control_loop(MONITOR_PERIOD, 0));
        queue.push(at.max(now), Class::Controller, Event::NodeUnknown(key));
    }

    fn failure_draw(&self, now: SimTime, key: Key<Node>, k: u64) -> f64 {
        let entity = u64::from(self.nodes[key].id.0) << 32 | k;
        self.draw(Purpose::Phase, entity).uniform(now.as_micros())
    }

    /// A loop of kube-controller-manager, at the phase it has in this run.
    fn control_loop(&self, period: SimDuration, which: u64) -> Loop {
        let u = self.draw(Purpose::Phase, CONTROLLER_MANAGER).uniform(which);
        Loop {
            phase: SimTime::ZERO + SimDuration::from_secs_f64(period.as_secs_f64() * u),
            period,
        }
    }

    /// A pod stops in the middle of what it does; callers wait for an answer that does not come.
    fn silence_pod(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let Some(pod) = self.pods.get_mut(key).filter(|pod| pod.runs()) else {
            return;
        };
        pod.stage = Stage::Silent;
        self.release_cpu(now, key, queue);
        self.expect_checks(now, key, queue);
    }

    /// The node lifecycle controller has not heard of a node for too long: it is Unknown, and its pods are not Ready.
    pub(super) fn node_unknown(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if self.nodes.get(key).is_none() {
            return;
        }
        self.refresh_node(now, key, queue);
        for pod in self.nodes[key].pods.clone() {
            self.pods[pod].readiness = Some(Readiness {
                ready: false,
                since: now,
            });
            let u = self.failure_draw(now, key, 1 + u64::from(pod.slot()));
            let service = self.pods[pod].service;
            let ingress =
                service.and_then(|place| self.scenario.services[place.index()].ingress.as_ref());
            let propagation = ingress.map_or(CLUSTER_IP, |_| DEREGISTRATION);
            let at = now + propagation.at(u);
            queue.push(at, Class::Controller, Event::PodUnlisted(pod));
            if let Some(service) = service {
                self.count_ready(now, service);
            }
        }
        let cloud = self.control_loop(CLOUD_CHECK_PERIOD, 1);
        let gc = self.control_loop(POD_GC_PERIOD, 2);
        let at = orphans_removed(now, cloud, gc);
        queue.push(at, Class::Controller, Event::NodeForgotten(key));
    }

    /// The garbage collector removes the pods of a Node object that has gone.
    pub(super) fn node_forgotten(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        if self.nodes.get(key).is_some() {
            self.clear_node(now, key, queue);
        }
    }
}

/// Whose draws the phases of its loops are.
const CONTROLLER_MANAGER: u64 = u64::MAX - 2;
