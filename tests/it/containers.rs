//! Containers that end while their pods stay: probes that lose patience, crashes, back-off.

use karpsim::metrics::RunResult;
use karpsim::sim;

use crate::lab::scenario;

/// One node of two cores with pods of a service and of a neighbour.
struct House {
    replicas: u32,
    resources: &'static str,
    /// More of the container.
    container: &'static str,
    runtime: &'static str,
    rate: &'static str,
    cpu: &'static str,
    /// Calls a second of the neighbour, each of ten seconds on eight cores.
    neighbour: &'static str,
    events: &'static str,
    duration: &'static str,
    version: &'static str,
}

impl Default for House {
    fn default() -> Self {
        Self {
            replicas: 1,
            resources: "resources: {requests: {cpu: 50m, memory: 256Mi}}",
            container: "",
            runtime: "concurrency: 4",
            rate: "2/s",
            cpu: "10ms",
            neighbour: "0.000001/s",
            events: "[]",
            duration: "20m",
            version: "1.36",
        }
    }
}

impl House {
    fn run(&self) -> RunResult {
        let Self {
            replicas,
            resources,
            container,
            runtime,
            rate,
            cpu,
            neighbour,
            events,
            duration,
            version,
        } = self;
        let text = format!(
            "apiVersion: karpsim/v1
name: house
start: 2026-06-15T09:00:00+05:30[Asia/Kolkata]
duration: {duration}
region: ap-south-1
report: {{resolution: 1s}}
cluster:
  name: lab
  kubernetesVersion: \"{version}\"
  availabilityZones: [aps1-az1]
  nodeGroups:
    - {{nodeGroupName: lab, instanceTypes: [m7g.large], scalingConfig: {{minSize: 1, desiredSize: 1, maxSize: 1}}}}
services:
  - name: api
    namespace: citizen
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
              containers:
                - name: api
                  image: api:1
                  ports: [{{name: http, containerPort: 8080}}, {{name: health, containerPort: 8081}}]
                  {resources}
                  {container}
    runtime: {{{runtime}}}
  - name: ai
    namespace: citizen
    workload:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: ai}}
        spec:
          selector: {{matchLabels: {{app: ai}}}}
          template:
            metadata: {{labels: {{app: ai}}}}
            spec:
              containers:
                - {{name: ai, image: ai:1, resources: {{requests: {{cpu: 1500m, memory: 256Mi}}}}}}
    runtime: {{concurrency: 2, threads: 8}}
events: {events}
traffic:
  background:
    - {{name: citizens, rate: {rate}, journey: visit}}
    - {{name: models, rate: {neighbour}, journey: ask}}
  journeys:
    visit: [{{call: {{service: api, cpu: {cpu}, timeout: 5s}}}}]
    ask: [{{call: {{service: ai, cpu: 80s}}}}]
"
        );
        sim::run(&scenario(&text), 3, |_| {})
    }
}

const LIVENESS: &str = "livenessProbe: {httpGet: {port: http}}";

#[test]
fn a_pod_that_has_its_cpu_answers_every_probe() {
    let run = House {
        container: LIVENESS,
        ..House::default()
    }
    .run();
    assert_eq!(run.services[0].container_ends.total(), 0);
    assert_eq!(run.services[0].outcomes.reset, 0);
}

/// The neighbour's weight is thirty times that of the api, whose requests need more than the rest.
fn starved(container: &'static str) -> RunResult {
    House {
        container,
        rate: "4/s",
        cpu: "100ms",
        neighbour: "1/s",
        ..House::default()
    }
    .run()
}

#[test]
fn a_starved_pod_is_killed_by_its_liveness_probe() {
    let run = starved(LIVENESS);
    let api = &run.services[0];
    assert!(api.container_ends.liveness_probe > 5, "{api:?}");
    assert_eq!(
        api.container_ends.total(),
        api.container_ends.liveness_probe
    );
    // What it works on when it is killed is lost.
    assert!(api.outcomes.reset > 0);
    let ended = api.outcomes;
    let all = ended.succeeded + ended.timed_out + ended.no_target + ended.reset + ended.in_flight;
    assert_eq!(
        all + run.services[1].outcomes.in_flight
            + run.services[1].outcomes.succeeded
            + run.services[1].outcomes.no_target,
        run.requests
    );
}

#[test]
fn who_answers_decides_whether_starvation_kills() {
    // A connection is accepted by the kernel, and a port of its own needs a millisecond of CPU and no slot.
    for probe in [
        "livenessProbe: {tcpSocket: {port: http}}",
        "livenessProbe: {httpGet: {port: health}}",
    ] {
        let run = starved(probe);
        assert_eq!(run.services[0].container_ends.total(), 0, "{probe}");
    }
}

#[test]
fn a_starved_pod_is_not_ready_while_it_starves() {
    let run = starved("readinessProbe: {httpGet: {port: 8080}}");
    let api = &run.services[0];
    assert_eq!(api.container_ends.total(), 0);
    assert!(api.ready_mean < 0.9, "{}", api.ready_mean);
    assert!(api.outcomes.no_target > 0);
}

/// Seconds at which the service had fewer pods Ready than the second before.
fn falls(run: &RunResult) -> Vec<usize> {
    let ready = &run.series.services[0].ready;
    (1..ready.len())
        .filter(|&at| ready[at] < ready[at - 1])
        .collect()
}

#[test]
fn crashes_are_followed_by_doubling_waits() {
    // A container that lives for two seconds and is ready as soon as it runs.
    let run = House {
        runtime: "concurrency: 4, crashAfter: 2s",
        rate: "1/h",
        duration: "1h",
        ..House::default()
    }
    .run();
    let falls = falls(&run);
    assert_eq!(run.services[0].container_ends.crashed as usize, falls.len());
    let gaps: Vec<_> = falls.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Back-offs of 0, 10, 20 ... 300 s, then always 300; a look at the pod may come half of that (and at most 30 s) later.
    for (gap, backoff) in gaps.iter().zip([0, 10, 20, 40, 80, 160, 300, 300, 300]) {
        let late = (backoff / 2).min(60) + 5;
        assert!((backoff + 1..=backoff + 3 + late).contains(gap), "{gaps:?}");
    }
    assert!(gaps.len() >= 9, "{gaps:?}");
}

#[test]
fn a_crash_that_the_scenario_tells_of_resets_what_is_in_flight() {
    let run = House {
        replicas: 3,
        cpu: "300ms",
        rate: "5/s",
        events: "[{at: 10m, crash: {service: api, pods: 2}}]",
        ..House::default()
    }
    .run();
    let api = &run.services[0];
    assert_eq!(api.container_ends.crashed, 2);
    assert!((1..=30).contains(&api.outcomes.reset), "{:?}", api.outcomes);
    let ready = &run.series.services[0].ready;
    assert_eq!((ready[598], ready[600], ready[605]), (3, 1, 3));
    // Pods stay: nothing is scheduled anew.
    assert_eq!(run.churn.pods_scheduled, 4);
}

#[test]
fn a_startup_that_takes_longer_than_the_probe_waits_never_ends() {
    let run = House {
        container: "startupProbe: {httpGet: {port: http}, periodSeconds: 5, failureThreshold: 4}",
        runtime: "concurrency: 4, startup: {warmup: 60s}",
        ..House::default()
    }
    .run();
    let api = &run.services[0];
    assert_eq!(api.ready_max, 0);
    assert!(
        api.container_ends.startup_probe > 5,
        "{:?}",
        api.container_ends
    );
    assert_eq!(api.outcomes.succeeded, 0);
    let patient = House {
        container: "startupProbe: {httpGet: {port: http}, periodSeconds: 5, failureThreshold: 14}",
        runtime: "concurrency: 4, startup: {warmup: 60s}",
        ..House::default()
    }
    .run();
    assert_eq!(patient.services[0].container_ends.total(), 0);
    assert_eq!(patient.services[0].ready_max, 1);
}

#[test]
fn without_a_readiness_probe_calls_come_before_the_process_answers() {
    let run = House {
        runtime: "concurrency: 4, startup: {warmup: 60s}",
        ..House::default()
    }
    .run();
    let reset = run.services[0].outcomes.reset;
    assert!((90..=150).contains(&reset), "{reset}");
    let probed = House {
        container: "readinessProbe: {httpGet: {port: http}}",
        runtime: "concurrency: 4, startup: {warmup: 60s}",
        ..House::default()
    }
    .run();
    assert_eq!(probed.services[0].outcomes.reset, 0);
}

#[test]
fn requests_that_take_more_memory_than_the_limit_have_the_container_killed() {
    let limited = "resources: {requests: {cpu: 50m, memory: 256Mi}, limits: {memory: 256Mi}}";
    let run = |per_request: &'static str| {
        House {
            resources: limited,
            runtime: per_request,
            rate: "20/s",
            cpu: "100ms",
            ..House::default()
        }
        .run()
    };
    // Four requests at once, and rarely fewer: 100 and 4 x 40 is more than 256 MiB, and 100 and 4 x 30 is not.
    let too_much = run("concurrency: 4, memory: {base: 100Mi, perRequest: 40Mi}");
    let api = &too_much.services[0];
    assert!(
        api.container_ends.oom_killed > 3,
        "{:?}",
        api.container_ends
    );
    assert_eq!(api.container_ends.total(), api.container_ends.oom_killed);
    assert!(api.outcomes.reset > 0);
    let enough = run("concurrency: 4, memory: {base: 100Mi, perRequest: 30Mi}");
    assert_eq!(enough.services[0].container_ends.total(), 0);
}

#[test]
fn a_leak_kills_a_container_every_so_many_requests() {
    let run = House {
        resources: "resources: {requests: {cpu: 50m, memory: 256Mi}, limits: {memory: 256Mi}}",
        runtime: "concurrency: 4, memory: {base: 56Mi, leak: 1Mi}",
        ..House::default()
    }
    .run();
    // A life takes 201 requests at two a second, and the pauses between lives double: of twenty minutes there are ten lives without them.
    let killed = run.services[0].container_ends.oom_killed;
    assert!((7..=8).contains(&killed), "{killed}");
}

#[test]
fn a_node_short_of_memory_evicts_who_exceeds_its_request_most() {
    // Each pod takes 4 GiB and asked for 256 MiB; 8 GiB have room for one.
    let run = House {
        replicas: 2,
        runtime: "concurrency: 4, memory: {base: 2Gi, leak: 4Mi}",
        ..House::default()
    }
    .run();
    assert!(run.churn.pods_pressured >= 1, "{:?}", run.churn);
    assert_eq!(run.churn.pods_lost, 0);
    // Of two, one is replaced each time, and the neighbour, who keeps what it asked for, stays.
    assert_eq!(run.churn.pods_scheduled, 3 + run.churn.pods_pressured);
}
