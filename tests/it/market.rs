//! A recorded market is replayed: its prices are paid, and its outages take instances.

use std::io;
use std::path::Path;

use karpsim::metrics::RunResult;
use karpsim::scenario::diagnostic::render;
use karpsim::scenario::{Options, open};

use crate::lab::fleet::{Fleet, ended, secs};

/// Two nodes of one spot pool beside a table of the market.
fn scenario(replay: &'static str) -> String {
    Fleet {
        duration: "6h",
        capacity_types: "[spot]",
        settings: "{interruptionQueue: fleet}",
        market: replay,
        ..Fleet::default()
    }
    .to_string()
}

fn opened(text: &str, table: &str) -> karpsim::scenario::Opened {
    let mut read = |path: &Path| match path.to_str() {
        Some("lab.yaml") => Ok(text.into()),
        Some("market.csv") => Ok(table.into()),
        _ => Err(io::Error::other("no such file")),
    };
    open(Path::new("lab.yaml"), &mut read, Options::default())
}

fn run(replay: &'static str, table: &str) -> RunResult {
    let opened = opened(&scenario(replay), table);
    let said = render(&opened.diagnostics, &opened.sources, false);
    let scenario = opened.scenario.unwrap_or_else(|| panic!("{said}"));
    karpsim::sim::run(&scenario, 1, |_| {})
}

fn said(replay: &'static str, table: &str) -> String {
    let opened = opened(&scenario(replay), table);
    render(&opened.diagnostics, &opened.sources, false)
}

const PLAIN: &str = "{spot: {model: calm, replay: {path: market.csv, from: 2021-01-08T00:00:00Z}}}";

/// Every type and zone of the fleet: one is cheap, and at three it is gone for an hour.
const TABLE: &str = "time,instance_type,zone,price,available
2021-01-01T00:00:00Z,m7g.large,aps1-az1,0.010,1
2021-01-01T00:00:00Z,m7g.large,aps1-az2,0.030,
2021-01-01T00:00:00Z,m6g.large,aps1-az1,0.040,
2021-01-01T00:00:00Z,m6g.large,ap-south-1c,0.050,
2021-01-08T01:00:00Z,m7g.large,aps1-az1,0.020,
2021-01-08T04:00:00Z,m7g.large,aps1-az1,,up
2021-01-08T03:00:00Z,m7g.large,aps1-az1,,down
";

#[test]
fn recorded_prices_choose_the_pool_and_make_the_bill() {
    let result = run(PLAIN, TABLE);
    for node in &result.nodes[..2] {
        assert_eq!(
            (&*node.instance_type, &*node.zone),
            ("m7g.large", "aps1-az1")
        );
    }
    let kept = ended(&result, "running");
    for node in kept.iter().filter(|node| node.zone == "aps1-az2") {
        let hours = node.billed_seconds as f64 / 3_600.0;
        let paid = node.cost_nano_usd as f64 / 1e9;
        assert!((paid / hours - 0.030).abs() < 1e-4, "{paid} for {hours} h");
    }
}

#[test]
fn a_recorded_outage_interrupts_within_three_minutes() {
    let result = run(PLAIN, TABLE);
    let interrupted = ended(&result, "spot interrupted");
    assert_eq!(interrupted.len() as u64, result.churn.interrupted);
    for node in &interrupted {
        let end = secs(node.ended_us.unwrap());
        assert!((3 * 3_600..3 * 3_600 + 5 * 60).contains(&end), "{end}");
    }
    let during = result.nodes[2..]
        .iter()
        .filter(|node| secs(node.created_us) < 4 * 3_600);
    for node in during {
        assert_ne!(
            (&*node.instance_type, &*node.zone),
            ("m7g.large", "aps1-az1")
        );
    }
}

#[test]
fn columns_may_have_other_names() {
    let replay = "{spot: {model: calm, replay: {path: market.csv, \
                  columns: {time: Timestamp, instanceType: InstanceType, zone: AvailabilityZone, price: SpotPrice}}}}";
    let table = "AvailabilityZone,InstanceType,SpotPrice,Timestamp
ap-south-1a,m7g.large,0.0123,2021-01-08T21:51:23+00:00
ap-south-1a,q1.large,1,2021-01-08T21:51:23Z
";
    let said = said(replay, table);
    let expected = "1 rows of `market.csv` are about pools that ap-south-1 does not have";
    assert!(said.contains(expected), "{said}");
    assert!(said.contains("type `q1.large`"), "{said}");
    assert!(!said.contains("error"), "{said}");
}

#[test]
fn every_bad_row_is_named_with_its_place() {
    let table = "time,instance_type,zone,price,available
soon,m7g.large,aps1-az1,0.01,1
2021-01-08T01:00:00Z,m7g.large,aps1-az1,-1,
2021-01-08T01:00:00Z,m7g.large,aps1-az1,0.01,perhaps
2021-01-08T01:00:00Z,m7g.large,aps1-az1,,
2021-01-08T01:00:00Z,m7g.large,aps1-az1
2021-01-08T02:00:00Z,m7g.large,aps1-az1,0.02,
2021-01-08T02:00:00Z,m7g.large,aps1-az1,0.03,
";
    let opened = opened(&scenario(PLAIN), table);
    assert!(opened.scenario.is_none());
    let places: Vec<(usize, usize, &str)> = opened
        .diagnostics
        .iter()
        .filter_map(|d| Some((d.span?.line as usize, d.span?.column as usize, &*d.message)))
        .collect();
    assert_eq!(
        places,
        [
            (2, 1, "cannot read the time `soon`"),
            (3, 41, "cannot read the price `-1`"),
            (4, 46, "cannot read the availability `perhaps`"),
            (5, 1, "the row says nothing"),
            (6, 1, "the row has 3 fields"),
            (8, 1, "the row contradicts line 7"),
        ]
    );
}

#[test]
fn a_table_without_its_columns_is_refused() {
    let said = said(PLAIN, "time,instance_type,zone\n");
    assert!(
        said.contains("has neither prices nor availability"),
        "{said}"
    );
    let said = self::said(PLAIN, "when,instance_type,zone,price\n");
    assert!(said.contains("unknown column `time`"), "{said}");
}
