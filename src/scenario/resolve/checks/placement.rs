//! Which nodes can there be, and what keeps a pod from them?

use std::fmt;

use crate::api::taint::tolerated;
use crate::api::{
    Effect, Quantity, Requirement, Requirements, Resource, Resources, Symbol, Taint, key,
};
use crate::cloud::{CapacityType, InstanceType};
use crate::cluster::PodTemplate;
use crate::scenario::model::ClusterModel;
use crate::scenario::resolve::cluster::suits;
use crate::scenario::resolve::context::Context;

/// Labels that every EKS node has, whoever starts it; what else a type is known by, only Karpenter writes on its nodes.
const EVERY_NODE: [Symbol; 6] = [
    key::INSTANCE_TYPE,
    key::ARCH,
    key::OS,
    key::ZONE,
    key::REGION,
    key::ZONE_ID,
];

/// What starts nodes.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::scenario::resolve) enum Place {
    NodeGroup(String),
    NodePool(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::NodeGroup(name) => write!(f, "node group `{name}`"),
            Place::NodePool(name) => write!(f, "NodePool `{name}`"),
        }
    }
}

/// The nodes that a node group or NodePool may start.
pub(super) struct Node<'c> {
    pub(super) place: Place,
    /// What its nodes are like before a type is chosen.
    requirements: Requirements,
    taints: &'c [Taint],
    /// The types there are, each with the labels its nodes get from it.
    types: Vec<(&'c InstanceType, Requirements)>,
}

/// The pods that go onto every node they can.
pub(super) struct Daemons<'t>(pub(super) &'t [&'t PodTemplate]);

/// What keeps a pod from a node.
pub(super) enum Obstacle {
    Taint(String),
    Label(String),
    /// A resource, what is asked for and left, and the type that has most of it.
    Size(Resource, i64, i64, String),
    /// Each resource fits somewhere, but never all together.
    Shape,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantity = |kind: Resource, amount| -> Quantity { kind.quantity(amount) };
        match self {
            Obstacle::Taint(taint) => write!(f, "does not tolerate taint `{taint}`"),
            Obstacle::Label(label) => write!(f, "asks for a `{label}` that nodes here do not have"),
            Obstacle::Size(kind, asked, most, name) => write!(
                f,
                "asks for {} of {}, and the most is {} on `{name}`",
                quantity(*kind, *asked),
                kind.name(),
                quantity(*kind, *most)
            ),
            Obstacle::Shape => write!(f, "fits no type with all it asks for"),
        }
    }
}

/// All nodes that node groups and NodePools may start.
pub(super) fn nodes<'c>(cx: &mut Context<'_>, cluster: &'c ClusterModel) -> Vec<Node<'c>> {
    let mut nodes = Vec::new();
    for group in &cluster.node_groups {
        let mut requirements = Requirements::from_labels(&group.spec.labels);
        requirements.set(key::NODE_GROUP, Requirement::of(vec![group.spec.name]));
        let bought = Requirement::of(vec![group.spec.capacity_type]);
        requirements.set(key::EKS_CAPACITY_TYPE, bought);
        let types = group.types.iter().filter(|kind| {
            let mut offerings = kind.offerings.iter();
            offerings.any(|o| o.available && o.capacity_type == group.capacity_type)
        });
        nodes.push(Node {
            place: Place::NodeGroup(cx.symbols.name(group.spec.name).into_owned()),
            requirements,
            taints: &group.spec.taints,
            types: types.map(|kind| (kind, everywhere(kind))).collect(),
        });
    }
    let Some(karpenter) = &cluster.karpenter else {
        return nodes;
    };
    for pool in &karpenter.pools {
        let types = karpenter.classes[pool.class].types.iter();
        let types = types.filter(|kind| suits(cx, kind, &pool.requirements));
        nodes.push(Node {
            place: Place::NodePool(pool.name.clone()),
            requirements: pool.requirements.clone(),
            taints: &pool.taints,
            types: types
                .map(|kind| (kind, kind.requirements.clone()))
                .collect(),
        });
    }
    nodes
}

fn everywhere(kind: &InstanceType) -> Requirements {
    let mut requirements = Requirements::new();
    for key in EVERY_NODE {
        if let Some(requirement) = kind.requirements.get(key) {
            requirements.set(key, requirement.clone());
        }
    }
    requirements
}

/// What a pod may ask of a node: its selector with one of its terms.
fn alternatives(cx: &Context<'_>, template: &PodTemplate) -> Vec<Requirements> {
    let terms = &template.required_node_terms;
    if terms.is_empty() {
        return vec![template.node_selector.clone()];
    }
    let with_selector = |term: &Requirements| {
        let mut both = template.node_selector.clone();
        both.add_all(term, &cx.symbols);
        both
    };
    terms.iter().map(with_selector).collect()
}

impl Node<'_> {
    /// Whether no type is left, which is a mistake of its own.
    pub(super) fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// Whether it may buy so.
    pub(super) fn buys(&self, cx: &Context<'_>, capacity_type: CapacityType) -> bool {
        let allowed = |label: &str| {
            let symbol = cx.symbols.get(label);
            let requirement = self.requirements.get(key::CAPACITY_TYPE);
            requirement.is_none_or(|set| symbol.is_some_and(|symbol| set.has(symbol, &cx.symbols)))
        };
        match &self.place {
            Place::NodePool(_) => allowed(capacity_type.label()),
            Place::NodeGroup(_) => {
                let bought = self.requirements.get(key::EKS_CAPACITY_TYPE);
                let spot = cx.symbols.get("SPOT");
                (capacity_type == CapacityType::Spot)
                    == bought.is_some_and(|set| spot.is_some_and(|s| set.has(s, &cx.symbols)))
            }
        }
    }

    /// What keeps a pod away, whatever its size.
    pub(super) fn closed(&self, cx: &Context<'_>, template: &PodTemplate) -> Option<Obstacle> {
        let hard = |taint: &&Taint| taint.effect != Effect::PreferNoSchedule;
        let mut taints = self.taints.iter().filter(hard);
        if let Some(taint) = taints.find(|taint| !tolerated(taint, &template.tolerations)) {
            let value = if taint.value.is_empty() { "" } else { "=" };
            let effect = taint.effect;
            return Some(Obstacle::Taint(format!(
                "{}{value}{}:{effect:?}",
                taint.key, taint.value
            )));
        }
        let mut first = None;
        for pod in alternatives(cx, template) {
            let conflicts = self
                .types
                .iter()
                .map(|(_, of_type)| self.label_conflict(cx, of_type, &pod));
            for conflict in conflicts {
                match conflict {
                    None => return None,
                    Some(key) => first = first.or(Some(key)),
                }
            }
        }
        first.map(|key| Obstacle::Label(cx.symbols.name(key).into_owned()))
    }

    /// The label on which a pod and a type of this place cannot meet.
    fn label_conflict(
        &self,
        cx: &Context<'_>,
        of_type: &Requirements,
        pod: &Requirements,
    ) -> Option<Symbol> {
        let mut node = self.requirements.clone();
        node.add_all(of_type, &cx.symbols);
        node.incompatible(pod, false, &cx.symbols)
    }

    /// What keeps a pod from every node here.
    pub(super) fn obstacle(
        &self,
        cx: &Context<'_>,
        template: &PodTemplate,
        daemons: &Daemons<'_>,
    ) -> Option<Obstacle> {
        if let Some(obstacle) = self.closed(cx, template) {
            return Some(obstacle);
        }
        let alternatives = alternatives(cx, template);
        let mut left = Vec::new();
        for (kind, of_type) in &self.types {
            let admitted = |pod: &Requirements| self.label_conflict(cx, of_type, pod).is_none();
            if alternatives.iter().any(admitted) {
                let free = kind.allocatable - daemons.requests(cx, self, of_type);
                if template.requests.fits(&free) {
                    return None;
                }
                left.push((*kind, free));
            }
        }
        Some(too_big(cx, &template.requests, &left))
    }
}

impl Daemons<'_> {
    /// What the daemons of a node ask for.
    fn requests(&self, cx: &Context<'_>, node: &Node<'_>, of_type: &Requirements) -> Resources {
        let runs = |daemon: &&&PodTemplate| {
            let hard = |taint: &&Taint| taint.effect != Effect::PreferNoSchedule;
            let mut taints = node.taints.iter().filter(hard);
            let mut terms = alternatives(cx, daemon).into_iter();
            taints.all(|taint| tolerated(taint, &daemon.tolerations))
                && terms.any(|term| node.label_conflict(cx, of_type, &term).is_none())
        };
        let running = self.0.iter().filter(runs);
        running.fold(Resources::ZERO, |sum, daemon| sum + daemon.requests)
    }
}

/// The resource of which even the node with most has too little.
fn too_big(
    cx: &Context<'_>,
    requests: &Resources,
    left: &[(&InstanceType, Resources)],
) -> Obstacle {
    for (resource, asked) in requests.iter() {
        let most = left.iter().max_by_key(|(_, free)| free[resource]);
        if let Some((kind, free)) = most.filter(|(_, free)| free[resource] < asked) {
            let name = cx.symbols.name(kind.name).into_owned();
            return Obstacle::Size(resource, asked, free[resource], name);
        }
    }
    Obstacle::Shape
}
