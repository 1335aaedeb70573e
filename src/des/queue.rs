//! Which event is next? The pending-event set: exact order (time, class, order of arrival) at any size.
//!
//! The structure is a radix wheel, a hierarchical timing wheel without a tuning constant: an event for time `t` lies on the
//! level of the highest base-64 digit in which `t` differs from `now`, in the slot of that digit's value. From this follow
//!
//! - **order**: the lowest occupied slot of the lowest occupied level holds the earliest events, found by two bit scans;
//! - **FIFO**: equal times are always in the same slot, and slots are read in the order in which they were written;
//! - **cost**: a push writes one entry; each entry moves to a lower level at most ten times in its life, and moves little in
//!   practice, because a slot with one entry is popped from whatever level it is on.
//!
//! Calendar and ladder queues are faster on smooth increments and collapse on ours, where ties (syncs every 15 s) and a heavy
//! tail (runs of hours) sit side by side. `benches/queue.rs` measures the wheel against two heaps.
//!
//! # Cancellation
//!
//! There is none in the queue. An event names an entity *and its generation*; what the event was meant for bumps the
//! generation when it is over, and the handler drops events of older generations.
//!
//! ```
//! use karpsim::des::{Class, EventQueue, SimTime};
//!
//! #[derive(Clone, Copy)]
//! enum Event {
//!     Finished { pod: usize, generation: u32 },
//! }
//!
//! let mut generations = vec![0_u32; 1];
//! let mut queue = EventQueue::new();
//! queue.push(SimTime::from_secs(9), Class::Departure, Event::Finished { pod: 0, generation: 0 });
//!
//! // The pod is evicted at 5 s: its row starts a new life, and the old event becomes stale where it lies.
//! generations[0] += 1;
//!
//! let mut finished = 0;
//! while let Some((_, Event::Finished { pod, generation })) = queue.pop() {
//!     if generations[pod] == generation {
//!         finished += 1;
//!     }
//! }
//! assert_eq!(finished, 0);
//! ```

use std::collections::VecDeque;
use std::mem;

use super::time::SimTime;

/// Who goes first among events of one instant: the declaration order, earliest first.
///
/// What frees room precedes what asks for it, and what observes comes last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Class {
    /// Work that ends and releases what it held.
    Departure,
    /// The world outside: arrivals, faults, spot market.
    Environment,
    /// The life of nodes and of the pods on them.
    Kubelet,
    /// Control loops that wake up and reconcile.
    Controller,
    /// Placement of pods onto nodes.
    Scheduler,
    /// Measurement of the state the instant ended in.
    Sampling,
}

impl Class {
    /// All classes, first to last.
    pub const ALL: [Self; 6] = [
        Self::Departure,
        Self::Environment,
        Self::Kubelet,
        Self::Controller,
        Self::Scheduler,
        Self::Sampling,
    ];
}

const DIGIT_BITS: u32 = 6;
const SLOTS_PER_LEVEL: usize = 1 << DIGIT_BITS;
const LEVELS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;

#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: u64,
    class: Class,
    event: E,
}

/// Entries only ever leave a slot all at once, so its earliest time is kept by the pushes alone.
#[derive(Clone, Debug)]
struct Slot<E> {
    earliest: u64,
    entries: Vec<Entry<E>>,
}

/// The set of pending events. See the module's text for order, cost and cancellation.
///
/// Steady state allocates nothing: emptied slots keep their capacity.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    now: u64,
    len: usize,
    /// Bit `l` is set if level `l` holds anything.
    occupied_levels: u32,
    /// Bit `s` of word `l` is set if slot `s` of level `l` holds anything.
    occupied_slots: [u64; LEVELS],
    /// Events after `now`, level by level.
    slots: Vec<Slot<E>>,
    /// Bit `c` is set if lane `c` holds anything.
    occupied_lanes: u32,
    /// Events at `now`, first in first out per class.
    lanes: [VecDeque<E>; Class::ALL.len()],
    /// The buffer that changes places with a slot's while its entries move.
    spare: Vec<Entry<E>>,
}

impl<E: Copy> EventQueue<E> {
    /// An empty queue at [`SimTime::ZERO`].
    pub fn new() -> Self {
        let slot = || Slot { earliest: u64::MAX, entries: Vec::new() };
        Self {
            now: 0,
            len: 0,
            occupied_levels: 0,
            occupied_slots: [0; LEVELS],
            slots: (0..LEVELS * SLOTS_PER_LEVEL).map(|_| slot()).collect(),
            occupied_lanes: 0,
            lanes: Default::default(),
            spare: Vec::new(),
        }
    }

    /// The time of the event popped last.
    pub fn now(&self) -> SimTime {
        SimTime::from_micros(self.now)
    }

    /// The number of pending events, stale ones included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The time of the earliest pending event. O(1).
    pub fn next_at(&self) -> Option<SimTime> {
        if self.occupied_lanes != 0 {
            Some(self.now())
        } else {
            self.first_slot().map(|(level, slot)| SimTime::from_micros(self.slots[level * SLOTS_PER_LEVEL + slot].earliest))
        }
    }

    /// Adds an event at `at`, which must not lie before [`EventQueue::now`]. O(1).
    ///
    /// An event for `now` itself takes its place among those still pending at `now`: behind its own class, before later ones.
    pub fn push(&mut self, at: SimTime, class: Class, event: E) {
        let at = at.as_micros();
        assert!(at >= self.now, "event at {at} us pushed at {} us", self.now);
        self.len += 1;
        if at == self.now {
            self.push_lane(class, event);
        } else {
            self.push_slot(Entry { at, class, event });
        }
    }

    /// Takes the earliest pending event and moves the clock to it. Amortised O(1).
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        self.pop_until(SimTime::MAX)
    }

    /// As [`EventQueue::pop`], but events later than `horizon` stay where they are and the clock with them.
    pub fn pop_until(&mut self, horizon: SimTime) -> Option<(SimTime, E)> {
        let event = if self.occupied_lanes != 0 {
            if self.now > horizon.as_micros() {
                return None;
            }
            self.pop_lane()
        } else {
            self.advance(horizon.as_micros())?
        };
        self.len -= 1;
        Some((self.now(), event))
    }

    /// Moves the clock to the earliest later event, if within `horizon`, and returns the first of its instant.
    fn advance(&mut self, horizon: u64) -> Option<E> {
        let (level, digit) = self.first_slot()?;
        let slot = &mut self.slots[level * SLOTS_PER_LEVEL + digit];
        if slot.earliest > horizon {
            return None;
        }
        self.now = slot.earliest;
        slot.earliest = u64::MAX;
        self.occupied_slots[level] &= !(1 << digit);
        if self.occupied_slots[level] == 0 {
            self.occupied_levels &= !(1 << level);
        }
        if let [only] = slot.entries[..] {
            slot.entries.clear();
            return Some(only.event);
        }
        mem::swap(&mut slot.entries, &mut self.spare);
        self.spread();
        Some(self.pop_lane())
    }

    /// Files the entries of the spare buffer, a slot's until now, by the new `now`: into the lanes or onto lower levels.
    fn spread(&mut self) {
        let mut entries = mem::take(&mut self.spare);
        for &entry in &entries {
            if entry.at == self.now {
                self.push_lane(entry.class, entry.event);
            } else {
                self.push_slot(entry);
            }
        }
        entries.clear();
        self.spare = entries;
    }

    fn first_slot(&self) -> Option<(usize, usize)> {
        if self.occupied_levels == 0 {
            return None;
        }
        let level = self.occupied_levels.trailing_zeros() as usize;
        Some((level, self.occupied_slots[level].trailing_zeros() as usize))
    }

    fn push_slot(&mut self, entry: Entry<E>) {
        let level = (u64::BITS - 1 - (entry.at ^ self.now).leading_zeros()) / DIGIT_BITS;
        let digit = (entry.at >> (level * DIGIT_BITS)) as usize % SLOTS_PER_LEVEL;
        let level = level as usize;
        let slot = &mut self.slots[level * SLOTS_PER_LEVEL + digit];
        slot.earliest = slot.earliest.min(entry.at);
        slot.entries.push(entry);
        self.occupied_slots[level] |= 1 << digit;
        self.occupied_levels |= 1 << level;
    }

    fn push_lane(&mut self, class: Class, event: E) {
        self.lanes[class as usize].push_back(event);
        self.occupied_lanes |= 1 << class as u32;
    }

    fn pop_lane(&mut self) -> E {
        let class = self.occupied_lanes.trailing_zeros() as usize;
        let lane = &mut self.lanes[class];
        let event = lane.pop_front().expect("an occupied lane holds an event");
        if lane.is_empty() {
            self.occupied_lanes &= !(1 << class);
        }
        event
    }
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}
