//! Who is next? Work that waits for a server, by category.
//!
//! First come, first served lets one category's flood stand before everybody else. Two cures: a
//! priority by category, and fair turns. Fair is: next comes the category with the least work in
//! hand, and of equals the one whose turn is longest ago. With one server these are plain turns,
//! round robin; with many it shares the servers, so that a category of long jobs takes no more of
//! them than one of short jobs. Among noisy tenants Amazon SQS' fair queues choose by work in hand
//! too; it measures who is noisy where this shares among all (developer guide, "How Amazon SQS fair
//! queues work").
//!
//! Within a category work goes in the order in which it came. Nothing is taken out of a server's
//! hands once it has begun.

use std::collections::BTreeMap;
use std::sync::Arc;

/// In which order work is taken.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Discipline {
    /// First come, first served.
    #[default]
    Fifo,
    /// The lowest rank first; by category. What is of none of them comes last.
    Priority(Arc<[u16]>),
    /// Categories in fair turns.
    Fair,
}

impl Discipline {
    /// Those of one lane are taken in the order in which they came.
    fn lane(&self, category: u16) -> u16 {
        match self {
            Self::Fifo => 0,
            Self::Priority(ranks) => ranks
                .get(usize::from(category))
                .copied()
                .unwrap_or(u16::MAX),
            Self::Fair => category,
        }
    }
}

/// Where something waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    lane: u16,
    ticket: u64,
}

/// Work that waits for one server, or for a fleet of them.
#[derive(Clone, Debug)]
pub struct Line<T> {
    discipline: Discipline,
    waiting: BTreeMap<Place, T>,
    /// By category; kept only where turns are fair.
    lanes: Vec<Lane>,
    tickets: u64,
    turns: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    waiting: u32,
    in_hand: u32,
    /// When it was last taken from.
    turn: u64,
}

impl<T: Copy> Line<T> {
    /// Nobody waits and nothing is in hand.
    #[must_use]
    pub fn new(discipline: Discipline) -> Self {
        Self {
            discipline,
            waiting: BTreeMap::new(),
            lanes: Vec::new(),
            tickets: 0,
            turns: 0,
        }
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Something joins, behind all of its category. O(log n).
    pub fn join(&mut self, category: u16, item: T) -> Place {
        let place = Place {
            lane: self.discipline.lane(category),
            ticket: self.tickets,
        };
        self.tickets += 1;
        self.waiting.insert(place, item);
        if let Some(lane) = self.fair_lane(place.lane) {
            lane.waiting += 1;
        }
        place
    }

    /// Who is next, and what it is. O(log n); where turns are fair also O(categories).
    #[must_use]
    pub fn next(&self) -> Option<(Place, T)> {
        let first = match self.discipline {
            Discipline::Fifo | Discipline::Priority(_) => self.waiting.first_key_value(),
            Discipline::Fair => {
                let waiting = self.lanes.iter().zip(0..);
                let (_, lane) = waiting
                    .filter(|(lane, _)| lane.waiting > 0)
                    .min_by_key(|(lane, number)| (lane.in_hand, lane.turn, *number))?;
                self.waiting.range(Place { lane, ticket: 0 }..).next()
            }
        };
        first.map(|(&place, &item)| (place, item))
    }

    /// What waits at a place leaves, taken or not. O(log n).
    pub fn leave(&mut self, place: Place) {
        if self.waiting.remove(&place).is_some()
            && let Some(lane) = self.fair_lane(place.lane)
        {
            lane.waiting -= 1;
        }
    }

    /// A server begins work of a category, from the line or without a wait.
    pub fn begun(&mut self, category: u16) {
        self.turns += 1;
        let turn = self.turns;
        if let Some(lane) = self.fair_lane(category) {
            lane.in_hand += 1;
            lane.turn = turn;
        }
    }

    /// Work of a category is in nobody's hands any more.
    pub fn ended(&mut self, category: u16) {
        if let Some(lane) = self.fair_lane(category) {
            lane.in_hand = lane.in_hand.saturating_sub(1);
        }
    }

    fn fair_lane(&mut self, number: u16) -> Option<&mut Lane> {
        if self.discipline != Discipline::Fair {
            return None;
        }
        let place = usize::from(number);
        if self.lanes.len() <= place {
            self.lanes.resize(place + 1, Lane::default());
        }
        Some(&mut self.lanes[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOD: u16 = 0;
    const REST: u16 = 1;

    /// Five of the flood, then two of the rest; the order in which `servers` that finish in the order they began take them.
    fn order(discipline: Discipline, servers: usize) -> Vec<(u16, u32)> {
        let mut line = Line::new(discipline);
        let arrivals = [0; 5].into_iter().chain([1; 2]).zip(0..);
        for (category, item) in arrivals {
            line.join(category, (category, item));
        }
        let (mut taken, mut busy) = (Vec::new(), std::collections::VecDeque::new());
        while let Some((place, item)) = line.next() {
            line.leave(place);
            line.begun(item.0);
            taken.push(item);
            busy.push_back(item.0);
            if busy.len() == servers {
                line.ended(busy.pop_front().expect("a busy server"));
            }
        }
        taken
    }

    fn categories(order: &[(u16, u32)]) -> Vec<u16> {
        order.iter().map(|&(category, _)| category).collect()
    }

    #[test]
    fn first_come_is_first_served() {
        let items: Vec<u32> = order(Discipline::Fifo, 1)
            .iter()
            .map(|item| item.1)
            .collect();
        assert_eq!(items, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_lower_rank_goes_first_and_keeps_its_order() {
        let taken = order(Discipline::Priority([9, 3].into()), 1);
        assert_eq!(taken[..3], [(REST, 5), (REST, 6), (FLOOD, 0)]);
    }

    #[test]
    fn one_server_takes_turns() {
        let taken = order(Discipline::Fair, 1);
        assert_eq!(
            categories(&taken),
            [FLOOD, REST, FLOOD, REST, FLOOD, FLOOD, FLOOD]
        );
        assert_eq!(taken[1], (REST, 5));
    }

    #[test]
    fn a_fleet_is_shared_by_what_is_in_hand() {
        let mut line = Line::new(Discipline::Fair);
        for category in [FLOOD, FLOOD, FLOOD, REST] {
            line.join(category, category);
        }
        (0..3).for_each(|_| line.begun(FLOOD));
        line.begun(REST);
        line.begun(REST);
        assert_eq!(line.next().map(|(_, category)| category), Some(REST));
        (0..2).for_each(|_| line.ended(FLOOD));
        assert_eq!(line.next().map(|(_, category)| category), Some(FLOOD));
    }

    #[test]
    fn who_leaves_is_not_next() {
        for discipline in [
            Discipline::Fifo,
            Discipline::Fair,
            Discipline::Priority([0].into()),
        ] {
            let mut line = Line::new(discipline);
            let first = line.join(0, 'a');
            line.join(0, 'b');
            line.leave(first);
            line.leave(first);
            assert_eq!(
                (line.len(), line.next().map(|(_, item)| item)),
                (1, Some('b'))
            );
        }
    }
}
