//! What is true of every run, whatever the cluster: the invariants of spec/karpenter.md 13.3, over small clusters made at random.

use std::collections::BTreeMap;

use karpsim::cloud::{CapacityType, Pool};
use karpsim::des::{SimDuration, SimTime};
use karpsim::karpenter::disruption::{Command, Method, NodeId, Outcome};
use karpsim::metrics::journal::{Decision, Journal, NotLaunched, Subject};
use proptest::prelude::*;

use crate::lab::fleet::{Fleet, recorded};
use crate::lab::scenario;

/// How long an offering that failed is left alone.
const UNAVAILABLE: SimDuration = SimDuration::from_secs(180);

/// A cluster under pressure: a restless market, short lives, and pools that change.
fn a_fleet() -> impl Strategy<Value = (Fleet, u32)> {
    let policy = prop_oneof![
        Just("WhenEmpty"),
        Just("WhenEmptyOrUnderutilized"),
        Just("Balanced")
    ];
    let types = prop_oneof![
        Just("[m7g.large, m6g.large]"),
        Just("[m7g.2xlarge, m7g.xlarge, m6g.4xlarge, c7g.xlarge]"),
        Just("[c7g.large, m7g.xlarge, r7g.large, m6g.large, c6g.xlarge, m6g.2xlarge]"),
    ];
    let buying = prop_oneof![
        Just("[spot]"),
        Just("[spot, on-demand]"),
        Just("[on-demand]")
    ];
    let lives = prop_oneof![
        Just(""),
        Just("expireAfter: 90m,"),
        Just("expireAfter: 2h, terminationGracePeriod: 5m,")
    ];
    let after = prop_oneof![Just("0s"), Just("1m"), Just("Never")];
    let numbers = (1..=12_u32, 10..=60_u32, 0..3_u32);
    (policy, types, buying, lives, after, numbers).prop_map(
        |(policy, types, buying, lives, after, (replicas, percent, scale))| {
            let disruption = format!(
                "{{consolidateAfter: {after}, consolidationPolicy: {policy}, budgets: [{{nodes: {percent}%}}]}}"
            );
            let scale = [0, 300, 3_000][scale as usize];
            let market = format!("{{spot: {{model: calibrated, interruptionScale: {scale}}}}}");
            let fleet = Fleet {
                duration: "5h",
                replicas,
                template: lives,
                capacity_types: buying,
                types,
                settings: "{interruptionQueue: fleet, featureGates: {spotToSpotConsolidation: true}}",
                disruption: Box::leak(disruption.into_boxed_str()),
                market: Box::leak(market.into_boxed_str()),
                ..Fleet::default()
            };
            let after = Fleet {
                labels: "{team: roads}",
                types: "[m7g.large, m7g.xlarge, m6g.large, c7g.xlarge, r7g.large]",
                ..fleet.clone()
            };
            let event = format!("[{{at: 2h, apply: {}}}]", after.node_pool());
            (
                Fleet {
                    events: Box::leak(event.into_boxed_str()),
                    ..fleet
                },
                percent,
            )
        },
    )
}

/// A node as the journal tells it.
#[derive(Clone, Copy, Default)]
struct Seen {
    launched: bool,
    ready: bool,
    going: bool,
    marked: bool,
    gone: bool,
}

/// The cluster as the journal tells it.
#[derive(Default)]
struct Witness {
    nodes: BTreeMap<NodeId, Seen>,
    /// When each offering that failed may be tried again.
    failed: BTreeMap<(Pool, CapacityType), SimTime>,
    percent: u32,
}

impl Witness {
    fn see(&mut self, now: SimTime, subject: Subject, decision: &Decision) {
        match (subject, decision) {
            (_, Decision::Started { command, .. }) => self.start(now, command),
            (
                _,
                Decision::Ended {
                    candidates,
                    outcome,
                },
            ) if *outcome != Outcome::Delete => {
                for node in candidates {
                    self.nodes.entry(*node).or_default().marked = false;
                }
            }
            (Subject::Node(id), decision) => self.node(now, id, decision),
            _ => {}
        }
    }

    fn node(&mut self, now: SimTime, id: NodeId, decision: &Decision) {
        match decision {
            Decision::Launched(launched) => {
                let offering = (launched.chosen.pool, launched.capacity_type);
                let tried = self.failed.get(&offering);
                assert!(
                    tried.is_none_or(|&until| until <= now),
                    "{offering:?} at {now}"
                );
                self.fail(now, launched.capacity_type, &launched.insufficient);
            }
            Decision::NotLaunched(why) => {
                if let NotLaunched::Insufficient {
                    capacity_type,
                    named,
                    ..
                } = &**why
                {
                    self.fail(now, *capacity_type, named);
                }
            }
            _ => {}
        }
        let seen = self.nodes.entry(id).or_default();
        match decision {
            Decision::Launched(_) => seen.launched = true,
            Decision::NotLaunched(_) | Decision::Terminated { .. } => seen.gone = true,
            Decision::Ready => seen.ready = true,
            Decision::Deleted { .. } => (seen.going, seen.marked) = (true, false),
            _ => {}
        }
    }

    fn fail(&mut self, now: SimTime, capacity_type: CapacityType, named: &[Pool]) {
        for &pool in named {
            self.failed.insert((pool, capacity_type), now + UNAVAILABLE);
        }
    }

    /// Budgets hold, nothing dearer comes, and nothing is decided while a claim has no instance.
    fn start(&mut self, now: SimTime, command: &Command) {
        let there = |seen: &&Seen| seen.ready && !seen.gone;
        let counted = self.nodes.values().filter(there).count() as u32;
        let leaving = |seen: &&Seen| there(seen) && (seen.going || seen.marked);
        let disrupted = self.nodes.values().filter(leaving).count() as u32;
        let allowed = (counted * self.percent).div_ceil(100);
        let taken = command.candidates.len() as u32;
        assert!(
            disrupted + taken <= allowed,
            "{taken} of {counted} at {now}, {disrupted} went"
        );
        let replacing = command.replacements.len();
        let waiting = self
            .nodes
            .values()
            .filter(|seen| !seen.launched && !seen.gone);
        assert_eq!(
            waiting.count(),
            replacing,
            "claims without an instance at {now}"
        );
        match command.method {
            Method::Emptiness => assert_eq!(replacing, 0),
            Method::MultiNode | Method::SingleNode => {
                let saving = command.saving;
                assert!(replacing <= 1 && saving.replacement_at_most < saving.now);
            }
            Method::StaticDrift | Method::Drift => assert_eq!(taken, 1),
        }
        for &node in &command.candidates {
            let seen = self.nodes.entry(node).or_default();
            assert!(seen.ready && !seen.going && !seen.marked && !seen.gone);
            seen.marked = true;
        }
    }
}

fn check(journal: &Journal, percent: u32) {
    let mut witness = Witness {
        percent,
        ..Witness::default()
    };
    let mut bound = BTreeMap::new();
    for entry in journal.entries() {
        witness.see(entry.at, entry.subject, &entry.decision);
        if let (Subject::Pod(pod), Decision::Bound { node }) = (entry.subject, &entry.decision) {
            assert_eq!(bound.insert(pod, *node), None, "{pod:?} is bound once");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn karpenters_promises_hold_in_every_run((fleet, percent) in a_fleet(), seed in 0..1_000_u64) {
        let scenario = scenario(&fleet.to_string());
        let (_, journal) = recorded(&scenario, seed);
        check(&journal, percent);
        let (_, again) = recorded(&scenario, seed);
        prop_assert!(journal.entries() == again.entries(), "the same seed, another run");
    }
}
