//! How did services and queues do, who starved, and where did the time go?

use maud::{Markup, html};

use super::table::Cell::{Name, Number, Words};
use super::table::table;
use crate::metrics::RunResult;
use crate::report::clock::Clock;
use crate::report::findings;
use crate::report::units::{count, duration, number, percent, share};

/// The sections.
pub(super) fn sections(result: &RunResult) -> Markup {
    html! {
        section id="services" {
            h2 { "Services and queues" }
            (services(result))
            (outcomes(result))
            (journeys(result))
            (queues(result))
            (categories(result))
        }
        section id="attribution" {
            h2 { "Where the time went" }
            p { (findings::attribution(result)) }
            (attribution(result))
        }
        section id="starvation" {
            h2 { "Starvation" }
            p { (findings::starvation(result)) }
            (pods(result))
            (requests(result))
            (cpu(result))
        }
    }
}

fn services(result: &RunResult) -> Markup {
    let rows: Vec<_> = result
        .services
        .iter()
        .map(|service| {
            let latency = &service.latency;
            vec![
                Name(service.name.clone()),
                Number(count(findings::ended(&service.outcomes))),
                Number(duration(latency.p50_us)),
                Number(duration(latency.p95_us)),
                Number(duration(latency.p99_us)),
                Number(duration(latency.max_us)),
                Number(duration(service.queue_wait.p95_us)),
                Number(number(service.ready_mean)),
                Number(service.ready_max.to_string()),
                Number(number(service.cpu_core_seconds / 3_600.0)),
            ]
        })
        .collect();
    let header = [
        "Service",
        "Requests",
        "p50",
        "p95",
        "p99",
        "Longest",
        "Queue wait p95",
        "Pods mean",
        "Pods most",
        "Core-hours",
    ];
    table(
        "Latency of services, from the call to the answer",
        &header,
        &rows,
    )
}

fn outcomes(result: &RunResult) -> Markup {
    let rows: Vec<_> = result
        .services
        .iter()
        .map(|service| {
            let how = &service.outcomes;
            let counts = [
                how.timed_out,
                how.refused,
                how.no_target,
                how.reset,
                how.gateway_timeout,
                how.dead,
                how.expired,
                how.in_flight,
            ];
            let success = share(how.succeeded, findings::ended(how));
            let mut row = vec![Name(service.name.clone()), Number(success)];
            row.extend(counts.map(count).map(Number));
            row
        })
        .collect();
    let header = [
        "Service",
        "Success",
        "Gave up (460)",
        "Refused (503)",
        "No target (503)",
        "Reset (502)",
        "Gateway timeout (504)",
        "Dead letters",
        "Expired",
        "In flight",
    ];
    table("How requests ended", &header, &rows)
}

fn journeys(result: &RunResult) -> Markup {
    let rows: Vec<_> = result
        .journeys
        .iter()
        .map(|journey| {
            vec![
                Name(journey.name.clone()),
                Number(count(journey.begun)),
                Number(share(journey.completed, journey.completed + journey.failed)),
                Number(duration(journey.latency.p50_us)),
                Number(duration(journey.latency.p95_us)),
                Number(duration(journey.latency.p99_us)),
                Number(duration(journey.latency.max_us)),
            ]
        })
        .collect();
    let header = [
        "Journey",
        "Begun",
        "Completed",
        "p50",
        "p95",
        "p99",
        "Longest",
    ];
    table(
        "What citizens waited in all, time to think left out",
        &header,
        &rows,
    )
}

fn queues(result: &RunResult) -> Markup {
    let clock = Clock::new(&result.provenance);
    let rows: Vec<_> = result
        .queues
        .iter()
        .map(|queue| {
            vec![
                Name(queue.name.clone()),
                Number(count(queue.sent)),
                Number(count(queue.completed)),
                Number(count(queue.redelivered)),
                Number(count(queue.dead)),
                Number(count(queue.expired)),
                Number(count(queue.remaining)),
                Number(duration(queue.age.p95_us)),
                Number(duration(queue.age.max_us)),
                Number(count(queue.longest)),
                Number(clock.minute(queue.longest_at_us)),
            ]
        })
        .collect();
    let header = [
        "Queue",
        "Sent",
        "Done",
        "Redelivered",
        "Dead letters",
        "Expired",
        "Left over",
        "Age p95",
        "Oldest",
        "Longest",
        "on",
    ];
    table("Queues; age is from send to worked off", &header, &rows)
}

fn categories(result: &RunResult) -> Markup {
    let of_queues = result.queues.iter().flat_map(|queue| {
        let rows = queue.by_category().iter();
        rows.map(|of| {
            vec![
                Name(queue.name.clone()),
                Name(of.category.clone()),
                Number(count(of.age.count)),
                Number(duration(of.age.p50_us)),
                Number(duration(of.age.p95_us)),
                Number(duration(of.age.max_us)),
            ]
        })
    });
    let rows: Vec<_> = of_queues.collect();
    let header = ["Queue", "Category", "Done", "Age p50", "Age p95", "Oldest"];
    table("Queues by category: who waits for whom", &header, &rows)
}

fn attribution(result: &RunResult) -> Markup {
    let services = findings::busiest(result, usize::MAX);
    let Some(first) = services.first() else {
        return html! {};
    };
    let mut header = vec!["Service", "Requests"];
    header.extend(&first.attribution.parts);
    header.push("together");
    let mut rows = Vec::new();
    for service in services {
        for band in &service.attribution.bands {
            let mut row = vec![
                Name(service.name.clone()),
                Name(format!("{} ({})", band.band, count(band.count))),
            ];
            row.extend(band.mean_us.iter().copied().map(duration).map(Number));
            row.push(Number(duration(band.mean_us.iter().sum())));
            rows.push(row);
        }
    }
    table(
        "The mean request of all and of the slowest, by part",
        &header,
        &rows,
    )
}

fn pods(result: &RunResult) -> Markup {
    let clock = Clock::new(&result.provenance);
    let mut starved: Vec<_> = result.starvation.pods.iter().collect();
    starved.sort_by_key(|row| std::cmp::Reverse(row.longest_us));
    let rows: Vec<_> = starved
        .into_iter()
        .map(|row| {
            vec![
                Name(row.workload.clone()),
                Name(row.cause.to_owned()),
                Number(count(row.pods)),
                Number(number(row.pod_seconds / 3_600.0)),
                Number(duration(row.longest_us)),
                Number(clock.minute(row.longest_at_us)),
            ]
        })
        .collect();
    let header = ["Workload", "Cause", "Pods", "Pod-hours", "Longest", "from"];
    table("Pods that were Pending past the threshold", &header, &rows)
}

fn requests(result: &RunResult) -> Markup {
    let clock = Clock::new(&result.provenance);
    let mut starved: Vec<_> = result.starvation.requests.iter().collect();
    starved.retain(|row| row.requests > 0);
    starved.sort_by_key(|row| std::cmp::Reverse(row.longest_us));
    let rows: Vec<_> = starved
        .into_iter()
        .map(|row| {
            vec![
                Name(row.service.clone()),
                Name(row.category.clone()),
                Number(duration(row.threshold_us)),
                Number(count(row.requests)),
                Number(share(row.requests, row.of)),
                Number(duration(row.longest_us)),
                Number(clock.minute(row.longest_at_us)),
            ]
        })
        .collect();
    let header = [
        "Service",
        "Category",
        "Threshold",
        "Requests",
        "Share",
        "Longest",
        "until",
    ];
    table(
        "Requests whose wait in a queue alone was past the threshold",
        &header,
        &rows,
    )
}

fn cpu(result: &RunResult) -> Markup {
    let rows: Vec<_> = result
        .starvation
        .cpu
        .iter()
        .map(|row| {
            let takers = row.taken_by.iter().map(|(taker, core_seconds)| {
                let part = core_seconds / row.core_seconds.max(f64::MIN_POSITIVE);
                format!("{taker} {}", percent(part))
            });
            vec![
                Name(row.workload.clone()),
                Number(number(row.core_seconds)),
                Words(takers.collect::<Vec<_>>().join(", ")),
            ]
        })
        .collect();
    let header = ["Workload", "Core-seconds missed", "Taken by"];
    table(
        "CPU wanted on contended nodes and not granted",
        &header,
        &rows,
    )
}
