//! PodDisruptionBudget: the real controller's status, and the real eviction subresource's answers.

use karpsim::api::objects::core::IntOrPercent;
use karpsim::des::{SimDuration, SimTime};
use karpsim::kube::pdb::{
    Budget, CoveredPod, Eviction, Pdb, PdbSpec, Status, UnhealthyPodEvictionPolicy, evict,
};
use serde::Deserialize;

use super::phase;
use super::recording::replay;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Guarded {
    min_available: Option<IntOrPercent>,
    max_unavailable: Option<IntOrPercent>,
    unhealthy: Option<String>,
    replicas: u32,
    pods: Option<Vec<Pod>>,
    #[serde(default)]
    evictions: Vec<usize>,
    #[serde(default)]
    later: u64,
    #[serde(default)]
    twice: bool,
}

#[derive(Deserialize)]
struct Pod {
    phase: String,
    #[serde(default)]
    ready: bool,
    #[serde(default)]
    deleting: bool,
}

#[derive(Deserialize)]
struct Answer {
    before: Told,
    #[serde(default)]
    codes: Vec<u32>,
    left: u32,
    after: Told,
}

#[derive(Deserialize)]
struct Told {
    expected: u32,
    desired: u32,
    healthy: u32,
    allowed: u32,
}

#[test]
fn budgets_and_evictions_go_as_the_real_ones() {
    replay("budget", |case: &Guarded, real: &Answer| {
        let pods = case.covered();
        let scale = if pods.is_empty() { 0 } else { case.replicas };
        let now = SimTime::from_secs(100_000);
        let mut pdbs = [Pdb::new(case.spec()), Pdb::new(case.spec())];
        pdbs.iter_mut().for_each(|pdb| pdb.sync(now, &pods, scale));
        let before = pdbs[0].status();
        let codes: Vec<_> = case
            .evictions
            .iter()
            .map(|&place| {
                let [first, second] = &mut pdbs;
                match evict(
                    now,
                    pods[place],
                    &mut [first, second][..1 + usize::from(case.twice)],
                ) {
                    Eviction::Admitted => 200,
                    Eviction::Refused => 429,
                    Eviction::Ambiguous => 500,
                }
            })
            .collect();
        let left = pdbs[0].status().disruptions_allowed;
        pdbs[0].sync(now + SimDuration::from_secs(case.later), &pods, scale);
        let ours = (before, codes, left, pdbs[0].status());
        let real = (
            real.before.status(),
            real.codes.clone(),
            real.left,
            real.after.status(),
        );
        if ours == real {
            Vec::new()
        } else {
            vec![format!("{ours:?}, really {real:?}")]
        }
    });
}

impl Guarded {
    fn covered(&self) -> Vec<CoveredPod> {
        let pods = (0..).zip(self.pods.iter().flatten());
        pods.map(|(id, pod)| CoveredPod {
            id,
            phase: phase(&pod.phase),
            ready: pod.ready,
            deleting: pod.deleting,
        })
        .collect()
    }

    fn spec(&self) -> PdbSpec {
        PdbSpec {
            budget: match (self.min_available, self.max_unavailable) {
                (Some(min), None) => Budget::MinAvailable(min),
                (None, Some(max)) => Budget::MaxUnavailable(max),
                given => panic!("one of two, not {given:?}"),
            },
            unhealthy: match self.unhealthy.as_deref() {
                Some("AlwaysAllow") => UnhealthyPodEvictionPolicy::AlwaysAllow,
                _ => UnhealthyPodEvictionPolicy::IfHealthyBudget,
            },
        }
    }
}

impl Told {
    fn status(&self) -> Status {
        Status {
            expected: self.expected,
            desired_healthy: self.desired,
            current_healthy: self.healthy,
            disruptions_allowed: self.allowed,
        }
    }
}
