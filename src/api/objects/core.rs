//! Pods and what makes them: Deployment, DaemonSet, PodDisruptionBudget, PriorityClass, and the pod template's parts.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, Visitor};

use super::{LabelSelector, ObjectMeta, SelectorTerm};
use crate::api::{Quantity, Toleration};

/// `apps/v1` Deployment; a DaemonSet has the same parts that matter here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Name, namespace, labels.
    pub metadata: ObjectMeta,
    /// What to run.
    pub spec: DeploymentSpec,
}

/// `spec` of a Deployment or DaemonSet.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentSpec {
    /// 1 where absent; an autoscaler overrides it.
    #[serde(default)]
    pub replicas: Option<u32>,
    /// Which pods are its own.
    #[serde(default)]
    pub selector: LabelSelector,
    /// The pod to run.
    pub template: PodTemplateSpec,
    /// Rolling update parameters.
    #[serde(default)]
    pub strategy: Option<DeploymentStrategy>,
    /// Seconds a pod must be Ready to count as available.
    #[serde(default)]
    pub min_ready_seconds: u32,
}

/// `spec.strategy`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeploymentStrategy {
    /// `RollingUpdate` (default) or `Recreate`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Parameters of `RollingUpdate`.
    pub rolling_update: Option<RollingUpdate>,
}

/// `spec.strategy.rollingUpdate`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdate {
    /// 25 % where absent, rounded up.
    pub max_surge: Option<IntOrPercent>,
    /// 25 % where absent, rounded down.
    pub max_unavailable: Option<IntOrPercent>,
}

/// A number, or a percentage such as `25%`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntOrPercent {
    /// A plain number.
    Int(u32),
    /// Percent of something the field names.
    Percent(u32),
}

impl IntOrPercent {
    /// Of `total`, rounded up (PDBs, surge, budgets).
    #[must_use]
    pub fn of_rounded_up(self, total: u32) -> u32 {
        match self {
            Self::Int(n) => n,
            Self::Percent(p) => (u64::from(p) * u64::from(total)).div_ceil(100) as u32,
        }
    }

    /// Of `total`, rounded down (a Deployment's maxUnavailable).
    #[must_use]
    pub fn of_rounded_down(self, total: u32) -> u32 {
        match self {
            Self::Int(n) => n,
            Self::Percent(p) => (u64::from(p) * u64::from(total) / 100) as u32,
        }
    }
}

impl<'de> Deserialize<'de> for IntOrPercent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IntOrPercentVisitor;
        impl Visitor<'_> for IntOrPercentVisitor {
            type Value = IntOrPercent;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number or a percentage such as `25%`")
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<IntOrPercent, E> {
                u32::try_from(n)
                    .map(IntOrPercent::Int)
                    .map_err(|_| E::custom(format!("`{n}` is too large")))
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<IntOrPercent, E> {
                u32::try_from(n)
                    .map(IntOrPercent::Int)
                    .map_err(|_| E::custom(format!("`{n}` is not a count")))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<IntOrPercent, E> {
                let parsed = match text.strip_suffix('%') {
                    Some(percent) => percent.parse().map(IntOrPercent::Percent),
                    None => text.parse().map(IntOrPercent::Int),
                };
                parsed.map_err(|_| {
                    E::custom(format!(
                        "`{text}` is neither a number nor a percentage such as `25%`"
                    ))
                })
            }
        }
        deserializer.deserialize_any(IntOrPercentVisitor)
    }
}

/// `spec.template`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodTemplateSpec {
    /// Labels and annotations of every pod.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// The pod.
    pub spec: PodSpec,
}

/// `spec` of a pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Application containers.
    pub containers: Vec<Container>,
    /// Containers that run to their end first, one by one.
    pub init_containers: Vec<Container>,
    /// Service account it runs as.
    pub service_account_name: Option<String>,
    /// Labels the node must have.
    pub node_selector: BTreeMap<String, String>,
    /// Node and pod affinity.
    pub affinity: Affinity,
    /// Taints it bears.
    pub tolerations: Vec<Toleration>,
    /// How it spreads.
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// Priority class by name.
    pub priority_class_name: Option<String>,
    /// 30 where absent.
    pub termination_grace_period_seconds: Option<u32>,
    /// What runs the containers, by name.
    pub runtime_class_name: Option<String>,
    /// What that takes of the node besides the containers.
    pub overhead: BTreeMap<String, Quantity>,
}

/// A container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Name, unique in the pod.
    pub name: String,
    /// Image reference.
    pub image: String,
    /// Requests and limits.
    pub resources: ResourceRequirements,
    /// Ports.
    pub ports: Vec<ContainerPort>,
    /// When the pod takes traffic.
    pub readiness_probe: Option<Probe>,
    /// Holds readiness and liveness back until the container has started.
    pub startup_probe: Option<Probe>,
    /// Restarts the container when it fails.
    pub liveness_probe: Option<Probe>,
    /// Hooks.
    pub lifecycle: Option<Lifecycle>,
    /// `Always` on an init container makes it a sidecar.
    pub restart_policy: Option<String>,
}

/// `resources` of a container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceRequirements {
    /// What the scheduler sets aside.
    pub requests: BTreeMap<String, Quantity>,
    /// What the kernel caps.
    pub limits: BTreeMap<String, Quantity>,
}

/// A port of a container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPort {
    /// What probes may call it.
    pub name: Option<String>,
    /// Port inside the pod.
    pub container_port: u16,
    /// Port taken on the node; 0 is none.
    pub host_port: u16,
    /// The address of the node it is taken on; every address where absent.
    #[serde(rename = "hostIP")]
    pub host_ip: Option<String>,
    /// `TCP` where absent.
    pub protocol: Option<String>,
}

/// A probe (spec/kubernetes.md 5.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Probe {
    /// Seconds after container start before the first probe.
    pub initial_delay_seconds: u32,
    /// Seconds between probes.
    pub period_seconds: u32,
    /// Seconds a probe may take.
    pub timeout_seconds: u32,
    /// Successes in a row to become healthy.
    pub success_threshold: u32,
    /// Failures in a row to become unhealthy.
    pub failure_threshold: u32,
    /// Seconds from SIGTERM to SIGKILL if it has the container restarted; the pod's own where absent.
    pub termination_grace_period_seconds: Option<u32>,
    /// Asks a port of the container by HTTP.
    pub http_get: Option<PortProbe>,
    /// Opens a connection, which the kernel accepts.
    pub tcp_socket: Option<PortProbe>,
    /// Asks a port of the container by gRPC.
    pub grpc: Option<PortProbe>,
    /// Runs a process in the container.
    pub exec: Option<IgnoredAny>,
}

/// The port a probe asks; what else it says makes no difference to the simulated answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PortProbe {
    /// Its number, or its name among the container's ports.
    pub port: Port,
    /// Of the request.
    pub path: Option<IgnoredAny>,
    /// Of the request.
    pub host: Option<IgnoredAny>,
    /// Of the request.
    pub scheme: Option<IgnoredAny>,
    /// Of the request.
    pub http_headers: Option<IgnoredAny>,
    /// Of a gRPC health request.
    pub service: Option<IgnoredAny>,
}

/// A port by number or name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Port {
    /// Its number.
    Number(u16),
    /// Its name.
    Name(String),
}

impl Default for Port {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PortVisitor;
        impl Visitor<'_> for PortVisitor {
            type Value = Port;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a port such as `8080`, or the name of one")
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Port, E> {
                u16::try_from(n)
                    .map(Port::Number)
                    .map_err(|_| E::custom(format!("`{n}` is no port")))
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Port, E> {
                u16::try_from(n)
                    .map(Port::Number)
                    .map_err(|_| E::custom(format!("`{n}` is no port")))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Port, E> {
                Ok(match text.parse() {
                    Ok(number) => Port::Number(number),
                    Err(_) => Port::Name(text.to_owned()),
                })
            }
        }
        deserializer.deserialize_any(PortVisitor)
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            initial_delay_seconds: 0,
            period_seconds: 10,
            timeout_seconds: 1,
            success_threshold: 1,
            failure_threshold: 3,
            termination_grace_period_seconds: None,
            http_get: None,
            tcp_socket: None,
            grpc: None,
            exec: None,
        }
    }
}

/// `lifecycle` of a container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle {
    /// Runs before SIGTERM.
    pub pre_stop: Option<PreStop>,
}

/// `lifecycle.preStop`; only `sleep` has a length the simulator can know.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PreStop {
    /// Waits before SIGTERM.
    pub sleep: Option<SleepAction>,
}

/// `preStop.sleep`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SleepAction {
    /// How long.
    pub seconds: u32,
}

/// `affinity`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Affinity {
    /// To nodes.
    pub node_affinity: NodeAffinity,
    /// To pods.
    pub pod_affinity: PodAffinity,
    /// Away from pods.
    pub pod_anti_affinity: PodAffinity,
}

/// `affinity.nodeAffinity`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinity {
    /// Terms of which one must hold.
    pub required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
    /// Weighted wishes.
    pub preferred_during_scheduling_ignored_during_execution: Vec<PreferredNodeTerm>,
}

/// `nodeSelectorTerms`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelector {
    /// ORed.
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// A term: its expressions are ANDed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelectorTerm {
    /// ANDed.
    pub match_expressions: Vec<SelectorTerm>,
}

/// A weighted node wish.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreferredNodeTerm {
    /// 1 to 100.
    pub weight: i32,
    /// What is wished.
    pub preference: NodeSelectorTerm,
}

/// `podAffinity` or `podAntiAffinity`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinity {
    /// All must hold.
    pub required_during_scheduling_ignored_during_execution: Vec<PodAffinityTerm>,
    /// Weighted wishes.
    pub preferred_during_scheduling_ignored_during_execution: Vec<WeightedPodAffinityTerm>,
}

/// A pod affinity term.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodAffinityTerm {
    /// Which pods.
    #[serde(default)]
    pub label_selector: LabelSelector,
    /// The pod's own namespace where empty and there is no `namespaceSelector`.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// Joins the namespaces it selects to those listed.
    #[serde(default)]
    pub namespace_selector: Option<LabelSelector>,
    /// Pod labels whose value joins the selector.
    #[serde(default)]
    pub match_label_keys: Vec<String>,
    /// Pod labels whose value the selected pods do not have.
    #[serde(default)]
    pub mismatch_label_keys: Vec<String>,
    /// The node label that makes a domain.
    pub topology_key: String,
}

/// A weighted pod affinity term.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WeightedPodAffinityTerm {
    /// 1 to 100.
    pub weight: i32,
    /// The term.
    pub pod_affinity_term: PodAffinityTerm,
}

/// What to do with a spread constraint that cannot hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
pub enum WhenUnsatisfiable {
    /// The pod waits.
    DoNotSchedule,
    /// The constraint only scores.
    ScheduleAnyway,
}

/// Whether a node's affinity or taints take it out of the spread.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
pub enum NodeInclusionPolicy {
    /// Nodes the pod cannot use do not count.
    Honor,
    /// They count.
    Ignore,
}

/// A topology spread constraint.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopologySpreadConstraint {
    /// At least 1.
    pub max_skew: u32,
    /// The node label that makes a domain.
    pub topology_key: String,
    /// Hard or soft.
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// Which pods count.
    #[serde(default)]
    pub label_selector: LabelSelector,
    /// Fewer eligible domains than this count as a minimum of 0.
    #[serde(default)]
    pub min_domains: Option<u32>,
    /// Pod labels whose value joins the selector.
    #[serde(default)]
    pub match_label_keys: Vec<String>,
    /// `Honor` where absent.
    #[serde(default)]
    pub node_affinity_policy: Option<NodeInclusionPolicy>,
    /// `Ignore` where absent.
    #[serde(default)]
    pub node_taints_policy: Option<NodeInclusionPolicy>,
}

/// `policy/v1` PodDisruptionBudget.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodDisruptionBudget {
    /// Name and namespace.
    pub metadata: ObjectMeta,
    /// The budget.
    pub spec: PodDisruptionBudgetSpec,
}

/// `spec` of a PodDisruptionBudget.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodDisruptionBudgetSpec {
    /// How many must stay healthy.
    pub min_available: Option<IntOrPercent>,
    /// How many may be away.
    pub max_unavailable: Option<IntOrPercent>,
    /// Which pods.
    pub selector: LabelSelector,
    /// `IfHealthyBudget` where absent.
    pub unhealthy_pod_eviction_policy: Option<String>,
}

/// `scheduling.k8s.io/v1` PriorityClass.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriorityClass {
    /// Name.
    pub metadata: ObjectMeta,
    /// Higher goes first.
    pub value: i32,
    /// Whether pods without a class get this one.
    #[serde(default)]
    pub global_default: bool,
    /// `PreemptLowerPriority` where absent.
    #[serde(default)]
    pub preemption_policy: Option<String>,
}
