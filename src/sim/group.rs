//! Managed node groups: what is a node of one like?

use crate::api::{Effect, LabelSet, Symbol, Taint, key, label, taint};
use crate::cloud::{InstanceType, InstanceTypeId};
use crate::cluster::TemplateId;
use crate::kube::autoscaler::TemplateNode;
use crate::kube::nodegroup::Launch;
use crate::kube::scheduler::NodeInfo;

use super::World;
use super::node::Owner;

impl<'s> World<'s> {
    /// What the next node of a group would be like: as one of it that is there, or of its first type in its first zone.
    pub(super) fn template_node(&self, place: usize) -> TemplateNode {
        let group = &self.scenario.cluster.node_groups[place];
        let mut there = self.nodes.iter().filter(|(_, node)| {
            node.owner == Owner::Group(place) && node.initialized.is_some() && !node.terminated
        });
        let like = there.find_map(|(_, node)| node.instance);
        let (kind, zone) = like.map_or((group.type_ids[0], group.spec.zones[0]), |instance| {
            (instance.kind, instance.zone)
        });
        let (kind, mut labels) = self.group_labels(place, kind, zone);
        let capacity_type = self.capacity_type_symbols[group.capacity_type as usize];
        label_instance(&mut labels, kind, zone, capacity_type);
        TemplateNode {
            daemons: self.daemons_of(&labels, &group.spec.taints),
            info: NodeInfo {
                taints: group.spec.taints.clone(),
                allocatable: kind.allocatable,
                labels,
                ..NodeInfo::default()
            },
            capacity: kind.capacity,
        }
    }

    /// The type of a group's node as it sees itself, and the labels that the group gives it.
    pub(super) fn group_labels(
        &self,
        place: usize,
        kind: InstanceTypeId,
        zone: Symbol,
    ) -> (&'s InstanceType, LabelSet) {
        let group = &self.scenario.cluster.node_groups[place];
        let at = group.type_ids.iter().position(|&id| id == kind);
        let launch = Launch {
            instance_type: self.scenario.catalog.get(kind).name,
            zone,
        };
        (
            &group.types[at.unwrap_or(0)],
            group.spec.node_labels(launch),
        )
    }

    /// The DaemonSets that have a pod on a node with these labels and taints.
    pub(super) fn daemons_of(&self, labels: &LabelSet, taints: &[Taint]) -> Vec<TemplateId> {
        let runs = |template: TemplateId| {
            let template = self.scenario.template(template);
            let hard = taints
                .iter()
                .filter(|taint| taint.effect != Effect::PreferNoSchedule);
            hard.into_iter()
                .all(|hard| taint::tolerated(hard, &template.tolerations))
                && template.node_matches(labels, &self.scenario.symbols)
        };
        let all = self.scenario.cluster.daemons.iter();
        all.map(|daemon| daemon.template)
            .filter(|&template| runs(template))
            .collect()
    }
}

/// Adds what the instance makes of a node's labels.
pub(super) fn label_instance(
    labels: &mut LabelSet,
    kind: &InstanceType,
    zone: Symbol,
    capacity_type: Symbol,
) {
    for (name, requirement) in kind.requirements.iter() {
        if let [value] = requirement.values()
            && !label::OF_RESERVATION.contains(&name)
            && !requirement.allows_absence()
        {
            labels.insert(name, *value);
        }
    }
    labels.insert(key::ZONE, zone);
    labels.insert(key::CAPACITY_TYPE, capacity_type);
}
