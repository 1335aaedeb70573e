//! What does the metrics API report, and how old is it? (spec/kubernetes.md 2.10)
//!
//! A kubelet refreshes its reading of a container's cumulative CPU time every 10 to 20 seconds;
//! metrics-server scrapes each kubelet once per resolution and reports the mean rate between its
//! last two readings. A batch is visible only when every node has answered.

use crate::des::{SimDuration, SimTime};

use super::span::Span;

/// Time between scrapes in the official manifests, the Helm chart and the EKS add-on; the flag's
/// own default is 60 s.
pub const RESOLUTION: SimDuration = SimDuration::from_secs(15);
/// Time between two refreshes of a kubelet's readings of a container at work: ten seconds, and a
/// jitter of up to as much again. (spec/kubernetes.md 2.10 says 15 s at most; those are the limit for
/// containers whose readings do not change, before the jitter.)
pub const HOUSEKEEPING: Span = Span::from_millis(10_000, 20_000);
/// A scrape of one node starts within this long per node of the cluster.
const STAGGER_PER_NODE: SimDuration = SimDuration::from_millis(8);
/// A scrape of one node starts within this long.
const STAGGER_MAX: SimDuration = SimDuration::from_secs(4);
/// A container this old needs no second reading: its start is the first one.
const FRESH_CONTAINER_MIN: SimDuration = SimDuration::from_secs(10);

/// A value reported by the metrics API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    /// Usage: millicores, rounded up, or bytes; thousandths of a metric of the pods themselves.
    pub value: i64,
    /// The later of the readings it comes from.
    pub at: SimTime,
    /// The time between them.
    pub window: SimDuration,
}

/// A kubelet's reading of a container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CpuReading {
    /// When the kubelet took it.
    pub at: SimTime,
    /// CPU time used since the container started.
    pub used: SimDuration,
}

/// What metrics-server keeps of one pod: the last two readings of its serving container.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuWindow {
    previous: Option<CpuReading>,
    latest: Option<CpuReading>,
}

impl CpuWindow {
    /// Takes in what a scrape found: a reading of a container that started at `started`. The same
    /// reading twice is ignored; one of a container that restarted meanwhile begins anew.
    pub fn record(&mut self, reading: CpuReading, started: SimTime, resolution: SimDuration) {
        assert!(started <= reading.at, "a reading from before the start");
        let age = reading.at.since(started);
        if age >= FRESH_CONTAINER_MIN && age < resolution {
            self.previous = Some(CpuReading {
                at: started,
                used: SimDuration::ZERO,
            });
        } else if let Some(latest) = self.latest {
            if latest.at < started {
                self.previous = None;
            } else if latest.at < reading.at {
                self.previous = Some(latest);
            }
        }
        self.latest = Some(reading);
    }

    /// The mean rate between the two readings, in millicores; none until there are two.
    #[must_use]
    pub fn sample(&self) -> Option<Sample> {
        let (previous, latest) = (self.previous?, self.latest?);
        let window = latest.at.since(previous.at);
        let used = (latest.used - previous.used).as_micros();
        let millicores = (used * 1_000).div_ceil(window.as_micros());
        Some(Sample {
            value: millicores as i64,
            at: latest.at,
            window,
        })
    }
}

/// How long after the start of a cycle a node is scraped, in a cluster of `nodes`; `u` in the unit
/// interval is the node's draw. The batch is visible after the longest of these.
#[must_use]
pub fn scrape_delay(nodes: u32, u: f64) -> SimDuration {
    let high = (STAGGER_PER_NODE * u64::from(nodes)).min(STAGGER_MAX);
    Span {
        low: SimDuration::ZERO,
        high,
    }
    .at(u)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(at_secs: u64, used_millis: u64) -> CpuReading {
        CpuReading {
            at: SimTime::from_secs(at_secs),
            used: SimDuration::from_millis(used_millis),
        }
    }

    #[test]
    fn a_rate_needs_two_readings() {
        let mut window = CpuWindow::default();
        window.record(reading(100, 5_000), SimTime::ZERO, RESOLUTION);
        assert_eq!(window.sample(), None);
        window.record(reading(115, 8_001), SimTime::ZERO, RESOLUTION);
        let expected = Sample {
            value: 201, // 3.001 s of CPU in 15 s is 200.07 m, rounded up
            at: SimTime::from_secs(115),
            window: SimDuration::from_secs(15),
        };
        assert_eq!(window.sample(), Some(expected));
    }

    #[test]
    fn a_reading_seen_before_changes_nothing() {
        let mut window = CpuWindow::default();
        window.record(reading(100, 5_000), SimTime::ZERO, RESOLUTION);
        window.record(reading(112, 8_000), SimTime::ZERO, RESOLUTION);
        let before = window.sample();
        window.record(reading(112, 8_000), SimTime::ZERO, RESOLUTION);
        assert_eq!(window.sample(), before);
    }

    #[test]
    fn the_start_of_a_fresh_container_is_a_reading() {
        let started = SimTime::from_secs(100);
        for (age, sampled) in [(9, false), (10, true), (14, true), (15, false)] {
            let mut window = CpuWindow::default();
            window.record(reading(100 + age, 2_000), started, RESOLUTION);
            assert_eq!(window.sample().is_some(), sampled, "{age} s old");
        }
    }

    #[test]
    fn a_restart_begins_anew() {
        let mut window = CpuWindow::default();
        window.record(reading(100, 5_000), SimTime::ZERO, RESOLUTION);
        window.record(reading(115, 8_000), SimTime::ZERO, RESOLUTION);
        window.record(reading(130, 100), SimTime::from_secs(125), RESOLUTION);
        assert_eq!(window.sample(), None);
    }

    #[test]
    fn scrapes_spread_over_eight_milliseconds_a_node_and_four_seconds_at_most() {
        assert_eq!(scrape_delay(100, 1.0), SimDuration::from_millis(800));
        assert_eq!(scrape_delay(2_000, 1.0), SimDuration::from_secs(4));
        assert_eq!(scrape_delay(2_000, 0.0), SimDuration::ZERO);
    }
}
