//! Preemption: the node a pod is nominated to, and whom it pushes out.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use karpsim::cluster::TemplateId;
use karpsim::des::{Purpose, StreamKey};
use karpsim::kube::scheduler::{Attempt, DisruptionBudget, Preemption, Profile};
use serde::Deserialize;

use super::cluster::Cluster;
use super::recording::replay;

/// Enough draws to see every answer where lots are drawn.
const DRAWS: u64 = 64;

#[derive(Deserialize)]
struct Contested {
    #[serde(flatten)]
    cluster: Cluster,
    #[serde(default)]
    budgets: Vec<Budget>,
    #[serde(default)]
    nominated: Vec<Nominated>,
    preemptor: u32,
}

#[derive(Deserialize)]
struct Budget {
    workload: u32,
    allowed: i64,
    #[serde(default)]
    disrupted: Vec<u32>,
}

#[derive(Deserialize)]
struct Nominated {
    workload: u32,
    node: u32,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord, Clone, Debug)]
struct Outcome {
    node: u32,
    victims: Vec<u32>,
}

#[test]
fn pods_are_pushed_out_as_the_real_scheduler_does() {
    replay("preemption", |case: &Contested, real: &Vec<Outcome>| {
        let ours = case.outcomes();
        let real: BTreeSet<_> = real.iter().cloned().collect();
        // The real one was asked a few times only, and draws lots among equals.
        if ours.is_superset(&real) && (ours.len() > 1 || real == ours) {
            Vec::new()
        } else {
            vec![format!("{ours:?}, really {real:?}")]
        }
    });
}

impl Contested {
    fn outcomes(&self) -> BTreeSet<Outcome> {
        let (templates, mut symbols) = self.cluster.templates();
        let nodes = self.cluster.node_infos(&mut symbols);
        let mut cache = self
            .cluster
            .cache(&templates, &symbols, nodes, Profile::new(36));
        // A nomination clears those of lower priority, so the highest comes first: the recorded ones stand side by side.
        let mut nominated: Vec<_> = self.nominated.iter().collect();
        nominated.sort_by_key(|waits| Reverse(templates[waits.workload as usize].priority));
        for (pod, waits) in (5_000..).zip(nominated) {
            let nothing = Preemption {
                node: waits.node,
                victims: Vec::new(),
                violations: 0,
            };
            cache.nominate(pod, TemplateId(waits.workload), &nothing);
        }
        let budgets: Vec<_> = self.budgets.iter().map(Budget::status).collect();
        let attempt = Attempt {
            pod: 10_000,
            template: TemplateId(self.preemptor),
            pinned: None,
        };
        let draw = |entity| {
            let key = StreamKey {
                seed: 1,
                purpose: Purpose::TieBreak,
                entity,
            };
            key.stream()
        };
        let Err(failure) = cache.schedule(attempt, &mut draw(0)) else {
            return BTreeSet::new();
        };
        let outcomes = (0..DRAWS).filter_map(|entity| {
            let made = cache.preempt(attempt, &failure, &budgets, &mut draw(entity))?;
            // Who is leaving already is not deleted again.
            let mut victims = made.victims;
            victims.retain(|&key| !self.cluster.pods[key as usize].terminating);
            victims.sort_unstable();
            Some(Outcome {
                node: made.node,
                victims,
            })
        });
        outcomes.collect()
    }
}

impl Budget {
    fn status(&self) -> DisruptionBudget {
        DisruptionBudget {
            templates: vec![TemplateId(self.workload)],
            allowed: self.allowed,
            disrupted: self.disrupted.clone(),
        }
    }
}
