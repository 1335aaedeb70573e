//! What changes a replica count: HorizontalPodAutoscaler (`autoscaling/v2`) and ScaledObject (`keda.sh/v1alpha1`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{LabelSelector, ObjectMeta};
use crate::api::Quantity;

/// `autoscaling/v2` HorizontalPodAutoscaler.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HorizontalPodAutoscaler {
    /// Name and namespace.
    pub metadata: ObjectMeta,
    /// What to scale, and by what.
    pub spec: HpaSpec,
}

/// `spec` of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HpaSpec {
    /// The Deployment.
    #[serde(default)]
    pub scale_target_ref: TargetRef,
    /// 1 where absent.
    #[serde(default)]
    pub min_replicas: Option<u32>,
    /// At least minReplicas.
    pub max_replicas: u32,
    /// CPU at 80 % where empty.
    #[serde(default)]
    pub metrics: Vec<MetricSpec>,
    /// Rates and stabilisation.
    #[serde(default)]
    pub behavior: Option<HpaBehavior>,
}

/// `scaleTargetRef` or `describedObject`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TargetRef {
    /// `Deployment` where absent.
    pub kind: Option<String>,
    /// Its name.
    pub name: String,
}

/// One metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricSpec {
    /// `Resource`, `ContainerResource`, `Pods`, `Object` or `External`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For `Resource`.
    #[serde(default)]
    pub resource: Option<ResourceMetric>,
    /// For `ContainerResource`.
    #[serde(default)]
    pub container_resource: Option<ContainerResourceMetric>,
    /// For `Pods`.
    #[serde(default)]
    pub pods: Option<CustomMetric>,
    /// For `Object`.
    #[serde(default)]
    pub object: Option<ObjectMetric>,
    /// For `External`.
    #[serde(default)]
    pub external: Option<CustomMetric>,
}

/// `pods` or `external` of a metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomMetric {
    /// Which.
    pub metric: MetricIdentifier,
    /// What to hold it at.
    pub target: MetricTarget,
}

/// `object` of a metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectMetric {
    /// Whose.
    pub described_object: TargetRef,
    /// Which.
    pub metric: MetricIdentifier,
    /// What to hold it at.
    pub target: MetricTarget,
}

/// `metric`: its name, and a selector that an adapter hands on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricIdentifier {
    /// Name.
    pub name: String,
    /// Labels, or the dimensions of a CloudWatch metric.
    #[serde(default)]
    pub selector: LabelSelector,
}

/// `resource` of a metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceMetric {
    /// `cpu` or `memory`.
    pub name: String,
    /// What to hold it at.
    pub target: MetricTarget,
}

/// `containerResource` of a metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerResourceMetric {
    /// `cpu` or `memory`.
    pub name: String,
    /// The container, by its name.
    pub container: String,
    /// What to hold it at.
    pub target: MetricTarget,
}

impl ContainerResourceMetric {
    /// The same of whole pods.
    #[must_use]
    pub fn of_pod(&self) -> ResourceMetric {
        ResourceMetric {
            name: self.name.clone(),
            target: self.target.clone(),
        }
    }
}

/// `target` of a metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricTarget {
    /// `Utilization`, `AverageValue` or `Value`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Percent of the request.
    #[serde(default)]
    pub average_utilization: Option<u32>,
    /// Per pod.
    #[serde(default)]
    pub average_value: Option<Quantity>,
    /// In all.
    #[serde(default)]
    pub value: Option<Quantity>,
}

/// `behavior`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HpaBehavior {
    /// Upwards.
    pub scale_up: Option<ScalingRules>,
    /// Downwards.
    pub scale_down: Option<ScalingRules>,
}

/// Rules of one direction.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScalingRules {
    /// 0 up, 300 down where absent.
    pub stabilization_window_seconds: Option<u32>,
    /// `Max` where absent.
    pub select_policy: Option<SelectPolicy>,
    /// The default list where absent.
    pub policies: Option<Vec<ScalingPolicy>>,
    /// 0.1 where absent.
    pub tolerance: Option<Quantity>,
}

/// Which policy of several counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub enum SelectPolicy {
    /// The one that allows the most change.
    Max,
    /// The one that allows the least.
    Min,
    /// No change in this direction.
    Disabled,
}

/// A rate.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScalingPolicy {
    /// `Pods` or `Percent`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many, above 0.
    pub value: u32,
    /// 1 to 1800.
    pub period_seconds: u32,
}

/// `keda.sh/v1alpha1` ScaledObject.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScaledObject {
    /// Name and namespace.
    pub metadata: ObjectMeta,
    /// What to scale, and by what.
    pub spec: ScaledObjectSpec,
}

/// `spec` of a ScaledObject (defaults of spec/kubernetes.md 3.1).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScaledObjectSpec {
    /// The Deployment.
    #[serde(default)]
    pub scale_target_ref: TargetRef,
    /// Seconds; 30 where absent.
    #[serde(default)]
    pub polling_interval: Option<u32>,
    /// Seconds; 300 where absent.
    #[serde(default)]
    pub cooldown_period: Option<u32>,
    /// Seconds after creation before the first way down to zero; 0 where absent.
    #[serde(default)]
    pub initial_cooldown_period: Option<u32>,
    /// 0 where absent.
    #[serde(default)]
    pub min_replica_count: Option<u32>,
    /// 100 where absent.
    #[serde(default)]
    pub max_replica_count: Option<u32>,
    /// Only 0 is supported in practice.
    #[serde(default)]
    pub idle_replica_count: Option<u32>,
    /// What to look at.
    pub triggers: Vec<Trigger>,
    /// HPA settings.
    #[serde(default)]
    pub advanced: Option<Advanced>,
    /// What to do while a trigger's source fails.
    #[serde(default)]
    pub fallback: Option<Fallback>,
}

/// `fallback`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fallback {
    /// It is in force after more failures in a row than this.
    pub failure_threshold: u32,
    /// The replicas it holds.
    pub replicas: u32,
    /// `static` (where absent), `currentReplicas`, `currentReplicasIfHigher` or `currentReplicasIfLower`.
    #[serde(default)]
    pub behavior: Option<String>,
}

/// `advanced`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Advanced {
    /// HPA settings.
    pub horizontal_pod_autoscaler_config: Option<HpaConfig>,
}

/// `advanced.horizontalPodAutoscalerConfig`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HpaConfig {
    /// Rates and stabilisation of the HPA KEDA makes.
    pub behavior: Option<HpaBehavior>,
}

/// A trigger.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// `aws-sqs-queue`, `cpu`, `cron`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// `AverageValue` where absent; `Utilization` only for `cpu` and `memory`.
    #[serde(default)]
    pub metric_type: Option<String>,
    /// Its parameters, all strings.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}
