//! The life of one spot pool: outages, whom they hit, and the price.

use std::ops::RangeInclusive;

use libm::{exp, log1p, sqrt};

use super::{
    BusinessHours, MarketSettings, NOTICES_WITHIN, Outage, PoolRecord, THIN_AROUND_OUTAGE,
};
use crate::cloud::Price;
use crate::cloud::billing::PricePath;
use crate::cloud::catalog::{InterruptionBucket, TypeFacts};
use crate::cloud::fleet::Capacity;
use crate::des::{Dist, Purpose, SimDuration, SimTime, StreamKey, normal_quantile};

/// Hours of the month the advisor's fractions refer to (spec/kubernetes.md 8.4).
const MONTH_HOURS: f64 = 730.0;
/// Mean of the share of a pool an outage reclaims, Beta(2, 1) (spec/kubernetes.md 8.4).
const MEAN_SHARE: f64 = 2.0 / 3.0;
/// Median and 95th percentile of an outage of a mainstream pool, seconds: lognormal, median 15 min (spec/kubernetes.md 8.4); the
/// spread is an assumption.
const OUTAGE_MAINSTREAM: (f64, f64) = (900.0, 3_600.0);
/// An outage of a scarce GPU pool, seconds: Weibull(0.7, 1.35 h), the fit to SkyPilot's V100 traces (spec/kubernetes.md 8.3).
const OUTAGE_SCARCE: Dist = Dist::Weibull {
    shape: 0.7,
    scale: 4_860.0,
};
/// How much of a price's distance from its mean is left a day later; "slow" in spec/kubernetes.md 8.4.
const PRICE_MEMORY: f64 = 0.95;
const DAY: SimDuration = SimDuration::from_secs(86_400);

/// Draws of a pool's key: outage `n` uses `2n` for the gap before it and `2n + 1` for its length; the others start here.
const SHARE_DRAWS: u64 = 1 << 40;
const PRICE_DRAWS: u64 = 1 << 41;
const PRICE_PHASE_DRAW: u64 = 1 << 42;

/// A spot pool's path, drawn as far as it was asked for.
#[derive(Clone, Debug)]
pub(super) struct SpotPath {
    key: StreamKey,
    /// Mean time between outages in hours; infinite for none.
    mean_gap_hours: f64,
    outage_length: Dist,
    hours: BusinessHours,
    /// Ascending; the last begins after every instant asked about, which is never where all were recorded.
    outages: Vec<Outage>,
    /// Recorded prices, in place of drawn ones.
    recorded: Option<PoolRecord>,
    price_at_start: Price,
    /// On-demand: nobody pays more for spot (spec/kubernetes.md 7.6).
    price_ceiling: Price,
    price_step: f64,
    /// Logarithm of the price over the price at the start, after each step.
    deviations: Vec<f64>,
}

impl SpotPath {
    /// The path of a pool of this type and band, from the price at the start up to the on-demand price.
    pub(super) fn new(
        key: StreamKey,
        facts: &TypeFacts,
        bucket: InterruptionBucket,
        prices: RangeInclusive<Price>,
        settings: &MarketSettings,
        record: Option<&PoolRecord>,
    ) -> Self {
        let outages = record.and_then(PoolRecord::outages).map(|mut outages| {
            outages.push(Outage::never(outages.len() as u32));
            outages
        });
        Self {
            key,
            mean_gap_hours: 1.0 / (outages_per_hour(bucket) * settings.hazard_scale),
            outage_length: outage_length(facts, bucket),
            hours: settings.business_hours,
            outages: outages.unwrap_or_default(),
            recorded: record.filter(|record| !record.prices.is_empty()).cloned(),
            price_at_start: *prices.start(),
            price_ceiling: *prices.end(),
            price_step: settings.price_step,
            deviations: Vec::new(),
        }
    }

    pub(super) fn next_outage(&mut self, after: SimTime) -> Option<Outage> {
        self.draw_past(after);
        let next = self.outages.partition_point(|outage| outage.from <= after);
        let next = self.outages.get(next).copied();
        next.filter(|outage| outage.from < SimTime::MAX)
    }

    pub(super) fn capacity(&mut self, at: SimTime) -> Capacity {
        self.draw_past(at.saturating_add(THIN_AROUND_OUTAGE));
        let ended = self.outages.partition_point(|outage| outage.until <= at);
        let (past, coming) = self.outages.split_at(ended);
        let lately = past
            .last()
            .is_some_and(|outage| at.since(outage.until) < THIN_AROUND_OUTAGE);
        match coming.first() {
            Some(outage) if outage.from <= at => Capacity::None,
            Some(outage) if outage.from.since(at) <= THIN_AROUND_OUTAGE => Capacity::Thin,
            _ if lately => Capacity::Thin,
            _ => Capacity::Ample,
        }
    }

    pub(super) fn notice(&self, outage: &Outage, ordinal: u32) -> Option<SimTime> {
        let reclaim = StreamKey {
            purpose: Purpose::SpotReclaim,
            ..self.key
        };
        let share = sqrt(self.key.uniform(SHARE_DRAWS + u64::from(outage.event))); // Beta(2, 1)
        let instance = (u64::from(outage.event) << 32) | (u64::from(ordinal) << 1);
        let spread = NOTICES_WITHIN.as_secs_f64() * reclaim.uniform(instance | 1);
        let hit = reclaim.uniform(instance) < share;
        hit.then(|| outage.from + SimDuration::from_secs_f64(spread))
    }

    pub(super) fn price(&mut self, at: SimTime) -> Price {
        if let Some(record) = &self.recorded {
            return record.price(at);
        }
        let step = self.steps_by(at);
        self.price_after(step)
    }

    pub(super) fn price_path(&mut self, from: SimTime, until: SimTime) -> PricePath {
        if let Some(record) = &self.recorded {
            return record.price_path(from, until);
        }
        let (first, last) = (self.steps_by(from), self.steps_by(until));
        let phase = self.price_phase();
        let changes = (first + 1..=last)
            .map(|step| (phase + DAY * (step - 1), self.price_after(step)))
            .collect();
        PricePath {
            initial: self.price_after(first),
            changes,
        }
    }

    /// Draws outages until one begins after `at`.
    fn draw_past(&mut self, at: SimTime) {
        while self.outages.last().is_none_or(|outage| outage.from <= at) {
            let event = self.outages.len() as u32;
            let up = self
                .outages
                .last()
                .map_or(SimTime::ZERO, |outage| outage.until);
            let draw = u64::from(event) * 2;
            let gap_hours = self.mean_gap_hours * -log1p(-self.key.uniform(draw));
            let length = self.outage_length.quantile(self.key.uniform(draw + 1));
            let from = self.hours.advance(up, gap_hours);
            let until = from.saturating_add(SimDuration::from_secs_f64(length));
            self.outages.push(Outage { event, from, until });
            if from == SimTime::MAX {
                break;
            }
        }
    }

    /// Prices change once a day, each pool's at a time of its own.
    fn price_phase(&self) -> SimTime {
        let day = self.key.below(PRICE_PHASE_DRAW, DAY.as_micros());
        SimTime::from_micros(day)
    }

    /// How often the price has changed by `at`.
    fn steps_by(&self, at: SimTime) -> u64 {
        match at.as_micros().checked_sub(self.price_phase().as_micros()) {
            Some(since) => since / DAY.as_micros() + 1,
            None => 0,
        }
    }

    fn price_after(&mut self, steps: u64) -> Price {
        while (self.deviations.len() as u64) < steps {
            let drawn = self.key.uniform(PRICE_DRAWS + self.deviations.len() as u64);
            let before = self.deviations.last().copied().unwrap_or(0.0);
            self.deviations
                .push(PRICE_MEMORY * before + self.price_step * normal_quantile(drawn));
        }
        let Some(step) = steps.checked_sub(1) else {
            return self.price_at_start;
        };
        let nanos = self.price_at_start.0 as f64 * exp(self.deviations[step as usize]);
        Price(nanos.round() as u64).min(self.price_ceiling)
    }
}

/// The rate of outages at which an instance that lives on is interrupted within a month with the band's probability
/// (spec/kubernetes.md 8.4).
fn outages_per_hour(bucket: InterruptionBucket) -> f64 {
    -log1p(-bucket.monthly_fraction()) / (MONTH_HOURS * MEAN_SHARE)
}

/// Scarce are the types of the P family, and GPU types in the most restless band.
fn outage_length(facts: &TypeFacts, bucket: InterruptionBucket) -> Dist {
    let restless = bucket == InterruptionBucket::Above20;
    if facts.category == "p" || (facts.gpu_name.is_some() && restless) {
        OUTAGE_SCARCE
    } else {
        Dist::lognormal_from_median_p95(OUTAGE_MAINSTREAM.0, OUTAGE_MAINSTREAM.1)
    }
}
