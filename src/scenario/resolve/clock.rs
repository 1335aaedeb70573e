//! When does it begin, how long does it last, how finely is it looked at?

use jiff::Zoned;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;

use super::context::Context;
use crate::des::SimDuration;
use crate::scenario::spec::{ReportSpec, ScenarioSpec};

/// The time series have about so many buckets.
const BUCKETS: u64 = 2_016;
/// They never have more.
const BUCKETS_MAX: u64 = 200_000;
const MINUTE: SimDuration = SimDuration::from_secs(60);
const HOUR: SimDuration = SimDuration::from_secs(3_600);

/// The time a scenario covers.
pub(super) struct Clock {
    pub(super) start: Zoned,
    pub(super) duration: SimDuration,
    pub(super) resolution: SimDuration,
    pub(super) warmup: SimDuration,
}

/// The clock; `None` where a start or a duration is missing or wrong.
pub(super) fn clock(cx: &mut Context<'_>, spec: &ScenarioSpec) -> Option<Clock> {
    let start = spec.start.get().and_then(|text| start(cx, text));
    let duration = spec
        .duration
        .get()
        .map(|duration| cx.positive_time("duration", *duration))
        .filter(|duration| *duration > SimDuration::ZERO)?;
    let report = spec.report.get()?;
    Some(Clock {
        start: start?,
        duration,
        resolution: resolution(cx, report, duration),
        warmup: warmup(cx, report, duration),
    })
}

fn start(cx: &mut Context<'_>, text: &str) -> Option<Zoned> {
    let start = zoned(text);
    if start.is_none() {
        cx.expected(
            "start",
            format!("is `{text}`, which is no instant"),
            "expected one with an offset or a zone, such as `2026-06-15T00:00:00+05:30[Asia/Kolkata]`",
        );
    }
    start
}

/// An instant in its zone; one that has only an offset is in a zone that never changes it.
fn zoned(text: &str) -> Option<Zoned> {
    if let Ok(zoned) = text.parse() {
        return Some(zoned);
    }
    let pieces = Pieces::parse(text).ok()?;
    if pieces.time_zone_annotation().is_some() {
        return None;
    }
    let zone = TimeZone::fixed(pieces.to_numeric_offset()?);
    pieces
        .date()
        .to_datetime(pieces.time()?)
        .to_zoned(zone)
        .ok()
}

fn resolution(cx: &mut Context<'_>, report: &ReportSpec, duration: SimDuration) -> SimDuration {
    let Some(given) = report.resolution else {
        return default_resolution(duration);
    };
    let path = "report.resolution";
    let given = cx
        .positive_time(path, given)
        .max(SimDuration::from_micros(1));
    let buckets = duration.as_micros().div_ceil(given.as_micros());
    if buckets > BUCKETS_MAX {
        cx.expected(
            path,
            format!("cuts the duration into {buckets} buckets"),
            format!("expected at most {BUCKETS_MAX} of them"),
        );
    }
    given
}

/// Whole minutes that give about [`BUCKETS`] of them, up to an hour.
fn default_resolution(duration: SimDuration) -> SimDuration {
    let minutes = duration.as_micros().div_ceil(BUCKETS * MINUTE.as_micros());
    SimDuration::from_micros(minutes * MINUTE.as_micros()).clamp(MINUTE, HOUR)
}

fn warmup(cx: &mut Context<'_>, report: &ReportSpec, duration: SimDuration) -> SimDuration {
    let path = "report.warmup";
    let warmup = report
        .warmup
        .map_or(SimDuration::ZERO, |warmup| cx.span_of_time(path, warmup));
    cx.require(
        warmup < duration || warmup == SimDuration::ZERO,
        path,
        "leaves nothing of the simulation",
        "expected less than `duration`",
    );
    warmup
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_have_a_zone_or_an_offset() {
        for (text, shown) in [
            (
                "2026-06-15T00:00:00+05:30[Asia/Kolkata]",
                "2026-06-15T00:00:00+05:30[Asia/Kolkata]",
            ),
            (
                "2026-06-15T00:00:00[Asia/Kolkata]",
                "2026-06-15T00:00:00+05:30[Asia/Kolkata]",
            ),
            (
                "2026-06-15T00:00:00+05:30",
                "2026-06-15T00:00:00+05:30[+05:30]",
            ),
            ("2026-06-15 08:00Z", "2026-06-15T08:00:00+00:00[UTC]"),
        ] {
            assert_eq!(zoned(text).unwrap().to_string(), shown);
        }
        for text in [
            "2026-06-15T00:00:00",
            "2026-06-15",
            "2026-06-15T00:00:00+05:30[Asia/Bengaluru]",
            "soon",
        ] {
            assert_eq!(zoned(text), None, "{text}");
        }
    }

    #[test]
    fn a_month_is_seen_in_quarters_of_an_hour_and_a_day_in_minutes() {
        let days = |days: u64| default_resolution(SimDuration::from_secs(days * 86_400)).as_secs();
        assert_eq!([1, 2, 7, 28, 365].map(days), [60, 120, 300, 1_200, 3_600]);
    }
}
