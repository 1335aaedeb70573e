//! What is said of a look: the commands that are started, and why other nodes stay.

use std::collections::{BTreeMap, BTreeSet};

use karpsim::api::{Symbol, key};
use karpsim::karpenter::disruption::{Command, Finding, NodeId};
use karpsim::karpenter::provisioning::NewClaim;
use serde::Deserialize;

use super::{MethodName, Seen};
use crate::cluster::Cluster;

/// Commands are compared without order. What is not said may be anything.
#[derive(Deserialize)]
pub(super) struct Expectation {
    /// Empty where nothing happens.
    start: Vec<CommandSpec>,
    /// By node: what is said of why it stays, a part of the finding's or the obstacle's name and data.
    #[serde(default)]
    why: BTreeMap<String, String>,
    /// What is said of why a proposal was dropped, in order.
    #[serde(default)]
    dropped: Vec<String>,
    /// Seconds from the look to the start.
    took: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandSpec {
    method: MethodName,
    /// Exactly these nodes.
    nodes: Option<BTreeSet<String>>,
    /// The first nodes, in this order.
    first: Option<Vec<String>>,
    /// So many nodes.
    count: Option<usize>,
    /// So many nodes by pool.
    pools: Option<BTreeMap<String, usize>>,
    /// What is created first: nothing where nothing is said.
    #[serde(default)]
    replace: Vec<ClaimSpec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimSpec {
    pool: Option<String>,
    /// Exactly these types, cheapest first.
    types: Option<Vec<String>>,
    /// Types that are not among them.
    #[serde(default)]
    without: Vec<String>,
    zones: Option<Vec<String>>,
    buys: Option<Vec<String>>,
}

impl Expectation {
    pub(super) fn against(&self, seen: &Seen) -> Vec<String> {
        let mut problems = Vec::new();
        let cluster = &seen.cluster;
        let mut started: Vec<&Command> = seen.started.iter().collect();
        for wanted in &self.start {
            let found = started
                .iter()
                .position(|command| wanted.problems(command, cluster).is_empty());
            match found {
                Some(place) => drop(started.remove(place)),
                None => problems.push(match started.first() {
                    Some(other) => wanted.problems(other, cluster).join("; "),
                    None => format!("{:?} starts nothing", wanted.method),
                }),
            }
        }
        if started.len() + problems.len() > self.start.len() || started.len() > problems.len() {
            let too_many = started.iter().map(|c| shown(c, cluster));
            problems.push(format!(
                "started: {}",
                too_many.collect::<Vec<_>>().join("; ")
            ));
        }
        if !problems.is_empty() {
            problems.push(format!("findings: {:?}", seen.findings));
        }
        for (node, part) in &self.why {
            let reasons = reasons(seen, node);
            if !reasons.iter().any(|reason| reason.contains(part)) {
                problems.push(format!("{node} stays for {reasons:?}, not {part}"));
            }
        }
        let dropped = seen.findings.iter().filter_map(|finding| match finding {
            Finding::Dropped { why, .. } => Some(format!("{why:?}")),
            _ => None,
        });
        let dropped: Vec<String> = dropped.collect();
        let alike = |(why, part): (&String, &String)| why.contains(part);
        if dropped.len() != self.dropped.len() || !dropped.iter().zip(&self.dropped).all(alike) {
            problems.push(format!("dropped for {dropped:?}, not {:?}", self.dropped));
        }
        if self.took.is_some_and(|took| took != seen.took) {
            problems.push(format!("took {} s", seen.took));
        }
        problems
    }
}

/// Everything known of why a node stays.
fn reasons(seen: &Seen, node: &str) -> Vec<String> {
    let named = |id: &NodeId| name(&seen.cluster, *id) == node;
    let kept = seen.findings.iter().filter_map(|finding| match finding {
        Finding::Kept { nodes, why, .. } if nodes.iter().any(named) => Some(format!("{why:?}")),
        _ => None,
    });
    let blocked = seen.standings.iter().filter(|(id, _)| named(id));
    kept.chain(blocked.map(|(_, blocked)| blocked.clone()))
        .collect()
}

fn name(cluster: &Cluster, NodeId(place): NodeId) -> &str {
    &cluster.spec.nodes[place as usize].name
}

fn names<'a>(command: &'a Command, cluster: &'a Cluster) -> impl Iterator<Item = String> + 'a {
    let candidates = command.candidates.iter();
    candidates.map(|&id| name(cluster, id).to_owned())
}

fn shown(command: &Command, cluster: &Cluster) -> String {
    let nodes: Vec<String> = names(command, cluster).collect();
    let claims = command.replacements.iter();
    let claims: Vec<_> = claims.map(|claim| types(claim, cluster)).collect();
    format!("{:?} of {nodes:?} for {claims:?}", command.method)
}

fn types(claim: &NewClaim, cluster: &Cluster) -> Vec<String> {
    let types = claim.types.iter();
    let name = |&place: &usize| cluster.spec.types[place].name.clone();
    types.map(name).collect()
}

impl CommandSpec {
    /// What is not as it should be of a command.
    fn problems(&self, command: &Command, cluster: &Cluster) -> Vec<String> {
        let mut problems = Vec::new();
        let mut differ = |what: &str, differs: bool| {
            if differs {
                problems.push(format!("{what}: {}", shown(command, cluster)));
            }
        };
        let nodes: Vec<String> = names(command, cluster).collect();
        let among: BTreeSet<String> = nodes.iter().cloned().collect();
        let mut by_pool: BTreeMap<String, usize> = BTreeMap::new();
        for &NodeId(place) in &command.candidates {
            let pool = cluster.nodes[place as usize].pool;
            *by_pool
                .entry(cluster.spec.pools[pool].name.clone())
                .or_default() += 1;
        }
        differ("method", command.method != self.method.method());
        differ(
            "nodes",
            self.nodes.as_ref().is_some_and(|wanted| *wanted != among),
        );
        differ(
            "first",
            self.first
                .as_ref()
                .is_some_and(|wanted| !nodes.starts_with(wanted)),
        );
        differ(
            "count",
            self.count.is_some_and(|wanted| wanted != nodes.len()),
        );
        differ(
            "pools",
            self.pools.as_ref().is_some_and(|wanted| *wanted != by_pool),
        );
        differ("claims", self.replace.len() != command.replacements.len());
        for (wanted, claim) in self.replace.iter().zip(&command.replacements) {
            differ("replacement", !wanted.is(claim, cluster));
        }
        problems
    }
}

impl ClaimSpec {
    fn is(&self, claim: &NewClaim, cluster: &Cluster) -> bool {
        let types = types(claim, cluster);
        let allowed = |key: Symbol, among: &[&str]| -> Vec<String> {
            let allows = |value: &&&str| {
                let value = cluster.symbols.get(value).expect("an interned label");
                let set = claim.requirements.get(key);
                set.is_none_or(|set| set.has(value, &cluster.symbols))
            };
            let values = among.iter().filter(allows);
            values.map(|value| (*value).to_owned()).collect()
        };
        let says = |wanted: &Option<Vec<String>>, found: Vec<String>| {
            wanted.as_ref().is_none_or(|wanted| *wanted == found)
        };
        let pool = &cluster.spec.pools[claim.pool].name;
        self.pool.as_ref().is_none_or(|wanted| wanted == pool)
            && says(&self.types, types.clone())
            && !self.without.iter().any(|name| types.contains(name))
            && says(&self.zones, allowed(key::ZONE, &["a", "b", "c"]))
            && says(
                &self.buys,
                allowed(key::CAPACITY_TYPE, &["reserved", "spot", "on-demand"]),
            )
    }
}
