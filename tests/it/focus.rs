//! `focus.csv`: what finance reads adds up to what the report says, and every row is one the specification allows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use karpsim::cloud::NanoUsd;
use karpsim::metrics::RunResult;
use karpsim::report::focus;
use karpsim::sim;
use proptest::prelude::*;
use serde_json::Value;

use crate::lab::scenario;
use crate::town::{a_busy_town, a_town};

type Row = BTreeMap<String, String>;

fn rows(result: &RunResult) -> Vec<Row> {
    let table = focus::table(result);
    let mut reader = csv::Reader::from_reader(table.as_slice());
    reader.deserialize().map(Result::unwrap).collect()
}

fn nanos(text: &str) -> i128 {
    NanoUsd::parse(text).expect("an amount").0
}

/// A decimal as its digits and how many of them stand behind the point.
fn exact(text: &str) -> (i128, u32) {
    let (whole, fraction) = text.split_once('.').expect("a decimal point");
    let digits = format!("{whole}{fraction}").parse().expect("digits");
    (digits, fraction.len() as u32)
}

/// `a = b * c`, to the last digit.
fn is_product(a: &str, b: &str, c: &str) -> bool {
    let ((a, of_a), (b, of_b), (c, of_c)) = (exact(a), exact(b), exact(c));
    let places = of_a.max(of_b + of_c);
    a * 10_i128.pow(places - of_a) == b * c * 10_i128.pow(places - of_b - of_c)
}

/// What is billed by the value of a column.
fn billed(rows: &[Row], column: &str) -> BTreeMap<String, i128> {
    let mut sums = BTreeMap::new();
    for row in rows {
        *sums.entry(row[column].clone()).or_insert(0) += nanos(&row["BilledCost"]);
    }
    sums
}

/// Clock hours that the bill of a node touches.
fn charge_hours(result: &RunResult) -> usize {
    let start: jiff::Zoned = result.provenance.start.parse().unwrap();
    let into = start.timestamp().as_microsecond().rem_euclid(HOUR) as u64;
    let touched = |from: u64, until: u64| {
        let hour = HOUR as u64;
        ((until + into).div_ceil(hour) - (from + into) / hour) as usize
    };
    let nodes = result.nodes.iter().filter(|node| node.billed_seconds > 0);
    nodes
        .map(|node| {
            let end = node.ended_us.unwrap_or(result.provenance.duration_us);
            touched(node.launched_us, end)
        })
        .sum()
}

const HOUR: i64 = 3_600_000_000;

fn adds_up(result: &RunResult) {
    let rows = rows(result);
    let cost = &result.cost;
    let sum = |wanted: &dyn Fn(&Row) -> bool| -> i128 {
        let wanted = rows.iter().filter(|row| wanted(row));
        wanted.map(|row| nanos(&row["BilledCost"])).sum()
    };
    assert_eq!(
        sum(&|row| row["ChargeCategory"] == "Usage"),
        cost.total_nano_usd
    );
    assert_eq!(
        sum(&|row| row["ChargeCategory"] == "Tax"),
        cost.tax_nano_usd
    );
    let months: i128 = billed(&rows, "BillingPeriodStart").values().sum();
    assert_eq!(months, cost.total_nano_usd + cost.tax_nano_usd);
    let instance = |row: &Row| row["ResourceType"] == "Instance";
    for (layer, amount) in &cost.layers {
        let of_layer = result.nodes.iter().any(|node| node.layer == *layer);
        if of_layer {
            let billed = sum(&|row| instance(row) && row["x_Layer"] == *layer);
            assert_eq!(billed, *amount, "{layer}");
        }
    }
    for (service, amount) in &cost.services {
        assert_eq!(
            sum(&|row| row["x_Service"] == *service),
            *amount,
            "{service}"
        );
    }
    let idle = sum(&|row| instance(row) && row["x_Service"].is_empty());
    assert_eq!(idle, cost.idle_nano_usd);
    let hours: BTreeSet<_> = rows
        .iter()
        .filter(|row| instance(row))
        .map(|row| (&row["ResourceId"], &row["ChargePeriodStart"]))
        .collect();
    assert_eq!(hours.len(), charge_hours(result));
    let once: BTreeSet<_> = rows
        .iter()
        .map(|row| {
            (
                &row["ResourceId"],
                &row["ChargePeriodStart"],
                &row["SkuPriceId"],
                &row["x_Service"],
                &row["ListUnitPrice"],
            )
        })
        .collect();
    assert_eq!(once.len(), rows.len(), "a row is there twice");
}

/// What holds of every row by itself (FOCUS 1.2).
fn is_allowed(row: &Row) {
    let one_of = |column: &str, values: &[&str]| {
        assert!(values.contains(&row[column].as_str()), "{column}: {row:?}");
    };
    one_of("ChargeCategory", &["Usage", "Tax"]);
    one_of("ChargeClass", &[""]);
    one_of("ChargeFrequency", &["Usage-Based", "One-Time"]);
    one_of("BillingCurrency", &["USD"]);
    let time = |column: &str| {
        let text = &row[column];
        let at: Timestamp = text.parse().expect("a time");
        assert_eq!(*text, at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        at
    };
    let (from, until) = (time("ChargePeriodStart"), time("ChargePeriodEnd"));
    assert!(time("BillingPeriodStart") <= from && from < until);
    assert!(until <= time("BillingPeriodEnd"));
    let tags: Value = serde_json::from_str(&row["Tags"]).expect("tags are JSON");
    assert!(tags.is_object());
    let tag = |key: &str| tags[key].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (tag("namespace"), tag("service")),
        (row["x_Namespace"].clone(), row["x_Service"].clone())
    );
    if row["ChargeCategory"] == "Tax" {
        one_of("PricingCategory", &[""]);
        one_of("PricingQuantity", &[""]);
        return;
    }
    let spot = row["ChargeDescription"].ends_with(" spot");
    one_of(
        "PricingCategory",
        &[if spot { "Dynamic" } else { "Standard" }],
    );
    assert_eq!(until.duration_since(from).as_micros(), i128::from(HOUR));
    let product = |cost: &str, price: &str| {
        assert!(
            is_product(&row[cost], &row[price], &row["PricingQuantity"]),
            "{row:?}"
        );
    };
    product("ListCost", "ListUnitPrice");
    product("ContractedCost", "ContractedUnitPrice");
    let dollars = |column: &str| row[column].parse::<f64>().unwrap();
    assert_eq!(row["BilledCost"], row["EffectiveCost"]);
    assert!(dollars("EffectiveCost") >= 0.0);
    assert!(
        (dollars("BilledCost") - dollars("ContractedCost")).abs() < 2e-9,
        "{row:?}"
    );
    if spot {
        assert!(dollars("EffectiveCost") <= dollars("ListCost") + 1e-9);
    }
    if !row["SkuPriceDetails"].is_empty() {
        let details: Value = serde_json::from_str(&row["SkuPriceDetails"]).expect("JSON");
        assert!(details.is_object());
    }
}

fn are_allowed(result: &RunResult) {
    let rows = rows(result);
    let mut categories = BTreeMap::new();
    for row in &rows {
        is_allowed(row);
        let category = (&row["ServiceCategory"], &row["ServiceSubcategory"]);
        let known = *categories.entry(&row["ServiceName"]).or_insert(category);
        assert_eq!(known, category, "a service has one category");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_rows_of_any_town_add_up_to_its_report(town in a_town()) {
        let result = sim::run(&scenario(&town.yaml()), town.seed, |_| {});
        adds_up(&result);
        are_allowed(&result);
    }
}

/// The run begins in the last hours of June and ends in July.
#[test]
fn months_are_those_of_utc_and_each_has_its_tax() {
    let text = a_busy_town()
        .yaml()
        .replace("2026-06-15T17:20:00", "2026-07-01T04:20:00")
        .replace(
            "region: ap-south-1\n",
            "region: ap-south-1\nprices: {tax: {gst: 18%}, discount: 10%}\n",
        );
    let result = sim::run(&scenario(&text), 1, |_| {});
    adds_up(&result);
    are_allowed(&result);
    let rows = rows(&result);
    let months = billed(&rows, "BillingPeriodStart");
    assert_eq!(
        months.keys().collect::<Vec<_>>(),
        ["2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"]
    );
    let taxed = rows.iter().filter(|row| row["ChargeCategory"] == "Tax");
    assert_eq!(taxed.count(), 2);
    // 04:20 in India is 22:50 in UTC: an instance that is there all the time has ten minutes of the first hour, and then whole ones.
    let baseline = rows
        .iter()
        .filter(|row| row["ResourceId"] == "baseline-00000" && row["ResourceType"] == "Instance");
    let mut hours: BTreeMap<&str, f64> = BTreeMap::new();
    for row in baseline {
        let quantity: f64 = row["PricingQuantity"].parse().unwrap();
        *hours.entry(&row["ChargePeriodStart"]).or_insert(0.0) += quantity;
    }
    let hours: Vec<String> = hours.values().map(|h| format!("{h:.6}")).collect();
    assert_eq!(hours, ["0.166667", "1.000000", "1.000000", "0.833333"]);
    let listed = rows
        .iter()
        .find(|row| row["PricingCategory"] == "Standard" && row["ResourceType"] == "Instance")
        .unwrap();
    let price = |column: &str| nanos(&listed[column]);
    assert!((price("ContractedUnitPrice") * 10 - price("ListUnitPrice") * 9).abs() <= 10_000);
}
