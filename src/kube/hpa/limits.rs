//! How far and how fast may a proposal move the replicas? (spec/kubernetes.md 2.7, 2.8)

use std::collections::VecDeque;

use crate::api::objects::autoscaling::SelectPolicy;
use crate::des::{SimDuration, SimTime};

use super::constants;
use super::spec::{Amount, Behavior, ScalingRules};

/// What the controller remembers of one HPA.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// Raw proposals, before any limit, oldest first.
    proposals: VecDeque<(SimTime, u32)>,
    /// Replicas added, in no particular order.
    added: Vec<(SimTime, u32)>,
    /// Replicas removed, in no particular order.
    removed: Vec<(SimTime, u32)>,
}

impl History {
    /// Starts with what is there. This alone holds the replicas up for the first stabilisation
    /// window (2.2).
    pub(super) fn seed(&mut self, now: SimTime, current: u32) {
        if self.proposals.is_empty() {
            self.proposals.push_back((now, current));
        }
    }

    /// Without behavior: the highest proposal of the last 5 minutes, that of exactly 5 minutes ago
    /// included.
    pub(super) fn stabilize(&mut self, now: SimTime, proposal: u32) -> u32 {
        self.remember(now, proposal, constants::DOWNSCALE_STABILIZATION);
        self.proposals
            .iter()
            .map(|&(_, proposal)| proposal)
            .max()
            .unwrap_or(proposal)
    }

    /// With behavior: `current`, raised to the lowest recent proposal if below and lowered to the
    /// highest if above, each over the window of its direction, its far end excluded.
    pub(super) fn stabilize_both_ways(
        &mut self,
        now: SimTime,
        current: u32,
        proposal: u32,
        behavior: &Behavior,
    ) -> u32 {
        let recent = |history: &Self, window| {
            let within = move |&&(at, _): &&(SimTime, u32)| now.since(at) < window;
            history
                .proposals
                .iter()
                .filter(within)
                .map(|&(_, proposal)| proposal)
                .collect::<Vec<_>>()
        };
        let least = recent(self, behavior.up.window)
            .into_iter()
            .fold(proposal, u32::min);
        let most = recent(self, behavior.down.window)
            .into_iter()
            .fold(proposal, u32::max);
        self.remember(now, proposal, behavior.up.window.max(behavior.down.window));
        current.max(least).min(most)
    }

    fn remember(&mut self, now: SimTime, proposal: u32, window: SimDuration) {
        forget(&mut self.proposals, now, window);
        self.proposals.push_back((now, proposal));
    }

    /// `desired`, or as far towards it as the policies of the direction allow.
    pub(super) fn limit_rate(
        &self,
        now: SimTime,
        current: u32,
        desired: u32,
        behavior: &Behavior,
    ) -> u32 {
        if desired > current {
            desired.min(self.ceiling(now, current, &behavior.up))
        } else if desired < current {
            desired.max(self.floor(now, current, &behavior.down))
        } else {
            current
        }
    }

    fn ceiling(&self, now: SimTime, current: u32, rules: &ScalingRules) -> u32 {
        let limits = rules.policies.iter().map(|policy| {
            let start = self.replicas_before(now, current, policy.period);
            match policy.amount {
                Amount::Pods(pods) => start + i64::from(pods),
                Amount::Percent(percent) => {
                    (start as f64 * (1.0 + f64::from(percent) / 100.0)).ceil() as i64
                }
            }
        });
        let limit = match rules.select {
            SelectPolicy::Max => limits.max(),
            SelectPolicy::Min => limits.min(),
            SelectPolicy::Disabled => None,
        };
        limit.map_or(current, saturate).max(current)
    }

    fn floor(&self, now: SimTime, current: u32, rules: &ScalingRules) -> u32 {
        let limits = rules.policies.iter().map(|policy| {
            let start = self.replicas_before(now, current, policy.period);
            match policy.amount {
                Amount::Pods(pods) => start - i64::from(pods),
                Amount::Percent(percent) => {
                    (start as f64 * (1.0 - f64::from(percent) / 100.0)) as i64
                }
            }
        });
        let limit = match rules.select {
            SelectPolicy::Max => limits.min(),
            SelectPolicy::Min => limits.max(),
            SelectPolicy::Disabled => None,
        };
        limit.map_or(current, saturate).min(current)
    }

    /// The replicas at the start of a period, as far as this HPA's own changes tell.
    fn replicas_before(&self, now: SimTime, current: u32, period: SimDuration) -> i64 {
        let change = |events: &[(SimTime, u32)]| -> i64 {
            let recent = events.iter().filter(|&&(at, _)| now.since(at) < period);
            recent.map(|&(_, replicas)| i64::from(replicas)).sum()
        };
        i64::from(current) - change(&self.added) + change(&self.removed)
    }

    /// Remembers a change for the rates to come. It takes the place of the latest entry that no policy of its own direction
    /// needs any more, though one of the other direction may.
    pub(super) fn record_change(&mut self, now: SimTime, from: u32, to: u32, behavior: &Behavior) {
        let (events, replicas, rules) = if to > from {
            (&mut self.added, to - from, &behavior.up)
        } else if to < from {
            (&mut self.removed, from - to, &behavior.down)
        } else {
            return;
        };
        let periods = rules.policies.iter().map(|policy| policy.period);
        let longest = periods.max().unwrap_or(SimDuration::ZERO);
        let outdated = events.iter().rposition(|&(at, _)| now.since(at) > longest);
        match outdated {
            Some(place) => events[place] = (now, replicas),
            None => events.push((now, replicas)),
        }
    }
}

/// Drops what is older than `age`.
fn forget(history: &mut VecDeque<(SimTime, u32)>, now: SimTime, age: SimDuration) {
    while history.front().is_some_and(|&(at, _)| now.since(at) > age) {
        history.pop_front();
    }
}

/// Without behavior: one sync at most doubles, or goes to 4 (2.7).
pub(super) fn limit_growth(current: u32, desired: u32) -> u32 {
    let limit = current.saturating_mul(constants::SCALE_UP_LIMIT_FACTOR);
    desired.min(limit.max(constants::SCALE_UP_LIMIT_MIN))
}

fn saturate(replicas: i64) -> u32 {
    u32::try_from(replicas.max(0)).unwrap_or(u32::MAX)
}
