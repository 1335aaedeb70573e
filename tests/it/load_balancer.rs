//! An Application Load Balancer at work: which code a citizen sees, and which pods get requests (spec/kubernetes.md 7.1).

use karpsim::metrics::RunResult;
use karpsim::sim;

use crate::lab::{said, scenario};

/// A service behind a load balancer, on two machines of two cores in one zone.
struct Town<'t> {
    annotations: &'t str,
    replicas: u32,
    pod: &'t str,
    runtime: &'t str,
    /// Of the one call of a visit.
    call: &'t str,
    rate: &'t str,
    events: &'t str,
    /// More services.
    others: &'t str,
}

impl Default for Town<'_> {
    fn default() -> Self {
        Self {
            annotations: "{}",
            replicas: 2,
            pod: "",
            runtime: "{concurrency: 4}",
            call: "cpu: 20ms",
            rate: "10/s",
            events: "[]",
            others: "",
        }
    }
}

impl Town<'_> {
    fn yaml(&self) -> String {
        let Self {
            annotations,
            replicas,
            pod,
            runtime,
            call,
            rate,
            events,
            others,
        } = self;
        format!(
            "apiVersion: karpsim/v1
name: town
start: 2026-06-15T17:00:00+05:30[Asia/Kolkata]
duration: 1h
region: ap-south-1
report: {{resolution: 1s}}
cluster:
  name: lab
  availabilityZones: [aps1-az1]
  nodeGroups:
    - {{nodeGroupName: lab, instanceTypes: [m7g.large], scalingConfig: {{minSize: 2, desiredSize: 2, maxSize: 2}}}}
services:
  - name: api
    namespace: citizen
    ingress: {{kind: alb, annotations: {annotations}}}
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: api}}
        spec:
          replicas: {replicas}
          selector: {{matchLabels: {{app: api}}}}
          template:
            metadata: {{labels: {{app: api}}}}
            spec:
              {pod}
              containers:
                - {{name: api, image: api:1, resources: {{requests: {{cpu: 10m, memory: 256Mi}}}}}}
    runtime: {runtime}
{others}events: {events}
traffic:
  background: [{{name: citizens, rate: {rate}, profile: office-hours, journey: visit}}]
  journeys:
    visit: [{{call: {{service: api, {call}}}}}]
"
        )
    }

    /// Nobody comes from 18:00 minus a bit on; every request has ended one way by the end.
    fn run(&self) -> RunResult {
        let run = sim::run(&scenario(&self.yaml()), 3, |_| {});
        let outcomes = run.services[0].outcomes;
        let codes = [
            outcomes.succeeded,
            outcomes.timed_out,
            outcomes.refused,
            outcomes.no_target,
            outcomes.reset,
            outcomes.gateway_timeout,
        ];
        assert_eq!(codes.iter().sum::<u64>() + outcomes.in_flight, run.arrivals);
        run
    }
}

/// Failures between two instants, in seconds.
fn failed(run: &RunResult, from: usize, to: usize) -> u64 {
    run.series.services[0].failed[from..to].iter().sum()
}

const OVERLOAD: Town<'static> = Town {
    annotations: "{}",
    replicas: 2,
    pod: "",
    runtime: "{concurrency: 1}",
    call: "cpu: 1s",
    rate: "4/s",
    events: "[]",
    others: "",
};

#[test]
fn who_gives_up_first_says_460_and_the_idle_timeout_504() {
    let waits = OVERLOAD.run().services[0].outcomes;
    assert!(waits.gateway_timeout > 1_000, "{waits:?}");
    assert_eq!(waits.timed_out, 0);
    let call = "cpu: 1s, timeout: 20s";
    let gives_up = Town { call, ..OVERLOAD }.run().services[0].outcomes;
    assert!(gives_up.timed_out > 1_000, "{gives_up:?}");
    assert_eq!(gives_up.gateway_timeout, 0);
    let annotations =
        "{alb.ingress.kubernetes.io/load-balancer-attributes: 'idle_timeout.timeout_seconds=10'}";
    let impatient = Town {
        annotations,
        call,
        ..OVERLOAD
    };
    let impatient = impatient.run().services[0].outcomes;
    assert_eq!(impatient.timed_out, 0);
    assert!(impatient.gateway_timeout > 1_000, "{impatient:?}");
}

#[test]
fn nobody_healthy_is_as_good_as_everybody() {
    // Both pods are far behind, fail their checks, and get requests all the same: nobody is told that there is no target.
    let run = OVERLOAD.run();
    let last = run.series.services[0].failed.len();
    let outcomes = run.services[0].outcomes;
    assert!(failed(&run, 120, last) > 1_000);
    // Those were here before the pods.
    let early = failed(&run, 0, 30);
    assert_eq!(outcomes.no_target, early, "{outcomes:?}");
}

/// A neighbour that takes a whole machine starves the pod that shares it.
const HOG: &str = "  - name: hog
    namespace: citizen
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {name: hog}
        spec:
          replicas: 1
          selector: {matchLabels: {app: hog}}
          template:
            metadata: {labels: {app: hog}}
            spec:
              containers:
                - {name: hog, image: hog:1, resources: {requests: {cpu: 1500m, memory: 256Mi}}}
    runtime: {concurrency: 8, threads: 2, idleCpu: 2}
";

#[test]
fn a_starved_target_is_left_alone() {
    let spread = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, \
                  labelSelector: {matchLabels: {app: api}}}]";
    let starved = |annotations| {
        let town = Town {
            annotations,
            pod: spread,
            call: "cpu: 50ms",
            others: HOG,
            ..Town::default()
        };
        let outcomes = town.run().services[0].outcomes;
        outcomes.failed() as f64 / outcomes.ended() as f64
    };
    let checked = starved("{}");
    let blind = starved(
        "{alb.ingress.kubernetes.io/healthcheck-interval-seconds: '300', alb.ingress.kubernetes.io/unhealthy-threshold-count: '10'}",
    );
    assert!(checked < 0.2, "{checked}");
    assert!(blind > 2.0 * checked, "{blind} and {checked}");
}

#[test]
fn a_dead_target_refuses_nobody_and_answers_nobody() {
    let events = "[{at: 10m, zoneLoss: {zone: aps1-az1, for: 5m}}]";
    let run = Town {
        events,
        call: "cpu: 20ms, wait: 5s",
        runtime: "{concurrency: 500}",
        ..Town::default()
    }
    .run();
    // Nobody can connect: 504 after 10 s. Those who were being answered wait for the idle timeout.
    assert_eq!(failed(&run, 600, 608), 0);
    let begins = (600..700).find(|&at| failed(&run, at, at + 1) > 0);
    assert_eq!(begins, Some(610));
    assert!(run.services[0].outcomes.gateway_timeout > 100);
    let deep = failed(&run, 655, 662);
    assert!(deep > 40, "{deep} of those in flight");
}

#[test]
fn the_deregistration_delay_cuts_long_answers_off() {
    let reset = |secs: u32| {
        let annotations = format!(
            "{{alb.ingress.kubernetes.io/target-group-attributes: 'deregistration_delay.timeout_seconds={secs}'}}"
        );
        let town = Town {
            annotations: &annotations,
            pod: "terminationGracePeriodSeconds: 600",
            call: "cpu: 1ms, wait: 50s",
            runtime: "{concurrency: 5000}",
            events: "[{at: 10m, rollout: {service: api}}]",
            ..Town::default()
        };
        town.run().services[0].outcomes.reset
    };
    assert!(reset(20) > 100);
    assert_eq!(reset(300), 0);
}

#[test]
fn mistakes_in_annotations_have_a_place() {
    let told = |annotations: &str| {
        let text = Town {
            annotations,
            ..Town::default()
        };
        said(&text.yaml())
    };
    for (annotations, message) in [
        (
            "{alb.ingress.kubernetes.io/target-group-attributes: 'slow_start.duration_seconds=10'}",
            "`slow_start.duration_seconds` is `10`",
        ),
        (
            "{alb.ingress.kubernetes.io/target-group-attributes: 'slow_strat.duration_seconds=60'}",
            "did you mean `slow_start.duration_seconds`?",
        ),
        (
            "{alb.ingress.kubernetes.io/target-group-attributes: \
             'slow_start.duration_seconds=60,load_balancing.algorithm.type=least_outstanding_requests'}",
            "slow start is not for `least_outstanding_requests`",
        ),
        (
            "{alb.ingress.kubernetes.io/target-group-attribute: 'slow_start.duration_seconds=60'}",
            "did you mean `target-group-attributes`?",
        ),
        (
            "{alb.ingress.kubernetes.io/healthcheck-timeout-seconds: '15'}",
            "a health check takes up to 15 s, every 15 s",
        ),
    ] {
        let told = told(annotations);
        assert!(told.contains(message), "{told}");
        assert!(told.contains("lab.yaml:15:"), "{told}");
    }
}
