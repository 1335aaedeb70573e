//! The tables for a spreadsheet: rows of time, of requests, of nodes, of the bill.
//!
//! Times are given twice, as RFC 3339 in the scenario's zone and as seconds since the start; money is in US dollars with nine decimals,
//! latencies in milliseconds.

use super::clock::Clock;
use crate::metrics::RunResult;
use crate::metrics::result::{Outcomes, Percentiles};

/// Builds a table in memory.
pub(super) struct Table(csv::Writer<Vec<u8>>);

impl Table {
    pub(super) fn with_header<T: AsRef<str>>(columns: impl IntoIterator<Item = T>) -> Self {
        let mut table = Self(csv::Writer::from_writer(Vec::new()));
        table.row(columns);
        table
    }

    pub(super) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let cells = cells.into_iter().collect::<Vec<T>>();
        let written = self.0.write_record(cells.iter().map(AsRef::as_ref));
        assert!(
            written.is_ok(),
            "a row is not as long as its header: {written:?}"
        );
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        let bytes = self.0.into_inner();
        assert!(bytes.is_ok(), "writing to memory cannot fail");
        bytes.unwrap_or_default()
    }
}

fn seconds(micros: u64) -> String {
    decimal(i128::from(micros), 6)
}

fn millis(micros: u64) -> String {
    decimal(i128::from(micros), 3)
}

fn dollars(nanos: i128) -> String {
    decimal(nanos, 9)
}

/// An integer of 10^-`places` units, written exactly.
pub(super) fn decimal(value: i128, places: usize) -> String {
    let unit = 10_u128.pow(places as u32);
    let size = value.unsigned_abs();
    let sign = if value < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:0places$}", size / unit, size % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A named column with its cells.
type Column = (String, Vec<String>);

fn column<T: Copy>(name: String, values: &[T], cell: impl Fn(T) -> String) -> Column {
    (name, values.iter().copied().map(cell).collect())
}

/// `timeseries.csv`: one row a bucket, timed at its start; levels are those at its end, counts and money those of the bucket.
#[must_use]
pub fn timeseries(result: &RunResult) -> Vec<u8> {
    let clock = Clock::new(&result.provenance);
    let columns = columns(result);
    let names = columns.iter().map(|(name, _)| name.as_str());
    let mut table = Table::with_header(["time", "elapsed_s"].into_iter().chain(names));
    for bucket in 0..result.series.starving.len() {
        let start_us = bucket as u64 * result.series.bucket_us;
        let when = [clock.rfc3339(start_us), seconds(start_us)];
        let cells = columns.iter().map(|(_, cells)| cells[bucket].clone());
        table.row(when.into_iter().chain(cells));
    }
    table.bytes()
}

fn columns(result: &RunResult) -> Vec<Column> {
    let series = &result.series;
    let mut columns = Vec::new();
    for service in &series.services {
        let named = |what: &str| format!("{}.{what}", service.name);
        let count = |n: u64| n.to_string();
        let pods = |n: u32| n.to_string();
        columns.extend([
            column(named("ended"), &service.ended, count),
            column(named("failed"), &service.failed, count),
            column(named("p50_ms"), &service.p50_us, millis),
            column(named("p99_ms"), &service.p99_us, millis),
            column(named("starved"), &service.starved, count),
            column(named("desired"), &service.desired, pods),
            column(named("ready"), &service.ready, pods),
        ]);
    }
    let levels = [("nodes", &series.nodes), ("pending", &series.pending)];
    for (queue, waiting) in &series.queues {
        columns.push(column(format!("queue.{queue}"), waiting, |n| n.to_string()));
    }
    for (what, level) in levels {
        for (name, values) in level {
            columns.push(column(format!("{what}.{name}"), values, |n| n.to_string()));
        }
    }
    columns.push(column("starving".to_owned(), &series.starving, |n| {
        n.to_string()
    }));
    let missed = "cpu_missed_core_s".to_owned();
    columns.push(column(missed, &series.cpu_missed, |n| n.to_string()));
    for (layer, spent) in &series.cost {
        let cell = |nanos: i64| dollars(nanos.into());
        columns.push(column(format!("cost_usd.{layer}"), spent, cell));
    }
    columns
}

/// `requests.csv`: a row for the latency and one for the queue wait of every service, one for every journey and one for the age of every
/// queue's messages; how requests ended and where their time went stand in the latency rows of services.
#[must_use]
pub fn requests(result: &RunResult) -> Vec<u8> {
    let parts = result
        .services
        .iter()
        .map(|service| service.attribution.parts.as_slice())
        .max_by_key(|parts| parts.len())
        .unwrap_or_default();
    let attributed = parts.iter().map(|part| format!("{part} (s)"));
    let header = REQUEST_COLUMNS.map(str::to_owned).into_iter();
    let mut table = Table::with_header(header.chain(attributed));
    let mut row = |kind: &str, name: &str, of: &Percentiles, more: Vec<String>| {
        let mut cells = vec![kind.to_owned(), name.to_owned(), of.count.to_string()];
        cells.extend(percentiles(of).map(millis));
        cells.extend(more);
        cells.resize(REQUEST_COLUMNS.len() + parts.len(), String::new());
        table.row(cells);
    };
    for service in &result.services {
        let mut more: Vec<String> = outcomes(&service.outcomes).map(|n| n.to_string()).into();
        more.extend(service.attribution.total_us.iter().copied().map(seconds));
        row("service latency", &service.name, &service.latency, more);
        let wait = &service.queue_wait;
        row("service queue wait", &service.name, wait, Vec::new());
    }
    for journey in &result.journeys {
        let ended = vec![journey.completed.to_string()];
        row("journey", &journey.name, &journey.latency, ended);
    }
    for queue in &result.queues {
        let ended = Outcomes {
            succeeded: queue.completed,
            dead: queue.dead,
            expired: queue.expired,
            in_flight: queue.remaining,
            ..Outcomes::default()
        };
        let ended = outcomes(&ended).map(|n| n.to_string()).into();
        row("queue age", &queue.name, &queue.age, ended);
        for of in queue.by_category() {
            let name = format!("{}: {}", queue.name, of.category);
            let ended = vec![of.age.count.to_string()];
            row("category age", &name, &of.age, ended);
        }
    }
    table.bytes()
}

const REQUEST_COLUMNS: [&str; 19] = [
    "kind",
    "name",
    "count",
    "mean_ms",
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "p999_ms",
    "max_ms",
    "succeeded",
    "timed_out",
    "refused",
    "no_target",
    "reset",
    "gateway_timeout",
    "dead",
    "expired",
    "in_flight",
];

fn percentiles(of: &Percentiles) -> [u64; 7] {
    [
        of.mean_us, of.p50_us, of.p90_us, of.p95_us, of.p99_us, of.p999_us, of.max_us,
    ]
}

fn outcomes(of: &Outcomes) -> [u64; 9] {
    [
        of.succeeded,
        of.timed_out,
        of.refused,
        of.no_target,
        of.reset,
        of.gateway_timeout,
        of.dead,
        of.expired,
        of.in_flight,
    ]
}

/// `nodes.csv`: one row a node, from the decision to launch it to its bill.
#[must_use]
pub fn nodes(result: &RunResult) -> Vec<u8> {
    let clock = Clock::new(&result.provenance);
    let when = |at_us: Option<u64>| at_us.map_or(String::new(), |at_us| clock.rfc3339(at_us));
    let mut table = Table::with_header([
        "name",
        "layer",
        "instance_type",
        "zone",
        "capacity_type",
        "created",
        "launched",
        "ready",
        "ended",
        "end_reason",
        "billed_s",
        "cost_usd",
        "cpu_requested",
        "pods",
    ]);
    for node in &result.nodes {
        table.row([
            node.name.clone(),
            node.layer.clone(),
            node.instance_type.clone(),
            node.zone.clone(),
            node.capacity_type.to_owned(),
            when(Some(node.created_us)),
            when(Some(node.launched_us)),
            when(node.ready_us),
            when(node.ended_us),
            node.end_reason.to_owned(),
            node.billed_seconds.to_string(),
            dollars(node.cost_nano_usd),
            node.cpu_requested.to_string(),
            node.pods.to_string(),
        ]);
    }
    table.bytes()
}

/// `cost.csv`: every line of the bill with how far its price can be trusted.
#[must_use]
pub fn cost(result: &RunResult) -> Vec<u8> {
    let columns = ["layer", "item", "quantity", "unit", "amount_usd", "quality"];
    let mut table = Table::with_header(columns);
    for line in &result.cost.lines {
        table.row([
            line.layer.clone(),
            line.item.clone(),
            line.quantity.to_string(),
            line.unit.to_owned(),
            dollars(line.amount_nano_usd),
            line.quality.to_owned(),
        ]);
    }
    table.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn rows(bytes: &[u8]) -> Vec<csv::StringRecord> {
        let reader = csv::Reader::from_reader(bytes);
        reader.into_records().map(Result::unwrap).collect()
    }

    fn head(bytes: &[u8], lines: usize) -> String {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.lines().take(lines).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal(1_500_000, 6), "1.5");
        assert_eq!(decimal(-31_200_000, 9), "-0.0312");
        assert_eq!(decimal(0, 9), "0");
        assert_eq!(decimal(20_000_000_000, 9), "20");
    }

    #[test]
    fn a_row_for_every_bucket_and_a_column_for_every_series() {
        let result = fixture::three_days();
        let table = timeseries(&result);
        let rows = rows(&table);
        assert_eq!(rows.len(), 216);
        assert_eq!(rows[0].len(), 2 + 3 * 7 + 2 + 3 + 8 + 1 + 1 + 7);
        assert_eq!(&rows[3][0], "2026-02-02T01:00:00+05:30");
        assert_eq!(&rows[3][1], "3600");
    }

    #[test]
    fn money_over_time_adds_up_to_the_bill() {
        let result = fixture::three_days();
        let table = timeseries(&result);
        let spent: f64 = rows(&table)
            .iter()
            .flat_map(|row| (row.len() - 7..row.len()).map(|k| row[k].parse::<f64>().unwrap()))
            .sum();
        assert!((spent * 1e9 - result.cost.total_nano_usd as f64).abs() < 1e3);
    }

    #[test]
    fn the_bill_says_how_far_a_price_can_be_trusted() {
        insta::assert_snapshot!(head(&cost(&fixture::three_days()), 8), @r"
        layer,item,quantity,unit,amount_usd,quality
        Control plane,Control plane in ap-south-1,72,h,7.199999928,cited
        Baseline nodes,Baseline nodes in ap-south-1,72,h,20.735999784,cited
        NodePool burst,NodePool burst in ap-south-1,72,h,15.371936736,cited
        NodePool ai,NodePool ai in ap-south-1,72,h,37.996191306,weak
        Storage,Storage in ap-south-1,72,h,1.76530784,cited
        Network,Network in ap-south-1,72,h,7.573079317,estimated
        Frontend,Frontend in ap-south-1,72,h,0.921269749,UNCITED
        ");
    }

    #[test]
    fn nodes_have_wall_clock_lives() {
        insta::assert_snapshot!(head(&nodes(&fixture::three_days()), 5), @r"
        name,layer,instance_type,zone,capacity_type,created,launched,ready,ended,end_reason,billed_s,cost_usd,cpu_requested,pods
        baseline-0,baseline,m7g.large,ap-south-1a,on-demand,2026-02-02T00:00:00+05:30,2026-02-02T00:00:00+05:30,2026-02-02T00:00:00+05:30,,running,259200,6.92064,0.71,88
        baseline-1,baseline,m7g.large,ap-south-1b,on-demand,2026-02-02T00:00:00+05:30,2026-02-02T00:00:00+05:30,2026-02-02T00:00:00+05:30,,running,259200,6.92064,0.71,89
        baseline-2,baseline,m7g.large,ap-south-1c,on-demand,2026-02-02T00:00:00+05:30,2026-02-02T00:00:00+05:30,2026-02-02T00:00:00+05:30,,running,259200,6.92064,0.71,90
        burst-0000,burst,c7g.xlarge,ap-south-1b,spot,2026-02-02T01:45:21.951219+05:30,2026-02-02T01:45:23.951219+05:30,2026-02-02T01:46:09.951219+05:30,2026-02-02T01:55:21.951219+05:30,emptied,600,0.00918,0.82,4
        ");
    }

    #[test]
    fn requests_end_in_one_way_and_spend_their_time_in_parts() {
        insta::assert_snapshot!(head(&requests(&fixture::three_days()), 10), @r"
        kind,name,count,mean_ms,p50_ms,p90_ms,p95_ms,p99_ms,p999_ms,max_ms,succeeded,timed_out,refused,no_target,reset,gateway_timeout,dead,expired,in_flight,service time (s),CPU contention (s),queue wait (s),autoscaler reaction (s),pod pending (s),node launch (s),image pull and start (s),retry after interruption (s)
        service latency,api,6585080,66.5,38,152,342,2280,7980,15960,6585080,98441,49220,24610,24611,0,0,0,3,51542.9112,15462.87336,77314.3668,36080.03784,10308.58224,41234.32896,23194.31004,2577.14556
        service queue wait,api,6781962,11.082,6.333,25.332,56.997,379.98,1329.93,2659.86,,,,,,,,,,,,,,,,,
        service latency,complaint-worker,2271949,3675,2100,8400,18900,126000,441000,882000,2271949,0,0,0,0,0,0,0,3,1431327.87,477109.29,1192773.225,572531.148,286265.574,477109.29,238554.645,95421.858
        service queue wait,complaint-worker,2271949,612.5,350,1400,3150,21000,73500,147000,,,,,,,,,,,,,,,,,
        service latency,inference,675851,14000,8000,32000,72000,480000,1680000,3360000,675851,50,25,12,13,0,0,0,3,1892662.8,162228.24,1081521.6,648912.96,216304.32,757065.12,594836.88,54076.08
        service queue wait,inference,675951,2333.332,1333.333,5333.332,11999.997,79999.98,279999.93,559999.86,,,,,,,,,,,,,,,,,
        journey,file-complaint,3243287,367.5,210,840,1890,12600,44100,88200,3210855,,,,,,,,,,,,,,,,
        queue age,complaint-jobs,2432453,3675,2100,8400,18900,126000,441000,882000,2432453,0,0,0,0,0,9,0,3,,,,,,,,
        queue age,inference-jobs,810809,14000,8000,32000,72000,480000,1680000,3360000,810809,0,0,0,0,0,9,0,3,,,,,,,,
        ");
    }

    #[test]
    fn nothing_happened_is_a_table_too() {
        assert!(rows(&cost(&fixture::nothing())).is_empty());
        assert!(rows(&nodes(&fixture::nothing())).is_empty());
        assert_eq!(rows(&timeseries(&fixture::nothing())).len(), 3);
    }
}
