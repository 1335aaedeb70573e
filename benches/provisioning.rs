//! Pods per second of one provisioning pass: the micro-benchmark of spec/karpenter.md 8.1, from 100 to 20,000 pods on 400 types,
//! and the same pods on every type AWS has in Mumbai.
//!
//! Each size prints a hash of its plan: a change that is meant to be faster only must leave it as it is.
//!
//! With `--beside-upstream SIZE` it prints the claims of one pass and pods a second instead, for `benches/upstream/run.sh`.

#[path = "../tests/it/provisioning/fake.rs"]
mod fake;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use karpsim::karpenter::provisioning::{Scheduler, solve};

use fake::World;

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--beside-upstream");
    if let Some(size) = arguments.nth(1) {
        beside_upstream(size.parse().expect("a number of pods"));
        return;
    }
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

/// Claims, and pods a second of the median pass of half a second's. As upstream's benchmark does, it makes the scheduler before the clock
/// starts.
fn beside_upstream(size: usize) {
    fake::diverse(size).with_problem(|problem| {
        let started = Instant::now();
        let (mut took, mut claims) = (Vec::new(), 0);
        while took.len() < 3 || started.elapsed() < Duration::from_millis(500) {
            let scheduler = Scheduler::new(problem);
            let begin = Instant::now();
            let plan = scheduler.solve();
            took.push(begin.elapsed());
            assert!(plan.errors.is_empty(), "every pod finds a place");
            claims = plan.claims.len();
        }
        took.sort_unstable();
        let median = took[took.len() / 2].as_secs_f64();
        println!("{claims} {:.1}", size as f64 / median);
    });
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
