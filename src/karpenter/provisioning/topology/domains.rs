//! Which domains does a label key have, and which of them does a requirement set admit? (1.11)

use rustc_hash::FxHashMap;

use super::super::narrowing::{SetId, Sets};
use super::super::problem::Problem;
use crate::api::{Requirement, Symbol, Symbols, key};

/// The place of a key among the topology keys of a pass.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct KeyId(pub(super) u32);

impl KeyId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A topology key with its domains as small integers.
#[derive(Clone, Debug)]
pub(super) struct DomainKey {
    key: Symbol,
    /// Names by domain; a claim's host has none yet.
    names: Vec<Option<Symbol>>,
    ids: FxHashMap<Symbol, u32>,
    /// Domains that new nodes could have, with the pools that could have them.
    universe: Vec<(u32, Vec<usize>)>,
}

impl DomainKey {
    /// The host name: every node and claim registers its own.
    pub(super) fn hostname() -> Self {
        Self::empty(key::HOSTNAME)
    }

    /// A key with the domains pools and types can make: values of (pool requirements ∩ labels ∩ type requirements), and the values the
    /// pool itself lists.
    pub(super) fn new(key: Symbol, problem: &Problem) -> Self {
        let mut domains = Self::empty(key);
        // Upstream builds the universe from the labels of the pool's template, before the pool's own name joins them.
        let of_template = |label: &Symbol| *label != key::NODEPOOL;
        for (place, pool) in problem.pools.iter().enumerate() {
            let label = Some(key)
                .filter(of_template)
                .and_then(|key| pool.labels.get(key));
            let of_label = label.map(|value| Requirement::of(vec![value]));
            let of_pool = meet(
                pool.requirements.get(key),
                of_label.as_ref(),
                problem.symbols,
            );
            for instance_type in pool.types {
                let both = meet(
                    of_pool.as_ref(),
                    instance_type.requirements.get(key),
                    problem.symbols,
                );
                domains.offer(both.iter().flat_map(Requirement::values), place);
            }
            let listed = of_pool
                .iter()
                .filter(|requirement| !requirement.allows_absence());
            domains.offer(listed.flat_map(Requirement::values), place);
        }
        domains
    }

    fn empty(key: Symbol) -> Self {
        Self {
            key,
            names: Vec::new(),
            ids: FxHashMap::default(),
            universe: Vec::new(),
        }
    }

    fn offer<'v>(&mut self, values: impl Iterator<Item = &'v Symbol>, pool: usize) {
        for &value in values {
            let domain = self.domain(value);
            match self.universe.iter_mut().find(|(known, _)| *known == domain) {
                Some((_, pools)) if pools.contains(&pool) => {}
                Some((_, pools)) => pools.push(pool),
                None => self.universe.push((domain, vec![pool])),
            }
        }
    }

    pub(super) fn key(&self) -> Symbol {
        self.key
    }

    /// The domain of a label value.
    pub(super) fn domain(&mut self, value: Symbol) -> u32 {
        if let Some(&domain) = self.ids.get(&value) {
            return domain;
        }
        let domain = self.names.len() as u32;
        self.ids.insert(value, domain);
        self.names.push(Some(value));
        domain
    }

    /// A domain that has no label value yet.
    pub(super) fn unnamed_domain(&mut self) -> u32 {
        self.names.push(None);
        (self.names.len() - 1) as u32
    }

    /// Label values of named domains.
    pub(super) fn names(&self, domains: &[u32]) -> Vec<Symbol> {
        domains
            .iter()
            .filter_map(|&domain| self.names[domain as usize])
            .collect()
    }

    /// Domains that new nodes could have, with the pools that could have them.
    pub(super) fn universe(&self) -> &[(u32, Vec<usize>)] {
        &self.universe
    }

    /// Whether a requirement on this key admits a domain; no requirement admits all.
    pub(super) fn admits(
        &self,
        requirement: Option<&Requirement>,
        domain: u32,
        symbols: &Symbols,
    ) -> bool {
        requirement.is_none_or(|requirement| match self.names[domain as usize] {
            Some(value) => requirement.has(value, symbols),
            None => requirement.values().is_empty() && requirement.bounds() == (None, None),
        })
    }
}

/// What both admit; none is no restriction.
fn meet(
    a: Option<&Requirement>,
    b: Option<&Requirement>,
    symbols: &Symbols,
) -> Option<Requirement> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.intersection(b, symbols)),
        (one, other) => one.or(other).cloned(),
    }
}

/// The domains each requirement set admits, remembered.
#[derive(Clone, Debug, Default)]
pub(super) struct Admitted(FxHashMap<(SetId, KeyId), (usize, Vec<u32>)>);

impl Admitted {
    /// Domains of the key that the set admits, ascending.
    pub(super) fn domains(
        &mut self,
        at: SetId,
        id: KeyId,
        domains: &DomainKey,
        sets: &Sets,
        symbols: &Symbols,
    ) -> &[u32] {
        let (known, admitted) = self.0.entry((at, id)).or_default();
        let requirement = sets.get(at).get(domains.key());
        let unseen = *known as u32..domains.names.len() as u32;
        admitted.extend(unseen.filter(|&domain| domains.admits(requirement, domain, symbols)));
        *known = domains.names.len();
        admitted
    }
}
