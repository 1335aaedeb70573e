//! Which work waits for a worker, and when does lost work come back? Amazon SQS, standard queues
//! (spec/kubernetes.md 7.2).
//!
//! A message is *visible* until a consumer receives it, then *in flight* for the visibility
//! timeout. A consumer that finishes deletes it; one that dies says nothing, and the message
//! reappears when the timeout is over, not when the consumer died. A message that was received too
//! often goes to the dead letters at the next attempt to receive it.
//!
//! The queue acts when it is called: every call first lets happen what was due.
//! [`MessageQueue::next_visible_at`] tells the caller when to call if nothing else happens. The
//! queue is exact where the service is eventually consistent, and it hands out the visible messages
//! of a category in the order in which they became visible, where the service promises none. Which
//! category is next is for a [`Discipline`] to say.

use std::collections::BTreeSet;

use super::line::{Discipline, Line, Place};
use crate::des::{SimDuration, SimTime};

#[cfg(test)]
mod tests;

/// Visibility timeout at most, counted from the receive.
const VISIBILITY_MAX: SimDuration = SimDuration::from_secs(12 * 3_600);
/// A message received this often does not count for the age of the oldest while there are others.
const AGE_RECEIVES_MAX: u32 = 3;

/// The settings of a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueConfig {
    /// How long a received message stays hidden: 0 s to 12 h.
    pub visibility_timeout: SimDuration,
    /// How long after it was sent a message is dropped: 60 s to 14 d.
    pub retention: SimDuration,
    /// How often a message may be received before it is a dead letter; without a limit if absent.
    pub max_receive_count: Option<u32>,
    /// How many messages may be in flight; beyond it there is nothing to receive.
    pub in_flight_max: u32,
}

impl QueueConfig {
    /// The settings of a standard queue nobody has touched.
    pub const STANDARD: Self = Self {
        visibility_timeout: SimDuration::from_secs(30),
        retention: SimDuration::from_secs(4 * 86_400),
        max_receive_count: None,
        in_flight_max: 120_000,
    };
}

/// Permission to delete a message, given by a receive and void after the next one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Receipt {
    slot: u32,
    generation: u32,
}

/// A message in the hands of a consumer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Delivery<M> {
    /// The message.
    pub message: M,
    /// What deletes it.
    pub receipt: Receipt,
    /// When it was sent.
    pub sent: SimTime,
    /// How often it was received, this time included.
    pub receives: u32,
}

/// A message that was received too often.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeadLetter<M> {
    /// The message.
    pub message: M,
    /// When it was sent, which is what a dead-letter queue's retention counts from.
    pub sent: SimTime,
    /// When it was given up.
    pub since: SimTime,
}

/// Where all messages are. `sent` is the sum of the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Messages ever sent.
    pub sent: u64,
    /// Messages waiting.
    pub visible: u64,
    /// Messages received and neither deleted nor timed out.
    pub in_flight: u64,
    /// Messages deleted.
    pub deleted: u64,
    /// Messages that became dead letters.
    pub dead: u64,
    /// Messages older than the retention.
    pub expired: u64,
}

/// A queue of messages that the caller knows by `M`. Times given to it never decrease.
#[derive(Clone, Debug)]
pub struct MessageQueue<M> {
    config: QueueConfig,
    slots: Vec<Slot<M>>,
    vacant: Vec<u32>,
    /// Slots of visible messages, each in the order in which it became visible.
    visible: Line<u32>,
    /// When each message in flight reappears, and its slot.
    in_flight: BTreeSet<(SimTime, u32)>,
    /// When each message was sent, those received often apart.
    fresh: BTreeSet<(SimTime, u32)>,
    worn: BTreeSet<(SimTime, u32)>,
    dead: Vec<DeadLetter<M>>,
    /// Messages that outlived the retention and that nobody has been told of.
    expired: Vec<M>,
    finished: Counts,
}

#[derive(Clone, Debug)]
struct Slot<M> {
    message: M,
    category: u16,
    sent: SimTime,
    receives: u32,
    /// Bumped by every receive and every removal: older receipts are void.
    generation: u32,
    place: Whereabouts,
}

/// Where a message is.
#[derive(Clone, Copy, Debug)]
enum Whereabouts {
    Visible(Place),
    InFlight { received: SimTime, until: SimTime },
    Vacant,
}

impl<M: Copy> MessageQueue<M> {
    /// An empty queue whose consumers take messages in the order of `discipline`.
    #[must_use]
    pub fn new(config: QueueConfig, discipline: Discipline) -> Self {
        Self {
            config,
            slots: Vec::new(),
            vacant: Vec::new(),
            visible: Line::new(discipline),
            in_flight: BTreeSet::new(),
            fresh: BTreeSet::new(),
            worn: BTreeSet::new(),
            dead: Vec::new(),
            expired: Vec::new(),
            finished: Counts::default(),
        }
    }

    /// Adds a message, visible at once. O(log n).
    pub fn send(&mut self, now: SimTime, message: M, category: u16) {
        self.settle(now);
        self.finished.sent += 1;
        let fresh = Slot {
            message,
            category,
            sent: now,
            receives: 0,
            generation: 0,
            place: Whereabouts::Vacant,
        };
        let slot = match self.vacant.pop() {
            Some(slot) => {
                let generation = self.slots[slot as usize].generation;
                self.slots[slot as usize] = Slot {
                    generation,
                    ..fresh
                };
                slot
            }
            None => {
                self.slots.push(fresh);
                self.slots.len() as u32 - 1
            }
        };
        self.fresh.insert((now, slot));
        self.show(slot);
    }

    /// Takes the visible message whose turn it is: `None` if none is visible or too many are in
    /// flight. What was received too often becomes a dead letter on the way. O(log n).
    pub fn receive(&mut self, now: SimTime) -> Option<Delivery<M>> {
        self.settle(now);
        if self.in_flight.len() >= self.config.in_flight_max as usize {
            return None;
        }
        loop {
            let (_, slot) = self.visible.next()?;
            if self
                .config
                .max_receive_count
                .is_some_and(|max| self.slots[slot as usize].receives >= max)
            {
                let Slot { message, sent, .. } = self.slots[slot as usize];
                self.dead.push(DeadLetter {
                    message,
                    sent,
                    since: now,
                });
                self.finished.dead += 1;
                self.remove(slot);
            } else {
                return Some(self.hand_out(slot, now));
            }
        }
    }

    /// Deletes a message: false if the receipt is void, because the message was received again or
    /// is gone. A receipt outlives the visibility timeout as long as nobody else receives the
    /// message. O(log n).
    pub fn delete(&mut self, now: SimTime, receipt: Receipt) -> bool {
        self.settle(now);
        let held = self.holds(receipt);
        if held {
            self.finished.deleted += 1;
            self.remove(receipt.slot);
        }
        held
    }

    /// Hides a message in flight for `timeout` from now, 12 h from its receive at most; a zero
    /// timeout gives it back. False if the message is not in flight under this receipt. O(log n).
    pub fn change_visibility(
        &mut self,
        now: SimTime,
        receipt: Receipt,
        timeout: SimDuration,
    ) -> bool {
        self.settle(now);
        let Whereabouts::InFlight { received, until } = self.slots[receipt.slot as usize].place
        else {
            return false;
        };
        if !self.holds(receipt) {
            return false;
        }
        self.in_flight.remove(&(until, receipt.slot));
        let until = now
            .saturating_add(timeout)
            .min(received.saturating_add(VISIBILITY_MAX));
        self.in_flight.insert((until, receipt.slot));
        self.slots[receipt.slot as usize].place = Whereabouts::InFlight { received, until };
        self.settle(now);
        true
    }

    /// When the next message in flight reappears, if nothing happens before.
    #[must_use]
    pub fn next_visible_at(&self) -> Option<SimTime> {
        self.in_flight.first().map(|&(until, _)| until)
    }

    /// Age of the oldest message not deleted, in flight or not: ApproximateAgeOfOldestMessage. A
    /// message received three times or more counts only if there are no others.
    pub fn oldest_age(&mut self, now: SimTime) -> Option<SimDuration> {
        self.settle(now);
        self.fresh
            .first()
            .or(self.worn.first())
            .map(|&(sent, _)| now.since(sent))
    }

    /// Where all messages are.
    pub fn counts(&mut self, now: SimTime) -> Counts {
        self.settle(now);
        Counts {
            visible: self.visible.len() as u64,
            in_flight: self.in_flight.len() as u64,
            ..self.finished
        }
    }

    /// The dead letters so far, oldest first.
    #[must_use]
    pub fn dead_letters(&self) -> &[DeadLetter<M>] {
        &self.dead
    }

    /// Messages that outlived the retention since this was last asked, oldest first.
    pub fn take_expired(&mut self, now: SimTime) -> Vec<M> {
        self.settle(now);
        std::mem::take(&mut self.expired)
    }

    /// Lets happen what is due: messages reappear at the end of their timeout and vanish at the end
    /// of the retention.
    fn settle(&mut self, now: SimTime) {
        while let Some(&(until, slot)) = self.in_flight.first()
            && until <= now
        {
            self.leave(slot);
            self.show(slot);
        }
        while let Some((_, slot)) = self.outlived(now) {
            self.finished.expired += 1;
            self.expired.push(self.slots[slot as usize].message);
            self.remove(slot);
        }
    }

    fn outlived(&self, now: SimTime) -> Option<(SimTime, u32)> {
        let oldest = self
            .fresh
            .first()
            .into_iter()
            .chain(self.worn.first())
            .min()
            .copied()?;
        (now.saturating_since(oldest.0) >= self.config.retention).then_some(oldest)
    }

    fn show(&mut self, slot: u32) {
        let row = &mut self.slots[slot as usize];
        row.place = Whereabouts::Visible(self.visible.join(row.category, slot));
    }

    fn hand_out(&mut self, slot: u32, now: SimTime) -> Delivery<M> {
        self.leave(slot);
        let until = now.saturating_add(self.config.visibility_timeout);
        self.in_flight.insert((until, slot));
        let row = &mut self.slots[slot as usize];
        row.place = Whereabouts::InFlight {
            received: now,
            until,
        };
        self.visible.begun(row.category);
        row.receives += 1;
        row.generation = row.generation.wrapping_add(1);
        if row.receives == AGE_RECEIVES_MAX {
            self.fresh.remove(&(row.sent, slot));
            self.worn.insert((row.sent, slot));
        }
        let receipt = Receipt {
            slot,
            generation: row.generation,
        };
        Delivery {
            message: row.message,
            receipt,
            sent: row.sent,
            receives: row.receives,
        }
    }

    fn holds(&self, receipt: Receipt) -> bool {
        self.slots[receipt.slot as usize].generation == receipt.generation
    }

    fn remove(&mut self, slot: u32) {
        self.leave(slot);
        let row = &mut self.slots[slot as usize];
        row.place = Whereabouts::Vacant;
        row.generation = row.generation.wrapping_add(1);
        let by_age = if row.receives >= AGE_RECEIVES_MAX {
            &mut self.worn
        } else {
            &mut self.fresh
        };
        by_age.remove(&(row.sent, slot));
        self.vacant.push(slot);
    }

    fn leave(&mut self, slot: u32) {
        let row = &self.slots[slot as usize];
        match row.place {
            Whereabouts::Visible(place) => self.visible.leave(place),
            Whereabouts::InFlight { until, .. } => {
                self.in_flight.remove(&(until, slot));
                self.visible.ended(row.category);
            }
            Whereabouts::Vacant => {}
        }
    }
}
