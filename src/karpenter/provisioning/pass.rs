//! One pass: try every pod, relax it as far as it goes, put it back, until a whole round makes no progress (1.5 to 1.7).

use super::amounts::{Kinds, Rows, fits};
use super::bits::Bits;
use super::daemons::Daemons;
use super::draws::Draws;
use super::narrowing::{Place, SetId, Sets};
use super::places::{Claim, Claims, Nodes};
use super::plan::{Plan, PoolFailure};
use super::pool::{Pool, Shortage};
use super::problem::{HostPort, MinValuesPolicy, PendingPod, Problem};
use super::queue::Queue;
use super::topology::{Demand, HostId, Topology};
use super::variant::{TaintSetId, TaintSets, Variants};
use crate::api::{Resources, Symbol, key};

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
    /// The pool may have no more nodes.
    NodeLimit,
    /// Every type is beyond the limits.
    Limits,
}

/// A refusal, and whether the place will refuse all pods of the variant for the rest of the pass.
#[derive(Clone, Copy, Debug)]
struct Refused {
    why: Refusal,
    lasting: bool,
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

/// What a new claim would be.
#[derive(Debug)]
struct NewPlace {
    set: SetId,
    min_values_relaxed: bool,
}

/// Why a pod of a template found no place, and at which count of placements.
#[derive(Clone, Copy, Debug)]
struct Failure {
    at: u64,
}

/// The state of a pass.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    pub(super) problem: &'a Problem<'a>,
    pub(super) sets: Sets,
    pub(super) pools: Vec<Pool<'a>>,
    /// Taints of each pool.
    pub(super) pool_taints: Vec<TaintSetId>,
    /// Pools no claim can be of.
    pub(super) dropped: Vec<PoolFailure>,
    pub(super) nodes: Nodes,
    pub(super) claims: Claims,
    pub(super) topology: Topology<'a>,
    pub(super) variants: Variants,
    pub(super) draws: Draws,
    placed_on_nodes: Vec<(usize, u64)>,
    /// Requests of each template.
    requests: Rows,
    /// What the pod at hand asks of domains.
    demands: Vec<Demand>,
    /// By requirement set, for the pod at hand: what a place with that set becomes, and the look it was found out in.
    outcomes: Vec<(u64, Result<SetId, Refusal>)>,
    look: u64,
    /// Types the place at hand would keep, the most they would have left, and what would be used of them.
    kept: Bits,
    headroom: Vec<i64>,
    used: Vec<i64>,
}

impl<'a> Pass<'a> {
    /// Everything before the first pod.
    pub(super) fn new(problem: &'a Problem<'a>) -> Self {
        let kinds = Kinds::of(
            problem
                .pods
                .iter()
                .map(|pod| &problem.templates[pod.template.index()]),
        );
        let (mut sets, mut taints, mut daemons) =
            (Sets::default(), TaintSets::default(), Daemons::new(problem));
        let mut topology = Topology::new(problem);
        let (mut pools, mut dropped) = (Vec::new(), Vec::new());
        for pool in by_weight(problem) {
            match Pool::new(pool, problem, &mut daemons, &kinds, &mut sets) {
                Ok(pool) => pools.push(pool),
                Err(cause) => dropped.push(PoolFailure { pool, cause }),
            }
        }
        let of_pool = |pool: &Pool| taints.intern(problem.pools[pool.index].taints.clone());
        let pool_taints = pools.iter().map(of_pool).collect();
        let nodes = Nodes::new(
            problem,
            &daemons,
            &kinds,
            &mut taints,
            &mut sets,
            &mut topology,
        );
        let mut requests = Rows::new(&kinds);
        for template in problem.templates {
            requests.push(kinds.row(&template.requests));
        }
        Self {
            problem,
            pools,
            pool_taints,
            dropped,
            nodes,
            claims: Claims::new(&kinds),
            variants: Variants::new(problem, taints, &mut sets, &mut topology),
            topology,
            sets,
            draws: Draws::new(problem.ties),
            placed_on_nodes: Vec::new(),
            used: vec![0; requests.row(0).len()],
            headroom: vec![0; requests.row(0).len()],
            requests,
            demands: Vec::new(),
            outcomes: Vec::new(),
            look: 0,
            kept: Bits::default(),
        }
    }

    /// The decision.
    pub(super) fn run(mut self) -> Plan {
        let mut queue = Queue::new(self.problem);
        let mut failures: Vec<Option<Failure>> = vec![None; 2 * self.problem.templates.len()];
        let (mut placements, mut attempts) = (0_u64, 0_u64);
        while attempts < self.problem.options.max_attempts
            && let Some(place) = queue.pop()
        {
            attempts += 1;
            let pod = &self.problem.pods[place];
            let failure =
                &mut failures[2 * pod.template.index() + usize::from(pod.ignores_protection)];
            let known = failure.is_some_and(|failure| failure.at == placements);
            if !known && self.place(pod) {
                placements += 1;
                continue;
            }
            if !known && !self.draws.drew() {
                *failure = Some(Failure { at: placements });
            }
            queue.push(place);
        }
        self.finish(queue)
    }

    /// Tries a pod with less and less of its wishes. The draws of the last attempt stay to be asked about.
    fn place(&mut self, pod: &PendingPod) -> bool {
        let mut variant = self.variants.first(pod.template.index());
        self.draws.next_attempt();
        loop {
            if self.try_places(pod, variant) {
                return true;
            }
            let relaxed =
                self.variants
                    .relaxed(variant, self.problem, &mut self.sets, &mut self.topology);
            match relaxed {
                Some(next) => variant = next,
                None => return false,
            }
        }
    }

    /// Existing nodes, then claims of this pass, then a new claim (1.6).
    fn try_places(&mut self, pod: &PendingPod, variant: usize) -> bool {
        self.look_around(variant);
        self.try_nodes(pod, variant) || {
            self.look += 1;
            self.try_claims(pod, variant) || self.try_new_claim(pod, variant)
        }
    }

    /// Works out what the variant asks of domains as things stand.
    pub(super) fn look_around(&mut self, variant: usize) {
        self.look += 1;
        let variant = self.variants.get(variant);
        self.topology.demands(
            variant.template,
            &variant.owned,
            &variant.strict,
            &mut self.demands,
        );
    }

    fn try_nodes(&mut self, pod: &PendingPod, variant: usize) -> bool {
        let count = self.nodes.nodes.len();
        let mut from = 0;
        while let Some(node) = self
            .variants
            .get(variant)
            .closed_nodes
            .next_absent(from, count)
        {
            match self.examine_node(node, variant, pod.ignores_protection) {
                Ok(set) => {
                    self.put_on_node(node, variant, set, pod);
                    return true;
                }
                Err(refused) if refused.lasting => {
                    self.variants.get_mut(variant).closed_nodes.insert(node)
                }
                Err(_) => {}
            }
            from = node + 1;
        }
        false
    }

    /// What a node would become, or why it refuses (1.9).
    fn examine_node(
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

    fn put_on_node(&mut self, node: usize, variant: usize, set: SetId, pod: &PendingPod) {
        let template = self.variants.get(variant).template;
        let here = &mut self.nodes.nodes[node];
        here.set = set;
        here.host_ports
            .extend(&self.problem.templates[template].host_ports);
        for (left, request) in self
            .nodes
            .left
            .row_mut(node)
            .iter_mut()
            .zip(self.requests.row(template))
        {
            *left -= request;
        }
        let taints = self.variants.taints(here.taints);
        self.topology
            .record(template, self.sets.get(set), here.host, taints);
        self.placed_on_nodes.push((here.index, pod.id));
    }

    fn try_claims(&mut self, pod: &PendingPod, variant: usize) -> bool {
        for rank in 0..self.claims.order.len() {
            let claim = self.claims.order[rank];
            if self.variants.get(variant).closed_claims.has(claim) {
                continue;
            }
            match self.examine_claim(claim, variant) {
                Ok(set) => {
                    self.put_on_claim(rank, variant, set, pod);
                    return true;
                }
                Err(refused) if refused.lasting => {
                    self.variants.get_mut(variant).closed_claims.insert(claim)
                }
                Err(_) => {}
            }
        }
        false
    }

    /// What a claim of this pass would become, or why it refuses (1.10). Leaves the types it would keep and their headroom behind.
    fn examine_claim(&mut self, claim: usize, variant: usize) -> Result<SetId, Refused> {
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
        self.allow_host(host)?;
        self.add_up(claim, variant);
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
        match self.shortages(pool, becomes).first() {
            Some(&short) => Err(Refused::now(Refusal::MinValues(short))),
            None => Ok(becomes),
        }
    }

    fn put_on_claim(&mut self, rank: usize, variant: usize, set: SetId, pod: &PendingPod) {
        let template = self.variants.get(variant).template;
        let place = self.claims.order[rank];
        let claim = &mut self.claims.claims[place];
        claim.set = set;
        std::mem::swap(&mut claim.types, &mut self.kept);
        claim.requests += self.problem.templates[template].requests;
        claim
            .host_ports
            .extend(&self.problem.templates[template].host_ports);
        claim.pods.push(pod.id);
        let taints = self.variants.taints(self.pool_taints[claim.pool]);
        self.topology
            .record(template, self.sets.get(set), claim.host, taints);
        self.claims.used.row_mut(place).copy_from_slice(&self.used);
        self.claims
            .headroom
            .row_mut(place)
            .copy_from_slice(&self.headroom);
        self.claims.reorder(rank);
    }

    fn try_new_claim(&mut self, pod: &PendingPod, variant: usize) -> bool {
        for pool in 0..self.pools.len() {
            if let Ok(place) = self.examine_pool(pool, variant) {
                self.create_claim(pool, variant, place, pod);
                return true;
            }
        }
        false
    }

    /// What a new claim of a pool would become, or why there can be none (1.10, 1.12).
    fn examine_pool(&mut self, pool: usize, variant: usize) -> Result<NewPlace, Refusal> {
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
        let becomes = self.settle(at, variant, Place::Claim)?;
        self.allow_host(HostId::UNBORN)
            .map_err(|refused| refused.why)?;
        let mask = self.pools[pool].mask(becomes, &self.sets, self.problem.symbols);
        self.kept.set_to_shared(&allowed, &mask.passing);
        self.keep_fitting(pool, variant);
        if self.kept.is_empty() {
            return Err(Refusal::Types(becomes));
        }
        self.with_min_values(pool, becomes)
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

    fn create_claim(&mut self, pool: usize, variant: usize, place: NewPlace, pod: &PendingPod) {
        let template = self.variants.get(variant).template;
        let asks = &self.problem.templates[template];
        let claim = Claim {
            pool,
            set: place.set,
            host: self.topology.host_of_claim(),
            types: self.kept.clone(),
            requests: Resources::ZERO + asks.requests,
            host_ports: asks.host_ports.clone(),
            pods: vec![pod.id],
            min_values_relaxed: place.min_values_relaxed,
        };
        let taints = self.variants.taints(self.pool_taints[pool]);
        self.topology
            .record(template, self.sets.get(place.set), claim.host, taints);
        let here = &mut self.pools[pool];
        here.remaining.charge(&claim.types, here.types);
        self.claims.push(claim, &self.used, &self.headroom);
    }

    /// What a place with requirement set `at` becomes, asked at most once per look.
    fn settle(&mut self, at: SetId, variant: usize, place: Place) -> Result<SetId, Refusal> {
        if let Some(&(look, outcome)) = self.outcomes.get(at.index())
            && look == self.look
        {
            return outcome;
        }
        let asks = self.variants.get(variant).requirements;
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

    /// Requests of a template.
    pub(super) fn requests_of(&self, template: usize) -> &[i64] {
        self.requests.row(template)
    }

    /// Places on existing nodes, in order of decision.
    pub(super) fn take_placed_on_nodes(&mut self) -> Vec<(usize, u64)> {
        std::mem::take(&mut self.placed_on_nodes)
    }
}

/// Places of the pools: heaviest first, then by name, last in the alphabet first (1.3).
fn by_weight(problem: &Problem) -> Vec<usize> {
    let mut pools: Vec<usize> = (0..problem.pools.len()).collect();
    let name = |pool: usize| problem.symbols.name(problem.pools[pool].name);
    pools.sort_by(|&a, &b| {
        let weights = problem.pools[b].weight.cmp(&problem.pools[a].weight);
        weights.then_with(|| name(b).cmp(&name(a)))
    });
    pools
}

fn shares_port(taken: &[HostPort], wanted: &[HostPort]) -> bool {
    wanted.iter().any(|port| taken.contains(port))
}
