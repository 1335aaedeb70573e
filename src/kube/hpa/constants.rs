//! Which numbers does the HPA controller carry? One table (spec/kubernetes.md 2.1, 2.8).

use crate::api::Resource;
use crate::des::SimDuration;

use super::spec::Metric;

/// Time between two evaluations of one HPA, each with a phase of its own (2.1).
pub const SYNC_PERIOD: SimDuration = SimDuration::from_secs(15);
/// How long a high recommendation holds replicas up (2.1).
pub const DOWNSCALE_STABILIZATION: SimDuration = SimDuration::from_secs(300);
/// Relative distance from the target that is ignored (2.1).
pub const TOLERANCE: f64 = 0.1;
/// Age below which a pod's CPU samples need a whole window since it became Ready (2.1, 2.3).
pub const CPU_INITIALIZATION: SimDuration = SimDuration::from_secs(300);
/// A pod whose readiness last changed this soon after its start never became Ready (2.1, 2.3).
pub const INITIAL_READINESS_DELAY: SimDuration = SimDuration::from_secs(30);
/// What an empty list of metrics stands for (2.1).
pub const DEFAULT_METRIC: Metric = Metric::Utilization(Resource::Cpu, 80);
/// The metric of a pod or Service that has a source here: requests it works on or that wait in it, as an adapter reads them from
/// the pods at every scrape.
pub const IN_FLIGHT: &str = "requests_in_flight";
/// The external metric that has a source here: messages of an SQS queue, as CloudWatch has them.
pub const VISIBLE_MESSAGES: &str = "ApproximateNumberOfMessagesVisible";
/// The dimension of a CloudWatch metric that names the queue.
pub const QUEUE_DIMENSION: &str = "QueueName";
/// CloudWatch has a value of SQS' metrics so often (2.10).
pub const CLOUDWATCH_PERIOD: SimDuration = SimDuration::from_secs(60);
/// Without behavior, one sync may go from anything up to this many replicas, or double (2.7).
pub const SCALE_UP_LIMIT_MIN: u32 = 4;
/// Without behavior, one sync may multiply the replicas by this (2.7).
pub const SCALE_UP_LIMIT_FACTOR: u32 = 2;
/// Pods that the default behavior adds per period (2.8).
pub const UP_PODS: u32 = 4;
/// Period of the default policies (2.8).
pub const POLICY_PERIOD: SimDuration = SimDuration::from_secs(15);
/// Longest period of a policy (2.8).
pub const POLICY_PERIOD_MAX: SimDuration = SimDuration::from_secs(1_800);
/// Longest stabilisation window (2.8).
pub const WINDOW_MAX: SimDuration = SimDuration::from_secs(3_600);
