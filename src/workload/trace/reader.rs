//! How does a CSV become a trace? Two passes over the rows: the first finds how times are written,
//! the second reads.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::clock::{Clock, zone};
use super::stamp::{Detected, Detector, StampFormat};
use super::{Filter, Names, OnBadRow, TimeColumn, Trace, TraceEvent, TraceReport, TraceSpec};
use crate::des::SimDuration;
use crate::workload::error::{TraceError, TraceErrorKind, TraceErrors};
use crate::workload::table::{Row, Table};

/// How times may be written when the file is left to decide.
const LAYOUTS: &str =
    "YYYY-MM-DD HH:MM:SS, DD/MM/YYYY HH:MM:SS, MM/DD/YYYY HH:MM:SS, RFC 3339 or seconds since 1970";

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
    let Some(format) = format(&table, time, spec, &mut errors) else {
        return Err(errors);
    };
    let mut reader = Reader::new(spec, &layout, time, &format, Clock::new(zone), errors);
    let mut misfits = Vec::new();
    table.for_each_row(|row| reader.row(row), |misfit| misfits.push(misfit));
    reader.finish(&table, misfits)
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

/// The way times are written, given or found.
fn format(
    table: &Table<'_>,
    time: TimeField,
    spec: &TraceSpec,
    errors: &mut TraceErrors,
) -> Option<StampFormat> {
    let mut fail = |line, message, expected: &str, help: &str| {
        let column = if line == 0 { 0 } else { time.column() };
        let (kind, expected, help) = (
            TraceErrorKind::TimeFormat,
            expected.into(),
            Some(help.into()),
        );
        errors.push(TraceError {
            kind,
            line,
            column,
            message,
            expected,
            help,
        });
    };
    if let Some(format) = &spec.time_format {
        let hint = "see https://docs.rs/jiff/latest/jiff/fmt/strtime";
        let parsed = StampFormat::strftime(format);
        return parsed
            .map_err(|reason| {
                fail(
                    0,
                    format!("the time format `{format}` is of no use: {reason}"),
                    "a format such as `%d/%m/%Y %H:%M`",
                    hint,
                )
            })
            .ok();
    }
    let mut detector = Detector::default();
    let mut first = None;
    table.for_each_row(
        |row| {
            let text = time.text(row);
            detector.see(&text);
            first.get_or_insert_with(|| (row.line, text.into_owned()));
        },
        |_| {},
    );
    let (line, text) = first.unwrap_or_default();
    match detector.verdict() {
        Detected::Format(format) => return Some(format),
        // A file without rows is told so by the second pass.
        Detected::Nothing => return Some(StampFormat::YearFirst),
        Detected::Unknown => fail(
            line,
            format!("cannot tell how times are written, the first is `{text}`"),
            LAYOUTS,
            "for any other layout set timeFormat, such as `%d-%b-%Y %H:%M`",
        ),
        Detected::DayOrMonth => fail(
            line,
            format!(
                "cannot tell day from month, neither is above 12 in any row, the first is `{text}`"
            ),
            "a row that tells them apart",
            "set timeFormat to `%d/%m/%Y %H:%M:%S` if the day is first, to `%m/%d/%Y %H:%M:%S` if the month is, with the file's own separators",
        ),
    }
    None
}

/// Where the fields of a row are.
struct Layout {
    time: Option<TimeField>,
    /// Category, ward and channel, so far as they were asked for.
    names: [Option<usize>; 3],
    filters: Vec<(usize, Vec<String>)>,
}

#[derive(Clone, Copy)]
enum TimeField {
    Stamp(usize),
    DateAndTime(usize, usize),
}

impl Layout {
    fn resolve(table: &Table<'_>, spec: &TraceSpec, errors: &mut TraceErrors) -> Self {
        let columns = &spec.columns;
        let time = match &columns.time {
            TimeColumn::Stamp(name) => table.column(name, errors).map(TimeField::Stamp),
            TimeColumn::DateAndTime { date, time } => {
                let (date, time) = (table.column(date, errors), table.column(time, errors));
                date.zip(time)
                    .map(|(date, time)| TimeField::DateAndTime(date, time))
            }
        };
        let names = [&columns.category, &columns.ward, &columns.channel];
        let names = names.map(|name| name.as_ref().and_then(|name| table.column(name, errors)));
        let mut place = |filter: &Filter| table.column(&filter.column, errors);
        let filters = spec
            .filters
            .iter()
            .filter_map(|filter| Some((place(filter)?, filter.any_of.clone())))
            .collect();
        Self {
            time,
            names,
            filters,
        }
    }

    fn passes(&self, row: Row<'_>) -> bool {
        self.filters.iter().all(|(place, any_of)| {
            let value = row.text(*place);
            any_of.iter().any(|wanted| wanted.trim() == value.trim())
        })
    }
}

impl TimeField {
    fn text<'a>(self, row: Row<'a>) -> Cow<'a, str> {
        match self {
            Self::Stamp(place) => row.text(place),
            Self::DateAndTime(date, time) => Cow::Owned(format!(
                "{} {}",
                row.text(date).trim(),
                row.text(time).trim()
            )),
        }
    }

    /// The number of the column, as errors count.
    fn column(self) -> u32 {
        let (Self::Stamp(place) | Self::DateAndTime(place, _)) = self;
        place as u32 + 1
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
    rows: u64,
    filtered: u64,
    outside_window: u64,
    out_of_order: u64,
    /// First and last local date of any row that passed the filters.
    dates: Option<(Date, Date)>,
    last_text: String,
    skipped: TraceErrors,
    errors: TraceErrors,
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
            rows: 0,
            filtered: 0,
            outside_window: 0,
            out_of_order: 0,
            dates: None,
            last_text: String::new(),
            skipped: TraceErrors::default(),
            errors,
        }
    }

    fn row(&mut self, row: Row<'_>) {
        self.rows += 1;
        if !self.layout.passes(row) {
            self.filtered += 1;
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
                message: format!("cannot read the time `{text}`"),
                expected: format!("{}, as in the rest of the file", self.format),
                help: None,
            });
        };
        if reading.out_of_order {
            self.out_of_order(row.line, &text);
        }
        self.last_text.clear();
        self.last_text.push_str(&text);
        let date = reading.local.date();
        let (first, last) = self.dates.unwrap_or((date, date));
        self.dates = Some((first.min(date), last.max(date)));
        if self.spec.from.is_some_and(|from| date < from)
            || self.spec.to.is_some_and(|to| date >= to)
        {
            self.outside_window += 1;
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
        self.out_of_order += 1;
        if !self.spec.sort {
            self.errors.push(TraceError {
                kind: TraceErrorKind::Order,
                line,
                column: self.time.column(),
                message: format!("`{text}` comes after `{}`", self.last_text),
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
                        message: format!("`{}` is one name too many in this column", text.trim()),
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

    fn finish(mut self, table: &Table<'_>, misfits: Vec<TraceError>) -> Result<Trace, TraceErrors> {
        self.rows += misfits.len() as u64;
        misfits.into_iter().for_each(|misfit| self.bad_row(misfit));
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
            rows: self.rows,
            kept: self.events.len() as u64,
            filtered: self.filtered,
            outside_window: self.outside_window,
            skipped: self.skipped,
            out_of_order: self.out_of_order,
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
        let (message, expected) = match self.dates {
            Some((first, last)) => {
                let day =
                    |date: Option<Date>| date.map_or("open".to_owned(), |date| date.to_string());
                let window = format!("from {} to {}", day(self.spec.from), day(self.spec.to));
                (
                    format!("no row lies in the window {window}"),
                    format!("a window that meets the trace, {first} to {last}"),
                )
            }
            None if self.filtered > 0 => {
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
