//! One pass: try every pod, relax it as far as it goes, put it back, until a whole round makes no progress (1.5 to 1.7).
//! What a place says to a pod is worked out in `examine`; here is what follows from it.

use super::amounts::{Kinds, Rows};
use super::bits::Bits;
use super::daemons::Daemons;
use super::draws::{Attempt, Draws};
use super::examine::{NewPlace, Refusal};
use super::narrowing::{SetId, Sets};
use super::places::{Claim, Claims, Nodes};
use super::plan::{Plan, PoolFailure};
use super::pool::Pool;
use super::preferences::Relaxation;
use super::problem::{PendingPod, Problem};
use super::queue::Queue;
use super::reservations::Reservations;
use super::topology::{Demand, Topology};
use super::variant::{TaintSetId, TaintSets, Variants};
use crate::api::Symbol;

/// Where an attempt to place a pod ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Failure {
    /// What it had come to ask for.
    pub(super) variant: usize,
    /// Its last look.
    pub(super) attempt: Attempt,
}

/// What all places together say to a pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Placed,
    Refused,
    /// It waits for reserved capacity.
    Deferred,
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
    pub(super) reservations: Reservations,
    /// Ids of the reservations the place at hand would hold.
    pub(super) reserved: Vec<Symbol>,
    /// By pod: where its last attempt ended, if it found no place.
    pub(super) failed: Vec<Option<Failure>>,
    /// Existing nodes with the pods they are to take, in order of decision.
    pub(super) placed_on_nodes: Vec<(usize, u64)>,
    /// Pods that were placed after they had given something up.
    pub(super) relaxed: Vec<(u64, Relaxation)>,
    /// Requests of each template.
    pub(super) requests: Rows,
    /// What the pod at hand asks of domains.
    pub(super) demands: Vec<Demand>,
    /// By requirement set, for the pod at hand: what a place with that set becomes, and the look it was found out in.
    pub(super) outcomes: Vec<(u64, Result<SetId, Refusal>)>,
    pub(super) look: u64,
    /// Types the place at hand would keep, the most they would have left, and what would be used of them.
    pub(super) kept: Bits,
    pub(super) headroom: Vec<i64>,
    pub(super) used: Vec<i64>,
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
            reservations: Reservations::new(problem),
            reserved: Vec::new(),
            failed: vec![None; problem.pods.len()],
            placed_on_nodes: Vec::new(),
            relaxed: Vec::new(),
            used: vec![0; kinds.count()],
            headroom: vec![0; kinds.count()],
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
        // By template and exemption: the count of placements at which a pod found no place, and how. Until there is one more, none will.
        let mut failures: Vec<Option<(u64, Failure)>> =
            vec![None; 2 * self.problem.templates.len()];
        let (mut placements, mut attempts) = (0_u64, 0_u64);
        while attempts < self.problem.options.max_attempts
            && let Some(place) = queue.pop()
        {
            attempts += 1;
            let pod = &self.problem.pods[place];
            let known =
                &mut failures[2 * pod.template.index() + usize::from(pod.ignores_protection)];
            let failure = match *known {
                Some((at, failure)) if at == placements => failure,
                _ => match self.place(pod) {
                    Ok(()) => {
                        placements += 1;
                        continue;
                    }
                    Err(failure) => failure,
                },
            };
            if !self.draws.drew() {
                *known = Some((placements, failure));
            }
            self.failed[place] = Some(failure);
            queue.push(place);
        }
        self.finish(queue)
    }

    /// Tries a pod with less and less of its wishes; a pod that waits for reserved capacity keeps them. The draws of the last attempt stay to
    /// be asked about.
    fn place(&mut self, pod: &PendingPod) -> Result<(), Failure> {
        let first = self.variants.first(pod.template.index());
        let mut variant = first;
        self.draws.next_attempt();
        loop {
            let wants = match self.try_places(pod, variant) {
                Answer::Placed => {
                    if variant != first {
                        let given_up = self.variants.given_up(variant, first);
                        self.relaxed.push((pod.id, given_up));
                    }
                    return Ok(());
                }
                Answer::Refused => true,
                Answer::Deferred => false,
            };
            let failure = Failure {
                variant,
                attempt: self.draws.attempt(),
            };
            if !wants {
                return Err(failure);
            }
            let relaxed =
                self.variants
                    .relaxed(variant, self.problem, &mut self.sets, &mut self.topology);
            match relaxed {
                Some(next) => variant = next,
                None => return Err(failure),
            }
        }
    }

    /// Existing nodes, then claims of this pass, then a new claim (1.6).
    fn try_places(&mut self, pod: &PendingPod, variant: usize) -> Answer {
        self.look_around(variant);
        if self.try_nodes(pod, variant) {
            return Answer::Placed;
        }
        self.look += 1;
        if self.try_claims(pod, variant) {
            return Answer::Placed;
        }
        self.try_new_claim(pod, variant)
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
            let claim = self.claims.order[rank].claim as usize;
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

    fn put_on_claim(&mut self, rank: usize, variant: usize, set: SetId, pod: &PendingPod) {
        let template = self.variants.get(variant).template;
        let place = self.claims.order[rank].claim as usize;
        let claim = &mut self.claims.claims[place];
        claim.set = set;
        std::mem::swap(&mut claim.types, &mut self.kept);
        claim.requests += self.problem.templates[template].requests;
        claim
            .host_ports
            .extend(&self.problem.templates[template].host_ports);
        claim.pods.push(pod.id);
        self.reservations.exchange(&claim.reserved, &self.reserved);
        std::mem::swap(&mut claim.reserved, &mut self.reserved);
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

    fn try_new_claim(&mut self, pod: &PendingPod, variant: usize) -> Answer {
        for pool in 0..self.pools.len() {
            match self.examine_pool(pool, variant) {
                Ok(place) => {
                    self.create_claim(pool, variant, place, pod);
                    return Answer::Placed;
                }
                // No pool of less weight takes what reserved capacity will serve.
                Err(Refusal::Reserved) => return Answer::Deferred,
                Err(_) => {}
            }
        }
        Answer::Refused
    }

    fn create_claim(&mut self, pool: usize, variant: usize, place: NewPlace, pod: &PendingPod) {
        let template = self.variants.get(variant).template;
        let asks = &self.problem.templates[template];
        let claim = Claim {
            pool,
            set: place.set,
            host: self.topology.host_of_claim(),
            types: self.kept.clone(),
            requests: asks.requests,
            host_ports: asks.host_ports.clone(),
            pods: vec![pod.id],
            min_values_relaxed: place.min_values_relaxed,
            reserved: std::mem::take(&mut self.reserved),
        };
        self.reservations.exchange(&[], &claim.reserved);
        let taints = self.variants.taints(self.pool_taints[pool]);
        self.topology
            .record(template, self.sets.get(place.set), claim.host, taints);
        let here = &mut self.pools[pool];
        here.remaining.charge(&claim.types, here.types);
        self.claims.push(claim, &self.used, &self.headroom);
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
