//! A disruption pass over a cluster: the binary search of the multi-node method, and the single-node method down the whole list.

#[path = "../tests/it/disruption/cluster.rs"]
mod cluster;

use std::time::Duration;

use criterion::Criterion;
use karpsim::api::objects::karpenter::ConsolidationPolicy;
use karpsim::des::{SimDuration, SimTime};
use karpsim::karpenter::disruption::{
    Act, ClusterState, Controller, Method, NoEligiblePool, NodeId, PdbCover, Simulate, Stranded,
    WhatIf,
};

use cluster::{Cluster, NodeSpec, OfferingSpec, PodSpec, PoolSpec, TypeSpec};

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(5))
        .configure_from_args();
    for nodes in [100, 1_000] {
        let cluster = packed(nodes);
        criterion.bench_function(&format!("consolidation/decide/{nodes}"), |bench| {
            bench.iter(|| assert_eq!(pass(&cluster, &mut Full), Act::Nothing));
        });
        criterion.bench_function(&format!("consolidation/multi_node/{nodes}"), |bench| {
            let cluster = half_empty(nodes);
            bench.iter(|| assert_eq!(pass(&cluster, &mut &cluster), Act::Wait));
        });
    }
    criterion.final_summary();
}

/// One pass of a fresh controller.
fn pass(cluster: &Cluster, simulate: &mut dyn Simulate) -> Act {
    let pools = cluster.pool_views();
    let view = cluster.view(&pools, SimTime::ZERO, false);
    let mut state = ClusterState::new(SimTime::ZERO);
    Controller::default().wake(&view, &mut state, simulate).act
}

/// What-ifs that cost nothing and move nothing, so that the decision alone is timed.
struct Full;

impl Simulate for Full {
    fn without(&mut self, candidates: &[NodeId], _: Method) -> Result<WhatIf, NoEligiblePool> {
        let NodeId(pod) = candidates[0];
        Ok(WhatIf {
            claims: Vec::new(),
            stranded: Some(Stranded::Unreached { pod: pod.into() }),
            destinations: Vec::new(),
            took: SimDuration::ZERO,
        })
    }
}

/// Nodes of 4 vCPUs that are full.
fn packed(nodes: usize) -> Cluster {
    with_pods(nodes, 4)
}

/// Nodes of 4 vCPUs, two of which fit on one.
fn half_empty(nodes: usize) -> Cluster {
    with_pods(nodes, 2)
}

fn with_pods(nodes: usize, pods: usize) -> Cluster {
    let offerings = |mills| {
        let offering = |(zone, spot)| OfferingSpec {
            zone,
            spot,
            mills: if spot { mills / 3 } else { mills },
            available: true,
        };
        [(0, false), (1, false), (0, true), (1, true)].map(offering)
    };
    let types: Vec<TypeSpec> = (1..=64)
        .map(|vcpus| TypeSpec {
            vcpus,
            offerings: offerings(50 * vcpus as u64).to_vec(),
        })
        .collect();
    let pool = PoolSpec {
        budgets: Vec::new(),
        policy: ConsolidationPolicy::WhenEmptyOrUnderutilized,
        disrupted: 0,
    };
    let pod = PodSpec {
        cpu: 9,
        do_not_disrupt: false,
        pdb: PdbCover::Allows,
    };
    let node = |place: usize| NodeSpec {
        pool: 0,
        kind: 3,
        offering: place % 4,
        pods: vec![pod; pods],
    };
    let nodes: Vec<NodeSpec> = (0..nodes).map(node).collect();
    Cluster::new(&types, &[pool], &nodes)
}
