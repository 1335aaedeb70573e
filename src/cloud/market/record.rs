//! What was recorded of a real pool, in place of what would be drawn.

use super::{Outage, Pool};
use crate::cloud::Price;
use crate::cloud::billing::PricePath;
use crate::des::SimTime;

/// What was recorded of a pool. What is empty was not recorded, and is drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolRecord {
    /// The pool.
    pub pool: Pool,
    /// Prices with the instants they begin at, ascending; the first also holds before.
    pub prices: Vec<(SimTime, Price)>,
    /// Whether the pool had capacity from these instants on, ascending; before the first it had.
    pub states: Vec<(SimTime, bool)>,
}

impl PoolRecord {
    /// The times without capacity, numbered from 0; none if they were not recorded.
    pub(super) fn outages(&self) -> Option<Vec<Outage>> {
        if self.states.is_empty() {
            return None;
        }
        let mut outages: Vec<Outage> = Vec::new();
        let mut down: Option<SimTime> = None;
        for &(at, up) in &self.states {
            match (down, up) {
                (None, false) => down = Some(at),
                (Some(from), true) => {
                    down = None;
                    outages.push(outage(outages.len(), from, at));
                }
                _ => {}
            }
        }
        outages.extend(down.map(|from| outage(outages.len(), from, SimTime::MAX)));
        Some(outages)
    }

    /// The recorded price from `from` until `until`.
    pub(super) fn price_path(&self, from: SimTime, until: SimTime) -> PricePath {
        let later = self.prices.iter().copied();
        PricePath {
            initial: self.price(from),
            changes: later.filter(|&(at, _)| from < at && at <= until).collect(),
        }
    }

    /// The recorded price at `at`.
    pub(super) fn price(&self, at: SimTime) -> Price {
        let begun = self.prices.partition_point(|&(from, _)| from <= at);
        self.prices[begun.saturating_sub(1)].1
    }
}

fn outage(place: usize, from: SimTime, until: SimTime) -> Outage {
    Outage {
        event: place as u32,
        from,
        until,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Symbol;
    use crate::cloud::InstanceTypeId;

    fn record() -> PoolRecord {
        let at = SimTime::from_secs;
        PoolRecord {
            pool: Pool {
                instance_type: InstanceTypeId(0),
                zone: Symbol::fixed(100),
            },
            prices: vec![(at(10), Price(7)), (at(20), Price(9))],
            states: vec![
                (at(5), false),
                (at(6), false),
                (at(8), true),
                (at(30), false),
            ],
        }
    }

    #[test]
    fn states_become_outages() {
        let at = SimTime::from_secs;
        let outages = record().outages().unwrap();
        assert_eq!(
            outages,
            [outage(0, at(5), at(8)), outage(1, at(30), SimTime::MAX)]
        );
        let states = Vec::new();
        assert_eq!(PoolRecord { states, ..record() }.outages(), None);
    }

    #[test]
    fn a_price_holds_until_the_next() {
        let at = SimTime::from_secs;
        for (secs, price) in [(0, 7), (10, 7), (19, 7), (20, 9), (99, 9)] {
            assert_eq!(record().price(at(secs)), Price(price), "{secs}");
        }
        let path = record().price_path(at(12), at(99));
        assert_eq!(
            (path.initial, path.changes),
            (Price(7), vec![(at(20), Price(9))])
        );
    }
}
