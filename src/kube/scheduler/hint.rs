//! Whom does a change of the cluster concern? The events each plugin registers, and its queueing hint for them
//! (spec/kubernetes.md 1.12).

use super::cache::Cache;
use super::class::Class;
use super::node_info::NodeInfo;
use super::plugin::{Plugin, PluginSet};
use super::tally::TallyId;
use crate::cluster::{PodTemplate, TemplateId};

/// A change of the cluster that the cache has been told of.
#[derive(Clone, Copy, Debug)]
pub enum ClusterEvent<'a> {
    /// A node appeared in this slot.
    NodeAdded(u32),
    /// The node in this slot changed; [`Cache::update_node`] returned what it was.
    NodeUpdated {
        /// The slot.
        slot: u32,
        /// The node as it was.
        before: &'a NodeInfo,
    },
    /// A node disappeared.
    NodeRemoved,
    /// A pod of this template was bound to a node.
    PodPlaced(TemplateId),
    /// A pod of this template is gone from its node, or lowered its requests.
    PodGone(TemplateId),
}

impl Cache<'_> {
    /// The plugins that, had they rejected a pod of this template, would now ask for another attempt.
    #[must_use]
    pub fn wakes(&self, event: &ClusterEvent<'_>, template: TemplateId) -> PluginSet {
        let class = &self.classes[template.index()];
        match *event {
            ClusterEvent::NodeAdded(slot) => self.after_node_change(template, slot, None),
            ClusterEvent::NodeUpdated { slot, before } => {
                self.after_node_change(template, slot, Some(before))
            }
            ClusterEvent::NodeRemoved => {
                PluginSet::EMPTY.with_if(Plugin::PodTopologySpread, !class.hard_spread.is_empty())
            }
            ClusterEvent::PodPlaced(other) => PluginSet::EMPTY
                .with_if(Plugin::PodTopologySpread, self.spreads_with(class, other))
                .with_if(
                    Plugin::InterPodAffinity,
                    self.counts_any(&class.affinity, other),
                ),
            ClusterEvent::PodGone(other) => PluginSet::EMPTY
                .with(Plugin::NodeResourcesFit)
                .with_if(Plugin::NodePorts, self.counts_any(&class.ports, other))
                .with_if(Plugin::PodTopologySpread, self.spreads_with(class, other))
                .with_if(
                    Plugin::InterPodAffinity,
                    self.counts_any(&class.anti_affinity, other)
                        || self.counts_any(&class.anti_affinity_of_others, other),
                ),
        }
    }

    /// A node that appears is one that refused everything before.
    fn after_node_change(&self, id: TemplateId, slot: u32, before: Option<&NodeInfo>) -> PluginSet {
        let Some(node) = self.node(slot) else {
            return PluginSet::EMPTY;
        };
        let template = &self.templates[id.index()];
        let class = &self.classes[id.index()];
        let turned = |accepts: &dyn Fn(&NodeInfo) -> bool| {
            accepts(node) && before.is_none_or(|before| !accepts(before))
        };
        let relabelled = before.is_none_or(|before| before.labels != node.labels);
        let more = before.is_none_or(|before| !node.allocatable.fits(&before.allocatable));
        let terms = [
            &class.affinity,
            &class.anti_affinity,
            &class.anti_affinity_of_others,
        ];
        let in_a_domain = terms.into_iter().flatten().any(|&tally| {
            let topology = self.tallies[tally].question.topology;
            self.topologies[topology].has(slot as usize)
        });
        PluginSet::EMPTY
            .with_if(
                Plugin::NodeUnschedulable,
                turned(&|node| !node.is_cordoned_for(template)),
            )
            .with_if(
                Plugin::TaintToleration,
                turned(&|node| node.intolerable(template).is_none()),
            )
            .with_if(
                Plugin::NodeAffinity,
                turned(&|node| template.node_matches(&node.labels, self.symbols)),
            )
            .with_if(Plugin::NodePorts, before.is_none())
            .with_if(Plugin::NodeResourcesFit, more && could_hold(template, node))
            .with_if(
                Plugin::PodTopologySpread,
                (relabelled || before.is_some_and(|before| before.taints != node.taints))
                    && class
                        .hard_spread
                        .iter()
                        .all(|spread| self.topologies[spread.topology].has(slot as usize)),
            )
            .with_if(Plugin::InterPodAffinity, relabelled && in_a_domain)
    }

    fn spreads_with(&self, class: &Class, other: TemplateId) -> bool {
        let spreads = class.hard_spread.iter();
        spreads
            .map(|spread| spread.tally)
            .any(|tally| self.counts(tally, other))
    }

    fn counts_any(&self, tallies: &[TallyId], other: TemplateId) -> bool {
        tallies.iter().any(|&tally| self.counts(tally, other))
    }

    fn counts(&self, tally: TallyId, other: TemplateId) -> bool {
        self.tallies[tally]
            .question
            .of
            .binary_search(&other)
            .is_ok()
    }
}

/// Whether the node, were it empty, had room for a pod.
fn could_hold(template: &PodTemplate, node: &NodeInfo) -> bool {
    template.requests.fits(&node.allocatable)
}
