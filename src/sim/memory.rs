//! The memory of pods and nodes: what a container takes, and who goes when it is too much (spec/kubernetes.md 5.9).

use crate::api::Resource;
use crate::cluster::Key;
use crate::des::{Class, Purpose, SimTime};
use crate::kube::kubelet::pressure::{
    EVICTION_GRACE, EVICTION_HARD, MONITOR_PERIOD, MemoryPod, evicted, killed,
};
use crate::kube::node_lifecycle::Loop;
use crate::metrics::journal::Removal;

use super::container::Moment;
use super::event::Event;
use super::node::Node;
use super::pod::Pod;
use super::{Queue, World};

impl World<'_> {
    /// Brings the books up to what a pod's container takes now; too much of it has consequences.
    pub(super) fn book_memory(&mut self, now: SimTime, key: Key<Pod>, queue: &mut Queue) {
        let pod = &self.pods[key];
        let usage = if pod.runs() { self.memory_of(pod) } else { 0 };
        let Some(place) = pod.node else { return };
        let (before, template) = (pod.memory, pod.template);
        if usage == before {
            return;
        }
        self.pods[key].memory = usage;
        let Some(node) = self.nodes.get_mut(place) else {
            return;
        };
        node.memory_used = node.memory_used + usage - before;
        if usage < before {
            return;
        }
        let limit = self.scenario.template(template).memory_limit;
        if limit.is_some_and(|limit| usage > limit) {
            self.await_moment(key, Moment::OutOfMemory, now, queue);
        }
        self.look_at_memory(now, place, queue);
    }

    /// What the container of a running pod takes. Of services that do not say it is what they ask for.
    fn memory_of(&self, pod: &Pod) -> u64 {
        let model = pod.service.and_then(|service| {
            let model = &self.scenario.services[service.index()];
            model.memory.as_ref()
        });
        match model {
            Some(memory) => {
                memory.base
                    + memory.per_request * u64::from(pod.server.in_service)
                    + memory.leak * pod.container.worked_off
            }
            None => self.memory_request(pod),
        }
    }

    fn memory_request(&self, pod: &Pod) -> u64 {
        let requests = &self.scenario.template(pod.template).requests;
        requests[Resource::Memory].unsigned_abs()
    }

    /// The pods of a node take more than before: beyond their common limit the kernel kills, beyond what is allocatable the kubelet will
    /// look.
    fn look_at_memory(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let node = &self.nodes[key];
        let allocatable = node.allocatable[Resource::Memory].unsigned_abs();
        let limit = allocatable + EVICTION_HARD;
        if node.memory_used > limit {
            let capacity = node.capacity[Resource::Memory].unsigned_abs();
            let (keys, pods) = self.memory_pods(key);
            if let Some(place) = killed(&pods, limit, capacity) {
                self.await_moment(keys[place], Moment::OutOfMemory, now, queue);
            }
        } else if node.memory_used > allocatable && !node.under_pressure {
            let u = self.draw(Purpose::Phase, u64::from(node.id.0)).uniform(9);
            let phase = SimTime::from_micros((MONITOR_PERIOD.as_micros() as f64 * u) as u64);
            let looks = Loop {
                phase,
                period: MONITOR_PERIOD,
            };
            self.nodes[key].under_pressure = true;
            queue.push(looks.next(now), Class::Kubelet, Event::Pressure(key));
        }
    }

    /// The running pods of a node.
    fn memory_pods(&self, key: Key<Node>) -> (Vec<Key<Pod>>, Vec<MemoryPod>) {
        let running =
            |key: &&Key<Pod>| self.pods[**key].runs() && self.pods[**key].deleting.is_none();
        let keys: Vec<_> = self.nodes[key]
            .pods
            .iter()
            .filter(running)
            .copied()
            .collect();
        let pods = keys.iter().map(|&key| {
            let pod = &self.pods[key];
            let template = self.scenario.template(pod.template);
            MemoryPod {
                usage: pod.memory,
                request: self.memory_request(pod),
                priority: template.priority,
                qos: template.qos,
            }
        });
        let pods = pods.collect();
        (keys, pods)
    }

    /// The kubelet looks at a node that is short of memory: one pod goes.
    pub(super) fn pressure(&mut self, now: SimTime, key: Key<Node>, queue: &mut Queue) {
        let Some(node) = self.nodes.get_mut(key) else {
            return;
        };
        let allocatable = node.allocatable[Resource::Memory].unsigned_abs();
        node.under_pressure = !node.terminated && node.memory_used > allocatable;
        if !node.under_pressure {
            return;
        }
        queue.push(now + MONITOR_PERIOD, Class::Kubelet, Event::Pressure(key));
        let (keys, pods) = self.memory_pods(key);
        if let Some(place) = evicted(&pods) {
            let victim = keys[place];
            self.counters.pods_pressured += u64::from(self.pods[victim].service.is_some());
            self.note_removed(now, victim, Removal::NodePressure);
            self.terminate_pod(now, victim, queue);
            // Of which the container is given two seconds at least.
            let grace = EVICTION_GRACE.max(crate::kube::kubelet::TIMING.sigterm_min);
            queue.push(now + grace, Class::Kubelet, Event::PodKilled(victim));
        }
    }
}
