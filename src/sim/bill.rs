//! What it costs: every node to the second, and everything else that AWS charges for.

use crate::cloud::billing::{Bill, BillLine, Gp3Volume, PricePath, Usage, hourly, sqs_requests};
use crate::cloud::prices::{Item, Quality};
use crate::cloud::{CapacityType, InstanceTypeId, NanoUsd, Price};
use crate::cluster::Key;
use crate::des::{SimDuration, SimTime};
use crate::metrics::result::{CostLine, CostResult, NodeRecord};

use super::World;
use super::charges::Meter;
use super::node::{Instance, Node, Owner};

/// Requests to SQS per message: send, receive, delete.
const SQS_CALLS: u64 = 3;
/// A worker without messages asks again after so long (spec/kubernetes.md 7.2).
const LONG_POLL_SECONDS: f64 = 20.0;
/// What a message is charged as: its payload fits one chunk.
const MESSAGE_BYTES: u64 = 4 << 10;

/// Layers of the bill after those of the nodes.
const FIXED_LAYERS: [&str; 5] = ["Control plane", "Storage", "Network", "Queues", "Frontend"];

/// The layer of capacity that is reserved and not used, in a scenario with capacity reservations.
const UNUSED: &str = "Unused reservations";

/// The bills of nodes that are gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// By layer: instances.
    compute: Vec<i128>,
    /// All volumes.
    storage: i128,
    /// By template.
    pub(super) templates: Vec<i128>,
    /// Requested by nobody.
    pub(super) idle: i128,
    /// Bills by layer, type and way of buying.
    lines: std::collections::BTreeMap<(usize, String, CapacityType), (u128, i128, Quality)>,
    storage_hours: u128,
    /// By capacity reservation: time that instances were in it.
    pub(super) reserved_micros: Vec<u128>,
    /// Everything but nodes.
    pub(super) platform: Meter,
    pub(super) records: Vec<NodeRecord>,
}

impl Ledger {
    /// Nothing so far, with so many capacity reservations.
    pub(super) fn new(reservations: usize) -> Self {
        Self {
            reserved_micros: vec![0; reservations],
            ..Self::default()
        }
    }
}

/// One node's bill.
pub(super) struct NodeBill {
    billed: SimDuration,
    pub(super) instance: BillLine,
    /// The hour of its type on demand, without a discount.
    pub(super) list_price: NanoUsd,
    pub(super) volumes: Vec<BillLine>,
}

impl World<'_> {
    /// The names of all layers of the bill.
    pub(super) fn cost_layers(&self) -> Vec<String> {
        let reserves = !self.scenario.cluster.reservations.is_empty();
        self.layers
            .iter()
            .cloned()
            .chain(FIXED_LAYERS.map(str::to_owned))
            .chain(reserves.then(|| UNUSED.to_owned()))
            .collect()
    }

    /// What a node costs until an instant; nothing before its billing begins.
    pub(super) fn node_bill(&mut self, key: Key<Node>, until: SimTime) -> Option<NodeBill> {
        let node = &self.nodes[key];
        let instance = node.instance?;
        if until < instance.billed_from {
            return None;
        }
        let usage = Usage {
            from: instance.billed_from,
            until,
            capacity_type: instance.capacity_type,
            reclaimed: node.reclaimed,
        };
        let (price, quality) =
            self.price_path(&instance, until.max(instance.billed_from + usage.billed()));
        let name = self
            .scenario
            .catalog
            .facts(instance.kind)
            .instance_type
            .to_string();
        let volume = self.volume_of(&self.nodes[key], until.since(instance.billed_from));
        Some(NodeBill {
            billed: usage.billed(),
            instance: usage.line(name, &price, quality),
            list_price: NanoUsd(i128::from(self.list_price(instance.kind).0.0)),
            volumes: volume.lines(&self.price_list),
        })
    }

    fn price_path(&mut self, instance: &Instance, until: SimTime) -> (PricePath, Quality) {
        if instance.capacity_type == CapacityType::Spot {
            let terms = self.scenario.catalog.terms(instance.kind);
            let pool = crate::cloud::market::Pool {
                instance_type: instance.kind,
                zone: instance.zone,
            };
            let place = self.scenario.catalog.zone_place(instance.zone);
            let source = place.and_then(|place| terms.spot_price(place));
            let quality = source.map_or(Quality::Estimated, |(_, source)| Quality::from(source));
            return (
                self.market.price_path(pool, instance.billed_from, until),
                quality,
            );
        }
        let (price, quality) = self.on_demand_price(instance.kind);
        (PricePath::constant(price), quality)
    }

    /// What a type costs on demand, discount taken off.
    pub(super) fn on_demand_price(&self, kind: InstanceTypeId) -> (Price, Quality) {
        let (list, quality) = self.list_price(kind);
        let kept = 1_000_000 - u64::from(self.scenario.prices.discount_ppm);
        (Price(list.0 * kept / 1_000_000), quality)
    }

    /// What a type costs on demand, as published.
    fn list_price(&self, kind: InstanceTypeId) -> (Price, Quality) {
        let terms = self.scenario.catalog.terms(kind).on_demand.as_ref();
        terms.map_or((Price::default(), Quality::Estimated), |terms| {
            (terms.price, Quality::from(terms.source))
        })
    }

    fn volume_of(&self, node: &Node, provisioned: SimDuration) -> Gp3Volume {
        match (node.owner, self.class_of(node)) {
            (Owner::Pool(_), Some(class)) => {
                let plain = Gp3Volume::plain(class.volume_bytes, provisioned);
                Gp3Volume {
                    iops: plain.iops + class.extra_iops,
                    throughput_mib: plain.throughput_mib + class.extra_throughput_mib,
                    ..plain
                }
            }
            (Owner::Group(place), _) => Gp3Volume::plain(
                self.scenario.cluster.node_groups[place].volume_bytes,
                provisioned,
            ),
            (Owner::Pool(_), None) => Gp3Volume::plain(0, provisioned),
        }
    }

    /// A node's billing has ended: its bill and its life go to the ledger.
    pub(super) fn book_node(&mut self, now: SimTime, key: Key<Node>) {
        let Some(bill) = self.node_bill(key, now) else {
            return;
        };
        let layer = self.layer_of(self.nodes[key].owner);
        let amount = bill.instance.amount.0;
        self.charge_node(now, key, &bill);
        let meter = std::mem::take(&mut self.nodes[key].meter);
        let charges = meter.finish(bill.billed == SimDuration::ZERO);
        let requested = self.nodes[key].requested_share(now);
        let node = &self.nodes[key];
        let instance = node.instance.expect("a node with a bill has an instance");
        let record = NodeRecord {
            name: node.name.clone(),
            layer: self.layers[layer].clone(),
            instance_type: bill.instance.item.clone(),
            zone: self.scenario.text(instance.zone).into_owned(),
            capacity_type: instance.capacity_type.label(),
            created_us: node.created.as_micros(),
            launched_us: instance.billed_from.as_micros(),
            ready_us: node.ready.map(SimTime::as_micros),
            ended_us: node.terminated.then_some(now.as_micros()),
            end_reason: node.end.label(),
            billed_seconds: bill.billed.as_secs(),
            cost_nano_usd: amount,
            cpu_requested: requested,
            pods: node.pods_ever,
            charges,
        };
        let reserved = self.reserved_micros(&instance, now);
        let ledger = &mut self.ledger;
        if let Some(place) = instance.reservation {
            ledger.reserved_micros[place] += reserved;
        }
        ledger.compute.resize(self.layers.len(), 0);
        ledger.compute[layer] += amount;
        ledger.storage += bill.volumes.iter().map(|line| line.amount.0).sum::<i128>();
        ledger.storage_hours += u128::from(bill.billed.as_secs());
        ledger.templates.resize(self.scenario.templates.len(), 0);
        let parts = record.charges.iter().flat_map(|charge| &charge.parts);
        let mut shared = 0;
        for (template, part) in parts {
            ledger.templates[usize::from(*template)] += part.0;
            shared += part.0;
        }
        ledger.idle += amount - shared;
        ledger.records.push(record);
        let line = ledger
            .lines
            .entry((layer, bill.instance.item, instance.capacity_type))
            .or_insert((0, 0, bill.instance.quality));
        line.0 += u128::from(bill.billed.as_secs());
        line.1 += amount;
        line.2 = line.2.max(bill.instance.quality);
    }

    /// Nodes that are billed, or will be.
    pub(super) fn live_nodes(&self) -> Vec<Key<Node>> {
        let nodes = self.nodes.iter();
        let live = nodes.filter(|(_, node)| !node.terminated);
        live.map(|(key, _)| key).collect()
    }

    /// Nano-dollars spent since the start, by layer of the bill.
    pub(super) fn spent_by_layer(&mut self, now: SimTime) -> Vec<i128> {
        let mut spent = self.ledger.compute.clone();
        spent.resize(self.layers.len(), 0);
        let mut storage = self.ledger.storage;
        for key in self.live_nodes() {
            if let Some(bill) = self.node_bill(key, now) {
                let layer = self.layer_of(self.nodes[key].owner);
                spent[layer] += bill.instance.amount.0;
                storage += bill.volumes.iter().map(|line| line.amount.0).sum::<i128>();
            }
        }
        for (place, lines) in self.platform_lines(now).into_iter().enumerate() {
            let amount = lines.iter().map(|line| line.amount.0).sum::<i128>();
            spent.push(if place == STORAGE {
                storage + amount
            } else {
                amount
            });
        }
        if !self.scenario.cluster.reservations.is_empty() {
            let unused = self.unused_reservations(now, &self.reserved_until(now));
            spent.push(unused.iter().map(|line| line.amount.0).sum());
        }
        spent
    }

    /// Everything but nodes, by fixed layer.
    pub(super) fn platform_lines(&mut self, now: SimTime) -> [Vec<BillLine>; FIXED_LAYERS.len()] {
        let present = now.since(SimTime::ZERO);
        let zones = self.scenario.cluster.zones.len();
        let prices = &self.price_list;
        let balancers = self
            .scenario
            .services
            .iter()
            .filter(|service| service.ingress.is_some())
            .count();
        let mut network = Vec::new();
        for _ in 0..balancers {
            network.extend(hourly(prices, Item::Alb, present));
        }
        let lcu: u128 = self.meters.iter().map(|meter| meter.lcu_millionths()).sum();
        network.extend(prices.tariff(Item::AlbLcu).charge(lcu, 0));
        for _ in 0..zones {
            network.extend(hourly(prices, Item::NatGateway, present));
        }
        network.extend(
            prices
                .tariff(Item::NatData)
                .charge(u128::from(self.counters.image_bytes), 0),
        );
        for _ in 0..zones * (1 + balancers) {
            network.extend(hourly(prices, Item::PublicIpv4, present));
        }
        let egress: u128 = self
            .meters
            .iter()
            .map(|meter| u128::from(meter.bytes))
            .sum();
        network.extend(prices.tariff(Item::InternetEgress).charge(egress, 0));
        [
            hourly(prices, Item::ControlPlaneStandard, present),
            Vec::new(),
            merged(network),
            prices
                .tariff(Item::SqsStandard)
                .charge(self.sqs_calls(now), 0),
            self.frontend_lines(present),
        ]
    }

    fn sqs_calls(&self, now: SimTime) -> u128 {
        let mut calls = 0;
        for (model, state) in self.scenario.queues.iter().zip(&self.queues) {
            let messages = self.services[model.consumer.index()].begun + state.redelivered;
            let mut ready = self.services[model.consumer.index()].ready;
            let polls = ready.mean(now) * now.as_secs_f64() / LONG_POLL_SECONDS;
            calls += u128::from(messages * SQS_CALLS * sqs_requests(MESSAGE_BYTES)) + polls as u128;
        }
        calls
    }

    fn frontend_lines(&self, present: SimDuration) -> Vec<BillLine> {
        let Some(frontend) = &self.scenario.frontend else {
            return Vec::new();
        };
        let prices = &self.price_list;
        let views = u128::from(self.counters.page_views);
        let requests = views * u128::from(frontend.objects_per_page);
        let misses = requests * u128::from(1_000_000 - frontend.cache_hit_ppm) / 1_000_000;
        let stored = u128::from(frontend.site_bytes) * u128::from(present.as_micros());
        [
            (Item::CloudfrontOut, views * u128::from(frontend.page_bytes)),
            (Item::CloudfrontRequests, requests),
            (Item::S3Reads, misses),
            (Item::S3Storage, stored),
        ]
        .into_iter()
        .flat_map(|(item, quantity)| prices.tariff(item).charge(quantity, 0))
        .collect()
    }

    /// The whole bill.
    pub(super) fn cost(&mut self, now: SimTime) -> CostResult {
        let names = self.cost_layers();
        let platform = self.platform_lines(now);
        let mut lines: Vec<CostLine> = Vec::new();
        for ((layer, kind, capacity_type), &(seconds, amount, quality)) in &self.ledger.lines {
            lines.push(CostLine {
                layer: self.layers[*layer].clone(),
                item: format!("{kind} {}", capacity_type.label()),
                quantity: seconds as f64 / 3_600.0,
                unit: "instance-hours",
                amount_nano_usd: amount,
                quality: quality.label(),
            });
        }
        if self.ledger.storage_hours > 0 {
            lines.push(CostLine {
                layer: FIXED_LAYERS[STORAGE].to_owned(),
                item: "gp3 node volumes".to_owned(),
                quantity: self.ledger.storage_hours as f64 / 3_600.0,
                unit: "volume-hours",
                amount_nano_usd: self.ledger.storage,
                quality: self.price_list.tariff(Item::Gp3Storage).quality.label(),
            });
        }
        for (layer, bill) in FIXED_LAYERS.iter().zip(&platform) {
            lines.extend(bill.iter().map(|line| cost_line(layer, line)));
        }
        let unused = self.unused_reservations(now, &self.ledger.reserved_micros);
        lines.extend(unused.iter().map(|line| cost_line(UNUSED, line)));
        let total: i128 = lines.iter().map(|line| line.amount_nano_usd).sum();
        let tax = NanoUsd(total)
            .scaled(i128::from(self.scenario.prices.tax_ppm), 1_000_000)
            .0;
        let of_layer = |name: &String| {
            lines
                .iter()
                .filter(|line| line.layer == *name)
                .map(|line| line.amount_nano_usd)
                .sum()
        };
        let layers = names
            .iter()
            .map(|name| (name.clone(), of_layer(name)))
            .collect();
        let services = self
            .scenario
            .services
            .iter()
            .map(|service| {
                (
                    service.name.clone(),
                    self.ledger
                        .templates
                        .get(service.template.index())
                        .copied()
                        .unwrap_or(0),
                )
            })
            .collect();
        let hours = now.as_secs_f64() / 3_600.0;
        let counted = self
            .scenario
            .traffic
            .replay
            .as_ref()
            .map(|replay| replay.journey.index());
        let journeys: u64 = self
            .journeys
            .iter()
            .enumerate()
            .filter(|(place, _)| counted.is_none_or(|counted| counted == *place))
            .map(|(_, state)| state.completed)
            .sum();
        CostResult {
            charges: std::mem::take(&mut self.ledger.platform).finish(false),
            consumers: self.consumers(),
            lines,
            total_nano_usd: total,
            tax_nano_usd: tax,
            layers,
            services,
            idle_nano_usd: self.ledger.idle,
            month_nano_usd: if hours > 0.0 {
                (total as f64 * 730.0 / hours) as i128
            } else {
                0
            },
            per_thousand_nano_usd: total * 1_000 / i128::from(journeys.max(1)),
        }
    }
}

/// The place of storage among the fixed layers.
const STORAGE: usize = 1;

/// One line per item.
fn merged(lines: Vec<BillLine>) -> Vec<BillLine> {
    let mut bill = Bill::default();
    for line in lines {
        match bill
            .lines
            .iter_mut()
            .find(|known| known.item == line.item && known.unit_price == line.unit_price)
        {
            Some(known) => {
                known.quantity += line.quantity;
                known.amount += line.amount;
            }
            None => bill.lines.push(line),
        }
    }
    bill.lines
}

fn cost_line(layer: &str, line: &BillLine) -> CostLine {
    CostLine {
        layer: layer.to_owned(),
        item: line.item.clone(),
        quantity: line.quantity as f64 / line.unit.base() as f64,
        unit: line.unit.label(),
        amount_nano_usd: line.amount.0,
        quality: line.quality.label(),
    }
}
