//! What does a node become when a pod's requirements join its own? Requirement sets as small ids, and their merges remembered.
//!
//! Pods of a template ask the same of every place and places fall into few kinds, so a pass meets few distinct sets. The host name is never
//! part of them: it is what makes places differ, and its rules are special anyway (1.11).

use rustc_hash::FxHashMap;

use crate::api::{Requirement, Requirements, Symbol, Symbols};

/// The place of a requirement set in [`Sets`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct SetId(u32);

impl SetId {
    /// As an index.
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Whose requirements the pod's join, which decides what may be left undefined (1.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Place {
    /// An existing node: a key it lacks is lacking.
    Node,
    /// A claim: well-known keys it lacks are still open.
    Claim,
}

/// The requirement sets of a pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Sets {
    sets: Vec<Requirements>,
    ids: FxHashMap<Requirements, SetId>,
    merged: FxHashMap<(SetId, SetId, Place), Result<SetId, Symbol>>,
}

impl Sets {
    /// The id of a set.
    pub(super) fn intern(&mut self, set: Requirements) -> SetId {
        if let Some(&id) = self.ids.get(&set) {
            return id;
        }
        let id = SetId(u32::try_from(self.sets.len()).expect("fewer than 2^32 requirement sets"));
        self.sets.push(set.clone());
        self.ids.insert(set, id);
        id
    }

    /// The set behind an id.
    pub(super) fn get(&self, id: SetId) -> &Requirements {
        &self.sets[id.index()]
    }

    /// How many sets there are.
    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }

    /// The place's set narrowed by the pod's, or the label they cannot agree on.
    pub(super) fn merge(
        &mut self,
        at: SetId,
        pod: SetId,
        place: Place,
        symbols: &Symbols,
    ) -> Result<SetId, Symbol> {
        if let Some(&known) = self.merged.get(&(at, pod, place)) {
            return known;
        }
        let (here, wanted) = (self.get(at), self.get(pod));
        let result = match here.incompatible(wanted, place == Place::Claim, symbols) {
            Some(key) => Err(key),
            None => {
                let mut both = here.clone();
                both.add_all(wanted, symbols);
                Ok(self.intern(both))
            }
        };
        self.merged.insert((at, pod, place), result);
        result
    }

    /// The set with `key` narrowed to `values`.
    pub(super) fn narrow(
        &mut self,
        at: SetId,
        key: Symbol,
        values: Vec<Symbol>,
        symbols: &Symbols,
    ) -> SetId {
        let mut narrowed = self.get(at).clone();
        narrowed.add(key, &Requirement::of(values), symbols);
        if narrowed == *self.get(at) {
            at
        } else {
            self.intern(narrowed)
        }
    }
}
