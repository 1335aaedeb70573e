//! What does a HorizontalPodAutoscaler ask for, with every default filled in?

use crate::api::objects::autoscaling::{
    HorizontalPodAutoscaler, HpaBehavior, MetricSpec, MetricTarget, ResourceMetric,
    ScalingRules as RulesObject, SelectPolicy,
};
use crate::api::{Quantity, Resource};
use crate::des::SimDuration;
use crate::kube::mistakes::Mistakes;

use super::constants;

/// A HorizontalPodAutoscaler, resolved.
#[derive(Clone, PartialEq, Debug)]
pub struct HpaSpec {
    /// Fewest replicas, at least 1.
    pub min: u32,
    /// Most replicas, at least `min`.
    pub max: u32,
    /// At least one.
    pub metrics: Vec<Metric>,
    /// `spec.behavior`; its absence selects other rules (spec/kubernetes.md 2.7, 2.8).
    pub behavior: Option<Behavior>,
}

/// What to hold a workload at. Values are in the unit of the resource (millicores, bytes), all
/// others in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Metric {
    /// Usage of the pods as percent of their requests, positive.
    Utilization(Resource, u32),
    /// Usage of one container of each pod, the serving one, as percent of its requests, positive.
    ContainerUtilization(Resource, u32),
    /// Mean usage per pod, positive.
    AverageUsage(Resource, i64),
    /// Mean of a metric of the pods themselves, positive.
    Pods(i64),
    /// An object's or external metric as a whole, positive.
    Value(i64),
    /// An object's or external metric divided by the replicas, positive.
    AverageValue(i64),
}

impl Metric {
    /// The resource it measures, if it is a resource metric.
    #[must_use]
    pub const fn resource(&self) -> Option<Resource> {
        match *self {
            Self::Utilization(resource, _)
            | Self::ContainerUtilization(resource, _)
            | Self::AverageUsage(resource, _) => Some(resource),
            Self::Pods(_) | Self::Value(_) | Self::AverageValue(_) => None,
        }
    }
}

/// `spec.behavior`, resolved.
#[derive(Clone, PartialEq, Debug)]
pub struct Behavior {
    /// Upwards.
    pub up: ScalingRules,
    /// Downwards.
    pub down: ScalingRules,
}

/// Rules of one direction.
#[derive(Clone, PartialEq, Debug)]
pub struct ScalingRules {
    /// How long earlier recommendations count, up to an hour.
    pub window: SimDuration,
    /// Which of the policies counts.
    pub select: SelectPolicy,
    /// At least one.
    pub policies: Vec<Policy>,
    /// Relative distance from the target that is ignored.
    pub tolerance: f64,
}

/// A rate: so much change in so much time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// How much.
    pub amount: Amount,
    /// Sliding window, 1 s to 30 min.
    pub period: SimDuration,
}

/// How much a policy allows, positive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// So many pods.
    Pods(u32),
    /// So many percent of the replicas at the start of the period.
    Percent(u32),
}

impl HpaSpec {
    /// Resolves an object.
    ///
    /// # Errors
    /// Everything the API server would refuse and everything the simulator has no source for, with
    /// the path of each field.
    pub fn from_object(object: &HorizontalPodAutoscaler) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::new();
        let spec = &object.spec;
        let min = spec.min_replicas.unwrap_or(1);
        if min == 0 {
            let message = "must be at least 1: scaling to zero is a ScaledObject's work";
            mistakes.push(("spec.minReplicas".into(), message.into()));
        }
        if spec.max_replicas < min.max(1) {
            let message = format!("must be at least minReplicas, which is {min}");
            mistakes.push(("spec.maxReplicas".into(), message));
        }
        let metrics = if spec.metrics.is_empty() {
            vec![constants::DEFAULT_METRIC]
        } else {
            let resolve = |(place, metric)| {
                resolve_metric(&format!("spec.metrics[{place}]"), metric, &mut mistakes)
            };
            spec.metrics
                .iter()
                .enumerate()
                .filter_map(resolve)
                .collect()
        };
        let behavior = spec
            .behavior
            .as_ref()
            .map(|behavior| Behavior::from_object(behavior, "spec.behavior", &mut mistakes));
        if mistakes.is_empty() {
            Ok(Self {
                min,
                max: spec.max_replicas,
                metrics,
                behavior,
            })
        } else {
            Err(mistakes)
        }
    }

    /// Tolerances downwards and upwards (spec/kubernetes.md 2.9).
    pub(super) fn tolerances(&self) -> Tolerances {
        match &self.behavior {
            Some(behavior) => Tolerances {
                down: behavior.down.tolerance,
                up: behavior.up.tolerance,
            },
            None => Tolerances {
                down: constants::TOLERANCE,
                up: constants::TOLERANCE,
            },
        }
    }
}

/// How far a ratio may be from 1 without consequence.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Tolerances {
    down: f64,
    up: f64,
}

impl Tolerances {
    /// Whether a ratio is near enough to 1, bounds included (spec/kubernetes.md 2.3).
    pub(super) fn contain(self, ratio: f64) -> bool {
        1.0 - self.down <= ratio && ratio <= 1.0 + self.up
    }
}

fn resolve_metric(path: &str, metric: &MetricSpec, mistakes: &mut Mistakes) -> Option<Metric> {
    let mut found = Found {
        path: path.to_owned(),
        mistakes,
    };
    let source = match metric.kind.as_str() {
        "Resource" => metric
            .resource
            .as_ref()
            .map(|source| found.resource("resource", source)),
        "ContainerResource" => metric.container_resource.as_ref().map(|source| {
            let whole = found.resource("containerResource", &source.of_pod())?;
            Some(match whole {
                Metric::Utilization(resource, percent) => {
                    Metric::ContainerUtilization(resource, percent)
                }
                other => other,
            })
        }),
        "Pods" => metric.pods.as_ref().map(|source| {
            found.name("pods", &source.metric.name, constants::IN_FLIGHT);
            found.average("pods", &source.target)
        }),
        "Object" => metric.object.as_ref().map(|source| {
            found.name("object", &source.metric.name, constants::IN_FLIGHT);
            found.total("object", &source.target)
        }),
        "External" => metric.external.as_ref().map(|source| {
            found.name("external", &source.metric.name, constants::VISIBLE_MESSAGES);
            found.total("external", &source.target)
        }),
        other => {
            let expected =
                "expected `Resource`, `ContainerResource`, `Pods`, `Object` or `External`";
            return found.refuse(".type", format!("is `{other}`, {expected}"));
        }
    };
    source.unwrap_or_else(|| {
        let kind = &metric.kind;
        let field = kind[..1].to_lowercase() + &kind[1..];
        found.refuse("", format!("has type `{kind}` but no `{field}`"))
    })
}

/// A metric as it is found in an object, and what is wrong with it.
struct Found<'a> {
    path: String,
    mistakes: &'a mut Mistakes,
}

impl Found<'_> {
    fn refuse(&mut self, field: &str, message: String) -> Option<Metric> {
        self.mistakes
            .push((format!("{}{field}", self.path), message));
        None
    }

    fn resource(&mut self, field: &str, source: &ResourceMetric) -> Option<Metric> {
        let Some(resource @ (Resource::Cpu | Resource::Memory)) = Resource::from_name(&source.name)
        else {
            let message = format!("is `{}`, expected `cpu` or `memory`", source.name);
            return self.refuse(&format!(".{field}.name"), message);
        };
        let target = &source.target;
        match target.kind.as_str() {
            "Utilization" => match target.average_utilization {
                Some(percent) if percent > 0 => Some(Metric::Utilization(resource, percent)),
                _ => self.refuse(
                    &format!(".{field}.target.averageUtilization"),
                    "must be above 0".into(),
                ),
            },
            "AverageValue" => match target
                .average_value
                .map(|quantity| resource.amount(quantity))
            {
                Some(amount) if amount > 0 => Some(Metric::AverageUsage(resource, amount)),
                _ => self.refuse(
                    &format!(".{field}.target.averageValue"),
                    "must be above 0".into(),
                ),
            },
            other => self.refuse(
                &format!(".{field}.target.type"),
                format!("is `{other}`, expected `Utilization` or `AverageValue`"),
            ),
        }
    }

    /// The simulator has one source for each type of custom metric.
    fn name(&mut self, field: &str, name: &str, known: &str) {
        if name != known {
            let message = format!("is `{name}`, only `{known}` has a source here");
            self.refuse(&format!(".{field}.metric.name"), message);
        }
    }

    fn average(&mut self, field: &str, target: &MetricTarget) -> Option<Metric> {
        if target.kind != "AverageValue" {
            let message = format!("is `{}`, expected `AverageValue`", target.kind);
            return self.refuse(&format!(".{field}.target.type"), message);
        }
        self.positive(field, "averageValue", target.average_value)
            .map(Metric::Pods)
    }

    fn total(&mut self, field: &str, target: &MetricTarget) -> Option<Metric> {
        match target.kind.as_str() {
            "Value" => self
                .positive(field, "value", target.value)
                .map(Metric::Value),
            "AverageValue" => self
                .positive(field, "averageValue", target.average_value)
                .map(Metric::AverageValue),
            other => {
                let message = format!("is `{other}`, expected `Value` or `AverageValue`");
                self.refuse(&format!(".{field}.target.type"), message)
            }
        }
    }

    /// A target in thousandths.
    fn positive(&mut self, field: &str, name: &str, value: Option<Quantity>) -> Option<i64> {
        let thousandths = value.map(Quantity::millis).filter(|&value| value > 0);
        if thousandths.is_none() {
            self.refuse(&format!(".{field}.target.{name}"), "must be above 0".into());
        }
        thousandths
    }
}

impl Behavior {
    /// Resolves `behavior`, found at `path`: both directions get their defaults as soon as it
    /// exists (spec/kubernetes.md 2.8). Mistakes are added to the list, and a default stands in
    /// their place.
    pub fn from_object(object: &HpaBehavior, path: &str, mistakes: &mut Mistakes) -> Self {
        let empty = RulesObject::default();
        let mut rules = |object: &Option<RulesObject>, direction: &str, defaults: ScalingRules| {
            let object = object.as_ref().unwrap_or(&empty);
            defaults.overridden_by(object, &format!("{path}.{direction}"), mistakes)
        };
        Self {
            up: rules(&object.scale_up, "scaleUp", ScalingRules::up()),
            down: rules(&object.scale_down, "scaleDown", ScalingRules::down()),
        }
    }
}

impl ScalingRules {
    /// Defaults upwards: at once, by 4 pods or 100 % in 15 s, whichever is more.
    #[must_use]
    pub fn up() -> Self {
        let period = constants::POLICY_PERIOD;
        Self {
            window: SimDuration::ZERO,
            select: SelectPolicy::Max,
            policies: vec![
                Policy {
                    amount: Amount::Pods(constants::UP_PODS),
                    period,
                },
                Policy {
                    amount: Amount::Percent(100),
                    period,
                },
            ],
            tolerance: constants::TOLERANCE,
        }
    }

    /// Defaults downwards: the highest recommendation of 5 minutes, then all at once.
    #[must_use]
    pub fn down() -> Self {
        Self {
            window: constants::DOWNSCALE_STABILIZATION,
            select: SelectPolicy::Max,
            policies: vec![Policy {
                amount: Amount::Percent(100),
                period: constants::POLICY_PERIOD,
            }],
            tolerance: constants::TOLERANCE,
        }
    }

    /// These rules with every field the object gives; a list of policies replaces the default list.
    fn overridden_by(mut self, object: &RulesObject, path: &str, mistakes: &mut Mistakes) -> Self {
        if let Some(seconds) = object.stabilization_window_seconds {
            self.window = SimDuration::from_secs(u64::from(seconds));
            if self.window > constants::WINDOW_MAX {
                let message = format!("is {seconds}, at most 3600 is allowed");
                mistakes.push((format!("{path}.stabilizationWindowSeconds"), message));
            }
        }
        if let Some(select) = object.select_policy {
            self.select = select;
        }
        if let Some(policies) = &object.policies {
            if policies.is_empty() {
                mistakes.push((format!("{path}.policies"), "must not be empty".into()));
            }
            self.policies.clear();
            for (place, policy) in policies.iter().enumerate() {
                let path = format!("{path}.policies[{place}]");
                let amount = match policy.kind.as_str() {
                    "Pods" => Amount::Pods(policy.value),
                    "Percent" => Amount::Percent(policy.value),
                    other => {
                        let message = format!("is `{other}`, expected `Pods` or `Percent`");
                        mistakes.push((format!("{path}.type"), message));
                        continue;
                    }
                };
                let period = SimDuration::from_secs(u64::from(policy.period_seconds));
                if policy.value == 0 {
                    mistakes.push((format!("{path}.value"), "must be above 0".into()));
                }
                if period == SimDuration::ZERO || period > constants::POLICY_PERIOD_MAX {
                    let message = format!("is {}, expected 1 to 1800", policy.period_seconds);
                    mistakes.push((format!("{path}.periodSeconds"), message));
                }
                self.policies.push(Policy { amount, period });
            }
        }
        if let Some(tolerance) = object.tolerance {
            if tolerance < Quantity::default() {
                mistakes.push((format!("{path}.tolerance"), "must not be negative".into()));
            }
            self.tolerance = tolerance.millis() as f64 / 1_000.0;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Result<HpaSpec, Mistakes> {
        let object: HorizontalPodAutoscaler = serde_json::from_str(text).unwrap();
        HpaSpec::from_object(&object)
    }

    #[test]
    fn an_object_gets_its_defaults() {
        let spec = object(r#"{"metadata": {"name": "api"}, "spec": {"maxReplicas": 10}}"#).unwrap();
        let expected = HpaSpec {
            min: 1,
            max: 10,
            metrics: vec![Metric::Utilization(Resource::Cpu, 80)],
            behavior: None,
        };
        assert_eq!(spec, expected);
    }

    #[test]
    fn behavior_fills_both_directions_field_by_field() {
        let spec = object(
            r#"{"metadata": {"name": "api"}, "spec": {"maxReplicas": 10, "behavior": {"scaleDown": {
            "stabilizationWindowSeconds": 60, "tolerance": "50m",
            "policies": [{"type": "Pods", "value": 2, "periodSeconds": 30}]}}}}"#,
        );
        let down = ScalingRules {
            window: SimDuration::from_secs(60),
            policies: vec![Policy {
                amount: Amount::Pods(2),
                period: SimDuration::from_secs(30),
            }],
            tolerance: 0.05,
            ..ScalingRules::down()
        };
        assert_eq!(
            spec.unwrap().behavior,
            Some(Behavior {
                up: ScalingRules::up(),
                down
            })
        );
    }

    #[test]
    fn every_mistake_is_named_by_its_path() {
        let mistakes = object(
            r#"{"metadata": {"name": "api"}, "spec": {"minReplicas": 0, "maxReplicas": 0,
            "metrics": [
                {"type": "Pods"},
                {"type": "Resource"},
                {"type": "Resource", "resource": {
                    "name": "disk", "target": {"type": "Utilization"}}},
                {"type": "Resource", "resource": {
                    "name": "cpu", "target": {"type": "Utilization"}}},
                {"type": "Resource", "resource": {
                    "name": "cpu", "target": {"type": "AverageValue", "averageValue": "0"}}},
                {"type": "Resource", "resource": {
                    "name": "cpu", "target": {"type": "Value", "value": "1"}}},
                {"type": "Memory"},
                {"type": "Pods", "pods": {
                    "metric": {"name": "rps"}, "target": {"type": "Value", "value": "1"}}},
                {"type": "Object", "object": {
                    "describedObject": {"kind": "Service", "name": "api"},
                    "metric": {"name": "requests_in_flight"},
                    "target": {"type": "Utilization"}}},
                {"type": "External", "external": {
                    "metric": {"name": "ApproximateNumberOfMessagesVisible"},
                    "target": {"type": "AverageValue", "averageValue": "0"}}}],
            "behavior": {
                "scaleUp": {
                    "stabilizationWindowSeconds": 3601,
                    "tolerance": "-1",
                    "policies": [
                        {"type": "Pod", "value": 1, "periodSeconds": 1},
                        {"type": "Pods", "value": 0, "periodSeconds": 1801}]},
                "scaleDown": {"policies": []}}}}"#,
        )
        .unwrap_err();
        let paths: Vec<_> = mistakes
            .iter()
            .map(|(path, _)| path.strip_prefix("spec.").unwrap())
            .collect();
        let expected = [
            "minReplicas",
            "maxReplicas",
            "metrics[0]",
            "metrics[1]",
            "metrics[2].resource.name",
            "metrics[3].resource.target.averageUtilization",
            "metrics[4].resource.target.averageValue",
            "metrics[5].resource.target.type",
            "metrics[6].type",
            "metrics[7].pods.metric.name",
            "metrics[7].pods.target.type",
            "metrics[8].object.target.type",
            "metrics[9].external.target.averageValue",
            "behavior.scaleUp.stabilizationWindowSeconds",
            "behavior.scaleUp.policies[0].type",
            "behavior.scaleUp.policies[1].value",
            "behavior.scaleUp.policies[1].periodSeconds",
            "behavior.scaleUp.tolerance",
            "behavior.scaleDown.policies",
        ];
        assert_eq!(paths, expected);
    }
}
