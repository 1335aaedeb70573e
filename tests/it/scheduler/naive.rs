//! kube-scheduler written down once more, from scratch for every attempt and without a thought of speed.

use karpsim::api::objects::core::{NodeInclusionPolicy, WhenUnsatisfiable};
use karpsim::api::taint::tolerated;
use karpsim::api::{Effect, Resource, Resources, Symbol, Symbols, key};
use karpsim::cluster::PodTemplate;
use karpsim::cluster::template::HostPort;
use karpsim::cluster::template::{PodAffinityTerm, SpreadConstraint};
use karpsim::kube::scheduler::{NodeInfo, PodInfo};

/// A cluster as plain lists.
pub(crate) struct Cluster<'a> {
    pub(crate) templates: &'a [PodTemplate],
    pub(crate) symbols: &'a Symbols,
    /// By slot.
    pub(crate) nodes: Vec<Option<NodeInfo>>,
    pub(crate) pods: Vec<(u32, PodInfo)>,
}

/// Which plugin refused, and whether eviction could help.
pub(crate) type Refusal = (&'static str, bool);

impl Cluster<'_> {
    fn node(&self, slot: u32) -> &NodeInfo {
        self.nodes[slot as usize].as_ref().expect("a node")
    }

    fn slots(&self) -> impl Iterator<Item = u32> {
        (0..self.nodes.len() as u32).filter(|&slot| self.nodes[slot as usize].is_some())
    }

    fn on(&self, slot: u32) -> impl Iterator<Item = (PodInfo, &PodTemplate)> {
        let pods = self.pods.iter().filter(move |(at, _)| *at == slot);
        pods.map(|&(_, pod)| (pod, &self.templates[pod.template.index()]))
    }

    fn everywhere(&self) -> impl Iterator<Item = (u32, PodInfo, &PodTemplate)> {
        self.pods
            .iter()
            .map(|&(slot, pod)| (slot, pod, &self.templates[pod.template.index()]))
    }

    fn domain(&self, slot: u32, key: Symbol) -> Option<Symbol> {
        self.node(slot).labels.get(key)
    }

    fn same_domain(&self, a: u32, b: u32, key: Symbol) -> bool {
        self.domain(a, key).is_some() && self.domain(a, key) == self.domain(b, key)
    }

    fn meets(&self, term: &PodAffinityTerm, pod: &PodTemplate) -> bool {
        term.namespaces.contains(&pod.namespace) && term.selector.matches(&pod.labels, self.symbols)
    }

    pub(crate) fn requested(&self, slot: u32) -> Resources {
        self.on(slot).fold(Resources::ZERO, |sum, (_, template)| {
            sum + template.requests
        })
    }

    /// What the first filter that refuses the node says.
    pub(crate) fn filter(&self, pod: &PodTemplate, slot: u32) -> Result<(), Refusal> {
        let node = self.node(slot);
        let hard = |taint: &&_| is_hard(taint) && !tolerated(taint, &pod.tolerations);
        // No template of these tests bears the taint of a cordon.
        if node.unschedulable {
            return Err(("cordoned", false));
        }
        if node.taints.iter().any(|taint| hard(&taint)) {
            return Err(("taint", false));
        }
        if !pod.node_matches(&node.labels, self.symbols) {
            return Err(("node affinity", false));
        }
        let taken = |port| {
            self.on(slot).any(|(_, other)| {
                other
                    .host_ports
                    .iter()
                    .any(|taken: &HostPort| taken.clashes(port))
            })
        };
        if pod.host_ports.iter().any(taken) {
            return Err(("ports", true));
        }
        if self.lacks(pod, slot) {
            let mut empty = node.allocatable;
            empty[Resource::Pods] = i64::MAX;
            return Err(("fit", pod.requests.fits(&empty)));
        }
        for constraint in of_kind(pod, WhenUnsatisfiable::DoNotSchedule) {
            self.skew(pod, constraint, slot)?;
        }
        self.company(pod, slot)
    }

    /// Only what is asked for is checked: an overcommitted node takes pods that ask for nothing.
    fn lacks(&self, pod: &PodTemplate, slot: u32) -> bool {
        let free = self.node(slot).allocatable - self.requested(slot);
        pod.requests
            .iter()
            .any(|(kind, amount)| amount > free[kind])
    }

    fn skew(
        &self,
        pod: &PodTemplate,
        constraint: &SpreadConstraint,
        slot: u32,
    ) -> Result<(), Refusal> {
        let key = constraint.topology_key;
        let Some(own) = self.domain(slot, key) else {
            return Err(("spread label", false));
        };
        let keys: Vec<_> = of_kind(pod, WhenUnsatisfiable::DoNotSchedule)
            .map(|c| c.topology_key)
            .collect();
        let eligible: Vec<_> = self
            .slots()
            .filter(|&at| keys.iter().all(|&key| self.domain(at, key).is_some()))
            .filter(|&at| self.included(pod, constraint, at))
            .collect();
        let count = |domain| {
            let there = eligible
                .iter()
                .filter(|&&at| self.domain(at, key) == Some(domain));
            there
                .map(|&at| self.matching(pod, constraint, at))
                .sum::<usize>()
        };
        let mut domains: Vec<_> = eligible
            .iter()
            .filter_map(|&at| self.domain(at, key))
            .collect();
        domains.sort_unstable();
        domains.dedup();
        let enough = domains.len() >= constraint.min_domains.unwrap_or(1) as usize;
        let minimum = if enough {
            domains.iter().map(|&d| count(d)).min().unwrap_or(0)
        } else {
            0
        };
        let itself = usize::from(constraint.selector.matches(&pod.labels, self.symbols));
        if count(own) + itself > minimum + constraint.max_skew as usize {
            return Err(("skew", true));
        }
        Ok(())
    }

    fn included(&self, pod: &PodTemplate, constraint: &SpreadConstraint, slot: u32) -> bool {
        let node = self.node(slot);
        let refused = node
            .taints
            .iter()
            .any(|taint| is_hard(&taint) && !tolerated(taint, &pod.tolerations));
        (constraint.node_affinity_policy == NodeInclusionPolicy::Ignore
            || pod.node_matches(&node.labels, self.symbols))
            && (constraint.node_taints_policy == NodeInclusionPolicy::Ignore || !refused)
    }

    fn matching(&self, pod: &PodTemplate, constraint: &SpreadConstraint, slot: u32) -> usize {
        let counted = self.on(slot).filter(|(info, other)| {
            !info.terminating
                && other.namespace == pod.namespace
                && constraint.selector.matches(&other.labels, self.symbols)
        });
        counted.count()
    }

    fn company(&self, pod: &PodTemplate, slot: u32) -> Result<(), Refusal> {
        let all = |other: &PodTemplate| pod.pod_affinity.iter().all(|term| self.meets(term, other));
        let labelled = pod
            .pod_affinity
            .iter()
            .all(|term| self.domain(slot, term.topology_key).is_some());
        let satisfied = pod.pod_affinity.iter().all(|term| {
            self.everywhere()
                .any(|(at, _, other)| self.same_domain(at, slot, term.topology_key) && all(other))
        });
        let counted_anywhere = pod.pod_affinity.iter().any(|term| {
            self.everywhere()
                .any(|(at, _, other)| self.domain(at, term.topology_key).is_some() && all(other))
        });
        if !labelled || !(satisfied || (!counted_anywhere && all(pod))) {
            return Err(("affinity", false));
        }
        let avoided = pod.pod_anti_affinity.iter().any(|term| {
            self.everywhere().any(|(at, _, other)| {
                self.same_domain(at, slot, term.topology_key) && self.meets(term, other)
            })
        });
        if avoided {
            return Err(("anti-affinity", true));
        }
        let unwanted = self.everywhere().any(|(at, _, other)| {
            let mut terms = other.pod_anti_affinity.iter();
            terms.any(|term| self.same_domain(at, slot, term.topology_key) && self.meets(term, pod))
        });
        if unwanted {
            return Err(("anti-affinity of others", true));
        }
        Ok(())
    }

    /// Total scores of the feasible nodes.
    pub(crate) fn scores(
        &self,
        pod: &PodTemplate,
        place: usize,
        feasible: &[u32],
        minor: u32,
    ) -> Vec<i64> {
        let plugins = [
            (
                1,
                feasible
                    .iter()
                    .map(|&slot| self.least_allocated(pod, slot))
                    .collect(),
            ),
            (
                1,
                feasible
                    .iter()
                    .map(|&slot| self.balance(pod, slot, minor))
                    .collect(),
            ),
            (
                1,
                feasible
                    .iter()
                    .map(|&slot| self.locality(pod, slot))
                    .collect(),
            ),
            (3, self.taints(pod, feasible)),
            (2, self.node_affinity(pod, feasible)),
            (2, self.spread(pod, place, feasible)),
            (2, self.preferred_company(pod, feasible)),
        ];
        (0..feasible.len())
            .map(|at| {
                plugins
                    .iter()
                    .map(|(weight, scores): &(i64, Vec<i64>)| weight * scores[at])
                    .sum()
            })
            .collect()
    }

    fn least_allocated(&self, pod: &PodTemplate, slot: u32) -> i64 {
        let allocatable = self.node(slot).allocatable;
        let used = self
            .on(slot)
            .fold(pod.nonzero_requests, |(cpu, memory), (_, other)| {
                (
                    cpu + other.nonzero_requests.0,
                    memory + other.nonzero_requests.1,
                )
            });
        let share = |used: i64, all: i64| {
            if used > all {
                0
            } else {
                (all - used) * 100 / all
            }
        };
        (share(used.0, allocatable[Resource::Cpu]) + share(used.1, allocatable[Resource::Memory]))
            / 2
    }

    fn balance(&self, pod: &PodTemplate, slot: u32, minor: u32) -> i64 {
        if pod.requests[Resource::Cpu] == 0 && pod.requests[Resource::Memory] == 0 {
            return 0;
        }
        let balance = |used: Resources| {
            let share =
                |kind| (used[kind] as f64 / self.node(slot).allocatable[kind] as f64).min(1.0);
            ((1.0 - (share(Resource::Cpu) - share(Resource::Memory)).abs() / 2.0) * 100.0) as i64
        };
        let used = self.requested(slot);
        let (before, after) = (balance(used), balance(used + pod.requests));
        if minor >= 36 {
            50 + (50 + after - before) / 2
        } else {
            after
        }
    }

    fn locality(&self, pod: &PodTemplate, slot: u32) -> i64 {
        let held = |slot| {
            let mut images = self.node(slot).images.iter();
            images
                .find(|(image, _)| *image == pod.image)
                .map(|&(_, bytes)| bytes)
        };
        let holders = self.slots().filter(|&slot| held(slot).is_some()).count();
        let share = holders as f64 / self.slots().count() as f64;
        let (least, most) = (23 << 20, 1000 << 20);
        let scaled = ((held(slot).unwrap_or(0) as f64 * share) as i64).clamp(least, most);
        100 * (scaled - least) / (most - least)
    }

    fn taints(&self, pod: &PodTemplate, feasible: &[u32]) -> Vec<i64> {
        let unwelcome = |&slot: &u32| {
            let taints = self.node(slot).taints.iter();
            taints
                .filter(|taint| !is_hard(taint) && !tolerated(taint, &pod.tolerations))
                .count() as i64
        };
        let most = feasible.iter().map(unwelcome).max().unwrap_or(0).max(1);
        feasible
            .iter()
            .map(|slot| 100 - 100 * unwelcome(slot) / most)
            .collect()
    }

    fn node_affinity(&self, pod: &PodTemplate, feasible: &[u32]) -> Vec<i64> {
        let preference = |&slot: &u32| -> i64 {
            let terms = pod.preferred_node_terms.iter();
            terms
                .filter(|(_, term)| term.matches(&self.node(slot).labels, self.symbols))
                .map(|&(weight, _)| i64::from(weight))
                .sum()
        };
        let most = feasible.iter().map(preference).max().unwrap_or(0).max(1);
        feasible
            .iter()
            .map(|slot| 100 * preference(slot) / most)
            .collect()
    }

    fn spread(&self, pod: &PodTemplate, place: usize, feasible: &[u32]) -> Vec<i64> {
        let declared = !pod.spread.is_empty();
        let soft: Vec<(Symbol, u32, Option<&SpreadConstraint>)> = match (declared, pod.daemon) {
            (true, _) => of_kind(pod, WhenUnsatisfiable::ScheduleAnyway)
                .map(|constraint| {
                    (
                        constraint.topology_key,
                        constraint.max_skew,
                        Some(constraint),
                    )
                })
                .collect(),
            (false, true) => Vec::new(),
            (false, false) => vec![(key::HOSTNAME, 3, None), (key::ZONE, 5, None)],
        };
        if soft.is_empty() {
            return vec![0; feasible.len()];
        }
        let has_all = |slot| {
            !declared
                || soft
                    .iter()
                    .all(|&(key, ..)| self.domain(slot, key).is_some())
        };
        let considered: Vec<_> = feasible
            .iter()
            .copied()
            .filter(|&slot| has_all(slot))
            .collect();
        let raw = |slot: u32| -> i64 {
            let mut sum = 0.0;
            for &(key, max_skew, constraint) in &soft {
                let mut domains: Vec<_> =
                    considered.iter().map(|&at| self.domain(at, key)).collect();
                domains.sort_unstable();
                domains.dedup();
                let size = if key == key::HOSTNAME {
                    considered.len()
                } else {
                    domains.len()
                };
                if self.domain(slot, key).is_none() {
                    continue;
                }
                let on_node = |at: u32| match constraint {
                    Some(constraint) => self.matching(pod, constraint, at),
                    None => self
                        .on(at)
                        .filter(|(info, _)| info.template.index() == place && !info.terminating)
                        .count(),
                };
                let included = |at: u32| match constraint {
                    Some(constraint) => has_all(at) && self.included(pod, constraint, at),
                    None => pod.node_matches(&self.node(at).labels, self.symbols),
                };
                let count = if key == key::HOSTNAME {
                    on_node(slot)
                } else {
                    let there = self
                        .slots()
                        .filter(|&at| self.same_domain(at, slot, key) && included(at));
                    there.map(on_node).sum()
                };
                sum += count as f64 * ((size + 2) as f64).ln() + f64::from(max_skew - 1);
            }
            sum.round() as i64
        };
        let least = considered.iter().map(|&slot| raw(slot)).min().unwrap_or(0);
        let most = considered.iter().map(|&slot| raw(slot)).max().unwrap_or(0);
        let normalised = |&slot: &u32| match most {
            _ if !considered.contains(&slot) => 0,
            0 => 100,
            _ => 100 * (most + least - raw(slot)) / most,
        };
        feasible.iter().map(normalised).collect()
    }

    fn preferred_company(&self, pod: &PodTemplate, feasible: &[u32]) -> Vec<i64> {
        let raw = |&slot: &u32| -> i64 {
            let mut sum = 0;
            for (at, _, other) in self.everywhere() {
                let near = |term: &PodAffinityTerm| self.same_domain(at, slot, term.topology_key);
                for (weight, term) in &pod.preferred_pod_terms {
                    sum += i64::from(*weight) * i64::from(near(term) && self.meets(term, other));
                }
                for (weight, term) in &other.preferred_pod_terms {
                    sum += i64::from(*weight) * i64::from(near(term) && self.meets(term, pod));
                }
                for term in &other.pod_affinity {
                    sum += i64::from(near(term) && self.meets(term, pod));
                }
            }
            sum
        };
        let least = feasible.iter().map(raw).min().unwrap_or(0);
        let range = feasible.iter().map(raw).max().unwrap_or(0) - least;
        let normalised = |slot| match range {
            0 => 0,
            _ => (100.0 * ((raw(slot) - least) as f64 / range as f64)) as i64,
        };
        feasible.iter().map(normalised).collect()
    }
}

fn is_hard(taint: &&karpsim::api::Taint) -> bool {
    taint.effect != Effect::PreferNoSchedule
}

fn of_kind(pod: &PodTemplate, kind: WhenUnsatisfiable) -> impl Iterator<Item = &SpreadConstraint> {
    pod.spread
        .iter()
        .filter(move |constraint| constraint.when_unsatisfiable == kind)
}
