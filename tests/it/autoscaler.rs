//! Cluster Autoscaler in a run: a node group follows the pods that wait, up to its maximum and back to its minimum.

use karpsim::metrics::RunResult;
use karpsim::sim;

use crate::lab::scenario;

/// Jobs of a minute come until 18:00, an hour long; each node of the burst group has room for one worker.
fn town(arguments: &str) -> RunResult {
    let text = format!(
        "apiVersion: karpsim/v1
name: jobs
start: 2026-06-15T17:00:00+05:30[Asia/Kolkata]
duration: 6h
region: ap-south-1
cluster:
  name: lab
  availabilityZones: [aps1-az1, aps1-az2]
  nodeGroups:
    - {{nodeGroupName: burst, instanceTypes: [m7g.large], scalingConfig: {{minSize: 1, desiredSize: 1, maxSize: 4}}}}
{arguments}
services:
  - name: worker
    namespace: async
    consumes: jobs
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: worker}}
        spec:
          selector: {{matchLabels: {{app: worker}}}}
          template:
            metadata: {{labels: {{app: worker}}}}
            spec:
              containers:
                - {{name: worker, image: worker:1, resources: {{requests: {{cpu: 1500m, memory: 1Gi}}}}}}
      - apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {{name: worker}}
        spec:
          scaleTargetRef: {{name: worker}}
          maxReplicaCount: 6
          triggers: [{{type: aws-sqs-queue, metadata: {{queueURL: https://sqs/1/jobs, queueLength: \"2\"}}}}]
queues: [{{name: jobs, visibilityTimeout: 30m}}]
traffic:
  background: [{{name: citizens, rate: 20/h, profile: office-hours, journey: visit}}]
  journeys:
    visit: [{{enqueue: {{queue: jobs, times: 3, cpu: 60s}}}}]
"
    );
    sim::run(&scenario(&text), 11, |_| {})
}

fn most_nodes(run: &RunResult) -> u32 {
    let (_, nodes) = &run.series.nodes[0];
    nodes.iter().copied().max().unwrap_or(0)
}

#[test]
fn a_group_grows_for_pods_that_wait_and_shrinks_when_nobody_needs_it() {
    let run = town("  clusterAutoscaler: {}");
    let queue = &run.queues[0];
    assert!(queue.sent > 100 && queue.completed == queue.sent);
    assert_eq!(most_nodes(&run), 4);
    let (_, nodes) = &run.series.nodes[0];
    assert_eq!(nodes.last(), Some(&1));
    let gone: Vec<_> = run
        .nodes
        .iter()
        .filter(|node| node.ended_us.is_some())
        .collect();
    assert!(gone.len() >= 3);
    for node in &gone {
        assert_eq!(node.end_reason, "empty");
        let (ready, ended) = (node.ready_us.unwrap(), node.ended_us.unwrap());
        assert!(ended - ready > 600_000_000, "{} lived too short", node.name);
    }
    // A scan, the Auto Scaling group's own pace and a launch: no sooner than the group can act, and within two minutes of the first pod.
    let second = &run.nodes[1];
    assert!(second.created_us > 10_000_000);
    assert!(second.ready_us.unwrap() - second.created_us < 120_000_000);
    assert_eq!(run.churn.emptied, gone.len() as u64);
}

#[test]
fn a_group_without_cluster_autoscaler_keeps_its_size() {
    let run = town("");
    assert_eq!(most_nodes(&run), 1);
    assert_eq!(run.nodes.len(), 1);
    assert!(run.queues[0].age.p95_us > 600_000_000);
}

#[test]
fn scaling_down_can_be_switched_off() {
    let run = town("  clusterAutoscaler: {extraArgs: {scale-down-enabled: false}}");
    assert_eq!(most_nodes(&run), 4);
    assert!(run.nodes.iter().all(|node| node.ended_us.is_none()));
}
