//! What do all pods of one template have in common for the scheduler? Its questions, resolved once, and its verdicts on nodes,
//! kept per slot.

use super::constants::{DEFAULT_HOST_SKEW, DEFAULT_ZONE_SKEW, HARD_POD_AFFINITY_WEIGHT};
use super::plugin::Rejection;
use super::tally::{Inclusion, NODE, Question, Tally, TallyId, TopologyId};
use super::topology::Topology;
use crate::api::objects::core::{NodeInclusionPolicy, WhenUnsatisfiable};
use crate::api::{Resource, Symbol, Symbols, key};
use crate::cluster::template::{PodAffinityTerm, PodSelector, SpreadConstraint};
use crate::cluster::{PodTemplate, TemplateId};

/// All that filtering and scoring need of one template.
#[derive(Clone, Debug, Default)]
pub(super) struct Class {
    /// What is asked for, zeros left out.
    pub(super) requests: Vec<(Resource, i64)>,
    /// CPU in millicores and memory in bytes, with defaults for containers that ask for none.
    pub(super) nonzero: (i64, i64),
    /// Why a node is refused whatever runs on it, by slot.
    pub(super) refusal: Vec<Option<Rejection>>,
    /// `PreferNoSchedule` taints that are not borne, by slot.
    pub(super) unwelcome: Vec<i64>,
    /// Sum of the weights of preferred node terms that match, by slot.
    pub(super) preference: Vec<i64>,
    /// Whether the template has preferred node terms.
    pub(super) prefers_nodes: bool,
    /// A pod of any of these in the node takes a port this one needs.
    pub(super) ports: Vec<TallyId>,
    /// `DoNotSchedule` constraints.
    pub(super) hard_spread: Vec<Spread>,
    /// `ScheduleAnyway` constraints, or the system's defaults.
    pub(super) soft_spread: Vec<Spread>,
    /// Whether nodes that lack a soft constraint's label score nothing; not so with the defaults.
    pub(super) soft_spread_needs_labels: bool,
    /// Each needs a pod in the domain.
    pub(super) affinity: Vec<TallyId>,
    /// Whether a pod of the template satisfies its own affinity, and so may be the first of its kind.
    pub(super) is_its_own_company: bool,
    /// None bears a pod in the domain that the template stays away from.
    pub(super) anti_affinity: Vec<TallyId>,
    /// None bears a pod in the domain that stays away from the template.
    pub(super) anti_affinity_of_others: Vec<TallyId>,
    /// Weight per pod in the domain: the template's preferences and those of others about it.
    pub(super) company: Vec<(i64, TallyId)>,
    /// The tallies that count pods of this template.
    pub(super) counted_by: Vec<TallyId>,
    /// The places of its containers' images in the cache's table.
    pub(super) images: Vec<usize>,
}

/// One spread constraint.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    /// The topology of the label.
    pub(super) topology: TopologyId,
    /// Matching pods: by the label's domains, but by node where a soft constraint spreads over hosts.
    pub(super) tally: TallyId,
    /// Whether the label is the host name.
    pub(super) over_hosts: bool,
    pub(super) max_skew: u32,
    pub(super) min_domains: u32,
    /// Whether a pod of the template matches its own selector.
    pub(super) counts_itself: bool,
}

/// The tables under construction.
pub(super) struct Builder<'s> {
    pub(super) templates: &'s [PodTemplate],
    pub(super) symbols: &'s Symbols,
    pub(super) topologies: Vec<Topology>,
    pub(super) tallies: Vec<Tally>,
}

impl<'s> Builder<'s> {
    pub(super) fn new(templates: &'s [PodTemplate], symbols: &'s Symbols) -> Self {
        Self {
            templates,
            symbols,
            topologies: vec![Topology::new(None)],
            tallies: Vec::new(),
        }
    }

    /// Every template's class. Linear in pairs of templates.
    pub(super) fn classes(&mut self) -> Vec<Class> {
        let mut classes: Vec<_> = self.ids().map(|id| self.class(id)).collect();
        for (id, tally) in self.tallies.iter().enumerate() {
            for template in &tally.question.of {
                classes[template.index()].counted_by.push(id);
            }
        }
        classes
    }

    fn class(&mut self, id: TemplateId) -> Class {
        let template = &self.templates[id.index()];
        let mut class = Class {
            requests: template.requests.iter().collect(),
            nonzero: template.nonzero_requests,
            prefers_nodes: !template.preferred_node_terms.is_empty(),
            ..Class::default()
        };
        for port in &template.host_ports {
            let users = self
                .templates_where(|other| other.host_ports.iter().any(|taken| taken.clashes(port)));
            class.ports.push(self.pods(users, NODE));
        }
        self.spread(id, &mut class);
        self.company(id, &mut class);
        class
    }

    fn spread(&mut self, id: TemplateId, class: &mut Class) {
        let template = &self.templates[id.index()];
        let defaults;
        let declared = !template.spread.is_empty();
        let constraints: &[SpreadConstraint] = if declared || template.daemon {
            &template.spread
        } else {
            defaults = default_constraints();
            &defaults
        };
        let (hard, soft): (Vec<_>, Vec<_>) = constraints.iter().partition(|constraint| {
            constraint.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule
        });
        class.soft_spread_needs_labels = declared;
        // The defaults count the pods of the ReplicaSet, which are those of the template.
        let of = |constraint: &SpreadConstraint| {
            if !declared {
                return vec![id];
            }
            self.templates_where(|other| {
                other.namespace == template.namespace
                    && constraint.selector.matches(&other.labels, self.symbols)
            })
        };
        let hard: Vec<_> = hard
            .into_iter()
            .map(|constraint| (constraint, of(constraint)))
            .collect();
        let soft: Vec<_> = soft
            .into_iter()
            .map(|constraint| (constraint, of(constraint)))
            .collect();
        class.hard_spread = self.constraints(id, &hard, true, false);
        class.soft_spread = self.constraints(id, &soft, declared, true);
    }

    fn constraints(
        &mut self,
        template: TemplateId,
        constraints: &[(&SpreadConstraint, Vec<TemplateId>)],
        needs_labels: bool,
        soft: bool,
    ) -> Vec<Spread> {
        let topologies: Vec<_> = constraints
            .iter()
            .map(|(constraint, _)| self.topology(constraint.topology_key))
            .collect();
        let mut spreads = Vec::new();
        for ((constraint, of), &topology) in constraints.iter().zip(&topologies) {
            let over_hosts = constraint.topology_key == key::HOSTNAME;
            let inclusion = Inclusion {
                template,
                honor_affinity: constraint.node_affinity_policy == NodeInclusionPolicy::Honor,
                honor_taints: constraint.node_taints_policy == NodeInclusionPolicy::Honor,
                topologies: if needs_labels {
                    topologies.clone()
                } else {
                    Vec::new()
                },
            };
            // A node's own pods are scored without regard to the policies.
            let per_node = soft && over_hosts;
            let tally = self.tally(Question {
                of: of.clone(),
                topology: if per_node { NODE } else { topology },
                nodes: (!per_node).then_some(inclusion),
                terminating: false,
            });
            spreads.push(Spread {
                topology,
                tally,
                over_hosts,
                max_skew: constraint.max_skew,
                min_domains: constraint.min_domains.unwrap_or(1),
                counts_itself: of.contains(&template),
            });
        }
        spreads
    }

    fn company(&mut self, id: TemplateId, class: &mut Class) {
        let template = &self.templates[id.index()];
        let (templates, symbols) = (self.templates, self.symbols);
        let meets = |term: &PodAffinityTerm, other: &PodTemplate| {
            term.namespaces.contains(&other.namespace)
                && term.selector.matches(&other.labels, symbols)
        };
        let meets_all =
            |other: &PodTemplate| template.pod_affinity.iter().all(|term| meets(term, other));
        for term in &template.pod_affinity {
            let tally = self.pods_by(self.templates_where(meets_all), term);
            class.affinity.push(tally);
        }
        class.is_its_own_company = meets_all(template);
        for term in &template.pod_anti_affinity {
            let tally = self.pods_by(self.templates_where(|other| meets(term, other)), term);
            class.anti_affinity.push(tally);
        }
        for (weight, term) in &template.preferred_pod_terms {
            let tally = self.pods_by(self.templates_where(|other| meets(term, other)), term);
            class.company.push((i64::from(*weight), tally));
        }
        for (other_id, other) in (0..).map(TemplateId).zip(templates) {
            let about_us = |term: &&PodAffinityTerm| meets(term, template);
            for term in other.pod_anti_affinity.iter().filter(about_us) {
                let tally = self.pods_by(vec![other_id], term);
                class.anti_affinity_of_others.push(tally);
            }
            for term in other.pod_affinity.iter().filter(about_us) {
                let tally = self.pods_by(vec![other_id], term);
                class.company.push((HARD_POD_AFFINITY_WEIGHT, tally));
            }
            for (weight, term) in &other.preferred_pod_terms {
                if meets(term, template) {
                    let tally = self.pods_by(vec![other_id], term);
                    class.company.push((i64::from(*weight), tally));
                }
            }
        }
    }

    fn ids(&self) -> impl Iterator<Item = TemplateId> + use<> {
        (0..self.templates.len() as u32).map(TemplateId)
    }

    fn templates_where(&self, condition: impl Fn(&PodTemplate) -> bool) -> Vec<TemplateId> {
        self.ids()
            .filter(|id| condition(&self.templates[id.index()]))
            .collect()
    }

    fn pods_by(&mut self, of: Vec<TemplateId>, term: &PodAffinityTerm) -> TallyId {
        let topology = self.topology(term.topology_key);
        self.pods(of, topology)
    }

    fn pods(&mut self, of: Vec<TemplateId>, topology: TopologyId) -> TallyId {
        self.tally(Question {
            of,
            topology,
            nodes: None,
            terminating: true,
        })
    }

    fn tally(&mut self, question: Question) -> TallyId {
        let known = self
            .tallies
            .iter()
            .position(|tally| tally.question == question);
        known.unwrap_or_else(|| {
            self.tallies.push(Tally::new(question));
            self.tallies.len() - 1
        })
    }

    fn topology(&mut self, key: Symbol) -> TopologyId {
        let known = self
            .topologies
            .iter()
            .position(|topology| topology.key() == Some(key));
        known.unwrap_or_else(|| {
            self.topologies.push(Topology::new(Some(key)));
            self.topologies.len() - 1
        })
    }
}

/// The system default constraints (spec/kubernetes.md 1.9); their selector is not used.
fn default_constraints() -> [SpreadConstraint; 2] {
    [
        (key::HOSTNAME, DEFAULT_HOST_SKEW),
        (key::ZONE, DEFAULT_ZONE_SKEW),
    ]
    .map(|(topology_key, max_skew)| SpreadConstraint {
        max_skew,
        topology_key,
        when_unsatisfiable: WhenUnsatisfiable::ScheduleAnyway,
        selector: PodSelector::default(),
        min_domains: None,
        node_affinity_policy: NodeInclusionPolicy::Honor,
        node_taints_policy: NodeInclusionPolicy::Ignore,
    })
}
