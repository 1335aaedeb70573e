//! Pod templates: all that the pods of one workload share, resolved from the manifest to integers and symbols.
//!
//! Pods with the same template are one equivalence class for kube-scheduler and for Karpenter.

use std::net::IpAddr;

use crate::api::objects::core::{NodeInclusionPolicy, WhenUnsatisfiable};
use crate::api::{
    GoDuration, LabelSet, Requirements, Resource, Resources, Symbol, Symbols, Toleration,
};
use crate::des::{SimDuration, SimTime};

use super::probe::Probes;

/// The place of a template in the scenario's table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TemplateId(pub u32);

impl TemplateId {
    /// As an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Quality of service class (spec/kubernetes.md 5.11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QosClass {
    /// Every container's request equals its limit, for CPU and memory.
    Guaranteed,
    /// Some request or limit.
    Burstable,
    /// None.
    BestEffort,
}

/// All that pods of one workload share.
#[derive(Clone, Debug)]
pub struct PodTemplate {
    /// `namespace/workload`, for people.
    pub name: String,
    /// Namespace.
    pub namespace: Symbol,
    /// Labels of every pod.
    pub labels: LabelSet,
    /// Effective requests, `pods: 1` included (spec/kubernetes.md 1.5).
    pub requests: Resources,
    /// CPU in millicores and memory in bytes with the defaults of containers that ask for none; for scoring only.
    pub nonzero_requests: (i64, i64),
    /// Sum of CPU limits in millicores; none if some container has no limit.
    pub cpu_limit: Option<i64>,
    /// Requests of the serving container.
    pub serving_requests: Resources,
    /// Memory limit of the serving container in bytes.
    pub memory_limit: Option<u64>,
    /// Quality of service.
    pub qos: QosClass,
    /// `nodeSelector` as requirements.
    pub node_selector: Requirements,
    /// Required node affinity: terms of which one must hold; empty is no restriction.
    pub required_node_terms: Vec<Requirements>,
    /// Preferred node affinity: weight 1 to 100 and term.
    pub preferred_node_terms: Vec<(i32, Requirements)>,
    /// Required pod affinity.
    pub pod_affinity: Vec<PodAffinityTerm>,
    /// Required pod anti-affinity.
    pub pod_anti_affinity: Vec<PodAffinityTerm>,
    /// Preferred pod affinity, with weights; negative weights are preferred anti-affinity.
    pub preferred_pod_terms: Vec<(i32, PodAffinityTerm)>,
    /// Taints it bears.
    pub tolerations: Vec<Toleration>,
    /// How it spreads.
    pub spread: Vec<SpreadConstraint>,
    /// Ports taken on the node.
    pub host_ports: Vec<HostPort>,
    /// Priority; higher goes first.
    pub priority: i32,
    /// Whether it may preempt.
    pub preempts: bool,
    /// From SIGTERM to SIGKILL, preStop included.
    pub termination_grace: SimDuration,
    /// `preStop.sleep`.
    pub pre_stop: SimDuration,
    /// Probes of the serving container.
    pub probes: Probes,
    /// Annotation `karpenter.sh/do-not-disrupt`.
    pub do_not_disrupt: DoNotDisrupt,
    /// What it says to Cluster Autoscaler.
    pub scale_down: ScaleDown,
    /// Annotation `controller.kubernetes.io/pod-deletion-cost`.
    pub deletion_cost: i32,
    /// Image of the first container: what a node pulls.
    pub image: Symbol,
    /// Images of all containers, those that run first included; one stands here as often as it is used.
    pub images: Vec<Symbol>,
    /// Compressed bytes to pull.
    pub image_bytes: u64,
    /// Whether a DaemonSet owns it.
    pub daemon: bool,
}

/// What a pod says to Cluster Autoscaler about leaving its node (spec/kubernetes.md 4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ScaleDown {
    /// Annotation `cluster-autoscaler.kubernetes.io/safe-to-evict`.
    pub safe_to_evict: Option<bool>,
    /// Whether it has a volume on the node whose data it would lose.
    pub local_storage: bool,
    /// Whether it is in `kube-system`.
    pub system: bool,
}

/// How long a pod asks not to be disrupted (spec/karpenter.md 4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DoNotDisrupt {
    /// It does not ask.
    No,
    /// As long as it lives.
    Always,
    /// So long from its start.
    For(SimDuration),
}

impl DoNotDisrupt {
    /// What the annotation says: `true`, or a duration in Go's units; anything else says nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text == "true" {
            return Self::Always;
        }
        let duration = GoDuration::parse(text).ok();
        let duration = duration.filter(|duration| duration.micros() > 0 && !text.contains('d'));
        duration.map_or(Self::No, |duration| {
            Self::For(SimDuration::from_micros(duration.micros()))
        })
    }

    /// Until when a pod that started then asks; [`SimTime::MAX`] for ever, which is also what a pod that has not started asks.
    #[must_use]
    pub fn until(self, started: Option<SimTime>) -> Option<SimTime> {
        match (self, started) {
            (Self::No, _) => None,
            (Self::Always, _) | (Self::For(_), None) => Some(SimTime::MAX),
            (Self::For(span), Some(started)) => Some(started.saturating_add(span)),
        }
    }
}

impl PodTemplate {
    /// A pod that asks for CPU in millicores and memory in bytes and says nothing else: the API's defaults for all the rest.
    #[must_use]
    pub fn asking(
        name: String,
        namespace: Symbol,
        image: Symbol,
        cpu_millis: i64,
        memory: i64,
    ) -> Self {
        Self {
            name,
            namespace,
            labels: LabelSet::default(),
            requests: Resources::cpu_memory(cpu_millis, memory).with(Resource::Pods, 1),
            nonzero_requests: (cpu_millis, memory),
            cpu_limit: None,
            memory_limit: None,
            serving_requests: Resources::cpu_memory(cpu_millis, memory),
            qos: QosClass::Burstable,
            node_selector: Requirements::new(),
            required_node_terms: Vec::new(),
            preferred_node_terms: Vec::new(),
            pod_affinity: Vec::new(),
            pod_anti_affinity: Vec::new(),
            preferred_pod_terms: Vec::new(),
            tolerations: Vec::new(),
            spread: Vec::new(),
            host_ports: Vec::new(),
            priority: 0,
            preempts: true,
            termination_grace: SimDuration::from_secs(30),
            pre_stop: SimDuration::ZERO,
            probes: Probes::default(),
            do_not_disrupt: DoNotDisrupt::No,
            scale_down: ScaleDown::default(),
            deletion_cost: 0,
            image,
            images: vec![image],
            image_bytes: 0,
            daemon: false,
        }
    }

    /// Whether labels satisfy nodeSelector and required node affinity (spec/kubernetes.md 1.8).
    #[must_use]
    pub fn node_matches(&self, labels: &LabelSet, symbols: &Symbols) -> bool {
        let required = &self.required_node_terms;
        self.node_selector.matches(labels, symbols)
            && (required.is_empty() || required.iter().any(|term| term.matches(labels, symbols)))
    }
}

/// A port that a pod takes on its node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostPort {
    /// Number.
    pub port: u16,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Symbol,
    /// The address it is taken on; every address where none.
    pub ip: Option<IpAddr>,
}

impl HostPort {
    /// A port taken on every address.
    #[must_use]
    pub const fn everywhere(port: u16, protocol: Symbol) -> Self {
        Self {
            port,
            protocol,
            ip: None,
        }
    }

    /// A port taken on an address; the unspecified address means every address.
    #[must_use]
    pub fn new(port: u16, protocol: Symbol, ip: Option<IpAddr>) -> Self {
        Self {
            port,
            protocol,
            ip: ip.filter(|ip| !ip.is_unspecified()),
        }
    }

    /// Whether a node cannot give both (spec/karpenter.md 1.9).
    #[must_use]
    pub fn clashes(&self, other: &Self) -> bool {
        let shares_address = match (self.ip, other.ip) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        (self.port, self.protocol) == (other.port, other.protocol) && shares_address
    }
}

/// A label selector: labels that must have these values, and expressions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodSelector(pub Requirements);

impl PodSelector {
    /// Whether pod labels match. An empty selector matches every pod.
    #[must_use]
    pub fn matches(&self, labels: &LabelSet, symbols: &Symbols) -> bool {
        self.0.matches(labels, symbols)
    }
}

/// A pod affinity or anti-affinity term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodAffinityTerm {
    /// Which pods.
    pub selector: PodSelector,
    /// In which namespaces; never empty.
    pub namespaces: Vec<Symbol>,
    /// The node label that makes a domain.
    pub topology_key: Symbol,
}

/// A topology spread constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpreadConstraint {
    /// At least 1.
    pub max_skew: u32,
    /// The node label that makes a domain.
    pub topology_key: Symbol,
    /// Hard or soft.
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// Which pods count, in the pod's own namespace; matchLabelKeys are already merged in.
    pub selector: PodSelector,
    /// Fewer eligible domains than this count as a minimum of 0.
    pub min_domains: Option<u32>,
    /// Whether nodes the pod's node affinity refuses are left out. `Honor` by default.
    pub node_affinity_policy: NodeInclusionPolicy,
    /// Whether nodes with taints the pod does not bear are left out. `Ignore` by default.
    pub node_taints_policy: NodeInclusionPolicy,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_asks_not_to_be_disrupted_for_ever_or_for_a_time() {
        let until = |text| DoNotDisrupt::parse(text).until(Some(SimTime::from_secs(60)));
        assert_eq!(until("true"), Some(SimTime::MAX));
        assert_eq!(until("1h30m"), Some(SimTime::from_secs(60 + 5_400)));
        for nothing in ["false", "True", "", "0s", "1d", "-5m", "soon"] {
            assert_eq!(until(nothing), None, "{nothing}");
        }
        assert_eq!(DoNotDisrupt::parse("1m").until(None), Some(SimTime::MAX));
    }
}
