//! Which pod is next? First-fit-decreasing order and the rule that ends a pass (1.5).

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::problem::{PendingPod, Problem};
use crate::api::Resource;

/// Pods to try, as places in [`Problem::pods`], each with the length of the queue when it was last put back.
#[derive(Clone, Debug)]
pub(super) struct Queue(VecDeque<(usize, usize)>);

impl Queue {
    /// All pods in the order of 1.5.
    pub(super) fn new(problem: &Problem) -> Self {
        let key = |pod: &PendingPod| {
            let requests = &problem.templates[pod.template.index()].requests;
            let largest_first = Reverse((requests[Resource::Cpu], requests[Resource::Memory]));
            (largest_first, pod.created.as_micros() / 1_000_000, pod.uid)
        };
        let mut pods: Vec<usize> = (0..problem.pods.len()).collect();
        pods.sort_by_cached_key(|&pod| key(&problem.pods[pod]));
        Self(pods.into_iter().map(|pod| (pod, 0)).collect())
    }

    /// The next pod; none when the queue is empty or has gone round without progress.
    pub(super) fn pop(&mut self) -> Option<usize> {
        let &(pod, length) = self.0.front()?;
        if length == self.0.len() {
            return None;
        }
        self.0.pop_front();
        Some(pod)
    }

    /// Puts a pod that found no place back.
    pub(super) fn push(&mut self, pod: usize) {
        self.0.push_back((pod, self.0.len() + 1));
    }

    /// The pods left.
    pub(super) fn into_rest(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().map(|(pod, _)| pod)
    }
}
