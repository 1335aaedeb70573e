//! Scenarios as people write them, at random: what an export has to carry, with texts that YAML and HCL would rather read otherwise.

use proptest::prelude::*;
use proptest::sample::select;

/// Texts that are something else to a careless printer.
const TEXTS: [&str; 16] = [
    "plain",
    "yes",
    "No",
    "null",
    "~",
    "0x1f",
    "1e3",
    "012",
    "1_000",
    "2026-06-15",
    "${var.name}",
    "%{ if true }",
    "a: b # c",
    "quoted \"twice\" 'once' \\ back",
    "two\nlines\n",
    "वार्ड \u{a0}é",
];

/// A text as YAML: a JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}

fn texts() -> impl Strategy<Value = String> {
    select(&TEXTS[..]).prop_map(quoted)
}

fn maybe<T: std::fmt::Debug>(
    strategy: impl Strategy<Value = T>,
    written: impl Fn(T) -> String,
) -> impl Strategy<Value = String> {
    proptest::option::of(strategy).prop_map(move |value| value.map_or_else(String::new, &written))
}

/// A whole scenario.
pub(super) fn a_scenario() -> impl Strategy<Value = String> {
    let groups = proptest::collection::vec(a_node_group(), 1..3);
    let karpenter = maybe(a_karpenter(), |karpenter| karpenter);
    let services = proptest::collection::vec(a_service(), 1..4);
    let frontend = maybe(select(&["PriceClass_100", "PriceClass_200"][..]), |class| {
        format!(
            "frontend: {{bucket: town-site, priceClass: {class}, pageWeight: 900k, cacheHitRatio: 0.9}}\n"
        )
    });
    (groups, karpenter, texts(), services, frontend).prop_map(
        |(groups, karpenter, note, services, frontend)| {
            // Pods without a toleration have to go somewhere: the first group takes them all.
            let numbered = |(at, group): (usize, &String)| {
                let lines = group.lines().filter(|line| at > 0 || !line.contains("taints:"));
                let lines: String = lines.map(|line| format!("{line}\n")).collect();
                lines.replace("NAME", &format!("group-{at}"))
            };
            let groups: String = groups.iter().enumerate().map(numbered).collect();
            let manifests: String = services.iter().enumerate().map(|(at, s)| s.manifest(at)).collect();
            let queues: String = services.iter().enumerate().map(|(at, s)| s.queue(at)).collect();
            let queues = if queues.is_empty() { queues } else { format!("queues:\n{queues}") };
            let steps: String = services.iter().enumerate().map(|(at, s)| s.step(at)).collect();
            format!(
                "apiVersion: karpsim/v1\nname: town\nstart: 2026-06-15T00:00:00Z\nduration: 1h\nregion: ap-south-1\n\
                 cluster:\n  name: town\n  availabilityZones: [aps1-az1, aps1-az3]\n  nodeGroups:\n{groups}{karpenter}\
                 \u{20} manifests:\n    - {{apiVersion: v1, kind: Namespace, metadata: {{name: town, annotations: {{note: {note}}}}}}}\n\
                 services:\n{manifests}{frontend}{queues}\
                 traffic:\n  background: [{{name: visits, rate: 1/s, journey: visit}}]\n  journeys:\n    visit:\n{steps}"
            )
        },
    )
}

fn a_node_group() -> impl Strategy<Value = String> {
    let kind = select(
        &[
            ("AL2023_ARM_64_STANDARD", "[m7g.large, m6g.large]"),
            ("AL2023_x86_64_STANDARD", "[m7i.large]"),
            ("BOTTLEROCKET_ARM_64", "[c7g.xlarge]"),
        ][..],
    );
    let capacity = select(&["ON_DEMAND", "SPOT"][..]);
    let labels = maybe(
        select(&["{team: roads}", "{\"yes\": \"on\"}"][..]),
        |labels| format!("      labels: {labels}\n"),
    );
    let taint = maybe(
        select(&["NO_SCHEDULE", "PREFER_NO_SCHEDULE"][..]),
        |effect| format!("      taints: [{{key: team, value: roads, effect: {effect}}}]\n"),
    );
    (kind, capacity, 1..4_u32, 0..3_u32, 20..200_u32, labels, taint).prop_map(
        |((ami, types), capacity, least, more, disk, labels, taint)| {
            let most = least + more;
            format!(
                "    - nodeGroupName: NAME\n      amiType: {ami}\n      capacityType: {capacity}\n      instanceTypes: {types}\n      \
                 scalingConfig: {{minSize: {least}, desiredSize: {most}, maxSize: {most}}}\n      diskSize: {disk}\n{labels}{taint}"
            )
        },
    )
}

fn a_karpenter() -> impl Strategy<Value = String> {
    let version = select(&["1.14.1", "1.8.0"][..]);
    let queue = maybe(Just("town"), |queue| {
        format!("      interruptionQueue: {queue}\n")
    });
    let weight = maybe(1..100_u32, |weight| format!("          weight: {weight}\n"));
    let limits = maybe(8..400_u32, |cpu| {
        format!("          limits: {{cpu: \"{cpu}\", nodes: \"9\"}}\n")
    });
    let after = select(&["0s", "5m", "Never"][..]);
    let budget = select(&["10%", "0", "3"][..]);
    (version, queue, weight, limits, after, budget, texts()).prop_map(
        |(version, queue, weight, limits, after, budget, note)| {
            format!(
                "\u{20} karpenter:
    version: {version}
    settings:
      batchIdleDuration: 2s
{queue}    manifests:
      - apiVersion: karpenter.k8s.aws/v1
        kind: EC2NodeClass
        metadata: {{name: default}}
        spec:
          role: town-node
          amiSelectorTerms: [{{alias: al2023@v20260601}}]
          subnetSelectorTerms: [{{tags: {{karpenter.sh/discovery: town}}}}]
          securityGroupSelectorTerms: [{{tags: {{karpenter.sh/discovery: town}}}}]
      - apiVersion: karpenter.sh/v1
        kind: NodePool
        metadata: {{name: burst, annotations: {{note: {note}}}}}
        spec:
{weight}{limits}          disruption: {{consolidationPolicy: WhenEmptyOrUnderutilized, consolidateAfter: {after}, budgets: [{{nodes: \"{budget}\"}}]}}
          template:
            spec:
              nodeClassRef: {{group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}}
              requirements: [{{key: karpenter.sh/capacity-type, operator: In, values: [spot]}}, {{key: karpenter.k8s.aws/instance-cpu, operator: Gt, values: [\"1\"]}}]
"
            )
        },
    )
}

/// A service in the town.
#[derive(Clone, Debug)]
pub(super) struct Service {
    scaling: Scaling,
    env: String,
    tag: &'static str,
    ingress: Option<&'static str>,
    budget: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
enum Scaling {
    Fixed(u32),
    Hpa(u32),
    Queue(Option<u32>),
}

fn a_service() -> impl Strategy<Value = Service> {
    let scaling = prop_oneof![
        (1..5_u32).prop_map(Scaling::Fixed),
        (1..90_u32).prop_map(Scaling::Hpa),
        proptest::option::of(1..9_u32).prop_map(Scaling::Queue),
    ];
    let ingress = select(
        &[
            "{kind: alb}",
            "{kind: alb, host: api.example.org, algorithm: least_outstanding_requests}",
            "{kind: alb, annotations: {alb.ingress.kubernetes.io/scheme: internal, \
             alb.ingress.kubernetes.io/target-group-attributes: 'slow_start.duration_seconds=30', \
             alb.ingress.kubernetes.io/healthcheck-interval-seconds: '10', team: roads}}",
        ][..],
    );
    let budget = select(&["minAvailable: 1", "maxUnavailable: 25%"][..]);
    (
        scaling,
        texts(),
        select(&["", ":3"][..]),
        proptest::option::of(ingress),
        proptest::option::of(budget),
    )
        .prop_map(|(scaling, env, tag, ingress, budget)| Service {
            scaling,
            env,
            tag,
            ingress,
            budget,
        })
}

impl Service {
    fn manifest(&self, at: usize) -> String {
        let Self { env, tag, .. } = self;
        let (replicas, scaler, consumes) = match self.scaling {
            Scaling::Fixed(replicas) => (format!("          replicas: {replicas}\n"), String::new(), String::new()),
            Scaling::Hpa(percent) => (
                String::new(),
                format!(
                    "      - apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {{name: s{at}}}
        spec:
          scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: s{at}}}
          minReplicas: 1
          maxReplicas: 4
          metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: {percent}}}}}}}]
"
                ),
                String::new(),
            ),
            Scaling::Queue(_) => (
                String::new(),
                format!(
                    "      - apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {{name: s{at}}}
        spec:
          scaleTargetRef: {{name: s{at}}}
          maxReplicaCount: 6
          triggers: [{{type: aws-sqs-queue, metadata: {{queueURL: q{at}, queueLength: \"5\", awsRegion: ap-south-1}}}}]
"
                ),
                format!("    consumes: q{at}\n"),
            ),
        };
        let budget = self.budget.map_or_else(String::new, |budget| {
            format!(
                "      - {{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {{name: s{at}}}, spec: {{{budget}, selector: {{matchLabels: {{app: s{at}}}}}}}}}\n"
            )
        });
        let ingress = self
            .way_in()
            .map_or_else(String::new, |ingress| format!("    ingress: {ingress}\n"));
        format!(
            "\u{20} - name: s{at}
    namespace: town
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: s{at}}}
        spec:
{replicas}          selector: {{matchLabels: {{app: s{at}}}}}
          template:
            metadata: {{labels: {{app: s{at}}}}}
            spec:
              containers: [{{name: main, image: example/s{at}{tag}, env: [{{name: NOTE, value: {env}}}], resources: {{requests: {{cpu: 100m, memory: 128Mi}}}}}}]
{scaler}{budget}{ingress}{consumes}"
        )
    }

    /// A worker of a queue has none.
    fn way_in(&self) -> Option<&'static str> {
        self.ingress
            .filter(|_| !matches!(self.scaling, Scaling::Queue(_)))
    }

    fn queue(&self, at: usize) -> String {
        let Scaling::Queue(received) = self.scaling else {
            return String::new();
        };
        let received =
            received.map_or_else(String::new, |count| format!(", maxReceiveCount: {count}"));
        format!("  - {{name: q{at}, visibilityTimeout: 45s{received}}}\n")
    }

    fn step(&self, at: usize) -> String {
        match self.scaling {
            Scaling::Queue(_) => format!("      - enqueue: {{queue: q{at}, cpu: 10ms}}\n"),
            _ => format!("      - call: {{service: s{at}, cpu: 1ms}}\n"),
        }
    }
}
