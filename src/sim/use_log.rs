//! How much of a node its pods ask for, over time: who its bill is for.

use crate::api::{Resource, Resources};
use crate::cloud::NanoUsd;
use crate::cluster::TemplateId;
use crate::des::SimTime;

/// How much of a node its pods have asked for, over time.
#[derive(Clone, Debug, Default)]
pub(super) struct UseLog {
    since: SimTime,
    /// When it was last split.
    split: SimTime,
    /// Millicore-microseconds requested.
    cpu_area: u128,
    /// By template: parts per million of the node its pods ask for now, and the same times microseconds since the last split.
    shares: Vec<(TemplateId, i64, u128)>,
}

impl UseLog {
    pub(super) fn new(now: SimTime) -> Self {
        Self {
            since: now,
            split: now,
            ..Self::default()
        }
    }

    /// Brings the areas up to `now`, while `cpu` millicores are requested.
    pub(super) fn advance(&mut self, now: SimTime, cpu: i64) {
        let span = u128::from(now.saturating_since(self.since).as_micros());
        self.since = self.since.max(now);
        self.cpu_area += span * u128::from(cpu.unsigned_abs());
        for (_, share, area) in &mut self.shares {
            *area += span * u128::from(share.unsigned_abs());
        }
    }

    /// Pods of a template ask for so much more (or less) of the node.
    pub(super) fn change(&mut self, template: TemplateId, ppm: i64) {
        match self
            .shares
            .iter_mut()
            .find(|(known, ..)| *known == template)
        {
            Some((_, share, _)) => *share += ppm,
            None => self.shares.push((template, ppm, 0)),
        }
    }

    /// Mean share of `cpu` millicores that was requested over so many microseconds.
    pub(super) fn cpu_share(&self, micros: u64, cpu: i64) -> f64 {
        let offered = u128::from(micros) * u128::from(cpu.unsigned_abs());
        if offered == 0 {
            0.0
        } else {
            self.cpu_area as f64 / offered as f64
        }
    }

    /// Splits a bill for the time since the last split or, if that is later, since `from`: by template as its pods asked for the node. What
    /// is left of the bill is idle.
    pub(super) fn split(&mut self, from: SimTime, bill: NanoUsd) -> Vec<(u16, NanoUsd)> {
        let span = self.since.saturating_since(self.split.max(from));
        self.split = self.since;
        let offered = u128::from(span.as_micros()) * 1_000_000;
        let asked: u128 = self.shares.iter().map(|&(.., area)| area).sum();
        let whole = offered.max(asked).max(1) as i128;
        let parts = self.shares.iter_mut().filter(|(.., area)| *area > 0);
        parts
            .map(|(template, _, area)| {
                let part = bill.0 * std::mem::take(area) as i128 / whole;
                (template.index() as u16, NanoUsd(part))
            })
            .collect()
    }
}

/// The part of a node a pod takes up, in parts per million: of the resource it takes most of.
pub(super) fn share_ppm(requests: &Resources, allocatable: &Resources) -> i64 {
    let share = |kind: Resource| {
        if allocatable[kind] > 0 {
            requests[kind] * 1_000_000 / allocatable[kind]
        } else {
            0
        }
    };
    Resource::ALL
        .into_iter()
        .filter(|&kind| kind != Resource::Pods)
        .map(share)
        .max()
        .unwrap_or(0)
}
