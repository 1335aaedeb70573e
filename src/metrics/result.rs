//! The result of one run: plain data, the same bytes for the same scenario and seed.
//!
//! Durations are microseconds (`_us`), money nano-dollars (`_nano_usd`), times microseconds since the start of the simulation (`at_us`).

use serde::Serialize;

use super::charges::{Charge, Consumer};

/// All a run leaves behind.
#[derive(Clone, Debug, Serialize)]
pub struct RunResult {
    /// Where it comes from.
    pub provenance: Provenance,
    /// Events handled by the engine.
    pub events: u64,
    /// Requests of services by all sources: calls and jobs, retries and redeliveries counted once each.
    pub requests: u64,
    /// Arrivals: journeys begun.
    pub arrivals: u64,
    /// By service, in the scenario's order.
    pub services: Vec<ServiceResult>,
    /// By journey.
    pub journeys: Vec<JourneyResult>,
    /// By queue.
    pub queues: Vec<QueueResult>,
    /// The three kinds of starvation.
    pub starvation: StarvationResult,
    /// What it cost.
    pub cost: CostResult,
    /// Coming and going of nodes and pods.
    pub churn: ChurnResult,
    /// Every node's life and bill, in order of birth.
    pub nodes: Vec<NodeRecord>,
    /// Levels and rates over time.
    pub series: SeriesResult,
    /// Goals met and missed.
    pub slos: Vec<SloResult>,
}

/// Where a result comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Provenance {
    /// karpsim's version.
    pub version: String,
    /// Scenario name.
    pub scenario: String,
    /// Its description.
    pub description: String,
    /// Digest of the merged scenario, 16 hex digits.
    pub digest: String,
    /// Seed.
    pub seed: u64,
    /// AWS region.
    pub region: String,
    /// Wall clock of time zero, RFC 9557.
    pub start: String,
    /// Simulated time.
    pub duration_us: u64,
    /// Whether the run ended before its horizon, and why.
    pub stopped_early: Option<String>,
}

/// Percentiles of a duration, in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Percentiles {
    /// How many were recorded.
    pub count: u64,
    /// Arithmetic mean.
    pub mean_us: u64,
    /// Half are shorter.
    pub p50_us: u64,
    /// Nine in ten are shorter.
    pub p90_us: u64,
    /// 95 in a hundred are shorter.
    pub p95_us: u64,
    /// 99 in a hundred are shorter.
    pub p99_us: u64,
    /// 999 in a thousand are shorter.
    pub p999_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// A service.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceResult {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Latency of finished requests: from the call (or the message's send) to the answer, its own queueing and retries of delivery included.
    pub latency: Percentiles,
    /// Wait in the pod's or the message queue.
    pub queue_wait: Percentiles,
    /// How requests ended.
    pub outcomes: Outcomes,
    /// Where the time of finished requests went.
    pub attribution: AttributionResult,
    /// CPU used, in core-seconds.
    pub cpu_core_seconds: f64,
    /// Most pods Ready at once.
    pub ready_max: u32,
    /// Time-weighted mean of Ready pods.
    pub ready_mean: f64,
    /// Containers that ended while their pod stayed, and were started again.
    pub container_ends: ContainerEnds,
}

/// Why a container ended while its pod stayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContainerEnd {
    /// Its process ended by itself.
    Crashed,
    /// The kernel killed it for the memory it took.
    OomKilled,
    /// Its liveness probe failed.
    LivenessProbe,
    /// Its startup probe failed.
    StartupProbe,
}

/// How many containers ended, by cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct ContainerEnds {
    /// By themselves.
    pub crashed: u64,
    /// By the kernel, for their memory.
    pub oom_killed: u64,
    /// By their liveness probe.
    pub liveness_probe: u64,
    /// By their startup probe.
    pub startup_probe: u64,
}

impl ContainerEnds {
    /// One more.
    pub const fn count(&mut self, end: ContainerEnd) {
        match end {
            ContainerEnd::Crashed => self.crashed += 1,
            ContainerEnd::OomKilled => self.oom_killed += 1,
            ContainerEnd::LivenessProbe => self.liveness_probe += 1,
            ContainerEnd::StartupProbe => self.startup_probe += 1,
        }
    }

    /// Whatever the cause.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.crashed + self.oom_killed + self.liveness_probe + self.startup_probe
    }
}

/// How requests ended; they add up to all that were begun and have ended.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Outcomes {
    /// Answered in time.
    pub succeeded: u64,
    /// The caller gave up (460, behind a load balancer).
    pub timed_out: u64,
    /// Refused by a full pod queue (503).
    pub refused: u64,
    /// No ready target (503).
    pub no_target: u64,
    /// The pod went away under the request, or its connection was closed (502).
    pub reset: u64,
    /// The load balancer had no answer, or no connection, in time (504).
    pub gateway_timeout: u64,
    /// Messages received too often (dead letters).
    pub dead: u64,
    /// Messages nobody worked off within the queue's retention.
    pub expired: u64,
    /// Still in flight at the end.
    pub in_flight: u64,
}

/// Where time went: total by part, and the mean request of chosen percentile bands.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AttributionResult {
    /// Part names, in the order of every vector below.
    pub parts: Vec<&'static str>,
    /// Sum over all requests, in microseconds.
    pub total_us: Vec<u64>,
    /// Mean of the requests around the percentile, by part, in microseconds.
    pub bands: Vec<AttributionBand>,
}

/// The mean request of a percentile band.
#[derive(Clone, Debug, Serialize)]
pub struct AttributionBand {
    /// `all`, `slowest 10 %`, `slowest 1 %`, `slowest 0.1 %`.
    pub band: &'static str,
    /// How many requests.
    pub count: u64,
    /// Mean by part, in microseconds; they add up to the mean latency of the band.
    pub mean_us: Vec<u64>,
}

/// A journey.
#[derive(Clone, Debug, Serialize)]
pub struct JourneyResult {
    /// Name.
    pub name: String,
    /// Begun.
    pub begun: u64,
    /// Every step answered.
    pub completed: u64,
    /// A step failed for good.
    pub failed: u64,
    /// What the citizen waited in all, think time left out.
    pub latency: Percentiles,
}

/// A queue.
#[derive(Clone, Debug, Serialize)]
pub struct QueueResult {
    /// Name.
    pub name: String,
    /// Messages sent.
    pub sent: u64,
    /// Worked off.
    pub completed: u64,
    /// Delivered again after a visibility timeout.
    pub redelivered: u64,
    /// Dead letters.
    pub dead: u64,
    /// Dropped at the end of the retention.
    pub expired: u64,
    /// Left over at the end.
    pub remaining: u64,
    /// From send to worked off.
    pub age: Percentiles,
    /// Most messages visible at once, and when.
    pub longest: u64,
    /// When it was longest.
    pub longest_at_us: u64,
    /// By category of the arrival, those that had messages worked off, in the scenario's order.
    pub categories: Vec<CategoryResult>,
}

impl QueueResult {
    /// Its categories where there are several: one alone says no more than the queue.
    #[must_use]
    pub fn by_category(&self) -> &[CategoryResult] {
        match &self.categories[..] {
            [_] => &[],
            several => several,
        }
    }
}

/// The messages of one category on a queue.
#[derive(Clone, Debug, Serialize)]
pub struct CategoryResult {
    /// Category; `-` for none.
    pub category: String,
    /// From send to worked off.
    pub age: Percentiles,
}

/// The three kinds of starvation.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StarvationResult {
    /// Pods Pending past the threshold.
    pub pods: Vec<PodStarvation>,
    /// Requests whose queue wait alone was past the threshold.
    pub requests: Vec<RequestStarvation>,
    /// CPU wanted and not granted.
    pub cpu: Vec<CpuStarvation>,
}

/// Pods of one workload that starved for one cause.
#[derive(Clone, Debug, Serialize)]
pub struct PodStarvation {
    /// `namespace/workload`.
    pub workload: String,
    /// Why they waited, as the last attempt said.
    pub cause: &'static str,
    /// How many.
    pub pods: u64,
    /// Pod-seconds spent Pending for this cause by pods that starved.
    pub pod_seconds: f64,
    /// The longest wait.
    pub longest_us: u64,
    /// When that wait began.
    pub longest_at_us: u64,
}

/// Requests of one service and category that starved.
#[derive(Clone, Debug, Serialize)]
pub struct RequestStarvation {
    /// Service.
    pub service: String,
    /// Category of the arrival; `-` for none.
    pub category: String,
    /// Threshold.
    pub threshold_us: u64,
    /// How many waited longer.
    pub requests: u64,
    /// Of how many.
    pub of: u64,
    /// The longest wait.
    pub longest_us: u64,
    /// When that wait ended.
    pub longest_at_us: u64,
}

/// CPU a workload wanted on contended nodes and pods of other workloads had.
#[derive(Clone, Debug, Serialize)]
pub struct CpuStarvation {
    /// `namespace/workload`.
    pub workload: String,
    /// Core-seconds wanted and not granted.
    pub core_seconds: f64,
    /// Which neighbours had them: workload and core-seconds, most first.
    pub taken_by: Vec<(String, f64)>,
}

/// What a run cost.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CostResult {
    /// Every line of the bill.
    pub lines: Vec<CostLine>,
    /// Sum without tax, in nano-dollars.
    pub total_nano_usd: i128,
    /// Tax, in nano-dollars.
    pub tax_nano_usd: i128,
    /// By layer, in the order of the bill.
    pub layers: Vec<(String, i128)>,
    /// Compute by service: the share of each node's bill its pods' requests took.
    pub services: Vec<(String, i128)>,
    /// Compute nobody requested.
    pub idle_nano_usd: i128,
    /// Projection of the total, without tax, to a month of 730 hours.
    pub month_nano_usd: i128,
    /// What everything but nodes was charged, hour by hour.
    #[serde(skip)]
    pub charges: Vec<Charge>,
    /// Whom instances are charged for.
    #[serde(skip)]
    pub consumers: Vec<Consumer>,
    /// Without tax, per 1,000 completed journeys of the replayed kind (all journeys if none is replayed).
    pub per_thousand_nano_usd: i128,
}

/// One line of the bill.
#[derive(Clone, Debug, Serialize)]
pub struct CostLine {
    /// `Control plane`, `Baseline nodes`, `NodePool burst`, `Storage`, `Network`, `Frontend`, `Queues`.
    pub layer: String,
    /// What.
    pub item: String,
    /// How much of it.
    pub quantity: f64,
    /// In which unit.
    pub unit: &'static str,
    /// In nano-dollars.
    pub amount_nano_usd: i128,
    /// `cited`, `weak`, `estimated`, `UNCITED`: how far the price can be trusted.
    pub quality: &'static str,
}

/// Coming and going.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ChurnResult {
    /// NodeClaims created by Karpenter.
    pub claims_created: u64,
    /// Claims that met insufficient capacity.
    pub insufficient_capacity: u64,
    /// Nodes that joined.
    pub nodes_launched: u64,
    /// Removed because empty.
    pub emptied: u64,
    /// Removed or replaced because underutilized.
    pub consolidated: u64,
    /// Reclaimed by EC2.
    pub interrupted: u64,
    /// Too old.
    pub expired: u64,
    /// Not what their NodePool or EC2NodeClass said any more.
    pub drifted: u64,
    /// Unhealthy for too long.
    pub repaired: u64,
    /// Claims without an instance or a node in time.
    pub timed_out: u64,
    /// More than their static NodePool wanted.
    pub overprovisioned: u64,
    /// Pods scheduled to a node.
    pub pods_scheduled: u64,
    /// Pods evicted by drains.
    pub pods_evicted: u64,
    /// Pods that died with their node.
    pub pods_lost: u64,
    /// Pods evicted by the kubelets of nodes that were short of memory.
    pub pods_pressured: u64,
    /// Pods that made room for others of higher priority.
    pub pods_preempted: u64,
    /// Requests reset by pods that went away.
    pub requests_reset: u64,
    /// Messages worked off twice because their visibility timeout was too short.
    pub duplicate_jobs: u64,
    /// Scale-ups and scale-downs by service.
    pub scalings: Vec<(String, u64, u64)>,
}

/// One node's life and bill.
#[derive(Clone, Debug, Serialize)]
pub struct NodeRecord {
    /// Name.
    pub name: String,
    /// Node group or NodePool.
    pub layer: String,
    /// Instance type.
    pub instance_type: String,
    /// Zone.
    pub zone: String,
    /// `spot` or `on-demand`.
    pub capacity_type: &'static str,
    /// The launch was decided.
    pub created_us: u64,
    /// Billing began.
    pub launched_us: u64,
    /// Ready.
    pub ready_us: Option<u64>,
    /// Billing ended.
    pub ended_us: Option<u64>,
    /// Why it went.
    pub end_reason: &'static str,
    /// Seconds billed.
    pub billed_seconds: u64,
    /// Instance bill in nano-dollars.
    pub cost_nano_usd: i128,
    /// Mean share of allocatable CPU that pods had requested while it was Ready, 0 to 1.
    pub cpu_requested: f64,
    /// Pods it ran.
    pub pods: u64,
    /// What it was charged, hour by hour: the instance and its volumes.
    #[serde(skip)]
    pub charges: Vec<Charge>,
}

/// Levels and rates by bucket; every vector has one entry per bucket. The last bucket is shorter where the run ends within it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SeriesResult {
    /// Width of a bucket.
    pub bucket_us: u64,
    /// By service.
    pub services: Vec<ServiceSeries>,
    /// Messages visible at the end of the bucket, by queue.
    pub queues: Vec<(String, Vec<u64>)>,
    /// Nodes at the end of the bucket, by layer.
    pub nodes: Vec<(String, Vec<u32>)>,
    /// Pods Pending at the end of the bucket, by cause.
    pub pending: Vec<(String, Vec<u32>)>,
    /// Pods Pending past the threshold at the end of the bucket.
    pub starving: Vec<u32>,
    /// Core-seconds missed on contended nodes during the bucket.
    pub cpu_missed: Vec<f64>,
    /// Nano-dollars spent during the bucket, by layer.
    pub cost: Vec<(String, Vec<i64>)>,
}

/// A service over time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ServiceSeries {
    /// Name.
    pub name: String,
    /// Requests that ended in the bucket.
    pub ended: Vec<u64>,
    /// Of them, not succeeded.
    pub failed: Vec<u64>,
    /// Median latency in microseconds; 0 where none ended.
    pub p50_us: Vec<u64>,
    /// 99th percentile.
    pub p99_us: Vec<u64>,
    /// Requests whose queue wait starved.
    pub starved: Vec<u64>,
    /// Pods wanted at the end of the bucket.
    pub desired: Vec<u32>,
    /// Pods Ready at the end of the bucket.
    pub ready: Vec<u32>,
}

/// A goal, met or missed.
#[derive(Clone, Debug, Serialize)]
pub struct SloResult {
    /// `api p99 latency <= 800ms`.
    pub goal: String,
    /// What it was: microseconds for a latency, parts per million for an availability.
    pub actual: u64,
    /// What it may be at most (latency) or must be at least (availability).
    pub bound: u64,
    /// Whether it was met.
    pub met: bool,
    /// Share of the error budget used: 1.0 is all of it.
    pub budget_burnt: f64,
}
