//! Nanoseconds per hold (a pop and a push) of the event queue and of two heaps, by size and by mix
//! of increments.

#[path = "hold/model.rs"]
mod hold;

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use hold::heaps::{QuadHeap, StdHeap};
use hold::{Hold, Mix, Payload, PendingSet};
use karpsim::des::EventQueue;

const SIZES: [u64; 4] = [100, 1_000, 10_000, 1_000_000];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_000))
        .configure_from_args();
    for mix in Mix::ALL {
        for size in SIZES {
            let mut group = criterion.benchmark_group(format!("hold/{mix:?}/{size}"));
            let hashes = [
                bench::<EventQueue<Payload>>(&mut group, "wheel", mix, size),
                bench::<StdHeap>(&mut group, "std", mix, size),
                bench::<QuadHeap>(&mut group, "quad", mix, size),
            ];
            group.finish();
            let first = hashes.into_iter().flatten().next();
            assert!(
                hashes.iter().flatten().all(|&hash| Some(hash) == first),
                "orders differ: {hashes:x?}"
            );
        }
    }
    criterion.final_summary();
}

/// Times single holds on a warm set and returns the hash of the warm-up, unless the command line
/// filters this benchmark out.
fn bench<S: PendingSet>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    mix: Mix,
    size: u64,
) -> Option<u64> {
    let mut warm = None;
    group.bench_function(name, |bencher| {
        let (hold, _) = warm.get_or_insert_with(|| warmed_up::<S>(mix, size));
        bencher.iter(|| hold.step());
    });
    warm.map(|(_, hash)| hash)
}

/// A set that has forgotten how it was filled, and the hash of the order it kept until then.
fn warmed_up<S: PendingSet>(mix: Mix, size: u64) -> (Hold<S>, u64) {
    let mut hold = Hold::new(mix, size);
    for _ in 0..size + size / 2 + 100_000 {
        hold.step();
    }
    let hash = hold.hash();
    (hold, hash)
}
