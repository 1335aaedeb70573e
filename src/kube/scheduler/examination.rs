//! What does every plugin say of every node? One attempt in full, for whoever asks why.

use super::cache::Cache;
use super::cycle::Attempt;
use super::failure::Reason;
use super::filter::minima;
use super::plugin::{Plugin, ScorePlugin};
use super::score::score_by;

/// An attempt in full. Nodes are in the order in which they were examined.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Examination {
    /// Nodes that were refused.
    pub refused: Vec<Refused>,
    /// Nodes that take the pod.
    pub scored: Vec<Scored>,
}

/// A node that a filter plugin refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// Its slot.
    pub node: u32,
    /// The first plugin that refused it.
    pub plugin: Plugin,
    /// All that this plugin has against it.
    pub reasons: Vec<Reason>,
    /// Whether no eviction on the node helps.
    pub unresolvable: bool,
}

/// A feasible node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scored {
    /// Its slot.
    pub node: u32,
    /// Normalised and weighted scores, by [`ScorePlugin`] in its order; 0 of plugins that skip the pod.
    pub scores: [i64; ScorePlugin::ALL.len()],
}

impl Cache<'_> {
    /// What [`Cache::schedule`] would see, had the pod no nomination. Nothing moves.
    pub fn examine(&mut self, attempt: Attempt) -> Examination {
        let mut scratch = std::mem::take(&mut self.scratch);
        let start = self.next_start;
        self.judge_nominated(attempt, &mut scratch);
        minima(self.class(attempt), &self.tallies, &mut scratch.minima);
        self.search(attempt, &mut scratch);
        self.next_start = start;

        let refused = scratch.refused.iter().map(|&(node, rejection)| {
            let mut reasons = Vec::new();
            self.explain(rejection, |reason| reasons.push(reason));
            Refused {
                node,
                plugin: rejection.plugin(),
                reasons,
                unresolvable: rejection.is_unresolvable(),
            }
        });
        let mut examination = Examination {
            refused: refused.collect(),
            scored: Vec::new(),
        };
        let feasible = scratch.feasible.iter();
        examination.scored = feasible
            .map(|&node| Scored {
                node,
                scores: Default::default(),
            })
            .collect();
        let inputs = self.inputs(attempt, &scratch.minima);
        for plugin in ScorePlugin::ALL {
            if score_by(plugin, &inputs, &scratch.feasible, &mut scratch.scores) {
                for (node, score) in examination.scored.iter_mut().zip(&scratch.scores.raw) {
                    node.scores[plugin as usize] = plugin.weight() * score;
                }
            }
        }
        self.scratch = scratch;
        examination
    }
}
