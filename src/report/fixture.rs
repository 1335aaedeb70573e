//! Made-up results for the tests of this room: four weeks of complaints with a surge on the third day, and a run in which nothing happened.

use crate::metrics::attribution::Part;
use crate::metrics::result::*;
use crate::metrics::starvation::PendingCause;

const DAY_US: u64 = 86_400_000_000;
const MINUTE_US: u64 = 60_000_000;
/// 20 minutes: 2,016 buckets in four weeks.
const BUCKET_US: u64 = 20 * MINUTE_US;
const SURGE_FROM: f64 = 2.0 + 10.5 / 24.0;

/// Four weeks.
pub(super) fn four_weeks() -> RunResult {
    run(28 * DAY_US)
}

/// The first three days of the four weeks: the surge and what came before.
pub(super) fn three_days() -> RunResult {
    run(3 * DAY_US)
}

/// An hour without a request, a node or a bill.
pub(super) fn nothing() -> RunResult {
    let mut result = run(60 * MINUTE_US);
    let buckets = result.series.starving.len();
    result.requests = 0;
    result.arrivals = 0;
    result.services.truncate(1);
    result.services[0].latency = Percentiles::default();
    result.services[0].queue_wait = Percentiles::default();
    result.services[0].outcomes = Outcomes::default();
    result.services[0].attribution = AttributionResult::default();
    result.journeys.clear();
    result.queues.clear();
    result.starvation = StarvationResult::default();
    result.cost = CostResult::default();
    result.churn = ChurnResult::default();
    result.nodes.clear();
    result.slos.clear();
    result.series = SeriesResult {
        bucket_us: BUCKET_US,
        services: vec![service_series("api", buckets, |_| (0, 0, 0, 0), |_| 0)],
        starving: vec![0; buckets],
        cpu_missed: vec![0.0; buckets],
        ..SeriesResult::default()
    };
    result
}

/// Arrivals per second at a day: a working-day profile, a quiet Sunday, a little noise, a surge.
fn load(day: f64, salt: u64) -> f64 {
    let hour = day.fract() * 24.0;
    let noon = libm::exp(-(hour - 12.5) * (hour - 12.5) / 14.0);
    let evening = 0.4 * libm::exp(-(hour - 19.5) * (hour - 19.5) / 4.0);
    let weekday = if day as u64 % 7 == 6 { 0.35 } else { 1.0 };
    let noise = 0.9 + 0.2 * noise((day * 72.0) as u64, salt);
    (0.6 + 14.0 * (noon + evening) * weekday) * noise + 70.0 * surge(day)
}

/// 0 before and long after, 1 at its height.
fn surge(day: f64) -> f64 {
    let hours = (day - SURGE_FROM) * 24.0;
    if hours < 0.0 {
        0.0
    } else {
        libm::fmin(hours * 1.2, 1.0) * libm::exp(-libm::fmax(hours - 1.5, 0.0) / 2.5)
    }
}

/// 0 to 1, scattered.
fn noise(k: u64, salt: u64) -> f64 {
    let mixed = (k ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(0x632b_e59b_d9b4_e019)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 40) as f64 / f64::from(1 << 24)
}

fn service_series(
    name: &str,
    buckets: usize,
    // Ended, failed, median latency and starved by bucket.
    requests: impl Fn(usize) -> (u64, u64, u64, u64),
    pods: impl Fn(usize) -> u32,
) -> ServiceSeries {
    let mut series = ServiceSeries {
        name: name.to_owned(),
        ..ServiceSeries::default()
    };
    for bucket in 0..buckets {
        let (ended, failed, p50, starved) = requests(bucket);
        let tail = 4.0 + 6.0 * noise(bucket as u64, 7);
        series.ended.push(ended);
        series.failed.push(failed);
        series.p50_us.push(p50);
        series.p99_us.push((p50 as f64 * tail) as u64);
        series.starved.push(starved);
        series.desired.push(pods(bucket));
        series.ready.push(pods(bucket.saturating_sub(1)));
    }
    series
}

fn run(duration_us: u64) -> RunResult {
    let buckets = (duration_us / BUCKET_US) as usize;
    let day = |bucket: usize| bucket as f64 * BUCKET_US as f64 / DAY_US as f64;
    let seconds = (BUCKET_US / 1_000_000) as f64;
    let api = service_series(
        "api",
        buckets,
        |b| {
            let ended = (load(day(b), 1) * 3.0 * seconds) as u64;
            let hurt = surge(day(b));
            let failed = (ended as f64 * hurt * hurt * 0.12) as u64;
            let p50 =
                (38_000.0 * (1.0 + 60.0 * hurt * hurt) * (0.9 + 0.2 * noise(b as u64, 2))) as u64;
            (ended, failed, p50, (ended as f64 * hurt * 0.4) as u64)
        },
        |b| 3 + (load(day(b), 1) / 5.0) as u32,
    );
    let worker = service_series(
        "complaint-worker",
        buckets,
        |b| {
            let ended = (load(day(b), 3) * seconds) as u64;
            let hurt = surge(day(b - b.min(6)));
            (
                ended,
                0,
                (2_100_000.0 * (1.0 + 300.0 * hurt)) as u64,
                (ended as f64 * hurt * 0.8) as u64,
            )
        },
        |b| 2 + (load(day(b), 3) / 4.0) as u32,
    );
    let inference = service_series(
        "inference",
        buckets,
        |b| {
            let night = day(b).fract() < 0.2;
            let ended = if night {
                0
            } else {
                (load(day(b), 5) * 0.3 * seconds) as u64
            };
            let hurt = surge(day(b - b.min(6)));
            let p50 = if ended > 0 {
                (8_000_000.0 * (1.0 + 80.0 * hurt)) as u64
            } else {
                0
            };
            (
                ended,
                ended / 4_000,
                p50,
                (ended as f64 * hurt * 0.5) as u64,
            )
        },
        |b| (load(day(b), 5) / 12.0) as u32,
    );
    let ended = |series: &ServiceSeries| series.ended.iter().sum::<u64>();
    let services = vec![
        service(&api, "citizen", 38_000, [20, 6, 30, 14, 4, 16, 9, 1]),
        service(&worker, "citizen", 2_100_000, [30, 10, 25, 12, 6, 10, 5, 2]),
        service(&inference, "ai", 8_000_000, [35, 3, 20, 12, 4, 14, 11, 1]),
    ];
    let requests = ended(&api) + ended(&worker) + ended(&inference);
    let level = |f: &dyn Fn(f64) -> f64| -> Vec<u32> {
        (0..buckets).map(|b| f(day(b)).max(0.0) as u32).collect()
    };
    let waiting = |factor: f64, lag: usize| -> Vec<u64> {
        (0..buckets)
            .map(|b| {
                let calm = load(day(b), 11) * 2.0 * noise(b as u64, 13);
                (calm + factor * surge(day(b.saturating_sub(lag)))) as u64
            })
            .collect()
    };
    let pending = PendingCause::ALL
        .iter()
        .map(|cause| {
            let pods: Vec<u32> = match cause {
                PendingCause::NodeLaunching => level(&|d| {
                    24.0 * surge(d)
                        + if noise((d * 72.0) as u64, 17) > 0.93 {
                            3.0
                        } else {
                            0.0
                        }
                }),
                PendingCause::PoolLimit => level(&|d| 18.0 * surge(d - 0.06)),
                PendingCause::InsufficientCapacity => level(&|d| 9.0 * surge(d - 0.02)),
                _ => vec![0; buckets],
            };
            (cause.label().to_owned(), pods)
        })
        .collect();
    let queues = vec![
        ("complaint-jobs".to_owned(), waiting(4_300.0, 5)),
        ("inference-jobs".to_owned(), waiting(1_700.0, 8)),
    ];
    let longest = |k: usize| -> (u64, u64) {
        let waiting: &Vec<u64> = &queues[k].1;
        let longest = waiting.iter().copied().max().unwrap_or(0);
        let at = waiting.iter().position(|&n| n == longest).unwrap_or(0);
        (longest, at as u64 * BUCKET_US)
    };
    let series = SeriesResult {
        bucket_us: BUCKET_US,
        nodes: vec![
            ("baseline".to_owned(), vec![3; buckets]),
            (
                "burst".to_owned(),
                level(&|d| load(d, 1) / 9.0 + 8.0 * surge(d - 0.02)),
            ),
            ("ai".to_owned(), level(&|d| load(d, 5) / 14.0)),
        ],
        pending,
        starving: level(&|d| 26.0 * surge(d - 0.04)),
        cpu_missed: (0..buckets)
            .map(|b| 900.0 * surge(day(b)) + (load(day(b), 19) - 10.0).max(0.0) * 6.0)
            .collect(),
        cost: costs(buckets, &day),
        queues: queues.clone(),
        services: vec![api, worker, inference],
    };
    let cost = cost(&series, duration_us);
    RunResult {
        provenance: Provenance {
            version: "0.1.0".to_owned(),
            scenario: "complaints-surge".to_owned(),
            description:
                "Complaint traffic of a city of two million with a flood on the third day."
                    .to_owned(),
            digest: "5f0c2a9be1d47736".to_owned(),
            seed: 42,
            region: "ap-south-1".to_owned(),
            start: "2026-02-02T00:00:00+05:30[Asia/Kolkata]".to_owned(),
            duration_us,
            stopped_early: None,
        },
        events: requests * 9,
        requests,
        arrivals: requests / 3,
        services,
        journeys: vec![JourneyResult {
            name: "file-complaint".to_owned(),
            begun: requests / 3,
            completed: requests / 3 - requests / 300,
            failed: requests / 300,
            latency: percentiles(requests / 3, 210_000),
        }],
        queues: vec![
            queue("complaint-jobs", requests / 4, longest(0), 2_100_000),
            queue("inference-jobs", requests / 12, longest(1), 8_000_000),
        ],
        starvation: starvation(requests),
        cost,
        churn: ChurnResult {
            pods_preempted: 0,
            claims_created: 318,
            insufficient_capacity: 6,
            nodes_launched: 312,
            emptied: 190,
            consolidated: 84,
            interrupted: 9,
            expired: 12,
            drifted: 3,
            repaired: 0,
            timed_out: 0,
            overprovisioned: 0,
            pods_scheduled: 4_120,
            pods_evicted: 611,
            pods_lost: 14,
            pods_pressured: 0,
            requests_reset: 37,
            duplicate_jobs: 21,
            scalings: vec![
                ("api".to_owned(), 412, 398),
                ("complaint-worker".to_owned(), 388, 380),
                ("inference".to_owned(), 120, 119),
            ],
        },
        nodes: nodes(duration_us),
        series,
        slos: vec![
            SloResult {
                goal: "api p99 latency <= 800ms".to_owned(),
                actual: 4_812_000,
                bound: 800_000,
                met: false,
                budget_burnt: 2.31,
            },
            SloResult {
                goal: "api availability >= 99.9%".to_owned(),
                actual: 999_412,
                bound: 999_000,
                met: true,
                budget_burnt: 0.59,
            },
            SloResult {
                goal: "complaint-jobs p95 age <= 10m".to_owned(),
                actual: 412_000_000,
                bound: 600_000_000,
                met: true,
                budget_burnt: 0.31,
            },
        ],
    }
}

fn percentiles(count: u64, p50_us: u64) -> Percentiles {
    Percentiles {
        count,
        mean_us: p50_us * 7 / 4,
        p50_us,
        p90_us: p50_us * 4,
        p95_us: p50_us * 9,
        p99_us: p50_us * 60,
        p999_us: p50_us * 210,
        max_us: p50_us * 420,
    }
}

fn service(series: &ServiceSeries, namespace: &str, p50_us: u64, tail: [u64; 8]) -> ServiceResult {
    let ended: u64 = series.ended.iter().sum();
    let failed: u64 = series.failed.iter().sum();
    let band = |band, share: u64, slower: u64| AttributionBand {
        band,
        count: ended / share,
        mean_us: (0..8)
            .map(|part| {
                let calm = [70, 12, 8, 2, 1, 2, 4, 1][part];
                let mixed = (calm * (20 - slower.min(20)) + tail[part] * slower.min(20)) / 20;
                mixed * p50_us * (1 + slower * 3) / 100
            })
            .collect(),
    };
    ServiceResult {
        name: series.name.clone(),
        namespace: namespace.to_owned(),
        latency: percentiles(ended - failed, p50_us),
        queue_wait: percentiles(ended, p50_us / 6),
        outcomes: Outcomes {
            succeeded: ended - failed,
            timed_out: failed / 2,
            refused: failed / 4,
            no_target: failed / 8,
            reset: failed - failed / 2 - failed / 4 - failed / 8,
            gateway_timeout: 0,
            dead: 0,
            expired: 0,
            in_flight: 3,
        },
        attribution: AttributionResult {
            parts: Part::ALL.iter().map(|part| part.label()).collect(),
            total_us: tail
                .iter()
                .map(|share| share * p50_us * ended / 100)
                .collect(),
            bands: vec![
                band("all", 1, 0),
                band("slowest 10 %", 10, 6),
                band("slowest 1 %", 100, 20),
                band("slowest 0.1 %", 1_000, 60),
            ],
        },
        cpu_core_seconds: ended as f64 * 0.031,
        ready_max: series.ready.iter().copied().max().unwrap_or(0),
        container_ends: ContainerEnds::default(),
        ready_mean: series.ready.iter().map(|&n| f64::from(n)).sum::<f64>()
            / series.ready.len().max(1) as f64,
    }
}

fn queue(name: &str, sent: u64, (longest, longest_at_us): (u64, u64), p50_us: u64) -> QueueResult {
    QueueResult {
        name: name.to_owned(),
        sent,
        completed: sent - 12,
        redelivered: sent / 900,
        dead: 9,
        expired: 0,
        remaining: 3,
        age: percentiles(sent - 12, p50_us),
        longest,
        longest_at_us,
        categories: Vec::new(),
    }
}

fn starvation(requests: u64) -> StarvationResult {
    let surge_us = (SURGE_FROM * DAY_US as f64) as u64;
    StarvationResult {
        pods: vec![
            PodStarvation {
                workload: "citizen/api".to_owned(),
                cause: PendingCause::NodeLaunching.label(),
                pods: 61,
                pod_seconds: 9_120.0,
                longest_us: 231_000_000,
                longest_at_us: surge_us + 9 * MINUTE_US,
            },
            PodStarvation {
                workload: "citizen/complaint-worker".to_owned(),
                cause: PendingCause::PoolLimit.label(),
                pods: 118,
                pod_seconds: 201_400.0,
                longest_us: 5_460_000_000,
                longest_at_us: surge_us + 48 * MINUTE_US,
            },
        ],
        requests: vec![
            RequestStarvation {
                service: "api".to_owned(),
                category: "water".to_owned(),
                threshold_us: 1_000_000,
                requests: requests / 150,
                of: requests / 2,
                longest_us: 29_400_000,
                longest_at_us: surge_us + 70 * MINUTE_US,
            },
            RequestStarvation {
                service: "complaint-worker".to_owned(),
                category: "roads".to_owned(),
                threshold_us: 60_000_000,
                requests: requests / 400,
                of: requests / 4,
                longest_us: 2_710_000_000,
                longest_at_us: surge_us + 190 * MINUTE_US,
            },
        ],
        cpu: vec![CpuStarvation {
            workload: "citizen/api".to_owned(),
            core_seconds: 18_250.0,
            taken_by: vec![
                ("citizen/complaint-worker".to_owned(), 11_900.0),
                ("kube-system/node-agent".to_owned(), 6_350.0),
            ],
        }],
    }
}

/// Cost layers with dollars an hour at rest and per unit of load.
const LAYERS: [(&str, f64, f64); 7] = [
    ("Control plane", 0.10, 0.0),
    ("Baseline nodes", 0.288, 0.0),
    ("NodePool burst", 0.02, 0.022),
    ("NodePool ai", 0.0, 0.060),
    ("Storage", 0.021, 0.0004),
    ("Network", 0.07, 0.004),
    ("Frontend", 0.004, 0.001),
];

fn costs(buckets: usize, day: &dyn Fn(usize) -> f64) -> Vec<(String, Vec<i64>)> {
    let hours = BUCKET_US as f64 / 3.6e9;
    LAYERS
        .iter()
        .map(|&(layer, rest, slope)| {
            let spent = (0..buckets)
                .map(|b| ((rest + slope * load(day(b), 23)) * hours * 1e9) as i64)
                .collect();
            (layer.to_owned(), spent)
        })
        .collect()
}

fn cost(series: &SeriesResult, duration_us: u64) -> CostResult {
    let layers: Vec<(String, i128)> = series
        .cost
        .iter()
        .map(|(layer, spent)| (layer.clone(), spent.iter().map(|&n| i128::from(n)).sum()))
        .collect();
    let total: i128 = layers.iter().map(|(_, nanos)| nanos).sum();
    let quality = [
        "cited",
        "cited",
        "cited",
        "weak",
        "cited",
        "estimated",
        "UNCITED",
    ];
    let lines = layers
        .iter()
        .zip(quality)
        .map(|((layer, nanos), quality)| CostLine {
            layer: layer.clone(),
            item: format!("{layer} in ap-south-1"),
            quantity: duration_us as f64 / 3.6e9,
            unit: "h",
            amount_nano_usd: *nanos,
            quality,
        })
        .collect();
    CostResult {
        lines,
        total_nano_usd: total,
        tax_nano_usd: total * 18 / 100,
        services: vec![
            ("api".to_owned(), total / 5),
            ("complaint-worker".to_owned(), total / 6),
            ("inference".to_owned(), total / 4),
        ],
        idle_nano_usd: total / 9,
        month_nano_usd: total * 730 * 3_600_000_000 / i128::from(duration_us),
        per_thousand_nano_usd: 412_300_000,
        charges: Vec::new(),
        consumers: Vec::new(),
        layers,
    }
}

fn nodes(duration_us: u64) -> Vec<NodeRecord> {
    let mut nodes: Vec<NodeRecord> = (0..3)
        .map(|k| NodeRecord {
            name: format!("baseline-{k}"),
            layer: "baseline".to_owned(),
            instance_type: "m7g.large".to_owned(),
            zone: format!("ap-south-1{}", ["a", "b", "c"][k]),
            capacity_type: "on-demand",
            created_us: 0,
            launched_us: 0,
            ready_us: Some(0),
            ended_us: None,
            end_reason: "running",
            billed_seconds: duration_us / 1_000_000,
            cost_nano_usd: i128::from(duration_us / 1_000_000) * 26_700,
            cpu_requested: 0.71,
            pods: 88 + k as u64,
            charges: Vec::new(),
        })
        .collect();
    nodes.extend((0..40).map(|k| {
        let created_us = duration_us / 41 * (k + 1);
        let lived_us = (600 + k * 97) * 1_000_000;
        NodeRecord {
            name: format!("burst-{k:04}"),
            layer: "burst".to_owned(),
            instance_type: "c7g.xlarge".to_owned(),
            zone: "ap-south-1b".to_owned(),
            capacity_type: "spot",
            created_us,
            launched_us: created_us + 2_000_000,
            ready_us: Some(created_us + 48_000_000),
            ended_us: Some(created_us + lived_us),
            end_reason: "emptied",
            billed_seconds: lived_us / 1_000_000,
            cost_nano_usd: i128::from(lived_us / 1_000_000) * 15_300,
            cpu_requested: 0.82,
            pods: 4 + k % 7,
            charges: Vec::new(),
        }
    }));
    nodes
}
