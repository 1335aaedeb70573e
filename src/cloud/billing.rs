//! What is on the bill (spec/kubernetes.md 7.1-7.6)?
//!
//! Quantities are integers in base units ([`Unit`]), prices and amounts are nano-dollars. Every line is rounded once, half up, to a
//! nano-dollar; a sum of lines is exact.

use serde::Serialize;

use super::money::NanoUsd;
use super::prices::{HOUR, Item, Layer, PriceList, Quality, Unit};
use super::{CapacityType, Price};
use crate::des::{SimDuration, SimTime};

/// The least time an instance or a volume is charged for (spec/kubernetes.md 7.4, 7.5).
pub const BILLED_AT_LEAST: SimDuration = SimDuration::from_secs(60);
/// A spot instance EC2 takes back within this time is free (spec/kubernetes.md 7.6).
pub const FREE_IF_RECLAIMED_WITHIN: SimDuration = SimDuration::from_secs(3_600);
/// Operations per second of a gp3 volume that cost nothing (spec/kubernetes.md 7.4).
const GP3_IOPS_INCLUDED: u32 = 3_000;
/// MiB per second of a gp3 volume that cost nothing (spec/kubernetes.md 7.4).
const GP3_THROUGHPUT_INCLUDED: u32 = 125;
/// Bytes of payload that make one SQS request (spec/kubernetes.md 7.2).
const SQS_CHUNK_BYTES: u64 = 64 << 10;

const SECOND: u64 = 1_000_000;

/// One line of a bill.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BillLine {
    /// The part of the platform.
    pub layer: Layer,
    /// What was used.
    pub item: String,
    /// How much of it, in base units of `unit`.
    pub quantity: u128,
    /// What the price is for one of.
    pub unit: Unit,
    /// Per unit; the mean where the price moved, rounded.
    pub unit_price: NanoUsd,
    /// What it costs.
    pub amount: NanoUsd,
    /// How well the price is known.
    pub quality: Quality,
}

/// The lines of a period.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Bill {
    /// In the order they were added.
    pub lines: Vec<BillLine>,
}

impl Bill {
    /// What it all costs.
    #[must_use]
    pub fn total(&self) -> NanoUsd {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// What a part of the platform costs.
    #[must_use]
    pub fn layer(&self, layer: Layer) -> NanoUsd {
        let of_layer = self.lines.iter().filter(|line| line.layer == layer);
        of_layer.map(|line| line.amount).sum()
    }

    /// Adds a tax of `ppm` parts per million on all that is there, as one line named `name`.
    pub fn add_tax(&mut self, name: &str, ppm: u32) {
        let taxed = self.total();
        self.lines.push(BillLine {
            layer: Layer::Tax,
            item: name.to_owned(),
            quantity: u128::from(ppm),
            unit: Unit::Fraction,
            unit_price: taxed,
            amount: taxed.scaled(i128::from(ppm), Unit::Fraction.base() as i128),
            quality: Quality::Cited,
        });
    }
}

/// A price over time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PricePath {
    /// From the start on.
    pub initial: Price,
    /// Later prices with the instants they begin at, ascending.
    pub changes: Vec<(SimTime, Price)>,
}

impl PricePath {
    /// A price that does not change.
    #[must_use]
    pub const fn constant(price: Price) -> Self {
        Self {
            initial: price,
            changes: Vec::new(),
        }
    }

    /// The integral of the price from `from` until `until`, in nano-dollars per hour times microseconds.
    #[must_use]
    pub fn integral(&self, from: SimTime, until: SimTime) -> u128 {
        let (mut at, mut price, mut sum) = (from, self.initial, 0);
        for &(change, next) in &self.changes {
            let change = change.clamp(at, until);
            sum += area(price, at, change);
            (at, price) = (change, next);
        }
        sum + area(price, at, until)
    }
}

fn area(price: Price, from: SimTime, until: SimTime) -> u128 {
    u128::from(price.0) * u128::from(until.since(from).as_micros())
}

/// The time an instance ran.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Usage {
    /// When it entered `running`.
    pub from: SimTime,
    /// When it left for `stopping` or `shutting-down`; not before `from`.
    pub until: SimTime,
    /// How it was bought.
    pub capacity_type: CapacityType,
    /// Whether EC2 ended it.
    pub reclaimed: bool,
}

impl Usage {
    /// The time that is charged: whole seconds, begun ones included, a minute at least; none for spot that EC2 took back within the
    /// first hour.
    #[must_use]
    pub fn billed(&self) -> SimDuration {
        let ran = self.until.since(self.from);
        let spot_reclaimed = self.reclaimed && self.capacity_type == CapacityType::Spot;
        if spot_reclaimed && ran < FREE_IF_RECLAIMED_WITHIN {
            return SimDuration::ZERO;
        }
        billed_seconds(ran)
    }

    /// The line of the instance, named `item`, under the price it had.
    #[must_use]
    pub fn line(&self, item: String, price: &PricePath, quality: Quality) -> BillLine {
        let billed = self.billed();
        let quantity = u128::from(billed.as_micros());
        let integral = NanoUsd(price.integral(self.from, self.from + billed) as i128);
        BillLine {
            layer: Layer::Compute,
            item,
            quantity,
            unit: Unit::Hour,
            unit_price: integral.scaled(1, quantity.max(1) as i128),
            amount: integral.scaled(1, HOUR as i128),
            quality,
        }
    }
}

impl BillLine {
    /// The line of capacity that was paid for through so many microseconds and in which nothing ran.
    #[must_use]
    pub fn of_unused(item: String, micros: u128, price: Price, quality: Quality) -> Self {
        let price = NanoUsd(i128::from(price.0));
        Self {
            layer: Layer::Compute,
            item,
            quantity: micros,
            unit: Unit::Hour,
            unit_price: price,
            amount: price.scaled(micros as i128, HOUR as i128),
            quality,
        }
    }
}

/// Whole seconds, begun ones included, a minute at least.
fn billed_seconds(ran: SimDuration) -> SimDuration {
    let seconds = ran.as_micros().div_ceil(SECOND);
    SimDuration::from_secs(seconds).max(BILLED_AT_LEAST)
}

/// A gp3 volume and the time it was there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gp3Volume {
    /// Size.
    pub bytes: u64,
    /// Operations per second, at least the included 3,000.
    pub iops: u32,
    /// MiB per second, at least the included 125.
    pub throughput_mib: u32,
    /// How long it was provisioned.
    pub provisioned: SimDuration,
}

impl Gp3Volume {
    /// A volume without more performance than is included.
    #[must_use]
    pub const fn plain(bytes: u64, provisioned: SimDuration) -> Self {
        Self {
            bytes,
            iops: GP3_IOPS_INCLUDED,
            throughput_mib: GP3_THROUGHPUT_INCLUDED,
            provisioned,
        }
    }

    /// The lines of the volume: storage, and performance beyond the included.
    #[must_use]
    pub fn lines(&self, prices: &PriceList) -> Vec<BillLine> {
        let micros = u128::from(billed_seconds(self.provisioned).as_micros());
        let iops = self.iops.saturating_sub(GP3_IOPS_INCLUDED);
        let throughput = self.throughput_mib.saturating_sub(GP3_THROUGHPUT_INCLUDED);
        [
            (Item::Gp3Storage, u128::from(self.bytes)),
            (Item::Gp3Iops, u128::from(iops)),
            (Item::Gp3Throughput, u128::from(throughput)),
        ]
        .into_iter()
        .flat_map(|(item, amount)| prices.tariff(item).charge(amount * micros, 0))
        .collect()
    }
}

/// The lines of something charged by the hour that was there for `present`: control plane, gateway, load balancer, address. Begun hours
/// count whole where the tariff says so.
#[must_use]
pub fn hourly(prices: &PriceList, item: Item, present: SimDuration) -> Vec<BillLine> {
    let tariff = prices.tariff(item);
    let micros = u128::from(present.as_micros());
    let billed = match tariff.unit {
        Unit::StartedHour => micros.next_multiple_of(HOUR),
        _ => micros,
    };
    tariff.charge(billed, 0)
}

/// What a load balancer handled in one clock hour (spec/kubernetes.md 7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LoadBalancerHour {
    /// Connections opened.
    pub new_connections: u64,
    /// Connections times the microseconds they were open in this hour.
    pub connection_micros: u128,
    /// Bytes, both ways.
    pub bytes: u64,
    /// Rule evaluations beyond the ten free rules.
    pub rule_evaluations: u64,
}

/// What one capacity unit covers in an hour (spec/kubernetes.md 7.1): 25 new connections a second, 3,000 open connections, a GB, 1,000
/// rule evaluations a second.
const LCU_NEW_CONNECTIONS: u128 = 25 * 3_600;
const LCU_CONNECTION_MICROS: u128 = 3_000 * HOUR;
const LCU_BYTES: u128 = 1 << 30;
const LCU_RULE_EVALUATIONS: u128 = 1_000 * 3_600;

impl LoadBalancerHour {
    /// Capacity units of the hour in millionths, rounded up: the most that any of the four dimensions asks for.
    #[must_use]
    pub fn lcu_millionths(&self) -> u128 {
        [
            (u128::from(self.new_connections), LCU_NEW_CONNECTIONS),
            (self.connection_micros, LCU_CONNECTION_MICROS),
            (u128::from(self.bytes), LCU_BYTES),
            (u128::from(self.rule_evaluations), LCU_RULE_EVALUATIONS),
        ]
        .into_iter()
        .map(|(used, covered)| (used * Unit::LcuHour.base()).div_ceil(covered))
        .fold(0, u128::max)
    }
}

/// Requests an SQS call is charged as: one for every 64 KB of payload begun, one at least (spec/kubernetes.md 7.2).
#[must_use]
pub const fn sqs_requests(payload_bytes: u64) -> u64 {
    let chunks = payload_bytes.div_ceil(SQS_CHUNK_BYTES);
    if chunks == 0 { 1 } else { chunks }
}

#[cfg(test)]
mod tests;
