//! What did the clock on the wall show? Places stamps in a time zone, on the wall and on the
//! world's time line.
//!
//! A complaint made at nine is replayed at nine, so the wall clock is what a trace keeps. The
//! instant serves only to tell whether a file is in order, and there daylight saving time has two
//! corners:
//!
//! - in autumn an hour is written twice. A stamp from it is read as the first pass until the file
//!   goes back, then as the second; both passes are kept at the hour they are written with;
//! - in spring an hour is never shown. A stamp that claims it is kept as it is written, is in order
//!   wherever either of its neighbouring offsets would put it, and is counted in
//!   [`super::TraceReport::in_gap`].

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::stamp::Stamp;
use crate::workload::error::{TraceError, TraceErrorKind, nearest, quoted};

/// The time zone of the name `name`, or an error with the zone that may have been meant.
pub(super) fn zone(name: &str) -> Result<TimeZone, TraceError> {
    TimeZone::get(name).map_err(|_| {
        let zones: Vec<String> = jiff::tz::db()
            .available()
            .map(|zone| zone.to_string())
            .collect();
        let city = |zone: &str| zone.rsplit('/').next().map(str::to_owned);
        let by_city = || {
            let wanted = city(name)?;
            zones
                .iter()
                .find(|zone| city(zone).is_some_and(|city| city.eq_ignore_ascii_case(&wanted)))
                .map(String::as_str)
        };
        let meant = by_city().or_else(|| nearest(name, zones.iter().map(String::as_str)));
        TraceError {
            kind: TraceErrorKind::TimeZone,
            line: 0,
            column: 0,
            message: format!("unknown time zone {}", quoted(name)),
            expected: "a name of the IANA time zone database, such as `Asia/Kolkata`".into(),
            help: meant.map(|zone| format!("did you mean `{zone}`?")),
        }
    })
}

/// A clock in one time zone that reads the stamps of a file from top to bottom.
#[derive(Debug)]
pub(super) struct Clock {
    zone: TimeZone,
    last: Option<Timestamp>,
    /// Stamps of an hour that the clock skipped.
    pub(super) in_gap: u64,
    /// Stamps of an hour that the clock showed twice.
    pub(super) in_overlap: u64,
}

/// A stamp in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reading {
    /// What the clock on the wall showed.
    pub(super) local: DateTime,
    /// Whether that was before the stamp read last.
    pub(super) out_of_order: bool,
}

impl Clock {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            last: None,
            in_gap: 0,
            in_overlap: 0,
        }
    }

    /// Reads the next stamp; `None` at the ends of representable time.
    pub(super) fn read(&mut self, stamp: Stamp) -> Option<Reading> {
        let (local, instant) = match stamp {
            Stamp::Instant(instant) => (self.zone.to_datetime(instant), instant),
            Stamp::Civil(local) => (local, self.instant(local)?),
        };
        let out_of_order = self
            .last
            .replace(instant)
            .is_some_and(|last| instant < last);
        Some(Reading {
            local,
            out_of_order,
        })
    }

    fn instant(&mut self, local: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let earlier = ambiguous.earlier().ok()?;
        let later = ambiguous.later().ok()?;
        let last = self.last.unwrap_or(Timestamp::MIN);
        Some(match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => earlier,
            AmbiguousOffset::Gap { .. } => {
                self.in_gap += 1;
                last.clamp(earlier, later)
            }
            AmbiguousOffset::Fold { .. } => {
                self.in_overlap += 1;
                if earlier < last { later } else { earlier }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boston() -> Clock {
        Clock::new(zone("America/New_York").expect("a zone"))
    }

    fn civil(text: &str) -> Stamp {
        Stamp::Civil(text.parse().expect("a civil time"))
    }

    #[test]
    fn the_hour_that_is_shown_twice_may_run_backwards_once() {
        let mut clock = boston();
        let stamps = [
            "2015-11-01T01:10:00",
            "2015-11-01T01:50:00",
            "2015-11-01T01:05:00",
            "2015-11-01T01:40:00",
        ];
        for text in stamps {
            let reading = clock.read(civil(text)).expect("representable");
            assert_eq!(civil(text), Stamp::Civil(reading.local));
            assert!(!reading.out_of_order, "{text}");
        }
        assert!(
            clock
                .read(civil("2015-11-01T01:20:00"))
                .expect("representable")
                .out_of_order
        );
        assert_eq!((clock.in_overlap, clock.in_gap), (5, 0));
    }

    #[test]
    fn the_hour_that_is_never_shown_is_kept_as_written() {
        let mut clock = boston();
        let reading = clock
            .read(civil("2015-03-08T02:30:00"))
            .expect("representable");
        assert_eq!(civil("2015-03-08T02:30:00"), Stamp::Civil(reading.local));
        assert_eq!(clock.in_gap, 1);
        assert!(
            !clock
                .read(civil("2015-03-08T03:00:00"))
                .expect("representable")
                .out_of_order
        );
    }

    #[test]
    fn instants_are_shown_as_the_zone_shows_them() {
        let mut clock = boston();
        let mut show = |text: &str| {
            clock
                .read(Stamp::Instant(text.parse().expect("an instant")))
                .expect("representable")
        };
        assert_eq!(
            civil("2015-01-15T09:00:00"),
            Stamp::Civil(show("2015-01-15T14:00:00Z").local)
        );
        assert_eq!(
            civil("2015-07-15T09:00:00"),
            Stamp::Civil(show("2015-07-15T13:00:00Z").local)
        );
        assert!(show("2015-07-15T12:59:59Z").out_of_order);
    }

    #[test]
    fn an_unknown_zone_is_answered_with_a_likely_one() {
        let help = |name| zone(name).expect_err("no zone").help;
        assert_eq!(
            help("Asia/Kolkatta").as_deref(),
            Some("did you mean `Asia/Kolkata`?")
        );
        assert_eq!(
            help("India/Kolkata").as_deref(),
            Some("did you mean `Asia/Kolkata`?")
        );
        assert_eq!(
            help("Kolkata").as_deref(),
            Some("did you mean `Asia/Kolkata`?")
        );
        assert_eq!(help("nowhere at all"), None);
    }
}
