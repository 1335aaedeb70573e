//! Pods per second of one provisioning pass: the micro-benchmark of spec/karpenter.md 8.1, from 100 to 20,000 pods on 400 types,
//! and the same pods on every type AWS has in Mumbai.
//!
//! Each size prints a hash of its plan: a change that is meant to be faster only must leave it as it is.

#[path = "../tests/it/provisioning/fake.rs"]
mod fake;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use karpsim::karpenter::provisioning::solve;

use fake::World;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let sizes = [100, 500, 1000, 1500, 2000, 5000, 10_000, 20_000];
    solve_each(&mut criterion, "fake", &sizes, fake::diverse);
    solve_each(
        &mut criterion,
        "ap-south-1",
        &[100, 1000, 5000],
        fake::diverse_in_mumbai,
    );
    criterion.final_summary();
}

fn solve_each(criterion: &mut Criterion, types: &str, sizes: &[usize], world: fn(usize) -> World) {
    let mut group = criterion.benchmark_group(format!("provisioning/{types}"));
    for &size in sizes {
        let world = world(size);
        let plan = world.solve();
        assert!(plan.errors.is_empty(), "every pod finds a place");
        let (claims, hash) = (plan.claims.len(), fake::fingerprint(&plan));
        println!("{types}, {size} pods: {claims} claims, plan {hash:016x}");
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            world.with_problem(|problem| bencher.iter(|| solve(problem)));
        });
    }
    group.finish();
}
