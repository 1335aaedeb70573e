//! What does a reader want to know first? Four questions and their answers.

use super::{
    cpu_missed, latency_goals, main_cause, starved_requests, watched, worst_cpu, worst_pods,
    worst_requests,
};
use crate::metrics::RunResult;
use crate::metrics::result::ServiceResult;
use crate::report::clock::Clock;
use crate::report::units::{count, counted, duration, number, share, span, usd};

/// A question, its answer in a few words, and what there is to add.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Headline {
    /// What is asked.
    pub question: &'static str,
    /// The answer.
    pub answer: String,
    /// The sentence after it.
    pub detail: String,
    /// Whether the answer is one to worry about.
    pub alarming: bool,
}

/// The questions a run is made for, answered.
#[must_use]
pub fn headlines(result: &RunResult) -> [Headline; 4] {
    [
        waited(result),
        starved(result),
        cost(result),
        per_thousand(result),
    ]
}

fn waited(result: &RunResult) -> Headline {
    let watched = watched(result);
    let mut services: Vec<&ServiceResult> = result
        .services
        .iter()
        .filter(|service| watched.contains(&service.name.as_str()))
        .collect();
    services.sort_by_key(|service| std::cmp::Reverse(service.latency.p99_us));
    let broken = latency_goals(result).into_iter().any(|goal| {
        let slo = result.slos.iter().find(|slo| slo.goal == goal.text);
        slo.is_some_and(|slo| !slo.met)
    });
    let (starved, all) = starved_requests(result);
    let answer = match (starved, broken) {
        (0, false) => "No".to_owned(),
        (0, true) => "Yes: a latency goal was missed".to_owned(),
        (_, false) => format!("Some: {} of requests starved", share(starved, all)),
        (_, true) => format!("Yes: {} of requests starved", share(starved, all)),
    };
    let detail = match services.first() {
        Some(slowest) => format!(
            "Half of the {} requests took less than {}, one in a hundred more than {}.",
            slowest.name,
            duration(slowest.latency.p50_us),
            duration(slowest.latency.p99_us)
        ),
        None => "No request was finished.".to_owned(),
    };
    Headline {
        question: "Did citizens wait?",
        answer,
        detail,
        alarming: starved > 0 || broken,
    }
}

fn starved(result: &RunResult) -> Headline {
    let clock = Clock::new(&result.provenance);
    let pods: u64 = result.starvation.pods.iter().map(|row| row.pods).sum();
    let (requests, _) = starved_requests(result);
    let missed = cpu_missed(result);
    let mut who = Vec::new();
    let mut detail = Vec::new();
    if let Some((cause, _)) = main_cause(result) {
        who.push(format!("{} ({cause})", counted(pods, "pod")));
    }
    if let Some(worst) = worst_pods(result) {
        detail.push(format!(
            "A pod of {} waited {} from {} on for “{}”.",
            worst.workload,
            duration(worst.longest_us),
            clock.minute(worst.longest_at_us),
            worst.cause
        ));
    }
    if requests > 0 {
        who.push(counted(requests, "request"));
    }
    if let Some(worst) = worst_requests(result) {
        detail.push(format!(
            "A request of {} waited {} until {}.",
            worst.service,
            duration(worst.longest_us),
            clock.minute(worst.longest_at_us)
        ));
    }
    if let Some(worst) = worst_cpu(result) {
        who.push(format!("{} core-seconds of CPU", number(missed)));
        if let Some((taker, core_seconds)) = worst.taken_by.first() {
            detail.push(format!(
                "{} lost {} core-seconds to {taker}.",
                worst.workload,
                number(*core_seconds)
            ));
        }
    }
    let alarming = !who.is_empty();
    Headline {
        question: "Who starved, and why?",
        answer: if alarming {
            who.join(", ")
        } else {
            "Nobody".to_owned()
        },
        detail: detail.join(" "),
        alarming,
    }
}

fn cost(result: &RunResult) -> Headline {
    let cost = &result.cost;
    let tax = if cost.tax_nano_usd > 0 {
        format!(", {} tax not included", usd(cost.tax_nano_usd))
    } else {
        String::new()
    };
    Headline {
        question: "What did it cost?",
        answer: format!(
            "{} in {}",
            usd(cost.total_nano_usd),
            span(result.provenance.duration_us)
        ),
        detail: format!(
            "{} a month of 730 hours at this rate{tax}.",
            usd(cost.month_nano_usd)
        ),
        alarming: false,
    }
}

fn per_thousand(result: &RunResult) -> Headline {
    let completed = result.journeys.iter().map(|journey| journey.completed);
    Headline {
        question: "What does a complaint cost?",
        answer: format!("{} per 1,000", usd(result.cost.per_thousand_nano_usd)),
        detail: format!(
            "{} of {} journeys were completed.",
            count(completed.sum()),
            count(result.journeys.iter().map(|journey| journey.begun).sum())
        ),
        alarming: false,
    }
}
