//! Capacity that is reserved is used before any other, and paid for in any case.

use karpsim::metrics::RunResult;
use karpsim::metrics::result::NodeRecord;

use crate::lab::fleet::{Fleet, ended, secs};

const HOUR: u64 = 3_600;
const TWO: &str = "[{id: cr-1a, instanceType: m7g.large, availabilityZone: aps1-az2, instanceCount: 2, tags: {team: town}}]";
const TWO_UNTIL_SIX: &str = "[{id: cr-1a, instanceType: m7g.large, availabilityZone: aps1-az2, instanceCount: 2, \
     endDate: \"2026-06-15T06:00:00+05:30\"}]";

/// Three pods that each fill a node, and a reservation of two.
fn three() -> Fleet {
    Fleet {
        replicas: 3,
        reservations: TWO,
        class: "capacityReservationSelectorTerms: [{tags: {team: \"*\"}}]",
        capacity_types: "[reserved, on-demand]",
        ..Fleet::default()
    }
}

fn bought<'r>(result: &'r RunResult, capacity_type: &str) -> Vec<&'r NodeRecord> {
    let nodes = result.nodes.iter();
    nodes
        .filter(|node| node.capacity_type == capacity_type)
        .collect()
}

#[test]
fn a_reservation_is_filled_first_and_the_rest_waits_for_the_next_pass() {
    let result = three().run();
    let (reserved, others) = (bought(&result, "reserved"), bought(&result, "on-demand"));
    assert_eq!((reserved.len(), others.len()), (2, 1));
    for node in &reserved {
        assert_eq!(
            (&*node.instance_type, &*node.zone),
            ("m7g.large", "aps1-az2")
        );
        assert!(node.created_us < others[0].created_us);
    }
    let gap = secs(others[0].created_us - reserved[0].created_us);
    assert!((2..=14).contains(&gap), "deferred once: {gap} s");
}

#[test]
fn reserved_capacity_is_charged_on_demand_used_or_not() {
    let result = three().run();
    let price = |layer: &str, item: &str| {
        let mut lines = result.cost.lines.iter();
        let line = lines.find(|line| line.layer == layer && line.item.starts_with(item));
        let line = line.unwrap_or_else(|| panic!("{item} in {:?}", result.cost.lines));
        (line.quantity, line.amount_nano_usd as f64)
    };
    let (used, used_cost) = price("NodePool pool", "m7g.large reserved");
    let (unused, unused_cost) = price("Unused reservations", "m7g.large reserved as cr-1a");
    assert!((used + unused - 48.0).abs() < 0.01, "{used} + {unused}");
    assert!((used_cost / used - unused_cost / unused).abs() < 1_000.0);
    let layers = &result.cost.layers;
    let layer = layers
        .iter()
        .find(|(name, _)| name == "Unused reservations");
    assert_eq!(layer.map(|(_, cost)| *cost as f64), Some(unused_cost));
}

#[test]
fn a_pool_that_does_not_allow_it_leaves_reserved_capacity_alone() {
    let result = Fleet {
        capacity_types: "[on-demand]",
        ..three()
    }
    .run();
    assert_eq!(bought(&result, "reserved").len(), 0);
    assert_eq!(result.nodes.len(), 3);
}

#[test]
fn nor_does_a_controller_whose_gate_is_shut() {
    let result = Fleet {
        settings: "{featureGates: {reservedCapacity: false}}",
        ..three()
    }
    .run();
    assert_eq!(bought(&result, "on-demand").len(), 3);
}

#[test]
fn when_it_ends_its_instances_run_on_demand() {
    let fleet = Fleet {
        reservations: TWO_UNTIL_SIX,
        class: "capacityReservationSelectorTerms: [{id: cr-1a}]",
        ..three()
    };
    let result = fleet.run();
    assert_eq!((result.nodes.len(), result.churn.drifted), (3, 0));
    assert_eq!(bought(&result, "on-demand").len(), 3);
    let unused = result.cost.lines.iter();
    let mut unused = unused.filter(|line| line.layer == "Unused reservations");
    assert!(
        unused.all(|line| line.quantity < 0.1),
        "only until it ended"
    );
}

#[test]
fn a_pool_of_nothing_but_reserved_and_spot_then_moves_to_spot() {
    let fleet = Fleet {
        replicas: 2,
        reservations: TWO_UNTIL_SIX,
        class: "capacityReservationSelectorTerms: [{id: cr-1a}]",
        capacity_types: "[reserved, spot]",
        ..three()
    };
    let result = fleet.run();
    let drifted = ended(&result, "drifted");
    assert_eq!(drifted.len(), 2);
    let moved = ended(&result, "running");
    assert!(moved.iter().all(|node| node.capacity_type == "spot"));
    let first = moved.iter().map(|node| secs(node.created_us)).min();
    assert!(first.is_some_and(|at| (6 * HOUR..6 * HOUR + 30).contains(&at)));
}

#[test]
fn a_class_that_selects_it_no_more_lets_its_nodes_drift() {
    let before = three();
    let after = Fleet {
        class: "",
        ..before.clone()
    };
    let event = format!("[{{at: 1h, apply: {}}}]", after.node_class());
    let fleet = Fleet {
        events: Box::leak(event.into_boxed_str()),
        ..before
    };
    let result = fleet.run();
    let drifted = ended(&result, "drifted");
    assert_eq!(drifted.len(), 2);
    assert!(drifted.iter().all(|node| node.capacity_type == "reserved"));
}
