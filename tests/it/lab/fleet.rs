//! A cluster whose pods all run on Karpenter's nodes, as small as a rule of a node's life needs.

use std::fmt;

use karpsim::des::SimTime;
use karpsim::metrics::RunResult;
use karpsim::metrics::journal::{About, Journal};
use karpsim::metrics::result::NodeRecord;
use karpsim::scenario::Scenario;

/// What a test may want to say about the cluster; YAML in flow style where a field is text.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    pub(crate) duration: &'static str,
    /// Fields of the NodePool's `spec` beside `disruption` and `template`.
    pub(crate) pool: &'static str,
    /// The NodePool's `disruption`.
    pub(crate) disruption: &'static str,
    /// The NodePool's template without its `nodeClassRef`, `requirements` and labels.
    pub(crate) template: &'static str,
    /// Template labels of the NodePool.
    pub(crate) labels: &'static str,
    /// Values of `karpenter.sh/capacity-type`.
    pub(crate) capacity_types: &'static str,
    pub(crate) alias: &'static str,
    /// `cluster.capacityReservations`.
    pub(crate) reservations: &'static str,
    /// Further fields of the EC2NodeClass's `spec`.
    pub(crate) class: &'static str,
    pub(crate) settings: &'static str,
    /// Types the NodePool may have.
    pub(crate) types: &'static str,
    pub(crate) replicas: u32,
    /// Annotations of the pods.
    pub(crate) annotations: &'static str,
    pub(crate) events: &'static str,
    pub(crate) market: &'static str,
}

/// Two pods that each fill a node, on demand, for a day, with nothing to consolidate.
impl Default for Fleet {
    fn default() -> Self {
        Self {
            duration: "1d",
            pool: "",
            disruption: "{consolidateAfter: Never}",
            template: "",
            labels: "{}",
            capacity_types: "[on-demand]",
            alias: "al2023@v20260901",
            reservations: "[]",
            class: "",
            settings: "{}",
            types: "[m7g.large, m6g.large]",
            replicas: 2,
            annotations: "{}",
            events: "[]",
            market: "{spot: {model: calm}}",
        }
    }
}

impl Fleet {
    /// The NodePool, in flow style.
    pub(crate) fn node_pool(&self) -> String {
        let Self {
            pool,
            disruption,
            template,
            labels,
            capacity_types,
            types,
            ..
        } = self;
        format!(
            "{{apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {{name: pool}}, spec: {{{pool} disruption: {disruption}, \
             template: {{metadata: {{labels: {labels}}}, spec: {{{template} \
             nodeClassRef: {{group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}}, requirements: [\
             {{key: karpenter.sh/capacity-type, operator: In, values: {capacity_types}}}, \
             {{key: node.kubernetes.io/instance-type, operator: In, values: {types}}}]}}}}}}}}"
        )
    }

    /// The EC2NodeClass, in flow style.
    pub(crate) fn node_class(&self) -> String {
        format!(
            "{{apiVersion: karpenter.k8s.aws/v1, kind: EC2NodeClass, metadata: {{name: default}}, spec: {{\
             amiSelectorTerms: [{{alias: {}}}], role: fleet, subnetSelectorTerms: [{{tags: {{a: b}}}}], \
             securityGroupSelectorTerms: [{{tags: {{a: b}}}}], {}}}}}",
            self.alias, self.class
        )
    }

    /// Runs it.
    #[track_caller]
    pub(crate) fn run(&self) -> RunResult {
        karpsim::sim::run(&super::scenario(&self.to_string()), 1, |_| {})
    }
}

/// Runs a scenario under a seed and writes everything down.
pub(crate) fn recorded(scenario: &Scenario, seed: u64) -> (RunResult, Journal) {
    let end = SimTime::ZERO + scenario.duration;
    let journal = Journal::new(About::Everything);
    karpsim::sim::recorded(scenario, seed, journal, end, |_| {})
}

/// The text of the scenario.
impl fmt::Display for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            duration,
            settings,
            reservations,
            replicas,
            annotations,
            events,
            market,
            ..
        } = self;
        let (node_pool, node_class) = (self.node_pool(), self.node_class());
        write!(
            f,
            "apiVersion: karpsim/v1
name: fleet
start: 2026-06-15T00:00:00+05:30[Asia/Kolkata]
duration: {duration}
region: ap-south-1
cluster:
  name: fleet
  availabilityZones: [aps1-az1, aps1-az2]
  capacityReservations: {reservations}
  karpenter:
    settings: {settings}
    manifests:
      - {node_pool}
      - {node_class}
services:
  - name: web
    namespace: fleet
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: web}}
        spec:
          replicas: {replicas}
          selector: {{matchLabels: {{app: web}}}}
          template:
            metadata: {{labels: {{app: web}}, annotations: {annotations}}}
            spec: {{containers: [{{name: web, image: web, resources: {{requests: {{cpu: 1500m, memory: 2Gi}}}}}}]}}
traffic:
  background: [{{name: visits, rate: 0.01/s, journey: visit}}]
  journeys:
    visit: [{{call: {{service: web, cpu: 1ms}}}}]
events: {events}
market: {market}
"
        )
    }
}

/// Nodes that went for this reason.
pub(crate) fn ended<'r>(result: &'r RunResult, reason: &str) -> Vec<&'r NodeRecord> {
    let nodes = result.nodes.iter();
    nodes.filter(|node| node.end_reason == reason).collect()
}

/// A time of a record in seconds.
pub(crate) fn secs(micros: u64) -> u64 {
    micros / 1_000_000
}
