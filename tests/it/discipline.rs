//! Who is next? One category floods a queue that all share: first come, by priority, and in fair turns.
//!
//! Two categories come as two Poisson streams of messages with exponential work to one worker that does one at a time.

use karpsim::metrics::RunResult;
use karpsim::metrics::result::CategoryResult;
use karpsim::sim;
use karpsim::study::{mean_interval, replicate};

use crate::lab::{Station, scenario};

/// Mean work of a message in seconds.
const WORK: f64 = 0.1;

/// A worker whose queue has this discipline, and the messages a second of the categories `Flood` and `Rest`.
fn station(discipline: &str, duration: &'static str, [flood, rest]: [f64; 2]) -> String {
    let text = Station {
        duration,
        warmup: "30m",
        cpu: "{exponential: {mean: 100ms}}".to_owned(),
        jobs: true,
        ..Station::default()
    }
    .yaml();
    let one = "[{name: citizens, rate: 1/s, profile: flat, journey: visit}]";
    let two = format!(
        "[{{name: flood, rate: {flood}/s, journey: visit, category: Flood}}, {{name: rest, rate: {rest}/s, journey: visit, category: Rest}}]"
    );
    let runtime = "runtime: {concurrency: 1}";
    let disciplined = format!("runtime: {{concurrency: 1, queue: {discipline}}}");
    assert!(text.contains(one) && text.contains(runtime));
    text.replace(one, &two).replace(runtime, &disciplined)
}

#[track_caller]
fn of<'r>(run: &'r RunResult, category: &str) -> &'r CategoryResult {
    let mut all = run.queues[0].categories.iter();
    all.find(|of| of.category == category)
        .expect("messages of the category")
}

/// Cobham's law for two classes in M/M/1 without preemption: with R = λ E[S²] / 2 the first waits R / (1 - ρ₁), the second
/// R / (1 - ρ₁)(1 - ρ) (L. Kleinrock, *Queueing Systems*, volume 2, 3.6).
#[test]
fn priorities_wait_as_cobham_says() {
    let (flood, rest) = (6.0, 2.5);
    let discipline = "{discipline: priority, order: [Rest]}";
    let text = station(discipline, "5h", [flood, rest]);
    let runs = replicate(&[&scenario(&text)], 20_260_615, 16, || {}).remove(0);
    let (rho, rho_rest) = ((flood + rest) * WORK, rest * WORK);
    let residual = rho * WORK;
    let first = residual / (1.0 - rho_rest);
    let second = first / (1.0 - rho);
    for (category, wait, within) in [("Rest", first, 0.01), ("Flood", second, 0.06)] {
        let sample: Vec<f64> = runs
            .iter()
            .map(|run| of(run, category).age.mean_us as f64 / 1e6)
            .collect();
        let interval = mean_interval(&sample, 0.99);
        let (low, high) = (interval.low.unwrap(), interval.high.unwrap());
        let expected = wait + WORK;
        assert!(
            (low..=high).contains(&expected),
            "{category}: {expected} is not in {low}..{high}"
        );
        assert!(
            high - low <= 2.0 * within * expected,
            "{category}: {low}..{high} is too wide"
        );
    }
}

/// Fourteen messages a second where ten can be done. In turn of arrival everybody gets ten fourteenths; in fair turns a category that
/// wants less than half gets all it wants, and two that want more get half each.
#[test]
fn a_flood_starves_the_rest_unless_turns_are_fair() {
    let done = |discipline: &str, rates: [f64; 2]| {
        let run = sim::run(&scenario(&station(discipline, "2h30m", rates)), 7, |_| {});
        let share = |category: &str, rate: f64| {
            of(&run, category).age.count as f64 / (rate * 7_200.0) // two hours are measured
        };
        let rest = of(&run, "Rest").age.p95_us as f64 / 1e6;
        ([share("Flood", rates[0]), share("Rest", rates[1])], rest)
    };
    let near = |value: f64, expected: f64| (value - expected).abs() <= 0.03 * expected;

    let ([flood, rest], waited) = done("{discipline: fifo}", [12.0, 2.0]);
    assert!(near(flood, 10.0 / 14.0) && near(rest, 10.0 / 14.0));
    assert!(waited > 2_000.0, "{waited}");

    let ([flood, rest], waited) = done("{discipline: fair}", [12.0, 2.0]);
    assert!(near(flood, 8.0 / 12.0) && near(rest, 1.0), "{flood} {rest}");
    assert!(waited < 1.0, "{waited}");

    let ([flood, rest], _) = done("{discipline: fair}", [8.0, 6.0]);
    assert!(near(flood, 5.0 / 8.0) && near(rest, 5.0 / 6.0));
}

/// What nobody works off within the retention is dropped: an outcome of its own, and nothing gets lost.
#[test]
fn messages_expire() {
    let text = station("{discipline: fifo}", "2h30m", [18.0, 2.0]);
    let kept = "visibilityTimeout: 12h";
    let run = sim::run(
        &scenario(&text.replace(kept, &format!("{kept}, messageRetentionPeriod: 10m"))),
        7,
        |_| {},
    );
    let (queue, outcomes) = (&run.queues[0], run.services[0].outcomes);
    assert!(queue.expired > 50_000, "{}", queue.expired);
    assert_eq!(outcomes.expired, queue.expired);
    assert_eq!(outcomes.succeeded, queue.completed);
    assert_eq!(outcomes.in_flight, queue.remaining);
    assert_eq!(
        queue.sent,
        queue.completed + queue.expired + queue.remaining
    );
    // Twice as many come as can be done: the queue is as long as the retention, and half of those who come leave unserved.
    assert!(
        queue.age.p95_us <= 601_000_000,
        "{} worked off later",
        queue.age.p95_us
    );
    let ended = run.series.services[0].ended.iter().sum::<u64>();
    assert_eq!(ended, outcomes.ended());
}
