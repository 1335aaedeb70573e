//! Does placing a pod allocate? A full cluster in steady state, counted by the allocator itself.

use karpsim::api::objects::core::WhenUnsatisfiable;
use karpsim::api::{Symbols, key};
use karpsim::cluster::TemplateId;
use karpsim::des::{Purpose, StreamKey};
use karpsim::kube::scheduler::{Attempt, Cache, Profile};

use super::fleet::{Dice, ZONES, near, node, populate, spread, template};

const NODES: u32 = 300;

#[test]
fn filters_and_scores_allocate_nothing_in_steady_state() {
    let mut symbols = Symbols::new();
    let mut dice = Dice::new(7);
    let plain = template(&mut symbols, "api");
    let mut spreading = template(&mut symbols, "api");
    let soft = WhenUnsatisfiable::ScheduleAnyway;
    spreading.spread = vec![spread(&mut symbols, "api", key::ZONE, 1, soft)];
    let mut apart = template(&mut symbols, "web");
    apart.pod_anti_affinity = vec![near(&mut symbols, "web", key::HOSTNAME)];
    let templates = vec![plain, spreading, apart];
    let nodes = (0..NODES)
        .map(|slot| node(&mut symbols, slot, ZONES[slot as usize % ZONES.len()]))
        .collect();
    let mut cache = Cache::new(&templates, &symbols, Profile::new(36));
    populate(&mut cache, nodes, &templates, 3, &mut dice);
    let mut tie = StreamKey {
        seed: 1,
        purpose: Purpose::TieBreak,
        entity: 0,
    }
    .stream();
    for template in 0..templates.len() as u32 {
        let attempt = Attempt {
            pod: u32::MAX,
            template: TemplateId(template),
            pinned: None,
        };
        let mut attempts =
            |times: u32| (0..times).all(|_| cache.schedule(attempt, &mut tie).is_ok());
        assert!(attempts(3), "the first attempts make room");
        let counted = allocation_counter::measure(|| assert!(attempts(50)));
        assert_eq!(counted.count_total, 0, "template {template}");
    }
}
