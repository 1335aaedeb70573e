//! What does the disruption controller decide, and why does it leave nodes alone?

use crate::api::Symbol;
use crate::api::objects::karpenter::DisruptionReason;
use crate::cloud::Price;
use crate::des::{SimDuration, SimTime};
use crate::karpenter::Version;
use crate::karpenter::budget::Allowance;
use crate::karpenter::provisioning::NewClaim;

use super::balanced::Score;
use super::validation::ValidationFailure;
use super::view::NodeId;
use super::what_if::Stranded;

/// The methods, in the order in which the newest release tries them (4.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Method {
    /// Nodes without pods (4.5).
    Emptiness,
    /// Nodes of static pools that are not what their pool and node class say now (4.11).
    StaticDrift,
    /// A node that is not what its pool and node class say now, for new ones that are (4.11).
    Drift,
    /// Several nodes for one or none (4.6).
    MultiNode,
    /// One node for a cheaper one or none (4.7).
    SingleNode,
}

impl Method {
    /// The methods of a release, in order: drift came first up to 1.4, and static pools in 1.8 (4.1).
    #[must_use]
    pub fn order(version: Version) -> &'static [Self] {
        use Method::{Drift, Emptiness, MultiNode, SingleNode, StaticDrift};
        if version.has_static_pools() {
            &[Emptiness, StaticDrift, Drift, MultiNode, SingleNode]
        } else if version.looks_for_empty_nodes_first() {
            &[Emptiness, Drift, MultiNode, SingleNode]
        } else {
            &[Drift, Emptiness, MultiNode, SingleNode]
        }
    }

    /// The key of its budgets.
    #[must_use]
    pub const fn reason(self) -> DisruptionReason {
        match self {
            Self::Emptiness => DisruptionReason::Empty,
            Self::StaticDrift | Self::Drift => DisruptionReason::Drifted,
            Self::MultiNode | Self::SingleNode => DisruptionReason::Underutilized,
        }
    }

    /// Whether its decisions have to last for [`super::controller::VALIDATION_WAIT`] before they are carried out (4.1).
    #[must_use]
    pub const fn is_validated(self) -> bool {
        !self.is_eventual()
    }

    /// Whether it may pass over what protects pods, on nodes with a `terminationGracePeriod` (4.3).
    #[must_use]
    pub const fn is_eventual(self) -> bool {
        matches!(self, Self::StaticDrift | Self::Drift)
    }

    /// Whether nodes inside their pool's `consolidateAfter` window may take the pods it moves (1.9).
    #[must_use]
    pub const fn ignores_protection(self) -> bool {
        matches!(self, Self::Drift)
    }
}

/// Nodes to remove, and what to create before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// Who decided.
    pub method: Method,
    /// The nodes that go, in the order they were looked at.
    pub candidates: Vec<NodeId>,
    /// The claims to create first; with none the nodes are deleted at once.
    pub replacements: Vec<NewClaim>,
    /// Nodes that are to take their pods: to be nominated.
    pub destinations: Vec<NodeId>,
    /// What it is worth.
    pub saving: Saving,
}

/// What a command is worth, per hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Saving {
    /// What the candidates cost now.
    pub now: Price,
    /// The most the replacements may cost when they are launched, always below `now` but for drift; 0 without one, and if the pin to spot
    /// leaves it nothing to launch (4.8, step 7).
    pub replacement_at_most: Price,
    /// What their first options cost in the cheapest zones; 0 in the same cases.
    pub replacement_at_least: Price,
}

/// Something a pass found out about nodes that stay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// These nodes were looked at together and stay.
    Kept {
        /// By which method.
        method: Method,
        /// The nodes.
        nodes: Vec<NodeId>,
        /// Why.
        why: Unconsolidatable,
    },
    /// A command did not survive its validation.
    Dropped {
        /// The command.
        command: Box<Command>,
        /// Why.
        why: ValidationFailure,
    },
    /// A method ran out of time (4.6, 4.7).
    OutOfTime {
        /// Which.
        method: Method,
        /// How long it had computed.
        after: SimDuration,
    },
    /// No pool is eligible, so that nothing could be simulated (1.1); the rest of the pass is given up.
    NoEligiblePool,
}

impl Finding {
    /// These nodes, looked at together by this method, stay.
    pub(super) fn kept(
        method: Method,
        nodes: impl IntoIterator<Item = NodeId>,
        why: Unconsolidatable,
    ) -> Self {
        Self::Kept {
            method,
            nodes: nodes.into_iter().collect(),
            why,
        }
    }
}

/// Why nodes that may go stay (4.8). Prices are per hour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unconsolidatable {
    /// The budgets of the pool allow no more.
    Budget(Allowance),
    /// A pod would find no place.
    Stranded(Stranded),
    /// It would take several new nodes.
    TooManyClaims {
        /// How many.
        claims: usize,
    },
    /// No replacement is sure to be cheaper.
    NotCheaper {
        /// What the nodes cost now.
        now: Price,
        /// Name of the type that comes nearest, and what its launch may cost; none if no type can be launched at all.
        nearest: Option<(Symbol, Price)>,
    },
    /// Types are cheap enough, but too few for the `minValues` of this label.
    MinValues {
        /// The label.
        key: Symbol,
        /// How many types are cheap enough.
        types: usize,
    },
    /// Spot nodes are not replaced by spot nodes, since the feature gate is off.
    SpotToSpotDisabled {
        /// What the nodes cost now.
        now: Price,
    },
    /// Too few types for a spot node to be replaced by another.
    SpotToSpotInflexible {
        /// How many types are cheap enough.
        types: usize,
        /// How many it takes.
        needed: usize,
    },
    /// The replacement could be of a type that one of the nodes has already, and none cheaper than that is left.
    SameType {
        /// The type.
        instance_type: Symbol,
        /// What that node costs now.
        price: Price,
    },
    /// The pool's `Balanced` policy finds it not worth the disruption (4.9).
    Unbalanced(Score),
    /// The method has nothing to do until the cluster changes, or at this time at the latest (4.17).
    NothingChanged {
        /// Then it looks again in any case.
        until: SimTime,
    },
}
