//! What would become of the pods if some nodes were not there: a provisioning pass over what is left.

use karpsim::des::{SimDuration, SimTime};
use karpsim::karpenter::disruption::what_if::Names;
use karpsim::karpenter::disruption::{
    Method, NoEligiblePool, NodeId, NodeView, Origin, Simulate, WhatIf,
};
use karpsim::karpenter::provisioning::{
    MinValuesPolicy, Options, PendingPod, PoolTemplate, PreferencePolicy, Problem, solve,
};

use super::{Cluster, TIES, moves, pending};

/// A cluster that is asked at some time.
pub(crate) struct At<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) now: SimTime,
}

impl Simulate for At<'_> {
    fn without(&mut self, candidates: &[NodeId], method: Method) -> Result<WhatIf, NoEligiblePool> {
        let cluster = self.cluster;
        let places: Vec<usize> = eligible(cluster).collect();
        if places.is_empty() {
            return Err(NoEligiblePool);
        }
        let views = cluster.pools();
        let all = || cluster.nodes.iter().chain(&cluster.unmanaged);
        let leaving = |node: &NodeView| candidates.contains(&node.id) || node.deleting;
        let staying: Vec<&NodeView> = all().filter(|node| !leaving(node)).collect();
        let existing = staying
            .iter()
            .map(|node| cluster.existing(node, &views, self.now));
        let existing: Vec<_> = existing.collect();
        let counted = all().filter(|node| leaving(node));
        let counted: Vec<_> = counted
            .map(|node| cluster.counted(node, self.now))
            .collect();
        let (pods, deleting) = self.pods(candidates, method);
        let pools: Vec<PoolTemplate> = places.iter().map(|&p| cluster.pool_template(p)).collect();
        let plan = solve(&Problem {
            symbols: &cluster.symbols,
            templates: &cluster.templates,
            pools: &pools,
            existing: &existing,
            counted: &counted,
            daemons: &[],
            pods: &pods,
            options: options(cluster),
            ties: TIES,
        });
        let nodes: Vec<NodeId> = staying.iter().map(|node| node.id).collect();
        let bound = cluster.bound() as u64;
        let names = Names {
            existing: &existing,
            nodes: &nodes,
            pools: &places,
            origin: |pod| match pod {
                pod if pod >= bound => Origin::Pending,
                pod if deleting.contains(&pod) => Origin::Deleting,
                _ => Origin::Candidate,
            },
        };
        Ok(WhatIf::read(plan, &names, SimDuration::ZERO))
    }
}

impl At<'_> {
    /// The pods to place, and which of them leave nodes that go anyway.
    fn pods(&self, candidates: &[NodeId], method: Method) -> (Vec<PendingPod>, Vec<u64>) {
        let cluster = self.cluster;
        let moved = |deleting: bool| {
            let nodes = cluster.nodes.iter();
            let nodes = nodes.filter(move |node| node.deleting == deleting);
            let nodes = nodes.filter(move |node| deleting || candidates.contains(&node.id));
            nodes
                .flat_map(|node| &node.pods)
                .filter(|pod| moves(pod, self.now))
                .map(|pod| pod.id)
        };
        let waiting = cluster.bound() as u64..cluster.templates.len() as u64;
        let mut pods: Vec<PendingPod> = waiting.map(|place| pending(place, true)).collect();
        pods.extend(moved(false).map(|pod| pending(pod, method.ignores_protection())));
        pods.extend(moved(true).map(|pod| pending(pod, true)));
        (pods, moved(true).collect())
    }
}

/// Places of the pools that new nodes may come from.
fn eligible(cluster: &Cluster) -> impl Iterator<Item = usize> {
    let pools = cluster.spec.pools.iter().enumerate();
    let eligible = pools.filter(|(_, pool)| !pool.no_types && pool.replicas.is_none());
    eligible.map(|(place, _)| place)
}

fn options(cluster: &Cluster) -> Options {
    Options {
        preference_policy: match cluster.spec.ignore_preferences {
            true => PreferencePolicy::Ignore,
            false => PreferencePolicy::Respect,
        },
        min_values_policy: match cluster.spec.best_effort {
            true => MinValuesPolicy::BestEffort,
            false => MinValuesPolicy::Strict,
        },
        consolidation_simulation: true,
        narrows_capacity_types: false,
        ..Options::default()
    }
}
