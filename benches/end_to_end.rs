//! Events per second of whole runs: an API under load, where requests are nearly everything, and a crowd of pods for which Karpenter buys
//! a cluster, where scheduling and consolidation are.
//!
//! Each scenario prints a hash of its results: a change that is meant to be faster only must leave it as it is.

#[path = "../tests/it/end_to_end/stage.rs"]
mod stage;

use std::time::Duration;

use criterion::{Criterion, Throughput};
use karpsim::scenario::Scenario;
use karpsim::sim;

use stage::{burst, fingerprint, load};

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    bench(&mut criterion, "load/60 minutes", &load(60));
    for pods in [100, 1_000] {
        bench(&mut criterion, &format!("burst/{pods} pods"), &burst(pods));
    }
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, name: &str, scenario: &Scenario) {
    let run = || sim::run(scenario, scenario.seed, |_| {});
    let result = run();
    println!(
        "{name}: {} events, {} nodes, results {:016x}",
        result.events,
        result.nodes.len(),
        fingerprint(&result)
    );
    let mut group = criterion.benchmark_group("end_to_end");
    group.throughput(Throughput::Elements(result.events));
    group.bench_function(name, |bencher| bencher.iter(run));
    group.finish();
}
