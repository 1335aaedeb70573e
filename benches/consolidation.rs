//! A disruption pass over a cluster: the binary search of the multi-node method, and the single-node method down the whole list.
//!
//! `cargo bench --bench consolidation -- curve reports/sample/consolidation.svg` draws what a pass costs by the size of the cluster.

#[path = "../tests/it/cluster/mod.rs"]
mod cluster;
#[path = "consolidation/curve.rs"]
mod curve;

use std::time::Duration;

use criterion::Criterion;
use karpsim::des::SimDuration;
use karpsim::karpenter::disruption::{
    Act, ClusterState, Controller, Method, NoEligiblePool, NodeId, Simulate, Stranded, WhatIf,
};
use serde_json::{Value, json};

use cluster::{At, Cluster, NOW};
use curve::{Curve, NODES, shortest};

fn main() {
    let mut args = std::env::args().skip_while(|arg| arg != "curve");
    if args.next().is_some() {
        let path = args.next().expect("curve <FILE.svg>");
        return draw_curves(&path);
    }
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
            bench.iter(|| assert_eq!(pass(&cluster, &mut live(&cluster)), Act::Wait));
        });
    }
    criterion.final_summary();
}

/// Measures both passes at every size, prints them and draws them.
fn draw_curves(path: &str) {
    let measured = |name, of: fn(usize) -> f64| Curve {
        name,
        points: NODES.map(|nodes| (nodes, of(nodes))).to_vec(),
    };
    let curves = [
        measured("deciding alone", |nodes| {
            let cluster = packed(nodes);
            shortest(|| assert_eq!(pass(&cluster, &mut Full), Act::Nothing))
        }),
        measured("with its simulations", |nodes| {
            let cluster = half_empty(nodes);
            shortest(|| assert_eq!(pass(&cluster, &mut live(&cluster)), Act::Wait))
        }),
    ];
    curves.iter().for_each(Curve::print);
    curve::draw(path, &curves).expect("a file that can be written");
}

/// One pass of a fresh controller.
fn pass(cluster: &Cluster, simulate: &mut dyn Simulate) -> Act {
    let pools = cluster.pools();
    let view = cluster.view(&pools, NOW, 0);
    let mut state = ClusterState::new(NOW);
    Controller::default().wake(&view, &mut state, simulate).act
}

/// What-ifs by provisioning passes.
fn live(cluster: &Cluster) -> At<'_> {
    At { cluster, now: NOW }
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
    let offerings = |price: usize| -> Vec<Value> {
        let offering = |(zone, buy, price)| json!({"zone": zone, "buy": buy, "price": price});
        let (spot, on_demand) = (price / 3, price);
        let offerings = [
            ("a", "on-demand", on_demand),
            ("b", "on-demand", on_demand),
            ("a", "spot", spot),
            ("b", "spot", spot),
        ];
        offerings.map(offering).to_vec()
    };
    let kind = |cpu: usize| {
        let name = format!("m{cpu}");
        json!({"name": name, "cpu": cpu, "memory": 4 * cpu, "pods": 58, "offerings": offerings(25 * cpu)})
    };
    let pods = json!([{"cpu": 900, "memory": 256, "count": pods}]);
    let node = |place: usize| {
        let name = format!("node-{place}");
        json!({"name": name, "type": "m4", "offering": place % 4, "pods": pods})
    };
    let spec = json!({
        "types": (1..=64).map(kind).collect::<Vec<_>>(),
        "pools": [{"name": "pool"}],
        "nodes": (0..nodes).map(node).collect::<Vec<_>>(),
    });
    Cluster::new(serde_json::from_value(spec).expect("a cluster"))
}
