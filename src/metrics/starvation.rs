//! Pods that waited too long for a place, and requests that waited too long for a pod.

use std::collections::BTreeMap;

use super::result::{PodStarvation, RequestStarvation};
use crate::des::{SimDuration, SimTime};

/// Why a pod is Pending, as the last attempt to place it said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PendingCause {
    /// Not yet looked at, or its batch window is open.
    BatchWindow,
    /// A node for it is launching.
    NodeLaunching,
    /// No room, and nobody who would add nodes.
    NoCapacity,
    /// The NodePool's limit is reached.
    PoolLimit,
    /// Every offering it could use is out of capacity.
    InsufficientCapacity,
    /// No NodePool has what it asks for.
    NoPoolMatches,
    /// Taints it does not bear.
    Taints,
    /// Spread or affinity.
    Topology,
}

impl PendingCause {
    /// All causes in order.
    pub const ALL: [Self; 8] = [
        Self::BatchWindow,
        Self::NodeLaunching,
        Self::NoCapacity,
        Self::PoolLimit,
        Self::InsufficientCapacity,
        Self::NoPoolMatches,
        Self::Taints,
        Self::Topology,
    ];

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::BatchWindow => "batch window",
            Self::NodeLaunching => "node launching",
            Self::NoCapacity => "no capacity",
            Self::PoolLimit => "NodePool limit",
            Self::InsufficientCapacity => "insufficient capacity",
            Self::NoPoolMatches => "no NodePool matches",
            Self::Taints => "taints",
            Self::Topology => "topology",
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct PodRow {
    pods: u64,
    micros: u64,
    longest: SimDuration,
    longest_at: SimTime,
}

#[derive(Clone, Copy, Debug, Default)]
struct RequestRow {
    requests: u64,
    of: u64,
    longest: SimDuration,
    longest_at: SimTime,
}

/// Who starved, how long and why.
#[derive(Clone, Debug)]
pub struct StarvationLedger {
    pod_threshold: SimDuration,
    pods: BTreeMap<(usize, PendingCause), PodRow>,
    categories: usize,
    requests: Vec<RequestRow>,
    thresholds: Vec<SimDuration>,
}

impl StarvationLedger {
    /// A ledger with the pod threshold and one request threshold per service.
    #[must_use]
    pub fn new(
        pod_threshold: SimDuration,
        thresholds: Vec<SimDuration>,
        categories: usize,
    ) -> Self {
        let requests = vec![RequestRow::default(); thresholds.len() * categories];
        Self {
            pod_threshold,
            pods: BTreeMap::new(),
            categories,
            requests,
            thresholds,
        }
    }

    /// A pod Pending for longer starves.
    #[must_use]
    pub fn pod_threshold(&self) -> SimDuration {
        self.pod_threshold
    }

    /// A pod has been placed, or has gone, after being Pending since `since`. `causes` is the time it spent under each cause.
    pub fn pod_placed(
        &mut self,
        template: usize,
        since: SimTime,
        now: SimTime,
        causes: &[(PendingCause, SimDuration)],
    ) {
        let waited = now.since(since);
        let Some(&(main, _)) = causes
            .iter()
            .max_by_key(|&&(cause, span)| (span, std::cmp::Reverse(cause)))
        else {
            return;
        };
        if waited <= self.pod_threshold {
            return;
        }
        for &(cause, span) in causes {
            let row = self.pods.entry((template, cause)).or_default();
            row.micros += span.as_micros();
            if cause == main {
                row.pods += 1;
                if waited > row.longest {
                    (row.longest, row.longest_at) = (waited, since);
                }
            }
        }
    }

    /// A request of a service has left the queue after waiting so long. Tells whether it starved.
    pub fn request_waited(
        &mut self,
        service: usize,
        category: usize,
        now: SimTime,
        wait: SimDuration,
    ) -> bool {
        let row = &mut self.requests[service * self.categories + category];
        row.of += 1;
        let starved = wait > self.thresholds[service];
        if starved {
            row.requests += 1;
            if wait > row.longest {
                (row.longest, row.longest_at) = (wait, now);
            }
        }
        starved
    }

    /// Pods by workload and cause, most pod-seconds first.
    #[must_use]
    pub fn pods(&self, workload: impl Fn(usize) -> String) -> Vec<PodStarvation> {
        let mut rows: Vec<_> = self.pods.iter().collect();
        rows.sort_by_key(|&(&key, row)| (std::cmp::Reverse(row.micros), key));
        rows.into_iter()
            .map(|(&(template, cause), row)| PodStarvation {
                workload: workload(template),
                cause: cause.label(),
                pods: row.pods,
                pod_seconds: row.micros as f64 / 1e6,
                longest_us: row.longest.as_micros(),
                longest_at_us: row.longest_at.as_micros(),
            })
            .collect()
    }

    /// Requests by service and category that starved at all.
    #[must_use]
    pub fn requests(
        &self,
        service: impl Fn(usize) -> String,
        category: impl Fn(usize) -> String,
    ) -> Vec<RequestStarvation> {
        let starved = self
            .requests
            .iter()
            .enumerate()
            .filter(|(_, row)| row.requests > 0);
        starved
            .map(|(place, row)| {
                let (at_service, at_category) = (place / self.categories, place % self.categories);
                RequestStarvation {
                    service: service(at_service),
                    category: category(at_category),
                    threshold_us: self.thresholds[at_service].as_micros(),
                    requests: row.requests,
                    of: row.of,
                    longest_us: row.longest.as_micros(),
                    longest_at_us: row.longest_at.as_micros(),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> SimDuration {
        SimDuration::from_secs(n)
    }

    #[test]
    fn only_waits_past_the_threshold_starve_and_the_longest_cause_owns_the_pod() {
        let mut ledger = StarvationLedger::new(secs(120), vec![], 1);
        let launching = PendingCause::NodeLaunching;
        let limit = PendingCause::PoolLimit;
        ledger.pod_placed(
            0,
            SimTime::ZERO,
            SimTime::from_secs(60),
            &[(launching, secs(60))],
        );
        ledger.pod_placed(
            0,
            SimTime::ZERO,
            SimTime::from_secs(300),
            &[(limit, secs(250)), (launching, secs(50))],
        );
        let rows = ledger.pods(|n| n.to_string());
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (rows[0].cause, rows[0].pods, rows[0].pod_seconds),
            ("NodePool limit", 1, 250.0)
        );
        assert_eq!(
            (rows[1].cause, rows[1].pods, rows[1].pod_seconds),
            ("node launching", 0, 50.0)
        );
    }

    #[test]
    fn requests_starve_by_service_and_category() {
        let mut ledger = StarvationLedger::new(secs(120), vec![secs(1), secs(300)], 2);
        assert!(!ledger.request_waited(0, 1, SimTime::ZERO, secs(1)));
        assert!(ledger.request_waited(0, 1, SimTime::ZERO, secs(2)));
        assert!(!ledger.request_waited(1, 0, SimTime::ZERO, secs(200)));
        let rows = ledger.requests(|n| n.to_string(), |n| n.to_string());
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].category.as_str(), rows[0].requests, rows[0].of),
            ("1", 1, 2)
        );
    }
}
