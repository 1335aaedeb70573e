//! What does a provisioning pass decide, and why does a pod get no place?

use super::preferences::Relaxation;
use crate::api::{Requirements, Resource, Resources, Symbol};

/// The decision of a pass. Every pod of the problem is in exactly one of `existing`, `claims`, `errors` and `unreached`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// Index of an existing node and the pod it is to take, in order of decision. These nodes are nominated (1.15); nothing is bound.
    pub existing: Vec<(usize, u64)>,
    /// Claims to create, in order of decision.
    pub claims: Vec<NewClaim>,
    /// Pods that fit nowhere, in the order they left the queue.
    pub errors: Vec<(u64, Reason)>,
    /// What placed pods had to give up first (1.7); those that gave up nothing are absent.
    pub relaxed: Vec<(u64, Relaxation)>,
    /// Pods the pass had no time for.
    pub unreached: Vec<u64>,
}

/// A claim to create (1.10, 1.14).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewClaim {
    /// Index of its pool.
    pub pool: usize,
    /// What its instance must be: pool, pods and topology together, with the type names and the capacity types a launch may try.
    pub requirements: Requirements,
    /// Places in the pool's types, cheapest first, as many as a claim may list.
    pub types: Vec<usize>,
    /// Requests of its pods and the least DaemonSet overhead among its types.
    pub requests: Resources,
    /// Its pods, in order of decision.
    pub pods: Vec<u64>,
    /// Whether `minValues` was lowered to what there is (annotation `karpenter.sh/nodeclaim-min-values-relaxed`).
    pub min_values_relaxed: bool,
}

/// Why a pod fits nowhere: the last attempt, with everything relaxed that may be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reason {
    /// What the existing nodes refused it for.
    pub nodes: NodeFailures,
    /// What each pool refused it for, in the order they were tried. Empty when there is no eligible pool, and then no node was tried either (1.1).
    pub pools: Vec<PoolFailure>,
}

/// How many existing nodes refused a pod for which cause; each node counts once, for the first cause in this order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NodeFailures {
    /// Within the consolidateAfter window of their pool.
    pub protected: u32,
    /// A taint the pod does not bear.
    pub taints: u32,
    /// A host port is taken.
    pub host_ports: u32,
    /// Not enough left.
    pub resources: u32,
    /// Labels the pod does not accept.
    pub requirements: u32,
    /// Spread, affinity or anti-affinity.
    pub topology: u32,
}

/// Why a new claim of a pool could not take a pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolFailure {
    /// Index of the pool.
    pub pool: usize,
    /// Why.
    pub cause: Cause,
}

/// Why a claim could not take a pod: the first obstacle in the order of 1.10.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The pool has this many nodes or more (1.12).
    NodeLimit(i64),
    /// No type is left whose capacity is within what the pool may still have of the resource (1.12); the resource is the first that
    /// excludes every type, if a single one does.
    Limits(Option<Resource>),
    /// The pod does not bear the taint with this index in the pool's taints.
    Taint(usize),
    /// Pod and claim cannot agree on this label.
    Requirement(Symbol),
    /// Spread, affinity or anti-affinity over this label leaves no domain.
    Topology(Symbol),
    /// No type passes.
    Types(TypeFailures),
    /// Reserved capacity would do and other claims of the pass hold all there is: the pod waits for the next pass (1.13).
    Reserved,
    /// Fewer distinct values of a label among the types that pass than the pool asks for.
    MinValues {
        /// The label.
        key: Symbol,
        /// What the pool asks for.
        wanted: u32,
        /// What there is.
        found: u32,
    },
}

/// Which filters refused how many types. A type may fail several filters and then counts in each; every type of `total` fails one at least.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TypeFailures {
    /// Types the claim still had.
    pub total: u32,
    /// Labels of the type contradict the claim.
    pub requirements: u32,
    /// Allocatable is less than the requests of pods and DaemonSets.
    pub resources: u32,
    /// No available offering in the zones and capacity types of the claim.
    pub offering: u32,
    /// A DaemonSet pod of the node takes the pod's host port.
    pub host_ports: u32,
}
