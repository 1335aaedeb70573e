//! How much of a node its pods ask for, over time: who its bill is for.

use crate::api::{Resource, Resources};
use crate::cluster::TemplateId;
use crate::des::{SimDuration, SimTime};

/// How much of a node its pods have asked for, over time.
#[derive(Clone, Debug, Default)]
pub(super) struct UseLog {
    since: SimTime,
    /// Millicore-microseconds requested.
    cpu_area: u128,
    /// By template: parts per million of the node its pods ask for now, and the same times microseconds so far.
    shares: Vec<(TemplateId, i64, u128)>,
}

impl UseLog {
    pub(super) fn new(now: SimTime) -> Self {
        Self {
            since: now,
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

    /// Splits a bill for so long a life: by template as its pods asked for the node, the rest is idle.
    pub(super) fn split(&self, life: SimDuration, bill: i128) -> (Vec<(TemplateId, i128)>, i128) {
        let offered = u128::from(life.as_micros()) * 1_000_000;
        let asked: u128 = self.shares.iter().map(|&(.., area)| area).sum();
        let whole = offered.max(asked).max(1) as i128;
        let part = |&(template, _, area): &(TemplateId, i64, u128)| {
            (template, bill * area as i128 / whole)
        };
        let parts: Vec<_> = self.shares.iter().map(part).collect();
        let idle = bill - parts.iter().map(|&(_, amount)| amount).sum::<i128>();
        (parts, idle)
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
