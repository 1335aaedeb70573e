//! The recorders' side of every event: what is counted, and when.

use crate::cloud::billing::LoadBalancerHour;
use crate::des::{SimDuration, SimTime};
use crate::metrics::series::{Sample, ServiceLevel};
use crate::metrics::{Attribution, Outcome, PendingCause};
use crate::scenario::model::{QueueId, ServiceId};

use super::World;
use super::node::Owner;
use super::pod::Stage;

/// Things that are only counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) arrivals: u64,
    pub(super) page_views: u64,
    pub(super) cycles: u64,
    pub(super) claims_created: u64,
    pub(super) insufficient_capacity: u64,
    pub(super) nodes_launched: u64,
    pub(super) emptied: u64,
    pub(super) consolidated: u64,
    pub(super) interrupted: u64,
    pub(super) expired: u64,
    pub(super) drifted: u64,
    pub(super) timed_out: u64,
    pub(super) repaired: u64,
    pub(super) overprovisioned: u64,
    pub(super) pods_scheduled: u64,
    pub(super) pods_evicted: u64,
    pub(super) pods_lost: u64,
    pub(super) pods_pressured: u64,
    pub(super) pods_preempted: u64,
    pub(super) requests_reset: u64,
    pub(super) duplicate_jobs: u64,
    pub(super) image_bytes: u64,
}

/// What a load balancer has handled: the hour that is open, and the capacity units of those before it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LoadBalancerMeter {
    hour: u64,
    open: LoadBalancerHour,
    lcu_millionths: u128,
    pub(super) bytes: u64,
}

/// Microseconds of a clock hour.
const HOUR: u64 = 3_600_000_000;

impl LoadBalancerMeter {
    /// A request of so many bytes, on a connection of its own.
    pub(super) fn count(&mut self, now: SimTime, bytes: u64) {
        let hour = now.as_micros() / HOUR;
        if hour != self.hour {
            self.lcu_millionths += self.open.lcu_millionths();
            (self.hour, self.open) = (hour, LoadBalancerHour::default());
        }
        self.open.new_connections += 1;
        self.open.bytes += bytes;
        self.bytes += bytes;
    }

    /// Capacity units so far, in millionths.
    pub(super) fn lcu_millionths(&self) -> u128 {
        self.lcu_millionths + self.open.lcu_millionths()
    }
}

impl World<'_> {
    /// Whether the warm-up is over.
    pub(super) fn measured(&self, now: SimTime) -> bool {
        now >= SimTime::ZERO + self.scenario.warmup
    }

    /// A request succeeded.
    pub(super) fn book_success(
        &mut self,
        now: SimTime,
        service: ServiceId,
        wait: SimDuration,
        parts: &Attribution,
    ) {
        let latency = SimDuration::from_micros(parts.total());
        self.series.succeeded(service.index(), latency);
        let measured = self.measured(now);
        let recorder = &mut self.services[service.index()].recorder;
        if measured {
            recorder.succeeded(wait, parts);
        } else {
            recorder.count(Outcome::Succeeded);
        }
    }

    /// A request ended without an answer in time.
    pub(super) fn book_failure(&mut self, service: ServiceId, outcome: Outcome) {
        self.services[service.index()].recorder.count(outcome);
        self.series.failed(service.index());
    }

    /// A request has left the queue.
    pub(super) fn book_wait(
        &mut self,
        now: SimTime,
        service: ServiceId,
        category: u16,
        wait: SimDuration,
    ) {
        if self
            .starvation
            .request_waited(service.index(), category as usize, now, wait)
        {
            self.series.starved(service.index());
        }
    }

    /// Closes a bucket of the time series.
    pub(super) fn sample(&mut self, now: SimTime) {
        let sample = self.take_sample(now);
        self.series.close_bucket(&sample);
    }

    fn take_sample(&mut self, now: SimTime) -> Sample {
        let mut pending = vec![0; PendingCause::ALL.len()];
        let mut starving = 0;
        for (_, pod) in self
            .pods
            .iter()
            .filter(|(_, pod)| pod.stage == Stage::Pending && pod.pinned.is_none())
        {
            pending[pod.waiting.cause as usize] += 1;
            starving += u32::from(now.since(pod.created) > self.starvation.pod_threshold());
        }
        let mut nodes = vec![0; self.layers.len()];
        for (_, node) in self
            .nodes
            .iter()
            .filter(|(_, node)| node.ready.is_some() && !node.terminated)
        {
            nodes[self.layer_of(node.owner)] += 1;
        }
        let templates = self.scenario.templates.len();
        let contention = self.cpu.contention(now);
        let cpu_missed = (0..templates)
            .map(|template| contention.missed(template))
            .sum();
        Sample {
            services: self
                .services
                .iter()
                .map(|state| ServiceLevel {
                    desired: state.desired,
                    ready: state.ready.now,
                })
                .collect(),
            queues: (0..self.queues.len())
                .map(|queue| self.visible(now, QueueId(queue as u16)))
                .collect(),
            nodes,
            pending,
            starving,
            cpu_missed,
            spent: self.spent_by_layer(now),
        }
    }

    /// The place of an owner's nodes among the layers: node groups first, then NodePools.
    pub(super) fn layer_of(&self, owner: Owner) -> usize {
        match owner {
            Owner::Group(place) => place,
            Owner::Pool(place) => self.scenario.cluster.node_groups.len() + place,
        }
    }
}
