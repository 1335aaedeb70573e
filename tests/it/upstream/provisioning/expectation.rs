//! What does upstream assert about a decision? Said in the words of the case files, and held against a decision, ours or the real one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::launch::{self, Labels};
use crate::provisioning::conformance::case::{Amounts, Case, Workload};
use crate::provisioning::conformance::outcome::{Claim, Outcome, Selection};

type Names = BTreeSet<String>;

/// What must hold of a decision. What is not said is none: no claim, no pod on an existing node, no pod without a place.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Expectation {
    #[serde(default)]
    claims: Claims,
    /// How many pods an existing node gets, or which.
    #[serde(default)]
    existing: BTreeMap<String, Pods>,
    /// Pods that find no place: how many, or which, with the refusal of the first pool.
    #[serde(default)]
    refused: Refused,
    #[serde(default)]
    spread: Vec<Spread>,
    /// Pods that have one node together.
    #[serde(default)]
    together: Vec<Names>,
    /// Pods of which no two have one node.
    #[serde(default)]
    apart: Vec<Names>,
}

/// How many new claims, or which.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Claims {
    Number(usize),
    Each(Vec<OneClaim>),
}

impl Default for Claims {
    fn default() -> Self {
        Self::Number(0)
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Pods {
    Number(usize),
    Named(Names),
}

impl Pods {
    fn are(&self, pods: &[String]) -> bool {
        match self {
            Self::Number(number) => pods.len() == *number,
            Self::Named(named) => names(pods) == *named,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Refused {
    Number(usize),
    Each(BTreeMap<String, Option<String>>),
}

impl Default for Refused {
    fn default() -> Self {
        Self::Number(0)
    }
}

/// What is asserted about one claim.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct OneClaim {
    pods: Option<Names>,
    /// How many pods.
    size: Option<usize>,
    pool: Option<String>,
    /// The first type.
    cheapest: Option<String>,
    /// Every type, in whatever order.
    types: Option<Names>,
    /// How many types.
    options: Option<usize>,
    /// Labels of the node it becomes; null for one that it does not have.
    node: BTreeMap<String, Option<String>>,
    /// Requirements it has among others.
    requirements: Vec<Selection>,
    requests: Option<Amounts>,
    min_values_relaxed: Option<bool>,
}

/// How many pods each domain has, those bound included.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Spread {
    key: String,
    /// Labels of the pods that count.
    of: Labels,
    /// Each domain with a pod, without order.
    counts: Option<Vec<usize>>,
    /// How many the fullest domain may have.
    most: Option<usize>,
}

/// A node of the cluster after the decision.
struct Home<'a> {
    labels: Labels,
    /// Labels of each pod.
    pods: Vec<&'a Labels>,
}

impl Expectation {
    /// What does not hold.
    pub(super) fn against(&self, outcome: &Outcome, case: &Case) -> Vec<String> {
        let mut wrong = Vec::new();
        self.claims.against(outcome, case, &mut wrong);
        let same_nodes = self.existing.keys().eq(outcome.nodes.keys());
        let mut wanted = self.existing.values().zip(outcome.nodes.values());
        if !same_nodes || !wanted.all(|(wanted, pods)| wanted.are(pods)) {
            let (nodes, wanted) = (&outcome.nodes, &self.existing);
            wrong.push(format!("on existing nodes {nodes:?}, not {wanted:?}"));
        }
        self.refused.against(outcome, &mut wrong);
        let homes = homes(outcome, case);
        for spread in &self.spread {
            wrong.extend(spread.against(&homes));
        }
        for (groups, wanted) in [(&self.together, "together"), (&self.apart, "apart")] {
            for pods in groups {
                let places: BTreeSet<_> = pods.iter().map(|pod| place_of(pod, outcome)).collect();
                let expected = if wanted == "apart" { pods.len() } else { 1 };
                if places.len() != expected || places.contains(&None) {
                    wrong.push(format!("{pods:?} are not {wanted}: {places:?}"));
                }
            }
        }
        wrong
    }
}

impl Claims {
    fn against(&self, outcome: &Outcome, case: &Case, wrong: &mut Vec<String>) {
        let (wanted, made) = (self.number(), outcome.claims.len());
        if made != wanted {
            let pods: Vec<_> = outcome.claims.iter().map(|claim| &claim.pods).collect();
            wrong.push(format!("{made} claims, not {wanted}: {pods:?}"));
        }
        let Self::Each(each) = self else { return };
        let mut left: Vec<&Claim> = outcome.claims.iter().collect();
        for wanted in each {
            let misses = |claim: &&Claim| wanted.against(claim, case);
            match left.iter().position(|claim| misses(claim).is_empty()) {
                Some(place) => drop(left.remove(place)),
                None => {
                    let closest = left.iter().map(misses).min_by_key(Vec::len);
                    wrong.push(format!("no claim is {wanted:?}: {closest:?}"));
                }
            }
        }
    }

    fn number(&self) -> usize {
        match self {
            Self::Number(number) => *number,
            Self::Each(each) => each.len(),
        }
    }
}

impl Refused {
    fn against(&self, outcome: &Outcome, wrong: &mut Vec<String>) {
        let errors = &outcome.errors;
        let right = match self {
            Self::Number(number) => errors.len() == *number,
            Self::Each(each) => {
                let same = |(pod, kind): (&String, &Option<String>)| {
                    let kinds = errors.get(pod);
                    kinds.is_some_and(|kinds| kind.is_none() || kinds.first() == kind.as_ref())
                };
                each.len() == errors.len() && each.iter().all(same)
            }
        };
        if !right {
            wrong.push(format!("refused {errors:?}, not {self:?}"));
        }
    }
}

/// Notes what is not as wanted.
fn check<T: PartialEq + std::fmt::Debug>(wrong: &mut Vec<String>, wanted: &Option<T>, is: T) {
    if wanted.as_ref().is_some_and(|wanted| *wanted != is) {
        wrong.push(format!("{is:?}"));
    }
}

impl OneClaim {
    fn against(&self, claim: &Claim, case: &Case) -> Vec<String> {
        let mut wrong = Vec::new();
        let first = claim.types.first().cloned().unwrap_or_default();
        check(&mut wrong, &self.pods, names(&claim.pods));
        check(&mut wrong, &self.size, claim.pods.len());
        check(&mut wrong, &self.pool, claim.node_pool.clone());
        check(&mut wrong, &self.cheapest, first);
        check(&mut wrong, &self.types, names(&claim.types));
        check(&mut wrong, &self.options, claim.types.len());
        check(
            &mut wrong,
            &self.min_values_relaxed,
            claim.min_values_relaxed,
        );
        check(&mut wrong, &self.requests, claim.requests);
        let labels = launch::labels(claim, case);
        for (key, wanted) in &self.node {
            if labels.get(key) != wanted.as_ref() {
                wrong.push(format!("{key}={:?}", labels.get(key)));
            }
        }
        for wanted in &self.requirements {
            if !claim.requirements.contains(wanted) {
                wrong.push(format!("{:?}", claim.requirements));
            }
        }
        wrong
    }
}

impl Spread {
    fn against(&self, homes: &[Home]) -> Option<String> {
        let counts = self.counted(homes);
        let mut wanted = self.counts.clone();
        wanted.iter_mut().for_each(|counts| counts.sort_unstable());
        let right = wanted.is_none_or(|wanted| wanted == counts)
            && self.most.is_none_or(|most| counts.last() <= Some(&most));
        (!right).then(|| format!("{counts:?}, not {self:?}"))
    }

    fn counted(&self, homes: &[Home]) -> Vec<usize> {
        let counts_here = |pod: &&Labels| self.of.iter().all(|(k, v)| pod.get(k) == Some(v));
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        for home in homes {
            let here = home.pods.iter().copied().filter(counts_here).count();
            if let (Some(domain), 1..) = (home.labels.get(&self.key), here) {
                *counts.entry(domain).or_default() += here;
            }
        }
        let mut counts: Vec<usize> = counts.into_values().collect();
        counts.sort_unstable();
        counts
    }
}

fn names(list: &[String]) -> Names {
    list.iter().cloned().collect()
}

fn homes<'a>(outcome: &Outcome, case: &'a Case) -> Vec<Home<'a>> {
    const HOSTNAME: &str = "kubernetes.io/hostname";
    let mut homes = Vec::new();
    for (number, claim) in outcome.claims.iter().enumerate() {
        let mut labels = launch::labels(claim, case);
        labels.insert(HOSTNAME.into(), format!("claim-{number}"));
        let pods = claim.pods.iter().map(|pod| &workload(pod, case).labels);
        homes.push(Home {
            labels,
            pods: pods.collect(),
        });
    }
    for node in &case.nodes {
        let mut labels = node.labels.clone();
        let hostname = labels.entry(HOSTNAME.into());
        hostname.or_insert_with(|| node.name.clone());
        let mut pods = Vec::new();
        for bound in &node.pods {
            pods.extend((0..bound.count).map(|_| &bound.labels));
        }
        let placed = outcome.nodes.get(&node.name).into_iter().flatten();
        pods.extend(placed.map(|pod| &workload(pod, case).labels));
        homes.push(Home { labels, pods });
    }
    homes
}

/// The workload of a pending pod, whose name it is without the number.
fn workload<'a>(pod: &str, case: &'a Case) -> &'a Workload {
    let (name, _) = pod.rsplit_once('-').expect("a numbered pod");
    let mut pending = case.pending.iter();
    pending
        .find(|workload| workload.name == name)
        .expect("a pending workload")
}

/// Where a pod goes: the place of its claim, or its existing node.
fn place_of(pod: &String, outcome: &Outcome) -> Option<String> {
    let mut claims = outcome.claims.iter();
    if let Some(number) = claims.position(|claim| claim.pods.contains(pod)) {
        return Some(format!("claim {number}"));
    }
    let mut nodes = outcome.nodes.iter();
    let node = nodes.find(|(_, pods)| pods.contains(pod));
    node.map(|(node, _)| node.clone())
}
