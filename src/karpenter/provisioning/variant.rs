//! What does a pod ask for, relaxed so far? One variant per template and relaxation: the equivalence classes of a pass.

use super::bits::Bits;
use super::narrowing::{SetId, Sets};
use super::preferences::Relaxation;
use super::problem::Problem;
use super::topology::Topology;
use crate::api::taint::tolerated;
use crate::api::{
    Effect, Operator, Requirement, Requirements, Symbol, Symbols, Taint, Toleration, key,
};

/// The place of a taint set in [`TaintSets`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TaintSetId(u32);

/// The distinct taint sets of pools and nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct TaintSets(Vec<Vec<Taint>>);

impl TaintSets {
    /// The id of a taint set.
    pub(super) fn intern(&mut self, taints: Vec<Taint>) -> TaintSetId {
        let known = self.0.iter().position(|set| *set == taints);
        let place = known.unwrap_or_else(|| {
            self.0.push(taints);
            self.0.len() - 1
        });
        TaintSetId(place as u32)
    }

    /// The taints.
    pub(super) fn get(&self, id: TaintSetId) -> &[Taint] {
        &self.0[id.0 as usize]
    }
}

/// A template relaxed so far.
#[derive(Debug)]
pub(super) struct Variant {
    /// Index of its template.
    pub(super) template: usize,
    /// What it asks of a node's labels, preferences included, the host name left out.
    pub(super) requirements: SetId,
    /// What it asks of the host name.
    pub(super) host: Option<Requirement>,
    /// The same without preferences: what decides which domains it could ever use.
    pub(super) strict: Requirements,
    /// The groups its constraints make.
    pub(super) owned: Vec<usize>,
    /// Nodes that will take none of its pods for the rest of the pass.
    pub(super) closed_nodes: Bits,
    /// Claims that will not.
    pub(super) closed_claims: Bits,
    relaxation: Relaxation,
    bears: Vec<bool>,
    next: Option<usize>,
}

impl Variant {
    /// Whether it bears a taint set.
    #[inline]
    pub(super) fn bears(&self, taints: TaintSetId) -> bool {
        self.bears[taints.0 as usize]
    }

    /// The taints its pods bear.
    pub(super) fn tolerations(&self, problem: &Problem) -> Vec<Toleration> {
        self.relaxation
            .tolerations(&problem.templates[self.template])
    }

    /// Whether it accepts a host name; a claim has none yet.
    pub(super) fn accepts_host(&self, name: Option<Symbol>, symbols: &Symbols) -> bool {
        self.host.as_ref().is_none_or(|host| match name {
            Some(name) => host.has(name, symbols),
            None => !matches!(host.operator(), Operator::In | Operator::DoesNotExist),
        })
    }
}

/// The variants of a pass, made as they are needed.
#[derive(Debug)]
pub(super) struct Variants {
    variants: Vec<Variant>,
    /// By template: the unrelaxed variant.
    first: Vec<Option<usize>>,
    taints: TaintSets,
    taints_prefer: bool,
}

impl Variants {
    /// The unrelaxed variants of all pods to place.
    pub(super) fn new(
        problem: &Problem,
        taints: TaintSets,
        sets: &mut Sets,
        topology: &mut Topology,
    ) -> Self {
        let prefers = |taint: &Taint| taint.effect == Effect::PreferNoSchedule;
        let mut variants = Self {
            variants: Vec::new(),
            first: vec![None; problem.templates.len()],
            taints,
            taints_prefer: problem
                .pools
                .iter()
                .any(|pool| pool.taints.iter().any(prefers)),
        };
        for pod in problem.pods {
            let template = pod.template.index();
            if variants.first[template].is_none() {
                let start = Relaxation::start(
                    &problem.templates[template],
                    problem.options.preference_policy,
                );
                variants.first[template] =
                    Some(variants.make(template, start, problem, sets, topology));
            }
        }
        variants
    }

    /// The unrelaxed variant of a template with pods to place.
    pub(super) fn first(&self, template: usize) -> usize {
        self.first[template].expect("every template with pods to place has a variant")
    }

    /// A variant.
    #[inline]
    pub(super) fn get(&self, variant: usize) -> &Variant {
        &self.variants[variant]
    }

    /// A variant to close places for.
    pub(super) fn get_mut(&mut self, variant: usize) -> &mut Variant {
        &mut self.variants[variant]
    }

    /// A taint set.
    pub(super) fn taints(&self, id: TaintSetId) -> &[Taint] {
        self.taints.get(id)
    }

    /// What a variant has given up that `first` of its template had not.
    pub(super) fn given_up(&self, variant: usize, first: usize) -> Relaxation {
        self.get(variant)
            .relaxation
            .beyond(self.get(first).relaxation)
    }

    /// The variant one step more relaxed (1.7).
    pub(super) fn relaxed(
        &mut self,
        variant: usize,
        problem: &Problem,
        sets: &mut Sets,
        topology: &mut Topology,
    ) -> Option<usize> {
        let Variant {
            template,
            relaxation,
            next,
            ..
        } = self.variants[variant];
        if next.is_some() {
            return next;
        }
        let relaxation = relaxation.next(&problem.templates[template], self.taints_prefer)?;
        let made = self.make(template, relaxation, problem, sets, topology);
        self.variants[variant].next = Some(made);
        Some(made)
    }

    fn make(
        &mut self,
        template: usize,
        relaxation: Relaxation,
        problem: &Problem,
        sets: &mut Sets,
        topology: &mut Topology,
    ) -> usize {
        let pod = &problem.templates[template];
        let mut requirements = relaxation.requirements(pod, problem.symbols);
        let host = requirements.get(key::HOSTNAME).cloned();
        requirements.remove(key::HOSTNAME);
        let tolerations = relaxation.tolerations(pod);
        let bears = |taints: &Vec<Taint>| taints.iter().all(|taint| tolerated(taint, &tolerations));
        self.variants.push(Variant {
            template,
            requirements: sets.intern(requirements),
            host,
            strict: relaxation.strict_requirements(pod, problem.symbols),
            owned: topology.own(pod, &relaxation),
            closed_nodes: Bits::default(),
            closed_claims: Bits::default(),
            relaxation,
            bears: self.taints.0.iter().map(bears).collect(),
            next: None,
        });
        self.variants.len() - 1
    }
}
