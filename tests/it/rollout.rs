//! A Deployment gets a new image in the middle of a run.

use karpsim::metrics::RunResult;
use karpsim::sim;

use crate::lab::scenario;

/// Ten pods behind a load balancer that roll out after half an hour; a bucket of the series is five seconds.
fn town(strategy: &str, pod: &str, events: &str) -> RunResult {
    let text = format!(
        "apiVersion: karpsim/v1
name: rollout
start: 2026-06-15T09:00:00+05:30[Asia/Kolkata]
duration: 1h
region: ap-south-1
report: {{resolution: 5s}}
cluster:
  name: lab
  availabilityZones: [aps1-az1]
  nodeGroups:
    - {{nodeGroupName: lab, instanceTypes: [m7g.2xlarge], scalingConfig: {{minSize: 2, desiredSize: 2, maxSize: 2}}}}
services:
  - name: api
    namespace: citizen
    ingress: {{kind: alb}}
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: api}}
        spec:
          replicas: 10
          {strategy}
          selector: {{matchLabels: {{app: api}}}}
          template:
            metadata: {{labels: {{app: api}}}}
            spec:
              containers:
                - name: api
                  image: api:1
                  resources: {{requests: {{cpu: 500m, memory: 256Mi}}}}
                  readinessProbe: {{periodSeconds: 5}}
                  {pod}
    runtime: {{concurrency: 8, startup: {{image: 100M, warmup: 6s}}}}
events: {events}
traffic:
  background: [{{name: citizens, rate: 40/s, journey: visit}}]
  journeys:
    visit: [{{call: {{service: api, cpu: 20ms, wait: 30ms, timeout: 5s}}}}]
"
    );
    sim::run(&scenario(&text), 3, |_| {})
}

const ROLLOUT: &str = "[{at: 30m, rollout: {service: api}}]";
const DRAINS: &str = "lifecycle: {preStop: {sleep: {seconds: 20}}}";
/// The bucket of the series that begins with the rollout.
const BEGINS: usize = 360;

fn ready(run: &RunResult) -> &[u32] {
    &run.series.services[0].ready[BEGINS..]
}

/// Nobody fails but those who came before the first pods were there, and so many.
#[track_caller]
fn everybody_is_answered_but(run: &RunResult, reset: u64) {
    let outcomes = run.services[0].outcomes;
    let early = outcomes.no_target;
    assert!(early < 40 * 60, "{early} found no pod");
    let late = &run.series.services[0].failed[60..];
    assert_eq!(late.iter().sum::<u64>(), reset);
    assert_eq!(
        outcomes.succeeded + outcomes.in_flight + early + reset,
        run.arrivals
    );
}

#[test]
fn a_rolling_update_replaces_every_pod_within_its_bounds() {
    let run = town("", DRAINS, ROLLOUT);
    assert_eq!(run.churn.pods_scheduled, 20);
    // A quarter of ten: surge 3, rounded up; unavailable 2, rounded down.
    assert_eq!(ready(&run).iter().min(), Some(&8));
    assert!(ready(&run).iter().max() <= Some(&13));
    assert_eq!(ready(&run).last(), Some(&10));
    everybody_is_answered_but(&run, 0);
}

#[test]
fn without_a_pre_stop_hook_the_load_balancer_is_behind() {
    let run = town("", "", ROLLOUT);
    let outcomes = run.services[0].outcomes;
    assert!(outcomes.reset > 20, "{outcomes:?}");
    everybody_is_answered_but(&run, outcomes.reset);
}

#[test]
fn no_surge_and_one_at_a_time_is_slow_and_never_above() {
    let strategy = "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}";
    let run = town(strategy, DRAINS, ROLLOUT);
    assert_eq!(run.churn.pods_scheduled, 20);
    assert_eq!(ready(&run).iter().min(), Some(&9));
    assert_eq!(ready(&run).iter().max(), Some(&10));
    let slow = ready(&run).iter().filter(|&&ready| ready < 10).count();
    let fast = town("", DRAINS, ROLLOUT);
    assert!(slow > ready(&fast).iter().filter(|&&ready| ready != 10).count());
}

#[test]
fn recreate_is_an_outage() {
    let run = town("strategy: {type: Recreate}", DRAINS, ROLLOUT);
    assert_eq!(ready(&run).iter().min(), Some(&0));
    assert!(run.services[0].outcomes.no_target > 0);
    assert_eq!(ready(&run).last(), Some(&10));
}

#[test]
fn nothing_rolls_without_an_event() {
    let run = town("", DRAINS, "[]");
    assert_eq!(run.churn.pods_scheduled, 10);
    assert!(ready(&run).iter().all(|&ready| ready == 10));
}
