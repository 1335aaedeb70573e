//! What is to be said about a run? Peaks, worst cases and the sentences made of them; terminal, page and charts say the same.

mod captions;
mod headlines;

pub use captions::{aftermath, attribution, cost, nodes, queues, starvation, traffic};
pub use headlines::{Headline, Tone, headlines};

use super::units;
use crate::metrics::RunResult;
use crate::metrics::result::{
    CpuStarvation, Outcomes, PodStarvation, RequestStarvation, ServiceResult, ServiceSeries,
    SloResult,
};

/// Services a reader watches when the scenario has no latency goal.
const WATCHED: usize = 3;

/// A latency goal of a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Goal<'a> {
    /// Whose.
    pub service: &'a str,
    /// As the scenario puts it.
    pub text: &'a str,
    /// What it may be at most, in microseconds.
    pub bound_us: u64,
}

/// The latency goals of services, in the scenario's order.
#[must_use]
pub fn latency_goals(result: &RunResult) -> Vec<Goal<'_>> {
    result
        .slos
        .iter()
        .filter(|slo| is_latency(&slo.goal))
        .filter_map(|slo| {
            let named = slo.goal.split(' ').next()?;
            let service = series_of(result, named)?;
            Some(Goal {
                service: &service.name,
                text: &slo.goal,
                bound_us: slo.bound,
            })
        })
        .collect()
}

/// Whether a goal's numbers are microseconds; else they are parts per million.
#[must_use]
pub fn is_latency(goal: &str) -> bool {
    !goal.contains("availability")
}

/// The services whose latency is drawn: those with a goal, else the busiest.
#[must_use]
pub fn watched(result: &RunResult) -> Vec<&str> {
    let goals = latency_goals(result);
    if goals.is_empty() {
        let busiest = busiest(result, WATCHED).into_iter();
        return busiest.map(|service| service.name.as_str()).collect();
    }
    let mut services: Vec<&str> = goals.into_iter().map(|goal| goal.service).collect();
    services.dedup();
    services
}

/// At most `most` services with finished requests, the busiest first.
#[must_use]
pub fn busiest(result: &RunResult, most: usize) -> Vec<&ServiceResult> {
    let mut services: Vec<&ServiceResult> = result
        .services
        .iter()
        .filter(|service| service.latency.count > 0)
        .collect();
    services.sort_by_key(|service| std::cmp::Reverse(service.latency.count));
    services.truncate(most);
    services
}

/// A service over time.
#[must_use]
pub fn series_of<'a>(result: &'a RunResult, service: &str) -> Option<&'a ServiceSeries> {
    result
        .series
        .services
        .iter()
        .find(|series| series.name == service)
}

/// The first bucket with the greatest value, unless all are zero.
#[must_use]
pub fn peak<T: Copy + Into<u64>>(values: &[T]) -> Option<(usize, u64)> {
    let values = values.iter().map(|&value| value.into()).enumerate();
    values
        .filter(|&(_, value)| value > 0)
        .max_by_key(|&(bucket, value)| (value, std::cmp::Reverse(bucket)))
}

/// Requests that ended in each bucket, of all services.
#[must_use]
pub fn total_ended(result: &RunResult) -> Vec<u64> {
    let services = &result.series.services;
    let buckets = services.iter().map(|service| service.ended.len()).max();
    (0..buckets.unwrap_or(0))
        .map(|bucket| services.iter().map(|service| service.ended[bucket]).sum())
        .collect()
}

/// The height of the tallest bucket of a stack.
#[must_use]
pub fn tallest<C>(stack: &[(C, Vec<f64>)]) -> f64 {
    let buckets = stack.iter().map(|(_, layer)| layer.len()).max();
    (0..buckets.unwrap_or(0))
        .map(|bucket| stack.iter().map(|(_, layer)| layer[bucket]).sum())
        .fold(0.0, f64::max)
}

/// Requests that have ended, well or badly.
#[must_use]
pub fn ended(outcomes: &Outcomes) -> u64 {
    outcomes.succeeded + failed(outcomes)
}

/// Requests that ended badly.
#[must_use]
pub fn failed(outcomes: &Outcomes) -> u64 {
    outcomes.failed()
}

/// How many of how many requests starved in a queue.
#[must_use]
pub fn starved_requests(result: &RunResult) -> (u64, u64) {
    let rows = &result.starvation.requests;
    (
        rows.iter().map(|row| row.requests).sum(),
        rows.iter().map(|row| row.of).sum(),
    )
}

/// The pods that waited longest.
#[must_use]
pub fn worst_pods(result: &RunResult) -> Option<&PodStarvation> {
    let rows = result.starvation.pods.iter().filter(|row| row.pods > 0);
    rows.max_by_key(|row| row.longest_us)
}

/// The cause most pods starved for, with their number.
#[must_use]
pub fn main_cause(result: &RunResult) -> Option<(&'static str, u64)> {
    let mut causes: Vec<(&'static str, u64)> = Vec::new();
    for row in &result.starvation.pods {
        match causes.iter_mut().find(|(cause, _)| *cause == row.cause) {
            Some((_, pods)) => *pods += row.pods,
            None => causes.push((row.cause, row.pods)),
        }
    }
    let causes = causes.into_iter().filter(|&(_, pods)| pods > 0);
    causes.reduce(|most, next| if next.1 > most.1 { next } else { most })
}

/// The requests that waited longest.
#[must_use]
pub fn worst_requests(result: &RunResult) -> Option<&RequestStarvation> {
    let rows = result.starvation.requests.iter();
    rows.filter(|row| row.requests > 0)
        .max_by_key(|row| row.longest_us)
}

/// The workload that missed most CPU.
#[must_use]
pub fn worst_cpu(result: &RunResult) -> Option<&CpuStarvation> {
    let rows = result.starvation.cpu.iter();
    rows.filter(|row| row.core_seconds > 0.0)
        .max_by(|a, b| a.core_seconds.total_cmp(&b.core_seconds))
}

/// Core-seconds of CPU wanted and not granted, of all workloads.
#[must_use]
pub fn cpu_missed(result: &RunResult) -> f64 {
    let rows = result.starvation.cpu.iter();
    rows.map(|row| row.core_seconds).sum()
}

/// Which services' containers were restarted, and why; none if there were no restarts.
#[must_use]
pub fn container_ends(result: &RunResult) -> Option<String> {
    let restarted = result
        .services
        .iter()
        .filter(|service| service.container_ends.total() > 0);
    let told: Vec<String> = restarted
        .map(|service| {
            let ends = &service.container_ends;
            let causes = [
                (ends.crashed, "crashed"),
                (ends.oom_killed, "out of memory"),
                (ends.liveness_probe, "by its liveness probe"),
                (ends.startup_probe, "by its startup probe"),
            ];
            let causes = causes.iter().filter(|(times, _)| *times > 0);
            let causes: Vec<_> = causes
                .map(|&(times, cause)| format!("{} {cause}", units::count(times)))
                .collect();
            format!("{} {}", service.name, causes.join(", "))
        })
        .collect();
    (!told.is_empty()).then(|| format!("Containers restarted: {}", told.join("; ")))
}

/// What a goal came to, as a person reads it: a span, or a share.
#[must_use]
pub fn actual(slo: &SloResult) -> String {
    if is_latency(&slo.goal) {
        units::duration(slo.actual)
    } else {
        let part = slo.actual as f64 / 10_000.0;
        format!("{part:.3} %")
    }
}
