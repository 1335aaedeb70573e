//! The usual pending-event sets: the standard binary heap, and a 4-ary heap of packed keys.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use karpsim::des::{Class, SimTime};

use super::{Payload, PendingSet};

/// The standard heap with key and payload inline.
pub(crate) struct StdHeap {
    heap: BinaryHeap<Reverse<Entry>>,
    pushed: u64,
}

struct Entry {
    at: SimTime,
    class: Class,
    sequence: u64,
    payload: Payload,
}

impl Entry {
    fn key(&self) -> (SimTime, Class, u64) {
        (self.at, self.class, self.sequence)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PendingSet for StdHeap {
    fn empty() -> Self {
        Self {
            heap: BinaryHeap::new(),
            pushed: 0,
        }
    }

    fn push(&mut self, at: SimTime, class: Class, payload: Payload) {
        self.heap.push(Reverse(Entry {
            at,
            class,
            sequence: self.pushed,
            payload,
        }));
        self.pushed += 1;
    }

    fn pop_until(&mut self, horizon: SimTime) -> Option<(SimTime, Payload)> {
        if self.heap.peek()?.0.at > horizon {
            return None;
        }
        self.heap
            .pop()
            .map(|Reverse(entry)| (entry.at, entry.payload))
    }
}

const ARITY: usize = 4;
const SLOT_BITS: u32 = 24;
const SEQUENCE_BITS: u32 = 36;
const CLASS_BITS: u32 = 4;

/// A 4-ary heap of `time:64 | class:4 | sequence:36 | slot:24` keys over a slab of payloads. Short
/// enough to be believed: the oracle of the differential test.
pub(crate) struct QuadHeap {
    keys: Vec<u128>,
    payloads: Vec<Payload>,
    free: Vec<usize>,
    pushed: u64,
}

impl QuadHeap {
    fn sift_up(&mut self, mut child: usize) {
        let key = self.keys[child];
        while child > 0 {
            let parent = (child - 1) / ARITY;
            if self.keys[parent] <= key {
                break;
            }
            self.keys[child] = self.keys[parent];
            child = parent;
        }
        self.keys[child] = key;
    }

    fn sift_down(&mut self, mut parent: usize) {
        let keys = self.keys.as_mut_slice();
        let key = keys[parent];
        loop {
            let first = parent * ARITY + 1;
            let last = (first + ARITY).min(keys.len());
            if first >= last {
                break;
            }
            let (mut least, mut least_key) = (first, keys[first]);
            for (child, &child_key) in (first..).zip(&keys[first..last]).skip(1) {
                if child_key < least_key {
                    (least, least_key) = (child, child_key);
                }
            }
            if key <= least_key {
                break;
            }
            keys[parent] = least_key;
            parent = least;
        }
        keys[parent] = key;
    }
}

impl PendingSet for QuadHeap {
    fn empty() -> Self {
        Self {
            keys: Vec::new(),
            payloads: Vec::new(),
            free: Vec::new(),
            pushed: 0,
        }
    }

    fn push(&mut self, at: SimTime, class: Class, payload: Payload) {
        let slot = self.free.pop().unwrap_or(self.payloads.len());
        if slot == self.payloads.len() {
            self.payloads.push(payload);
        } else {
            self.payloads[slot] = payload;
        }
        assert!(
            slot >> SLOT_BITS == 0 && self.pushed >> SEQUENCE_BITS == 0,
            "the packed key is full"
        );
        let time_and_class = u128::from(at.as_micros()) << CLASS_BITS | class as u128;
        let key =
            (time_and_class << SEQUENCE_BITS | u128::from(self.pushed)) << SLOT_BITS | slot as u128;
        self.pushed += 1;
        self.keys.push(key);
        self.sift_up(self.keys.len() - 1);
    }

    fn pop_until(&mut self, horizon: SimTime) -> Option<(SimTime, Payload)> {
        let key = *self.keys.first()?;
        let at = SimTime::from_micros((key >> (CLASS_BITS + SEQUENCE_BITS + SLOT_BITS)) as u64);
        if at > horizon {
            return None;
        }
        let last = self.keys.swap_remove(0);
        debug_assert_eq!(last, key);
        if !self.keys.is_empty() {
            self.sift_down(0);
        }
        let slot = key as usize % (1 << SLOT_BITS);
        self.free.push(slot);
        Some((at, self.payloads[slot]))
    }
}
