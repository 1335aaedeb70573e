//! Single machines in trouble: what AWS announces, and nodes that fall ill.

use karpsim::metrics::RunResult;
use karpsim::metrics::result::NodeRecord;

use crate::lab::fleet::{Fleet, ended, secs};

const HOUR: u64 = 3_600;

/// Two busy nodes to which this happens.
fn run(settings: &'static str, event: &str) -> RunResult {
    let events = format!("[{{at: 1h, {event}}}]");
    Fleet {
        duration: "3h",
        settings,
        events: Box::leak(events.into_boxed_str()),
        ..Fleet::default()
    }
    .run()
}

const QUEUE: &str = "{interruptionQueue: fleet}";

fn end(node: &NodeRecord) -> u64 {
    secs(node.ended_us.unwrap())
}

#[test]
fn a_scheduled_change_drains_at_once_and_is_not_heard_without_a_queue() {
    let event = "interruption: {kind: scheduledChange, nodePool: pool, nodes: 2}";
    let result = run(QUEUE, event);
    let gone = ended(&result, "scheduled_change");
    assert_eq!(gone.len(), 2);
    for node in gone {
        assert!((HOUR + 5..HOUR + 40).contains(&end(node)));
    }
    // Demand is there with the first second of the drain, not with its end.
    assert!(secs(result.nodes[2].created_us) <= HOUR + 2);
    assert_eq!(run("{}", event).nodes.len(), 2);
}

#[test]
fn a_rebalance_recommendation_is_not_followed() {
    let event = "interruption: {kind: rebalanceRecommendation, nodePool: pool, nodes: 2}";
    assert_eq!(run(QUEUE, event).nodes.len(), 2);
}

#[test]
fn a_failed_status_check_ends_a_node_by_force_even_without_a_queue() {
    let event = "interruption: {kind: systemStatus, nodePool: pool}";
    let fleet = Fleet {
        duration: "3h",
        annotations: "{karpenter.sh/do-not-disrupt: \"true\"}",
        events: Box::leak(format!("[{{at: 1h, {event}}}]").into_boxed_str()),
        ..Fleet::default()
    };
    let result = fleet.run();
    let [gone] = ended(&result, "system_status")[..] else {
        panic!("{:?}", result.nodes)
    };
    // Two minutes impaired, a poll each minute, and no wait for the pod.
    assert!(
        (HOUR + 120..HOUR + 190).contains(&end(gone)),
        "{}",
        end(gone)
    );
}

#[test]
fn an_instance_that_somebody_ends_is_replaced() {
    let result = run(
        QUEUE,
        "interruption: {kind: instanceTerminated, nodePool: pool}",
    );
    let [gone] = ended(&result, "instance_terminated")[..] else {
        panic!("{:?}", result.nodes)
    };
    assert_eq!(end(gone), HOUR);
    assert_eq!(result.churn.pods_lost, 1);
    assert_eq!(result.nodes.len(), 3);
}

#[test]
fn pods_of_a_silent_node_come_back_elsewhere_after_six_minutes() {
    let result = run("{}", "nodeFailure: {nodePool: pool}");
    assert_eq!(result.churn.pods_lost, 1);
    let replaced = secs(result.nodes[2].created_us);
    assert!((HOUR + 340..HOUR + 370).contains(&replaced), "{replaced}");
    assert_eq!(result.churn.repaired, 0, "the gate is closed");
}

#[test]
fn an_open_gate_repairs_a_silent_node_after_half_an_hour() {
    let gate = "{featureGates: {nodeRepair: true}}";
    let result = run(gate, "nodeFailure: {nodePool: pool}");
    let [gone] = ended(&result, "unhealthy")[..] else {
        panic!("{:?}", result.nodes)
    };
    let due = HOUR + 48 + 1_800;
    assert!((due - 10..due + 20).contains(&end(gone)), "{}", end(gone));
}

#[test]
fn accelerators_are_given_ten_minutes() {
    let gate = "{featureGates: {nodeRepair: true}}";
    let event = "nodeFailure: {nodePool: pool, condition: AcceleratedHardwareReady}";
    let result = run(gate, event);
    let [gone] = ended(&result, "unhealthy")[..] else {
        panic!("{:?}", result.nodes)
    };
    assert!(
        (HOUR + 600..HOUR + 640).contains(&end(gone)),
        "{}",
        end(gone)
    );
}

#[test]
fn nobody_is_repaired_while_too_many_are_ill() {
    let gate = "{featureGates: {nodeRepair: true}}";
    let event = "nodeFailure: {nodePool: pool, nodes: 2, condition: KernelReady}";
    assert_eq!(run(gate, event).churn.repaired, 0);
}
