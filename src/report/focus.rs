//! What would the provider's cost data say? The bill in the FinOps Open Cost and Usage Specification, hour by hour.
//!
//! A row for every clock hour (UTC) and every thing charged in it; the hour of an instance is shared out among the workloads that asked for
//! it, a row each, and one for what nobody asked for. FOCUS 1.2, with the names of providers of 1.3; columns of our own begin with `x_`. What a
//! simulation has not (an account, an invoice, ids) is null, or says that it is simulated. `BilledCost` adds up to the report, to the
//! nano-dollar.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use serde_json::{Map, Value, json};

use super::csv::{Table, decimal};
use crate::cloud::catalog::region_title;
use crate::cloud::prices::{Layer, Unit};
use crate::metrics::RunResult;
use crate::metrics::charges::{Charge, Consumer};
use crate::metrics::result::NodeRecord;

const HOUR_SECONDS: i64 = 3_600;
/// Decimal places of quantities.
const PLACES: u32 = 12;
const PICO: i128 = 10_i128.pow(PLACES);
/// Decimal places of a quantity times a unit price.
const COST_PLACES: usize = PLACES as usize + 9;
/// The account of a bill that nobody gets.
const ACCOUNT: &str = "simulation";
const ACCOUNT_NAME: &str = "Simulated by karpsim";
const CURRENCY: &str = "USD";
/// What the name of a NodePool's layer begins with.
const POOL: &str = "NodePool ";
/// Who sells all of it.
const PROVIDER: &str = "AWS";

const COLUMNS: [&str; 55] = [
    "AvailabilityZone",
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountStatus",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "HostProviderName",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
    "x_Layer",
    "x_Namespace",
    "x_Scenario",
    "x_Service",
];

/// `focus.csv`.
#[must_use]
pub fn table(result: &RunResult) -> Vec<u8> {
    let clock = Hours::new(result);
    let mut table = Table::with_header(COLUMNS);
    for node in &result.nodes {
        for charge in &node.charges {
            for share in shares(charge, &result.cost.consumers) {
                table.row(usage(&clock, Some(node), charge, &share).cells(result));
            }
        }
    }
    for charge in &result.cost.charges {
        let share = Share::whole(charge);
        table.row(usage(&clock, None, charge, &share).cells(result));
    }
    for (begin, amount) in taxes(result, &clock) {
        table.row(tax(begin, amount).cells(result));
    }
    table.bytes()
}

/// The part of a charge that a row is about.
struct Share<'c> {
    /// In 10^-12 of the charge's unit.
    pico: i128,
    /// In nano-dollars.
    amount: i128,
    /// Whose it is; none for what nobody asked for or is not shared out.
    consumer: Option<&'c Consumer>,
}

impl Share<'_> {
    fn whole(charge: &Charge) -> Self {
        Self {
            pico: pico(charge),
            amount: charge.amount.0,
            consumer: None,
        }
    }
}

/// The quantity of a charge in 10^-12 of its unit, rounded.
fn pico(charge: &Charge) -> i128 {
    let (whole, base) = (charge.quantity as i128, charge.unit.base() as i128);
    whole / base * PICO + (2 * (whole % base) * PICO + base) / (2 * base)
}

/// Quantities in the proportion of amounts; quantities and amounts add up to those of the charge.
fn shares<'c>(charge: &Charge, consumers: &'c [Consumer]) -> Vec<Share<'c>> {
    let whole = Share::whole(charge);
    let mut rest = Share { ..whole };
    let mut shares: Vec<Share<'c>> = Vec::with_capacity(charge.parts.len() + 1);
    for (consumer, amount) in &charge.parts {
        let consumer = consumers.get(usize::from(*consumer));
        let pico = whole.pico * amount.0 / whole.amount.max(1);
        rest.pico -= pico;
        rest.amount -= amount.0;
        match shares.iter_mut().find(|share| share.consumer == consumer) {
            Some(known) => {
                known.pico += pico;
                known.amount += amount.0;
            }
            None => shares.push(Share {
                pico,
                amount: amount.0,
                consumer,
            }),
        }
    }
    if rest.amount > 0 || shares.is_empty() {
        shares.push(rest);
    } else if let Some(last) = shares.last_mut() {
        last.pico += rest.pico;
    }
    shares
}

/// The clock hours of a run.
struct Hours {
    first: Timestamp,
}

impl Hours {
    fn new(result: &RunResult) -> Self {
        let start: Result<Zoned, _> = result.provenance.start.parse();
        assert!(start.is_ok(), "the scenario has seen to its start");
        let second = start.unwrap_or_default().timestamp().as_second();
        let first = second.div_euclid(HOUR_SECONDS) * HOUR_SECONDS;
        Self {
            first: Timestamp::from_second(first).unwrap_or_default(),
        }
    }

    fn begin(&self, hour: u32) -> Timestamp {
        let hours = SignedDuration::from_secs(i64::from(hour) * HOUR_SECONDS);
        self.first.saturating_add(hours).unwrap_or(self.first)
    }
}

/// The month of an instant, in UTC: its begin and its end.
fn month(at: Timestamp) -> (Timestamp, Timestamp) {
    let begin = at.to_zoned(jiff::tz::TimeZone::UTC).first_of_month();
    let begin = begin.and_then(|day| day.start_of_day());
    let begin = begin.unwrap_or_default();
    let end = begin.checked_add(1.month()).unwrap_or_default();
    (begin.timestamp(), end.timestamp())
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A number that no reader takes for a whole one.
fn number(value: i128, places: usize) -> String {
    let mut text = decimal(value, places);
    if !text.contains('.') {
        text.push_str(".0");
    }
    text
}

fn money(nanos: i128) -> String {
    number(nanos, 9)
}

/// The service of AWS that a layer is a part of: name, category, subcategory.
const fn service(layer: Layer) -> (&'static str, &'static str, &'static str) {
    match layer {
        Layer::Compute => (
            "Amazon Elastic Compute Cloud",
            "Compute",
            "Virtual Machines",
        ),
        Layer::Volumes => ("Amazon Elastic Block Store", "Storage", "Block Storage"),
        Layer::ControlPlane => ("Amazon Elastic Kubernetes Service", "Compute", "Containers"),
        Layer::LoadBalancing => (
            "Elastic Load Balancing",
            "Networking",
            "Application Networking",
        ),
        Layer::Network => (
            "Amazon Virtual Private Cloud",
            "Networking",
            "Network Infrastructure",
        ),
        Layer::Queues => ("Amazon Simple Queue Service", "Integration", "Messaging"),
        Layer::ObjectStorage => ("Amazon Simple Storage Service", "Storage", "Object Storage"),
        Layer::Edge => ("Amazon CloudFront", "Networking", "Content Delivery"),
        Layer::Tax => ("Tax", "Other", "Other (Other)"),
    }
}

/// What a price is for one of, in the words of the specification.
const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Hour | Unit::StartedHour => "Hours",
        Unit::GbMonth => "GiB-Months",
        Unit::IopsMonth => "IOPS-Months",
        Unit::MibPerSecondMonth => "MiBps-Months",
        Unit::Gb => "GiB",
        Unit::LcuHour => "LCU-Hours",
        Unit::ThousandRequests => "1000 Requests",
        Unit::TenThousandRequests => "10000 Requests",
        Unit::MillionRequests => "1000000 Requests",
        Unit::Fraction => "Percent",
    }
}

/// What rows differ in; the rest is the same in all of them, or null.
#[derive(Default)]
struct Row {
    zone: String,
    /// In nano-dollars.
    billed: i128,
    /// In 10^-21 dollars.
    contracted: i128,
    list: i128,
    category: &'static str,
    description: String,
    frequency: &'static str,
    charged: (Timestamp, Timestamp),
    /// In 10^-12 of the unit, which is empty where nothing is measured.
    quantity: i128,
    unit: &'static str,
    /// In nano-dollars.
    contracted_price: i128,
    list_price: i128,
    pricing: &'static str,
    /// Id and type.
    resource: (String, &'static str),
    layer: Option<Layer>,
    sku: String,
    meter: String,
    details: Option<Value>,
    tags: Map<String, Value>,
    of_layer: String,
    namespace: String,
    workload: String,
}

/// A charge of a node or, without one, of the platform.
fn usage(clock: &Hours, node: Option<&NodeRecord>, charge: &Charge, share: &Share<'_>) -> Row {
    let is_instance = charge.layer == Layer::Compute;
    let spot = is_instance && node.is_some_and(|node| node.capacity_type == "spot");
    // What an hour of spot cost is the mean of what it cost within the hour.
    let contracted_price = if is_instance {
        let base = charge.unit.base() as i128;
        charge.amount.scaled(base, charge.quantity.max(1) as i128).0
    } else {
        charge.list_price.0
    };
    let list_price = match charge.list_price.0 {
        0 => contracted_price,
        published => published,
    };
    let mut row = Row {
        zone: node.map_or(String::new(), |node| node.zone.clone()),
        billed: share.amount,
        contracted: contracted_price * share.pico,
        list: list_price * share.pico,
        category: "Usage",
        description: description(node, charge),
        frequency: "Usage-Based",
        charged: (clock.begin(charge.hour), clock.begin(charge.hour + 1)),
        quantity: share.pico,
        unit: unit(charge.unit),
        contracted_price,
        list_price,
        pricing: if spot { "Dynamic" } else { "Standard" },
        layer: Some(charge.layer),
        sku: charge.item.clone(),
        meter: if is_instance {
            "Instance hours".to_owned()
        } else {
            charge.item.clone()
        },
        ..Row::default()
    };
    if let Some(node) = node {
        row.details = is_instance.then(|| json!({"InstanceType": charge.item}));
        row.resource = if is_instance {
            (node.name.clone(), "Instance")
        } else {
            (format!("{}/volume", node.name), "Volume")
        };
        row.of_layer = node.layer.clone();
        let (key, name) = match node.layer.strip_prefix(POOL) {
            Some(pool) => ("karpenter.sh/nodepool", pool),
            None => ("eks:nodegroup-name", node.layer.as_str()),
        };
        row.tags.insert(key.to_owned(), name.into());
    }
    if let Some(consumer) = share.consumer {
        row.namespace = consumer.namespace.clone();
        row.workload = consumer.name.clone();
        row.tags
            .insert("namespace".to_owned(), consumer.namespace.as_str().into());
        row.tags
            .insert("service".to_owned(), consumer.name.as_str().into());
    }
    row
}

fn description(node: Option<&NodeRecord>, charge: &Charge) -> String {
    match node {
        Some(node) if charge.layer == Layer::Compute => {
            format!("{} {}", charge.item, node.capacity_type)
        }
        _ => charge.item.clone(),
    }
}

/// Tax of a month.
fn tax(begin: Timestamp, amount: i128) -> Row {
    let cost = amount * PICO;
    Row {
        billed: amount,
        contracted: cost,
        list: cost,
        category: "Tax",
        description: "Tax on all of the month".to_owned(),
        frequency: "One-Time",
        charged: month(begin),
        layer: Some(Layer::Tax),
        ..Row::default()
    }
}

impl Row {
    /// In the order of the columns.
    fn cells(self, result: &RunResult) -> [String; COLUMNS.len()] {
        let of = str::to_owned;
        let null = String::new;
        let region = &result.provenance.region;
        let (service, category, subcategory) = self.layer.map_or(("", "", ""), service);
        let (month, next) = month(self.charged.0);
        let measured = |text: String| if self.unit.is_empty() { null() } else { text };
        let price = if self.pricing.is_empty() {
            null()
        } else {
            format!("{}/{region}/{}", self.sku, self.pricing)
        };
        let tags = Value::Object(self.tags).to_string();
        [
            self.zone,
            money(self.billed),
            of(ACCOUNT),
            of(ACCOUNT_NAME),
            of("Simulation"),
            of(CURRENCY),
            utc(next),
            utc(month),
            of(self.category),
            null(),
            self.description,
            of(self.frequency),
            utc(self.charged.1),
            utc(self.charged.0),
            null(),
            measured(number(self.quantity, PLACES as usize)),
            of(self.unit),
            number(self.contracted, COST_PLACES),
            measured(money(self.contracted_price)),
            money(self.billed),
            of(PROVIDER),
            null(),
            of(PROVIDER),
            number(self.list, COST_PLACES),
            measured(money(self.list_price)),
            of(self.pricing),
            of(CURRENCY),
            measured(money(self.contracted_price)),
            money(self.billed),
            measured(money(self.list_price)),
            measured(number(self.quantity, PLACES as usize)),
            of(self.unit),
            of(PROVIDER),
            of(PROVIDER),
            region.clone(),
            of(region_title(region)),
            self.resource.0,
            null(),
            of(self.resource.1),
            of(category),
            of(service),
            of(PROVIDER),
            of(subcategory),
            self.sku,
            self.meter,
            self.details
                .map_or_else(null, |details| details.to_string()),
            price,
            of(ACCOUNT),
            of(ACCOUNT_NAME),
            of("Simulation"),
            tags,
            self.of_layer,
            self.namespace,
            result.provenance.scenario.clone(),
            self.workload,
        ]
    }
}

/// Tax by month, by its begin. The months' add up to the report's.
fn taxes(result: &RunResult, clock: &Hours) -> BTreeMap<Timestamp, i128> {
    let all = result.nodes.iter().flat_map(|node| &node.charges);
    let mut months = BTreeMap::new();
    for charge in all.chain(&result.cost.charges) {
        let (begin, _) = month(clock.begin(charge.hour));
        *months.entry(begin).or_insert(0) += charge.amount.0;
    }
    let (mut untaxed, mut tax) = (result.cost.total_nano_usd, result.cost.tax_nano_usd);
    for amount in months.values_mut() {
        let part = if untaxed == 0 {
            0
        } else {
            tax * *amount / untaxed
        };
        untaxed -= *amount;
        tax -= part;
        *amount = part;
    }
    months.retain(|_, part| *part != 0);
    months
}
