//! Which plugins are there, which of them said no to a node, and can an eviction change its mind? (spec/kubernetes.md 1.1)

use super::constants::weight;
use crate::api::{Resource, resources::RESOURCE_KINDS};

/// A filter plugin, in the order of evaluation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Plugin {
    /// Cordoned nodes.
    NodeUnschedulable,
    /// Taints the pod does not bear.
    TaintToleration,
    /// nodeSelector and required node affinity; also pods pinned to one node, as a DaemonSet's are.
    NodeAffinity,
    /// Host ports.
    NodePorts,
    /// Requests against what is left.
    NodeResourcesFit,
    /// `DoNotSchedule` spread constraints.
    PodTopologySpread,
    /// Required affinity and anti-affinity between pods.
    InterPodAffinity,
}

/// A set of filter plugins.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PluginSet(u8);

impl PluginSet {
    /// No plugin.
    pub const EMPTY: Self = Self(0);

    /// The same set with `plugin` in it.
    #[must_use]
    pub const fn with(self, plugin: Plugin) -> Self {
        Self(self.0 | 1 << plugin as u8)
    }

    /// The same set, with `plugin` in it if `condition` holds.
    #[must_use]
    pub const fn with_if(self, plugin: Plugin, condition: bool) -> Self {
        if condition { self.with(plugin) } else { self }
    }

    /// All plugins of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a plugin is in both sets.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether `plugin` is in the set.
    #[must_use]
    pub const fn contains(self, plugin: Plugin) -> bool {
        self.0 & 1 << plugin as u8 != 0
    }

    /// Whether no plugin is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A score plugin, in the order of evaluation (spec/kubernetes.md 1.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ScorePlugin {
    /// `PreferNoSchedule` taints the pod does not bear.
    TaintToleration,
    /// Preferred node affinity.
    NodeAffinity,
    /// What is left of the node.
    NodeResourcesFit,
    /// `ScheduleAnyway` spread constraints, or the system's defaults.
    PodTopologySpread,
    /// Preferred affinity and anti-affinity between pods.
    InterPodAffinity,
    /// CPU and memory used alike.
    NodeResourcesBalancedAllocation,
    /// Images the node holds.
    ImageLocality,
}

impl ScorePlugin {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::TaintToleration,
        Self::NodeAffinity,
        Self::NodeResourcesFit,
        Self::PodTopologySpread,
        Self::InterPodAffinity,
        Self::NodeResourcesBalancedAllocation,
        Self::ImageLocality,
    ];

    /// What its score of 0 to 100 is multiplied by (1.1).
    #[must_use]
    pub const fn weight(self) -> i64 {
        match self {
            Self::TaintToleration => weight::TAINT_TOLERATION,
            Self::NodeAffinity => weight::NODE_AFFINITY,
            Self::NodeResourcesFit => weight::RESOURCES_FIT,
            Self::PodTopologySpread => weight::TOPOLOGY_SPREAD,
            Self::InterPodAffinity => weight::INTER_POD_AFFINITY,
            Self::NodeResourcesBalancedAllocation => weight::BALANCED_ALLOCATION,
            Self::ImageLocality => weight::IMAGE_LOCALITY,
        }
    }
}

/// Kinds of resource, as bits in the order of [`Resource::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Kinds(u16);

const _: () = assert!(RESOURCE_KINDS <= u16::BITS as usize);

impl Kinds {
    pub(super) fn insert(&mut self, kind: Resource) {
        self.0 |= 1 << kind as u8;
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Resource> {
        Resource::ALL
            .into_iter()
            .filter(move |&kind| self.0 & 1 << kind as u8 != 0)
    }
}

/// Why a node was refused: what the first plugin that refuses says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rejection {
    Cordoned,
    /// The place of the taint in the cache's table.
    Taint(u16),
    NodeAffinity,
    HostPorts,
    /// These kinds are short; `never` if one is asked for in excess of what the empty node has.
    Insufficient {
        kinds: Kinds,
        never: bool,
    },
    SpreadLabelMissing,
    SpreadSkew,
    AffinityUnmet,
    AntiAffinity,
    AntiAffinityOfOthers,
}

/// Filtering copies one of these per node.
const _: () = assert!(size_of::<Option<Rejection>>() <= 6);

impl Rejection {
    pub(super) const fn plugin(self) -> Plugin {
        match self {
            Self::Cordoned => Plugin::NodeUnschedulable,
            Self::Taint(_) => Plugin::TaintToleration,
            Self::NodeAffinity => Plugin::NodeAffinity,
            Self::HostPorts => Plugin::NodePorts,
            Self::Insufficient { .. } => Plugin::NodeResourcesFit,
            Self::SpreadLabelMissing | Self::SpreadSkew => Plugin::PodTopologySpread,
            Self::AffinityUnmet | Self::AntiAffinity | Self::AntiAffinityOfOthers => {
                Plugin::InterPodAffinity
            }
        }
    }

    /// Whether no eviction on the node helps (*UnschedulableAndUnresolvable*).
    pub(super) const fn is_unresolvable(self) -> bool {
        match self {
            Self::Cordoned
            | Self::Taint(_)
            | Self::NodeAffinity
            | Self::SpreadLabelMissing
            | Self::AffinityUnmet => true,
            Self::Insufficient { never, .. } => never,
            Self::HostPorts
            | Self::SpreadSkew
            | Self::AntiAffinity
            | Self::AntiAffinityOfOthers => false,
        }
    }
}
