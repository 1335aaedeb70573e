//! What was charged hour by hour: the bill as a provider itemises it.

use crate::cloud::NanoUsd;
use crate::cloud::prices::{Layer, Unit};

/// What was used of one thing in one clock hour (UTC).
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// Clock hours between that in which the run begins and this one.
    pub hour: u32,
    /// The part of the platform.
    pub layer: Layer,
    /// What was used: an instance type, or the title of a tariff.
    pub item: String,
    /// What the price is for one of.
    pub unit: Unit,
    /// How much of it, in base units of `unit`.
    pub quantity: u128,
    /// Per unit, as published: of an instance the price on demand.
    pub list_price: NanoUsd,
    /// What it costs. The amounts of a line's hours add up to the line.
    pub amount: NanoUsd,
    /// Of an instance: whose pods asked for how much of it, by place among the consumers. The rest is idle.
    pub parts: Vec<(u16, NanoUsd)>,
}

/// Somebody whom instances are charged for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// Namespace.
    pub namespace: String,
    /// The service; `DaemonSets` for all that belong to none.
    pub name: String,
}
