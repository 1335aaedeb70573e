//! How replicas move from sync to sync: spec/kubernetes.md 2.2 and 2.7 to 2.9.

use super::*;
use crate::api::objects::autoscaling::SelectPolicy;
use crate::des::SimDuration;

const NOW: SimTime = SimTime::from_secs(100_000);

/// A workload that an HPA on messages (one per replica) scales every 15 s, its pods appearing at
/// once.
struct Workload {
    hpa: Hpa,
    now: SimTime,
    replicas: u32,
}

impl Workload {
    fn new(behavior: Option<Behavior>, replicas: u32) -> Self {
        let spec = HpaSpec {
            min: 1,
            max: 1_000,
            metrics: vec![Metric::AverageValue(1_000)],
            behavior,
        };
        Self {
            hpa: Hpa::new(spec),
            now: NOW,
            replicas,
        }
    }

    fn decide(&mut self, messages: i64) -> Decision {
        let inputs = Inputs {
            spec_replicas: self.replicas,
            status_replicas: self.replicas,
            pods: &[],
            readings: &[Reading::Total(Some(messages * 1_000))],
        };
        let decision = self.hpa.sync(self.now, &inputs);
        self.replicas = decision.replicas;
        self.now += constants::SYNC_PERIOD;
        decision
    }

    fn sync(&mut self, messages: i64) -> u32 {
        self.decide(messages).replicas
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
    let proposal = |messages| {
        let up = ScalingRules {
            tolerance: 0.02,
            ..ScalingRules::up()
        };
        let behavior = Behavior {
            up,
            ..default_behavior()
        };
        match Workload::new(Some(behavior), 100).decide(messages).reason {
            Reason::Metric { proposal, .. } => proposal,
            reason => panic!("{reason:?}"),
        }
    };
    assert_eq!(proposal(103), 103);
    assert_eq!(proposal(102), 100);
    assert_eq!(proposal(91), 100);
    assert_eq!(proposal(89), 89);
}

#[test]
fn out_of_bounds_moves_at_once_and_zero_is_left_alone() {
    let decide = |replicas| {
        let metrics = vec![constants::DEFAULT_METRIC];
        let spec = HpaSpec {
            min: 3,
            max: 10,
            metrics,
            behavior: None,
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
