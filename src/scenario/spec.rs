//! The scenario file, one struct per map, field for field.
//!
//! Real objects (Deployment, NodePool, ...) stay [`Node`]s here and are decoded by their `kind` when the scenario is resolved. Only what
//! no real object knows (traffic, service demand, market, goals) has names of karpsim's own.
//!
//! How a file is written:
//! - Keys are these fields in camel case; a key that is none of them is an error. In real objects a field that is not modelled is a
//!   warning and goes to the export unchanged.
//! - `extends: base.yaml` at the top lays the file over another: maps merge key by key, lists whose items have names merge item by item
//!   (`kind` with `metadata.name`, or `name`, or `nodeGroupName`), everything else is replaced, `null` removes a key and
//!   `{name: x, $remove: true}` an item.
//! - Paths are relative to the file they stand in.
//! - Durations are Go's, with days: `20ms`, `30s`, `1h30m`, `28d`; at most ten years. Quantities are Kubernetes': `500m`, `2Gi`,
//!   `180M`. Percentages are text: `99.9%`. Shares are numbers from 0 to 1.
//! - A field without "where absent" is required.
//!
//! Real objects by place:
//!
//! | list | kinds |
//! |---|---|
//! | `cluster.manifests` | PriorityClass, DaemonSet, Namespace |
//! | `cluster.karpenter.manifests` | NodePool, EC2NodeClass |
//! | `events[].apply` | one NodePool or EC2NodeClass, in place of the one of that name |
//! | `services[].workload` | one Deployment; at most one of HorizontalPodAutoscaler and ScaledObject; PodDisruptionBudget, Service, ServiceAccount, ConfigMap |
//!
//! There are no DaemonSets but those listed. A pod of one keeps no CPU busy unless its annotation `karpsim/idle-cpu: 20m` says so.
//! A Deployment without `replicas` starts with the minimum of its autoscaler, or 1. A ScaledObject finds its queue by the last part of
//! `queueURL`.
//!
//! A whole scenario, as small as it gets:
//!
//! ```yaml
//! apiVersion: karpsim/v1
//! name: minimal
//! start: 2026-06-15T00:00:00+05:30[Asia/Kolkata]
//! duration: 1d
//! region: ap-south-1
//! cluster:
//!   name: town
//!   availabilityZones: [aps1-az1, aps1-az2]
//!   nodeGroups:
//!     - nodeGroupName: baseline
//!       amiType: AL2023_ARM_64_STANDARD
//!       instanceTypes: [m7g.large]
//!       scalingConfig: {minSize: 1, desiredSize: 2, maxSize: 3}
//! services:
//!   - name: api
//!     namespace: citizen
//!     workload:
//!       - apiVersion: apps/v1
//!         kind: Deployment
//!         metadata: {name: api}
//!         spec:
//!           replicas: 2
//!           selector: {matchLabels: {app: api}}
//!           template:
//!             metadata: {labels: {app: api}}
//!             spec:
//!               containers:
//!                 - name: api
//!                   image: registry.example/api:1
//!                   ports: [{containerPort: 8080}]
//!                   readinessProbe: {periodSeconds: 5}
//!                   resources:
//!                     requests: {cpu: 250m, memory: 256Mi}
//!                     limits: {memory: 256Mi}
//! traffic:
//!   background:
//!     - {name: visits, rate: 8/s, journey: visit}
//!   journeys:
//!     visit:
//!       - call: {service: api, cpu: {lognormal: {median: 12ms, p95: 45ms}}, wait: 20ms, timeout: 5s}
//! ```
//!
//! Fields are [`Part`]s where a mistake in one is no reason not to look at its neighbours.

pub mod cluster;
pub mod events;
pub mod karpenter;
pub mod service;
pub mod traffic;

use serde::Deserialize;

use super::decode::Part;
use crate::api::GoDuration;
use cluster::{ClusterSpec, MarketSpec, PricesSpec};
use events::EventSpec;
use service::{FrontendSpec, QueueSpec, ServiceSpec};
use traffic::TrafficSpec;

/// A whole scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScenarioSpec {
    /// `karpsim/v1`.
    pub api_version: Part<String>,
    /// Name of the report folder: letters, digits, `-`, `_` and `.`.
    pub name: Part<String>,
    /// One or two sentences for the report.
    #[serde(default)]
    pub description: Part<Option<String>>,
    /// Seed of every random draw; 1 where absent.
    #[serde(default)]
    pub seed: Part<Option<u64>>,
    /// Wall clock of simulated time zero, RFC 3339 with an offset or an IANA zone: `2026-06-15T00:00:00+05:30[Asia/Kolkata]`.
    pub start: Part<String>,
    /// How long to simulate.
    pub duration: Part<GoDuration>,
    /// AWS region.
    pub region: Part<String>,
    /// The cluster.
    pub cluster: Part<ClusterSpec>,
    /// The services that run on it.
    #[serde(default)]
    pub services: Part<Vec<Part<ServiceSpec>>>,
    /// Queues between services.
    #[serde(default)]
    pub queues: Part<Vec<Part<QueueSpec>>>,
    /// Static web frontend on S3 and CloudFront.
    #[serde(default)]
    pub frontend: Part<Option<FrontendSpec>>,
    /// Who comes, and what they do.
    pub traffic: Part<TrafficSpec>,
    /// What happens to the cluster at times of its own.
    #[serde(default)]
    pub events: Part<Vec<Part<EventSpec>>>,
    /// What the cloud does of itself.
    #[serde(default)]
    pub market: Part<MarketSpec>,
    /// What it costs.
    #[serde(default)]
    pub prices: Part<PricesSpec>,
    /// Goals.
    #[serde(default)]
    pub slo: Part<Vec<Part<SloSpec>>>,
    /// When waiting counts as starving.
    #[serde(default)]
    pub starvation: Part<StarvationSpec>,
    /// Report settings.
    #[serde(default)]
    pub report: Part<ReportSpec>,
}

/// A goal for a service, a queue or a journey; exactly one of the three is named.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SloSpec {
    /// The service.
    #[serde(default)]
    pub service: Option<String>,
    /// The queue.
    #[serde(default)]
    pub queue: Option<String>,
    /// The journey.
    #[serde(default)]
    pub journey: Option<String>,
    /// Percentile to bound, such as `p99: 800ms`: latency of a service or journey, age at completion of a queue's message.
    #[serde(default)]
    pub latency: Option<PercentileBounds>,
    /// Share of requests that must succeed, such as `99.9%`.
    #[serde(default)]
    pub availability: Option<String>,
}

/// Bounds by percentile.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PercentileBounds {
    /// Half may take longer.
    pub p50: Option<GoDuration>,
    /// One in ten may take longer.
    pub p90: Option<GoDuration>,
    /// One in twenty may take longer.
    pub p95: Option<GoDuration>,
    /// One in a hundred may take longer.
    pub p99: Option<GoDuration>,
    /// One in a thousand may take longer.
    #[serde(rename = "p99.9")]
    pub p999: Option<GoDuration>,
}

/// Thresholds of starvation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StarvationSpec {
    /// A pod Pending for longer starves; 2 min where absent.
    pub pod: Option<GoDuration>,
    /// A request whose queue wait alone is longer starves, by service; 1 s where a service is not named, 5 min for one that consumes a queue.
    pub request: std::collections::BTreeMap<String, GoDuration>,
}

/// Report settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReportSpec {
    /// Width of a bucket of the time series; chosen for about 2,000 buckets where absent.
    pub resolution: Option<GoDuration>,
    /// Left out of the latency statistics: the system fills up first. 0 where absent.
    pub warmup: Option<GoDuration>,
}
