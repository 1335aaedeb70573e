//! ReplicaSet: whom the real controller deletes when there are too many.

use karpsim::des::SimTime;
use karpsim::kube::phase::PodPhase;
use karpsim::kube::replicaset::{Adjustment, Replica, adjust, victims};
use serde::Deserialize;

use super::phase;
use super::recording::replay;

/// When the controller looks, in seconds.
const NOW: u64 = 1_000_000;

#[derive(Deserialize)]
struct Shrinking {
    desired: u32,
    pods: Vec<Pod>,
    #[serde(default)]
    others: Vec<u32>,
}

#[derive(Deserialize)]
struct Pod {
    node: Option<u32>,
    phase: String,
    ready: Option<u64>,
    created: u64,
    #[serde(default)]
    restarts: u32,
    #[serde(default)]
    cost: i32,
    uid: String,
}

#[test]
fn a_replicaset_deletes_whom_the_real_one_deletes() {
    replay("replicaset", |case: &Shrinking, real: &Vec<usize>| {
        let pods: Vec<_> = case.pods.iter().map(Pod::replica).collect();
        let own_nodes = pods.iter().filter_map(|pod| pod.node);
        let nodes: Vec<_> = own_nodes.chain(case.others.iter().copied()).collect();
        let Adjustment::Delete(count) = adjust(case.desired, pods.len() as u32) else {
            return vec!["nothing is to be deleted".to_owned()];
        };
        let mut ours = victims(SimTime::from_secs(NOW), &pods, &nodes, count);
        ours.sort_unstable();
        if ours == *real {
            Vec::new()
        } else {
            vec![format!("{ours:?}, really {real:?}")]
        }
    });
}

impl Pod {
    fn replica(&self) -> Replica {
        let before = |seconds| SimTime::from_secs(NOW - seconds);
        let phase = phase(&self.phase);
        assert!(phase <= PodPhase::Running, "only active pods are recorded");
        Replica {
            node: self.node,
            phase,
            ready_since: self.ready.map(before),
            deletion_cost: self.cost,
            restarts: self.restarts,
            created: before(self.created),
            uid: u128::from_str_radix(&self.uid, 16).expect("a number"),
        }
    }
}
