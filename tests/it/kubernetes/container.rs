//! Containers: when the real back-off lets one start again, and how the kubelet shields it from the kernel's killer.

use karpsim::cluster::template::QosClass;
use karpsim::des::SimTime;
use karpsim::kube::kubelet::pressure::{MemoryPod, oom_score_adj};
use karpsim::kube::kubelet::{CrashLoop, Restart, RestartRules};
use serde::Deserialize;

use super::recording::replay;

#[derive(Deserialize)]
struct Restarting {
    syncs: Vec<Sync>,
}

#[derive(Deserialize)]
struct Sync {
    at: u64,
    ended: Option<u64>,
}

#[test]
fn containers_start_again_when_the_real_back_off_lets_them() {
    let rules = RestartRules::of(36);
    replay("backoff", |case: &Restarting, real: &Vec<i64>| {
        let mut crash_loop = CrashLoop::default();
        let mut ours = Vec::new();
        for sync in &case.syncs {
            let ended = sync.ended.map(SimTime::from_secs);
            let restart = crash_loop.sync(SimTime::from_secs(sync.at), ended, &rules, 0.0);
            ours.push(match (restart, sync.ended) {
                (Restart::Later(_), Some(ended)) => (ended + crash_loop.backoff().as_secs()) as i64,
                _ => -1,
            });
        }
        if ours == *real {
            Vec::new()
        } else {
            vec![format!("{ours:?}, really {real:?}")]
        }
    });
}

#[derive(Deserialize)]
struct Scored {
    qos: String,
    #[serde(default)]
    critical: bool,
    request: u64,
    capacity: u64,
}

#[test]
fn containers_are_shielded_as_the_real_kubelet_shields_them() {
    replay("oom", |case: &Scored, real: &i64| {
        let pod = MemoryPod {
            usage: 0,
            request: case.request,
            priority: if case.critical { 2_000_001_000 } else { 0 },
            qos: match case.qos.as_str() {
                "Guaranteed" => QosClass::Guaranteed,
                "Burstable" => QosClass::Burstable,
                _ => QosClass::BestEffort,
            },
        };
        let ours = oom_score_adj(&pod, case.capacity);
        if ours == *real {
            Vec::new()
        } else {
            vec![format!("{ours}, really {real}")]
        }
    });
}
