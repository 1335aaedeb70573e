//! Pods per second of one provisioning pass: the micro-benchmark of spec/karpenter.md 8.1, from 100 to 20,000 pods on 400 types.
//!
//! Each size prints a hash of its plan: a change that is meant to be faster only must leave it as it is.

#[path = "../tests/it/provisioning/fake.rs"]
mod fake;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use karpsim::karpenter::provisioning::solve;

const SIZES: [usize; 8] = [100, 500, 1000, 1500, 2000, 5000, 10_000, 20_000];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    diverse_pods(&mut criterion);
    criterion.final_summary();
}

fn diverse_pods(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("provisioning/diverse");
    for size in SIZES {
        let world = fake::diverse(size);
        let plan = world.solve();
        println!(
            "{size} pods: {} claims, plan {:016x}",
            plan.claims.len(),
            fake::fingerprint(&plan)
        );
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            world.with_problem(|problem| bencher.iter(|| solve(problem)));
        });
    }
    group.finish();
}
