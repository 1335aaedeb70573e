//! The rules and arithmetic of spec/kubernetes.md 3.2 to 3.5, and those of 10.5 that concern KEDA.

use super::*;
use crate::api::Resource;
use crate::api::objects::autoscaling::ScaledObject;
use crate::kube::hpa::{Hpa, Inputs, Metric, Reading, ScalingRules};
use crate::kube::mistakes::Mistakes;

fn resolve(text: &str) -> Result<ScaledObjectSpec, Mistakes> {
    let object: ScaledObject = serde_json::from_str(text).unwrap();
    ScaledObjectSpec::from_object(&object)
}

/// A ScaledObject on one queue with these further fields of its spec.
fn on_queue(fields: &str) -> ScaledObjectSpec {
    let queue = r#"{"type": "aws-sqs-queue", "metadata":
        {"queueURL": "https://sqs.ap-south-1.amazonaws.com/123456789012/complaint-jobs"}}"#;
    resolve(&format!(
        r#"{{"metadata": {{"name": "worker"}}, "spec": {{{fields} "triggers": [{queue}]}}}}"#
    ))
    .unwrap()
}

fn at(secs: u64) -> SimTime {
    SimTime::from_secs(secs)
}

#[test]
fn an_object_gets_its_defaults() {
    let secs = SimDuration::from_secs;
    let expected = ScaledObjectSpec {
        polling: secs(30),
        cooldown: secs(300),
        initial_cooldown: secs(0),
        min: 0,
        max: 100,
        idle: None,
        triggers: vec![Trigger::Sqs(SqsTrigger {
            queue: "complaint-jobs".into(),
            target: 5,
            whole: false,
            activation: 0,
            in_flight: true,
            delayed: false,
        })],
        behavior: None,
        fallback: None,
    };
    assert_eq!(on_queue(""), expected);
}

#[test]
fn activation_wakes_to_the_minimum_or_one() {
    let wake = |fields| Keda::new(on_queue(fields), at(0)).poll(at(30), 0, &[Some(1)]);
    assert_eq!(wake(""), Some(1));
    assert_eq!(wake(r#""minReplicaCount": 3,"#), Some(3));
    let mut idle = Keda::new(
        on_queue(r#""minReplicaCount": 3, "idleReplicaCount": 1,"#),
        at(0),
    );
    assert_eq!(idle.poll(at(30), 1, &[Some(1)]), Some(3));
    assert_eq!(idle.poll(at(60), 3, &[Some(1)]), None);
}

#[test]
fn the_activation_threshold_is_strict() {
    let mut spec = on_queue("");
    spec.triggers = vec![Trigger::Sqs(SqsTrigger {
        queue: "q".into(),
        target: 5,
        whole: false,
        activation: 10,
        in_flight: true,
        delayed: false,
    })];
    let mut keda = Keda::new(spec, at(0));
    assert_eq!(keda.poll(at(0), 0, &[Some(10)]), None);
    assert_eq!(keda.poll(at(30), 0, &[Some(11)]), Some(1));
}

#[test]
fn deactivation_goes_from_any_number_straight_to_zero() {
    let mut keda = Keda::new(on_queue(""), at(0));
    assert_eq!(keda.poll(at(30), 40, &[Some(7)]), None);
    for poll in (60..=300).step_by(30) {
        assert_eq!(keda.poll(at(poll), 40, &[Some(0)]), None, "{poll} s");
    }
    // Exactly one cooldown after the last activity.
    assert_eq!(keda.poll(at(330), 40, &[Some(0)]), Some(0));
    assert_eq!(keda.poll(at(360), 0, &[Some(0)]), None);
}

#[test]
fn the_last_activity_is_kept_in_whole_seconds() {
    let mut keda = Keda::new(on_queue(""), at(0));
    let half = SimDuration::from_millis(500);
    assert_eq!(keda.poll(at(30) + half, 40, &[Some(7)]), None);
    assert_eq!(keda.poll(at(330) - half, 40, &[Some(0)]), None);
    assert_eq!(keda.poll(at(330), 40, &[Some(0)]), Some(0));
}

#[test]
fn without_activity_ever_the_initial_cooldown_counts() {
    let mut at_once = Keda::new(on_queue(""), at(100));
    assert_eq!(at_once.poll(at(100), 2, &[Some(0)]), Some(0));
    let mut patient = Keda::new(on_queue(r#""initialCooldownPeriod": 60,"#), at(100));
    assert_eq!(patient.poll(at(130), 2, &[Some(0)]), None);
    assert_eq!(patient.poll(at(160), 2, &[Some(0)]), Some(0));
}

#[test]
fn a_minimum_makes_the_cooldown_irrelevant() {
    let mut keda = Keda::new(on_queue(r#""minReplicaCount": 1,"#), at(0));
    for poll in (0..3_600).step_by(30) {
        assert_eq!(keda.poll(at(poll), 4, &[Some(0)]), None);
    }
    assert_eq!(keda.poll(at(3_600), 0, &[Some(0)]), Some(1));
}

#[test]
fn idle_workloads_keep_their_idle_replicas() {
    let mut keda = Keda::new(
        on_queue(r#""minReplicaCount": 2, "idleReplicaCount": 0,"#),
        at(0),
    );
    assert_eq!(keda.poll(at(0), 5, &[Some(1)]), None);
    assert_eq!(keda.poll(at(300), 5, &[Some(0)]), Some(0));
    assert_eq!(keda.poll(at(330), 0, &[Some(0)]), None);
}

#[test]
fn a_failed_source_freezes() {
    let mut spec = on_queue("");
    spec.triggers.push(spec.triggers[0].clone());
    let mut keda = Keda::new(spec, at(0));
    assert_eq!(keda.poll(at(0), 5, &[Some(1), Some(0)]), None);
    assert_eq!(keda.poll(at(600), 5, &[None, Some(0)]), None);
    // One active and one failed: neither put to sleep nor counted as activity ...
    assert_eq!(keda.poll(at(630), 5, &[None, Some(1)]), None);
    assert_eq!(keda.poll(at(660), 5, &[Some(0), Some(0)]), Some(0));
    // ... but it wakes.
    assert_eq!(keda.poll(at(690), 0, &[None, Some(1)]), Some(1));
}

#[test]
fn cpu_alone_is_always_active() {
    let text = r#"{"metadata": {"name": "w"}, "spec": {"minReplicaCount": 1, "triggers": [
        {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}]}}"#;
    let spec = resolve(text).unwrap();
    assert_eq!(spec.hpa().metrics, [Metric::Utilization(Resource::Cpu, 60)]);
    assert_eq!(Keda::new(spec, at(0)).poll(at(0), 0, &[None]), Some(1));
}

#[test]
fn the_hpa_never_sleeps() {
    let hpa = on_queue("").hpa();
    assert_eq!((hpa.min, hpa.max), (1, 100));
    assert_eq!(hpa.metrics, [Metric::AverageValue(5_000)]);
    assert_eq!(hpa.behavior, None);
    let behavior =
        r#""advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {}}}},"#;
    assert_eq!(
        on_queue(behavior).hpa().behavior.unwrap().up,
        ScalingRules::up()
    );
}

#[test]
fn a_queue_can_be_held_at_a_length_as_a_whole() {
    let text = r#"{"metadata": {"name": "w"}, "spec": {"triggers": [{"type": "aws-sqs-queue",
        "metricType": "Value", "metadata": {"queueURL": "jobs", "queueLength": "200"}}]}}"#;
    assert_eq!(
        resolve(text).unwrap().hpa().metrics,
        [Metric::Value(200_000)]
    );
}

/// One HPA sync on a queue of this length.
fn hpa_sync(hpa: &mut Hpa, now: SimTime, replicas: u32, length: u64) -> u32 {
    let inputs = Inputs {
        spec_replicas: replicas,
        status_replicas: replicas,
        pods: &[],
        readings: &[Reading::Total(Some(thousandths(length)))],
    };
    hpa.sync(now, &inputs).replicas
}

#[test]
fn from_zero_to_many() {
    // A burst of 1 000 messages: the poll makes one replica, the HPA the rest, whatever their
    // readiness.
    let mut keda = Keda::new(on_queue(""), at(0));
    let mut hpa = Hpa::new(keda.spec().hpa());
    assert_eq!(hpa_sync(&mut hpa, at(25), 0, 1_000), 0);
    let mut replicas = keda.poll(at(30), 0, &[Some(1_000)]).unwrap();
    let mut path = vec![replicas];
    for sync in 0..5 {
        replicas = hpa_sync(&mut hpa, at(40 + 15 * sync), replicas, 1_000);
        path.push(replicas);
    }
    assert_eq!(path, [1, 4, 8, 16, 32, 64]);
}

#[test]
fn in_flight_messages_protect_their_workers_only_if_counted_one_by_one() {
    let steady = |per_replica: u64| {
        let Trigger::Sqs(sqs) = on_queue("").triggers.remove(0) else {
            unreachable!()
        };
        let depth = QueueDepth {
            visible: 0,
            in_flight: 20,
            delayed: 0,
        };
        sqs.length(depth).div_ceil(per_replica)
    };
    assert_eq!(steady(1), 20);
    assert_eq!(steady(5), 4);
}

#[test]
fn what_counts_as_length() {
    let Trigger::Sqs(default) = on_queue("").triggers.remove(0) else {
        unreachable!()
    };
    let depth = QueueDepth {
        visible: 10,
        in_flight: 3,
        delayed: 2,
    };
    assert_eq!(default.length(depth), 13);
    assert_eq!(
        SqsTrigger {
            in_flight: false,
            ..default.clone()
        }
        .length(depth),
        10
    );
    assert_eq!(
        SqsTrigger {
            delayed: true,
            ..default
        }
        .length(depth),
        15
    );
}

#[test]
fn every_mistake_is_named_by_its_path() {
    let mistakes = resolve(
        r#"{"metadata": {"name": "w"}, "spec": {
            "minReplicaCount": 5, "maxReplicaCount": 3, "idleReplicaCount": 5,
            "pollingInterval": 0,
            "triggers": [
                {"type": "kafka"},
                {"type": "aws-sqs-queue", "metricType": "Utilization"},
                {"type": "aws-sqs-queue",
                    "metadata": {"queueLength": "0", "scaleOnInFlight": "yes"}},
                {"type": "cpu", "metadata": {"value": "60"}},
                {"type": "memory", "metricType": "AverageValue",
                    "metadata": {"value": "much"}}]}}"#,
    );
    let paths: Vec<_> = mistakes
        .unwrap_err()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    let expected = [
        "spec.maxReplicaCount",
        "spec.idleReplicaCount",
        "spec.pollingInterval",
        "spec.triggers[0].type",
        "spec.triggers[1].metricType",
        "spec.triggers[2].metadata.scaleOnInFlight",
        "spec.triggers[2].metadata.queueURL",
        "spec.triggers[2].metadata.queueLength",
        "spec.triggers[3].metricType",
        "spec.triggers[4].metadata.value",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn cpu_alone_cannot_start_from_zero() {
    let text = r#"{"metadata": {"name": "w"}, "spec": {"triggers": [
        {"type": "cpu", "metricType": "AverageValue", "metadata": {"value": "500m"}}]}}"#;
    assert_eq!(resolve(text).unwrap_err()[0].0, "spec.minReplicaCount");
}

const REPLICAS: Replicas = Replicas {
    wanted: 4,
    ready: 2,
};

/// The metrics of so many failures in a row, in thousandths.
fn failing(fields: &str, times: usize) -> Vec<Option<i64>> {
    let mut keda = Keda::new(on_queue(fields), at(0));
    (0..times)
        .flat_map(|_| keda.ask(&[None], REPLICAS))
        .collect()
}

#[test]
fn a_fallback_holds_its_replicas_after_more_failures_than_its_threshold() {
    let fallback = r#""fallback": {"failureThreshold": 2, "replicas": 6},"#;
    assert_eq!(
        failing(fallback, 4),
        [None, None, Some(30_000), Some(30_000)]
    );
    assert_eq!(failing("", 4), [None; 4]);
    let mut keda = Keda::new(on_queue(fallback), at(0));
    for value in [None, None, Some(7), None, None] {
        keda.ask(&[value], REPLICAS);
    }
    assert_eq!(
        keda.ask(&[None], REPLICAS),
        [Some(30_000)],
        "a success resets"
    );
}

#[test]
fn what_a_fallback_holds_is_a_matter_of_its_behavior() {
    for (behavior, at_six, at_two) in [
        ("static", 6, 2),
        ("currentReplicas", 4, 4),
        ("currentReplicasIfHigher", 6, 4),
        ("currentReplicasIfLower", 4, 2),
    ] {
        let held = |replicas: u32| {
            let fallback = format!(
                r#""fallback": {{"failureThreshold": 0, "replicas": {replicas}, "behavior": "{behavior}"}},"#
            );
            failing(&fallback, 1)[0].map(|metric| metric / 5_000)
        };
        assert_eq!(
            (held(6), held(2)),
            (Some(at_six), Some(at_two)),
            "{behavior}"
        );
    }
}

#[test]
fn a_trigger_that_falls_back_is_active() {
    let poll = |fields: &str, replicas| {
        let mut keda = Keda::new(on_queue(fields), at(0));
        keda.ask(&[None], REPLICAS);
        keda.poll(at(30), replicas, &[None])
    };
    let fallback = r#""fallback": {"failureThreshold": 0, "replicas": 3},"#;
    assert_eq!(poll(fallback, 0), Some(1));
    assert_eq!(poll("", 0), None);
    let patient = r#""fallback": {"failureThreshold": 1, "replicas": 3},"#;
    assert_eq!(poll(patient, 0), None);
}
