//! What does a reader want to know first? Four questions and their answers.

use super::{
    cpu_missed, ended, failed, main_cause, starved_requests, watched, worst_cpu, worst_pods,
    worst_requests,
};
use crate::metrics::RunResult;
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
    /// How it is to be taken.
    pub tone: Tone,
}

/// How an answer is to be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// As one would have it.
    Good,
    /// Something to worry about.
    Bad,
    /// A fact.
    Plain,
}

impl Tone {
    fn bad_if(bad: bool) -> Self {
        if bad { Self::Bad } else { Self::Good }
    }
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
    let question = "Did citizens wait?";
    let services = || result.services.iter().map(|service| &service.outcomes);
    let all: u64 = services().map(ended).sum();
    if all == 0 {
        return Headline {
            question,
            answer: "No request was finished".to_owned(),
            detail: String::new(),
            tone: Tone::Plain,
        };
    }
    let missed = result.slos.iter().filter(|slo| !slo.met).count() as u64;
    let (starved, of) = starved_requests(result);
    let answer = match (starved, missed) {
        (0, 0) => "No".to_owned(),
        (0, _) => format!("Yes: {} missed", counted(missed, "goal")),
        (_, 0) => format!("Some: {} of requests starved", share(starved, of)),
        (_, _) => format!("Yes: {} of requests starved", share(starved, of)),
    };
    let lost: u64 = services().map(failed).sum();
    let lost = match lost {
        0 => String::new(),
        _ => format!(" {} of {} requests failed.", count(lost), count(all)),
    };
    Headline {
        question,
        answer,
        detail: how_long(result) + &lost,
        tone: Tone::bad_if(starved > 0 || missed > 0),
    }
}

/// What the citizens of the commonest journey waited, or the callers of the slowest watched service where no journey was begun.
fn how_long(result: &RunResult) -> String {
    let journeys = result.journeys.iter();
    let commonest = journeys
        .filter(|journey| journey.latency.count > 0)
        .max_by_key(|journey| journey.begun);
    let watched = watched(result);
    let slowest = result
        .services
        .iter()
        .filter(|service| watched.contains(&service.name.as_str()))
        .max_by_key(|service| service.latency.p99_us);
    let (what, waited) = match (commonest, slowest) {
        (Some(journey), _) => (&journey.name, &journey.latency),
        (None, Some(service)) => (&service.name, &service.latency),
        (None, None) => return "No request was finished.".to_owned(),
    };
    format!(
        "{what}: half waited less than {} in all, one in a hundred more than {}.",
        duration(waited.p50_us),
        duration(waited.p99_us)
    )
}

fn starved(result: &RunResult) -> Headline {
    let kinds = [
        starved_pods(result),
        starved_in_queues(result),
        starved_of_cpu(result),
    ];
    let mut kinds = kinds.into_iter().flatten();
    let (answer, tone, first) = match kinds.next() {
        Some((answer, worst)) => (answer, Tone::Bad, worst),
        None => ("Nobody".to_owned(), Tone::Good, String::new()),
    };
    let rest = kinds.map(|(who, worst)| format!(" {who}: {worst}"));
    Headline {
        question: "Who starved, and why?",
        answer,
        detail: first + &rest.collect::<String>(),
        tone,
    }
}

/// How many of a kind starved, and the worst case.
type Starved = Option<(String, String)>;

fn starved_pods(result: &RunResult) -> Starved {
    let worst = worst_pods(result)?;
    let (cause, _) = main_cause(result)?;
    let pods: u64 = result.starvation.pods.iter().map(|row| row.pods).sum();
    let clock = Clock::new(&result.provenance);
    Some((
        format!("{}, most for {cause}", counted(pods, "pod")),
        format!(
            "{} waited {} from {} on.",
            worst.workload,
            duration(worst.longest_us),
            clock.minute(worst.longest_at_us)
        ),
    ))
}

fn starved_in_queues(result: &RunResult) -> Starved {
    let worst = worst_requests(result)?;
    let (requests, _) = starved_requests(result);
    let clock = Clock::new(&result.provenance);
    Some((
        format!("{} starved in queues", counted(requests, "request")),
        format!(
            "{} waited {} until {}.",
            worst.service,
            duration(worst.longest_us),
            clock.minute(worst.longest_at_us)
        ),
    ))
}

fn starved_of_cpu(result: &RunResult) -> Starved {
    let worst = worst_cpu(result)?;
    let lost = match worst.taken_by.first() {
        Some((taker, core_seconds)) => format!(
            "{} lost {} of them to {taker}.",
            worst.workload,
            number(*core_seconds)
        ),
        None => String::new(),
    };
    let missed = number(cpu_missed(result));
    Some((format!("{missed} core-seconds of CPU were missed"), lost))
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
        tone: Tone::Plain,
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
        tone: Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_bad_run_is_told_with_its_worst_cases() {
        let result = fixture::four_weeks();
        let [waited, starved, cost, complaint] = headlines(&result);
        assert_eq!(waited.answer, "Yes: 1.22 % of requests starved");
        assert!(waited.detail.contains("requests failed"));
        assert_eq!(starved.answer, "179 pods, most for NodePool limit");
        assert!(
            starved
                .detail
                .contains("498,322 requests starved in queues")
        );
        assert_eq!(cost.answer, "$645.23 in 28 days");
        assert_eq!(complaint.answer, "$0.41 per 1,000");
    }

    #[test]
    fn a_missed_goal_is_bad_news_though_nobody_starved() {
        let mut result = fixture::four_weeks();
        result.starvation = Default::default();
        let [waited, starved, ..] = headlines(&result);
        assert_eq!(waited.answer, "Yes: 1 goal missed");
        assert_eq!((waited.tone, starved.tone), (Tone::Bad, Tone::Good));
        result.slos.clear();
        assert_eq!(headlines(&result)[0].answer, "No");
    }

    #[test]
    fn a_run_without_requests_claims_nothing() {
        let [waited, ..] = headlines(&fixture::nothing());
        assert_eq!(waited.answer, "No request was finished");
        assert_eq!(waited.tone, Tone::Plain);
    }
}
