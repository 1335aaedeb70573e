//! How long pods waited and nodes stayed, added up by cause.

use super::{Entry, NodeId, PodId, Stay, Waiting};
use crate::cluster::TemplateId;
use crate::des::SimTime;

/// What pods of one workload waited for one cause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitSum {
    /// The workload.
    pub template: TemplateId,
    /// The longest wait, as it was found last.
    pub longest: Waiting,
    /// The pod that waited longest.
    pub pod: PodId,
    /// How long that pod waited, in microseconds.
    pub longest_micros: u64,
    /// When that was found last.
    pub seen: SimTime,
    /// How often a pod began to wait for this.
    pub waits: u64,
    /// All of them together, in microseconds.
    pub micros: u64,
    /// When the first began.
    pub first: SimTime,
}

/// What nodes of one NodePool stayed for one cause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StaySum {
    /// The NodePool.
    pub pool: Option<usize>,
    /// The longest stay, as it was found last.
    pub longest: Stay,
    /// The node that stayed longest.
    pub node: NodeId,
    /// How long that node stayed, in microseconds.
    pub longest_micros: u64,
    /// When that was found last.
    pub seen: SimTime,
    /// How often a node began to stay for this.
    pub stays: u64,
    /// All of them together, in microseconds.
    pub micros: u64,
    /// What they cost meanwhile, in nano-dollars.
    pub nano_usd: i128,
    /// When the first began.
    pub first: SimTime,
}

/// Microseconds of an hour.
const HOUR: i128 = 3_600_000_000;

/// Adds a wait. An instant is none.
pub(super) fn add_wait(sums: &mut Vec<WaitSum>, entry: &Entry, pod: PodId, waiting: &Waiting) {
    let micros = entry.until.since(entry.at).as_micros();
    if micros == 0 {
        return;
    }
    let known = sums
        .iter_mut()
        .find(|sum| sum.template == pod.template && sum.longest.is_like(waiting));
    let Some(sum) = known else {
        sums.push(WaitSum {
            template: pod.template,
            longest: waiting.clone(),
            pod,
            longest_micros: micros,
            seen: entry.seen,
            waits: 1,
            micros,
            first: entry.at,
        });
        return;
    };
    sum.waits += 1;
    sum.micros += micros;
    sum.first = sum.first.min(entry.at);
    if micros > sum.longest_micros {
        (sum.longest, sum.pod, sum.longest_micros) = (waiting.clone(), pod, micros);
        sum.seen = entry.seen;
    }
}

/// Adds a stay that cost so many nano-dollar-microseconds per hour. An instant is none.
pub(super) fn add_stay(
    sums: &mut Vec<StaySum>,
    entry: &Entry,
    (node, pool): (NodeId, Option<usize>),
    stay: &Stay,
    cost: i128,
) {
    let micros = entry.until.since(entry.at).as_micros();
    if micros == 0 {
        return;
    }
    let nano_usd = cost / HOUR;
    let known = sums
        .iter_mut()
        .find(|sum| sum.pool == pool && sum.longest.is_like(stay));
    let Some(sum) = known else {
        sums.push(StaySum {
            pool,
            longest: stay.clone(),
            node,
            longest_micros: micros,
            seen: entry.seen,
            stays: 1,
            micros,
            nano_usd,
            first: entry.at,
        });
        return;
    };
    sum.stays += 1;
    sum.micros += micros;
    sum.nano_usd += nano_usd;
    sum.first = sum.first.min(entry.at);
    if micros > sum.longest_micros {
        (sum.longest, sum.node, sum.longest_micros) = (stay.clone(), node, micros);
        sum.seen = entry.seen;
    }
}
