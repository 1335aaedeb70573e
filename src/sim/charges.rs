//! What every clock hour is charged: what the bill has grown by since the hour before.

use crate::api::Resource;
use crate::cloud::NanoUsd;
use crate::cloud::billing::BillLine;
use crate::cloud::prices::Layer;
use crate::cluster::Key;
use crate::des::{Class, SimDuration, SimTime};
use crate::metrics::charges::{Charge, Consumer};

use super::bill::NodeBill;
use super::event::Event;
use super::node::Node;
use super::{Queue, World};

/// What pods are of that every node runs.
const DAEMONS: &str = "DaemonSets";
/// Microseconds of a clock hour.
const HOUR: u64 = 3_600_000_000;

/// What one payer has been charged so far, and hour by hour.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    lines: Vec<Charged>,
    charges: Vec<Charge>,
}

/// A line of a bill as it was when it was last looked at.
#[derive(Clone, Debug)]
struct Charged {
    item: String,
    unit_price: NanoUsd,
    quantity: u128,
    amount: NanoUsd,
}

impl Meter {
    /// Charges the hour with what a line has grown by; with nothing if it has not. Answers with the charge.
    pub(super) fn charge(&mut self, hour: u32, line: &BillLine) -> Option<&mut Charge> {
        // Of an instance the unit price is the mean so far.
        let same = |known: &&mut Charged| {
            known.item == line.item
                && (line.layer == Layer::Compute || known.unit_price == line.unit_price)
        };
        let (quantity, amount) = match self.lines.iter_mut().find(same) {
            Some(known) if known.quantity >= line.quantity => return None,
            Some(known) => {
                let grown = (line.quantity - known.quantity, line.amount - known.amount);
                (known.quantity, known.amount) = (line.quantity, line.amount);
                grown
            }
            None if line.quantity == 0 => return None,
            None => {
                self.lines.push(Charged {
                    item: line.item.clone(),
                    unit_price: line.unit_price,
                    quantity: line.quantity,
                    amount: line.amount,
                });
                (line.quantity, line.amount)
            }
        };
        self.charges.push(Charge {
            hour,
            layer: line.layer,
            item: line.item.clone(),
            unit: line.unit,
            quantity,
            list_price: line.unit_price,
            amount,
            parts: Vec::new(),
        });
        self.charges.last_mut()
    }

    /// All charges. An instance that turns out to be free was never charged.
    pub(super) fn finish(self, free: bool) -> Vec<Charge> {
        let mut charges = self.charges;
        if free {
            charges.retain(|charge| charge.layer != Layer::Compute);
        }
        charges
    }
}

impl World<'_> {
    /// The first clock hour ends at a full hour of UTC.
    pub(super) fn first_hour(&mut self, queue: &mut Queue) {
        let end = SimTime::from_micros(HOUR - self.gone_of_the_hour());
        queue.push(end, Class::Sampling, Event::HourEnds);
    }

    /// A clock hour ends, and the next begins.
    pub(super) fn hour_ends(&mut self, now: SimTime, queue: &mut Queue) {
        for key in self.live_nodes() {
            if let Some(bill) = self.node_bill(key, now) {
                self.charge_node(now, key, &bill);
            }
        }
        let reserved = self.reserved_until(now);
        self.charge_platform(now, &reserved);
        let hour = SimDuration::from_micros(HOUR);
        queue.push(now + hour, Class::Sampling, Event::HourEnds);
    }

    /// Charges the hour before `now` with what a node's bill has grown by, shared out as pods asked for the node in this time.
    pub(super) fn charge_node(&mut self, now: SimTime, key: Key<Node>, bill: &NodeBill) {
        let hour = self.hour_before(now);
        let node = &mut self.nodes[key];
        let from = node.instance.map_or(now, |instance| instance.billed_from);
        let use_log = &mut node.use_log;
        use_log.advance(now, node.requested[Resource::Cpu]);
        if let Some(charge) = node.meter.charge(hour, &bill.instance) {
            charge.list_price = bill.list_price;
            charge.parts = use_log.split(from, charge.amount);
        }
        for line in &bill.volumes {
            node.meter.charge(hour, line);
        }
    }

    /// Charges the hour before `now` with what everything but nodes has grown by; `reserved` is how long something ran in each capacity
    /// reservation.
    pub(super) fn charge_platform(&mut self, now: SimTime, reserved: &[u128]) {
        let hour = self.hour_before(now);
        let platform = self.platform_lines(now);
        let unused = self.unused_reservations(now, reserved);
        for line in platform.iter().flatten().chain(&unused) {
            self.ledger.platform.charge(hour, line);
        }
    }

    /// Whom instances are charged for: by template.
    pub(super) fn consumers(&self) -> Vec<Consumer> {
        let templates = self.scenario.templates.iter().enumerate();
        let consumers = templates.map(|(place, template)| {
            let mut services = self.scenario.services.iter();
            let service = services.find(|service| service.template.index() == place);
            Consumer {
                namespace: self.scenario.text(template.namespace).into_owned(),
                name: service.map_or(DAEMONS, |service| &service.name).to_owned(),
            }
        });
        consumers.collect()
    }

    /// The clock hour that an instant is in or, at a full hour, the one that ends.
    fn hour_before(&self, now: SimTime) -> u32 {
        let since = (now.as_micros() + self.gone_of_the_hour()).saturating_sub(1);
        (since / HOUR) as u32
    }

    /// Microseconds of the clock hour that have gone by when the run begins.
    fn gone_of_the_hour(&self) -> u64 {
        let start = self.scenario.start.timestamp().as_microsecond();
        start.rem_euclid(HOUR as i64).unsigned_abs()
    }
}
