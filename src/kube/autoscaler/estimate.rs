//! How many nodes of a group do waiting pods fill? (spec/kubernetes.md 4.2)

use super::snapshot::{Snapshot, TemplateNode, Waiting};
use crate::api::{Resource, Resources};
use crate::cluster::{PodTemplate, TemplateId};

/// Nodes of a group, and the pods that would run on them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Estimate {
    pub(super) nodes: u32,
    pub(super) pods: Vec<Waiting>,
}

/// Packs pods onto at most `most` new nodes: group of equal pods by group, the largest first; each onto the nodes opened so far until
/// one does not fit, from then on only onto the newest, which is followed by another when it is full.
pub(super) fn estimate(
    mut snapshot: Snapshot<'_>,
    templates: &[PodTemplate],
    node: &TemplateNode,
    pods: &[Waiting],
    most: u32,
) -> Estimate {
    let mut packing = Packing {
        opened: Vec::new(),
        filled: 0,
        estimate: Estimate::default(),
    };
    for group in by_size(templates, node, pods) {
        let on_opened = group.iter().take_while(|&&pod| {
            let slot = snapshot.settle(pod, &packing.opened);
            slot.inspect(|&slot| packing.took(slot, pod)).is_some()
        });
        let settled = on_opened.count();
        packing.open_for(&mut snapshot, node, &group[settled..], most);
    }
    packing.estimate
}

/// Equal pods together, by their share of the node's CPU and memory, the largest first.
fn by_size(templates: &[PodTemplate], node: &TemplateNode, pods: &[Waiting]) -> Vec<Vec<Waiting>> {
    let mut groups: Vec<(TemplateId, Vec<Waiting>)> = Vec::new();
    for &pod in pods {
        match groups.iter_mut().find(|(id, _)| *id == pod.template) {
            Some((_, group)) => group.push(pod),
            None => groups.push((pod.template, vec![pod])),
        }
    }
    let size = |id: TemplateId| share(&templates[id.index()].requests, &node.info.allocatable);
    groups.sort_by(|(a, _), (b, _)| size(*b).total_cmp(&size(*a)));
    groups.into_iter().map(|(_, group)| group).collect()
}

fn share(requests: &Resources, allocatable: &Resources) -> f64 {
    let of = |kind| match allocatable[kind] {
        0 => 0.0,
        most => requests[kind] as f64 / most as f64,
    };
    of(Resource::Cpu) + of(Resource::Memory)
}

struct Packing {
    /// Slots of the nodes opened so far.
    opened: Vec<u32>,
    /// Of the opened ones how many have a pod: all, or all but the newest.
    filled: usize,
    estimate: Estimate,
}

impl Packing {
    fn took(&mut self, slot: u32, pod: Waiting) {
        if self.opened.last() == Some(&slot) {
            self.filled = self.opened.len();
        }
        self.estimate.nodes = self.filled as u32;
        self.estimate.pods.push(pod);
    }

    fn open_for(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        node: &TemplateNode,
        pods: &[Waiting],
        most: u32,
    ) {
        for &pod in pods {
            let newest = self.opened.last().copied();
            let mut slot = newest.filter(|&slot| snapshot.fits(pod, slot));
            if slot.is_none() {
                // Where the newest is empty and did not take the pod, another would not either.
                let useless = newest.is_some() && self.filled < self.opened.len();
                if useless || self.opened.len() >= most as usize {
                    return;
                }
                let opened = snapshot.add(node);
                self.opened.push(opened);
                slot = Some(opened).filter(|&slot| snapshot.fits(pod, slot));
            }
            let Some(slot) = slot else { return };
            snapshot.place(slot, pod);
            self.took(slot, pod);
        }
    }
}
