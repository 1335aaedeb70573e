//! Loops on small clusters: nodes of four cores, pods that ask for CPU and little memory.

use super::*;
use crate::api::{LabelSet, Resource, Resources, Symbol, Symbols, key};
use crate::cluster::{PodTemplate, TemplateId};
use crate::des::{Purpose, SimTime, Stream, StreamKey};
use crate::kube::scheduler::{Cache, NodeInfo, PodInfo, Profile};

const GIB: i64 = 1 << 30;

fn templates(symbols: &mut Symbols, millicores: &[i64]) -> Vec<PodTemplate> {
    let namespace = symbols.intern("default");
    let asking = |(place, &cpu): (usize, &i64)| {
        PodTemplate::asking(
            format!("default/{place}"),
            namespace,
            namespace,
            cpu,
            GIB / 8,
        )
    };
    millicores.iter().enumerate().map(asking).collect()
}

fn ties() -> Stream {
    let key = StreamKey {
        seed: 5,
        purpose: Purpose::TieBreak,
        entity: 0,
    };
    key.stream()
}

fn info(slot: u32, cores: i64) -> NodeInfo {
    NodeInfo {
        labels: LabelSet::from_iter([(key::HOSTNAME, Symbol::hostname(slot))]),
        allocatable: Resources::cpu_memory(cores * 1_000, 16 * GIB).with(Resource::Pods, 50),
        ..NodeInfo::default()
    }
}

fn group(cores: i64, target: u32, max: u32) -> Group {
    let info = info(1_000, cores);
    Group {
        node: TemplateNode {
            capacity: info.allocatable,
            info,
            daemons: Vec::new(),
        },
        target,
        upcoming: 0,
        max,
        healthy: true,
    }
}

fn pods(counts: &[(u32, u32)], created: SimTime) -> Vec<Waiting> {
    let all = counts
        .iter()
        .flat_map(|&(template, count)| (0..count).map(move |_| TemplateId(template)));
    all.zip(0..)
        .map(|(template, pod)| Waiting {
            pod,
            template,
            created,
        })
        .collect()
}

fn at(secs: u64) -> SimTime {
    SimTime::from_secs(secs)
}

/// What a loop decides at 60 s about pods created at 0 s, on a cluster without nodes.
fn decide(millicores: &[i64], groups: &[Group], counts: &[(u32, u32)]) -> ScaleUp {
    let mut symbols = Symbols::new();
    let templates = templates(&mut symbols, millicores);
    let cache = Cache::new(&templates, &symbols, Profile::new(36));
    let snapshot = Snapshot::new(&cache, ties());
    let pods = pods(counts, SimTime::ZERO);
    let expander = Expander::LeastWaste;
    scale_up(
        at(60),
        snapshot,
        &templates,
        groups,
        &pods,
        expander,
        &mut ties(),
    )
}

#[track_caller]
fn grown(answer: &ScaleUp) -> (usize, u32, usize) {
    let growth = answer.growth.as_ref().expect("a group grows");
    (growth.group, growth.nodes, growth.pods.len())
}

#[test]
fn pods_are_packed_the_largest_first_and_next_to_each_other() {
    // Six of 1.5 cores fill three nodes of four; four of 1 core go into what is left of them.
    let answer = decide(&[1_000, 1_500], &[group(4, 0, 10)], &[(0, 3), (1, 6)]);
    assert_eq!(grown(&answer), (0, 3, 9));
    // The first small pod that finds no room on an opened node opens another, and the rest see only that.
    let answer = decide(&[1_000, 1_500], &[group(4, 0, 10)], &[(0, 4), (1, 6)]);
    assert_eq!(grown(&answer), (0, 4, 10));
}

#[test]
fn a_group_grows_to_its_maximum_and_helps_whom_it_can() {
    let answer = decide(&[3_000], &[group(4, 1, 3)], &[(0, 5)]);
    assert_eq!(grown(&answer), (0, 2, 2));
    assert_eq!(answer.left.len(), 3);
    let full = decide(&[3_000], &[group(4, 3, 3)], &[(0, 5)]);
    assert_eq!((full.growth, full.left.len()), (None, 5));
    let too_large = decide(&[5_000], &[group(4, 0, 3)], &[(0, 1)]);
    assert_eq!((too_large.growth, too_large.left), (None, vec![0]));
}

#[test]
fn the_group_that_wastes_least_grows() {
    // Two pods of two cores: one full node of four beats half a node of eight.
    let answer = decide(&[2_000], &[group(8, 0, 9), group(4, 0, 9)], &[(0, 2)]);
    assert_eq!(grown(&answer), (1, 1, 2));
    let sick = Group {
        healthy: false,
        ..group(4, 0, 9)
    };
    let answer = decide(&[2_000], &[group(8, 0, 9), sick], &[(0, 2)]);
    assert_eq!(grown(&answer).0, 0);
}

#[test]
fn nodes_on_their_way_count() {
    let coming = Group {
        upcoming: 1,
        ..group(4, 1, 9)
    };
    let answer = decide(&[1_000], std::slice::from_ref(&coming), &[(0, 4)]);
    assert_eq!((answer.expected.len(), answer.growth), (4, None));
    let answer = decide(&[1_000], &[coming], &[(0, 6)]);
    assert_eq!(grown(&answer), (0, 1, 2));
}

#[test]
fn fresh_pods_wait_for_more_of_their_kind() {
    let mut symbols = Symbols::new();
    let mut templates = templates(&mut symbols, &[1_000, 1_000]);
    templates[1].requests[Resource::NvidiaGpu] = 1;
    let mut groups = [group(4, 0, 9)];
    groups[0].node.info.allocatable[Resource::NvidiaGpu] = 4;
    let cache = Cache::new(&templates, &symbols, Profile::new(36));
    let grows = |now: SimTime, counts: &[(u32, u32)]| {
        let (snapshot, pods) = (Snapshot::new(&cache, ties()), pods(counts, at(10)));
        let expander = Expander::LeastWaste;
        let answer = scale_up(
            now,
            snapshot,
            &templates,
            &groups,
            &pods,
            expander,
            &mut ties(),
        );
        answer.growth.is_some()
    };
    assert!(!grows(at(11), &[(0, 1)]));
    assert!(grows(at(12), &[(0, 1)]));
    // One pod that asks for a GPU keeps everybody waiting for half a minute.
    assert!(!grows(at(39), &[(0, 5), (1, 1)]));
    assert!(grows(at(40), &[(0, 5), (1, 1)]));
}

/// Nodes of four cores in one group, each with so many pods of one core.
struct Scene<'s> {
    cache: Cache<'s>,
    candidates: Vec<Candidate>,
}

fn scene<'s>(templates: &'s [PodTemplate], symbols: &'s Symbols, loads: &[u32]) -> Scene<'s> {
    let mut cache = Cache::new(templates, symbols, Profile::new(36));
    let mut candidates = Vec::new();
    let mut keys = 0..;
    for (slot, &load) in (0..).zip(loads) {
        let info = info(slot, 4);
        let allocatable = info.allocatable;
        cache.add_node(slot, info);
        let mut on_node = pods(&[(0, load)], SimTime::ZERO);
        for pod in &mut on_node {
            pod.pod = keys.next().expect("keys");
            let placed = PodInfo {
                key: pod.pod,
                template: pod.template,
                start: pod.created,
                terminating: false,
            };
            cache.add_pod(slot, placed);
        }
        candidates.push(Candidate {
            id: slot,
            slot,
            group: 0,
            allocatable,
            requested: cache.requested(slot),
            pods: on_node,
            evictable: true,
        });
    }
    Scene { cache, candidates }
}

/// Who goes at a time, after loops every ten seconds from 0 s on.
fn who_goes(loads: &[u32], unevictable: &[usize], room: u32, now: u64) -> Removals {
    let mut symbols = Symbols::new();
    let templates = templates(&mut symbols, &[1_000]);
    let mut scene = scene(&templates, &symbols, loads);
    for &place in unevictable {
        scene.candidates[place].evictable = false;
    }
    let settings = Settings::default();
    let mut scale_down = ScaleDown::default();
    for secs in (0..=now).step_by(10) {
        let snapshot = || Snapshot::new(&scene.cache, ties());
        scale_down.update(at(secs), &settings, snapshot, &scene.candidates);
    }
    scale_down.removals(at(now), &settings, &scene.candidates, vec![room], (0, 0))
}

#[test]
fn a_node_goes_after_more_than_ten_unneeded_minutes() {
    let nobody = Removals::default();
    assert_eq!(who_goes(&[0, 3], &[], 5, 600), nobody);
    assert_eq!(who_goes(&[0, 3], &[], 5, 610).empty, [0]);
    // Half used is little enough; a quarter more is not, and pods without another place keep their node.
    assert_eq!(who_goes(&[2, 2], &[], 5, 610).drained, [0]);
    assert_eq!(who_goes(&[3, 1], &[], 5, 610).drained, [1]);
    assert_eq!(who_goes(&[3, 3], &[], 5, 610), nobody);
    assert_eq!(who_goes(&[2, 3], &[], 5, 610), nobody);
}

#[test]
fn one_node_with_pods_goes_at_a_time_and_all_empty_ones_down_to_the_minimum() {
    let goes = who_goes(&[0, 0, 1, 1, 2, 3], &[], 9, 610);
    assert_eq!((goes.empty, goes.drained), (vec![0, 1], vec![2]));
    let goes = who_goes(&[0, 0, 1, 1, 2, 3], &[], 1, 610);
    assert_eq!((goes.empty, goes.drained), (vec![0], vec![]));
}

#[test]
fn a_budget_keeps_a_node() {
    let goes = who_goes(&[1, 1, 3], &[0], 9, 610);
    assert_eq!(goes.drained, [1]);
}

#[test]
fn backing_off_doubles_and_is_forgotten_in_time() {
    let mut backoff = Backoff::default();
    assert!(backoff.is_over(at(0)));
    let mut now = 0;
    for minutes in [5, 10, 20, 30, 30] {
        backoff.fail(at(now));
        assert!(!backoff.is_over(at(now + minutes * 60 - 1)), "{minutes}");
        now += minutes * 60;
        assert!(backoff.is_over(at(now)), "{minutes}");
    }
    now += 3 * 3_600;
    backoff.fail(at(now));
    assert!(backoff.is_over(at(now + 300)));
}
