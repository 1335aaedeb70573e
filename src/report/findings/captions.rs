//! What is to be seen in a chart? One sentence each, computed from the data it shows.

use super::{
    busiest, cpu_missed, ended, failed, main_cause, peak, starved_requests, total_ended, watched,
    worst_requests,
};
use crate::metrics::RunResult;
use crate::report::clock::Clock;
use crate::report::units::{count, counted, duration, number, percent, share, span, usd};

/// The end of a bucket as a person writes it.
fn bucket_end(result: &RunResult, bucket: usize) -> String {
    let end = (bucket as u64 + 1) * result.series.bucket_us;
    Clock::new(&result.provenance).minute(end.min(result.provenance.duration_us))
}

/// When most was asked, when it took longest, how much failed.
#[must_use]
pub fn traffic(result: &RunResult) -> String {
    let services = &result.series.services;
    let Some((busiest_at, most)) = peak(&total_ended(result)) else {
        return "No request ended.".to_owned();
    };
    let seconds = result.series.bucket_us.max(1) as f64 / 1e6;
    let mut text = format!(
        "Traffic peaked at {} requests/s on {}",
        number(most as f64 / seconds),
        bucket_end(result, busiest_at)
    );
    let watched = watched(result);
    let slowest = services
        .iter()
        .filter(|service| watched.contains(&service.name.as_str()))
        .filter_map(|service| Some((service, peak(&service.p99_us)?)))
        .max_by_key(|&(_, (_, micros))| micros);
    if let Some((service, (bucket, micros))) = slowest {
        text += &format!(
            "; p99 of {} was worst on {}, {}",
            service.name,
            bucket_end(result, bucket),
            duration(micros)
        );
    }
    let all: u64 = result.services.iter().map(|s| ended(&s.outcomes)).sum();
    let lost: u64 = result.services.iter().map(|s| failed(&s.outcomes)).sum();
    text + &format!("; {} of {} requests failed.", count(lost), count(all))
}

/// How long requests starved and pods starved after traffic peaked.
#[must_use]
pub fn aftermath(result: &RunResult) -> String {
    let series = &result.series;
    let Some((peak, _)) = peak(&total_ended(result)) else {
        return "No request ended.".to_owned();
    };
    let starved = |bucket: usize| {
        let mut services = series.services.iter();
        series.starving[bucket] > 0 || services.any(|service| service.starved[bucket] > 0)
    };
    let last = (peak..series.starving.len()).rfind(|&bucket| starved(bucket));
    let when = bucket_end(result, peak);
    match last {
        Some(last) => format!(
            "Traffic peaked on {when}; the last to starve did so {} later.",
            span((last - peak) as u64 * series.bucket_us)
        ),
        None => format!("Traffic peaked on {when}; nobody starved after that."),
    }
}

/// When most nodes ran, of what, and how many came and went.
#[must_use]
pub fn nodes(result: &RunResult) -> String {
    let layers = &result.series.nodes;
    let buckets = layers.iter().map(|(_, nodes)| nodes.len()).max();
    let totals: Vec<u32> = (0..buckets.unwrap_or(0))
        .map(|bucket| layers.iter().map(|(_, nodes)| nodes[bucket]).sum())
        .collect();
    let Some((bucket, most)) = peak(&totals) else {
        return "No node ran.".to_owned();
    };
    let churn = &result.churn;
    let least = totals.iter().copied().min().unwrap_or(0);
    format!(
        "Between {least} and {} ran at once, most on {}; {} joined and {} interrupted.",
        counted(most, "node"),
        bucket_end(result, bucket),
        counted(churn.nodes_launched, "node"),
        match churn.interrupted {
            1 => "1 was".to_owned(),
            several => format!("{} were", count(several)),
        }
    )
}

/// How much of each kind of starvation there was.
#[must_use]
pub fn starvation(result: &RunResult) -> String {
    let mut kinds = Vec::new();
    let pods: u64 = result.starvation.pods.iter().map(|row| row.pods).sum();
    if let Some((cause, _)) = main_cause(result) {
        kinds.push(format!(
            "{} starved, most for “{cause}”",
            counted(pods, "pod")
        ));
    }
    if let Some(worst) = worst_requests(result) {
        let (starved, all) = starved_requests(result);
        kinds.push(format!(
            "{} of requests starved in a queue, the longest {} ({})",
            share(starved, all),
            duration(worst.longest_us),
            worst.service
        ));
    }
    let missed = cpu_missed(result);
    if missed > 0.0 {
        kinds.push(format!(
            "{} core-seconds of CPU were not granted",
            number(missed)
        ));
    }
    if kinds.is_empty() {
        return "Nobody starved.".to_owned();
    }
    kinds.join("; ") + "."
}

/// The sum, the dearest layer and the part nobody requested.
#[must_use]
pub fn cost(result: &RunResult) -> String {
    let cost = &result.cost;
    let mut text = format!(
        "{} in {}, {} a month at this rate",
        usd(cost.total_nano_usd),
        span(result.provenance.duration_us),
        usd(cost.month_nano_usd)
    );
    let part = |nanos: i128| percent(nanos as f64 / cost.total_nano_usd.max(1) as f64);
    if let Some((layer, nanos)) = cost.layers.iter().max_by_key(|(_, nanos)| *nanos) {
        text += &format!("; the largest layer is {layer} with {}", part(*nanos));
    }
    if cost.idle_nano_usd > 0 {
        text += &format!(
            "; {} was compute nobody requested",
            part(cost.idle_nano_usd)
        );
    }
    text + "."
}

/// What made the slowest requests of the slowest watched service slow.
#[must_use]
pub fn attribution(result: &RunResult) -> String {
    let watched = watched(result);
    let slowest = busiest(result, usize::MAX)
        .into_iter()
        .filter(|service| watched.contains(&service.name.as_str()))
        .max_by_key(|service| service.latency.p99_us);
    let Some(service) = slowest else {
        return "No request was finished.".to_owned();
    };
    let attribution = &service.attribution;
    let band = attribution
        .bands
        .iter()
        .find(|band| band.band == "slowest 1 %");
    let Some(band) = band.filter(|band| band.count > 0) else {
        return "Too few requests to tell the slowest from the rest.".to_owned();
    };
    let mean: u64 = band.mean_us.iter().sum();
    let mut parts: Vec<_> = attribution.parts.iter().zip(&band.mean_us).collect();
    parts.sort_by_key(|&(_, micros)| std::cmp::Reverse(micros));
    let largest: Vec<String> = parts
        .into_iter()
        .take(2)
        .map(|(part, &micros)| format!("{} {part}", percent(micros as f64 / mean.max(1) as f64)))
        .collect();
    format!(
        "The slowest 1 % of {} took {} on average: {}.",
        service.name,
        duration(mean),
        largest.join(", ")
    )
}

/// The longest backlog and the oldest message.
#[must_use]
pub fn queues(result: &RunResult) -> String {
    let longest = result.queues.iter().max_by_key(|queue| queue.longest);
    let Some(queue) = longest.filter(|queue| queue.longest > 0) else {
        return "No message ever waited.".to_owned();
    };
    let clock = Clock::new(&result.provenance);
    let mut text = format!(
        "The longest backlog stood at {} ({}) on {}",
        counted(queue.longest, "message"),
        queue.name,
        clock.minute(queue.longest_at_us)
    );
    if let Some(oldest) = result.queues.iter().max_by_key(|queue| queue.age.max_us) {
        text += &format!(
            "; the oldest message was done after {} ({})",
            duration(oldest.age.max_us),
            oldest.name
        );
    }
    text + "."
}
