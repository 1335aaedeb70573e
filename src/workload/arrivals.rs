//! When does somebody arrive, and with what? Streams of arrivals in order of time, each a pure
//! function of its inputs and a seed.
//!
//! An arrival has an identity that does not depend on what the cluster does to it, nor on how many
//! others there are: the row and copy of a replay, the ordinal of drawn traffic. All that is random
//! about it is drawn from that identity, so a larger scale adds arrivals and moves none.

use jiff::civil::DateTime;

use crate::des::{SimDuration, SimTime};

mod background;
mod category;
mod level;
mod paced;
mod profile;
mod replay;

pub use background::{Background, BackgroundSpec};
pub use category::CategoryMap;
pub use level::OVERDISPERSION_MAX;
pub use paced::Paced;
pub use profile::WeeklyProfile;
pub use replay::{Replay, ReplaySpec, SCALE_MAX};

/// Somebody comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When.
    pub at: SimTime,
    /// Who: the address of everything that is drawn for this arrival.
    pub id: ArrivalId,
    /// With what: an index into the categories of the scenario.
    pub category: u16,
}

/// The identity of an arrival: its source (16 bits) and its place in it (48 bits).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ArrivalId(u64);

const PLACE_BITS: u32 = 48;
const COPY_BITS: u32 = 16;

impl ArrivalId {
    /// Copy `copy` of row `row` of the trace that is replayed as source `source`.
    #[must_use]
    pub const fn of_row(source: u16, row: u32, copy: u16) -> Self {
        Self((source as u64) << PLACE_BITS | (row as u64) << COPY_BITS | copy as u64)
    }

    /// The arrival number `ordinal`, from 0, of source `source`.
    #[must_use]
    pub const fn nth(source: u16, ordinal: u64) -> Self {
        assert!(ordinal < 1 << PLACE_BITS);
        Self((source as u64) << PLACE_BITS | ordinal)
    }

    /// The identity as the entity of a [`StreamKey`](crate::des::StreamKey).
    #[must_use]
    pub const fn entity(self) -> u64 {
        self.0
    }

    const fn row(self) -> usize {
        (self.0 >> COPY_BITS) as u32 as usize
    }
}

/// Time shown by the clock on the wall since Monday 00:00: the place of `local` in a weekly
/// profile.
#[must_use]
pub fn since_monday(local: DateTime) -> SimDuration {
    let days = local.weekday().to_monday_zero_offset() as u64;
    let time = local.duration_since(local.date().to_datetime(jiff::civil::Time::midnight()));
    SimDuration::from_secs(days * 86_400) + SimDuration::from_micros(time.as_micros() as u64)
}

/// For what is known up to chance.
#[cfg(test)]
#[track_caller]
fn assert_near(actual: f64, expected: f64, tolerance: f64) {
    assert!(
        (actual - expected).abs() < tolerance,
        "{actual} is not {expected} to within {tolerance}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_of_sources_rows_and_copies_differ() {
        let ids = [
            ArrivalId::of_row(0, 0, 0),
            ArrivalId::of_row(0, 0, 1),
            ArrivalId::of_row(0, 1, 0),
            ArrivalId::of_row(1, 0, 0),
            ArrivalId::of_row(1, u32::MAX, u16::MAX),
            ArrivalId::nth(2, 0),
            ArrivalId::nth(2, (1 << PLACE_BITS) - 1),
        ];
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(ids[4].row(), u32::MAX as usize);
        assert_eq!(ids[2].row(), 1);
    }

    #[test]
    fn the_week_begins_on_monday() {
        let since = |text: &str| since_monday(text.parse().expect("a civil time")).as_secs();
        assert_eq!(since("2026-06-15T00:00:00"), 0);
        assert_eq!(since("2026-06-21T23:59:59"), 7 * 86_400 - 1);
    }
}
