//! Small clusters in which one thing goes wrong.

/// A service on nodes of one NodePool.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// Type of a node that is there from the start, in a node group.
    pub(crate) group: Option<&'static str>,
    pub(crate) replicas: u32,
    /// `requests.cpu` of a pod.
    pub(crate) cpu: &'static str,
    /// More of the pod's metadata and of its spec, in flow style.
    pub(crate) metadata: &'static str,
    pub(crate) pod: &'static str,
    /// More of the NodePool's spec and of its template's.
    pub(crate) pool: &'static str,
    pub(crate) template: &'static str,
    pub(crate) types: &'static str,
    pub(crate) capacity_types: &'static str,
    pub(crate) budget: &'static str,
    pub(crate) expire_after: &'static str,
    /// `spec` of a PodDisruptionBudget without its selector.
    pub(crate) pdb: Option<&'static str>,
    /// Tolerations of a DaemonSet whose pods a PodDisruptionBudget lets never go.
    pub(crate) agent: Option<&'static str>,
    /// More of the pod's container.
    pub(crate) container: &'static str,
    pub(crate) droughts: &'static str,
}

/// Two pods that each fill an on-demand node; nothing is wrong but that there is nothing cheaper.
impl Default for Scene {
    fn default() -> Self {
        Self {
            group: None,
            replicas: 2,
            cpu: "1500m",
            metadata: "",
            pod: "",
            pool: "",
            template: "",
            types: "[c7g.large]",
            capacity_types: "[on-demand]",
            budget: "100%",
            expire_after: "Never",
            pdb: None,
            agent: None,
            container: "",
            droughts: "",
        }
    }
}

impl Scene {
    /// The text of the scenario: twenty minutes.
    pub(crate) fn yaml(&self) -> String {
        let Self {
            replicas,
            cpu,
            metadata,
            pod,
            pool,
            template,
            types,
            capacity_types,
            budget,
            expire_after,
            droughts,
            container,
            ..
        } = self;
        let (agent, agent_pdb) = self.agent.map_or_else(Default::default, agent);
        let pdb = self.pdb.map_or(String::new(), |spec| {
            format!(
                "
      - apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {{name: api}}
        spec: {{{spec}, selector: {{matchLabels: {{app: api}}}}}}"
            )
        });
        let group = self.group.map_or(String::new(), |kind| {
            format!(
                "
  nodeGroups:
    - nodeGroupName: baseline
      instanceTypes: [{kind}]
      scalingConfig: {{minSize: 1, desiredSize: 1, maxSize: 1}}"
            )
        });
        format!(
            "apiVersion: karpsim/v1
name: scene
start: 2026-06-15T09:00:00+05:30[Asia/Kolkata]
duration: 20m
region: ap-south-1
report: {{warmup: 0s, resolution: 10m}}
cluster:
  name: scene
  availabilityZones: [aps1-az1]{group}{agent}
  karpenter:
    settings: {{interruptionQueue: scene}}
    manifests:
      - apiVersion: karpenter.sh/v1
        kind: NodePool
        metadata: {{name: burst}}
        spec:
          disruption:
            consolidationPolicy: WhenEmptyOrUnderutilized
            consolidateAfter: 30s
            budgets: [{{nodes: \"{budget}\"}}]
          template:
            spec:
              expireAfter: {expire_after}
              nodeClassRef: {{group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}}
              requirements:
                - {{key: karpenter.sh/capacity-type, operator: In, values: {capacity_types}}}
                - {{key: node.kubernetes.io/instance-type, operator: In, values: {types}}}{template}{pool}
      - apiVersion: karpenter.k8s.aws/v1
        kind: EC2NodeClass
        metadata: {{name: default}}
        spec:
          amiSelectorTerms: [{{alias: al2023@v20260901}}]
          role: scene-node
          subnetSelectorTerms: [{{tags: {{karpenter.sh/discovery: scene}}}}]
          securityGroupSelectorTerms: [{{tags: {{karpenter.sh/discovery: scene}}}}]
services:
  - name: api
    namespace: town
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: api}}
        spec:
          replicas: {replicas}
          selector: {{matchLabels: {{app: api}}}}
          template:
            metadata: {{labels: {{app: api}}{metadata}}}
            spec: {{containers: [{{name: api, image: api:1, resources: {{requests: {{cpu: {cpu}, memory: 256Mi}}}}{container}}}]{pod}}}{pdb}{agent_pdb}
traffic:
  background: [{{name: citizens, rate: 1/m, journey: visit}}]
  journeys:
    visit:
      - call: {{service: api, cpu: 10ms}}
market: {{spot: {{interruptionScale: 0, droughts: [{droughts}]}}}}
"
        )
    }
}

/// A DaemonSet with these tolerations, and its PodDisruptionBudget.
fn agent(tolerations: &str) -> (String, String) {
    let pods =
        "metadata: {labels: {app: agent}}, spec: {containers: [{name: agent, image: agent:1}]";
    let daemon_set = format!(
        "
  manifests:
    - apiVersion: apps/v1
      kind: DaemonSet
      metadata: {{name: agent, namespace: town}}
      spec:
        selector: {{matchLabels: {{app: agent}}}}
        template: {{{pods}, tolerations: {tolerations}}}}}"
    );
    let pdb = "
      - apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: agent}
        spec: {maxUnavailable: 0, selector: {matchLabels: {app: agent}}}";
    (daemon_set, pdb.to_owned())
}
