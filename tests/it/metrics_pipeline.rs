//! What autoscalers hear, when they hear it, and what they do when they hear nothing.

use karpsim::metrics::result::ServiceResult;
use karpsim::sim;

use crate::lab::{Station, said, scenario};

/// The station with more objects beside its Deployment, more of its runtime, and events.
fn with(station: &Station, objects: &str, runtime: &str, events: &str) -> String {
    let text = station.yaml();
    let runtime = format!("\n{objects}    runtime: {{{runtime}, ");
    let text = text.replacen("\n    runtime: {", &runtime, 1);
    text.replacen("\ntraffic:", &format!("\nevents: {events}\ntraffic:"), 1)
}

fn hpa(metric: &str, max: u32) -> String {
    format!(
        "      - apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {{name: station}}
        spec:
          scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: station}}
          minReplicas: 1
          maxReplicas: {max}
          metrics: [{metric}]
"
    )
}

fn run(text: &str) -> ServiceResult {
    sim::run(&scenario(text), 1, |_| {}).services.remove(0)
}

/// How many pods are wanted, by second.
fn desired(text: &str) -> Vec<u32> {
    let result = sim::run(&scenario(text), 1, |_| {});
    result.series.services[0].desired.clone()
}

fn by_the_second() -> Station {
    Station {
        duration: "20m",
        resolution: "1s",
        ..Station::default()
    }
}

const MEMORY: &str = "{type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 50}}}";

#[test]
fn memory_scales_as_it_is_used() {
    // 200 MiB of 256 are 78 %, which is 1.56 of the target: two pods, and as many again each time, because memory does not divide.
    let text = with(
        &by_the_second(),
        &hpa(MEMORY, 5),
        "memory: {base: 200Mi}",
        "[]",
    );
    let most = desired(&text).into_iter().max();
    assert_eq!(most, Some(5));
    let text = with(
        &by_the_second(),
        &hpa(MEMORY, 5),
        "memory: {base: 120Mi}",
        "[]",
    );
    assert_eq!(desired(&text).into_iter().max(), Some(1));
}

#[test]
fn a_container_of_its_own_is_measured_by_its_own_request() {
    let metric = "{type: ContainerResource, containerResource: {name: memory, container: station, \
                  target: {type: Utilization, averageUtilization: 50}}}";
    let text = with(
        &by_the_second(),
        &hpa(metric, 3),
        "memory: {base: 200Mi}",
        "[]",
    );
    assert_eq!(desired(&text).into_iter().max(), Some(3));
    let other = text.replacen("container: station,", "container: sidecar,", 1);
    assert!(said(&other).contains("unknown container that serves `sidecar`"));
}

#[test]
fn memory_that_nobody_states_is_no_metric() {
    let told = said(&with(&by_the_second(), &hpa(MEMORY, 5), "threads: 1", "[]"));
    assert!(told.contains("the scenario does not say how much of it pods use"));
}

const CPU: &str =
    "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}";

/// Seconds from the start until more than one pod is wanted, with one pod of 500m that has work for all its time.
fn reaction(events: &str) -> usize {
    let busy = Station {
        rate: "20/s".to_owned(),
        cpu: "100ms".to_owned(),
        ..by_the_second()
    };
    let wanted = desired(&with(&busy, &hpa(CPU, 4), "threads: 1", events));
    wanted.iter().position(|&pods| pods > 1).expect("it scales")
}

#[test]
fn an_autoscaler_without_metrics_does_nothing() {
    let usual = reaction("[]");
    assert!((20..=90).contains(&usual), "{usual}");
    // metrics-server comes back empty: two readings of each pod have to come first.
    let late = reaction("[{at: 1s, metricsOutage: {source: metrics-server, for: 10m}}]");
    assert!((601 + 15..=601 + 90).contains(&late), "{late}");
}

fn keda(fallback: &str) -> String {
    format!(
        "      - apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {{name: station}}
        spec:
          scaleTargetRef: {{name: station}}
          minReplicaCount: 1
          maxReplicaCount: 10
          {fallback}
          triggers: [{{type: aws-sqs-queue, metadata: {{queueURL: \"https://sqs/jobs\", queueLength: \"5\", awsRegion: ap-south-1}}}}]
"
    )
}

#[test]
fn a_scaled_object_falls_back_while_its_queue_cannot_be_asked() {
    let station = Station {
        jobs: true,
        rate: "1/h".to_owned(),
        ..by_the_second()
    };
    let outage = "[{at: 5m, metricsOutage: {source: external-metrics, for: 5m}}]";
    let fallback = "fallback: {failureThreshold: 3, replicas: 6}";
    let wanted = desired(&with(&station, &keda(fallback), "threads: 1", outage));
    let up = wanted
        .iter()
        .position(|&pods| pods == 6)
        .expect("it falls back");
    // The fourth failure: the HPA asks every 15 seconds and the operator every 30.
    assert!((300 + 25..=300 + 75).contains(&up), "{up}");
    // When the queue answers again it takes the five minutes of the downscale stabilisation.
    let down = wanted.iter().rposition(|&pods| pods == 6).expect("it did");
    assert!((890..=930).contains(&down), "{down}");
    let none = desired(&with(&station, &keda(""), "threads: 1", outage));
    assert_eq!(none.into_iter().max(), Some(1));
}

#[test]
fn a_scale_in_takes_as_many_pods_as_it_says() {
    let crowd = Station {
        replicas: 10,
        rate: "1/h".to_owned(),
        ..by_the_second()
    };
    // Ten pods where four are allowed: the first sync of the autoscaler takes six at once, in the middle of whose going the
    // ReplicaSet is looked at again.
    let text = with(&crowd, &hpa(CPU, 4), "threads: 1", "[]");
    let result = sim::run(&scenario(&text), 1, |_| {});
    assert_eq!(result.churn.pods_scheduled, 10);
    let ready = &result.series.services[0].ready;
    assert!(
        ready[60..100].iter().all(|&pods| pods == 4),
        "{:?}",
        &ready[..100]
    );
    assert_eq!(run(&text).ready_max.max(4), 10);
}
