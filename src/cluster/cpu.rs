//! How a node's CPU is shared among its pods, moment by moment (spec/kubernetes.md 5.11).
//!
//! A pod's demand is what its running requests (each up to `threads` cores) and its idle hum could use, capped by its limit. While the
//! demands of a node fit its cores every request runs at full speed and nothing here touches its neighbours. When they do not, the cores
//! are divided by hierarchical water-filling, and inside a pod every thread gets the same share (processor sharing).
//!
//! Progress is kept as virtual time per pod: the work a thread has been given so far, in microcore-microseconds. A request that enters
//! at virtual time `v` with work `w` leaves at `v + w`, so however often the speed changes, only the pod's next departure has to be
//! found again, never every request in it.

mod contention;
mod fill;
mod pod;

use crate::des::SimTime;

pub use contention::Contention;
pub use fill::{Share, cgroup_weight, water_fill};
pub use pod::CpuPodSpec;
use pod::PodCpu;

/// Microcores in a core: what a single thread can use.
pub const CORE: u64 = 1_000_000;

/// A pod's place in the table. Reused after the pod is gone.
pub type CpuSlot = u32;

/// A node's cores and who is on it.
#[derive(Clone, Debug, Default)]
struct NodeCpu {
    capacity: u64,
    demand: u64,
    contended: bool,
    pods: Vec<CpuSlot>,
    since: SimTime,
}

/// The CPU of every node and pod of a cluster.
#[derive(Clone, Debug)]
pub struct CpuTable {
    nodes: Vec<NodeCpu>,
    pods: Vec<PodCpu>,
    free: Vec<CpuSlot>,
    scratch: fill::Scratch,
    changed: Vec<CpuSlot>,
    contention: Contention,
}

impl CpuTable {
    /// An empty table for pods of so many templates.
    #[must_use]
    pub fn new(templates: usize) -> Self {
        Self {
            nodes: Vec::new(),
            pods: Vec::new(),
            free: Vec::new(),
            scratch: fill::Scratch::default(),
            changed: Vec::new(),
            contention: Contention::new(templates),
        }
    }

    /// Makes a node with so many millicores known under `node`.
    pub fn add_node(&mut self, node: u32, capacity_millis: i64) {
        let place = node as usize;
        if self.nodes.len() <= place {
            self.nodes.resize_with(place + 1, NodeCpu::default);
        }
        assert!(
            self.nodes[place].pods.is_empty(),
            "node {node} is still in use"
        );
        let capacity = u64::try_from(capacity_millis).unwrap_or(0) * 1_000;
        self.nodes[place] = NodeCpu {
            capacity,
            ..NodeCpu::default()
        };
    }

    /// Puts a pod on a node.
    pub fn add_pod(&mut self, now: SimTime, node: u32, spec: CpuPodSpec) -> CpuSlot {
        let pod = PodCpu::new(now, node, spec);
        let slot = if let Some(slot) = self.free.pop() {
            self.pods[slot as usize] = pod;
            slot
        } else {
            self.pods.push(pod);
            (self.pods.len() - 1) as CpuSlot
        };
        self.nodes[node as usize].pods.push(slot);
        self.reshare(now, slot);
        slot
    }

    /// Takes a pod off its node; whatever ran in it is gone.
    pub fn remove_pod(&mut self, now: SimTime, slot: CpuSlot) {
        let node = self.pods[slot as usize].node();
        self.pods[slot as usize].clear(now);
        self.reshare(now, slot);
        self.nodes[node as usize]
            .pods
            .retain(|&other| other != slot);
        self.changed.retain(|&other| other != slot);
        self.free.push(slot);
    }

    /// Lets a request with so many microseconds of work on one core run in the pod.
    pub fn start(&mut self, now: SimTime, slot: CpuSlot, request: u32, work_micros: u64) {
        let pod = &mut self.pods[slot as usize];
        pod.advance(now);
        let first_changed = pod.enter(request, work_micros);
        self.reshare(now, slot);
        if first_changed {
            self.note(slot);
        }
    }

    /// The next request of the pod that has had its work by `now`, if any. Call until none is left.
    pub fn finished(&mut self, now: SimTime, slot: CpuSlot) -> Option<u32> {
        let pod = &mut self.pods[slot as usize];
        pod.advance(now);
        let request = pod.leave()?;
        self.reshare(now, slot);
        self.note(slot);
        Some(request)
    }

    /// When the pod's next request will have had its work, if speeds stay as they are.
    #[must_use]
    pub fn next_departure(&self, slot: CpuSlot) -> Option<SimTime> {
        self.pods[slot as usize].next_departure()
    }

    /// Pods whose next departure has changed since the last call, each once.
    pub fn take_changed(&mut self, into: &mut Vec<CpuSlot>) {
        into.clear();
        std::mem::swap(into, &mut self.changed);
    }

    /// Core-microseconds the pod has used so far, in microcore-microseconds.
    #[must_use]
    pub fn used(&self, now: SimTime, slot: CpuSlot) -> u128 {
        self.pods[slot as usize].used(now)
    }

    /// What the pod wants and what it gets, in microcores.
    #[must_use]
    pub fn demand_and_grant(&self, slot: CpuSlot) -> (u64, u64) {
        let pod = &self.pods[slot as usize];
        (pod.demand(), pod.grant())
    }

    /// Who went without CPU, and who had it, up to `now`.
    pub fn contention(&mut self, now: SimTime) -> &Contention {
        for node in 0..self.nodes.len() {
            self.settle_contention(now, node);
        }
        &self.contention
    }

    fn note(&mut self, slot: CpuSlot) {
        if !self.changed.contains(&slot) {
            self.changed.push(slot);
        }
    }

    /// The pod's demand may have changed: gives it, or the whole node, new shares.
    fn reshare(&mut self, now: SimTime, slot: CpuSlot) {
        let place = self.pods[slot as usize].node() as usize;
        if self.nodes[place].contended {
            self.settle_contention(now, place);
        }
        let (before, after) = self.pods[slot as usize].refresh_demand();
        let node = &mut self.nodes[place];
        node.demand = node.demand + after - before;
        if node.demand <= node.capacity && !node.contended {
            if self.pods[slot as usize].set_grant(now, after) {
                self.note(slot);
            }
            return;
        }
        self.fill_node(now, place);
    }

    /// Divides the cores of a contended node, or sets everybody free when contention has ended.
    fn fill_node(&mut self, now: SimTime, place: usize) {
        let node = &mut self.nodes[place];
        node.contended = node.demand > node.capacity;
        node.since = now;
        let slots = std::mem::take(&mut node.pods);
        if node.contended {
            self.scratch.divide(
                node.capacity,
                slots.iter().map(|&slot| self.pods[slot as usize].share()),
            );
        }
        for (at, &slot) in slots.iter().enumerate() {
            let pod = &mut self.pods[slot as usize];
            let grant = if self.nodes[place].contended {
                self.scratch.grants()[at]
            } else {
                pod.demand()
            };
            if pod.set_grant(now, grant) {
                self.note(slot);
            }
        }
        self.nodes[place].pods = slots;
    }

    /// Books who went without since the node's shares last changed.
    fn settle_contention(&mut self, now: SimTime, place: usize) {
        let node = &mut self.nodes[place];
        let span = now.since(node.since);
        node.since = now;
        if node.contended {
            let pods = node.pods.iter().map(|&slot| {
                let pod = &self.pods[slot as usize];
                (pod.template(), pod.demand(), pod.grant())
            });
            self.contention.book(span, pods);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::template::QosClass;
    use crate::des::SimDuration;

    fn spec(template: usize, request_millis: i64, threads: u32) -> CpuPodSpec {
        CpuPodSpec {
            template,
            qos: QosClass::Burstable,
            request_millis,
            limit_millis: None,
            threads,
            idle_millis: 0,
        }
    }

    fn at(millis: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_millis(millis)
    }

    #[test]
    fn alone_a_request_takes_exactly_its_work() {
        let mut table = CpuTable::new(1);
        table.add_node(0, 2_000);
        let pod = table.add_pod(at(0), 0, spec(0, 100, 1));
        table.start(at(5), pod, 7, 12_000);
        assert_eq!(table.next_departure(pod), Some(at(17)));
        assert_eq!(table.finished(at(16), pod), None);
        assert_eq!(table.finished(at(17), pod), Some(7));
        assert_eq!(table.used(at(100), pod), 12_000 * u128::from(CORE));
    }

    #[test]
    fn two_requests_under_a_limit_of_one_core_share_it() {
        let mut table = CpuTable::new(1);
        table.add_node(0, 4_000);
        let pod = table.add_pod(
            at(0),
            0,
            CpuPodSpec {
                limit_millis: Some(1_000),
                ..spec(0, 100, 1)
            },
        );
        table.start(at(0), pod, 1, 10_000);
        table.start(at(0), pod, 2, 20_000);
        assert_eq!(table.next_departure(pod), Some(at(20)));
        assert_eq!(table.finished(at(20), pod), Some(1));
        assert_eq!(table.next_departure(pod), Some(at(30)));
    }

    #[test]
    fn under_contention_cores_follow_requests_and_come_back_after() {
        // The example of spec/kubernetes.md 5.11: AI (2000m, 8 threads) beside four API pods (250m) on 4 vCPU, all busy:
        // weights 79 and 4 x 10, so the AI pod gets 79/119 of the node and each API pod 10/119.
        let mut table = CpuTable::new(2);
        table.add_node(0, 4_000);
        let api: Vec<_> = (0..4)
            .map(|_| table.add_pod(at(0), 0, spec(0, 250, 4)))
            .collect();
        for (n, &pod) in api.iter().enumerate() {
            table.start(at(0), pod, n as u32, 1_000_000);
        }
        assert_eq!(table.demand_and_grant(api[0]), (4 * CORE, CORE));
        let ai = table.add_pod(at(0), 0, spec(1, 2_000, 8));
        table.start(at(0), ai, 99, 8_000_000);
        let (_, ai_grant) = table.demand_and_grant(ai);
        let (_, api_grant) = table.demand_and_grant(api[0]);
        assert_eq!(ai_grant / 1_000, 4_000 * 79 / 119);
        assert_eq!(api_grant / 1_000, 4_000 * 10 / 119);
        table.remove_pod(at(10), ai);
        assert_eq!(table.demand_and_grant(api[0]).1, CORE);
        let wanted = table.contention(at(10)).missed(0);
        assert!(wanted > 0 && table.contention(at(10)).taken(0, 1) > 0);
    }

    #[test]
    fn a_neighbour_that_fits_is_not_touched() {
        let mut table = CpuTable::new(1);
        table.add_node(0, 4_000);
        let first = table.add_pod(at(0), 0, spec(0, 100, 1));
        let second = table.add_pod(at(0), 0, spec(0, 100, 1));
        let mut changed = Vec::new();
        table.start(at(0), first, 1, 10_000);
        table.take_changed(&mut changed);
        assert_eq!(changed, [first]);
        table.start(at(1), second, 2, 10_000);
        table.take_changed(&mut changed);
        assert_eq!(changed, [second]);
    }
}
