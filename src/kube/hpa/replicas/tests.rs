//! The vectors of spec/kubernetes.md 2.3 to 2.6 and 2.11, and those of 10.5 that concern the HPA.

use super::*;
use crate::des::SimDuration;

const NOW: SimTime = SimTime::from_secs(100_000);
const WINDOW: SimDuration = SimDuration::from_secs(15);

/// Ready for long, with a request of one core.
fn pod() -> PodState {
    let long_ago = SimTime::from_secs(1_000);
    PodState {
        requests: Resources::ZERO.with(Resource::Cpu, 1_000),
        serving: Resources::ZERO.with(Resource::Cpu, 1_000),
        phase: PodPhase::Running,
        deleting: false,
        readiness: Some(Readiness {
            ready: true,
            since: long_ago,
        }),
        started: Some(long_ago),
    }
}

fn pending() -> PodState {
    PodState {
        phase: PodPhase::Pending,
        readiness: None,
        started: None,
        ..pod()
    }
}

fn usage(millicores: i64) -> Option<Sample> {
    Some(Sample {
        value: millicores,
        at: NOW,
        window: WINDOW,
    })
}

fn on_cpu(percent: u32) -> HpaSpec {
    HpaSpec {
        min: 1,
        max: 1_000,
        metrics: vec![Metric::Utilization(Resource::Cpu, percent)],
        behavior: None,
    }
}

/// What the metric proposes, `pods` being all there are and wanted.
fn proposal(spec: &HpaSpec, pods: &[PodState], samples: &[Option<Sample>]) -> Option<u32> {
    proposal_at(spec, pods.len() as u32, pods, samples)
}

fn proposal_at(
    spec: &HpaSpec,
    spec_replicas: u32,
    pods: &[PodState],
    samples: &[Option<Sample>],
) -> Option<u32> {
    let inputs = Inputs {
        spec_replicas,
        status_replicas: pods.len() as u32,
        pods,
        readings: &[Reading::Pods(samples)],
    };
    propose(NOW, spec, &inputs).map(|(_, proposal)| proposal.replicas)
}

/// What `count` pods, all measured at this percentage, propose.
fn uniform(target: u32, count: usize, percent: i64) -> Option<u32> {
    proposal(
        &on_cpu(target),
        &vec![pod(); count],
        &vec![usage(percent * 10); count],
    )
}

#[test]
fn utilisation_over_target() {
    assert_eq!(uniform(60, 4, 90), Some(6));
}

#[test]
fn tolerance_is_inclusive_and_looks_at_whole_percents() {
    assert_eq!(uniform(60, 10, 54), Some(10));
    assert_eq!(uniform(60, 10, 53), Some(9));
    assert_eq!(uniform(60, 10, 66), Some(10));
    assert_eq!(uniform(60, 10, 67), Some(12));
    // 66.9 % is 66 %
    assert_eq!(
        proposal(&on_cpu(60), &[pod(); 10], &[usage(669); 10]),
        Some(10)
    );
}

#[test]
fn products_are_ieee_doubles_ratio_first() {
    assert_eq!(uniform(50, 25, 56), Some(29)); // exactly 28
    assert_eq!(uniform(60, 54, 70), Some(64)); // exactly 63
}

#[test]
fn unready_pods_dampen_growth() {
    let mut pods = vec![pod(); 8];
    pods.extend([pending(), pending()]);
    let at = |percent: i64| {
        let mut samples = vec![usage(percent * 10); 8];
        samples.extend([None, None]);
        proposal(&on_cpu(50), &pods, &samples)
    };
    assert_eq!(at(75), Some(12));
    assert_eq!(at(70), Some(12));
    assert_eq!(at(68), Some(10));
}

#[test]
fn unready_pods_hasten_shrinking() {
    // Ten wanted, four still unready, ratio 0.85: ceil(0.85 * 6).
    let mut pods = vec![pod(); 6];
    pods.extend([pending(); 4]);
    let mut samples = vec![usage(510); 6];
    samples.extend([None; 4]);
    assert_eq!(proposal(&on_cpu(60), &pods, &samples), Some(6));
}

#[test]
fn a_pod_without_sample_counts_against_the_change() {
    let pods = [pod(); 5];
    let four_at = |millicores| {
        [
            None,
            usage(millicores),
            usage(millicores),
            usage(millicores),
            usage(millicores),
        ]
    };
    // Shrinking: at all of its request. (4 * 30 + 100) / 5 = 44.
    assert_eq!(proposal(&on_cpu(50), &pods, &four_at(300)), Some(5));
    // At its target where that is higher: (4 * 30 + 250) / 5 = 74, ratio 0.296, ceil(1.48).
    assert_eq!(proposal(&on_cpu(250), &pods, &four_at(300)), Some(2));
    // Growing: at nothing. 4 * 100 / 5 = 80, ratio 1.6.
    assert_eq!(proposal(&on_cpu(50), &pods, &four_at(1_000)), Some(8));
    assert_eq!(proposal(&on_cpu(50), &pods, &[None; 5]), None);
}

#[test]
fn a_ratio_that_turns_round_changes_nothing() {
    // Two pods at 60 % of a target of 50 want more; with four missing ones at nothing it is 20 %.
    let samples = [usage(600), usage(600), None, None, None, None];
    assert_eq!(proposal(&on_cpu(50), &[pod(); 6], &samples), Some(6));
}

#[test]
fn a_count_that_goes_against_the_ratio_is_ignored() {
    // A rollout: 6 pods match although 4 are wanted. 40 % on five, one missing at 100 %: 50/60 =
    // .83, ceil(.83 * 6) = 5 > 4.
    let samples = [
        None,
        usage(400),
        usage(400),
        usage(400),
        usage(400),
        usage(400),
    ];
    assert_eq!(proposal_at(&on_cpu(60), 4, &[pod(); 6], &samples), Some(4));
}

#[test]
fn every_pod_must_have_a_request() {
    let bare = PodState {
        requests: Resources::ZERO,
        serving: Resources::ZERO,
        deleting: true,
        ..pod()
    };
    assert_eq!(
        proposal(&on_cpu(50), &[pod(), bare], &[usage(900), usage(900)]),
        None
    );
}

#[test]
fn pods_on_their_way_out_are_ignored() {
    let leaving = PodState {
        deleting: true,
        ..pod()
    };
    let failed = PodState {
        phase: PodPhase::Failed,
        ..pod()
    };
    let pods = [pod(), pod(), leaving, failed];
    let samples = [usage(900), usage(900), usage(10), None];
    assert_eq!(proposal_at(&on_cpu(60), 2, &pods, &samples), Some(3));
}

/// Whether a lone pod's CPU sample counts: it proposes if it does, and is an error if it does not.
fn counts(started_ago: u64, readiness: Option<(bool, u64)>, sampled_ago: u64) -> bool {
    let ago = |secs| NOW - SimDuration::from_secs(secs);
    let since = |(ready, secs)| Readiness {
        ready,
        since: ago(secs),
    };
    let pod = PodState {
        started: Some(ago(started_ago)),
        readiness: readiness.map(since),
        ..pod()
    };
    let sample = Sample {
        value: 900,
        at: ago(sampled_ago),
        window: WINDOW,
    };
    proposal(&on_cpu(60), &[pod], &[Some(sample)]).is_some()
}

#[test]
fn a_young_pod_counts_one_window_after_it_became_ready() {
    assert!(!counts(60, None, 0));
    assert!(!counts(60, Some((false, 50)), 0));
    assert!(!counts(60, Some((true, 20)), 6)); // sampled 14 s after Ready
    assert!(counts(60, Some((true, 20)), 5));
    assert!(!counts(299, Some((true, 20)), 6));
    assert!(counts(300, Some((true, 20)), 6));
}

#[test]
fn an_old_pod_counts_if_it_ever_was_ready() {
    assert!(counts(600, Some((true, 5)), 0));
    assert!(counts(600, Some((false, 5)), 0)); // was ready, is starved
    assert!(counts(600, Some((false, 570)), 0));
    assert!(!counts(600, Some((false, 571)), 0)); // condition set 29 s after start and never since
    assert!(!counts(600, None, 0));
}

#[test]
fn memory_knows_no_readiness() {
    let requests = Resources::ZERO.with(Resource::Memory, 1 << 30);
    let never_ready = PodState {
        requests,
        readiness: None,
        ..pod()
    };
    let metrics = vec![Metric::Utilization(Resource::Memory, 50)];
    let spec = HpaSpec {
        metrics,
        ..on_cpu(50)
    };
    let sample = Some(Sample {
        value: 1 << 30,
        at: NOW,
        window: WINDOW,
    });
    assert_eq!(proposal(&spec, &[never_ready], &[sample]), Some(2));
    assert_eq!(
        proposal(
            &spec,
            &[PodState {
                phase: PodPhase::Pending,
                ..never_ready
            }],
            &[sample]
        ),
        None
    );
}

#[test]
fn averages_of_pods() {
    let spec = |metric| HpaSpec {
        metrics: vec![metric],
        ..on_cpu(50)
    };
    let usage_of = spec(Metric::AverageUsage(Resource::Cpu, 500));
    assert_eq!(proposal(&usage_of, &[pod(); 4], &[usage(750); 4]), Some(6));
    // Missing ones: the target itself on the way down, nothing on the way up.
    let three_at = |millicores| {
        [
            None,
            usage(millicores),
            usage(millicores),
            usage(millicores),
        ]
    };
    assert_eq!(proposal(&usage_of, &[pod(); 4], &three_at(200)), Some(3)); // 275/500 = .55
    assert_eq!(proposal(&usage_of, &[pod(); 4], &three_at(1_000)), Some(6)); // 750/500
    // A metric of the pods knows no readiness and needs no request.
    let bare = PodState {
        requests: Resources::ZERO,
        serving: Resources::ZERO,
        readiness: None,
        ..pod()
    };
    assert_eq!(
        proposal(&spec(Metric::Pods(10_000)), &[bare; 2], &[usage(25_000); 2]),
        Some(5)
    );
}

fn external(metric: Metric, inputs: Inputs, total: i64) -> Option<u32> {
    let spec = HpaSpec {
        metrics: vec![metric],
        ..on_cpu(50)
    };
    let inputs = Inputs {
        readings: &[Reading::Total(Some(total))],
        ..inputs
    };
    propose(NOW, &spec, &inputs).map(|(_, proposal)| proposal.replicas)
}

#[test]
fn queue_length_per_replica() {
    let at = |status_replicas, messages: i64| {
        let inputs = Inputs {
            spec_replicas: 9,
            status_replicas,
            pods: &[],
            readings: &[],
        };
        external(Metric::AverageValue(5_000), inputs, messages * 1_000)
    };
    assert_eq!(at(7, 38), Some(7)); // 1.086 is tolerated although ceil(38/5) = 8
    assert_eq!(at(7, 40), Some(8));
    assert_eq!(at(0, 3), Some(1)); // no tolerance just after activation
    assert_eq!(at(0, 0), Some(0));
}

#[test]
fn value_metrics_multiply_what_serves() {
    let mut pods = vec![pod(); 4];
    pods.push(pending());
    let inputs = Inputs {
        spec_replicas: 5,
        status_replicas: 5,
        pods: &pods,
        readings: &[],
    };
    assert_eq!(external(Metric::Value(100_000), inputs, 150_000), Some(6));
    assert_eq!(external(Metric::Value(100_000), inputs, 110_000), Some(5));
}

#[test]
fn the_highest_of_several_metrics_wins_and_a_failed_one_forbids_shrinking() {
    let metrics = vec![Metric::AverageValue(1_000), Metric::AverageValue(2_000)];
    let spec = HpaSpec {
        metrics,
        ..on_cpu(50)
    };
    let decide = |readings: [Option<i64>; 2]| {
        let readings = readings.map(Reading::Total);
        let inputs = Inputs {
            spec_replicas: 10,
            status_replicas: 10,
            pods: &[],
            readings: &readings,
        };
        propose(NOW, &spec, &inputs)
            .map(|(index, proposal)| (index, proposal.replicas, proposal.ratio))
    };
    assert_eq!(decide([Some(12_000), Some(30_000)]), Some((1, 15, 1.5)));
    assert_eq!(decide([Some(5_000), None]), None);
    assert_eq!(decide([Some(10_000), None]), Some((0, 10, 1.0)));
    assert_eq!(decide([None, Some(30_000)]), Some((1, 15, 1.5)));
    assert_eq!(decide([None, None]), None);
}
