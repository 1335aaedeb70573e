//! Microseconds per scheduling attempt, by cluster size and by kind of pod: the filters and scores over a full cluster.

#[path = "scheduler/fleet.rs"]
mod fleet;

use std::hash::Hasher;
use std::time::Duration;

use criterion::Criterion;
use fleet::{
    Dice, asking, near, node, pod, populate, random_node, random_templates, spread, template,
};
use karpsim::api::objects::core::WhenUnsatisfiable;
use karpsim::api::{Symbols, key};
use karpsim::cluster::{PodTemplate, TemplateId};
use karpsim::des::{Purpose, Stream, StreamKey};
use karpsim::kube::scheduler::{Attempt, Cache, NodeInfo, Profile};
use rustc_hash::FxHasher;

const SIZES: [u32; 3] = [100, 1_000, 5_000];
const PODS_PER_NODE: usize = 10;
/// Attempts that are made, placed and hashed before the timing starts.
const WARM_UP: u32 = 500;

/// Kinds of pod, and the place of their template.
const KINDS: [(&str, u32); 4] = [("plain", 0), ("spread", 1), ("apart", 2), ("too_big", 3)];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_000))
        .configure_from_args();
    for nodes in SIZES {
        let mut symbols = Symbols::new();
        let mut dice = Dice::new(u64::from(nodes));
        let templates = templates(&mut symbols, &mut dice);
        let infos = (0..nodes)
            .map(|slot| info(&mut symbols, &mut dice, slot))
            .collect();
        let mut cache = Cache::new(&templates, &symbols, Profile::new(36));
        populate(&mut cache, infos, &templates, PODS_PER_NODE, &mut dice);
        let mut tie = StreamKey {
            seed: 1,
            purpose: Purpose::TieBreak,
            entity: 0,
        }
        .stream();
        let hash = warm_up(&mut cache, &mut tie);
        println!("schedule/{nodes}: decisions hash to {hash:016x}");
        let mut group = criterion.benchmark_group(format!("schedule/{nodes}"));
        for (name, template) in KINDS {
            let attempt = Attempt {
                pod: u32::MAX,
                template: TemplateId(template),
                pinned: None,
            };
            group.bench_function(name, |bencher| {
                bencher.iter(|| cache.schedule(attempt, &mut tie))
            });
        }
        group.finish();
    }
    criterion.final_summary();
}

/// The four kinds, and a dozen others to share the cluster with.
fn templates(symbols: &mut Symbols, dice: &mut Dice) -> Vec<PodTemplate> {
    let plain = template(symbols, "api");
    let mut spreading = template(symbols, "api");
    let hard = WhenUnsatisfiable::DoNotSchedule;
    spreading.spread = vec![
        spread(symbols, "api", key::ZONE, 50, hard),
        spread(symbols, "api", key::HOSTNAME, 9, hard),
    ];
    let mut apart = template(symbols, "web");
    apart.pod_anti_affinity = vec![near(symbols, "web", key::HOSTNAME)];
    let too_big = asking(template(symbols, "batch"), 64_000, 1_024);
    let mut all = vec![plain, spreading, apart, too_big];
    all.extend(random_templates(symbols, dice, 12));
    all
}

/// Three nodes of four are plain.
fn info(symbols: &mut Symbols, dice: &mut Dice, slot: u32) -> NodeInfo {
    if dice.one_in(4) {
        return random_node(symbols, dice, slot);
    }
    let zone = dice.one_of(&fleet::ZONES);
    node(symbols, slot, zone)
}

/// Lets pods come and go and returns a hash of where they went.
fn warm_up(cache: &mut Cache<'_>, tie: &mut Stream) -> u64 {
    let mut hasher = FxHasher::default();
    for n in 0..WARM_UP {
        let key = u32::MAX - 1 - n;
        let template = n % KINDS.len() as u32;
        let attempt = Attempt {
            pod: key,
            template: TemplateId(template),
            pinned: None,
        };
        let Ok(chosen) = cache.schedule(attempt, tie) else {
            hasher.write_u32(n);
            continue;
        };
        hasher.write_u32(chosen.node);
        cache.add_pod(chosen.node, pod(key, template));
        if n % 3 == 0 {
            cache.remove_pod(key);
        }
    }
    hasher.finish()
}
