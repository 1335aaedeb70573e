//! Whole runs in small, so that `benches/end_to_end.rs` cannot rot.

mod stage;

use karpsim::metrics::RunResult;
use karpsim::scenario::Scenario;
use karpsim::sim;

use stage::{burst, fingerprint, load};

fn run(scenario: &Scenario) -> RunResult {
    sim::run(scenario, scenario.seed, |_| {})
}

#[test]
fn an_api_under_load_answers_all_but_those_who_come_before_its_pods() {
    let scenario = load(5);
    let result = run(&scenario);
    let expected = 200.0 * 300.0;
    assert!((result.arrivals as f64 - expected).abs() < 5.0 * f64::sqrt(expected));
    let api = &result.services[0].outcomes;
    assert!(
        api.succeeded as f64 > 0.9 * result.arrivals as f64,
        "{api:?}"
    );
    assert_eq!((api.timed_out, api.reset, api.dead), (0, 0, 0));
    assert_eq!(fingerprint(&result), fingerprint(&run(&scenario)));
}

#[test]
fn karpenter_buys_a_place_for_every_pod_of_a_burst() {
    let scenario = burst(60);
    let result = run(&scenario);
    assert_eq!(result.services[0].ready_max, 60);
    assert!(result.churn.claims_created > 0);
    assert!(result.churn.nodes_launched > result.churn.claims_created);
    assert_eq!(result.churn.pods_lost, 0);
    assert_eq!(fingerprint(&result), fingerprint(&run(&scenario)));
}
