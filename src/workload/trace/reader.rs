//! How does a CSV become a trace? Two passes over the rows: the first finds how times are written,
//! the second reads.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::clock::{Clock, zone};
use super::layout::{Layout, TimeField, format};
use super::stamp::StampFormat;
use super::{Filter, OnBadRow, Trace, TraceEvent, TraceReport, TraceSpec};
use crate::des::SimDuration;
use crate::workload::error::{TraceError, TraceErrorKind, TraceErrors, quoted};
use crate::workload::names::Names;
use crate::workload::table::{Row, Table};

pub(super) fn read(bytes: &[u8], spec: &TraceSpec) -> Result<Trace, TraceErrors> {
    let table = Table::open(bytes)?;
    let mut errors = TraceErrors::default();
    let zone = zone(&spec.timezone)
        .map_err(|error| errors.push(error))
        .unwrap_or(TimeZone::UTC);
    check_window(spec, &mut errors);
    let layout = Layout::resolve(&table, spec, &mut errors);
    let Some(time) = layout.time else {
        return Err(errors);
    };
    let format = match format(&table, time, spec) {
        Ok(format) => format,
        Err(error) => {
            errors.push(error);
            return Err(errors);
        }
    };
    let mut reader = Reader::new(spec, &layout, time, &format, Clock::new(zone), errors);
    table.for_each_row(|row| reader.row(row));
    reader.finish(&table)
}

fn check_window(spec: &TraceSpec, errors: &mut TraceErrors) {
    if let (Some(from), Some(to)) = (spec.from, spec.to)
        && from >= to
    {
        errors.push(TraceError {
            kind: TraceErrorKind::Window,
            line: 0,
            column: 0,
            message: format!("the window from {from} to {to} contains no day"),
            expected: "an end after the start".into(),
            help: Some("`to` is the first day that is left out".into()),
        });
    }
}

/// The second pass.
struct Reader<'a> {
    spec: &'a TraceSpec,
    layout: &'a Layout,
    time: TimeField,
    format: &'a StampFormat,
    clock: Clock,
    events: Vec<(DateTime, [u16; 3])>,
    names: [Names; 3],
    tally: Tally,
    last_text: String,
    skipped: TraceErrors,
    errors: TraceErrors,
}

/// What became of the rows that are no events.
#[derive(Default)]
struct Tally {
    rows: u64,
    filtered: u64,
    outside_window: u64,
    out_of_order: u64,
    /// First and last local date of any row that passed the filters.
    dates: Option<(Date, Date)>,
}

impl<'a> Reader<'a> {
    fn new(
        spec: &'a TraceSpec,
        layout: &'a Layout,
        time: TimeField,
        format: &'a StampFormat,
        clock: Clock,
        errors: TraceErrors,
    ) -> Self {
        Self {
            spec,
            layout,
            time,
            format,
            clock,
            events: Vec::new(),
            names: Default::default(),
            tally: Tally::default(),
            last_text: String::new(),
            skipped: TraceErrors::default(),
            errors,
        }
    }

    fn row(&mut self, row: Result<Row<'_>, TraceError>) {
        self.tally.rows += 1;
        match row {
            Ok(row) => self.complaint(row),
            Err(error) => self.bad_row(error),
        }
    }

    fn complaint(&mut self, row: Row<'_>) {
        if !self.layout.passes(row) {
            self.tally.filtered += 1;
            return;
        }
        let text = self.time.text(row);
        let Some(reading) = self
            .format
            .read(&text)
            .and_then(|stamp| self.clock.read(stamp))
        else {
            return self.bad_row(TraceError {
                kind: TraceErrorKind::Time,
                line: row.line,
                column: self.time.column(),
                message: format!("cannot read the time {}", quoted(&text)),
                expected: format!("a time such as {}", self.format),
                help: None,
            });
        };
        if reading.out_of_order {
            self.out_of_order(row.line, &text);
        }
        self.last_text.clear();
        self.last_text.push_str(&text);
        let date = reading.local.date();
        let (first, last) = self.tally.dates.unwrap_or((date, date));
        self.tally.dates = Some((first.min(date), last.max(date)));
        if self.spec.from.is_some_and(|from| date < from)
            || self.spec.to.is_some_and(|to| date >= to)
        {
            self.tally.outside_window += 1;
            return;
        }
        if let Some(names) = self.intern(row) {
            self.events.push((reading.local, names));
        }
    }

    fn bad_row(&mut self, error: TraceError) {
        match self.spec.on_bad_row {
            OnBadRow::Fail => self.errors.push(error),
            OnBadRow::Skip => self.skipped.push(error),
        }
    }

    fn out_of_order(&mut self, line: u64, text: &str) {
        self.tally.out_of_order += 1;
        if !self.spec.sort {
            self.errors.push(TraceError {
                kind: TraceErrorKind::Order,
                line,
                column: self.time.column(),
                message: format!("{} comes after {}", quoted(text), quoted(&self.last_text)),
                expected: "rows in order of time".into(),
                help: Some("sort the file, or set `sort: true`".into()),
            });
        }
    }

    /// The category, ward and channel of a row; `None` once there are more names than numbers.
    fn intern(&mut self, row: Row<'_>) -> Option<[u16; 3]> {
        let mut interned = [0; 3];
        for (i, names) in self.names.iter_mut().enumerate() {
            let text = self.layout.names[i].map_or(Cow::Borrowed(""), |place| row.text(place));
            let Some(place) = names.intern(text.trim()) else {
                if !self
                    .errors
                    .by_kind()
                    .contains_key(&TraceErrorKind::TooManyNames)
                {
                    self.errors.push(TraceError {
                        kind: TraceErrorKind::TooManyNames,
                        line: row.line,
                        column: self.layout.names[i].unwrap_or(0) as u32 + 1,
                        message: format!(
                            "{} is one name too many in this column",
                            quoted(text.trim())
                        ),
                        expected: format!("at most {} different names", Names::MAX),
                        help: Some("is it the right column?".into()),
                    });
                }
                return None;
            };
            interned[i] = place;
        }
        Some(interned)
    }

    fn finish(mut self, table: &Table<'_>) -> Result<Trace, TraceErrors> {
        self.events.sort_by_key(|&(local, _)| local);
        let (Some(&(first, _)), Some(&(last, _))) = (self.events.first(), self.events.last())
        else {
            if self.errors.is_empty() {
                self.errors.push(self.nothing_left());
            }
            return Err(self.errors);
        };
        let origin = self.spec.from.unwrap_or(first.date());
        let days_end = self
            .spec
            .to
            .unwrap_or(last.date().tomorrow().unwrap_or(Date::MAX));
        let [categories, wards, channels] = self.names.map(Names::into_names);
        let origin = origin.to_datetime(Time::midnight());
        let report = TraceReport {
            rows: self.tally.rows,
            kept: self.events.len() as u64,
            filtered: self.tally.filtered,
            outside_window: self.tally.outside_window,
            skipped: self.skipped,
            out_of_order: self.tally.out_of_order,
            in_gap: self.clock.in_gap,
            in_overlap: self.clock.in_overlap,
            delimiter: table.delimiter(),
            format: self.format.clone(),
            first,
            last,
        };
        let event = |(local, [category, ward, channel]): (DateTime, [u16; 3])| TraceEvent {
            at: since(origin, local),
            category,
            ward,
            channel,
        };
        self.errors.or(Trace {
            origin,
            span: since(origin, days_end.to_datetime(Time::midnight())),
            events: self.events.into_iter().map(event).collect(),
            categories,
            wards,
            channels,
            report,
        })
    }

    /// Why there is no event.
    fn nothing_left(&self) -> TraceError {
        let (message, expected) = match self.tally.dates {
            Some((first, last)) => {
                let window = match (self.spec.from, self.spec.to) {
                    (Some(from), Some(to)) => format!("from {from} to {to}"),
                    (Some(from), None) => format!("from {from} on"),
                    (None, Some(to)) => format!("before {to}"),
                    (None, None) => "of all days".to_owned(),
                };
                (
                    format!("no row lies in the window {window}"),
                    format!("a window that meets the trace, {first} to {last}"),
                )
            }
            None if self.tally.filtered > 0 => {
                let wanted = |filter: &Filter| {
                    format!(
                        "`{}` one of `{}`",
                        filter.column,
                        filter.any_of.join("`, `")
                    )
                };
                let filters: Vec<_> = self.spec.filters.iter().map(wanted).collect();
                (
                    "no row passes the filters".to_owned(),
                    format!("rows with {}", filters.join(" and ")),
                )
            }
            None => (
                "the trace has no readable row".to_owned(),
                "at least one complaint".to_owned(),
            ),
        };
        TraceError {
            kind: TraceErrorKind::Empty,
            line: 0,
            column: 0,
            message,
            expected,
            help: None,
        }
    }
}

fn since(origin: DateTime, local: DateTime) -> SimDuration {
    SimDuration::from_micros(u64::try_from(local.duration_since(origin).as_micros()).unwrap_or(0))
}
