//! What a scheduler decided, in the form of the recordings.

use std::collections::BTreeMap;

use karpsim::api::{Operator, Requirement, Requirements, Symbols};
use karpsim::karpenter::provisioning::{Cause, Plan};
use serde::Deserialize;

use super::case::{Amounts, Case, Offering};
use super::world::Staged;

/// Claims in the order of their pods, existing nodes and pods by name.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Outcome {
    pub(crate) claims: Vec<Claim>,
    /// Pods by existing node, in order of decision.
    pub(crate) nodes: BTreeMap<String, Vec<String>>,
    /// What each pool refused it for, by pod.
    pub(crate) errors: BTreeMap<String, Vec<String>>,
}

/// A claim to create.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Claim {
    pub(crate) node_pool: String,
    /// Cheapest first.
    pub(crate) types: Vec<String>,
    /// In the order of key and operator.
    pub(crate) requirements: Vec<Selection>,
    pub(crate) requests: Amounts,
    /// In order of decision.
    pub(crate) pods: Vec<String>,
    #[serde(default)]
    pub(crate) min_values_relaxed: bool,
}

/// A node selector requirement with sorted values.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Selection {
    pub(crate) key: String,
    pub(crate) operator: String,
    #[serde(default)]
    pub(crate) values: Vec<String>,
    #[serde(default)]
    pub(crate) min_values: Option<u32>,
}

impl Outcome {
    /// Our decision in the same form.
    pub(crate) fn of(plan: &Plan, staged: &Staged, case: &Case) -> Self {
        let world = &staged.world;
        let pod = |id: &u64| staged.pod_names[*id as usize].clone();
        let mut outcome = Self::default();
        for claim in &plan.claims {
            let pool = &world.pools[claim.pool];
            let name = |place: &usize| world.symbols.name(pool.types[*place].name).into_owned();
            outcome.claims.push(Claim {
                node_pool: world.symbols.name(pool.name).into_owned(),
                types: claim.types.iter().map(name).collect(),
                requirements: selections(&claim.requirements, &world.symbols),
                requests: Amounts(claim.requests),
                pods: claim.pods.iter().map(pod).collect(),
                min_values_relaxed: claim.min_values_relaxed,
            });
        }
        outcome.settle_order(case);
        outcome.claims.sort_by(|a, b| a.pods.cmp(&b.pods));
        for (node, id) in &plan.existing {
            let name = world.symbols.name(world.existing[*node].name).into_owned();
            outcome.nodes.entry(name).or_default().push(pod(id));
        }
        for (id, reason) in &plan.errors {
            let causes = reason.pools.iter().map(|failure| kind(&failure.cause));
            outcome.errors.insert(pod(id), causes.collect());
        }
        outcome
    }
}

impl Outcome {
    /// Puts what has no order into one.
    pub(crate) fn settle_order(&mut self, case: &Case) {
        for claim in &mut self.claims {
            claim.settle_order(case);
        }
    }

    /// Whether ours is this decision. Of a pod without a place upstream says nothing about pools that their own requirements leave no
    /// type, which we name last.
    pub(crate) fn allows(&self, ours: &Self) -> bool {
        let same_pods = self.errors.keys().eq(ours.errors.keys());
        let mut refusals = self.errors.values().zip(ours.errors.values());
        self.claims == ours.claims
            && self.nodes == ours.nodes
            && same_pods
            && refusals.all(|(wanted, ours)| *wanted == ["no pool"] || is_refusal(wanted, ours))
    }

    /// The parts that differ.
    pub(crate) fn against(&self, ours: &Self) -> String {
        let mut text = String::new();
        let mut line = |part: String| text.push_str(&format!("    {part}\n"));
        let pods = |claims: &[Claim]| claims.iter().map(|c| c.pods.clone()).collect::<Vec<_>>();
        if pods(&self.claims) == pods(&ours.claims) {
            for (wanted, ours) in self.claims.iter().zip(&ours.claims) {
                if wanted.types != ours.types {
                    line(format!("types {:?}, not {:?}", wanted.types, ours.types));
                }
                let lacks = |a: &Claim, b: &Claim| -> Vec<Selection> {
                    let more = a
                        .requirements
                        .iter()
                        .filter(|r| !b.requirements.contains(r));
                    more.cloned().collect()
                };
                let (more, less) = (lacks(wanted, ours), lacks(ours, wanted));
                if !more.is_empty() || !less.is_empty() {
                    line(format!("requires {more:?}, not {less:?}"));
                }
                if wanted.requests != ours.requests {
                    line(format!(
                        "requests {:?}, not {:?}",
                        wanted.requests, ours.requests
                    ));
                }
                if wanted.node_pool != ours.node_pool {
                    line(format!("pool {}, not {}", wanted.node_pool, ours.node_pool));
                }
                if wanted.min_values_relaxed != ours.min_values_relaxed {
                    line(format!("relaxed is {}", wanted.min_values_relaxed));
                }
            }
        } else {
            line(format!("claims {:?}", pods(&self.claims)));
            line(format!("not    {:?}", pods(&ours.claims)));
        }
        if self.nodes != ours.nodes {
            line(format!("nodes {:?}, not {:?}", self.nodes, ours.nodes));
        }
        if self.errors != ours.errors {
            line(format!("errors {:?}, not {:?}", self.errors, ours.errors));
        }
        text
    }
}

/// What upstream says, and what we say of the same refusal: a pool that has more nodes than it may.
const ALIASES: [(&str, &str); 1] = [("limits", "nodeLimit")];

fn is_refusal(wanted: &[String], ours: &[String]) -> bool {
    let mut pairs = wanted.iter().zip(ours);
    wanted.len() <= ours.len()
        && pairs.all(|(wanted, ours)| wanted == ours || ALIASES.contains(&(wanted, ours)))
}

impl Claim {
    /// Names the types last, and by name, that the claim allows no offering of: to upstream they are all infinitely dear, so their order means
    /// nothing.
    fn settle_order(&mut self, case: &Case) {
        let listed = |key: &str| {
            let mut selections = self.requirements.iter();
            let selection = selections.find(|r| r.key == key && r.operator == "In");
            selection.map(|selection| selection.values.as_slice())
        };
        let Some(ids) = listed("karpenter.k8s.aws/capacity-reservation-id") else {
            return;
        };
        let zones = listed("topology.kubernetes.io/zone");
        let allowed = |offering: &Offering| {
            let held = offering
                .reservation
                .as_ref()
                .is_some_and(|r| ids.contains(&r.id));
            held && !offering.unavailable
                && zones.is_none_or(|zones| zones.contains(&offering.zone))
        };
        let sold = |name: &String| {
            let mut types = case.types.iter().filter(|t| t.name == *name);
            types.any(|t| t.offerings.iter().flatten().any(allowed))
        };
        let (mut first, mut last): (Vec<_>, Vec<_>) = self.types.iter().cloned().partition(sold);
        last.sort_unstable();
        first.append(&mut last);
        self.types = first;
    }
}

/// The kinds of refusal that the recorder knows.
fn kind(cause: &Cause) -> String {
    match cause {
        Cause::NodeLimit(_) => "nodeLimit",
        Cause::Limits(_) => "limits",
        Cause::Taint(_) => "taint",
        Cause::Requirement(_) => "requirement",
        Cause::Topology(_) => "topology",
        Cause::Types(_) => "types",
        Cause::MinValues { .. } => "minValues",
        Cause::Reserved => "reserved",
    }
    .to_owned()
}

fn selections(requirements: &Requirements, symbols: &Symbols) -> Vec<Selection> {
    let mut all: Vec<Selection> = requirements
        .iter()
        .flat_map(|(key, requirement)| {
            written(requirement, symbols)
                .into_iter()
                .map(move |(operator, values)| Selection {
                    key: symbols.name(key).into_owned(),
                    operator: format!("{operator:?}"),
                    values,
                    min_values: requirement.min_values(),
                })
        })
        .collect();
    all.sort_unstable();
    all
}

/// How a requirement is written into a NodeClaim: bounds, where there are any, and nothing else besides.
fn written(requirement: &Requirement, symbols: &Symbols) -> Vec<(Operator, Vec<String>)> {
    let bound = |operator, bound: Option<i64>| bound.map(|n| (operator, vec![n.to_string()]));
    let (low, high) = requirement.bounds();
    let bounds = bound(Operator::Gte, low)
        .into_iter()
        .chain(bound(Operator::Lte, high));
    let bounds: Vec<_> = bounds.collect();
    if !bounds.is_empty() {
        return bounds;
    }
    let values = requirement.values().iter();
    let mut values: Vec<String> = values.map(|v| symbols.name(*v).into_owned()).collect();
    values.sort_unstable();
    vec![(requirement.operator(), values)]
}
