//! What does the scheduler believe about the cluster? Nodes and pods as columns, changed in place as the cluster changes.

use rustc_hash::{FxHashMap, FxHashSet};

use super::class::{Builder, Class};
use super::columns::{Columns, Images};
use super::cycle::Scratch;
use super::node_info::{NodeInfo, PodInfo};
use super::node_tree::NodeTree;
use super::plugin::Rejection;
use super::preemption::Nomination;
use super::profile::Profile;
use super::tally::Tally;
use super::topology::Topology;
use crate::api::{Resource, Resources, Symbol, Symbols, Taint, key};
use crate::cluster::PodTemplate;

/// The scheduler's picture of the cluster.
#[derive(Clone, Debug)]
pub struct Cache<'s> {
    pub(super) templates: &'s [PodTemplate],
    pub(super) symbols: &'s Symbols,
    pub(super) profile: Profile,
    pub(super) classes: Vec<Class>,
    pub(super) topologies: Vec<Topology>,
    pub(super) tallies: Vec<Tally>,
    pub(super) columns: Columns,
    pub(super) tree: NodeTree,
    /// By slot; none where no node is.
    pub(super) nodes: Vec<Option<NodeInfo>>,
    pub(super) node_count: usize,
    /// By slot.
    pub(super) pods: Vec<Vec<PodInfo>>,
    pub(super) node_of: FxHashMap<u32, u32>,
    pub(super) images: Images,
    pub(super) nominations: Vec<Nomination>,
    /// Pods on their way out because the scheduler wants their room.
    pub(super) preempted: FxHashSet<u32>,
    /// Every taint ever seen, once.
    pub(super) taints: Vec<Taint>,
    /// Where the next search starts in the order of the tree.
    pub(super) next_start: usize,
    pub(super) scratch: Scratch,
}

impl<'s> Cache<'s> {
    /// An empty cluster that will run pods of these templates. Linear in pairs of templates.
    #[must_use]
    pub fn new(templates: &'s [PodTemplate], symbols: &'s Symbols, profile: Profile) -> Self {
        let mut builder = Builder::new(templates, symbols);
        let mut classes = builder.classes();
        let mut images = Images::default();
        for (class, template) in classes.iter_mut().zip(templates) {
            class.images = images.track(&template.images);
        }
        Self {
            templates,
            symbols,
            profile,
            classes,
            topologies: builder.topologies,
            tallies: builder.tallies,
            columns: Columns::default(),
            tree: NodeTree::default(),
            nodes: Vec::new(),
            node_count: 0,
            pods: Vec::new(),
            node_of: FxHashMap::default(),
            images,
            nominations: Vec::new(),
            preempted: FxHashSet::default(),
            taints: Vec::new(),
            next_start: 0,
            scratch: Scratch::default(),
        }
    }

    /// A node appears in a free slot. Linear in templates and tallies.
    pub fn add_node(&mut self, slot: u32, info: NodeInfo) {
        let at = slot as usize;
        self.grow(at + 1);
        assert!(self.nodes[at].is_none(), "slot {slot} holds a node");
        self.node_count += 1;
        self.tree.insert(info.labels.get(key::ZONE), slot);
        self.columns.set_allocatable(at, &info.allocatable);
        self.images.set(at, &info.images);
        self.join(at, &info);
        self.nodes[at] = Some(info);
    }

    /// A node changes; its pods stay. Returns what it was, for [`super::ClusterEvent::NodeUpdated`].
    pub fn update_node(&mut self, slot: u32, info: NodeInfo) -> NodeInfo {
        let at = slot as usize;
        let before = self.nodes[at].take();
        let before = before.expect("only a node that is there changes");
        let zones = [&before, &info].map(|node| node.labels.get(key::ZONE));
        if zones[0] != zones[1] {
            self.tree.remove(zones[0], slot);
            self.tree.insert(zones[1], slot);
        }
        self.columns.set_allocatable(at, &info.allocatable);
        self.images.set(at, &info.images);
        if (&before.labels, &before.taints, before.unschedulable)
            != (&info.labels, &info.taints, info.unschedulable)
        {
            self.leave(at, &before);
            self.join(at, &info);
        }
        self.nodes[at] = Some(info);
        before
    }

    /// A node disappears with all pods on it. Its slot is free again.
    pub fn remove_node(&mut self, slot: u32) {
        let at = slot as usize;
        let info = self.nodes[at].take();
        let info = info.expect("only a node that is there disappears");
        self.leave(at, &info);
        for pod in std::mem::take(&mut self.pods[at]) {
            self.columns
                .take(at, &self.templates[pod.template.index()], -1);
            self.node_of.remove(&pod.key);
            self.preempted.remove(&pod.key);
        }
        self.nominations
            .retain(|nomination| nomination.slot != slot);
        self.tree.remove(info.labels.get(key::ZONE), slot);
        self.columns.set_allocatable(at, &Resources::ZERO);
        self.images.set(at, &[]);
        self.node_count -= 1;
    }

    /// A pod is placed or assumed on a node. A pod that was placed by the kubelet or the user may exceed what is free.
    pub fn add_pod(&mut self, slot: u32, pod: PodInfo) {
        let at = slot as usize;
        assert!(
            self.nodes[at].is_some(),
            "pod {} comes to slot {slot} without a node",
            pod.key
        );
        let twice = self.node_of.insert(pod.key, slot);
        assert!(twice.is_none(), "pod {} is on a node already", pod.key);
        self.nominations
            .retain(|nomination| nomination.pod != pod.key);
        self.place(at, pod);
    }

    /// A pod is gone from its node. Returns the node's slot and what the pod was.
    pub fn remove_pod(&mut self, key: u32) -> (u32, PodInfo) {
        let slot = self.node_of.remove(&key);
        let slot = slot.expect("only a pod on a node can leave it");
        self.preempted.remove(&key);
        (slot, self.displace(slot as usize, key))
    }

    /// A pod begins to terminate: spreading no longer counts it. Nothing changes if it did already.
    pub fn mark_terminating(&mut self, key: u32) {
        let slot = self.node_of.get(&key);
        let &slot = slot.expect("only a pod on a node terminates there");
        let at = slot as usize;
        let mut pod = self.displace(at, key);
        pod.terminating = true;
        self.place(at, pod);
    }

    /// A node has pulled an image.
    pub fn add_image(&mut self, slot: u32, image: Symbol, bytes: u64) {
        let node = self.nodes[slot as usize].as_mut();
        let node = node.expect("only a node that is there pulls images");
        node.images.retain(|&(held, _)| held != image);
        node.images.push((image, bytes));
        self.images.hold(slot as usize, image, bytes);
    }

    /// The number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.node_count
    }

    /// Slots from here on have never held a node.
    #[must_use]
    pub fn slots(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("slots are numbers of 32 bits")
    }

    /// The node in a slot.
    #[must_use]
    pub fn node(&self, slot: u32) -> Option<&NodeInfo> {
        self.nodes.get(slot as usize)?.as_ref()
    }

    /// The pods on a node, in no particular order.
    #[must_use]
    pub fn pods_on(&self, slot: u32) -> &[PodInfo] {
        self.pods.get(slot as usize).map_or(&[], Vec::as_slice)
    }

    /// The node of a pod.
    #[must_use]
    pub fn node_of(&self, pod: u32) -> Option<u32> {
        self.node_of.get(&pod).copied()
    }

    /// The sum of requests of the pods in a slot.
    #[must_use]
    pub fn requested(&self, slot: u32) -> Resources {
        Resource::ALL
            .into_iter()
            .fold(Resources::ZERO, |sum, kind| {
                sum.with(kind, self.columns.requested(kind, slot as usize))
            })
    }

    /// Puts a pod on a node in every column and tally.
    pub(super) fn place(&mut self, at: usize, pod: PodInfo) {
        self.columns
            .take(at, &self.templates[pod.template.index()], 1);
        self.count(at, pod);
        self.pods[at].push(pod);
    }

    /// Undoes [`Self::place`].
    pub(super) fn displace(&mut self, at: usize, key: u32) -> PodInfo {
        let place = self.pods[at].iter().position(|pod| pod.key == key);
        let pod = self.pods[at].swap_remove(place.expect("a pod is listed on its node"));
        self.columns
            .take(at, &self.templates[pod.template.index()], -1);
        self.uncount(at, pod);
        pod
    }

    fn count(&mut self, at: usize, pod: PodInfo) {
        for &id in &self.classes[pod.template.index()].counted_by {
            let tally = &mut self.tallies[id];
            if tally.question.terminating || !pod.terminating {
                tally.add(at, &self.topologies[tally.question.topology]);
            }
        }
    }

    fn uncount(&mut self, at: usize, pod: PodInfo) {
        for &id in &self.classes[pod.template.index()].counted_by {
            let tally = &mut self.tallies[id];
            if tally.question.terminating || !pod.terminating {
                tally.remove(at, &self.topologies[tally.question.topology]);
            }
        }
    }

    fn grow(&mut self, slots: usize) {
        let slots = slots.max(self.nodes.len());
        self.nodes.resize(slots, None);
        self.pods.resize(slots, Vec::new());
        self.columns.grow(slots);
        self.images.grow(slots);
        self.topologies
            .iter_mut()
            .for_each(|topology| topology.grow(slots));
        self.tallies.iter_mut().for_each(|tally| tally.grow(slots));
        for class in &mut self.classes {
            class.refusal.resize(slots, None);
            class.unwelcome.resize(slots, 0);
            class.preference.resize(slots, 0);
        }
    }

    /// Judges a node for every class and lets it and its pods take part in topologies and tallies.
    fn join(&mut self, at: usize, info: &NodeInfo) {
        for topology in &mut self.topologies {
            topology.join(at, &info.labels);
        }
        for tally in &mut self.tallies {
            let included = tally.question.nodes.as_ref().is_none_or(|inclusion| {
                info.is_included(
                    inclusion,
                    &self.templates[inclusion.template.index()],
                    self.symbols,
                ) && inclusion
                    .topologies
                    .iter()
                    .all(|&topology| self.topologies[topology].has(at))
            });
            tally.join(at, &self.topologies[tally.question.topology], included);
        }
        for place in 0..self.classes.len() {
            let template: &'s PodTemplate = &self.templates[place];
            let refusal = self.refusal(template, info);
            let class = &mut self.classes[place];
            class.refusal[at] = refusal;
            class.unwelcome[at] = info.unwelcome(template);
            class.preference[at] = info.preference(template, self.symbols);
        }
        for place in 0..self.pods[at].len() {
            self.count(at, self.pods[at][place]);
        }
    }

    /// Undoes [`Self::join`]; `info` is what the node joined with.
    fn leave(&mut self, at: usize, info: &NodeInfo) {
        for place in 0..self.pods[at].len() {
            self.uncount(at, self.pods[at][place]);
        }
        for tally in &mut self.tallies {
            tally.leave(at, &self.topologies[tally.question.topology]);
        }
        for topology in &mut self.topologies {
            topology.leave(at, &info.labels);
        }
    }

    /// Why a node is refused for what it is: cordon, taints, node affinity (spec/kubernetes.md 1.1, 1.7, 1.8).
    fn refusal(&mut self, template: &'s PodTemplate, info: &NodeInfo) -> Option<Rejection> {
        if info.is_cordoned_for(template) {
            return Some(Rejection::Cordoned);
        }
        if let Some(taint) = info.intolerable(template) {
            return Some(Rejection::Taint(self.taint_place(taint)));
        }
        let matches = template.node_matches(&info.labels, self.symbols);
        (!matches).then_some(Rejection::NodeAffinity)
    }

    fn taint_place(&mut self, taint: &Taint) -> u16 {
        let place = self
            .taints
            .iter()
            .position(|known| known == taint)
            .unwrap_or_else(|| {
                self.taints.push(taint.clone());
                self.taints.len() - 1
            });
        u16::try_from(place).expect("fewer than 65 536 distinct taints")
    }
}
