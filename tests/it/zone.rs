//! A zone goes dark, and its nodes die without a word: who notices when.

use karpsim::metrics::RunResult;
use karpsim::sim;

use crate::lab::scenario;

/// Six pods behind a load balancer on three nodes in two zones; something happens after half an hour. A bucket of the series is a second.
fn town(events: &str) -> RunResult {
    let text = format!(
        "apiVersion: karpsim/v1
name: failure
start: 2026-06-15T09:00:00+05:30[Asia/Kolkata]
duration: 1h
region: ap-south-1
report: {{resolution: 1s}}
cluster:
  name: lab
  availabilityZones: [aps1-az1, aps1-az2]
  nodeGroups:
    - {{nodeGroupName: lab, instanceTypes: [m7g.large], scalingConfig: {{minSize: 3, desiredSize: 3, maxSize: 3}}}}
services:
  - name: api
    namespace: citizen
    ingress: {{kind: alb}}
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: api}}
        spec:
          replicas: 6
          selector: {{matchLabels: {{app: api}}}}
          template:
            metadata: {{labels: {{app: api}}}}
            spec:
              containers:
                - {{name: api, image: api:1, resources: {{requests: {{cpu: 500m, memory: 256Mi}}}}}}
    runtime: {{concurrency: 8}}
events: {events}
traffic:
  background: [{{name: citizens, rate: 20/s, journey: visit}}]
  journeys:
    visit: [{{call: {{service: api, cpu: 20ms, timeout: 2s}}}}]
"
    );
    sim::run(&scenario(&text), 3, |_| {})
}

const HALF_HOUR: usize = 1_800;

/// Seconds from the event to the first bucket after it in which something holds.
fn first(series: &[u32], holds: impl Fn(u32) -> bool) -> usize {
    let after = series[HALF_HOUR..].iter();
    let place = after.copied().position(holds);
    place.expect("it happens")
}

#[test]
fn a_silent_death_is_noticed_in_steps() {
    let run = town("[{at: 30m, zoneLoss: {zone: aps1-az2, for: 40m}}]");
    let dead: Vec<_> = run
        .nodes
        .iter()
        .filter(|node| node.end_reason == "zone lost")
        .collect();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].ended_us, Some(1_800_000_000));
    // The Auto Scaling group misses its instance at once, ...
    let new = &run.nodes[3];
    let replaced = new.created_us as f64 / 1e6 - 1_800.0;
    assert!((10.0..=40.0).contains(&replaced), "{replaced}");
    // ... Kubernetes calls the node Unknown after 40 to 55 seconds, and its pods are replaced after 80 to 140.
    let ready = &run.series.services[0].ready;
    let unknown = first(ready, |ready| ready < 6);
    assert!((40..=56).contains(&unknown), "{unknown}");
    let lost = run.churn.pods_lost;
    assert!(lost >= 1);
    assert_eq!(run.churn.pods_scheduled, 6 + lost);
    let whole = unknown + first(&ready[unknown..], |ready| ready == 6);
    assert!((80..=160).contains(&whole), "{whole}");
    // Callers wait in vain until the load balancer's checks have failed, 20 to 35 seconds.
    let outcomes = run.services[0].outcomes;
    assert!(outcomes.timed_out > 50, "{outcomes:?}");
    let early = outcomes.no_target; // before the first pods were there
    let ended = outcomes.succeeded + outcomes.timed_out + early;
    assert_eq!(ended + outcomes.in_flight, run.arrivals);
    let failed = &run.series.services[0].failed;
    let last = failed
        .iter()
        .rposition(|&failed| failed > 0)
        .expect("failures");
    assert!((20..=38).contains(&(last - HALF_HOUR)), "{last}");
}

#[test]
fn a_dark_zone_takes_its_nodes_and_no_new_ones() {
    let run = town("[{at: 30m, zoneLoss: {zone: aps1-az1, for: 40m}}]");
    let dead: Vec<_> = run
        .nodes
        .iter()
        .filter(|node| node.end_reason == "zone lost")
        .collect();
    assert!(!dead.is_empty() && dead.iter().all(|node| node.zone == "aps1-az1"));
    let new: Vec<_> = run
        .nodes
        .iter()
        .filter(|node| node.created_us > 0)
        .collect();
    assert_eq!(new.len(), dead.len());
    assert!(new.iter().all(|node| node.zone == "aps1-az2"));
    assert_eq!(run.series.services[0].ready.last(), Some(&6));
    assert_eq!(run.churn.pods_lost, run.churn.pods_scheduled - 6);
}
