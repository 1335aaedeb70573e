//! How many pods of a kind are in each domain, and what does that allow? (1.11)

use super::super::preferences::Relaxation;
use super::super::problem::Problem;
use super::domains::{DomainKey, KeyId};
use crate::api::objects::core::NodeInclusionPolicy;
use crate::api::taint::tolerated;
use crate::api::{LabelSet, Requirement, Requirements, Symbol, Symbols, Taint, Toleration, key};
use crate::cluster::PodTemplate;
use crate::cluster::template::{PodAffinityTerm, PodSelector, SpreadConstraint};

/// What a group's counts are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Even over domains.
    Spread,
    /// Where such pods are.
    Affinity,
    /// Where no such pod is.
    AntiAffinity,
}

/// Which nodes count: those the pod could use, by its affinity and by its tolerations.
#[derive(Clone, PartialEq, Eq, Debug)]
struct NodeFilter {
    /// nodeSelector with each required term; one must hold.
    terms: Vec<Requirements>,
    affinity: NodeInclusionPolicy,
    taints: NodeInclusionPolicy,
    tolerations: Vec<Toleration>,
}

impl NodeFilter {
    fn bears(&self, taints: &[Taint]) -> bool {
        self.taints == NodeInclusionPolicy::Ignore || all_tolerated(taints, &self.tolerations)
    }

    fn wants(&self, accepts: impl Fn(&Requirements) -> bool) -> bool {
        self.affinity == NodeInclusionPolicy::Ignore || self.terms.iter().any(accepts)
    }
}

fn all_tolerated(taints: &[Taint], tolerations: &[Toleration]) -> bool {
    taints.iter().all(|taint| tolerated(taint, tolerations))
}

/// Pods selected, by domain of one key.
#[derive(Clone, Debug)]
pub(super) struct Group {
    kind: Kind,
    key: KeyId,
    namespaces: Vec<Symbol>,
    selector: PodSelector,
    max_skew: u32,
    filter: Option<NodeFilter>,
    /// Of the pod whose term made the group, which decides for all of its pods: not part of its identity.
    founder: Vec<Toleration>,
    /// Of the first constraint that made the group: not part of its identity.
    min_domains: Option<u32>,
    /// By domain; none where the group does not know the domain.
    counts: Vec<Option<u32>>,
    /// Domains with pods.
    occupied: usize,
}

impl Group {
    /// The group of a spread constraint of a pod relaxed so far.
    pub(super) fn spread(
        key: KeyId,
        pod: &PodTemplate,
        spread: &SpreadConstraint,
        relaxation: &Relaxation,
        symbols: &Symbols,
    ) -> Self {
        let required = pod
            .required_node_terms
            .get(relaxation.required_terms..)
            .unwrap_or_default();
        let with_selector = |term: &Requirements| {
            let mut both = pod.node_selector.clone();
            both.add_all(term, symbols);
            both
        };
        let terms = if required.is_empty() {
            vec![pod.node_selector.clone()]
        } else {
            required.iter().map(with_selector).collect()
        };
        Self {
            kind: Kind::Spread,
            key,
            namespaces: vec![pod.namespace],
            selector: spread.selector.clone(),
            max_skew: spread.max_skew,
            filter: Some(NodeFilter {
                terms,
                affinity: spread.node_affinity_policy,
                taints: spread.node_taints_policy,
                tolerations: relaxation.tolerations(pod),
            }),
            founder: Vec::new(),
            min_domains: spread.min_domains,
            counts: Vec::new(),
            occupied: 0,
        }
    }

    /// The group of an affinity or anti-affinity term of a pod that bears so much.
    pub(super) fn term(
        kind: Kind,
        key: KeyId,
        term: &PodAffinityTerm,
        founder: Vec<Toleration>,
    ) -> Self {
        let mut namespaces = term.namespaces.clone();
        namespaces.sort_unstable();
        Self {
            kind,
            key,
            namespaces,
            selector: term.selector.clone(),
            max_skew: 0,
            filter: None,
            founder,
            min_domains: None,
            counts: Vec::new(),
            occupied: 0,
        }
    }

    /// Whether the other constraint is counted by the same group.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.kind, self.key, self.max_skew) == (other.kind, other.key, other.max_skew)
            && self.namespaces == other.namespaces
            && self.selector == other.selector
            && self.filter == other.filter
    }

    pub(super) fn key(&self) -> KeyId {
        self.key
    }

    /// Whether it counts such pods.
    pub(super) fn selects(&self, pod: &PodTemplate, symbols: &Symbols) -> bool {
        self.namespaces.contains(&pod.namespace) && self.selector.matches(&pod.labels, symbols)
    }

    /// Whether a claim with these requirements and taints counts.
    pub(super) fn filter_accepts_claim(
        &self,
        at: &Requirements,
        taints: &[Taint],
        symbols: &Symbols,
    ) -> bool {
        self.filter.as_ref().is_none_or(|filter| {
            filter.wants(|term| at.incompatible(term, false, symbols).is_none())
                && filter.bears(taints)
        })
    }

    fn filter_accepts_node(&self, labels: &LabelSet, taints: &[Taint], symbols: &Symbols) -> bool {
        let accepts = |filter: &NodeFilter| {
            filter.wants(|term| term.matches(labels, symbols)) && filter.bears(taints)
        };
        self.filter.as_ref().is_none_or(accepts)
    }

    /// Learns the domains that new nodes could have. A term has no node filter, and one without a taints policy leaves out the pools
    /// whose taints its pod does not bear: only a policy to ignore them would keep those in.
    pub(super) fn learn_universe(&mut self, problem: &Problem, domains: &DomainKey) {
        for (domain, pools) in domains.universe() {
            let bears = |pool: &usize| {
                let taints = &problem.pools[*pool].taints;
                match &self.filter {
                    Some(filter) => filter.bears(taints),
                    None => all_tolerated(taints, &self.founder),
                }
            };
            if pools.iter().any(bears) {
                self.register(*domain);
            }
        }
    }

    /// Learns the domains that nodes have and counts the bound pods.
    pub(super) fn count_bound(&mut self, problem: &Problem, domains: &mut DomainKey) {
        let symbols = problem.symbols;
        for node in problem.existing.iter().filter(|node| node.joined) {
            if let Some(value) = node.labels.get(domains.key())
                && self.filter_accepts_node(&node.labels, &node.taints, symbols)
            {
                self.register(domains.domain(value));
            }
        }
        let selected: Vec<bool> = problem
            .templates
            .iter()
            .map(|pod| self.selects(pod, symbols))
            .collect();
        let existing = problem
            .existing
            .iter()
            .map(|node| (node.name, &node.labels, &node.taints, &node.pods));
        let counted = problem
            .counted
            .iter()
            .map(|node| (node.name, &node.labels, &node.taints, &node.pods));
        for (name, labels, taints, pods) in existing.chain(counted) {
            let pods = pods.iter().filter(|pod| selected[pod.index()]).count();
            let named = (domains.key() == key::HOSTNAME).then_some(name);
            let value = labels.get(domains.key()).or(named);
            if let Some(value) = value.filter(|_| pods > 0)
                && self.filter_accepts_node(labels, taints, symbols)
            {
                let domain = domains.domain(value);
                (0..pods).for_each(|_| self.add(domain));
            }
        }
    }

    /// Counts a pod placed where the requirements are `at` (1.11, last but two).
    pub(super) fn record(&mut self, at: &Requirements, host: u32, domains: &mut DomainKey) {
        if domains.key() == key::HOSTNAME {
            self.add(host);
            return;
        }
        let Some(requirement) = at.get(domains.key()) else {
            return;
        };
        let certain = requirement.values().len() == 1 && !requirement.allows_absence();
        if self.kind == Kind::AntiAffinity || certain {
            for &value in requirement.values() {
                self.add(domains.domain(value));
            }
        }
    }

    /// One pod more in a domain.
    pub(super) fn add(&mut self, domain: u32) {
        self.register(domain);
        let count = self.counts[domain as usize].get_or_insert(0);
        self.occupied += usize::from(*count == 0);
        *count += 1;
    }

    fn register(&mut self, domain: u32) {
        if domain as usize >= self.counts.len() {
            self.counts.resize(domain as usize + 1, None);
        }
        self.counts[domain as usize].get_or_insert(0);
    }

    fn known(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.counts
            .iter()
            .zip(0..)
            .filter_map(|(count, domain)| Some((domain, (*count)?)))
    }

    /// What the group asks of a place for `pod`, whose own domains are those `wanted` admits.
    pub(super) fn rule(
        &self,
        pod: &PodTemplate,
        wanted: Option<&Requirement>,
        domains: &DomainKey,
        symbols: &Symbols,
    ) -> Rule {
        let itself = self.kind != Kind::AntiAffinity && self.selects(pod, symbols);
        let admits = |domain| domains.admits(wanted, domain, symbols);
        match self.kind {
            Kind::Spread => Rule::Spread {
                ceiling: i64::from(self.max_skew) + self.minimum(domains, admits)
                    - i64::from(itself),
            },
            Kind::Affinity => {
                let reachable = || {
                    self.known()
                        .any(|(domain, count)| count > 0 && admits(domain))
                };
                let bootstrap = itself && (self.occupied == 0 || !reachable());
                let listed = bootstrap && domains.key() != key::HOSTNAME;
                let candidates = self
                    .known()
                    .map(|(domain, _)| domain)
                    .filter(|&domain| listed && admits(domain));
                Rule::Affinity {
                    bootstrap: bootstrap.then(|| candidates.collect()),
                }
            }
            Kind::AntiAffinity => Rule::AntiAffinity,
        }
    }

    /// The smallest count over the domains the pod could use; 0 for hosts, of which there is always a new one, and where fewer
    /// domains than `minDomains` are left.
    fn minimum(&self, domains: &DomainKey, admits: impl Fn(u32) -> bool) -> i64 {
        if domains.key() == key::HOSTNAME {
            return 0;
        }
        let usable = || self.known().filter(|&(domain, _)| admits(domain));
        if self
            .min_domains
            .is_some_and(|wanted| usable().count() < wanted as usize)
        {
            return 0;
        }
        usable()
            .map(|(_, count)| i64::from(count))
            .min()
            .unwrap_or(0)
    }

    fn count(&self, domain: u32) -> Option<u32> {
        self.counts.get(domain as usize).copied().flatten()
    }

    /// Whether a host is allowed. A host the group has not met has no pods.
    #[inline]
    pub(super) fn allows_host(&self, rule: &Rule, host: u32) -> bool {
        let count = self.count(host).unwrap_or(0);
        match rule {
            Rule::Spread { ceiling } => i64::from(count) <= *ceiling,
            Rule::Affinity { bootstrap } => count > 0 || bootstrap.is_some(),
            Rule::AntiAffinity => count == 0,
        }
    }

    /// The domains, among those the place admits, that the pod may take: one for spread, any number for the others. `draw(n)` is
    /// uniform in `0..n`, for the `n` equals upstream visits in random order.
    pub(super) fn choose(
        &self,
        rule: &Rule,
        admitted: &[u32],
        draw: &mut impl FnMut(usize) -> usize,
        chosen: &mut Vec<u32>,
    ) {
        chosen.clear();
        let counted = admitted
            .iter()
            .filter_map(|&domain| Some((domain, self.count(domain)?)));
        match rule {
            Rule::Spread { ceiling } => {
                let mut least = u32::MAX;
                for (domain, count) in counted.filter(|&(_, count)| i64::from(count) <= *ceiling) {
                    if count < least {
                        least = count;
                        chosen.clear();
                    }
                    if count == least {
                        chosen.push(domain);
                    }
                }
                if chosen.len() > 1 {
                    let drawn = draw(chosen.len());
                    chosen.swap(0, drawn);
                    chosen.truncate(1);
                }
            }
            Rule::Affinity { bootstrap } => {
                chosen.extend(
                    counted
                        .filter(|&(_, count)| count > 0)
                        .map(|(domain, _)| domain),
                );
                if let Some(candidates) = bootstrap.as_ref().filter(|_| chosen.is_empty()) {
                    bootstrap_domains(candidates, admitted, draw, chosen);
                }
            }
            Rule::AntiAffinity => chosen.extend(
                counted
                    .filter(|&(_, count)| count == 0)
                    .map(|(domain, _)| domain),
            ),
        }
    }
}

/// One domain that pod and place share and one that the pod could use anywhere, each drawn; both where the place has them.
fn bootstrap_domains(
    candidates: &[u32],
    admitted: &[u32],
    draw: &mut impl FnMut(usize) -> usize,
    chosen: &mut Vec<u32>,
) {
    chosen.extend(
        candidates
            .iter()
            .copied()
            .filter(|domain| admitted.contains(domain)),
    );
    if chosen.is_empty() {
        return;
    }
    let drawn = draw(chosen.len());
    chosen.swap(0, drawn);
    chosen.truncate(1);
    let anywhere = candidates[draw(candidates.len())];
    if anywhere != chosen[0] && admitted.contains(&anywhere) {
        chosen.push(anywhere);
    }
}

/// What a group asks of a place during one attempt.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// The highest count a domain may have before the pod joins it.
    Spread {
        /// May be negative: then no domain will do.
        ceiling: i64,
    },
    /// The domains to begin with, where the pod may be the first.
    Affinity {
        /// Empty for hosts, any of which will do.
        bootstrap: Option<Vec<u32>>,
    },
    /// No pod at all.
    AntiAffinity,
}

impl Rule {
    /// Whether a host that is refused stays refused: counts only grow.
    pub(super) fn refuses_hosts_for_good(&self) -> bool {
        !matches!(self, Self::Affinity { .. })
    }
}
