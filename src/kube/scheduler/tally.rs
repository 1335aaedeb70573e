//! How many pods that match stand in each domain? One running count per distinct question the templates ask.
//!
//! Spread constraints, affinity terms in both directions and host ports all ask the same: of pods of these templates, how many
//! stand in that domain? A selector is a fixed set of templates, so a pod that comes or goes changes a few integers, and no
//! attempt ever looks at a pod.

use super::topology::{NO_DOMAIN, Topology};
use crate::cluster::TemplateId;

/// The place of a topology in the cache's table.
pub(super) type TopologyId = usize;
/// The place of a tally in the cache's table.
pub(super) type TallyId = usize;

/// The topology in which every node is a domain of its own.
pub(super) const NODE: TopologyId = 0;

/// What is counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Question {
    /// Pods of these templates, sorted.
    pub(super) of: Vec<TemplateId>,
    /// By the domains of this topology.
    pub(super) topology: TopologyId,
    /// On these nodes only; on all where none.
    pub(super) nodes: Option<Inclusion>,
    /// Whether terminating pods count.
    pub(super) terminating: bool,
}

/// Which nodes take part in a spread (spec/kubernetes.md 1.9).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Inclusion {
    /// The template that spreads.
    pub(super) template: TemplateId,
    /// Only those its node affinity accepts.
    pub(super) honor_affinity: bool,
    /// Only those whose taints it bears.
    pub(super) honor_taints: bool,
    /// Only those with a domain in each of these.
    pub(super) topologies: Vec<TopologyId>,
}

/// The answer, kept up to date.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) question: Question,
    /// Pods by domain.
    pub(super) counts: Vec<u32>,
    /// Nodes that take part, by domain.
    nodes: Vec<u32>,
    /// Whether a node takes part, by slot.
    takes_part: Vec<bool>,
    /// Pods in all domains.
    pub(super) total: u32,
}

impl Tally {
    pub(super) fn new(question: Question) -> Self {
        Self {
            question,
            counts: Vec::new(),
            nodes: Vec::new(),
            takes_part: Vec::new(),
            total: 0,
        }
    }

    pub(super) fn grow(&mut self, slots: usize) {
        self.takes_part.resize(slots, false);
    }

    /// Lets a node, which has joined `topology`, take part if it has a domain there and `included` holds. It brings no pods yet.
    pub(super) fn join(&mut self, slot: usize, topology: &Topology, included: bool) {
        self.counts.resize(topology.domains(), 0);
        self.nodes.resize(topology.domains(), 0);
        let domain = topology.domain_of[slot];
        self.takes_part[slot] = included && domain != NO_DOMAIN;
        if self.takes_part[slot] {
            self.nodes[domain as usize] += 1;
        }
    }

    /// Ends what [`Self::join`] began, once all pods of the node are taken off and before it leaves `topology`.
    pub(super) fn leave(&mut self, slot: usize, topology: &Topology) {
        if std::mem::replace(&mut self.takes_part[slot], false) {
            let domain = topology.domain_of[slot] as usize;
            self.nodes[domain] -= 1;
            assert!(
                self.nodes[domain] > 0 || self.counts[domain] == 0,
                "pods outlive their domain"
            );
        }
    }

    /// Counts a pod that comes to a node.
    pub(super) fn add(&mut self, slot: usize, topology: &Topology) {
        if self.takes_part[slot] {
            self.counts[topology.domain_of[slot] as usize] += 1;
            self.total += 1;
        }
    }

    /// Counts a pod that leaves a node.
    pub(super) fn remove(&mut self, slot: usize, topology: &Topology) {
        if self.takes_part[slot] {
            self.counts[topology.domain_of[slot] as usize] -= 1;
            self.total -= 1;
        }
    }

    /// The pods in a domain, 0 in none.
    #[inline]
    pub(super) fn count(&self, domain: u32) -> u32 {
        self.counts.get(domain as usize).copied().unwrap_or(0)
    }

    /// The smallest count over domains with a node that takes part; 0 if there are fewer of them than `min_domains`.
    pub(super) fn minimum(&self, min_domains: u32) -> u32 {
        let (least, domains) = self
            .counts
            .iter()
            .zip(&self.nodes)
            .filter(|&(_, &nodes)| nodes > 0)
            .fold((u32::MAX, 0), |(least, domains), (&count, _)| {
                (least.min(count), domains + 1)
            });
        if domains < min_domains { 0 } else { least }
    }
}
