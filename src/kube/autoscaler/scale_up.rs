//! Does a group have to grow? (spec/kubernetes.md 4.2)

use super::estimate::{Estimate, estimate};
use super::expander::Expander;
use super::snapshot::{Snapshot, TemplateNode, Waiting};
use super::{GPU_POD_AGE, MAX_NODES_PER_SCALE_UP, POD_AGE};
use crate::api::Resource;
use crate::cluster::PodTemplate;
use crate::des::{SimDuration, SimTime, Stream};

/// A node group.
#[derive(Clone, Debug)]
pub struct Group {
    /// What its next node would be like.
    pub node: TemplateNode,
    /// Nodes it has asked for.
    pub target: u32,
    /// Of them those that have not registered yet.
    pub upcoming: u32,
    /// Most nodes.
    pub max: u32,
    /// Whether it may grow: it has not failed lately.
    pub healthy: bool,
}

/// What a loop makes of the pods that wait.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScaleUp {
    /// Pods that have room on nodes that are there or on their way.
    pub expected: Vec<u32>,
    /// The group that grows, if one does.
    pub growth: Option<Growth>,
    /// Pods that no group helps, at least not now.
    pub left: Vec<u32>,
}

/// A group grows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Growth {
    /// Which, by its place.
    pub group: usize,
    /// By so many nodes.
    pub nodes: u32,
    /// For these pods.
    pub pods: Vec<u32>,
}

/// Looks at the pods that wait, in the order of their age.
#[must_use]
pub fn scale_up(
    now: SimTime,
    mut snapshot: Snapshot<'_>,
    templates: &[PodTemplate],
    groups: &[Group],
    pods: &[Waiting],
    expander: Expander,
    ties: &mut Stream,
) -> ScaleUp {
    let (expected, rest) = filter_schedulable(&mut snapshot, templates, groups, pods);
    let mut answer = ScaleUp {
        expected: keys(&expected),
        growth: None,
        left: keys(&rest),
    };
    if rest.is_empty() || all_new(now, templates, &rest) {
        return answer;
    }
    let mut places = Vec::new();
    let mut options: Vec<(Estimate, &TemplateNode)> = Vec::new();
    for (place, group) in groups.iter().enumerate() {
        let most = group
            .max
            .saturating_sub(group.target)
            .min(MAX_NODES_PER_SCALE_UP);
        if most == 0 || !group.healthy {
            continue;
        }
        let helped = helped(&snapshot, &group.node, &rest);
        let estimate = estimate(snapshot.clone(), templates, &group.node, &helped, most);
        if estimate.nodes > 0 {
            places.push(place);
            options.push((estimate, &group.node));
        }
    }
    if let Some(best) = expander.best(&options, templates, ties) {
        let (estimate, _) = options.swap_remove(best);
        let pods = keys(&estimate.pods);
        answer.left.retain(|pod| !pods.contains(pod));
        answer.growth = Some(Growth {
            group: places[best],
            nodes: estimate.nodes,
            pods,
        });
    }
    answer
}

fn keys(pods: &[Waiting]) -> Vec<u32> {
    pods.iter().map(|pod| pod.pod).collect()
}

/// Takes those out that have room on nodes that are there or on their way; by priority, the highest first.
fn filter_schedulable(
    snapshot: &mut Snapshot<'_>,
    templates: &[PodTemplate],
    groups: &[Group],
    pods: &[Waiting],
) -> (Vec<Waiting>, Vec<Waiting>) {
    for group in groups {
        for _ in 0..group.upcoming {
            snapshot.add(&group.node);
        }
    }
    let slots = snapshot.slots();
    let mut ordered = pods.to_vec();
    ordered.sort_by_key(|pod| std::cmp::Reverse(templates[pod.template.index()].priority));
    ordered
        .into_iter()
        .partition(|&pod| snapshot.settle(pod, &slots).is_some())
}

/// Whether even the oldest is so young that more of its kind may be on their way.
fn all_new(now: SimTime, templates: &[PodTemplate], pods: &[Waiting]) -> bool {
    let young = |pods: &mut dyn Iterator<Item = &Waiting>, age: SimDuration| {
        pods.map(|pod| pod.created)
            .min()
            .is_some_and(|oldest| oldest + age > now)
    };
    let asks_for_gpu = |pod: &&Waiting| {
        let requests = &templates[pod.template.index()].requests;
        requests[Resource::NvidiaGpu] > 0 || requests[Resource::AmdGpu] > 0
    };
    young(&mut pods.iter(), POD_AGE) || young(&mut pods.iter().filter(asks_for_gpu), GPU_POD_AGE)
}

/// Pods that an empty node of the group would take, judged once for equal pods.
fn helped(snapshot: &Snapshot<'_>, node: &TemplateNode, pods: &[Waiting]) -> Vec<Waiting> {
    let mut snapshot = snapshot.clone();
    let slot = snapshot.add(node);
    let mut judged: Vec<(crate::cluster::TemplateId, bool)> = Vec::new();
    let mut helped = Vec::new();
    for &pod in pods {
        let known = judged.iter().find(|(id, _)| *id == pod.template);
        let fits = known.map(|(_, fits)| *fits).unwrap_or_else(|| {
            let fits = snapshot.fits(pod, slot);
            judged.push((pod.template, fits));
            fits
        });
        if fits {
            helped.push(pod);
        }
    }
    helped
}
