//! How much may a pool still grow? (1.12)

use super::bits::Bits;
use super::problem::{Limits, Problem};
use crate::api::{Resource, Resources};
use crate::cloud::InstanceType;

impl Limits {
    /// Whether a pool whose nodes have this capacity together is beyond its limits, so that no claim of it is created (1.12).
    #[must_use]
    pub fn exceeded_by(&self, capacity: &Resources, nodes: u32) -> bool {
        let mut resources = self.resources.iter();
        resources.any(|&(kind, limit)| capacity[kind] > limit)
            || self.nodes.is_some_and(|limit| i64::from(nodes) > limit)
    }
}

/// What is left of a pool's limits.
#[derive(Clone, Debug)]
pub(super) struct Remaining {
    resources: Vec<(Resource, i64)>,
    nodes: Option<i64>,
}

impl Remaining {
    /// The limits less the capacity of the pool's nodes among those passed in.
    pub(super) fn new(limits: &Limits, pool: usize, problem: &Problem) -> Self {
        let mut remaining = Self {
            resources: limits.resources.clone(),
            nodes: limits.nodes,
        };
        for node in problem
            .existing
            .iter()
            .filter(|node| node.pool == Some(pool))
        {
            remaining.subtract(&node.capacity);
            remaining.nodes = remaining.nodes.map(|nodes| nodes - 1);
        }
        remaining
    }

    /// Whether there may be no more nodes. Claims of the same pass do not count: they have no capacity of kind `nodes`.
    pub(super) fn nodes_exhausted(&self) -> bool {
        self.nodes.is_some_and(|nodes| nodes <= 0)
    }

    /// Whether every type is within the limits for want of any.
    pub(super) fn is_unlimited(&self) -> bool {
        self.resources.is_empty()
    }

    /// Whether a node of this capacity is within the limits.
    pub(super) fn allows(&self, capacity: &Resources) -> bool {
        self.resources
            .iter()
            .all(|&(kind, left)| capacity[kind] <= left)
    }

    /// The first resource whose limit excludes every one of the types by itself.
    pub(super) fn excluding<'t>(
        &self,
        types: impl Iterator<Item = &'t InstanceType> + Clone,
    ) -> Option<Resource> {
        let excludes =
            |&&(kind, left): &&(Resource, i64)| types.clone().all(|t| t.capacity[kind] > left);
        self.resources.iter().find(excludes).map(|&(kind, _)| kind)
    }

    /// Charges a new claim with the largest capacity, component by component, of its types as of its first pod. Never given back.
    pub(super) fn charge(&mut self, claim: &Bits, types: &[InstanceType]) {
        for (kind, left) in &mut self.resources {
            let largest = claim.iter().map(|place| types[place].capacity[*kind]).max();
            *left -= largest.unwrap_or(0);
        }
    }

    fn subtract(&mut self, capacity: &Resources) {
        for (kind, left) in &mut self.resources {
            *left -= capacity[*kind];
        }
    }
}
