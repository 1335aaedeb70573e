//! Does a station with Poisson arrivals behave as queueing theory says? Ordinary scenarios against closed forms.
//!
//! Every test runs independent replications, takes one number of each, and asks two things of the 99 % interval of their mean
//! (Student's t): that it covers the closed form, and that it is narrow enough for a wrong model to miss it.
//!
//! The formulas are in L. Kleinrock, *Queueing Systems* (1975, 1976); volume and section stand with each. λ is the arrival rate, S the
//! service time, ρ the utilisation of a server.

use karpsim::metrics::RunResult;
use karpsim::metrics::attribution::Part;
use karpsim::study::{mean_interval, replicate};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::lab::{Station, mean_sojourn, mean_spent, scenario};

/// Mean work of a request in seconds.
const WORK: f64 = 0.1;
const CONFIDENCE: f64 = 0.99;
const REPLICATIONS: u32 = 16;
/// How long a replication is measured, in seconds.
const MEASURED: f64 = 16_200.0;
const SEED: u64 = 20_260_615;

/// A utilisation, and how wide an interval may be there: its half as a share of the expected value.
#[derive(Clone, Copy, Debug)]
struct Load {
    rho: f64,
    within: f64,
}

const LOADS: [Load; 2] = [
    Load {
        rho: 0.3,
        within: 0.01,
    },
    Load {
        rho: 0.85,
        within: 0.03,
    },
];

/// Demand of a request: as a scenario writes it, with its moments.
#[derive(Clone, Debug)]
struct Demand {
    yaml: String,
    /// E[S] in seconds.
    mean: f64,
    /// Var[S] / E[S]².
    variability: f64,
}

fn exponential() -> Demand {
    Demand {
        yaml: "{exponential: {mean: 100ms}}".to_owned(),
        mean: WORK,
        variability: 1.0,
    }
}

fn constant() -> Demand {
    Demand {
        yaml: "100ms".to_owned(),
        mean: WORK,
        variability: 0.0,
    }
}

/// Median 80 ms and 95th percentile 240 ms: σ is the distance of the two on a log scale in quantiles of the normal distribution.
fn lognormal() -> Demand {
    let sigma = 3_f64.ln() / Normal::standard().inverse_cdf(0.95);
    Demand {
        yaml: "{lognormal: {median: 80ms, p95: 240ms}}".to_owned(),
        mean: 0.08 * (sigma * sigma / 2.0).exp(),
        variability: (sigma * sigma).exp() - 1.0,
    }
}

/// A pod that serves one request at a time.
fn station(demand: &Demand, requests_per_second: f64) -> Station {
    Station {
        duration: "5h",
        warmup: "30m",
        cpu: demand.yaml.clone(),
        rate: format!("{requests_per_second}/s"),
        ..Station::default()
    }
}

fn runs(station: &Station) -> Vec<RunResult> {
    replicate(&[&scenario(&station.yaml())], SEED, REPLICATIONS, || {}).remove(0)
}

/// The interval of the mean of one number of each run.
#[track_caller]
fn interval(runs: &[RunResult], number: impl Fn(&RunResult) -> f64) -> (f64, f64) {
    let sample: Vec<f64> = runs.iter().map(number).collect();
    let interval = mean_interval(&sample, CONFIDENCE);
    let (Some(low), Some(high)) = (interval.low, interval.high) else {
        panic!("{} replications have no interval", sample.len());
    };
    (low, high)
}

/// Asserts that the interval of one number of each run covers `expected`, and is at most `within` of it to either side.
#[track_caller]
fn assert_law(runs: &[RunResult], number: impl Fn(&RunResult) -> f64, expected: f64, within: f64) {
    let (low, high) = interval(runs, number);
    assert!(
        (low..=high).contains(&expected),
        "{expected} is not in {low}..{high}"
    );
    assert!(
        high - low <= 2.0 * within * expected,
        "{low}..{high} is too wide to say anything about {expected}"
    );
}

fn sojourn(run: &RunResult) -> f64 {
    mean_sojourn(&run.services[0])
}

fn queue_wait(run: &RunResult) -> f64 {
    mean_spent(&run.services[0], Part::QueueWait)
}

/// Pollaczek and Khinchin's mean wait in M/G/1: λ E[S²] / 2 (1 - ρ) (volume 1, 5.6).
fn pollaczek_khinchin(demand: &Demand, rho: f64) -> f64 {
    rho * demand.mean * (1.0 + demand.variability) / (2.0 * (1.0 - rho))
}

/// Erlang's C: the share of arrivals that find all of `servers` busy under an offered load of so many erlangs (volume 1, 3.5).
fn erlang_c(servers: u32, offered: f64) -> f64 {
    // B(0) = 1, B(k) = a B(k-1) / (k + a B(k-1)): Erlang's loss, by recursion.
    let loss = (1..=servers).fold(1.0, |b, k| offered * b / (f64::from(k) + offered * b));
    let rho = offered / f64::from(servers);
    loss / (1.0 - rho * (1.0 - loss))
}

/// M/M/1: E[T] = E[S] / (1 - ρ), and T is exponential, so its 99th percentile is ln 100 times that (volume 1, 3.2 and 5.7).
#[test]
fn one_server_with_exponential_work() {
    for Load { rho, within } in LOADS {
        let runs = runs(&station(&exponential(), rho / WORK));
        let mean = WORK / (1.0 - rho);
        assert_law(&runs, sojourn, mean, within);
        let p99 = |run: &RunResult| run.services[0].latency.p99_us as f64 / 1e6;
        assert_law(&runs, p99, mean * 100_f64.ln(), 2.0 * within);
    }
}

/// M/M/c: E[W] = C(c, λ E[S]) E[S] / c (1 - ρ) (volume 1, 3.5). Four requests of a pod run side by side on eight cores.
#[test]
fn four_servers_with_exponential_work() {
    const SERVERS: u32 = 4;
    for Load { rho, within } in LOADS {
        let offered = rho * f64::from(SERVERS);
        let runs = runs(&Station {
            duration: "2h",
            concurrency: SERVERS,
            ..station(&exponential(), offered / WORK)
        });
        let wait = erlang_c(SERVERS, offered) * WORK / (f64::from(SERVERS) * (1.0 - rho));
        assert_law(&runs, sojourn, WORK + wait, within);
        // One in thirty waits at the low load.
        assert_law(&runs, queue_wait, wait, 0.05);
    }
}

/// M/D/1: half the wait of M/M/1 (volume 1, 5.6).
#[test]
fn one_server_with_constant_work() {
    for Load { rho, within } in LOADS {
        let runs = runs(&station(&constant(), rho / WORK));
        assert_law(
            &runs,
            queue_wait,
            pollaczek_khinchin(&constant(), rho),
            within,
        );
    }
}

/// M/G/1 in order of arrival: one worker of a message queue (volume 1, 5.6).
#[test]
fn one_worker_of_a_message_queue() {
    let demand = lognormal();
    for Load { rho, within } in LOADS {
        let runs = runs(&Station {
            jobs: true,
            ..station(&demand, rho / demand.mean)
        });
        let wait = pollaczek_khinchin(&demand, rho);
        assert_law(&runs, queue_wait, wait, 2.0 * within);
    }
}

/// M/G/1 with processor sharing: E[T] = E[S] / (1 - ρ) whatever the distribution of S (volume 2, 4.4). Every request runs at once, under
/// a limit of one core.
#[test]
fn a_shared_core_is_insensitive_to_how_work_is_distributed() {
    for demand in [constant(), lognormal()] {
        for Load { rho, within } in LOADS {
            let runs = runs(&Station {
                limit: Some("1"),
                concurrency: 1_000_000,
                ..station(&demand, rho / demand.mean)
            });
            assert_law(&runs, sojourn, demand.mean / (1.0 - rho), within);
        }
    }
}

/// The share of arrivals that find `room` in a system of so many servers: its stationary distribution is that of a birth-death process
/// with births at rate a and deaths at rate min(k, c) (volume 1, 3.6).
fn refused_share(servers: u32, room: u32, offered: f64) -> f64 {
    let mut weight = 1.0;
    let mut all = 1.0;
    for k in 1..=room {
        weight *= offered / f64::from(k.min(servers));
        all += weight;
    }
    weight / all
}

/// M/M/c/K, with one server and with four: who finds K in the system is refused.
#[test]
fn a_full_room_refuses_its_share() {
    for servers in [1, 4] {
        for (Load { rho, .. }, waiting) in LOADS.into_iter().zip([1, 7]) {
            let offered = rho * f64::from(servers);
            let runs = runs(&Station {
                duration: if servers == 1 { "5h" } else { "2h" },
                concurrency: servers,
                queue_limit: Some(waiting),
                ..station(&exponential(), offered / WORK)
            });
            let refused = |run: &RunResult| {
                let outcomes = run.services[0].outcomes;
                outcomes.refused as f64 / (outcomes.ended() - outcomes.no_target) as f64
            };
            let expected = refused_share(servers, servers + waiting, offered);
            assert_law(&runs, refused, expected, 0.04);
        }
    }
}

/// Visits that call so many stations at once, each an M/M/1 queue, and end with the last answer.
fn forked(branches: usize, rho: f64) -> Vec<RunResult> {
    runs(&Station {
        duration: "2h",
        branches,
        ..station(&exponential(), rho / WORK)
    })
}

fn visit(run: &RunResult) -> f64 {
    run.journeys[0].latency.mean_us as f64 / 1e6
}

/// Fork and join over two M/M/1 queues: E[T] = (12 - ρ) / 8 times that of one (L. Flatto and S. Hahn, *Two parallel queues created by
/// arrivals with two demands*, 1984).
#[test]
fn a_visit_that_asks_two_stations_waits_for_the_slower() {
    for Load { rho, within } in LOADS {
        let one = WORK / (1.0 - rho);
        assert_law(
            &forked(2, rho),
            visit,
            (12.0 - rho) / 8.0 * one,
            1.8 * within,
        );
    }
}

/// Fork and join over four: waits are associated, so E[T] is at most that of independent queues, the fourth harmonic number times one;
/// and within a few per cent of the interpolation by R. Nelson and A. Tantawi (*Approximate analysis of fork/join synchronization in
/// parallel queues*, 1988).
#[test]
fn a_visit_that_asks_four_stations_is_within_its_bounds() {
    const HARMONIC: [f64; 2] = [1.5, 25.0 / 12.0];
    for Load { rho, .. } in LOADS {
        let one = WORK / (1.0 - rho);
        let two = (12.0 - rho) / 8.0 * one;
        let (low, high) = interval(&forked(4, rho), visit);
        assert!(low > two, "{low} is not above two stations' {two}");
        let independent = HARMONIC[1] * one;
        assert!(high < independent, "{high} is not below {independent}");
        let growth = HARMONIC[1] / HARMONIC[0];
        let nelson_tantawi = (growth + 4.0 / 11.0 * (1.0 - growth) * rho) * two;
        let mean = f64::midpoint(low, high);
        assert!(
            (mean / nelson_tantawi - 1.0).abs() < 0.05,
            "{mean} is not about {nelson_tantawi}"
        );
    }
}

/// Little's law: the mean number that waits is the arrival rate times the mean wait (volume 1, 2.1). The number is read off the time
/// series once a second, rate and wait off the requests.
#[test]
fn messages_that_wait_are_rate_times_wait() {
    for Load { rho, within } in LOADS {
        let runs = runs(&Station {
            jobs: true,
            resolution: "1s",
            ..station(&exponential(), rho / WORK)
        });
        let ratio = |run: &RunResult| {
            let (_, visible) = &run.series.queues[0];
            let measured = &visible[visible.len() - MEASURED as usize..];
            let number = measured.iter().sum::<u64>() as f64 / MEASURED;
            let rate = run.services[0].latency.count as f64 / MEASURED;
            number / (rate * queue_wait(run))
        };
        assert_law(&runs, ratio, 1.0, 2.0 * within);
    }
}
