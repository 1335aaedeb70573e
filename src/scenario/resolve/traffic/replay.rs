//! Which real arrivals are sent again?

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{category, mistakes};
use crate::des::SimDuration;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::Replay;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::files::Files;
use crate::scenario::resolve::names::Names;
use crate::scenario::spec::traffic::{CategoriesSpec, ReplaySpec};
use crate::scenario::tree::child;
use crate::workload::{
    CategoryMap, Columns, Filter, OnBadRow, SCALE_MAX, TimeColumn, Trace, TraceErrorKind, TraceSpec,
};

/// How far a copy may be displaced where the scenario does not say.
const JITTER: SimDuration = SimDuration::from_secs(30 * 60);
/// The journey of a complaint where the scenario does not say.
const JOURNEY: &str = "complaint";
const PATH: &str = "traffic.replay";

/// The simulated time as a trace sees it.
pub(in crate::scenario::resolve) struct TraceWindow<'w> {
    pub(in crate::scenario::resolve) start: &'w jiff::Zoned,
    pub(in crate::scenario::resolve) duration: SimDuration,
    pub(in crate::scenario::resolve) on_bad_row: Option<OnBadRow>,
}

/// Reads the trace and adds its categories to those of the scenario.
pub(super) fn replay(
    cx: &mut Context<'_>,
    spec: &ReplaySpec,
    window: Option<&TraceWindow<'_>>,
    names: &Names,
    files: &mut Files<'_>,
    categories: &mut Vec<String>,
) -> Option<Replay> {
    let journey = spec.journey.as_deref().unwrap_or(JOURNEY);
    let at = match spec.journey {
        Some(_) => &format!("{PATH}.journey"),
        None => PATH,
    };
    let journey = names.journey(cx, at, journey);
    let scale = spec.scale.unwrap_or(1.0);
    cx.require(
        scale > 0.0 && scale <= SCALE_MAX,
        &format!("{PATH}.scale"),
        &format!("is {scale}"),
        &format!("expected above 0 and at most {SCALE_MAX}"),
    );
    let jitter_at = format!("{PATH}.jitter");
    let jitter = spec
        .jitter
        .map_or(JITTER, |jitter| cx.span_of_time(&jitter_at, jitter));
    check_mix(cx, &spec.categories);
    let trace_spec = trace_spec(cx, spec, window);
    let (path, bytes) = files.read(cx.span(&format!("{PATH}.path")), &spec.path);
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot read `{}`: {error}", path.display());
            let at = cx.span(&format!("{PATH}.path"));
            cx.push(
                Diagnostic::error(at, message).expected("expected a file, relative to this one"),
            );
            return None;
        }
    };
    let trace = match Trace::read(&bytes, &trace_spec?) {
        Ok(trace) => trace,
        Err(errors) => {
            mistakes::report(cx, files, &path, &bytes, &errors);
            return None;
        }
    };
    mistakes::warn_of_skipped(cx, &path, &trace.report);
    let window = window?;
    let start = time_of_day(window.start);
    check_window(cx, &trace, start, window.duration);
    Some(Replay {
        scale,
        jitter,
        categories: category_map(&trace, &spec.categories, categories),
        journey: journey?,
        trace,
    })
}

/// Time on the wall since midnight.
pub(in crate::scenario::resolve) fn time_of_day(start: &jiff::Zoned) -> SimDuration {
    let midnight = jiff::civil::Time::midnight();
    let since = start.time().duration_since(midnight);
    SimDuration::from_micros(u64::try_from(since.as_micros()).unwrap_or(0))
}

fn check_window(cx: &mut Context<'_>, trace: &Trace, start: SimDuration, duration: SimDuration) {
    let from = trace.events.partition_point(|event| event.at < start);
    let first = trace.events.get(from);
    if first.is_none_or(|event| event.at.saturating_sub(start) >= duration) {
        let days = trace.report.first.date();
        let what = format!(
            "has no row within the simulated time, which begins on {} of the trace",
            trace.origin.date()
        );
        let expected = format!("the rows are from {days} to {}", trace.report.last.date());
        cx.expected(PATH, what, expected);
    }
}

/// How the trace is to be read; `None` where the scenario is wrong about that.
fn trace_spec(
    cx: &mut Context<'_>,
    spec: &ReplaySpec,
    window: Option<&TraceWindow<'_>>,
) -> Option<TraceSpec> {
    let columns = &spec.columns;
    let time = match &columns.clock {
        None => TimeColumn::Stamp(columns.time.clone()),
        Some(clock) => TimeColumn::DateAndTime {
            date: columns.time.clone(),
            time: clock.clone(),
        },
    };
    let only = spec.only.iter().map(|(column, values)| Filter {
        column: column.clone(),
        any_of: values.clone(),
    });
    let from = spec.from.as_deref().map(|text| first_date(cx, text));
    let policies = [("fail", OnBadRow::Fail), ("skip", OnBadRow::Skip)];
    let policy = spec.on_bad_row.as_deref().unwrap_or("fail");
    let policy = cx.choice(&format!("{PATH}.onBadRow"), "policy", policy, &policies);
    Some(TraceSpec {
        columns: Columns {
            time,
            category: columns.category.clone(),
            ward: None,
            channel: None,
        },
        timezone: spec.timezone.clone(),
        time_format: spec.time_format.clone(),
        filters: only.collect(),
        from: match from {
            Some(from) => Some(from?),
            None => None,
        },
        to: None,
        on_bad_row: window.and_then(|window| window.on_bad_row).or(policy)?,
        sort: spec.sort,
    })
}

fn first_date(cx: &mut Context<'_>, text: &str) -> Option<Date> {
    let date = text.parse().ok();
    if date.is_none() {
        let what = format!("is `{text}`, which is no date");
        cx.expected(
            &format!("{PATH}.from"),
            what,
            "expected one such as `2015-01-26`",
        );
    }
    date
}

fn check_mix(cx: &mut Context<'_>, spec: &CategoriesSpec) {
    for (category, weight) in &spec.mix {
        let path = child(&format!("{PATH}.categories.mix"), category);
        cx.require(
            is_weight(*weight),
            &path,
            &format!("is {weight}"),
            "expected a weight above 0",
        );
    }
}

fn is_weight(weight: f64) -> bool {
    weight.is_finite() && weight > 0.0
}

/// From the categories of the trace to those of the scenario: renamed, drawn from the mix, or kept.
fn category_map(trace: &Trace, spec: &CategoriesSpec, categories: &mut Vec<String>) -> CategoryMap {
    let mut place = |name: &str| category(name, categories);
    let weighted = spec.mix.iter().filter(|(_, weight)| is_weight(**weight));
    let mix: Vec<(f64, u16)> = weighted
        .map(|(name, weight)| (*weight, place(name)))
        .collect();
    let rename: BTreeMap<&str, u16> = spec
        .rename
        .iter()
        .map(|(from, to)| (from.as_str(), place(to)))
        .collect();
    let mut weights = Vec::new();
    for category in &trace.categories {
        weights.push(match rename.get(category.as_str()) {
            Some(&to) => vec![(1.0, to)],
            None if mix.is_empty() && category.is_empty() => vec![(1.0, 0)],
            None if mix.is_empty() => vec![(1.0, place(category))],
            None => mix.clone(),
        });
    }
    CategoryMap::weighted(categories.clone(), &weights)
}

/// The kinds of trace errors that are about the scenario, with the field they belong to.
pub(super) const IN_SCENARIO: [(TraceErrorKind, &str); 4] = [
    (TraceErrorKind::MissingColumn, "columns"),
    (TraceErrorKind::TimeZone, "timezone"),
    (TraceErrorKind::TimeFormat, "timeFormat"),
    (TraceErrorKind::Window, "from"),
];
