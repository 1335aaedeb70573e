//! How many replicas does each metric propose? (spec/kubernetes.md 2.3 to 2.6)

use crate::api::{Resource, Resources};
use crate::des::SimTime;
use crate::kube::metrics_server::Sample;
use crate::kube::phase::PodPhase;

use super::constants;
use super::spec::{HpaSpec, Metric, Tolerances};

/// What one sync reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// `spec.replicas` of the workload.
    pub spec_replicas: u32,
    /// `status.replicas` of the workload: its pods that are neither terminating nor ended, Pending
    /// ones included.
    pub status_replicas: u32,
    /// Every pod the workload's selector matches, terminating and ended ones included.
    pub pods: &'a [PodState],
    /// What each of the spec's metrics reads, in their order.
    pub readings: &'a [Reading<'a>],
}

/// What a metric reads.
#[derive(Clone, Copy, Debug)]
pub enum Reading<'a> {
    /// A sample per pod, in the order of [`Inputs::pods`]; for metrics of pods.
    Pods(&'a [Option<Sample>]),
    /// One value in thousandths, none if the source failed; for object and external metrics.
    Total(Option<i64>),
}

/// What the HPA controller sees of a pod.
#[derive(Clone, Copy, Debug)]
pub struct PodState {
    /// Effective requests; zero of a resource that some container does not request.
    pub requests: Resources,
    /// Requests of its serving container; zero of a resource that it does not request.
    pub serving: Resources,
    /// `status.phase`.
    pub phase: PodPhase,
    /// Whether it has a deletion timestamp.
    pub deleting: bool,
    /// Its Ready condition, once the kubelet has set it.
    pub readiness: Option<Readiness>,
    /// When the kubelet took it on.
    pub started: Option<SimTime>,
}

/// A pod's Ready condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Readiness {
    /// Its status.
    pub ready: bool,
    /// When the status last changed.
    pub since: SimTime,
}

/// What a metric proposes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proposal {
    /// Replicas.
    pub(super) replicas: u32,
    /// What was measured over the target.
    pub(super) ratio: f64,
}

/// The highest proposal and the first metric that makes it; none if the sync must not act
/// (spec/kubernetes.md 2.6).
pub(super) fn propose(now: SimTime, spec: &HpaSpec, inputs: &Inputs) -> Option<(usize, Proposal)> {
    assert_eq!(
        spec.metrics.len(),
        inputs.readings.len(),
        "a reading for every metric"
    );
    let tolerances = spec.tolerances();
    let mut highest: Option<(usize, Proposal)> = None;
    let mut invalid = false;
    for (index, (metric, reading)) in spec.metrics.iter().zip(inputs.readings).enumerate() {
        match proposal(now, *metric, reading, inputs, tolerances) {
            None => invalid = true,
            Some(proposal) if highest.is_none_or(|(_, most)| proposal.replicas > most.replicas) => {
                highest = Some((index, proposal));
            }
            Some(_) => {}
        }
    }
    highest.filter(|(_, most)| !invalid || most.replicas >= inputs.spec_replicas)
}

fn proposal(
    now: SimTime,
    metric: Metric,
    reading: &Reading,
    inputs: &Inputs,
    tolerances: Tolerances,
) -> Option<Proposal> {
    match (metric, reading) {
        (Metric::Utilization(resource, percent), Reading::Pods(samples)) => {
            let gauge = Gauge::Utilization(resource, percent);
            from_pods(now, gauge, samples, inputs, tolerances)
        }
        (Metric::ContainerUtilization(resource, percent), Reading::Pods(samples)) => {
            let gauge = Gauge::ContainerUtilization(resource, percent);
            from_pods(now, gauge, samples, inputs, tolerances)
        }
        (Metric::AverageUsage(resource, target), Reading::Pods(samples)) => {
            let gauge = Gauge::Mean(Some(resource), target);
            from_pods(now, gauge, samples, inputs, tolerances)
        }
        (Metric::Pods(target), Reading::Pods(samples)) => {
            from_pods(now, Gauge::Mean(None, target), samples, inputs, tolerances)
        }
        (Metric::Value(target), Reading::Total(total)) => {
            total.and_then(|total| from_value(total, target, inputs, tolerances))
        }
        (Metric::AverageValue(target), Reading::Total(total)) => {
            total.map(|total| from_average_value(total, target, inputs, tolerances))
        }
        (metric, reading) => panic!("{reading:?} is no reading of {metric:?}"),
    }
}

/// Object and external metrics of type Value (spec/kubernetes.md 2.5). Beyond tolerance nothing can be said of a workload that
/// has no pods at all.
fn from_value(
    total: i64,
    target: i64,
    inputs: &Inputs,
    tolerances: Tolerances,
) -> Option<Proposal> {
    let ratio = total as f64 / target as f64;
    if tolerances.contain(ratio) {
        let replicas = inputs.spec_replicas;
        return Some(Proposal { replicas, ratio });
    }
    if inputs.pods.is_empty() {
        return None;
    }
    let serving = |pod: &&PodState| {
        pod.phase == PodPhase::Running && pod.readiness.is_some_and(|condition| condition.ready)
    };
    let serving = inputs.pods.iter().filter(serving).count();
    let replicas = ceil(ratio * serving as f64);
    Some(Proposal { replicas, ratio })
}

/// Object and external metrics of type AverageValue: what KEDA makes. Counts the pods that exist,
/// and stays at that number within tolerance (spec/kubernetes.md 2.5).
fn from_average_value(
    total: i64,
    target: i64,
    inputs: &Inputs,
    tolerances: Tolerances,
) -> Proposal {
    let existing = inputs.status_replicas;
    let ratio = total as f64 / (target as f64 * f64::from(existing));
    let replicas = if tolerances.contain(ratio) {
        existing
    } else {
        ceil(total as f64 / target as f64)
    };
    Proposal { replicas, ratio }
}

/// What is compared with the target.
#[derive(Clone, Copy)]
enum Gauge {
    /// Usage over requests, in percent.
    Utilization(Resource, u32),
    /// The same of the serving container.
    ContainerUtilization(Resource, u32),
    /// Mean per pod of a resource or of a metric of the pods themselves.
    Mean(Option<Resource>, i64),
}

impl Gauge {
    const fn resource(self) -> Option<Resource> {
        match self {
            Self::Utilization(resource, _) | Self::ContainerUtilization(resource, _) => {
                Some(resource)
            }
            Self::Mean(resource, _) => resource,
        }
    }

    /// What a pod asks for of what is measured.
    fn request(self, pod: &PodState) -> i64 {
        match self {
            Self::Utilization(resource, _) => pod.requests[resource],
            Self::ContainerUtilization(resource, _) => pod.serving[resource],
            Self::Mean(resource, _) => resource.map_or(0, |resource| pod.requests[resource]),
        }
    }

    /// Gauge over target, for (usage, request) of each pod. Percentages and means are truncated to
    /// integers first.
    fn ratio(self, pods: &[(i64, i64)]) -> f64 {
        let usage: i64 = pods.iter().map(|&(usage, _)| usage).sum();
        match self {
            Self::Utilization(_, target) | Self::ContainerUtilization(_, target) => {
                let requests: i64 = pods.iter().map(|&(_, request)| request).sum();
                (usage * 100 / requests) as f64 / f64::from(target)
            }
            Self::Mean(resource, target) => {
                let scale = thousandths(resource);
                (usage * scale / pods.len() as i64) as f64 / (target * scale) as f64
            }
        }
    }

    /// What a pod without a sample is taken to use, none if it stays out.
    fn stand_in(self, request: i64, ratio: f64) -> Option<i64> {
        match self {
            Self::Utilization(_, target) | Self::ContainerUtilization(_, target) if ratio < 1.0 => {
                Some(request * i64::from(target.max(100)) / 100)
            }
            Self::Utilization(..) | Self::ContainerUtilization(..) if ratio == 1.0 => None,
            Self::Mean(_, target) if ratio < 1.0 => Some(target),
            Self::Utilization(..) | Self::ContainerUtilization(..) | Self::Mean(..) => Some(0),
        }
    }
}

/// What makes a value that of the real controller, which counts everything in thousandths.
const fn thousandths(resource: Option<Resource>) -> i64 {
    match resource {
        Some(Resource::Memory) => 1_000,
        _ => 1,
    }
}

/// Metrics of pods (spec/kubernetes.md 2.3, 2.4).
fn from_pods(
    now: SimTime,
    gauge: Gauge,
    samples: &[Option<Sample>],
    inputs: &Inputs,
    tolerances: Tolerances,
) -> Option<Proposal> {
    let current = inputs.spec_replicas;
    let request = |pod: &PodState| gauge.request(pod);
    let utilization = !matches!(gauge, Gauge::Mean(..));
    if utilization && inputs.pods.iter().any(|pod| request(pod) == 0) {
        return None;
    }

    let mut measured = Vec::with_capacity(inputs.pods.len());
    let mut missing = Vec::new();
    let mut unready = Vec::new();
    assert_eq!(
        inputs.pods.len(),
        samples.len(),
        "a place for the sample of every pod"
    );
    for (pod, sample) in inputs.pods.iter().zip(samples) {
        match standing(now, gauge.resource(), pod, sample.as_ref()) {
            Standing::Ignored => {}
            Standing::Unready => unready.push(request(pod)),
            Standing::Missing => missing.push(request(pod)),
            Standing::Measured(usage) => measured.push((usage, request(pod))),
        }
    }
    if measured.is_empty() {
        return None;
    }

    let ratio = gauge.ratio(&measured);
    let unready_dampen = !unready.is_empty() && ratio > 1.0;
    if missing.is_empty() && !unready_dampen {
        let keep = tolerances.contain(ratio);
        // Multiplies the pods measured, not the replicas wanted: pods that are not ready yet make a
        // proposal to shrink larger.
        let replicas = if keep {
            current
        } else {
            ceil(ratio * measured.len() as f64)
        };
        return Some(Proposal { replicas, ratio });
    }

    let stand_ins = missing
        .into_iter()
        .filter_map(|request| Some((gauge.stand_in(request, ratio)?, request)));
    measured.extend(stand_ins);
    if unready_dampen {
        measured.extend(unready.into_iter().map(|request| (0, request)));
    }
    let damped = gauge.ratio(&measured);
    let turned = (ratio < 1.0 && damped > 1.0) || (ratio > 1.0 && damped < 1.0);
    let replicas = ceil(damped * measured.len() as f64);
    let backwards = (damped < 1.0 && replicas > current) || (damped > 1.0 && replicas < current);
    let keep = tolerances.contain(damped) || turned || backwards;
    Some(Proposal {
        replicas: if keep { current } else { replicas },
        ratio: damped,
    })
}

/// What a pod counts as.
enum Standing {
    /// Not at all: it is on its way out.
    Ignored,
    /// As one that may use nothing yet.
    Unready,
    /// As one whose usage is not known.
    Missing,
    /// With its usage.
    Measured(i64),
}

fn standing(
    now: SimTime,
    resource: Option<Resource>,
    pod: &PodState,
    sample: Option<&Sample>,
) -> Standing {
    if pod.deleting || pod.phase == PodPhase::Failed {
        return Standing::Ignored;
    }
    if pod.phase == PodPhase::Pending {
        return Standing::Unready;
    }
    let Some(sample) = sample else {
        return Standing::Missing;
    };
    if resource == Some(Resource::Cpu) && !cpu_counts(now, pod, sample) {
        return Standing::Unready;
    }
    Standing::Measured(sample.value)
}

/// Whether a CPU sample says something about the pod's work, and not about its start.
fn cpu_counts(now: SimTime, pod: &PodState, sample: &Sample) -> bool {
    let (Some(condition), Some(started)) = (pod.readiness, pod.started) else {
        return false;
    };
    if now < started + constants::CPU_INITIALIZATION {
        condition.ready && sample.at >= condition.since + sample.window
    } else {
        // One that was ready once and is not now still counts.
        condition.ready || condition.since >= started + constants::INITIAL_READINESS_DELAY
    }
}

/// Up to a whole number of replicas.
fn ceil(replicas: f64) -> u32 {
    replicas.ceil() as u32
}

#[cfg(test)]
mod tests;
