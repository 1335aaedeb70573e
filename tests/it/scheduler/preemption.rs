//! Preemption (spec/kubernetes.md 1.13).

use karpsim::api::Symbols;
use karpsim::cluster::{PodTemplate, TemplateId};
use karpsim::des::{Purpose, SimTime, StreamKey};
use karpsim::kube::scheduler::{Attempt, Cache, DisruptionBudget, PodInfo, Preemption, Profile};

use super::fleet::{asking, node, pod, template};

const URGENT: Attempt = Attempt {
    pod: 1_000,
    template: TemplateId(0),
    pinned: None,
};
/// Templates of the victims: priorities 10, 20 and 30.
const LOW: u32 = 1;
const MIDDLE: u32 = 2;
const HIGH: u32 = 3;
const NONE: &[DisruptionBudget] = &[];

/// An urgent pod of 2 CPUs, and pods of 1 CPU with priorities 10, 20 and 30.
fn templates(symbols: &mut Symbols) -> Vec<PodTemplate> {
    let mut urgent = asking(template(symbols, "urgent"), 2_000, 0);
    urgent.priority = 100;
    let others = [10, 20, 30].map(|priority| {
        let mut other = asking(template(symbols, "other"), 1_000, 0);
        other.priority = priority;
        other
    });
    std::iter::once(urgent).chain(others).collect()
}

/// What the urgent pod does on nodes of 4 CPUs with these pods of 1 CPU, given as (key, template).
fn check(
    nodes: &[&[(u32, u32)]],
    budgets: &[DisruptionBudget],
    expected: Option<(u32, &[u32], usize)>,
) {
    let mut symbols = Symbols::new();
    let templates = templates(&mut symbols);
    let infos: Vec<_> = (0..nodes.len())
        .map(|slot| node(&mut symbols, slot as u32, "az1"))
        .collect();
    let mut cache = Cache::new(&templates, &symbols, Profile::new(36));
    for ((slot, pods), info) in (0..).zip(nodes).zip(infos) {
        cache.add_node(slot, info);
        pods.iter()
            .for_each(|&(key, template)| cache.add_pod(slot, pod(key, template)));
    }
    let before: Vec<_> = (0..nodes.len() as u32)
        .map(|slot| cache.requested(slot))
        .collect();
    let expected = expected.map(|(node, victims, violations)| Preemption {
        node,
        victims: victims.to_vec(),
        violations,
    });
    for entity in 0..8 {
        let mut random = StreamKey {
            seed: 2,
            purpose: Purpose::TieBreak,
            entity,
        }
        .stream();
        let failure = cache.schedule(URGENT, &mut random).expect_err("full");
        assert_eq!(
            cache.preempt(URGENT, &failure, budgets, &mut random),
            expected
        );
    }
    let after: Vec<_> = (0..nodes.len() as u32)
        .map(|slot| cache.requested(slot))
        .collect();
    assert_eq!(before, after, "a dry run leaves no trace");
}

#[test]
fn important_and_older_pods_are_reprieved_first() {
    let pods = [(1, LOW), (2, HIGH), (3, MIDDLE), (4, LOW)];
    check(&[&pods], NONE, Some((0, &[1, 4], 0)));
    let pods = [(9, MIDDLE), (2, MIDDLE), (3, MIDDLE), (4, MIDDLE)];
    check(&[&pods], NONE, Some((0, &[4, 9], 0)));
}

#[test]
fn equals_and_betters_are_no_victims() {
    let pods = [(1, 0), (2, 0)];
    check(&[&pods], NONE, None);
}

#[test]
fn nodes_are_chosen_by_violations_then_priority_then_sum_then_count_then_age() {
    let budget = DisruptionBudget {
        templates: vec![TemplateId(LOW)],
        allowed: 0,
        disrupted: Vec::new(),
    };
    let low = [(1, LOW), (2, LOW), (3, LOW), (4, LOW)];
    let high = [(5, HIGH), (6, HIGH), (7, HIGH), (8, HIGH)];
    check(&[&low, &high], NONE, Some((0, &[3, 4], 0)));
    check(
        &[&low, &high],
        std::slice::from_ref(&budget),
        Some((1, &[7, 8], 0)),
    );
    let mixed = [(5, MIDDLE), (6, LOW), (7, MIDDLE), (8, MIDDLE)];
    let middle = [(9, MIDDLE), (10, MIDDLE), (11, MIDDLE), (12, MIDDLE)];
    check(&[&middle, &mixed], NONE, Some((1, &[8, 6], 0)));
    let younger = [(15, LOW), (16, LOW), (17, LOW), (18, LOW)];
    check(&[&low, &younger], NONE, Some((1, &[17, 18], 0)));
    let fewer = [(21, LOW), (22, LOW), (23, LOW)];
    check(&[&low, &fewer], NONE, Some((1, &[23], 0)));
}

#[test]
fn budgets_are_a_preference_and_never_a_block() {
    let pods = [(1, LOW), (2, LOW), (3, LOW), (4, MIDDLE)];
    let budget = |allowed, disrupted| DisruptionBudget {
        templates: vec![TemplateId(LOW)],
        allowed,
        disrupted,
    };
    // Pods that would break the budget come first in line to stay, before a more important one that would not.
    check(&[&pods], &[budget(1, Vec::new())], Some((0, &[4, 1], 0)));
    check(&[&pods], &[budget(0, Vec::new())], Some((0, &[4, 3], 1)));
    check(&[&pods], &[budget(0, vec![1, 2, 3])], Some((0, &[2, 3], 0)));
}

#[test]
fn room_made_is_kept_for_whom_it_was_made() {
    let mut symbols = Symbols::new();
    let mut templates = templates(&mut symbols);
    templates[3].priority = 100;
    let mut cache = Cache::new(&templates, &symbols, Profile::new(36));
    let mut random = StreamKey {
        seed: 3,
        purpose: Purpose::TieBreak,
        entity: 0,
    }
    .stream();
    cache.add_node(0, node(&mut symbols.clone(), 0, "az1"));
    (0..4).for_each(|key| cache.add_pod(0, pod(key, LOW)));
    let failure = cache.schedule(URGENT, &mut random).expect_err("full");
    let made = cache
        .preempt(URGENT, &failure, NONE, &mut random)
        .expect("victims");
    let waiting = Attempt {
        pod: 2_000,
        template: TemplateId(LOW),
        pinned: None,
    };
    let empty_handed = Preemption {
        victims: Vec::new(),
        ..made.clone()
    };
    assert!(
        cache
            .nominate(2_000, TemplateId(LOW), &empty_handed)
            .is_empty()
    );
    assert_eq!(
        cache.nominate(URGENT.pod, URGENT.template, &made),
        [2_000],
        "lower nominations go"
    );
    for &victim in &made.victims {
        cache.mark_terminating(victim);
    }
    let again = cache
        .schedule(URGENT, &mut random)
        .expect_err("victims are still there");
    assert_eq!(
        cache.preempt(URGENT, &again, NONE, &mut random),
        None,
        "it waits for them"
    );
    for victim in made.victims {
        cache.remove_pod(victim);
    }
    for rival in [HIGH, LOW] {
        let rival = Attempt {
            template: TemplateId(rival),
            ..waiting
        };
        assert!(
            cache.schedule(rival, &mut random).is_err(),
            "the room is taken"
        );
    }
    let chosen = cache.schedule(URGENT, &mut random).expect("its room");
    assert_eq!((chosen.node, chosen.evaluated), (0, 1));
    cache.add_pod(
        0,
        PodInfo {
            key: URGENT.pod,
            template: URGENT.template,
            start: SimTime::ZERO,
            terminating: false,
        },
    );
    cache.remove_pod(URGENT.pod);
    assert!(
        cache.schedule(waiting, &mut random).is_ok(),
        "placing the pod ends the nomination"
    );
}

#[test]
fn a_pod_may_be_forbidden_to_preempt() {
    let mut symbols = Symbols::new();
    let mut templates = templates(&mut symbols);
    templates[0].preempts = false;
    let mut cache = Cache::new(&templates, &symbols, Profile::new(36));
    let mut random = StreamKey {
        seed: 3,
        purpose: Purpose::TieBreak,
        entity: 0,
    }
    .stream();
    cache.add_node(0, node(&mut symbols.clone(), 0, "az1"));
    (0..4).for_each(|key| cache.add_pod(0, pod(key, LOW)));
    let failure = cache.schedule(URGENT, &mut random).expect_err("full");
    assert_eq!(cache.preempt(URGENT, &failure, NONE, &mut random), None);
}
