//! Does it fit? Resource vectors cut down to the kinds that some pod of the pass asks for.

use crate::api::{Resource, Resources};
use crate::cluster::PodTemplate;

/// The kinds of resource a pass compares. Of any other kind every pod asks for nothing.
#[derive(Clone, Debug)]
pub(super) struct Kinds(Vec<Resource>);

impl Kinds {
    /// The kinds that pods of these templates ask for, and `pods`.
    pub(super) fn of<'a>(templates: impl Iterator<Item = &'a PodTemplate> + Clone) -> Self {
        let asked = |kind: &Resource| {
            *kind == Resource::Pods || templates.clone().any(|pod| pod.requests[*kind] != 0)
        };
        Self(Resource::ALL.into_iter().filter(asked).collect())
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The amounts of these kinds.
    pub(super) fn row<'a>(&'a self, amounts: &'a Resources) -> impl Iterator<Item = i64> + 'a {
        self.0.iter().map(|&kind| amounts[kind])
    }
}

/// Rows of amounts, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    width: usize,
    amounts: Vec<i64>,
}

impl Rows {
    /// No row yet.
    pub(super) fn new(kinds: &Kinds) -> Self {
        Self {
            width: kinds.count(),
            amounts: Vec::new(),
        }
    }

    /// One row more.
    pub(super) fn push(&mut self, row: impl Iterator<Item = i64>) {
        self.amounts.extend(row);
        debug_assert_eq!(self.amounts.len() % self.width, 0);
    }

    /// A row.
    #[inline]
    pub(super) fn row(&self, place: usize) -> &[i64] {
        &self.amounts[place * self.width..][..self.width]
    }

    /// A row to change.
    pub(super) fn row_mut(&mut self, place: usize) -> &mut [i64] {
        &mut self.amounts[place * self.width..][..self.width]
    }

    /// Makes a row one in which nothing fits.
    pub(super) fn close(&mut self, place: usize) {
        self.row_mut(place).fill(i64::MIN / 2);
    }
}

/// Whether every amount is within.
#[inline]
pub(super) fn fits(requests: &[i64], within: &[i64]) -> bool {
    requests
        .iter()
        .zip(within)
        .all(|(request, room)| request <= room)
}
