//! Levels and rates over time, one value per bucket.

use super::latency::Durations;
use super::result::{SeriesResult, ServiceSeries};
use super::starvation::PendingCause;
use crate::des::SimDuration;

/// What one service is like at the end of a bucket.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceLevel {
    /// Pods wanted.
    pub desired: u32,
    /// Pods Ready.
    pub ready: u32,
}

/// What the cluster is like at the end of a bucket.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// By service.
    pub services: Vec<ServiceLevel>,
    /// Visible messages by queue.
    pub queues: Vec<u64>,
    /// Nodes by layer.
    pub nodes: Vec<u32>,
    /// Pending pods by cause, in the order of [`PendingCause::ALL`].
    pub pending: Vec<u32>,
    /// Pods Pending past the threshold.
    pub starving: u32,
    /// Microcore-microseconds missed since the start.
    pub cpu_missed: u128,
    /// Nano-dollars spent since the start, by layer.
    pub spent: Vec<i128>,
}

#[derive(Clone, Debug, Default)]
struct ServiceBucket {
    latency: Durations,
    ended: u64,
    failed: u64,
    starved: u64,
}

/// Collects the series of a run.
#[derive(Clone, Debug)]
pub struct SeriesRecorder {
    result: SeriesResult,
    open: Vec<ServiceBucket>,
    cpu_missed: u128,
    spent: Vec<i128>,
}

impl SeriesRecorder {
    /// An empty series with these names.
    #[must_use]
    pub fn new(
        bucket: SimDuration,
        services: &[String],
        queues: &[String],
        layers: &[String],
        cost_layers: &[String],
    ) -> Self {
        let named = |name: &String| (name.clone(), Vec::new());
        let result = SeriesResult {
            bucket_us: bucket.as_micros(),
            services: services
                .iter()
                .map(|name| ServiceSeries {
                    name: name.clone(),
                    ..ServiceSeries::default()
                })
                .collect(),
            queues: queues.iter().map(named).collect(),
            nodes: layers
                .iter()
                .map(|name| (name.clone(), Vec::new()))
                .collect(),
            pending: PendingCause::ALL
                .iter()
                .map(|cause| (cause.label().to_owned(), Vec::new()))
                .collect(),
            starving: Vec::new(),
            cpu_missed: Vec::new(),
            cost: cost_layers
                .iter()
                .map(|name| (name.clone(), Vec::new()))
                .collect(),
        };
        Self {
            result,
            open: vec![ServiceBucket::default(); services.len()],
            cpu_missed: 0,
            spent: vec![0; cost_layers.len()],
        }
    }

    /// A request of a service succeeded.
    pub fn succeeded(&mut self, service: usize, latency: SimDuration) {
        self.open[service].ended += 1;
        self.open[service].latency.record(latency);
    }

    /// A request of a service failed.
    pub fn failed(&mut self, service: usize) {
        self.open[service].ended += 1;
        self.open[service].failed += 1;
    }

    /// A request of a service starved in the queue.
    pub fn starved(&mut self, service: usize) {
        self.open[service].starved += 1;
    }

    /// How much time the closed buckets cover.
    #[must_use]
    pub fn covered(&self) -> SimDuration {
        SimDuration::from_micros(self.result.bucket_us * self.result.starving.len() as u64)
    }

    /// Closes the bucket.
    pub fn close_bucket(&mut self, sample: &Sample) {
        for ((series, bucket), level) in self
            .result
            .services
            .iter_mut()
            .zip(&mut self.open)
            .zip(&sample.services)
        {
            series.ended.push(bucket.ended);
            series.failed.push(bucket.failed);
            series.starved.push(bucket.starved);
            series.p50_us.push(bucket.latency.quantile(0.5));
            series.p99_us.push(bucket.latency.quantile(0.99));
            series.desired.push(level.desired);
            series.ready.push(level.ready);
            bucket.latency.clear();
            (bucket.ended, bucket.failed, bucket.starved) = (0, 0, 0);
        }
        for ((_, series), &length) in self.result.queues.iter_mut().zip(&sample.queues) {
            series.push(length);
        }
        for ((_, series), &count) in self.result.nodes.iter_mut().zip(&sample.nodes) {
            series.push(count);
        }
        for ((_, series), &count) in self.result.pending.iter_mut().zip(&sample.pending) {
            series.push(count);
        }
        self.result.starving.push(sample.starving);
        self.result
            .cpu_missed
            .push((sample.cpu_missed - self.cpu_missed) as f64 / 1e12);
        self.cpu_missed = sample.cpu_missed;
        for (((_, series), &now), before) in self
            .result
            .cost
            .iter_mut()
            .zip(&sample.spent)
            .zip(&mut self.spent)
        {
            series.push(i64::try_from(now - *before).unwrap_or(i64::MAX));
            *before = now;
        }
    }

    /// The finished series.
    #[must_use]
    pub fn finish(self) -> SeriesResult {
        self.result
    }
}
