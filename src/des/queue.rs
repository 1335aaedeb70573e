//! Which event is next? The pending-event set: exact order (time, class, order of arrival) at any
//! size.
//!
//! The structure is a radix wheel, a hierarchical timing wheel without a tuning constant: an event
//! for time `t` lies on the level of the highest base-64 digit in which `t` differs from `now`, in
//! the slot of that digit's value. From this follow
//!
//! - **order**: the lowest occupied slot of the lowest occupied level holds the earliest events,
//!   found by two bit scans;
//! - **FIFO**: equal times are always in the same slot, and slots are read in the order in which
//!   they were written;
//! - **cost**: a push writes one entry; each entry moves to a lower level at most ten times in its
//!   life, and moves little in practice, because a slot with one entry is popped from whatever
//!   level it is on.
//!
//! Calendar and ladder queues are faster on smooth increments and collapse on ours, where ties
//! (syncs every 15 s) and a heavy tail (runs of hours) sit side by side. `benches/queue.rs`
//! measures the wheel against two heaps.
//!
//! # Cancellation
//!
//! There is none in the queue. An event names an entity *and its generation*; what the event was
//! meant for bumps the generation when it is over, and the handler drops events of older
//! generations.
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
//! // The pod is evicted at 5 s: its row starts a new life, and the old event is stale where it lies.
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

/// Entries leave a slot only all at once, so that pushes alone keep its earliest time.
#[derive(Clone, Debug)]
struct Slot<E> {
    earliest: u64,
    entries: Vec<Entry<E>>,
}

/// The set of pending events. See the module's text for order, cost and cancellation.
///
/// Steady state allocates nothing, because a slot keeps the capacity for the most it ever held.
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
}

impl<E: Copy> EventQueue<E> {
    /// An empty queue at [`SimTime::ZERO`].
    pub fn new() -> Self {
        let slot = || Slot {
            earliest: u64::MAX,
            entries: Vec::new(),
        };
        Self {
            now: 0,
            len: 0,
            occupied_levels: 0,
            occupied_slots: [0; LEVELS],
            slots: (0..LEVELS * SLOTS_PER_LEVEL).map(|_| slot()).collect(),
            occupied_lanes: 0,
            lanes: Default::default(),
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
            self.first_slot().map(|(level, slot)| {
                SimTime::from_micros(self.slots[level * SLOTS_PER_LEVEL + slot].earliest)
            })
        }
    }

    /// Adds an event at `at`, which must not lie before [`EventQueue::now`]. O(1).
    ///
    /// An event for `now` itself takes its place among those still pending at `now`: behind its own
    /// class, before later ones.
    #[inline]
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

    /// As [`EventQueue::pop`], but events later than `horizon` stay where they are and the clock
    /// with them.
    #[inline]
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

    /// Moves the clock to the earliest later event, if within `horizon`, and returns the first of
    /// its instant.
    fn advance(&mut self, horizon: u64) -> Option<E> {
        let (level, digit) = self.first_slot()?;
        let index = level * SLOTS_PER_LEVEL + digit;
        let slot = &mut self.slots[index];
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
        self.spread(index);
        Some(self.pop_lane())
    }

    /// Files the entries of a slot anew, after the clock has moved to the earliest of them: into
    /// the lanes or onto lower levels, never into the same slot.
    #[inline(never)]
    fn spread(&mut self, index: usize) {
        let mut entries = mem::take(&mut self.slots[index].entries);
        for entry in entries.drain(..) {
            if entry.at == self.now {
                self.push_lane(entry.class, entry.event);
            } else {
                self.push_slot(entry);
            }
        }
        self.slots[index].entries = entries;
    }

    fn first_slot(&self) -> Option<(usize, usize)> {
        if self.occupied_levels == 0 {
            return None;
        }
        let level = self.occupied_levels.trailing_zeros() as usize;
        Some((level, self.occupied_slots[level].trailing_zeros() as usize))
    }

    #[inline]
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

    #[inline]
    fn push_lane(&mut self, class: Class, event: E) {
        self.lanes[class as usize].push_back(event);
        self.occupied_lanes |= 1 << class as u32;
    }

    #[inline]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> SimTime {
        SimTime::from_micros(micros)
    }

    fn drain(queue: &mut EventQueue<char>) -> String {
        std::iter::from_fn(|| queue.pop())
            .map(|(_, event)| event)
            .collect()
    }

    #[test]
    fn time_orders_across_all_levels() {
        let mut queue = EventQueue::new();
        for level in (0..LEVELS as u32).rev() {
            queue.push(at(1 << (level * DIGIT_BITS)), Class::Kubelet, level);
        }
        queue.push(SimTime::MAX, Class::Kubelet, LEVELS as u32);
        for level in 0..LEVELS as u32 {
            assert_eq!(queue.pop(), Some((at(1 << (level * DIGIT_BITS)), level)));
        }
        assert_eq!(queue.pop(), Some((SimTime::MAX, LEVELS as u32)));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn equal_times_and_classes_are_first_in_first_out() {
        let mut queue = EventQueue::new();
        queue.push(at(100), Class::Environment, 'x');
        queue.push(at(200), Class::Controller, 'a');
        queue.push(at(200), Class::Controller, 'b');
        assert_eq!(queue.pop(), Some((at(100), 'x')));
        // From here on 200 is nearer and lies on another level than it did.
        queue.push(at(200), Class::Controller, 'c');
        queue.push(at(201), Class::Controller, 'e');
        queue.push(at(200), Class::Controller, 'd');
        assert_eq!(drain(&mut queue), "abcde");
    }

    #[test]
    fn classes_order_an_instant() {
        let mut queue = EventQueue::new();
        for (class, name) in Class::ALL.into_iter().rev().zip("fedcba".chars()) {
            queue.push(at(7), class, name);
        }
        assert_eq!(drain(&mut queue), "abcdef");
    }

    #[test]
    fn an_earlier_class_pushed_at_now_runs_next() {
        let mut queue = EventQueue::new();
        queue.push(at(7), Class::Scheduler, 'a');
        queue.push(at(7), Class::Scheduler, 'd');
        queue.push(at(7), Class::Sampling, 'f');
        assert_eq!(queue.pop(), Some((at(7), 'a')));
        queue.push(at(7), Class::Scheduler, 'e');
        queue.push(at(7), Class::Departure, 'b');
        queue.push(at(7), Class::Departure, 'c');
        assert_eq!(drain(&mut queue), "bcdef");
    }

    #[test]
    fn the_horizon_leaves_later_events_and_the_clock() {
        let mut queue = EventQueue::new();
        queue.push(at(5), Class::Kubelet, 'a');
        queue.push(at(5_000), Class::Kubelet, 'd');
        assert_eq!(queue.pop_until(at(4_999)), Some((at(5), 'a')));
        assert_eq!(queue.pop_until(at(4_999)), None);
        assert_eq!(
            (queue.now(), queue.len(), queue.next_at()),
            (at(5), 1, Some(at(5_000)))
        );
        // Between the clock and the earliest event there is still room.
        queue.push(at(4_000), Class::Kubelet, 'c');
        queue.push(at(6), Class::Kubelet, 'b');
        assert_eq!(queue.next_at(), Some(at(6)));
        assert_eq!(drain(&mut queue), "bcd");
    }

    #[test]
    fn a_horizon_in_the_past_yields_nothing() {
        let mut queue = EventQueue::new();
        queue.push(at(5), Class::Kubelet, 'a');
        queue.push(at(5), Class::Kubelet, 'b');
        queue.pop();
        assert_eq!(queue.pop_until(at(4)), None);
        assert_eq!(queue.pop_until(at(5)), Some((at(5), 'b')));
    }

    #[test]
    fn the_past_is_refused() {
        let past = std::panic::catch_unwind(|| {
            let mut queue = EventQueue::new();
            queue.push(at(5), Class::Kubelet, 'a');
            queue.pop();
            queue.push(at(4), Class::Kubelet, 'b');
        });
        assert!(past.is_err());
    }
}
