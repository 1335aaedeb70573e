//! The model of CPU sharing against the kernel (spec/kubernetes.md 5.11): busy processes under the weights and quotas the kubelet
//! would give them, pinned to one core.
//!
//! It takes a core for some seconds and root's rights, so it runs only with `KARPSIM_CGROUPS=1`; one run's figures are in
//! `tests/conformance/cpu/README.md`.

mod tree;

use std::thread::sleep;
use std::time::Duration;

use karpsim::cluster::cpu::{CORE, CpuPodSpec, CpuTable};
use karpsim::cluster::template::QosClass;
use karpsim::des::SimTime;
use tree::{Busy, Tree};

/// How far a measured share of the core may be from the model's.
const TOLERANCE: f64 = 0.04;
/// Before the measurement, and for it.
const SETTLE: Duration = Duration::from_secs(1);
const MEASURE: Duration = Duration::from_secs(4);

/// A pod that never rests.
#[derive(Clone, Copy)]
pub(crate) struct Hungry {
    qos: QosClass,
    request_millis: i64,
    limit_millis: Option<i64>,
    threads: u32,
}

const fn burstable(request_millis: i64, threads: u32) -> Hungry {
    Hungry {
        qos: QosClass::Burstable,
        request_millis,
        limit_millis: None,
        threads,
    }
}

const fn limited(pod: Hungry, limit_millis: i64) -> Hungry {
    Hungry {
        limit_millis: Some(limit_millis),
        ..pod
    }
}

const fn of(qos: QosClass, pod: Hungry) -> Hungry {
    Hungry { qos, ..pod }
}

const ARRANGEMENTS: &[(&str, &[Hungry])] = &[
    ("equal requests", &[burstable(250, 1), burstable(250, 1)]),
    (
        "one asks for four times as much",
        &[burstable(100, 1), burstable(400, 1)],
    ),
    (
        "threads do not count, requests do",
        &[burstable(250, 4), burstable(250, 1), burstable(250, 1)],
    ),
    (
        "an AI pod among API pods",
        &[
            burstable(50, 1),
            burstable(50, 1),
            burstable(50, 1),
            burstable(2_000, 8),
        ],
    ),
    (
        "best effort gets what the others leave",
        &[
            of(QosClass::BestEffort, burstable(0, 2)),
            burstable(500, 1),
            burstable(500, 1),
        ],
    ),
    (
        "a limit leaves the rest to the others",
        &[
            limited(burstable(500, 2), 200),
            burstable(100, 1),
            burstable(100, 1),
        ],
    ),
    (
        "guaranteed beside the burstable slice",
        &[
            limited(of(QosClass::Guaranteed, burstable(500, 2)), 500),
            burstable(250, 1),
            burstable(250, 1),
            of(QosClass::BestEffort, burstable(0, 1)),
        ],
    ),
];

#[test]
fn the_kernel_shares_a_core_as_the_model_does() {
    if std::env::var_os("KARPSIM_CGROUPS").is_none() {
        eprintln!("skipped: it starts busy processes; set KARPSIM_CGROUPS=1 for it");
        return;
    }
    let tree = match Tree::plant() {
        Ok(tree) => tree,
        Err(reason) => {
            eprintln!("skipped: {reason}");
            return;
        }
    };
    let mut wrong = Vec::new();
    for &(name, pods) in ARRANGEMENTS {
        let measured = measure(&tree, pods);
        let model = model(pods, measured.iter().sum());
        println!("| {name} | {} | {} |", columns(&measured), columns(&model));
        let far = |(a, b): (&f64, &f64)| (a - b).abs() > TOLERANCE;
        if measured.iter().zip(&model).any(far) {
            wrong.push(format!("{name}: {measured:.3?}, in the model {model:.3?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Cores each pod gets of the kernel.
fn measure(tree: &Tree, pods: &[Hungry]) -> Vec<f64> {
    let busy: Vec<Busy> = tree.start(pods);
    sleep(SETTLE);
    let before: Vec<f64> = busy.iter().map(Busy::cpu_seconds).collect();
    sleep(MEASURE);
    let after = busy.iter().map(Busy::cpu_seconds);
    after
        .zip(before)
        .map(|(after, before)| (after - before) / MEASURE.as_secs_f64())
        .collect()
}

/// Cores each pod gets in the model, of so many in all: what the machine's other processes take is not there to share.
fn model(pods: &[Hungry], cores: f64) -> Vec<f64> {
    let mut table = CpuTable::new(pods.len());
    table.add_node(0, (cores * 1_000.0) as i64);
    let place = |(template, pod): (usize, &Hungry)| {
        let spec = CpuPodSpec {
            template,
            qos: pod.qos,
            request_millis: pod.request_millis,
            limit_millis: pod.limit_millis,
            threads: pod.threads,
            idle_millis: 0,
        };
        let slot = table.add_pod(SimTime::ZERO, 0, spec);
        table.start(SimTime::ZERO, slot, template as u32, 3_600_000_000);
        slot
    };
    let slots: Vec<_> = pods.iter().enumerate().map(place).collect();
    let cores_of = |slot| table.demand_and_grant(slot).1 as f64 / CORE as f64;
    slots.into_iter().map(cores_of).collect()
}

fn columns(cores: &[f64]) -> String {
    let cores: Vec<_> = cores.iter().map(|cores| format!("{cores:.3}")).collect();
    cores.join(", ")
}
