//! Would this place take this pod, and what would it become? The checks of 1.9, 1.10 and 1.12 in their order.

use super::amounts::fits;
use super::narrowing::{Place, SetId};
use super::pass::Pass;
use super::pool::Shortage;
use super::problem::MinValuesPolicy;
use super::reservations::Holding;
use super::topology::HostId;
use crate::api::{Symbol, key};
use crate::cluster::template::HostPort;

/// Why a place refuses a pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// Inside the consolidateAfter window.
    Protected,
    /// A taint it does not bear.
    Taints,
    /// A host port is taken.
    HostPorts,
    /// Not enough left on the node.
    Resources,
    /// Labels they cannot agree on.
    Requirement(Symbol),
    /// No domain of this key is allowed.
    Topology(Symbol),
    /// No type is left.
    Types(SetId),
    /// Too few values of a label are left.
    MinValues(Shortage),
    /// Reserved capacity would do, and other claims hold all there is.
    Reserved,
    /// The pool may have no more nodes.
    NodeLimit,
    /// Every type is beyond the limits.
    Limits,
}

/// A refusal, and whether the place will refuse all pods of the variant for the rest of the pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) why: Refusal,
    pub(super) lasting: bool,
}

impl Refused {
    const fn now(why: Refusal) -> Self {
        Self {
            why,
            lasting: false,
        }
    }

    const fn for_good(why: Refusal) -> Self {
        Self { why, lasting: true }
    }
}

/// The place in the draws of the first pool; nodes and claims count up from 0.
const LAST_PLACE: u64 = (1 << 24) - 1;

/// What a new claim would be.
#[derive(Debug)]
pub(super) struct NewPlace {
    pub(super) set: SetId,
    pub(super) min_values_relaxed: bool,
}

impl Pass<'_> {
    /// Works out what the variant asks of domains as things stand.
    pub(super) fn look_around(&mut self, variant: usize) {
        self.look += 1;
        self.draws.next_step();
        let variant = self.variants.get(variant);
        self.topology.demands(
            variant.template,
            &variant.owned,
            &variant.strict,
            &mut self.demands,
        );
    }

    /// What a node would become, or why it refuses (1.9).
    pub(super) fn examine_node(
        &mut self,
        node: usize,
        variant: usize,
        ignores_protection: bool,
    ) -> Result<SetId, Refused> {
        let (here, asks) = (&self.nodes.nodes[node], self.variants.get(variant));
        if here.protected && !ignores_protection {
            return Err(Refused::now(Refusal::Protected));
        }
        if !asks.bears(here.taints) {
            return Err(Refused::for_good(Refusal::Taints));
        }
        let template = &self.problem.templates[asks.template];
        if shares_port(&here.host_ports, &template.host_ports) {
            return Err(Refused::for_good(Refusal::HostPorts));
        }
        if !fits(self.requests.row(asks.template), self.nodes.left.row(node)) {
            return Err(Refused::for_good(Refusal::Resources));
        }
        if !asks.accepts_host(Some(here.host_name), self.problem.symbols) {
            return Err(Refused::for_good(Refusal::Requirement(key::HOSTNAME)));
        }
        let (at, host) = (here.set, here.host);
        self.draws.at(node as u64);
        let becomes = self
            .settle(at, variant, Place::Node)
            .map_err(Refused::now)?;
        self.allow_host(host)?;
        Ok(becomes)
    }

    /// The same for an explanation: only why.
    pub(super) fn node_refusal(
        &mut self,
        node: usize,
        variant: usize,
        ignores_protection: bool,
    ) -> Option<Refusal> {
        self.examine_node(node, variant, ignores_protection)
            .err()
            .map(|refused| refused.why)
    }

    /// What a claim of this pass would become, or why it refuses (1.10). Leaves the types it would keep and their headroom behind.
    pub(super) fn examine_claim(&mut self, claim: usize, variant: usize) -> Result<SetId, Refused> {
        let (here, asks) = (&self.claims.claims[claim], self.variants.get(variant));
        let requests = self.requests.row(asks.template);
        if !fits(requests, self.claims.headroom.row(claim)) {
            return Err(Refused::for_good(Refusal::Resources));
        }
        if !asks.bears(self.pool_taints[here.pool]) {
            return Err(Refused::for_good(Refusal::Taints));
        }
        let (pool, at, host) = (here.pool, here.set, here.host);
        if shares_port(
            &here.host_ports,
            &self.problem.templates[asks.template].host_ports,
        ) {
            return Err(Refused::for_good(Refusal::HostPorts));
        }
        if !asks.accepts_host(None, self.problem.symbols) {
            return Err(Refused::for_good(Refusal::Requirement(key::HOSTNAME)));
        }
        self.allow_host(host)?;
        self.add_up(claim, variant);
        self.draws.at((self.nodes.nodes.len() + claim) as u64);
        let becomes = self
            .settle(at, variant, Place::Claim)
            .map_err(Refused::now)?;
        let mask = self.pools[pool].mask(becomes, &self.sets, self.problem.symbols);
        self.kept
            .set_to_shared(&self.claims.claims[claim].types, &mask.passing);
        self.keep_fitting(pool, variant);
        if self.kept.is_empty() {
            let why = Refusal::Types(becomes);
            return Err(Refused {
                why,
                lasting: becomes == at,
            });
        }
        if let Some(&short) = self.shortages(pool, becomes).first() {
            return Err(Refused::now(Refusal::MinValues(short)));
        }
        let held = std::mem::take(&mut self.claims.claims[claim].reserved);
        let reserved = self.reserve(pool, becomes, &held);
        self.claims.claims[claim].reserved = held;
        reserved.map_err(Refused::now)?;
        Ok(becomes)
    }

    /// Leaves the reservations behind that a claim with these types would hold.
    fn reserve(&mut self, pool: usize, at: SetId, held: &[Symbol]) -> Result<(), Refusal> {
        let (set, types) = (self.sets.get(at), self.pools[pool].types);
        let symbols = self.problem.symbols;
        match self
            .reservations
            .holding(held, set, &self.kept, types, symbols)
        {
            Holding::These(ids) => {
                self.reserved = ids;
                Ok(())
            }
            Holding::Deferred => Err(Refusal::Reserved),
        }
    }

    /// What a new claim of a pool would become, or why there can be none (1.10, 1.12).
    pub(super) fn examine_pool(
        &mut self,
        pool: usize,
        variant: usize,
    ) -> Result<NewPlace, Refusal> {
        let (here, asks) = (&self.pools[pool], self.variants.get(variant));
        if here.remaining.nodes_exhausted() {
            return Err(Refusal::NodeLimit);
        }
        let at = here.set;
        let mut allowed = here.eligible.clone();
        if !here.remaining.is_unlimited() {
            allowed.retain(|place| here.remaining.allows(&here.types[place].capacity));
            if allowed.is_empty() {
                return Err(Refusal::Limits);
            }
        }
        if !asks.bears(self.pool_taints[pool]) {
            return Err(Refusal::Taints);
        }
        if !asks.accepts_host(None, self.problem.symbols) {
            return Err(Refusal::Requirement(key::HOSTNAME));
        }
        self.used.copy_from_slice(self.requests.row(asks.template));
        self.draws.at(LAST_PLACE - pool as u64);
        let becomes = self.settle(at, variant, Place::Claim)?;
        self.allow_host(HostId::UNBORN)
            .map_err(|refused| refused.why)?;
        let mask = self.pools[pool].mask(becomes, &self.sets, self.problem.symbols);
        self.kept.set_to_shared(&allowed, &mask.passing);
        self.keep_fitting(pool, variant);
        if self.kept.is_empty() {
            return Err(Refusal::Types(becomes));
        }
        let place = self.with_min_values(pool, becomes)?;
        self.reserve(pool, place.set, &[])?;
        Ok(place)
    }

    /// The same for an explanation: only why.
    pub(super) fn pool_refusal(&mut self, pool: usize, variant: usize) -> Option<Refusal> {
        self.look += 1;
        self.examine_pool(pool, variant).err()
    }

    /// Refuses or lowers `minValues` that the types kept cannot give, as the policy says.
    fn with_min_values(&mut self, pool: usize, becomes: SetId) -> Result<NewPlace, Refusal> {
        let shortages = self.shortages(pool, becomes);
        let Some(&first) = shortages.first() else {
            return Ok(NewPlace {
                set: becomes,
                min_values_relaxed: false,
            });
        };
        if self.problem.options.min_values_policy == MinValuesPolicy::Strict {
            return Err(Refusal::MinValues(first));
        }
        let mut lowered = self.sets.get(becomes).clone();
        for Shortage { key, found, .. } in shortages {
            if let Some(requirement) = lowered.get(key).cloned() {
                lowered.set(key, requirement.with_min_values(Some(found)));
            }
        }
        Ok(NewPlace {
            set: self.sets.intern(lowered),
            min_values_relaxed: true,
        })
    }

    /// What a place with requirement set `at` becomes, asked at most once per look unless it is drawn.
    fn settle(&mut self, at: SetId, variant: usize, place: Place) -> Result<SetId, Refusal> {
        if let Some(&(look, outcome)) = self.outcomes.get(at.index())
            && look == self.look
        {
            return outcome;
        }
        let asks = self.variants.get(variant).requirements;
        let drawn = self.draws.made();
        let merged = self
            .sets
            .merge(at, asks, place, self.problem.symbols)
            .map_err(Refusal::Requirement);
        let outcome = merged.and_then(|merged| {
            let narrowed = self.topology.narrow(
                &self.demands,
                merged,
                place,
                &mut self.draws,
                &mut self.sets,
            );
            narrowed.map_err(Refusal::Topology)
        });
        if self.draws.made() > drawn {
            return outcome; // Upstream draws for every place anew.
        }
        let unknown = (0, Err(Refusal::Resources));
        if at.index() >= self.outcomes.len() {
            self.outcomes.resize(self.sets.len(), unknown);
        }
        self.outcomes[at.index()] = (self.look, outcome);
        outcome
    }

    fn allow_host(&self, host: HostId) -> Result<(), Refused> {
        self.topology
            .allows_host(&self.demands, host)
            .map_err(|violation| Refused {
                why: Refusal::Topology(violation.key),
                lasting: violation.lasting,
            })
    }

    fn add_up(&mut self, claim: usize, variant: usize) {
        let requests = self.requests.row(self.variants.get(variant).template);
        let sums = self
            .claims
            .used
            .row(claim)
            .iter()
            .zip(requests)
            .map(|(used, request)| used + request);
        for (used, sum) in self.used.iter_mut().zip(sums) {
            *used = sum;
        }
    }

    fn keep_fitting(&mut self, pool: usize, variant: usize) {
        let ports = &self.problem.templates[self.variants.get(variant).template].host_ports;
        self.pools[pool].keep_fitting(&mut self.kept, &self.used, ports, &mut self.headroom);
    }

    fn shortages(&mut self, pool: usize, at: SetId) -> Vec<Shortage> {
        let types = self.pools[pool].types;
        let mask = self.pools[pool].mask(at, &self.sets, self.problem.symbols);
        if mask.wants_values() {
            mask.min_values_short(&self.kept, types)
        } else {
            Vec::new()
        }
    }
}

fn shares_port(taken: &[HostPort], wanted: &[HostPort]) -> bool {
    wanted
        .iter()
        .any(|port| taken.iter().any(|other| other.clashes(port)))
}
