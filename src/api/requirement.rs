//! The requirement algebra: sets of label values, their intersections, and when two sets of requirements can meet
//! (spec/karpenter.md 1.8). Node affinity of kube-scheduler uses the same sets.

use serde::Deserialize;

use super::label::is_well_known;
use super::{LabelSet, Symbol, Symbols};

/// How a requirement compares a label.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
pub enum Operator {
    /// The value is one of these.
    In,
    /// The label is absent or its value none of these.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// An integer above this.
    Gt,
    /// An integer below this.
    Lt,
    /// An integer of at least this.
    Gte,
    /// An integer of at most this.
    Lte,
}

/// A set of values of one label key: listed values, or all but the listed ones, within optional integer bounds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Requirement {
    complement: bool,
    /// Sorted, each once.
    values: Vec<Symbol>,
    at_least: Option<i64>,
    at_most: Option<i64>,
    min_values: Option<u32>,
    /// Whether one of the operators it came from holds of no object without the label.
    present: bool,
}

impl Requirement {
    /// The set an operator and its values describe. `Gt` and its kin read the first value as an integer.
    #[must_use]
    pub fn new(operator: Operator, values: &[Symbol], symbols: &Symbols) -> Self {
        let bound = || values.first().and_then(|&value| symbols.integer(value));
        let mut set = match operator {
            Operator::In => Self::of(values.to_vec()),
            Operator::NotIn => Self {
                values: sorted(values.to_vec()),
                ..Self::any()
            },
            Operator::Exists => Self::any(),
            Operator::DoesNotExist => Self::none(),
            // Nothing is above the largest integer.
            Operator::Gt if bound() == Some(i64::MAX) => Self::none(),
            Operator::Gt => Self {
                at_least: bound().map(|n| n + 1),
                ..Self::any()
            },
            Operator::Gte => Self {
                at_least: bound(),
                ..Self::any()
            },
            Operator::Lt => Self {
                at_most: bound().map(|n| n.saturating_sub(1)),
                ..Self::any()
            },
            Operator::Lte => Self {
                at_most: bound(),
                ..Self::any()
            },
        };
        set.values.dedup();
        set.present = !matches!(operator, Operator::NotIn | Operator::DoesNotExist);
        set
    }

    /// Exactly these values.
    #[must_use]
    pub fn of(values: Vec<Symbol>) -> Self {
        Self {
            present: !values.is_empty(),
            complement: false,
            values: sorted(values),
            at_least: None,
            at_most: None,
            min_values: None,
        }
    }

    /// Every value (`Exists`).
    #[must_use]
    pub fn any() -> Self {
        Self {
            complement: true,
            values: Vec::new(),
            at_least: None,
            at_most: None,
            min_values: None,
            present: true,
        }
    }

    /// No value (`DoesNotExist`).
    #[must_use]
    pub fn none() -> Self {
        Self::of(Vec::new())
    }

    /// The same set that also asks for at least so many distinct values among the surviving types.
    #[must_use]
    pub fn with_min_values(mut self, min_values: Option<u32>) -> Self {
        self.min_values = min_values;
        self
    }

    /// How many distinct values the surviving types must offer.
    #[must_use]
    pub fn min_values(&self) -> Option<u32> {
        self.min_values
    }

    /// The operator that describes the set: `In`, `NotIn`, `Exists` or `DoesNotExist`.
    #[must_use]
    pub fn operator(&self) -> Operator {
        match (self.complement, self.values.is_empty()) {
            (true, true) => Operator::Exists,
            (true, false) => Operator::NotIn,
            (false, true) => Operator::DoesNotExist,
            (false, false) => Operator::In,
        }
    }

    /// The listed values, in symbol order: the set itself for `In`, what is left out for `NotIn`.
    #[must_use]
    pub fn values(&self) -> &[Symbol] {
        &self.values
    }

    /// Integer bounds, both inclusive.
    #[must_use]
    pub fn bounds(&self) -> (Option<i64>, Option<i64>) {
        (self.at_least, self.at_most)
    }

    /// Whether the set holds `value`.
    #[must_use]
    pub fn has(&self, value: Symbol, symbols: &Symbols) -> bool {
        (self.values.binary_search(&value).is_ok() != self.complement)
            && self.within_bounds(value, symbols)
    }

    /// The values in both sets, with the tighter bounds and the larger `minValues`.
    #[must_use]
    pub fn intersection(&self, other: &Self, symbols: &Symbols) -> Self {
        let at_least = self.at_least.max(other.at_least);
        let at_most = match (self.at_most, other.at_most) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let min_values = self.min_values.max(other.min_values);
        let present = self.present || other.present;
        if let (Some(low), Some(high)) = (at_least, at_most)
            && low > high
        {
            return Self {
                present,
                ..Self::none().with_min_values(min_values)
            };
        }
        let complement = self.complement && other.complement;
        let values = match (self.complement, other.complement) {
            (true, true) => sorted([self.values.as_slice(), &other.values].concat()),
            (true, false) => without(&other.values, &self.values),
            (false, true) => without(&self.values, &other.values),
            (false, false) => self
                .values
                .iter()
                .copied()
                .filter(|v| other.values.binary_search(v).is_ok())
                .collect(),
        };
        let mut set = Self {
            complement,
            values,
            at_least,
            at_most,
            min_values,
            present,
        };
        let kept = set
            .values
            .iter()
            .copied()
            .filter(|&value| set.within_bounds(value, symbols))
            .collect();
        set.values = kept;
        if !complement {
            (set.at_least, set.at_most) = (None, None);
        }
        set
    }

    /// Whether the two sets share a value, without building the intersection.
    #[must_use]
    pub fn intersects(&self, other: &Self, symbols: &Symbols) -> bool {
        match (self.complement, other.complement) {
            (true, true) => {
                let low = self.at_least.max(other.at_least);
                let high = [self.at_most, other.at_most].into_iter().flatten().min();
                low.zip(high).is_none_or(|(low, high)| low <= high)
            }
            (false, _) => self.values.iter().any(|&value| other.has(value, symbols)),
            (true, false) => other.values.iter().any(|&value| self.has(value, symbols)),
        }
    }

    /// Whether the key may be absent: the operator is `NotIn` or `DoesNotExist`.
    #[must_use]
    pub fn allows_absence(&self) -> bool {
        matches!(self.operator(), Operator::NotIn | Operator::DoesNotExist)
    }

    fn within_bounds(&self, value: Symbol, symbols: &Symbols) -> bool {
        if self.at_least.is_none() && self.at_most.is_none() {
            return true;
        }
        symbols.integer(value).is_some_and(|n| {
            self.at_least.is_none_or(|low| n >= low) && self.at_most.is_none_or(|high| n <= high)
        })
    }
}

fn sorted(mut values: Vec<Symbol>) -> Vec<Symbol> {
    values.sort_unstable();
    values.dedup();
    values
}

fn without(values: &[Symbol], removed: &[Symbol]) -> Vec<Symbol> {
    values
        .iter()
        .copied()
        .filter(|value| removed.binary_search(value).is_err())
        .collect()
}

/// One requirement per label key, sorted by key.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Requirements(Vec<(Symbol, Requirement)>);

impl Requirements {
    /// No requirement at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The labels as requirements of exactly their values.
    #[must_use]
    pub fn from_labels(labels: &LabelSet) -> Self {
        Self(
            labels
                .iter()
                .map(|(key, value)| (key, Requirement::of(vec![value])))
                .collect(),
        )
    }

    /// The requirement on `key`.
    #[must_use]
    pub fn get(&self, key: Symbol) -> Option<&Requirement> {
        self.place(key).ok().map(|at| &self.0[at].1)
    }

    /// Narrows `key` by `requirement`: what was there before is intersected.
    pub fn add(&mut self, key: Symbol, requirement: &Requirement, symbols: &Symbols) {
        match self.place(key) {
            Ok(at) => self.0[at].1 = self.0[at].1.intersection(requirement, symbols),
            Err(at) => self.0.insert(at, (key, requirement.clone())),
        }
    }

    /// Narrows every key by the other's requirement on it.
    pub fn add_all(&mut self, other: &Self, symbols: &Symbols) {
        for (key, requirement) in &other.0 {
            self.add(*key, requirement, symbols);
        }
    }

    /// Replaces or sets the requirement on `key`.
    pub fn set(&mut self, key: Symbol, requirement: Requirement) {
        match self.place(key) {
            Ok(at) => self.0[at].1 = requirement,
            Err(at) => self.0.insert(at, (key, requirement)),
        }
    }

    /// Takes the requirement on `key` away.
    pub fn remove(&mut self, key: Symbol) {
        if let Ok(at) = self.place(key) {
            self.0.remove(at);
        }
    }

    /// Keys with their requirements, in key order.
    pub fn iter(&self) -> impl Iterator<Item = (Symbol, &Requirement)> {
        self.0.iter().map(|(key, requirement)| (*key, requirement))
    }

    /// Whether nothing is required.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first common key on which the two cannot meet, if any (*Intersects* of spec/karpenter.md 1.8).
    #[must_use]
    pub fn conflict(&self, other: &Self, symbols: &Symbols) -> Option<Symbol> {
        let (few, many) = if self.0.len() <= other.0.len() {
            (self, other)
        } else {
            (other, self)
        };
        few.iter().find_map(|(key, a)| {
            let b = many.get(key)?;
            let meets = a.intersects(b, symbols) || (a.allows_absence() && b.allows_absence());
            (!meets).then_some(key)
        })
    }

    /// The first key on which a pod's requirements `pod` cannot be met by a node that has `self`, if any (*Compatible* of
    /// spec/karpenter.md 1.8). `undefined_well_known`: whether the node may leave well-known keys open, as a claim not yet launched does.
    #[must_use]
    pub fn incompatible(
        &self,
        pod: &Self,
        undefined_well_known: bool,
        symbols: &Symbols,
    ) -> Option<Symbol> {
        let undefined = pod.iter().find_map(|(key, requirement)| {
            let defined = self.get(key).is_some() || (undefined_well_known && is_well_known(key));
            (!defined && !requirement.allows_absence()).then_some(key)
        });
        undefined.or_else(|| self.conflict(pod, symbols))
    }

    /// Whether an object with these labels satisfies every requirement as it was written (selectors and node affinity of Kubernetes).
    /// Where Karpenter takes the set of `Exists` and `NotIn` for `NotIn`, and an empty set for `DoesNotExist`, an object without the
    /// label satisfies neither.
    #[must_use]
    pub fn matches(&self, labels: &LabelSet, symbols: &Symbols) -> bool {
        self.iter().all(|(key, requirement)| match labels.get(key) {
            Some(value) => requirement.has(value, symbols),
            None => requirement.allows_absence() && !requirement.present,
        })
    }

    fn place(&self, key: Symbol) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |(k, _)| *k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::key;

    fn set(symbols: &mut Symbols, operator: Operator, values: &[&str]) -> Requirement {
        let values: Vec<_> = values.iter().map(|v| symbols.intern(v)).collect();
        Requirement::new(operator, &values, symbols)
    }

    #[test]
    fn intersections_of_sets_complements_and_bounds() {
        let s = &mut Symbols::new();
        let in_abc = set(s, Operator::In, &["1", "2", "3"]);
        let not_b = set(s, Operator::NotIn, &["2"]);
        let above_one = set(s, Operator::Gt, &["1"]);
        let below_one = set(s, Operator::Lt, &["1"]);
        assert_eq!(
            in_abc.intersection(&not_b, s),
            set(s, Operator::In, &["1", "3"])
        );
        assert_eq!(
            in_abc.intersection(&above_one, s),
            set(s, Operator::In, &["2", "3"])
        );
        assert_eq!(
            above_one.intersection(&below_one, s).operator(),
            Operator::DoesNotExist
        );
        assert_eq!(
            above_one.intersection(&not_b, s).operator(),
            Operator::NotIn
        );
        assert_eq!(
            above_one
                .intersection(&set(s, Operator::NotIn, &["1"]), s)
                .operator(),
            Operator::Exists
        );
        assert_eq!(
            set(s, Operator::Gte, &["2"])
                .intersection(&set(s, Operator::Lte, &["2"]), s)
                .bounds(),
            (Some(2), Some(2))
        );
    }

    /// The operator × operator table of spec/karpenter.md 9.1: what every pair comes to, in words.
    #[test]
    fn every_pair_of_operators_intersects_as_upstream() {
        let s = &mut Symbols::new();
        let operands: [(&str, Operator, &[&str]); 8] = [
            ("in 1 5", Operator::In, &["1", "5"]),
            ("not in 5", Operator::NotIn, &["5"]),
            ("exists", Operator::Exists, &[]),
            ("absent", Operator::DoesNotExist, &[]),
            ("> 4", Operator::Gt, &["4"]),
            ("< 4", Operator::Lt, &["4"]),
            (">= 9", Operator::Gte, &["9"]),
            ("<= 1", Operator::Lte, &["1"]),
        ];
        #[rustfmt::skip]
        let table: [[&str; 8]; 8] = [
            ["in 1 5", "in 1", "in 1 5", "absent", "in 5", "in 1", "absent", "in 1"],
            ["", "not in 5", "not in 5", "absent", "not in 5 >=5", "exists <=3", "exists >=9", "exists <=1"],
            ["", "", "exists", "absent", "exists >=5", "exists <=3", "exists >=9", "exists <=1"],
            ["", "", "", "absent", "absent", "absent", "absent", "absent"],
            ["", "", "", "", "exists >=5", "absent", "exists >=9", "absent"],
            ["", "", "", "", "", "exists <=3", "absent", "exists <=1"],
            ["", "", "", "", "", "", "exists >=9", "absent"],
            ["", "", "", "", "", "", "", "exists <=1"],
        ];
        let sets: Vec<_> = operands
            .map(|(_, operator, values)| set(s, operator, values))
            .into();
        for (a, row) in table.iter().enumerate() {
            for (b, expected) in row.iter().enumerate().skip(a) {
                let both = sets[a].intersection(&sets[b], s);
                let pair = format!("{} and {}", operands[a].0, operands[b].0);
                assert_eq!(words(&both, s), *expected, "{pair}");
                assert_eq!(
                    sets[b].intersection(&sets[a], s),
                    both,
                    "{pair}, turned round"
                );
            }
        }
    }

    /// A value is in an intersection exactly if it is in both sets.
    #[test]
    fn intersections_hold_what_both_hold() {
        let s = &mut Symbols::new();
        let probes = ["0", "1", "2", "5", "9", "10", "a", ""].map(|probe| s.intern(probe));
        let mut sets = Vec::new();
        for values in [&["1"][..], &["5"], &["9"]] {
            for operator in [Operator::Gt, Operator::Lt, Operator::Gte, Operator::Lte] {
                sets.push(set(s, operator, values));
            }
        }
        for values in [&["1"][..], &["1", "9"], &["a", "5"], &["2", "a"]] {
            sets.extend([Operator::In, Operator::NotIn].map(|operator| set(s, operator, values)));
        }
        sets.extend([Requirement::any(), Requirement::none()]);
        for a in &sets {
            for b in &sets {
                let both = a.intersection(b, s);
                for probe in probes {
                    assert_eq!(
                        both.has(probe, s),
                        a.has(probe, s) && b.has(probe, s),
                        "{a:?} {b:?}"
                    );
                }
            }
        }
    }

    /// A set in words, such as `not in 5 >=5`.
    fn words(set: &Requirement, symbols: &Symbols) -> String {
        let operator = match set.operator() {
            Operator::In => "in",
            Operator::NotIn => "not in",
            Operator::DoesNotExist => "absent",
            _ => "exists",
        };
        let mut values: Vec<_> = set
            .values()
            .iter()
            .map(|&value| symbols.name(value))
            .collect();
        values.sort();
        let (low, high) = set.bounds();
        let low = low.map(|n| format!(">={n}").into());
        let high = high.map(|n| format!("<={n}").into());
        let parts: Vec<_> = [operator.into()]
            .into_iter()
            .chain(values)
            .chain(low)
            .chain(high)
            .collect();
        parts.join(" ")
    }

    /// What kube-scheduler says of a node with a label and of one without: every expression by itself.
    #[test]
    fn objects_match_what_was_written_and_not_its_intersection() {
        let s = &mut Symbols::new();
        let team = s.intern("team");
        let operands: [(Operator, &[&str]); 8] = [
            (Operator::In, &["1", "5"]),
            (Operator::In, &["9"]),
            (Operator::NotIn, &["5"]),
            (Operator::Exists, &[]),
            (Operator::DoesNotExist, &[]),
            (Operator::Gt, &["4"]),
            (Operator::Lt, &["4"]),
            (Operator::NotIn, &["a"]),
        ];
        let sets = operands.map(|(operator, values)| set(s, operator, values));
        let mut objects = vec![LabelSet::default()];
        for value in ["1", "5", "9", "a"] {
            objects.push(LabelSet::from_iter([(team, s.intern(value))]));
        }
        let matches = |sets: &[&Requirement], object: &LabelSet| {
            let mut term = Requirements::new();
            sets.iter().for_each(|set| term.add(team, set, s));
            term.matches(object, s)
        };
        for a in &sets {
            for b in &sets {
                for object in &objects {
                    let each = matches(&[a], object) && matches(&[b], object);
                    assert_eq!(matches(&[a, b], object), each, "{a:?} {b:?} {object:?}");
                }
            }
        }
    }

    #[test]
    fn intersects_agrees_with_intersection() {
        let s = &mut Symbols::new();
        let sets: Vec<_> = [
            (Operator::In, vec!["1", "9"]),
            (Operator::In, vec!["5"]),
            (Operator::In, vec!["a"]),
            (Operator::NotIn, vec!["5"]),
            (Operator::Exists, vec![]),
            (Operator::DoesNotExist, vec![]),
            (Operator::Gt, vec!["4"]),
            (Operator::Lt, vec!["4"]),
            (Operator::Gte, vec!["9"]),
            (Operator::Lte, vec!["1"]),
        ]
        .into_iter()
        .map(|(operator, values)| set(s, operator, &values))
        .collect();
        for a in &sets {
            for b in &sets {
                let shared = a.intersection(b, s).operator() != Operator::DoesNotExist;
                assert_eq!(a.intersects(b, s), shared, "{a:?} {b:?}");
                assert_eq!(a.intersection(b, s), b.intersection(a, s));
            }
        }
    }

    #[test]
    fn a_node_without_a_custom_label_rejects_pods_that_want_it() {
        let s = &mut Symbols::new();
        let team = s.intern("team");
        let mut pod = Requirements::new();
        pod.add(team, &set(s, Operator::In, &["a"]), s);
        assert_eq!(Requirements::new().incompatible(&pod, true, s), Some(team));
        let mut zone = Requirements::new();
        zone.add(key::ZONE, &set(s, Operator::In, &["aps1-az1"]), s);
        assert_eq!(Requirements::new().incompatible(&zone, true, s), None);
        assert_eq!(
            Requirements::new().incompatible(&zone, false, s),
            Some(key::ZONE)
        );
    }
}
