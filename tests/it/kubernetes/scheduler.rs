//! kube-scheduler: every filter's reasons, every plugin's scores, and where the search stopped, node by node.

use std::collections::BTreeMap;

use karpsim::cluster::TemplateId;
use karpsim::des::{Purpose, SimTime, Stream, StreamKey};
use karpsim::kube::scheduler::{
    Attempt, Cache, Examination, PodInfo, Profile, Reason, Refused, ScorePlugin, Scored, TieBreak,
};
use serde::Deserialize;

use super::cluster::{Cluster, EPOCH};
use super::recording::replay;

/// What the recordings come from: one worker, so that feasible nodes are found in order.
const PROFILE: Profile = Profile {
    minor: 36,
    tie_break: TieBreak::Heap,
};

/// What the real scheduler did with one pod.
#[derive(Deserialize)]
struct Seen {
    host: Option<u32>,
    #[serde(default)]
    evaluated: usize,
    #[serde(default)]
    feasible: usize,
    #[serde(default)]
    refused: Vec<Refusal>,
    #[serde(default)]
    scored: Vec<Score>,
}

#[derive(Deserialize)]
struct Refusal {
    plugin: String,
    reasons: Vec<String>,
    #[serde(default)]
    unresolvable: bool,
    nodes: Vec<u32>,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Score {
    node: u32,
    scores: BTreeMap<String, i64>,
}

/// Why a node was refused: plugin, reasons in order of the alphabet, whether no eviction helps.
type Why = (String, Vec<String>, bool);

#[test]
fn the_scheduler_filters_and_scores_as_the_real_one() {
    replay("scheduler", |cluster: &Cluster, seen: &Vec<Seen>| {
        let (templates, mut symbols) = cluster.templates();
        let nodes = cluster.node_infos(&mut symbols);
        let mut cache = cluster.cache(&templates, &symbols, nodes, PROFILE);
        let mut found = Vec::new();
        for ((pod, &workload), seen) in (10_000..).zip(&cluster.attempts).zip(seen) {
            let attempt = Attempt {
                pod,
                template: TemplateId(workload),
                pinned: None,
            };
            let differences = compare(&mut cache, attempt, seen);
            found.extend(
                differences
                    .into_iter()
                    .map(|text| format!("pod {pod}: {text}")),
            );
            if let Some(host) = seen.host {
                let info = PodInfo {
                    key: pod,
                    template: attempt.template,
                    start: SimTime::from_secs(EPOCH),
                    terminating: false,
                };
                cache.add_pod(host, info);
            }
        }
        found
    });
}

fn compare(cache: &mut Cache<'_>, attempt: Attempt, seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    let Examination { refused, scored } = cache.examine(attempt);
    let (ours, real) = (whys(&refused), seen.whys());
    for node in ours.keys().chain(real.keys()) {
        if ours.get(node) != real.get(node) {
            let (ours, real) = (ours.get(node), real.get(node));
            found.push(format!("node {node} refused for {ours:?}, really {real:?}"));
        }
    }
    if !seen.scored.is_empty() {
        let ours: Vec<_> = scored.iter().map(named).collect();
        let different = ours
            .iter()
            .zip(&seen.scored)
            .filter(|(ours, real)| ours != real);
        found.extend(different.map(|(ours, real)| format!("{ours:?}, really {real:?}")));
        if ours.len() != seen.scored.len() {
            found.push(format!(
                "{} nodes scored, really {}",
                ours.len(),
                seen.scored.len()
            ));
        }
    }
    let chosen = cache.schedule(attempt, &mut tie(attempt.pod)).ok();
    let ours = chosen.map_or((0, 0, None), |chosen| {
        (chosen.evaluated, chosen.feasible, Some(chosen.node))
    });
    let real = (seen.evaluated, seen.feasible, seen.host);
    if ours != real {
        found.push(format!(
            "(examined, feasible, node) {ours:?}, really {real:?}"
        ));
    }
    found
}

impl Seen {
    fn whys(&self) -> BTreeMap<u32, Why> {
        let mut all = BTreeMap::new();
        for refusal in &self.refused {
            let mut reasons = refusal.reasons.clone();
            reasons.sort();
            let why = (refusal.plugin.clone(), reasons, refusal.unresolvable);
            all.extend(refusal.nodes.iter().map(|&node| (node, why.clone())));
        }
        all
    }
}

fn whys(refused: &[Refused]) -> BTreeMap<u32, Why> {
    let why = |refused: &Refused| {
        let mut reasons: Vec<_> = refused.reasons.iter().map(words).collect();
        reasons.sort();
        (
            format!("{:?}", refused.plugin),
            reasons,
            refused.unresolvable,
        )
    };
    refused.iter().map(|node| (node.node, why(node))).collect()
}

/// A reason in the words of 1.36, which no longer names the taint.
fn words(reason: &Reason) -> String {
    match reason {
        Reason::UntoleratedTaint(_) => "node(s) had untolerated taint(s)".to_owned(),
        _ => reason.to_string(),
    }
}

fn named(node: &Scored) -> Score {
    let scores = ScorePlugin::ALL.into_iter().zip(node.scores);
    let scores = scores.filter(|&(_, score)| score != 0);
    Score {
        node: node.node,
        scores: scores
            .map(|(plugin, score)| (format!("{plugin:?}"), score))
            .collect(),
    }
}

fn tie(pod: u32) -> Stream {
    let key = StreamKey {
        seed: 1,
        purpose: Purpose::TieBreak,
        entity: u64::from(pod),
    };
    key.stream()
}
