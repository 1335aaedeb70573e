//! How many replicas does a HorizontalPodAutoscaler want? (spec/kubernetes.md 2)
//!
//! [`HpaSpec`] is what the object asks for, `replicas` computes what each metric proposes, `limits`
//! stabilises the proposal and holds it to the allowed rate. Ratios are IEEE doubles, computed in
//! upstream's order: exact arithmetic would differ at the edges (2.3).

pub mod constants;
mod limits;
mod replicas;
mod spec;

pub use replicas::{Inputs, PodState, Readiness, Reading};
pub use spec::{Amount, Behavior, HpaSpec, Metric, Policy, ScalingRules};

use crate::des::SimTime;
use limits::History;

/// One HorizontalPodAutoscaler: what it asks for, and what the controller remembers about it.
#[derive(Clone, Debug)]
pub struct Hpa {
    spec: HpaSpec,
    history: History,
}

/// What a sync decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decision {
    /// New `spec.replicas` of the workload; the old one where nothing is to change.
    pub replicas: u32,
    /// Why.
    pub reason: Reason,
}

/// Why a sync decided as it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The workload has no replicas: something else put it to sleep.
    Disabled,
    /// There were more than `max`.
    AboveMax,
    /// There were fewer than `min`.
    BelowMin,
    /// No metric could be read, or those that could would scale down while another could not.
    MetricsUnavailable,
    /// A metric spoke.
    Metric {
        /// Which of `spec.metrics`: the first with the highest proposal.
        index: usize,
        /// What it measured over its target, in thousandths; pods without a sample stand in as they do for the proposal.
        ratio_thousandths: u64,
        /// What it proposed.
        proposal: u32,
        /// What stabilisation made of the proposal.
        stabilized: u32,
        /// What the rates of `behavior` made of that; `min` and `max` have the last word.
        limited: u32,
    },
}

impl Hpa {
    /// An autoscaler without history, as after its creation or a restart of its controller.
    #[must_use]
    pub fn new(spec: HpaSpec) -> Self {
        Self {
            spec,
            history: History::default(),
        }
    }

    /// What it asks for.
    #[must_use]
    pub fn spec(&self) -> &HpaSpec {
        &self.spec
    }

    /// Evaluates once (spec/kubernetes.md 2.2). The caller applies the answer: a change is
    /// remembered as having happened.
    pub fn sync(&mut self, now: SimTime, inputs: &Inputs) -> Decision {
        let current = inputs.spec_replicas;
        self.history.seed(now, current);
        let HpaSpec { min, max, .. } = self.spec;
        let decision = if current == 0 {
            Decision {
                replicas: 0,
                reason: Reason::Disabled,
            }
        } else if current > max {
            Decision {
                replicas: max,
                reason: Reason::AboveMax,
            }
        } else if current < min {
            Decision {
                replicas: min,
                reason: Reason::BelowMin,
            }
        } else {
            self.follow_metrics(now, inputs)
        };
        if let Some(behavior) = &self.spec.behavior {
            self.history
                .record_change(now, current, decision.replicas, behavior);
        }
        decision
    }

    fn follow_metrics(&mut self, now: SimTime, inputs: &Inputs) -> Decision {
        let current = inputs.spec_replicas;
        let Some((index, proposed)) = replicas::propose(now, &self.spec, inputs) else {
            return Decision {
                replicas: current,
                reason: Reason::MetricsUnavailable,
            };
        };
        let proposal = proposed.replicas;
        let (stabilized, limited) = match &self.spec.behavior {
            Some(behavior) => {
                let stable = self
                    .history
                    .stabilize_both_ways(now, current, proposal, behavior);
                let limited = self.history.limit_rate(now, current, stable, behavior);
                (stable, limited)
            }
            None => {
                let stable = self.history.stabilize(now, proposal);
                (stable, limits::limit_growth(current, stable))
            }
        };
        Decision {
            replicas: limited.clamp(self.spec.min, self.spec.max),
            reason: Reason::Metric {
                index,
                ratio_thousandths: (proposed.ratio * 1e3) as u64,
                proposal,
                stabilized,
                limited,
            },
        }
    }
}

#[cfg(test)]
mod tests;
