//! In which domains may a pod go? Topology spread, pod affinity and anti-affinity (1.11).
//!
//! A [`Group`] counts pods by domain of one label key. A pod owns the groups its own constraints make; it is also bound by *inverse* groups:
//! those of other pods' required anti-affinity terms that select it. For one attempt, what the groups of a pod ask is worked out once
//! ([`Demand`]) and then compared with many places.

mod domains;
mod group;

use super::draws::Draws;
use super::narrowing::{Place, SetId, Sets};
use super::preferences::Relaxation;
use super::problem::Problem;
use crate::api::label::is_well_known;
use crate::api::{LabelSet, Requirement, Requirements, Symbol, Taint, Toleration, key};
use crate::cluster::PodTemplate;
use crate::cluster::template::PodAffinityTerm;
use domains::{Admitted, DomainKey, KeyId};
use group::{Group, Kind, Rule};

/// The domain a node or claim makes for the key `kubernetes.io/hostname`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct HostId(u32);

impl HostId {
    /// The host of a claim that is only being considered.
    pub(super) const UNBORN: Self = Self(u32::MAX);
}

/// Why a place is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Violation {
    /// The label key whose domains do not allow the pod.
    pub(super) key: Symbol,
    /// Whether the place is closed to pods of the template for the rest of the pass.
    pub(super) lasting: bool,
}

/// A group: one that pods own, or an inverse one.
#[derive(Clone, Copy, Debug)]
enum GroupId {
    Own(usize),
    Inverse(usize),
}

/// What a group asks of every place during one attempt.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    group: GroupId,
    key: KeyId,
    rule: Rule,
}

/// Counts of a pass.
#[derive(Debug)]
pub(super) struct Topology<'a> {
    problem: &'a Problem<'a>,
    /// The first is the host name.
    keys: Vec<DomainKey>,
    groups: Vec<Group>,
    inverse: Vec<Group>,
    /// By template: groups that count its pods, and how many groups were looked at for it.
    counting: Vec<(Vec<usize>, usize)>,
    /// By template: inverse groups that bind its pods.
    binding: Vec<Vec<usize>>,
    /// By template: inverse groups its pods make.
    making: Vec<Vec<usize>>,
    admitted: Admitted,
    chosen: Vec<(KeyId, Vec<u32>)>,
    options: Vec<u32>,
}

const HOSTNAME: KeyId = KeyId(0);

impl<'a> Topology<'a> {
    /// The inverse groups of all pods there are; groups that pods own come with [`Topology::own`].
    pub(super) fn new(problem: &'a Problem<'a>) -> Self {
        let none = vec![Vec::new(); problem.templates.len()];
        let mut topology = Self {
            problem,
            keys: vec![DomainKey::hostname()],
            groups: Vec::new(),
            inverse: Vec::new(),
            counting: vec![(Vec::new(), 0); problem.templates.len()],
            binding: none.clone(),
            making: none,
            admitted: Admitted::default(),
            chosen: Vec::new(),
            options: Vec::new(),
        };
        let mut looked_at = vec![false; problem.templates.len()];
        for (labels, pods) in bound_pods(problem) {
            for &template in pods {
                topology.make_inverse(template.index(), &mut looked_at);
                topology.count_inverse(template.index(), labels);
            }
        }
        for pod in problem.pods {
            topology.make_inverse(pod.template.index(), &mut looked_at);
        }
        for pod in problem.pods {
            let template = pod.template.index();
            if topology.binding[template].is_empty() {
                let binds =
                    |group: &Group| group.selects(&problem.templates[template], problem.symbols);
                topology.binding[template] = places_where(&topology.inverse, binds);
            }
        }
        topology
    }

    /// The host name domain of an existing node.
    pub(super) fn host_of_node(&mut self, name: Symbol) -> HostId {
        HostId(self.keys[0].domain(name))
    }

    /// The host name domain of a claim, which has no name yet.
    pub(super) fn host_of_claim(&mut self) -> HostId {
        HostId(self.keys[0].unnamed_domain())
    }

    /// The groups a pod owns once relaxed so far. Groups seen for the first time count what is bound, not what this pass has placed.
    pub(super) fn own(&mut self, template: &PodTemplate, relaxation: &Relaxation) -> Vec<usize> {
        let mut owned = Vec::new();
        for spread in relaxation.spread(template) {
            let key = self.key(spread.topology_key);
            owned.push(self.group(Group::spread(
                key,
                template,
                spread,
                relaxation,
                self.problem.symbols,
            )));
        }
        let affinity = relaxation
            .pod_affinity(template)
            .into_iter()
            .map(|term| (Kind::Affinity, term));
        let away = relaxation
            .pod_anti_affinity(template)
            .into_iter()
            .map(|term| (Kind::AntiAffinity, term));
        for (kind, term) in affinity.chain(away) {
            let group = self.term_group(kind, term, relaxation.tolerations(template));
            owned.push(self.group(group));
        }
        owned.sort_unstable();
        owned.dedup();
        owned
    }

    /// What the pod's groups and the inverse groups ask of any place, as things stand. `strict`: the pod's requirements without preferences.
    pub(super) fn demands(
        &self,
        template: usize,
        owned: &[usize],
        strict: &Requirements,
        demands: &mut Vec<Demand>,
    ) {
        demands.clear();
        let pod = &self.problem.templates[template];
        let owned = owned.iter().map(|&at| GroupId::Own(at));
        let binding = self.binding[template]
            .iter()
            .map(|&at| GroupId::Inverse(at));
        for id in owned.chain(binding) {
            let group = self.at(id);
            let domains = &self.keys[group.key().index()];
            demands.push(Demand {
                group: id,
                key: group.key(),
                rule: group.rule(
                    pod,
                    strict.get(domains.key()),
                    domains,
                    self.problem.symbols,
                ),
            });
        }
    }

    /// Whether the host name demands allow a host.
    #[inline]
    pub(super) fn allows_host(&self, demands: &[Demand], host: HostId) -> Result<(), Violation> {
        let on_host = demands.iter().filter(|demand| demand.key == HOSTNAME);
        for demand in on_host {
            if !self.at(demand.group).allows_host(&demand.rule, host.0) {
                return Err(Violation {
                    key: key::HOSTNAME,
                    lasting: demand.rule.refuses_hosts_for_good(),
                });
            }
        }
        Ok(())
    }

    fn at(&self, id: GroupId) -> &Group {
        match id {
            GroupId::Own(at) => &self.groups[at],
            GroupId::Inverse(at) => &self.inverse[at],
        }
    }

    /// The set of a place narrowed to the domains the demands choose, or the key they fail on. Every demand reads the set as it was before
    /// any of them; what they choose of one key is then intersected, and where that leaves nothing, the label must not exist: a place that
    /// may be without it is allowed.
    pub(super) fn narrow(
        &mut self,
        demands: &[Demand],
        at: SetId,
        place: Place,
        draws: &mut Draws,
        sets: &mut Sets,
    ) -> Result<SetId, Symbol> {
        let symbols = self.problem.symbols;
        self.chosen.clear();
        let elsewhere = demands.iter().enumerate();
        for (ordinal, demand) in elsewhere.filter(|(_, demand)| demand.key != HOSTNAME) {
            let domains = &self.keys[demand.key.index()];
            let key = domains.key();
            let alone = || {
                demands
                    .iter()
                    .filter(|other| other.key == demand.key)
                    .count()
                    == 1
            };
            if is_lacking(sets.get(at).get(key), key, place) && alone() {
                return Err(key);
            }
            let admitted = self
                .admitted
                .domains(at, demand.key, domains, sets, symbols);
            let group = match demand.group {
                GroupId::Own(at) => &self.groups[at],
                GroupId::Inverse(at) => &self.inverse[at],
            };
            draws.begin(ordinal);
            group.choose(
                &demand.rule,
                admitted,
                &mut |n| draws.below(n),
                &mut self.options,
            );
            if self.options.is_empty() {
                return Err(key);
            }
            let mut chosen = self.chosen.iter_mut();
            match chosen.find(|(known, _)| *known == demand.key) {
                Some((_, chosen)) => chosen.retain(|domain| self.options.contains(domain)),
                None => self.chosen.push((demand.key, self.options.clone())),
            }
        }
        let mut narrowed = at;
        for (key, chosen) in &self.chosen {
            let domains = &self.keys[key.index()];
            let (key, here) = (domains.key(), sets.get(at).get(domains.key()));
            let allowed = match chosen.is_empty() {
                true => here.is_none_or(Requirement::allows_absence),
                false => !is_lacking(here, key, place),
            };
            if !allowed {
                return Err(key);
            }
            narrowed = sets.narrow(narrowed, key, domains.names(chosen), symbols);
        }
        Ok(narrowed)
    }

    /// Counts a placement: `at` is what the place has become, `taints` those it has.
    pub(super) fn record(
        &mut self,
        template: usize,
        at: &Requirements,
        host: HostId,
        taints: &[Taint],
    ) {
        let (pod, symbols) = (&self.problem.templates[template], self.problem.symbols);
        let (counting, seen) = &mut self.counting[template];
        for (place, group) in self.groups.iter().enumerate().skip(*seen) {
            if group.selects(pod, symbols) {
                counting.push(place);
            }
        }
        *seen = self.groups.len();
        for &place in &*counting {
            let group = &mut self.groups[place];
            if group.filter_accepts_claim(at, taints, symbols) {
                group.record(at, host.0, &mut self.keys[group.key().index()]);
            }
        }
        for &place in &self.making[template] {
            let group = &mut self.inverse[place];
            group.record(at, host.0, &mut self.keys[group.key().index()]);
        }
    }

    fn make_inverse(&mut self, template: usize, looked_at: &mut [bool]) {
        if std::mem::replace(&mut looked_at[template], true) {
            return;
        }
        let problem = self.problem;
        let pod = &problem.templates[template];
        for term in &pod.pod_anti_affinity {
            let group = self.term_group(Kind::AntiAffinity, term, pod.tolerations.clone());
            let known = self.inverse.len();
            let place = find_or_push(&mut self.inverse, group);
            if place == known {
                let group = &mut self.inverse[place];
                group.learn_universe(problem, &self.keys[group.key().index()]);
            }
            self.making[template].push(place);
        }
        self.making[template].dedup();
    }

    fn count_inverse(&mut self, template: usize, labels: &LabelSet) {
        for &place in &self.making[template] {
            let group = &mut self.inverse[place];
            let domains = &mut self.keys[group.key().index()];
            if let Some(value) = labels.get(domains.key()) {
                group.add(domains.domain(value));
            }
        }
    }

    fn term_group(
        &mut self,
        kind: Kind,
        term: &PodAffinityTerm,
        founder: Vec<Toleration>,
    ) -> Group {
        let key = self.key(term.topology_key);
        Group::term(kind, key, term, founder)
    }

    fn key(&mut self, key: Symbol) -> KeyId {
        let known = self.keys.iter().position(|domains| domains.key() == key);
        let place = known.unwrap_or_else(|| {
            self.keys.push(DomainKey::new(key, self.problem));
            self.keys.len() - 1
        });
        KeyId(place as u32)
    }

    fn group(&mut self, group: Group) -> usize {
        let known = self.groups.len();
        let place = find_or_push(&mut self.groups, group);
        if place == known {
            let group = &mut self.groups[place];
            let domains = &mut self.keys[group.key().index()];
            group.learn_universe(self.problem, domains);
            group.count_bound(self.problem, domains);
        }
        place
    }
}

/// Whether a place with this requirement on the key has no value of it, and will have none.
fn is_lacking(here: Option<&Requirement>, key: Symbol, place: Place) -> bool {
    here.is_none() && !(place == Place::Claim && is_well_known(key))
}

fn bound_pods<'a>(
    problem: &Problem<'a>,
) -> impl Iterator<Item = (&'a LabelSet, &'a [crate::cluster::TemplateId])> {
    let existing = problem
        .existing
        .iter()
        .map(|node| (&node.labels, node.pods.as_slice()));
    existing.chain(
        problem
            .counted
            .iter()
            .map(|node| (&node.labels, node.pods.as_slice())),
    )
}

fn find_or_push(groups: &mut Vec<Group>, group: Group) -> usize {
    groups
        .iter()
        .position(|known| known.is_same(&group))
        .unwrap_or_else(|| {
            groups.push(group);
            groups.len() - 1
        })
}

fn places_where(groups: &[Group], holds: impl Fn(&Group) -> bool) -> Vec<usize> {
    (0..groups.len())
        .filter(|&place| holds(&groups[place]))
        .collect()
}
