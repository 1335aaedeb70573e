//! What scenarios are compared by: one number per run and measure.

use crate::metrics::RunResult;
use crate::metrics::result::Outcomes;

/// A number a run yields.
#[derive(Clone, PartialEq, Debug)]
pub struct Measure {
    /// `api p99`, `cost per month`, ...
    pub name: String,
    /// `ms`, `%`, `USD`, ...
    pub unit: &'static str,
    /// Its value.
    pub value: f64,
}

/// Every measure of a run, services first.
#[must_use]
pub fn measures(result: &RunResult) -> Vec<Measure> {
    let mut all = Vec::new();
    let mut add = |name: String, unit, value| all.push(Measure { name, unit, value });
    for service in &result.services {
        let name = &service.name;
        add(
            format!("{name} p50"),
            "ms",
            service.latency.p50_us as f64 / 1e3,
        );
        add(
            format!("{name} p99"),
            "ms",
            service.latency.p99_us as f64 / 1e3,
        );
        add(
            format!("{name} p99.9"),
            "ms",
            service.latency.p999_us as f64 / 1e3,
        );
        add(
            format!("{name} failed"),
            "%",
            failed_percent(&service.outcomes),
        );
        add(
            format!("{name} starved requests"),
            "requests",
            starved(result, name),
        );
    }
    for queue in &result.queues {
        add(
            format!("{} age p95", queue.name),
            "s",
            queue.age.p95_us as f64 / 1e6,
        );
        add(
            format!("{} longest", queue.name),
            "messages",
            queue.longest as f64,
        );
        for of in queue.by_category() {
            let name = format!("{} {} age p95", queue.name, of.category);
            add(name, "s", of.age.p95_us as f64 / 1e6);
        }
    }
    add(
        "pod starvation".into(),
        "pod-seconds",
        result
            .starvation
            .pods
            .iter()
            .map(|row| row.pod_seconds)
            .sum(),
    );
    for row in &result.starvation.cpu {
        add(
            format!("{} CPU missed", row.workload),
            "core-seconds",
            row.core_seconds,
        );
    }
    add(
        "nodes launched".into(),
        "nodes",
        result.churn.nodes_launched as f64,
    );
    add(
        "spot interruptions".into(),
        "nodes",
        result.churn.interrupted as f64,
    );
    add(
        "pods evicted".into(),
        "pods",
        result.churn.pods_evicted as f64,
    );
    add(
        "cost per month".into(),
        "USD",
        result.cost.month_nano_usd as f64 / 1e9,
    );
    add(
        "cost per 1,000 journeys".into(),
        "USD",
        result.cost.per_thousand_nano_usd as f64 / 1e9,
    );
    all
}

fn failed_percent(outcomes: &Outcomes) -> f64 {
    let ended = outcomes.ended();
    if ended == 0 {
        0.0
    } else {
        outcomes.failed() as f64 * 100.0 / ended as f64
    }
}

fn starved(result: &RunResult, service: &str) -> f64 {
    let rows = result
        .starvation
        .requests
        .iter()
        .filter(|row| row.service == service);
    rows.map(|row| row.requests as f64).sum()
}
