//! Where does the time of a request go? Scenes so small that the answer is known to the microsecond.
//!
//! Arrivals come from a trace, at seconds of our choosing, when every pod has long been ready.

use karpsim::metrics::RunResult;
use karpsim::metrics::attribution::{PARTS, Part};
use karpsim::sim;

use crate::lab::scenario_with_trace;

const MILLIS: u64 = 1_000;
const SECONDS: u64 = 1_000 * MILLIS;

/// A pod, what comes to it, and when.
#[derive(Clone, Copy, Debug)]
struct Scene {
    /// `Deployment.spec.template.spec.containers[0].resources`.
    resources: &'static str,
    /// `services[0].runtime`.
    runtime: &'static str,
    /// The only step of the journey.
    step: &'static str,
    /// Times of day at which somebody comes.
    arrivals: &'static [&'static str],
    /// Blocks that other scenes do not have.
    scaler: &'static str,
    consumes: &'static str,
    karpenter: &'static str,
    market: &'static str,
}

const SCENE: Scene = Scene {
    resources: "{requests: {cpu: 500m, memory: 256Mi}}",
    runtime: "{concurrency: 1}",
    step: "call: {service: pod, cpu: 100ms, wait: 50ms}",
    arrivals: &["10:00:00"],
    scaler: "",
    consumes: "",
    karpenter: "",
    market: "",
};

impl Scene {
    fn run(&self) -> RunResult {
        let Self {
            resources,
            runtime,
            step,
            scaler,
            consumes,
            karpenter,
            market,
            ..
        } = self;
        let queue = if consumes.is_empty() {
            ""
        } else {
            "queues: [{name: jobs, visibilityTimeout: 1h}]\n"
        };
        let text = format!(
            "apiVersion: karpsim/v1
name: scene
start: 2026-06-15T08:00:00+05:30[Asia/Kolkata]
duration: 6h
region: ap-south-1
cluster:
  name: scene
  availabilityZones: [aps1-az1]
  nodeGroups:
    - nodeGroupName: group
      instanceTypes: [c7g.large]
      scalingConfig: {{minSize: 1, desiredSize: 1, maxSize: 1}}
{karpenter}services:
  - name: pod
    namespace: scene
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: pod}}
        spec:
          selector: {{matchLabels: {{app: pod}}}}
          template:
            metadata: {{labels: {{app: pod}}}}
            spec:
              containers: [{{name: pod, image: pod:1, resources: {resources}}}]
{scaler}{consumes}    runtime: {runtime}
{queue}traffic:
  replay:
    path: trace.csv
    columns: {{time: at}}
    timezone: Asia/Kolkata
    journey: visit
  journeys:
    visit:
      - {step}
{market}"
        );
        let mut trace = "at\n".to_owned();
        for arrival in self.arrivals {
            trace += &format!("2026-06-15T{arrival}\n");
        }
        sim::run(&scenario_with_trace(&text, &trace), 1, |_| {})
    }

    /// The parts of all its requests together, which have all succeeded.
    #[track_caller]
    fn parts(&self) -> [u64; PARTS] {
        parts(&self.run(), self.arrivals.len())
    }
}

#[track_caller]
fn parts(run: &RunResult, requests: usize) -> [u64; PARTS] {
    let service = &run.services[0];
    assert_eq!(service.outcomes.succeeded, requests as u64);
    assert_eq!(service.outcomes.ended(), requests as u64);
    let total = &service.attribution.total_us;
    std::array::from_fn(|part| total[part])
}

/// So many microseconds by part, and nothing else.
fn only(expected: &[(Part, u64)]) -> [u64; PARTS] {
    let mut parts = [0; PARTS];
    for &(part, micros) in expected {
        parts[part as usize] = micros;
    }
    parts
}

#[test]
fn alone_a_request_takes_its_work_and_its_waits() {
    let run = SCENE.run();
    assert_eq!(parts(&run, 1), only(&[(Part::Service, 150 * MILLIS)]));
    assert_eq!(run.services[0].cpu_core_seconds, 0.1);
    assert_eq!(run.journeys[0].latency.count, 1);
}

#[test]
fn the_second_waits_for_the_first() {
    let scene = Scene {
        arrivals: &["10:00:00", "10:00:00", "10:00:01"],
        ..SCENE
    };
    let expected = only(&[
        (Part::Service, 450 * MILLIS),
        (Part::QueueWait, 150 * MILLIS),
    ]);
    assert_eq!(scene.parts(), expected);
}

#[test]
fn two_under_a_limit_of_one_core_slow_each_other_down() {
    let scene = Scene {
        resources: "{requests: {cpu: 500m, memory: 256Mi}, limits: {cpu: \"1\"}}",
        runtime: "{concurrency: 8}",
        arrivals: &["10:00:00", "10:00:00"],
        ..SCENE
    };
    // Each has half a core for 200 ms.
    let expected = only(&[
        (Part::Service, 300 * MILLIS),
        (Part::CpuContention, 200 * MILLIS),
    ]);
    assert_eq!(scene.parts(), expected);
}

#[test]
fn half_a_core_doubles_the_time_of_work_and_not_of_waits() {
    let scene = Scene {
        resources: "{requests: {cpu: 500m, memory: 256Mi}, limits: {cpu: 500m}}",
        ..SCENE
    };
    let expected = only(&[
        (Part::Service, 150 * MILLIS),
        (Part::CpuContention, 100 * MILLIS),
    ]);
    assert_eq!(scene.parts(), expected);
}

#[test]
fn four_on_two_cores_take_turns_although_nothing_limits_them() {
    let scene = Scene {
        runtime: "{concurrency: 8}",
        arrivals: &["10:00:00", "10:00:00", "10:00:00", "10:00:00"],
        ..SCENE
    };
    let run = scene.run();
    let expected = only(&[
        (Part::Service, 600 * MILLIS),
        (Part::CpuContention, 400 * MILLIS),
    ]);
    assert_eq!(parts(&run, 4), expected);
    // They kept each other waiting, all in one pod: no neighbour starved them.
    assert!(run.starvation.cpu.is_empty());
}

/// A call that is refused leaves no trace in the parts; the one that is served does.
#[test]
fn what_failed_has_no_latency() {
    let scene = Scene {
        runtime: "{concurrency: 1, queue: {limit: 0}}",
        arrivals: &["10:00:00", "10:00:00"],
        ..SCENE
    };
    let run = scene.run();
    let service = &run.services[0];
    assert_eq!(
        (service.outcomes.succeeded, service.outcomes.refused),
        (1, 1)
    );
    let total: u64 = service.attribution.total_us.iter().sum();
    assert_eq!(total, 150 * MILLIS);
}

/// A pool that buys spot alone.
const SPOT: &str = "  karpenter:
    manifests:
      - apiVersion: karpenter.sh/v1
        kind: NodePool
        metadata: {name: spot}
        spec:
          disruption: {consolidateAfter: Never}
          template:
            spec:
              expireAfter: Never
              nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
              requirements:
                - {key: karpenter.sh/capacity-type, operator: In, values: [spot]}
                - {key: node.kubernetes.io/instance-type, operator: In, values: [c7g.2xlarge]}
      - apiVersion: karpenter.k8s.aws/v1
        kind: EC2NodeClass
        metadata: {name: default}
        spec:
          amiSelectorTerms: [{alias: al2023@v20260901}]
          role: node
          subnetSelectorTerms: [{tags: {karpenter.sh/discovery: scene}}]
          securityGroupSelectorTerms: [{tags: {karpenter.sh/discovery: scene}}]
";

/// Jobs on pods that fit only Karpenter's nodes.
const JOB: Scene = Scene {
    resources: "{requests: {cpu: \"4\", memory: 1Gi}}",
    step: "enqueue: {queue: jobs, cpu: 10m}",
    consumes: "    consumes: jobs\n",
    karpenter: SPOT,
    market: "market: {spot: {model: calm}}\n",
    ..SCENE
};

/// The job is received at once, lost with its node when spot runs dry, and comes back when its visibility timeout is over: an hour after
/// it was received. Whom a drought hits is drawn; under this seed it is our node.
#[test]
fn a_job_lost_with_its_node_comes_back_after_the_visibility_timeout() {
    let scene = Scene {
        market: "market: {spot: {model: calm, droughts: [{from: 2h5m, for: 10m}]}}\n",
        ..JOB
    };
    let run = scene.run();
    assert_eq!((run.churn.interrupted, run.queues[0].redelivered), (1, 1));
    let expected = only(&[
        (Part::Service, 600 * SECONDS),
        (Part::Retry, 3_600 * SECONDS),
    ]);
    assert_eq!(parts(&run, 1), expected);
    assert!(run.services[0].cpu_core_seconds > 600.0);
}

/// The first job waits for a poll of KEDA, a node and a pod, and for nothing else.
#[test]
fn the_first_job_waits_for_a_pod_that_is_not_there() {
    let scene = Scene {
        scaler: "      - apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: pod}
        spec:
          scaleTargetRef: {name: pod}
          triggers: [{type: aws-sqs-queue, metadata: {queueURL: https://sqs/1/jobs, queueLength: \"1\"}}]
",
        ..JOB
    };
    let run = scene.run();
    let parts = parts(&run, 1);
    let [reaction, pending, launch, start] = [
        Part::AutoscalerReaction,
        Part::PodPending,
        Part::NodeLaunch,
        Part::PodStart,
    ]
    .map(|part| parts[part as usize]);
    let expected = only(&[
        (Part::Service, 600 * SECONDS),
        (Part::AutoscalerReaction, reaction),
        (Part::PodPending, pending),
        (Part::NodeLaunch, launch),
        (Part::PodStart, start),
    ]);
    assert_eq!(parts, expected);
    assert!((1..=30 * SECONDS).contains(&reaction), "{reaction}");
    assert!((1..=15 * SECONDS).contains(&pending), "{pending}");
    let node = run.nodes.iter().find(|node| node.layer == "NodePool spot");
    let node = node.expect("a node for the pod");
    let launched = node.ready_us.expect("a Ready node") - node.created_us;
    assert!(
        (launched..launched + 2 * SECONDS).contains(&launch),
        "{launch}"
    );
    assert!((1..=60 * SECONDS).contains(&start), "{start}");
}
