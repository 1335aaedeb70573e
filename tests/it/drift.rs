//! What changed is replaced: node by node, within the budget, after its replacement is there.

use crate::lab::fleet::{Fleet, ended, secs};

/// A day with two nodes in which this is applied after an hour.
fn changed(before: &Fleet, after: &Fleet) -> Fleet {
    let event = format!("[{{at: 1h, apply: {}}}]", after.node_pool());
    Fleet {
        events: Box::leak(event.into_boxed_str()),
        ..before.clone()
    }
}

const HOUR: u64 = 3_600;

#[test]
fn a_new_template_replaces_every_node_one_after_the_other() {
    let before = Fleet::default();
    let after = Fleet {
        labels: "{team: roads}",
        ..before.clone()
    };
    let result = changed(&before, &after).run();
    let drifted = ended(&result, "drifted");
    assert_eq!((drifted.len(), result.churn.drifted), (2, 2));
    assert_eq!(result.nodes.len(), 4);
    let (old, new) = result.nodes.split_at(2);
    let ends: Vec<u64> = old
        .iter()
        .map(|node| secs(node.ended_us.unwrap()))
        .collect();
    // The default budget of 10 % lets one of two nodes go at a time.
    let [first, second] = [new[0].created_us, new[1].created_us].map(secs);
    assert!((HOUR..HOUR + 12).contains(&first), "{first}");
    assert!(second > *ends.iter().min().unwrap() - 30);
    for (place, node) in new.iter().enumerate() {
        let gone = *[ends.iter().min(), ends.iter().max()][place].unwrap();
        assert!(
            secs(node.ready_us.unwrap()) < gone,
            "replaced before it goes"
        );
    }
}

#[test]
fn a_budget_for_drift_keeps_the_nodes() {
    let before = Fleet {
        disruption: "{consolidateAfter: Never, budgets: [{nodes: \"0\", reasons: [Drifted]}]}",
        ..Fleet::default()
    };
    let after = Fleet {
        labels: "{team: roads}",
        ..before.clone()
    };
    let result = changed(&before, &after).run();
    assert_eq!((result.nodes.len(), result.churn.drifted), (2, 0));
}

#[test]
fn a_pool_beyond_its_limits_replaces_nothing() {
    let before = Fleet::default();
    let after = |pool| Fleet {
        labels: "{team: roads}",
        pool,
        ..before.clone()
    };
    let within = changed(&before, &after("limits: {cpu: 4},")).run();
    assert_eq!(within.churn.drifted, 2);
    // What is simulated leaves the candidate out; what is created counts it (spec/karpenter.md 1.12, 4.13).
    let beyond = changed(&before, &after("limits: {cpu: 3},")).run();
    assert_eq!((beyond.nodes.len(), beyond.churn.drifted), (2, 0));
}

#[test]
fn what_no_hash_covers_moves_nothing() {
    let before = Fleet::default();
    let after = Fleet {
        pool: "weight: 7, limits: {cpu: 50},",
        ..before.clone()
    };
    let result = changed(&before, &after).run();
    assert_eq!(result.churn.drifted, 0);
}

#[test]
fn requirements_that_exclude_a_node_replace_it() {
    let before = Fleet {
        capacity_types: "[spot, on-demand]",
        ..Fleet::default()
    };
    let after = Fleet {
        capacity_types: "[on-demand]",
        ..before.clone()
    };
    let result = changed(&before, &after).run();
    let drifted = ended(&result, "drifted");
    assert_eq!(drifted.len(), 2);
    assert!(drifted.iter().all(|node| node.capacity_type == "spot"));
    let left = ended(&result, "running");
    assert!(left.iter().all(|node| node.capacity_type == "on-demand"));
}

#[test]
fn new_images_replace_nodes_that_follow_the_newest() {
    let released = "[{at: 1h, imageRelease: {family: AL2023}}, {at: 2h, imageRelease: {family: Bottlerocket}}]";
    let run = |alias| {
        let fleet = Fleet {
            duration: "2d",
            alias,
            events: released,
            ..Fleet::default()
        };
        fleet.run()
    };
    assert_eq!(run("al2023@v20260901").churn.drifted, 0);
    let result = run("al2023@latest");
    assert_eq!(result.churn.drifted, 2);
    // Karpenter looks the newest images up once a day.
    let noticed = 24 * HOUR + 60;
    assert!((noticed..noticed + 12).contains(&secs(result.nodes[2].created_us)));
}

#[test]
fn protected_pods_hold_a_drifted_node_without_a_termination_grace_period() {
    let run = |template| {
        let before = Fleet {
            alias: "al2023@v20260901",
            template,
            annotations: "{karpenter.sh/do-not-disrupt: \"true\"}",
            ..Fleet::default()
        };
        let after = Fleet {
            alias: "al2023@v20261001",
            ..before.clone()
        };
        let event = format!("[{{at: 1h, apply: {}}}]", after.node_class());
        let fleet = Fleet {
            events: Box::leak(event.into_boxed_str()),
            ..before
        };
        fleet.run().churn.drifted
    };
    assert_eq!(run(""), 0);
    assert_eq!(run("terminationGracePeriod: 10m,"), 2);
}
