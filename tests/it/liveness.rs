//! Claims that come to nothing are given up, and old nodes go however long their pods take.

use crate::lab::fleet::{Fleet, ended, secs};

const HOUR: u64 = 3_600;

#[test]
fn a_claim_without_an_instance_is_given_up_after_five_minutes() {
    let result = Fleet {
        duration: "1h",
        market: "{spot: {model: calm}, latency: {launch: 6m}}",
        ..Fleet::default()
    }
    .run();
    assert!(result.nodes.is_empty());
    // Two claims each round: five minutes, then up to eleven seconds until the pods ask again.
    assert!(
        (20..=24).contains(&result.churn.timed_out),
        "{:?}",
        result.churn
    );
}

#[test]
fn a_claim_without_a_node_is_given_up_after_fifteen_minutes() {
    let result = Fleet {
        duration: "1h",
        market: "{spot: {model: calm}, latency: {registration: 20m}}",
        ..Fleet::default()
    }
    .run();
    let lost = ended(&result, "registration timeout");
    assert!(!lost.is_empty());
    for node in lost {
        assert_eq!(node.ready_us, None);
        assert_eq!(secs(node.ended_us.unwrap() - node.created_us), 900);
    }
}

#[test]
fn a_pod_may_ask_for_a_time_of_peace() {
    let result = Fleet {
        replicas: 1,
        duration: "6h",
        template: "expireAfter: 1h,",
        annotations: "{karpenter.sh/do-not-disrupt: 3h}",
        ..Fleet::default()
    }
    .run();
    let first = &result.nodes[0];
    let bound = secs(first.ready_us.unwrap());
    let end = secs(first.ended_us.unwrap());
    assert!(
        (bound + 3 * HOUR..bound + 3 * HOUR + 60).contains(&end),
        "{end}"
    );
    assert_eq!(first.end_reason, "expired");
    // Nobody knows when the pod will leave, so that nothing is bought for it before it does.
    assert!(secs(result.nodes[1].created_us) >= bound + 3 * HOUR);
}

#[test]
fn a_termination_grace_period_ends_the_peace() {
    let result = Fleet {
        replicas: 1,
        duration: "6h",
        template: "expireAfter: 1h, terminationGracePeriod: 10m,",
        annotations: "{karpenter.sh/do-not-disrupt: \"true\"}",
        ..Fleet::default()
    }
    .run();
    let end = secs(result.nodes[0].ended_us.unwrap());
    assert!((HOUR + 570..=HOUR + 605).contains(&end), "{end}");
}
