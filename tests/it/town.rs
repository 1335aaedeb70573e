//! Towns at random: few numbers, and the scenario they make.

use proptest::prelude::*;
use proptest::sample::select;

/// Long enough for everybody to be served who came before the offices closed, forty minutes after the start.
const DURATION: &str = "3h";

/// A town with a web service under an HPA, workers under KEDA, and nodes by Karpenter.
#[derive(Clone, Debug)]
pub(crate) struct Town {
    pub(crate) seed: u64,
    pub(crate) citizens: Citizens,
    pub(crate) api: Api,
    pub(crate) worker: Worker,
    pub(crate) pool: Pool,
    pub(crate) duration: String,
    /// Of the time series; need not divide the duration.
    pub(crate) resolution: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Citizens {
    /// Arrivals a minute.
    rate: u32,
    timeout: Option<&'static str>,
    retries: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Api {
    cpu_millis: u32,
    limited: bool,
    concurrency: u32,
    queue_limit: Option<u32>,
    max_replicas: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Worker {
    cpu_millis: u32,
    max_replicas: u32,
    job_seconds: u32,
    visibility_seconds: u32,
    max_receive_count: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Pool {
    zones: usize,
    capacity_types: &'static str,
    policy: &'static str,
    consolidate_after: &'static str,
    expire_after: &'static str,
    /// How many times more often than in the world spot pools go down.
    interruption_scale: u32,
    /// Minute at which every spot pool goes down for a quarter of an hour.
    drought_minute: Option<u32>,
    pub(crate) interruptions_heard: bool,
}

/// A town in which everything happens: retries, redeliveries, scaling, consolidation, interruptions.
pub(crate) fn a_busy_town() -> Town {
    Town {
        seed: 1,
        citizens: Citizens {
            rate: 60,
            timeout: Some("2s"),
            retries: 2,
        },
        api: Api {
            cpu_millis: 900,
            limited: true,
            concurrency: 4,
            queue_limit: Some(50),
            max_replicas: 6,
        },
        worker: Worker {
            cpu_millis: 1_500,
            max_replicas: 8,
            job_seconds: 20,
            visibility_seconds: 60,
            max_receive_count: Some(3),
        },
        pool: Pool {
            zones: 3,
            capacity_types: "[spot, on-demand]",
            policy: "WhenEmptyOrUnderutilized",
            consolidate_after: "30s",
            expire_after: "1h",
            interruption_scale: 1_000,
            drought_minute: Some(30),
            interruptions_heard: true,
        },
        duration: DURATION.to_owned(),
        resolution: "1m",
    }
}

/// Any town.
pub(crate) fn a_town() -> impl Strategy<Value = Town> {
    let resolutions = select(vec!["30s", "47s", "1m", "7m", "1h"]);
    (
        any::<u64>(),
        citizens(),
        api(),
        worker(),
        pool(),
        resolutions,
    )
        .prop_map(|(seed, citizens, api, worker, pool, resolution)| Town {
            seed,
            citizens,
            api,
            worker,
            pool,
            duration: DURATION.to_owned(),
            resolution,
        })
}

fn citizens() -> impl Strategy<Value = Citizens> {
    let timeouts = select(vec![None, Some("300ms"), Some("2s")]);
    (5..80_u32, timeouts, 0..3_u32).prop_map(|(rate, timeout, retries)| Citizens {
        rate,
        timeout,
        retries,
    })
}

fn api() -> impl Strategy<Value = Api> {
    let limits = select(vec![None, Some(0), Some(5), Some(50)]);
    (200..2_500_u32, any::<bool>(), 1..9_u32, limits, 1..9_u32).prop_map(
        |(cpu_millis, limited, concurrency, queue_limit, max_replicas)| Api {
            cpu_millis,
            limited,
            concurrency,
            queue_limit,
            max_replicas,
        },
    )
}

fn worker() -> impl Strategy<Value = Worker> {
    let receives = select(vec![None, Some(1), Some(2), Some(5)]);
    (200..4_000_u32, 1..9_u32, 1..30_u32, 30..200_u32, receives).prop_map(
        |(cpu_millis, max_replicas, job_seconds, visibility_seconds, max_receive_count)| Worker {
            cpu_millis,
            max_replicas,
            job_seconds,
            visibility_seconds,
            max_receive_count,
        },
    )
}

fn pool() -> impl Strategy<Value = Pool> {
    let capacity_types = select(vec!["[spot]", "[on-demand]", "[spot, on-demand]"]);
    let policies = select(vec!["WhenEmpty", "WhenEmptyOrUnderutilized"]);
    let after = select(vec!["0s", "30s", "5m", "Never"]);
    let expiry = select(vec!["15m", "1h", "Never"]);
    let scales = select(vec![0_u32, 1, 1_000]);
    let droughts = prop::option::of(0..120_u32);
    let how = (capacity_types, policies, after, expiry);
    (1..4_usize, how, scales, droughts, any::<bool>()).prop_map(
        |(zones, how, interruption_scale, drought_minute, interruptions_heard)| Pool {
            zones,
            capacity_types: how.0,
            policy: how.1,
            consolidate_after: how.2,
            expire_after: how.3,
            interruption_scale,
            drought_minute,
            interruptions_heard,
        },
    )
}

fn optional<T: std::fmt::Display>(before: &str, value: Option<T>, after: &str) -> String {
    value.map_or(String::new(), |value| format!("{before}{value}{after}"))
}

impl Town {
    /// The same town on machines that nobody takes back.
    pub(crate) fn on_demand(mut self) -> Self {
        self.pool.capacity_types = "[on-demand]";
        self
    }

    /// The text of the scenario.
    pub(crate) fn yaml(&self) -> String {
        let Self {
            citizens,
            pool,
            duration,
            resolution,
            ..
        } = self;
        let zones = ["aps1-az1", "aps1-az2", "aps1-az3"][..pool.zones].join(", ");
        let heard = if pool.interruptions_heard {
            "town"
        } else {
            "\"\""
        };
        let drought = optional("{from: ", pool.drought_minute, "m, for: 15m}");
        let timeout = optional(", timeout: ", citizens.timeout, "");
        let call = format!(
            "service: api, cpu: {{lognormal: {{median: 60ms, p95: 200ms}}}}, wait: 20ms{timeout}, retry: {{attempts: {}, backoff: 1s}}",
            citizens.retries
        );
        format!(
            "apiVersion: karpsim/v1
name: town
start: 2026-06-15T17:20:00+05:30[Asia/Kolkata]
duration: {duration}
region: ap-south-1
report: {{resolution: {resolution}}}
cluster:
  name: town
  availabilityZones: [{zones}]
  nodeGroups:
    - nodeGroupName: baseline
      instanceTypes: [m7g.large]
      scalingConfig: {{minSize: 1, desiredSize: 1, maxSize: 1}}
  manifests:
    - apiVersion: apps/v1
      kind: DaemonSet
      metadata: {{name: agent, namespace: kube-system}}
      spec:
        selector: {{matchLabels: {{app: agent}}}}
        template:
          metadata: {{labels: {{app: agent}}}}
          spec:
            tolerations: [{{operator: Exists}}]
            containers: [{{name: agent, image: agent:1, resources: {{requests: {{cpu: 50m, memory: 64Mi}}}}}}]
  karpenter:
    settings: {{interruptionQueue: {heard}}}
    manifests:
      - apiVersion: karpenter.sh/v1
        kind: NodePool
        metadata: {{name: burst}}
        spec:
          disruption: {{consolidationPolicy: {policy}, consolidateAfter: {after}, budgets: [{{nodes: 50%}}]}}
          template:
            metadata: {{labels: {{workload: burst}}}}
            spec:
              expireAfter: {expire}
              nodeClassRef: {{group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}}
              requirements:
                - {{key: karpenter.sh/capacity-type, operator: In, values: {capacity_types}}}
                - {{key: karpenter.k8s.aws/instance-family, operator: In, values: [c7g, m7g]}}
      - apiVersion: karpenter.k8s.aws/v1
        kind: EC2NodeClass
        metadata: {{name: default}}
        spec:
          amiSelectorTerms: [{{alias: al2023@v20260901}}]
          role: town-node
          subnetSelectorTerms: [{{tags: {{karpenter.sh/discovery: town}}}}]
          securityGroupSelectorTerms: [{{tags: {{karpenter.sh/discovery: town}}}}]
services:
{api}{worker}traffic:
  background: [{{name: office, rate: {rate}/m, profile: office-hours, journey: complaint}}]
  journeys:
    complaint:
      - call: {{{call}, times: 2, think: 1s}}
      - enqueue:
          queue: worker
          cpu: {{exponential: {{mean: {job}s}}}}
          when: {{probability: 0.2}}
          then: [{{call: {{{call}}}}}]
      - later: {{after: 10m, steps: [{{call: {{{call}}}}}]}}
      - parallel: {{branches: [[{{call: {{{call}}}}}], [{{call: {{{call}}}}}, {{call: {{{call}}}}}]], when: {{probability: 0.3}}}}
market: {{spot: {{interruptionScale: {scale}, droughts: [{drought}]}}}}
",
            policy = pool.policy,
            after = pool.consolidate_after,
            expire = pool.expire_after,
            capacity_types = pool.capacity_types,
            scale = pool.interruption_scale,
            rate = citizens.rate,
            job = self.worker.job_seconds,
            api = self.api.yaml(),
            worker = self.worker.yaml(),
        )
    }
}

impl Api {
    fn yaml(&self) -> String {
        let cpu = self.cpu_millis;
        let limits = optional(", limits: {cpu: ", self.limited.then_some(cpu), "m}");
        let queue = optional(", queue: {limit: ", self.queue_limit, "}");
        format!(
            "  - name: api
    namespace: town
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: api}}
        spec:
          selector: {{matchLabels: {{app: api}}}}
          template:
            metadata: {{labels: {{app: api}}}}
            spec:
              containers: [{{name: api, image: api:1, resources: {{requests: {{cpu: {cpu}m, memory: 256Mi}}{limits}}}}}]
      - apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {{name: api}}
        spec:
          scaleTargetRef: {{kind: Deployment, name: api}}
          maxReplicas: {max}
          metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 50}}}}}}]
      - apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {{name: api}}
        spec: {{maxUnavailable: 1, selector: {{matchLabels: {{app: api}}}}}}
    ingress: {{kind: alb}}
    runtime: {{concurrency: {concurrency}{queue}, startup: {{warmup: 4s}}}}
",
            max = self.max_replicas,
            concurrency = self.concurrency,
        )
    }
}

impl Worker {
    fn yaml(&self) -> String {
        let receives = optional(", maxReceiveCount: ", self.max_receive_count, "");
        format!(
            "  - name: worker
    namespace: town
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: worker}}
        spec:
          selector: {{matchLabels: {{app: worker}}}}
          template:
            metadata: {{labels: {{app: worker}}}}
            spec:
              nodeSelector: {{workload: burst}}
              containers: [{{name: worker, image: worker:1, resources: {{requests: {{cpu: {cpu}m, memory: 512Mi}}}}}}]
      - apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {{name: worker}}
        spec:
          scaleTargetRef: {{name: worker}}
          maxReplicaCount: {max}
          cooldownPeriod: 120
          triggers: [{{type: aws-sqs-queue, metadata: {{queueURL: https://sqs/1/worker, queueLength: \"5\"}}}}]
    consumes: worker
queues:
  - {{name: worker, visibilityTimeout: {visibility}s{receives}}}
",
            cpu = self.cpu_millis,
            max = self.max_replicas,
            visibility = self.visibility_seconds,
        )
    }
}
