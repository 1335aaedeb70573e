//! What holds of Kubernetes' controllers whatever the load does.

use karpsim::api::objects::autoscaling::SelectPolicy;
use karpsim::api::objects::core::IntOrPercent;
use karpsim::api::{Resource, Resources};
use karpsim::des::{SimDuration, SimTime};
use karpsim::kube::deployment::{Revision, Strategy as Rollout, rescale, roll};
use karpsim::kube::hpa::{
    Amount, Behavior, Hpa, HpaSpec, Inputs, Metric, PodState, Policy, Readiness, Reading,
    ScalingRules, constants,
};
use karpsim::kube::metrics_server::Sample;
use karpsim::kube::pdb::{
    Budget, CoveredPod, Eviction, Pdb, PdbSpec, UnhealthyPodEvictionPolicy, evict,
};
use karpsim::kube::phase::PodPhase;
use karpsim::kube::rate::{ClientLimits, TokenBucket};
use karpsim::kube::replicaset::{Replica, victims};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn at(secs: u64) -> SimTime {
    SimTime::from_secs(secs)
}

fn phases() -> impl Strategy<Value = PodPhase> {
    select(vec![
        PodPhase::Pending,
        PodPhase::Running,
        PodPhase::Succeeded,
        PodPhase::Failed,
    ])
}

fn rules() -> impl Strategy<Value = ScalingRules> {
    let amount = prop_oneof![
        (1..20_u32).prop_map(Amount::Pods),
        (1..300_u32).prop_map(Amount::Percent),
    ];
    let policy = (amount, 1..1_800_u64).prop_map(|(amount, secs)| Policy {
        amount,
        period: SimDuration::from_secs(secs),
    });
    let selection = select(vec![
        SelectPolicy::Max,
        SelectPolicy::Min,
        SelectPolicy::Disabled,
    ]);
    (0..3_600_u64, selection, vec(policy, 1..4), 0.0..0.5_f64).prop_map(
        |(window, select, policies, tolerance)| ScalingRules {
            window: SimDuration::from_secs(window),
            select,
            policies,
            tolerance,
        },
    )
}

fn behaviors() -> impl Strategy<Value = Option<Behavior>> {
    let behavior = (rules(), rules());
    option::of(behavior.prop_map(|(up, down)| Behavior { up, down }))
}

fn specs() -> impl Strategy<Value = HpaSpec> {
    (1..20_u32, 0..200_u32, 1..300_u32, behaviors()).prop_map(|(min, more, percent, behavior)| {
        let metrics = vec![
            Metric::Utilization(Resource::Cpu, percent),
            Metric::AverageValue(5_000),
        ];
        HpaSpec {
            min,
            max: min + more,
            metrics,
            behavior,
        }
    })
}

/// Pods with their samples, seen at 100 000 s.
fn pods() -> impl Strategy<Value = Vec<(PodState, Option<Sample>)>> {
    let readiness = option::of((any::<bool>(), 99_000..100_000_u64));
    let pod = (
        phases(),
        any::<bool>(),
        readiness,
        99_000..100_000_u64,
        option::of(0..5_000_i64),
    );
    let pod = pod.prop_map(|(phase, deleting, readiness, started, usage)| {
        let state = PodState {
            requests: Resources::cpu_memory(500, 1 << 30),
            serving: Resources::cpu_memory(500, 1 << 30),
            phase,
            deleting,
            readiness: readiness.map(|(ready, since)| Readiness {
                ready,
                since: at(since),
            }),
            started: Some(at(started)),
        };
        let window = SimDuration::from_secs(15);
        let sample = usage.map(|value| Sample {
            value,
            at: at(99_995),
            window,
        });
        (state, sample)
    });
    vec(pod, 0..30)
}

fn sync(
    hpa: &mut Hpa,
    now: SimTime,
    replicas: u32,
    pods: &[(PodState, Option<Sample>)],
    total: Option<i64>,
) -> u32 {
    let (pods, samples): (Vec<_>, Vec<_>) = pods.iter().copied().unzip();
    let inputs = Inputs {
        spec_replicas: replicas,
        status_replicas: pods.len() as u32,
        pods: &pods,
        readings: &[Reading::Pods(&samples), Reading::Total(total)],
    };
    hpa.sync(now, &inputs).replicas
}

proptest! {
    #[test]
    fn an_hpa_keeps_between_its_bounds(
        spec in specs(),
        pods in pods(),
        totals in vec(option::of(0..2_000_000_i64), 1..30),
        start in 1..300_u32,
    ) {
        let (min, max) = (spec.min, spec.max);
        let mut hpa = Hpa::new(spec);
        let (mut now, mut replicas) = (at(100_000), start);
        for total in totals {
            replicas = sync(&mut hpa, now, replicas, &pods, total);
            prop_assert!((min..=max).contains(&replicas), "{replicas} outside {min}..={max}");
            now += constants::SYNC_PERIOD;
        }
    }

    #[test]
    fn an_hpa_without_behavior_at_most_doubles_or_goes_to_four(
        spec in specs(),
        pods in pods(),
        total in 0..2_000_000_i64,
    ) {
        let min = spec.min;
        let mut hpa = Hpa::new(HpaSpec { behavior: None, ..spec });
        let next = sync(&mut hpa, at(100_000), min, &pods, Some(total));
        prop_assert!(next <= (2 * min).max(4));
    }

    #[test]
    fn a_disabled_direction_does_not_move(
        spec in specs(),
        behavior in behaviors(),
        totals in vec(0..2_000_000_i64, 1..30),
    ) {
        let Some(Behavior { up, down }) = behavior else { return Ok(()) };
        let up = ScalingRules { select: SelectPolicy::Disabled, ..up };
        let mut replicas = spec.min.midpoint(spec.max);
        let mut hpa = Hpa::new(HpaSpec { behavior: Some(Behavior { up, down }), ..spec });
        for (step, total) in totals.into_iter().enumerate() {
            let now = at(100_000 + 15 * step as u64);
            let next = sync(&mut hpa, now, replicas, &[], Some(total));
            prop_assert!(next <= replicas, "{replicas} grew to {next}");
            replicas = next;
        }
    }

    /// Ready pods are evicted as often as the budget admits, and none ever returns: what stays healthy
    /// never falls below what the budget wants, as long as its controllers want what they wanted.
    #[test]
    fn a_pdb_never_lets_the_healthy_fall_below_the_desired(
        share in prop_oneof![(0..30_u32).prop_map(IntOrPercent::Int), (0..=100_u32).prop_map(IntOrPercent::Percent)],
        at_least in any::<bool>(),
        count in 0..30_u64,
        requests in vec((0..30_usize, any::<bool>(), 0..200_u64), 0..60),
    ) {
        let budget = if at_least { Budget::MinAvailable(share) } else { Budget::MaxUnavailable(share) };
        let unhealthy = UnhealthyPodEvictionPolicy::IfHealthyBudget;
        let mut pdb = Pdb::new(PdbSpec { budget, unhealthy });
        let pod = |id| CoveredPod { id, phase: PodPhase::Running, ready: true, deleting: false };
        let mut pods: Vec<_> = (0..count).map(pod).collect();
        let scale = count as u32;
        let mut now = at(0);
        pdb.sync(now, &pods, scale);
        for (place, sync_first, wait) in requests {
            now += SimDuration::from_secs(wait);
            if sync_first {
                pdb.sync(now, &pods, scale);
            }
            let Some(&pod) = pods.get(place) else { continue };
            let before = pdb.status();
            let answer = evict(now, pod, &mut [&mut pdb]);
            if pod.deleting {
                prop_assert_eq!(answer, Eviction::Admitted);
            } else if answer == Eviction::Admitted {
                prop_assert!(before.disruptions_allowed > 0);
                pods[place].deleting = true;
            }
            let healthy = pods.iter().filter(|pod| !pod.deleting).count() as u32;
            let desired = before.desired_healthy.min(scale);
            prop_assert!(healthy >= desired, "{healthy} healthy of {desired} under {budget:?}");
        }
    }

    /// Taken one by one or all at once, with ranks as they were: the same pods, none twice.
    #[test]
    fn victims_are_distinct_and_a_prefix_of_more_victims(
        pods in vec((option::of(0..4_u32), option::of(0..100_000_u64), 0..3_u32, any::<u128>()), 0..40),
        count in 0..40_u32,
    ) {
        let replica = |(node, ready, restarts, uid): (Option<u32>, Option<u64>, u32, u128)| Replica {
            node,
            phase: PodPhase::Running,
            ready_since: ready.map(at),
            deletion_cost: 0,
            restarts,
            created: at(0),
            uid,
        };
        let pods: Vec<_> = pods.into_iter().map(replica).collect();
        let nodes: Vec<_> = pods.iter().filter_map(|pod| pod.node).collect();
        let now = at(100_000);
        let some = victims(now, &pods, &nodes, count);
        let all = victims(now, &pods, &nodes, pods.len() as u32);
        prop_assert_eq!(&some[..], &all[..some.len()]);
        prop_assert_eq!(some.len(), pods.len().min(count as usize));
        let mut places = all;
        places.sort_unstable();
        prop_assert!(places.into_iter().eq(0..pods.len()));
    }

    /// A rollout whose pods become available at once ends, and meanwhile keeps to its bounds.
    #[test]
    fn a_rollout_keeps_its_bounds_and_ends(
        desired in 0..60_u32,
        surge in 0..=100_u32,
        unavailable in 0..=100_u32,
    ) {
        let strategy = Rollout::RollingUpdate {
            max_surge: IntOrPercent::Percent(surge),
            max_unavailable: IntOrPercent::Percent(unavailable),
        };
        let bounds = strategy.bounds(desired);
        let all = |replicas| Revision { replicas, available: replicas, existing: replicas };
        let (mut new, mut old) = (0, desired);
        for _ in 0..=2 * desired {
            let sizes = roll(desired, strategy, all(new), &[all(old)]);
            (new, old) = (sizes.new, sizes.old[0]);
            prop_assert!(new + old <= desired + bounds.surge);
            prop_assert!(new + old >= desired - bounds.unavailable);
        }
        prop_assert_eq!((new, old), (desired, 0));
    }

    #[test]
    fn a_rescale_adds_up(from in 1..100_u32, to in 0..100_u32, first in 0..100_u32) {
        let strategy = Rollout::from_object(None).unwrap();
        let most = |desired: u32| desired + strategy.bounds(desired).surge;
        let first = first.min(most(from));
        let scaled = rescale(from, to, strategy, &[first, most(from) - first]);
        let total = if to == 0 { 0 } else { most(to) };
        prop_assert_eq!(scaled.iter().sum::<u32>(), total);
    }

    /// In any window as long as n refills, no more than burst + n calls leave.
    #[test]
    fn a_token_bucket_keeps_its_rate(
        qps in 1..200_u32,
        burst in 1..50_u32,
        gaps in vec(0..200_000_u64, 1..200),
    ) {
        let mut bucket = TokenBucket::new(ClientLimits { qps, burst });
        let mut now = SimTime::ZERO;
        let mut left: Vec<u64> = Vec::new();
        for gap in gaps {
            now += SimDuration::from_micros(gap);
            let leaves = bucket.take(now);
            prop_assert!(leaves >= now);
            left.push(leaves.as_micros());
        }
        prop_assert!(left.is_sorted());
        for (place, first) in left.iter().enumerate() {
            for (more, last) in left[place..].iter().enumerate() {
                let refills = (last - first) * u64::from(qps) / 1_000_000 + 1;
                prop_assert!(more as u64 <= u64::from(burst) + refills);
            }
        }
    }
}
