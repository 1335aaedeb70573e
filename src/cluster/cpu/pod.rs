//! One pod's CPU: its running requests, its speed, its virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::CORE;
use super::fill::Share;
use crate::cluster::template::QosClass;
use crate::des::{SimDuration, SimTime};

/// What CPU sharing has to know of a pod.
#[derive(Clone, Copy, Debug)]
pub struct CpuPodSpec {
    /// Place of its template, for the contention ledger.
    pub template: usize,
    /// Quality of service.
    pub qos: QosClass,
    /// CPU request in millicores.
    pub request_millis: i64,
    /// CPU limit in millicores.
    pub limit_millis: Option<i64>,
    /// Cores one request can keep busy.
    pub threads: u32,
    /// Millicores it keeps busy without requests.
    pub idle_millis: i64,
}

#[derive(Clone, Debug)]
pub(super) struct PodCpu {
    spec: CpuPodSpec,
    node: u32,
    /// (virtual time of departure, order of arrival, request).
    running: BinaryHeap<Reverse<(u64, u64, u32)>>,
    arrivals: u64,
    virtual_time: u64,
    updated: SimTime,
    /// Microcores it could use, capped by the limit; what it could use without a limit.
    demand: u64,
    uncapped: u64,
    grant: u64,
    /// Microcores per thread.
    rate: u64,
    used: u128,
}

impl PodCpu {
    pub(super) fn new(now: SimTime, node: u32, spec: CpuPodSpec) -> Self {
        Self {
            spec,
            node,
            running: BinaryHeap::new(),
            arrivals: 0,
            virtual_time: 0,
            updated: now,
            demand: 0,
            uncapped: 0,
            grant: 0,
            rate: CORE,
            used: 0,
        }
    }

    pub(super) fn node(&self) -> u32 {
        self.node
    }

    pub(super) fn template(&self) -> usize {
        self.spec.template
    }

    pub(super) fn demand(&self) -> u64 {
        self.demand
    }

    pub(super) fn grant(&self) -> u64 {
        self.grant
    }

    pub(super) fn share(&self) -> Share {
        let request_millis = u64::try_from(self.spec.request_millis).unwrap_or(0);
        Share {
            qos: self.spec.qos,
            request_millis,
            demand: self.demand,
        }
    }

    /// Brings virtual time and the usage integral up to `now`.
    pub(super) fn advance(&mut self, now: SimTime) {
        let span = now.since(self.updated).as_micros();
        self.virtual_time += self.rate * span;
        self.used += u128::from(self.grant) * u128::from(span);
        self.updated = now;
    }

    pub(super) fn used(&self, now: SimTime) -> u128 {
        self.used + u128::from(self.grant) * u128::from(now.since(self.updated).as_micros())
    }

    /// Adds a request; tells whether it is now the next to leave.
    pub(super) fn enter(&mut self, request: u32, work_micros: u64) -> bool {
        let departure = self.virtual_time + work_micros * CORE / u64::from(self.spec.threads);
        self.arrivals += 1;
        let first = self
            .running
            .peek()
            .is_none_or(|Reverse((next, ..))| departure < *next);
        self.running
            .push(Reverse((departure, self.arrivals, request)));
        first
    }

    /// Takes out the next request that has had its work.
    pub(super) fn leave(&mut self) -> Option<u32> {
        let Reverse((departure, _, request)) = *self.running.peek()?;
        (departure <= self.virtual_time).then(|| {
            self.running.pop();
            request
        })
    }

    pub(super) fn next_departure(&self) -> Option<SimTime> {
        let Reverse((departure, ..)) = self.running.peek()?;
        let work = departure.saturating_sub(self.virtual_time);
        (self.rate > 0).then(|| self.updated + SimDuration::from_micros(work.div_ceil(self.rate)))
    }

    /// Recomputes the demand; gives the old and the new one.
    pub(super) fn refresh_demand(&mut self) -> (u64, u64) {
        let before = self.demand;
        let idle = u64::try_from(self.spec.idle_millis).unwrap_or(0) * 1_000;
        self.uncapped = idle + self.running.len() as u64 * u64::from(self.spec.threads) * CORE;
        let limit = self.spec.limit_millis.map_or(u64::MAX, |millis| {
            u64::try_from(millis).unwrap_or(0) * 1_000
        });
        self.demand = self.uncapped.min(limit);
        (before, self.demand)
    }

    /// Sets what the node gives; tells whether the speed of its requests changed.
    pub(super) fn set_grant(&mut self, now: SimTime, grant: u64) -> bool {
        let rate = if self.uncapped == 0 {
            CORE
        } else {
            (u128::from(grant) * u128::from(CORE) / u128::from(self.uncapped)) as u64
        };
        if grant == self.grant && rate == self.rate {
            return false;
        }
        self.advance(now);
        self.grant = grant;
        let changed = rate != self.rate;
        self.rate = rate;
        changed && !self.running.is_empty()
    }

    /// Drops every request and all demand.
    pub(super) fn clear(&mut self, now: SimTime) {
        self.advance(now);
        self.running.clear();
        self.spec.idle_millis = 0;
    }
}
