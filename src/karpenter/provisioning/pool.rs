//! Which of a pool's types could a claim still be? (1.3, 1.10)

use super::amounts::{Kinds, Rows, fits};
use super::bits::Bits;
use super::daemons::{Daemons, Overhead};
use super::draws::Draws;
use super::limits::Remaining;
use super::narrowing::{SetId, Sets};
use super::plan::{Cause, TypeFailures};
use super::problem::{PoolTemplate, Problem};
use crate::api::{Requirement, Requirements, Resources, Symbol, Symbols, key};
use crate::cloud::{InstanceType, Offering, Price};
use crate::cluster::template::HostPort;

/// A pool during a pass.
#[derive(Debug)]
pub(super) struct Pool<'a> {
    /// Its place in the problem.
    pub(super) index: usize,
    /// Its candidate types.
    pub(super) types: &'a [InstanceType],
    /// What all its nodes are.
    pub(super) set: SetId,
    /// Types its own requirements leave.
    pub(super) eligible: Bits,
    /// What is left of its limits.
    pub(super) remaining: Remaining,
    /// What DaemonSets take, by type.
    overheads: Vec<Overhead>,
    /// Whether they take anything of any type.
    has_overhead: bool,
    /// Allocatable less the overhead, by type.
    room: Rows,
    /// By requirement set.
    masks: Vec<Option<Box<Mask>>>,
}

/// What a requirement set leaves of a pool's types.
#[derive(Debug)]
pub(super) struct Mask {
    /// Types whose labels do not contradict it.
    compatible: Bits,
    /// Types with an available offering that does not either.
    offered: Bits,
    /// Both, of the eligible types.
    pub(super) passing: Bits,
    /// Keys of which the surviving types must have so many values.
    min_values: Vec<(Symbol, u32)>,
}

impl<'a> Pool<'a> {
    /// The pool, or why no claim of it can ever be (1.3).
    pub(super) fn new(
        index: usize,
        problem: &Problem<'a>,
        daemons: &mut Daemons,
        kinds: &Kinds,
        sets: &mut Sets,
    ) -> Result<Self, Cause> {
        let (template, symbols) = (&problem.pools[index], problem.symbols);
        let requirements = requirements_of(template, symbols);
        let all = Bits::of(template.types.len(), |_| true);
        let mask = Mask::new(&requirements, template.types, &all, symbols);
        if mask.passing.is_empty() {
            return Err(Cause::Types(mask.failures(&all, |_| true, |_| true)));
        }
        let strict = problem.options.min_values_policy == super::MinValuesPolicy::Strict;
        if let Some(short) = mask
            .min_values_short(&mask.passing, template.types)
            .into_iter()
            .next()
            .filter(|_| strict)
        {
            return Err(short.into());
        }
        let overheads = daemons.of_types(template, &requirements, &mask.passing, symbols);
        let mut room = Rows::new(kinds);
        for (place, (instance_type, overhead)) in template.types.iter().zip(&overheads).enumerate()
        {
            let left = instance_type.allocatable - overhead.requests;
            room.push(kinds.row(&left));
            if left.any_negative() {
                room.close(place);
            }
        }
        Ok(Self {
            index,
            types: template.types,
            set: sets.intern(requirements),
            eligible: mask.passing,
            remaining: Remaining::new(&template.limits, index, problem),
            has_overhead: overheads
                .iter()
                .any(|overhead| *overhead != Overhead::default()),
            overheads,
            room,
            masks: Vec::new(),
        })
    }

    /// What a requirement set leaves of the types.
    pub(super) fn mask(&mut self, at: SetId, sets: &Sets, symbols: &Symbols) -> &Mask {
        if at.index() >= self.masks.len() {
            self.masks.resize_with(sets.len(), || None);
        }
        self.masks[at.index()].get_or_insert_with(|| {
            Box::new(Mask::new(sets.get(at), self.types, &self.eligible, symbols))
        })
    }

    /// Takes types away in which `requests` do not fit or a DaemonSet pod has one of the `ports`; leaves in `headroom` the most
    /// any remaining type has left of each kind.
    #[inline]
    pub(super) fn keep_fitting(
        &self,
        types: &mut Bits,
        requests: &[i64],
        ports: &[HostPort],
        headroom: &mut [i64],
    ) {
        headroom.fill(i64::MIN);
        types.retain(|place| {
            let room = self.room.row(place);
            let keeps = fits(requests, room) && !self.clashes(place, ports);
            if keeps {
                for ((most, room), request) in headroom.iter_mut().zip(room).zip(requests) {
                    *most = (*most).max(room - request);
                }
            }
            keeps
        });
    }

    /// Which filters refuse how many of the eligible types within the limits.
    pub(super) fn failures(
        &mut self,
        at: SetId,
        requests: &[i64],
        ports: &[HostPort],
        sets: &Sets,
        symbols: &Symbols,
    ) -> TypeFailures {
        self.mask(at, sets, symbols);
        let mut candidates = self.eligible.clone();
        candidates.retain(|place| self.remaining.allows(&self.types[place].capacity));
        let mask = self.masks[at.index()]
            .as_ref()
            .expect("the mask was just made");
        let has_room = |place| fits(requests, self.room.row(place));
        mask.failures(&candidates, has_room, |place| !self.clashes(place, ports))
    }

    /// The least, component by component, that DaemonSets take of these types. Where they take nothing of some, what upstream finds depends on
    /// the order of a map: it starts over after such a group (0.3 item 2).
    pub(super) fn least_overhead(&self, types: &Bits, draws: &mut Draws) -> Resources {
        if !self.has_overhead {
            return Resources::ZERO;
        }
        let of = |place: usize| self.overheads[place].requests;
        let mut groups: Vec<Resources> = Vec::new();
        for overhead in self.eligible.iter().map(of) {
            if !groups.contains(&overhead) {
                groups.push(overhead);
            }
        }
        if groups.contains(&Resources::ZERO) {
            for last in (1..groups.len()).rev() {
                groups.swap(last, draws.below(last + 1));
            }
        }
        groups.retain(|group| types.iter().any(|place| of(place) == *group));
        let least = groups.into_iter().reduce(|least, next| match least {
            Resources::ZERO => next,
            _ => least.min(&next),
        });
        least.unwrap_or_default()
    }

    fn clashes(&self, place: usize, ports: &[HostPort]) -> bool {
        let taken = &self.overheads[place].host_ports;
        ports
            .iter()
            .any(|port| taken.iter().any(|other| other.clashes(port)))
    }
}

impl Mask {
    fn new(set: &Requirements, types: &[InstanceType], eligible: &Bits, symbols: &Symbols) -> Self {
        let compatible = Bits::of(types.len(), |place| {
            types[place].requirements.conflict(set, symbols).is_none()
        });
        let offered = Bits::of(types.len(), |place| {
            allowed_offerings(&types[place], set, symbols)
                .next()
                .is_some()
        });
        let mut both = Bits::default();
        both.set_to_shared(&compatible, &offered);
        let mut passing = Bits::default();
        passing.set_to_shared(&both, eligible);
        let wants =
            |(key, requirement): (Symbol, &Requirement)| Some((key, requirement.min_values()?));
        Self {
            compatible,
            offered,
            passing,
            min_values: set.iter().filter_map(wants).collect(),
        }
    }

    /// Whether some key wants a number of values.
    pub(super) fn wants_values(&self) -> bool {
        !self.min_values.is_empty()
    }

    /// The keys of which `survivors` have too few values.
    pub(super) fn min_values_short(
        &self,
        survivors: &Bits,
        types: &[InstanceType],
    ) -> Vec<Shortage> {
        let found = |key: Symbol| {
            let requirements = survivors
                .iter()
                .filter_map(|place| types[place].requirements.get(key));
            let mut values: Vec<Symbol> = requirements
                .flat_map(Requirement::values)
                .copied()
                .collect();
            values.sort_unstable();
            values.dedup();
            values.len() as u32
        };
        let all = self.min_values.iter().map(|&(key, wanted)| Shortage {
            key,
            wanted,
            found: found(key),
        });
        all.filter(|shortage| shortage.found < shortage.wanted)
            .collect()
    }

    /// Which filters refuse how many of `candidates`.
    pub(super) fn failures(
        &self,
        candidates: &Bits,
        has_room: impl Fn(usize) -> bool,
        has_ports: impl Fn(usize) -> bool,
    ) -> TypeFailures {
        let without = |passes: &dyn Fn(usize) -> bool| {
            candidates.iter().filter(|&place| !passes(place)).count() as u32
        };
        TypeFailures {
            total: candidates.iter().count() as u32,
            requirements: without(&|place| self.compatible.has(place)),
            resources: without(&has_room),
            offering: without(&|place| self.offered.has(place)),
            host_ports: without(&has_ports),
        }
    }
}

/// Too few distinct values of a label among the types that are left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shortage {
    pub(super) key: Symbol,
    pub(super) wanted: u32,
    pub(super) found: u32,
}

impl From<Shortage> for Cause {
    fn from(Shortage { key, wanted, found }: Shortage) -> Self {
        Self::MinValues { key, wanted, found }
    }
}

/// The available offerings of a type that `set` allows.
pub(super) fn allowed_offerings<'t>(
    instance_type: &'t InstanceType,
    set: &'t Requirements,
    symbols: &'t Symbols,
) -> impl Iterator<Item = &'t Offering> {
    instance_type.offerings.iter().filter(|offering| {
        let allows = || {
            set.incompatible(&offering.requirements, true, symbols)
                .is_none()
        };
        offering.available && allows()
    })
}

/// The price of the cheapest of them (1.14).
pub(super) fn cheapest(
    instance_type: &InstanceType,
    set: &Requirements,
    symbols: &Symbols,
) -> Option<Price> {
    let allowed = allowed_offerings(instance_type, set, symbols);
    allowed.map(|offering| offering.price).min()
}

/// Requirements and labels of the template, and the labels its nodes will have once they have joined (1.4).
fn requirements_of(template: &PoolTemplate, symbols: &Symbols) -> Requirements {
    let mut requirements = template.requirements.clone();
    requirements.add_all(&Requirements::from_labels(&template.labels), symbols);
    // A value no manifest spells is wanted by no pod.
    if let Some(value) = symbols.get("true") {
        for joined in [key::REGISTERED, key::INITIALIZED] {
            requirements.add(joined, &Requirement::of(vec![value]), symbols);
        }
    }
    requirements
}
