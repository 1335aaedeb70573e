//! What does a ScaledObject ask for, with every default filled in? (spec/kubernetes.md 3.1, 3.5)

use std::str::FromStr;

use crate::api::objects::autoscaling::{
    Fallback as FallbackObject, ScaledObject, Trigger as TriggerObject,
};
use crate::api::{Quantity, Resource};
use crate::des::SimDuration;
use crate::kube::hpa::{Behavior, HpaSpec, Metric};
use crate::kube::mistakes::Mistakes;

/// Seconds between polls.
const POLLING_INTERVAL_SECS: u32 = 30;
/// Seconds from the last activity to sleep.
const COOLDOWN_SECS: u32 = 300;
/// Most replicas.
const MAX_REPLICAS: u32 = 100;
/// Messages per replica of an `aws-sqs-queue` trigger.
const QUEUE_LENGTH: u64 = 5;

/// A ScaledObject, resolved.
#[derive(Clone, PartialEq, Debug)]
pub struct ScaledObjectSpec {
    /// Time between polls.
    pub polling: SimDuration,
    /// From the last poll that saw activity to sleep.
    pub cooldown: SimDuration,
    /// From creation to sleep if there never was activity.
    pub initial_cooldown: SimDuration,
    /// Fewest replicas of an active workload; 0 is one of a sleeping one.
    pub min: u32,
    /// Most replicas, at least `min` and 1.
    pub max: u32,
    /// Replicas of an inactive workload, where they differ from `min`.
    pub idle: Option<u32>,
    /// At least one.
    pub triggers: Vec<Trigger>,
    /// `advanced.horizontalPodAutoscalerConfig.behavior`.
    pub behavior: Option<Behavior>,
    /// What holds while the source of a trigger fails.
    pub fallback: Option<Fallback>,
}

/// `fallback` (spec/kubernetes.md 3.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fallback {
    /// It is in force after more failures in a row than this.
    pub failure_threshold: u32,
    /// Its number of replicas.
    pub replicas: u32,
    /// What becomes of the replicas there are.
    pub behavior: FallbackBehavior,
}

/// What a fallback makes of the replicas there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FallbackBehavior {
    /// Its own number, whatever there are.
    Static,
    /// As many as there are.
    CurrentReplicas,
    /// As many as there are, and not fewer than its own number.
    CurrentReplicasIfHigher,
    /// As many as there are, and not more than its own number.
    CurrentReplicasIfLower,
}

impl Fallback {
    /// The replicas it holds of a workload that has `current`.
    #[must_use]
    pub fn holds(&self, current: u32) -> u32 {
        match self.behavior {
            FallbackBehavior::Static => self.replicas,
            FallbackBehavior::CurrentReplicas => current,
            FallbackBehavior::CurrentReplicasIfHigher => current.max(self.replicas),
            FallbackBehavior::CurrentReplicasIfLower => current.min(self.replicas),
        }
    }

    fn from_object(object: &FallbackObject, mistakes: &mut Mistakes) -> Self {
        let behavior = match object.behavior.as_deref() {
            None | Some("static") => FallbackBehavior::Static,
            Some("currentReplicas") => FallbackBehavior::CurrentReplicas,
            Some("currentReplicasIfHigher") => FallbackBehavior::CurrentReplicasIfHigher,
            Some("currentReplicasIfLower") => FallbackBehavior::CurrentReplicasIfLower,
            Some(other) => {
                let message = format!(
                    "is `{other}`, expected `static`, `currentReplicas`, `currentReplicasIfHigher` or `currentReplicasIfLower`"
                );
                mistakes.push(("spec.fallback.behavior".into(), message));
                FallbackBehavior::Static
            }
        };
        Self {
            failure_threshold: object.failure_threshold,
            replicas: object.replicas,
            behavior,
        }
    }
}

/// What a ScaledObject looks at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// `aws-sqs-queue`.
    Sqs(SqsTrigger),
    /// `cpu` or `memory`: an ordinary metric of the HPA.
    Resource(Metric),
}

/// An `aws-sqs-queue` trigger (spec/kubernetes.md 3.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SqsTrigger {
    /// Name of the queue: the last part of its URL.
    pub queue: String,
    /// Messages per replica, positive; in all if `whole`.
    pub target: u64,
    /// `metricType: Value`: the whole queue is held at the target, whatever the replicas.
    pub whole: bool,
    /// More messages than this make the object active.
    pub activation: u64,
    /// Whether messages that a consumer holds count.
    pub in_flight: bool,
    /// Whether messages whose delay is not over count.
    pub delayed: bool,
}

/// What a queue says about itself, in messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QueueDepth {
    /// ApproximateNumberOfMessages.
    pub visible: u64,
    /// ApproximateNumberOfMessagesNotVisible.
    pub in_flight: u64,
    /// ApproximateNumberOfMessagesDelayed.
    pub delayed: u64,
}

impl SqsTrigger {
    /// The length this trigger scales on, in messages.
    #[must_use]
    pub fn length(&self, depth: QueueDepth) -> u64 {
        depth.visible
            + if self.in_flight { depth.in_flight } else { 0 }
            + if self.delayed { depth.delayed } else { 0 }
    }
}

impl ScaledObjectSpec {
    /// Resolves an object.
    ///
    /// # Errors
    /// Everything KEDA would refuse and every trigger the simulator has no source for, with the
    /// path of each field.
    pub fn from_object(object: &ScaledObject) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::new();
        let spec = &object.spec;
        let secs = |given: Option<u32>, default| {
            SimDuration::from_secs(u64::from(given.unwrap_or(default)))
        };
        let mut refuse = |field: &str, message: String| {
            mistakes.push((format!("spec.{field}"), message));
        };
        let min = spec.min_replica_count.unwrap_or(0);
        let max = spec.max_replica_count.unwrap_or(MAX_REPLICAS);
        if max < min.max(1) {
            refuse(
                "maxReplicaCount",
                format!("must be at least 1 and minReplicaCount, which is {min}"),
            );
        }
        if spec.idle_replica_count.is_some_and(|idle| idle >= min) {
            refuse(
                "idleReplicaCount",
                format!("must be below minReplicaCount, which is {min}"),
            );
        }
        if spec.polling_interval == Some(0) {
            refuse("pollingInterval", "must be above 0".into());
        }
        if spec.triggers.is_empty() {
            refuse("triggers", "must not be empty".into());
        }
        let resolve = |(place, trigger)| {
            resolve_trigger(&format!("spec.triggers[{place}]"), trigger, &mut mistakes)
        };
        let triggers: Vec<_> = spec
            .triggers
            .iter()
            .enumerate()
            .filter_map(resolve)
            .collect();
        let only_resources = triggers
            .iter()
            .all(|trigger| matches!(trigger, Trigger::Resource(_)));
        if min == 0 && !triggers.is_empty() && only_resources {
            let message = "must be at least 1: `cpu` and `memory` alone cannot scale from zero";
            mistakes.push(("spec.minReplicaCount".into(), message.into()));
        }
        let hpa_config = spec
            .advanced
            .as_ref()
            .and_then(|a| a.horizontal_pod_autoscaler_config.as_ref());
        let behavior = hpa_config
            .and_then(|config| config.behavior.as_ref())
            .map(|behavior| {
                let path = "spec.advanced.horizontalPodAutoscalerConfig.behavior";
                Behavior::from_object(behavior, path, &mut mistakes)
            });
        let fallback = spec.fallback.as_ref();
        let fallback = fallback.map(|object| Fallback::from_object(object, &mut mistakes));
        if fallback.is_some() && !triggers.is_empty() && only_resources {
            let message = "holds no `cpu` or `memory` trigger, and there is no other";
            mistakes.push(("spec.fallback".into(), message.into()));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            polling: secs(spec.polling_interval, POLLING_INTERVAL_SECS),
            cooldown: secs(spec.cooldown_period, COOLDOWN_SECS),
            initial_cooldown: secs(spec.initial_cooldown_period, 0),
            min,
            max,
            idle: spec.idle_replica_count,
            triggers,
            behavior,
            fallback,
        })
    }

    /// The HPA that KEDA makes (spec/kubernetes.md 3.2): one metric per trigger, in their order.
    #[must_use]
    pub fn hpa(&self) -> HpaSpec {
        let metric = |trigger: &Trigger| match trigger {
            Trigger::Sqs(sqs) if sqs.whole => Metric::Value(thousandths(sqs.target)),
            Trigger::Sqs(sqs) => Metric::AverageValue(thousandths(sqs.target)),
            Trigger::Resource(metric) => *metric,
        };
        HpaSpec {
            min: self.min.max(1),
            max: self.max,
            metrics: self.triggers.iter().map(metric).collect(),
            behavior: self.behavior.clone(),
        }
    }
}

/// The name of the queue that a `queueURL` means: the last part of a URL, or a name as it stands.
#[must_use]
pub fn queue_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

/// A count of messages in the unit of HPA metrics.
#[must_use]
pub fn thousandths(messages: u64) -> i64 {
    i64::try_from(messages)
        .unwrap_or(i64::MAX)
        .saturating_mul(1_000)
}

fn resolve_trigger(
    path: &str,
    trigger: &TriggerObject,
    mistakes: &mut Mistakes,
) -> Option<Trigger> {
    match trigger.kind.as_str() {
        "aws-sqs-queue" => resolve_sqs(path, trigger, mistakes).map(Trigger::Sqs),
        "cpu" => resolve_resource(path, Resource::Cpu, trigger, mistakes).map(Trigger::Resource),
        "memory" => {
            resolve_resource(path, Resource::Memory, trigger, mistakes).map(Trigger::Resource)
        }
        other => {
            let message = format!(
                "is `{other}`, only `aws-sqs-queue`, `cpu` and `memory` have a source here"
            );
            mistakes.push((format!("{path}.type"), message));
            None
        }
    }
}

fn resolve_sqs(path: &str, trigger: &TriggerObject, mistakes: &mut Mistakes) -> Option<SqsTrigger> {
    let whole = match trigger.metric_type.as_deref() {
        None | Some("AverageValue") => false,
        Some("Value") => true,
        Some(other) => {
            let message = format!("is `{other}`, expected `AverageValue` or `Value`");
            mistakes.push((format!("{path}.metricType"), message));
            return None;
        }
    };
    let before = mistakes.len();
    let mut fields = Fields {
        path,
        trigger,
        mistakes,
    };
    let queue = queue_name(fields.text("queueURL")).to_owned();
    let resolved = SqsTrigger {
        whole,
        target: fields.parsed("queueLength", "a number of messages", QUEUE_LENGTH),
        activation: fields.parsed("activationQueueLength", "a number of messages", 0),
        in_flight: fields.parsed("scaleOnInFlight", "`true` or `false`", true),
        delayed: fields.parsed("scaleOnDelayed", "`true` or `false`", false),
        queue,
    };
    if resolved.queue.is_empty() {
        fields.refuse("queueURL", "must name a queue".into());
    }
    if resolved.target == 0 {
        fields.refuse("queueLength", "must be above 0".into());
    }
    (mistakes.len() == before).then_some(resolved)
}

fn resolve_resource(
    path: &str,
    resource: Resource,
    trigger: &TriggerObject,
    mistakes: &mut Mistakes,
) -> Option<Metric> {
    let mut fields = Fields {
        path,
        trigger,
        mistakes,
    };
    let value = fields.text("value");
    let metric = match trigger.metric_type.as_deref() {
        Some("Utilization") => value
            .parse()
            .ok()
            .filter(|&percent| percent > 0)
            .map(|percent| Metric::Utilization(resource, percent)),
        Some("AverageValue") => {
            let amount = Quantity::parse(value)
                .ok()
                .map(|quantity| resource.amount(quantity));
            amount
                .filter(|&amount| amount > 0)
                .map(|amount| Metric::AverageUsage(resource, amount))
        }
        _ => {
            let message = "must be `Utilization` or `AverageValue`";
            mistakes.push((format!("{path}.metricType"), message.into()));
            return None;
        }
    };
    if metric.is_none() {
        let message = format!(
            "is `{value}`, expected a percentage or a quantity above 0, as metricType says"
        );
        fields.refuse("value", message);
    }
    metric
}

/// The metadata of one trigger, whose values are all text.
struct Fields<'a> {
    path: &'a str,
    trigger: &'a TriggerObject,
    mistakes: &'a mut Mistakes,
}

impl<'a> Fields<'a> {
    fn text(&self, field: &str) -> &'a str {
        self.trigger.metadata.get(field).map_or("", String::as_str)
    }

    fn parsed<T: FromStr>(&mut self, field: &str, expected: &str, default: T) -> T {
        let Some(text) = self.trigger.metadata.get(field) else {
            return default;
        };
        text.parse().unwrap_or_else(|_| {
            self.refuse(field, format!("is `{text}`, expected {expected}"));
            default
        })
    }

    fn refuse(&mut self, field: &str, message: String) {
        self.mistakes
            .push((format!("{}.metadata.{field}", self.path), message));
    }
}
