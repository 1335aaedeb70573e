//! A pod with priority pushes others out: victims are deleted, and their room is kept for it.

use crate::cluster::Key;
use crate::des::{Purpose, SimTime};
use crate::kube::scheduler::{Attempt, DisruptionBudget, Failure};

use super::pod::Pod;
use super::{Queue, World};

/// Calls that a preemption makes for a victim: its condition, and its deletion (spec/kubernetes.md 1.13, 1.15).
const CALLS_PER_VICTIM: u32 = 2;

impl World<'_> {
    /// Looks for victims for a pod that found no node; deletes them and nominates the pod to their node.
    pub(super) fn preempt(
        &mut self,
        now: SimTime,
        key: Key<Pod>,
        attempt: Attempt,
        failure: &Failure,
        queue: &mut Queue,
    ) {
        if !self.scenario.template(attempt.template).preempts {
            return;
        }
        for place in 0..self.pdbs.len() {
            self.sync_pdb(now, place);
        }
        let budgets = self.scheduler_budgets();
        let uid = self.pods[key].uid;
        let mut random = self.draw(Purpose::TieBreak, (uid >> 64) as u64).stream();
        let Some(chosen) = self
            .scheduler
            .preempt(attempt, failure, &budgets, &mut random)
        else {
            return;
        };
        self.note_preemption(now, key, &chosen);
        self.pods[key].nominated = self.nodes.key_at(chosen.node);
        for outdone in self
            .scheduler
            .nominate(key.slot(), attempt.template, &chosen)
        {
            if let Some(pod) = self.pods.key_at(outdone) {
                self.pods[pod].nominated = None;
            }
        }
        for victim in chosen.victims {
            if let Some(victim) = self.pods.key_at(victim) {
                self.counters.pods_preempted += u64::from(self.pods[victim].deleting.is_none());
                self.note_preempted(now, victim, key);
                for _ in 0..CALLS_PER_VICTIM {
                    self.scheduler_client.take(self.scheduler_free);
                }
                self.terminate_pod(now, victim, queue);
            }
        }
    }

    fn scheduler_budgets(&self) -> Vec<DisruptionBudget> {
        let budgets = self.scenario.pdbs.iter().zip(&self.pdbs);
        budgets
            .map(|(model, pdb)| DisruptionBudget {
                templates: model.templates.clone(),
                allowed: i64::from(pdb.status().disruptions_allowed),
                disrupted: Vec::new(),
            })
            .collect()
    }

    /// Whether room on a node that is still there is kept for the pod.
    pub(super) fn is_nominated(&self, pod: &Pod) -> bool {
        let node = pod.nominated.and_then(|node| self.nodes.get(node));
        node.is_some_and(|node| !node.deleting())
    }
}
