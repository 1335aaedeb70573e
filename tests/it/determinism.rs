//! Does a run depend on anything but its scenario and its seed? And do two configurations meet the same world?

use karpsim::metrics::RunResult;
use karpsim::metrics::attribution::Part;
use karpsim::scenario::Scenario;
use karpsim::{sim, study};
use rayon::ThreadPoolBuilder;

use crate::lab::{Station, scenario};
use crate::town::a_busy_town;

fn run(scenario: &Scenario, seed: u64) -> RunResult {
    sim::run(scenario, seed, |_| {})
}

fn bytes(result: &RunResult) -> Vec<u8> {
    serde_json::to_vec(result).expect("a result is plain data")
}

#[test]
fn the_same_scenario_and_seed_give_the_same_bytes() {
    let text = a_busy_town().yaml();
    let first = run(&scenario(&text), 7);
    // A busy town is only a proof if everything happens in it.
    assert!(first.churn.interrupted > 0 && first.churn.consolidated + first.churn.emptied > 0);
    assert!(first.churn.pods_evicted > 0 && first.queues[0].redelivered > 0);
    assert!(bytes(&first) == bytes(&run(&scenario(&text), 7)));
}

#[test]
fn another_seed_gives_another_run() {
    let town = scenario(&a_busy_town().yaml());
    let (one, other) = (run(&town, 7), run(&town, 8));
    assert_ne!(one.arrivals, other.arrivals);
    assert_ne!(one.cost.total_nano_usd, other.cost.total_nano_usd);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let towns = [a_busy_town(), a_busy_town().on_demand()].map(|town| scenario(&town.yaml()));
    let replicate = |threads: usize| -> Vec<Vec<u8>> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("a pool of threads");
        let runs = pool.install(|| study::replicate(&[&towns[0], &towns[1]], 3, 3, || {}));
        runs.iter().flatten().map(bytes).collect()
    };
    let (one, two) = (replicate(1), replicate(2));
    assert_eq!(one.len(), 6);
    assert!(one == two);
    let mut different = one;
    different.dedup();
    assert_eq!(different.len(), 6);
}

/// Common random numbers: who comes when does not depend on the nodes.
#[test]
fn two_clusters_meet_the_same_citizens() {
    let spot = run(&scenario(&a_busy_town().yaml()), 7);
    let on_demand = run(&scenario(&a_busy_town().on_demand().yaml()), 7);
    assert_ne!(spot.cost.total_nano_usd, on_demand.cost.total_nano_usd);
    assert_eq!(spot.arrivals, on_demand.arrivals);
    for (one, other) in spot.journeys.iter().zip(&on_demand.journeys) {
        assert_eq!(one.begun, other.begun);
    }
}

/// Common random numbers: a request brings the same work wherever it is served.
#[test]
fn two_clusters_meet_the_same_work() {
    let small = Station {
        duration: "4h",
        cpu: "{lognormal: {median: 80ms, p95: 240ms}}".to_owned(),
        jobs: true,
        rate: "1/s".to_owned(),
        profile: "office-hours",
        ..Station::default()
    };
    let large = Station {
        instance_type: "c7g.4xlarge",
        replicas: 5,
        ..small.clone()
    };
    let [small, large] = [small, large].map(|station| run(&scenario(&station.yaml()), 7));
    let (one, other) = (&small.services[0], &large.services[0]);
    assert!(one.latency.mean_us > other.latency.mean_us);
    assert!(one.outcomes.succeeded > 10_000);
    assert_eq!(one.outcomes.succeeded, other.outcomes.succeeded);
    assert_eq!(one.outcomes.in_flight + other.outcomes.in_flight, 0);
    let work = |part: Part| [one, other].map(|service| service.attribution.total_us[part as usize]);
    let [one_worked, other_worked] = work(Part::Service);
    assert_eq!(one_worked, other_worked);
    assert_eq!(work(Part::CpuContention), [0, 0]);
    // Nobody works while nothing is there to do: used CPU is the work.
    assert!((one.cpu_core_seconds - one_worked as f64 / 1e6).abs() < 1e-6);
    assert_eq!(one.cpu_core_seconds, other.cpu_core_seconds);
}
