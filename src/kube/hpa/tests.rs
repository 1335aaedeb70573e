//! The vectors of spec/kubernetes.md 2.3 to 2.11, and those of 10.5 that concern the HPA.

use super::*;
use crate::api::objects::autoscaling::{HorizontalPodAutoscaler, SelectPolicy};
use crate::api::{Resource, Resources};
use crate::des::SimDuration;
use crate::kube::metrics_server::Sample;
use crate::kube::phase::PodPhase;

const NOW: SimTime = SimTime::from_secs(100_000);
const WINDOW: SimDuration = SimDuration::from_secs(15);

/// Ready for long, with a request of one core.
fn pod() -> PodState {
    let long_ago = SimTime::from_secs(1_000);
    PodState {
        requests: Resources::ZERO.with(Resource::Cpu, 1_000),
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
    replicas::propose(NOW, spec, &inputs).map(|(_, proposal)| proposal)
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
    // At its target where that is higher: (4 * 30 + 200) / 5 = 64, ratio 0.32, ceil(1.6).
    assert_eq!(proposal(&on_cpu(200), &pods, &four_at(300)), Some(2));
    // Growing: at nothing. 4 * 100 / 5 = 80, ratio 1.6.
    assert_eq!(proposal(&on_cpu(50), &pods, &four_at(1_000)), Some(8));
    // At 60 % it would turn round to 48 %: stays.
    assert_eq!(proposal(&on_cpu(50), &pods, &four_at(600)), Some(5));
    assert_eq!(proposal(&on_cpu(50), &pods, &[None; 5]), None);
}

#[test]
fn a_count_that_goes_against_the_ratio_is_ignored() {
    // A rollout: 6 pods match although 4 are wanted. 40 % on five, one missing at 100 %: 50/60 = .83, ceil(.83 * 6) = 5 > 4.
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
    replicas::propose(NOW, &spec, &inputs).map(|(_, proposal)| proposal)
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
        replicas::propose(NOW, &spec, &inputs)
    };
    assert_eq!(decide([Some(12_000), Some(30_000)]), Some((1, 15)));
    assert_eq!(decide([Some(5_000), None]), None);
    assert_eq!(decide([Some(10_000), None]), Some((0, 10)));
    assert_eq!(decide([None, Some(30_000)]), Some((1, 15)));
    assert_eq!(decide([None, None]), None);
}

/// A workload that an HPA on messages (one per replica) scales every 15 s, its pods appearing at once.
struct Workload {
    hpa: Hpa,
    now: SimTime,
    replicas: u32,
}

impl Workload {
    fn new(behavior: Option<Behavior>, replicas: u32) -> Self {
        let spec = HpaSpec {
            metrics: vec![Metric::AverageValue(1_000)],
            behavior,
            ..on_cpu(50)
        };
        Self {
            hpa: Hpa::new(spec),
            now: NOW,
            replicas,
        }
    }

    fn sync(&mut self, messages: i64) -> u32 {
        let inputs = Inputs {
            spec_replicas: self.replicas,
            status_replicas: self.replicas,
            pods: &[],
            readings: &[Reading::Total(Some(messages * 1_000))],
        };
        self.replicas = self.hpa.sync(self.now, &inputs).replicas;
        self.now += constants::SYNC_PERIOD;
        self.replicas
    }

    fn path(&mut self, messages: i64, syncs: usize) -> Vec<u32> {
        (0..syncs).map(|_| self.sync(messages)).collect()
    }
}

fn default_behavior() -> Behavior {
    Behavior {
        up: ScalingRules::up(),
        down: ScalingRules::down(),
    }
}

#[test]
fn growth_doubles_without_behavior() {
    assert_eq!(Workload::new(None, 1).path(500, 5), [4, 8, 16, 32, 64]);
    assert_eq!(Workload::new(None, 3).sync(500), 6);
}

#[test]
fn growth_adds_four_or_doubles_with_default_behavior() {
    assert_eq!(
        Workload::new(Some(default_behavior()), 1).path(500, 4),
        [5, 10, 20, 40]
    );
    assert_eq!(Workload::new(Some(default_behavior()), 3).sync(500), 7);
}

#[test]
fn shrinking_waits_five_minutes_and_then_takes_all() {
    // 20 syncs of 15 s; a proposal of exactly 300 s ago still counts without behavior, not with it.
    let mut plain = Workload::new(None, 50);
    plain.sync(50);
    assert_eq!(plain.path(5, 20), [50; 20]);
    assert_eq!(plain.sync(5), 5);
    let mut ruled = Workload::new(Some(default_behavior()), 50);
    ruled.sync(50);
    assert_eq!(ruled.path(5, 19), [50; 19]);
    assert_eq!(ruled.sync(5), 5);
}

#[test]
fn an_autoscaler_without_history_holds_what_it_finds() {
    let mut workload = Workload::new(None, 50);
    assert_eq!(workload.path(5, 21), [50; 21]);
    assert_eq!(workload.sync(5), 5);
}

#[test]
fn a_sync_within_tolerance_holds_for_a_further_window() {
    let mut workload = Workload::new(None, 50);
    workload.path(5, 10);
    workload.sync(50);
    assert_eq!(workload.path(5, 20), [50; 20]);
    assert_eq!(workload.sync(5), 5);
}

fn rules(
    direction: ScalingRules,
    window: u64,
    select: SelectPolicy,
    policies: &[(Amount, u64)],
) -> ScalingRules {
    let policy = |&(amount, secs)| Policy {
        amount,
        period: SimDuration::from_secs(secs),
    };
    ScalingRules {
        window: SimDuration::from_secs(window),
        select,
        policies: policies.iter().map(policy).collect(),
        ..direction
    }
}

#[test]
fn percent_policies_round_as_doubles_do() {
    let ten_percent = |from| {
        let up = rules(
            ScalingRules::up(),
            0,
            SelectPolicy::Max,
            &[(Amount::Percent(10), 15)],
        );
        Workload::new(
            Some(Behavior {
                up,
                ..default_behavior()
            }),
            from,
        )
        .sync(900)
    };
    assert_eq!(
        [ten_percent(50), ten_percent(100), ten_percent(10)],
        [56, 111, 11]
    );
    let down = rules(
        ScalingRules::down(),
        0,
        SelectPolicy::Max,
        &[(Amount::Percent(10), 60)],
    );
    let mut workload = Workload::new(
        Some(Behavior {
            down,
            ..default_behavior()
        }),
        55,
    );
    workload.sync(55);
    assert_eq!(workload.sync(1), 49); // trunc(49.5)
}

#[test]
fn policies_look_back_over_their_own_period() {
    let down = rules(
        ScalingRules::down(),
        0,
        SelectPolicy::Max,
        &[(Amount::Pods(10), 60)],
    );
    let mut workload = Workload::new(
        Some(Behavior {
            down,
            ..default_behavior()
        }),
        50,
    );
    workload.sync(50);
    // Ten at once, then nothing until the change is 60 s old.
    assert_eq!(workload.path(1, 9), [40, 40, 40, 40, 30, 30, 30, 30, 20]);
}

#[test]
fn select_policy_chooses_most_least_or_nothing() {
    let policies = [(Amount::Pods(4), 15), (Amount::Percent(100), 15)];
    let up = |select| {
        let up = rules(ScalingRules::up(), 0, select, &policies);
        Workload::new(
            Some(Behavior {
                up,
                ..default_behavior()
            }),
            10,
        )
        .sync(900)
    };
    assert_eq!(up(SelectPolicy::Max), 20);
    assert_eq!(up(SelectPolicy::Min), 14);
    assert_eq!(up(SelectPolicy::Disabled), 10);
    let down = |select| {
        let down = rules(
            ScalingRules::down(),
            0,
            select,
            &[(Amount::Pods(4), 15), (Amount::Percent(50), 15)],
        );
        let mut workload = Workload::new(
            Some(Behavior {
                down,
                ..default_behavior()
            }),
            20,
        );
        workload.sync(20);
        workload.sync(1)
    };
    assert_eq!(down(SelectPolicy::Max), 10);
    assert_eq!(down(SelectPolicy::Min), 16);
    assert_eq!(down(SelectPolicy::Disabled), 20);
}

#[test]
fn a_window_upwards_takes_the_lowest_recent_proposal() {
    let up = rules(
        ScalingRules::up(),
        60,
        SelectPolicy::Max,
        &[(Amount::Percent(1_000), 15)],
    );
    let mut workload = Workload::new(
        Some(Behavior {
            up,
            ..default_behavior()
        }),
        10,
    );
    assert_eq!(workload.path(30, 4), [10; 4]);
    assert_eq!(workload.sync(30), 30);
}

#[test]
fn a_tolerance_of_ones_own_is_one_sided() {
    let up = ScalingRules {
        tolerance: 0.02,
        ..ScalingRules::up()
    };
    let sync = |messages| {
        Workload::new(
            Some(Behavior {
                up: up.clone(),
                ..default_behavior()
            }),
            100,
        )
        .hpa_proposal(messages)
    };
    assert_eq!(sync(103), 103);
    assert_eq!(sync(102), 100);
    assert_eq!(sync(91), 100);
    assert_eq!(sync(89), 89);
}

impl Workload {
    fn hpa_proposal(&mut self, messages: i64) -> u32 {
        let inputs = Inputs {
            spec_replicas: self.replicas,
            status_replicas: self.replicas,
            pods: &[],
            readings: &[Reading::Total(Some(messages * 1_000))],
        };
        match self.hpa.sync(self.now, &inputs).reason {
            Reason::Metric { proposal, .. } => proposal,
            reason => panic!("{reason:?}"),
        }
    }
}

#[test]
fn out_of_bounds_moves_at_once_and_zero_is_left_alone() {
    let decide = |replicas| {
        let spec = HpaSpec {
            min: 3,
            max: 10,
            ..on_cpu(50)
        };
        let inputs = Inputs {
            spec_replicas: replicas,
            status_replicas: replicas,
            pods: &[],
            readings: &[],
        };
        Hpa::new(spec).sync(NOW, &inputs)
    };
    assert_eq!(
        decide(0),
        Decision {
            replicas: 0,
            reason: Reason::Disabled
        }
    );
    assert_eq!(
        decide(2),
        Decision {
            replicas: 3,
            reason: Reason::BelowMin
        }
    );
    assert_eq!(
        decide(50),
        Decision {
            replicas: 10,
            reason: Reason::AboveMax
        }
    );
}

#[test]
fn a_forced_move_spends_the_rate() {
    let up = rules(
        ScalingRules::up(),
        0,
        SelectPolicy::Max,
        &[(Amount::Pods(5), 60)],
    );
    let mut workload = Workload::new(
        Some(Behavior {
            up,
            ..default_behavior()
        }),
        2,
    );
    workload.hpa.spec.min = 6;
    assert_eq!(workload.path(500, 6), [6, 7, 7, 7, 11, 12]);
}

fn object(text: &str) -> Result<HpaSpec, Mistakes> {
    let object: HorizontalPodAutoscaler = serde_json::from_str(text).unwrap();
    HpaSpec::from_object(&object)
}

#[test]
fn an_object_gets_its_defaults() {
    let spec = object(r#"{"metadata": {"name": "api"}, "spec": {"maxReplicas": 10}}"#).unwrap();
    let expected = HpaSpec {
        min: 1,
        max: 10,
        metrics: vec![Metric::Utilization(Resource::Cpu, 80)],
        behavior: None,
    };
    assert_eq!(spec, expected);
}

#[test]
fn behavior_fills_both_directions_field_by_field() {
    let spec = object(
        r#"{"metadata": {"name": "api"}, "spec": {"maxReplicas": 10, "behavior": {"scaleDown": {
            "stabilizationWindowSeconds": 60, "tolerance": "50m",
            "policies": [{"type": "Pods", "value": 2, "periodSeconds": 30}]}}}}"#,
    );
    let down = ScalingRules {
        tolerance: 0.05,
        ..rules(
            ScalingRules::down(),
            60,
            SelectPolicy::Max,
            &[(Amount::Pods(2), 30)],
        )
    };
    assert_eq!(
        spec.unwrap().behavior,
        Some(Behavior {
            up: ScalingRules::up(),
            down
        })
    );
}

#[test]
fn every_mistake_is_named_by_its_path() {
    let mistakes = object(
        r#"{"metadata": {"name": "api"}, "spec": {"minReplicas": 0, "maxReplicas": 0,
            "metrics": [
                {"type": "Pods"},
                {"type": "Resource"},
                {"type": "Resource", "resource": {"name": "disk", "target": {"type": "Utilization"}}},
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}},
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "0"}}},
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Value", "value": "1"}}}],
            "behavior": {"scaleUp": {"stabilizationWindowSeconds": 3601, "tolerance": "-1", "policies": [
                {"type": "Pod", "value": 1, "periodSeconds": 1}, {"type": "Pods", "value": 0, "periodSeconds": 1801}]},
                "scaleDown": {"policies": []}}}}"#,
    )
    .unwrap_err();
    let paths: Vec<_> = mistakes
        .iter()
        .map(|(path, _)| path.strip_prefix("spec.").unwrap())
        .collect();
    let expected = [
        "minReplicas",
        "maxReplicas",
        "metrics[0].type",
        "metrics[1]",
        "metrics[2].resource.name",
        "metrics[3].resource.target.averageUtilization",
        "metrics[4].resource.target.averageValue",
        "metrics[5].resource.target.type",
        "behavior.scaleUp.stabilizationWindowSeconds",
        "behavior.scaleUp.policies[0].type",
        "behavior.scaleUp.policies[1].value",
        "behavior.scaleUp.policies[1].periodSeconds",
        "behavior.scaleUp.tolerance",
        "behavior.scaleDown.policies",
    ];
    assert_eq!(paths, expected);
}
