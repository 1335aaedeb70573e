//! A static NodePool keeps its number of nodes, whatever becomes of single ones.

use karpsim::metrics::result::NodeRecord;

use crate::lab::fleet::{Fleet, ended, secs};

const HOUR: u64 = 3_600;

/// Three nodes, of which pods need two.
fn fleet() -> Fleet {
    Fleet {
        pool: "replicas: 3, limits: {nodes: 4},",
        disruption: "{consolidateAfter: 0s, budgets: [{nodes: 100%}]}",
        settings: "{featureGates: {staticCapacity: true}}",
        ..Fleet::default()
    }
}

/// The fleet in which this is applied after an hour.
fn changed(after: &Fleet) -> Fleet {
    let event = format!("[{{at: 1h, apply: {}}}]", after.node_pool());
    Fleet {
        events: Box::leak(event.into_boxed_str()),
        ..fleet()
    }
}

fn alive(nodes: &[NodeRecord], at: u64) -> usize {
    let is_alive = |node: &&NodeRecord| {
        let end = node.ended_us.map_or(u64::MAX, secs);
        node.ready_us.is_some_and(|ready| secs(ready) <= at) && at < end
    };
    nodes.iter().filter(is_alive).count()
}

#[test]
fn it_is_there_from_the_start_and_never_consolidated() {
    let result = fleet().run();
    let created: Vec<u64> = result.nodes.iter().map(|node| node.created_us).collect();
    assert_eq!(created, [0, 0, 0]);
    assert!(result.nodes.iter().all(|node| node.end_reason == "running"));
    assert_eq!(result.nodes.iter().filter(|node| node.pods == 0).count(), 1);
}

#[test]
fn nothing_happens_behind_a_closed_gate() {
    let closed = Fleet {
        settings: "{}",
        ..fleet()
    };
    assert_eq!(closed.run().churn.claims_created, 0);
}

#[test]
fn a_smaller_number_takes_the_empty_node_first() {
    let result = changed(&Fleet {
        pool: "replicas: 2, limits: {nodes: 4},",
        ..fleet()
    })
    .run();
    let gone = ended(&result, "overprovisioned");
    assert_eq!((gone.len(), result.churn.overprovisioned), (1, 1));
    assert_eq!(gone[0].pods, 0);
    let end = secs(gone[0].ended_us.unwrap());
    assert!((HOUR + 5..HOUR + 8).contains(&end), "{end}");
}

#[test]
fn a_larger_number_grows_within_the_limit() {
    let result = changed(&Fleet {
        pool: "replicas: 9, limits: {nodes: 5},",
        ..fleet()
    })
    .run();
    let later: Vec<u64> = result.nodes[3..]
        .iter()
        .map(|n| secs(n.created_us))
        .collect();
    assert_eq!(later, [HOUR, HOUR]);
}

#[test]
fn nodes_that_end_are_made_up_for() {
    let result = Fleet {
        template: "expireAfter: 5h,",
        duration: "12h",
        ..fleet()
    }
    .run();
    let expired = ended(&result, "expired");
    assert_eq!(expired.len(), 6);
    // A node that drains takes a place of the four that are allowed, so that the next waits for it to be gone.
    for at in [HOUR, 4 * HOUR, 6 * HOUR, 9 * HOUR, 12 * HOUR - 1] {
        assert_eq!(alive(&result.nodes, at), 3, "at {at} s");
    }
}

#[test]
fn drift_replaces_one_by_one_within_the_limit() {
    let result = changed(&Fleet {
        labels: "{team: roads}",
        ..fleet()
    })
    .run();
    assert_eq!(result.churn.drifted, 3);
    assert_eq!(result.nodes.len(), 6);
    for minutes in 0..30 {
        let at = HOUR + minutes * 60;
        assert!((3..=4).contains(&alive(&result.nodes, at)), "at {at} s");
    }
}

#[test]
fn a_pool_does_not_turn_static() {
    let dynamic = Fleet {
        pool: "",
        ..fleet()
    };
    let event = format!("[{{at: 1h, apply: {}}}]", fleet().node_pool());
    let text = Fleet {
        events: Box::leak(event.into_boxed_str()),
        ..dynamic
    }
    .to_string();
    let said = crate::lab::said(&text);
    assert!(
        said.contains("turns a static pool into another, or back"),
        "{said}"
    );
}
