//! Where can a pod go? Existing nodes and the claims of this pass, in the order they are tried (1.6).

use super::amounts::{Kinds, Rows};
use super::bits::Bits;
use super::daemons::Daemons;
use super::narrowing::{SetId, Sets};
use super::order::{self, Ranked};
use super::problem::{ExistingNode, Problem};
use super::topology::{HostId, Topology};
use super::variant::{TaintSetId, TaintSets};
use crate::api::{Requirements, Resources, Symbol, Taint, key};
use crate::cluster::template::HostPort;
use crate::karpenter::lifecycle::is_transient;

/// The taints of a node as the scheduler sees them: those that its start will take away are no obstacle.
fn lasting_taints(node: &ExistingNode) -> Vec<Taint> {
    let passes = |taint: &&Taint| {
        !node.initialized
            && (is_transient(taint)
                || node
                    .startup_taints
                    .iter()
                    .any(|t| t.key == taint.key && t.effect == taint.effect))
    };
    node.taints
        .iter()
        .filter(|taint| !passes(taint))
        .cloned()
        .collect()
}

/// An existing node during a pass.
#[derive(Debug)]
pub(super) struct Node {
    /// Its place in the problem.
    pub(super) index: usize,
    /// Its labels, narrowed by the pods it took.
    pub(super) set: SetId,
    pub(super) host: HostId,
    pub(super) host_name: Symbol,
    pub(super) taints: TaintSetId,
    pub(super) host_ports: Vec<HostPort>,
    /// Whether it refuses pods that do not ignore the protection.
    pub(super) protected: bool,
}

/// The existing nodes: initialized first, then by name.
#[derive(Debug)]
pub(super) struct Nodes {
    pub(super) nodes: Vec<Node>,
    /// What each has left.
    pub(super) left: Rows,
}

impl Nodes {
    pub(super) fn new(
        problem: &Problem,
        daemons: &Daemons,
        kinds: &Kinds,
        taints: &mut TaintSets,
        sets: &mut Sets,
        topology: &mut Topology,
    ) -> Self {
        let mut order: Vec<usize> = (0..problem.existing.len()).collect();
        order.sort_by_cached_key(|&index| {
            let node = &problem.existing[index];
            (
                !node.initialized,
                problem.symbols.name(node.name).into_owned(),
                index,
            )
        });
        let mut left = Rows::new(kinds);
        let mut nodes = Vec::with_capacity(order.len());
        for (place, &index) in order.iter().enumerate() {
            let node = &problem.existing[index];
            let lasting = lasting_taints(node);
            let remaining = node.allocatable
                - node.requested
                - daemons.still_to_come(node, &lasting, problem.symbols);
            left.push(kinds.row(&remaining));
            if remaining.any_negative() {
                left.close(place);
            }
            let mut labels = Requirements::from_labels(&node.labels);
            labels.remove(key::HOSTNAME);
            let host_name = node.labels.get(key::HOSTNAME).unwrap_or(node.name);
            nodes.push(Node {
                index,
                set: sets.intern(labels),
                host: topology.host_of_node(host_name),
                host_name,
                taints: taints.intern(lasting),
                host_ports: node.host_ports.clone(),
                protected: node.protected && problem.options.consolidation_simulation,
            });
        }
        Self { nodes, left }
    }
}

/// A claim of this pass.
#[derive(Debug)]
pub(super) struct Claim {
    /// Its pool, as a place among those of the pass.
    pub(super) pool: usize,
    /// What its instance must be.
    pub(super) set: SetId,
    pub(super) host: HostId,
    /// Types it could still be.
    pub(super) types: Bits,
    /// Requests of its pods.
    pub(super) requests: Resources,
    pub(super) host_ports: Vec<HostPort>,
    /// Ids of its pods.
    pub(super) pods: Vec<u64>,
    pub(super) min_values_relaxed: bool,
    /// Ids of the reservations it holds an instance of.
    pub(super) reserved: Vec<Symbol>,
}

/// The claims of this pass.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) claims: Vec<Claim>,
    /// Requests of each.
    pub(super) used: Rows,
    /// The most that any type of each has left.
    pub(super) headroom: Rows,
    /// Fewest pods first.
    pub(super) order: Vec<Ranked>,
}

impl Claims {
    pub(super) fn new(kinds: &Kinds) -> Self {
        Self {
            claims: Vec::new(),
            used: Rows::new(kinds),
            headroom: Rows::new(kinds),
            order: Vec::new(),
        }
    }

    /// A claim more, with one pod.
    pub(super) fn push(&mut self, claim: Claim, used: &[i64], headroom: &[i64]) {
        let place = self.claims.len() as u32;
        self.claims.push(claim);
        self.used.push(used.iter().copied());
        self.headroom.push(headroom.iter().copied());
        self.order.push(Ranked {
            pods: 1,
            claim: place,
        });
        if order::is_shifted(&self.order) {
            let others = &self.order[..place as usize];
            let after = others.partition_point(|other| other.pods <= 1);
            self.order[after..].rotate_right(1);
        } else {
            order::sort(&mut self.order);
        }
    }

    /// The claim at `rank` has got a pod more.
    pub(super) fn reorder(&mut self, rank: usize) {
        self.order[rank].pods += 1;
        if order::is_shifted(&self.order) {
            let pods = self.order[rank].pods;
            let after = self.order[rank + 1..].partition_point(|other| other.pods < pods);
            self.order[rank..=rank + after].rotate_left(1);
        } else {
            order::sort(&mut self.order);
        }
    }
}
