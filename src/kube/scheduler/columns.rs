//! What do nodes have, what is taken of it, and which images do they hold? A column per kind, indexed by slot.

use rustc_hash::FxHashMap;

use crate::api::resources::RESOURCE_KINDS;
use crate::api::{Resource, Resources, Symbol};
use crate::cluster::PodTemplate;

/// What nodes have and what is left of it: a column per kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    pub(super) allocatable: [Vec<i64>; RESOURCE_KINDS],
    /// Allocatable less the requests of the pods there; negative on an overcommitted node. Kept beside `allocatable` because
    /// a filter that reads one column instead of two is nearly twice as fast.
    pub(super) free: [Vec<i64>; RESOURCE_KINDS],
    /// Taken CPU and memory with defaults for containers that ask for none, for scores.
    pub(super) nonzero: [Vec<i64>; 2],
}

/// Which nodes hold which image. Only images of templates are of interest.
#[derive(Clone, Debug, Default)]
pub(super) struct Images {
    place: FxHashMap<Symbol, usize>,
    /// Bytes by image and slot, 0 where the node does not hold it.
    pub(super) bytes: Vec<Vec<i64>>,
    /// Nodes that hold it, by image.
    pub(super) holders: Vec<i64>,
}

impl Columns {
    pub(super) fn grow(&mut self, slots: usize) {
        let all = [
            self.allocatable.as_mut_slice(),
            &mut self.free,
            &mut self.nonzero,
        ];
        for column in all.into_iter().flatten() {
            column.resize(slots, 0);
        }
    }

    pub(super) fn set_allocatable(&mut self, at: usize, allocatable: &Resources) {
        for kind in Resource::ALL {
            let before =
                std::mem::replace(&mut self.allocatable[kind as usize][at], allocatable[kind]);
            self.free[kind as usize][at] += allocatable[kind] - before;
        }
    }

    /// What is taken of one kind.
    pub(super) fn requested(&self, kind: Resource, at: usize) -> i64 {
        self.allocatable[kind as usize][at] - self.free[kind as usize][at]
    }

    /// Takes `times` the requests of a template from a node; -1 gives them back.
    pub(super) fn take(&mut self, at: usize, template: &PodTemplate, times: i64) {
        for (kind, amount) in template.requests.iter() {
            self.free[kind as usize][at] -= times * amount;
        }
        self.nonzero[0][at] += times * template.nonzero_requests.0;
        self.nonzero[1][at] += times * template.nonzero_requests.1;
    }
}

impl Images {
    /// The places of images, from now on of interest.
    pub(super) fn track(&mut self, images: &[Symbol]) -> Vec<usize> {
        let mut place_of = |&image: &Symbol| {
            *self.place.entry(image).or_insert_with(|| {
                self.bytes.push(Vec::new());
                self.holders.push(0);
                self.holders.len() - 1
            })
        };
        images.iter().map(&mut place_of).collect()
    }

    pub(super) fn grow(&mut self, slots: usize) {
        self.bytes
            .iter_mut()
            .for_each(|column| column.resize(slots, 0));
    }

    pub(super) fn set(&mut self, at: usize, images: &[(Symbol, u64)]) {
        for (column, holders) in self.bytes.iter_mut().zip(&mut self.holders) {
            *holders -= i64::from(column[at] > 0);
            column[at] = 0;
        }
        for &(image, bytes) in images {
            self.hold(at, image, bytes);
        }
    }

    pub(super) fn hold(&mut self, at: usize, image: Symbol, bytes: u64) {
        if let Some(&place) = self.place.get(&image) {
            let held = &mut self.bytes[place][at];
            self.holders[place] += i64::from(*held == 0 && bytes > 0);
            *held = i64::try_from(bytes).unwrap_or(i64::MAX);
        }
    }
}
