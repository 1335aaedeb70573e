//! Where in a row is what, and how are times written? Settles the columns and the format of a file.

use std::borrow::Cow;

use super::stamp::{Detected, Detector, StampFormat};
use super::{Filter, TimeColumn, TraceSpec};
use crate::workload::error::{TraceError, TraceErrorKind, TraceErrors, quoted};
use crate::workload::table::{Row, Table};

/// How times may be written when the file is left to decide.
const LAYOUTS: &str = "YYYY-MM-DD HH:MM:SS, DD/MM/YYYY HH:MM:SS, MM/DD/YYYY HH:MM:SS, RFC 3339, \
                       or seconds or milliseconds since 1970";

/// Where the fields of a row are.
pub(super) struct Layout {
    pub(super) time: Option<TimeField>,
    /// Category, ward and channel, so far as they were asked for.
    pub(super) names: [Option<usize>; 3],
    filters: Vec<(usize, Vec<String>)>,
}

#[derive(Clone, Copy)]
pub(super) enum TimeField {
    Stamp(usize),
    DateAndTime(usize, usize),
}

impl Layout {
    pub(super) fn resolve(table: &Table<'_>, spec: &TraceSpec, errors: &mut TraceErrors) -> Self {
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

    pub(super) fn passes(&self, row: Row<'_>) -> bool {
        self.filters.iter().all(|(place, any_of)| {
            let value = row.text(*place);
            any_of.iter().any(|wanted| wanted.trim() == value.trim())
        })
    }
}

impl TimeField {
    pub(super) fn text<'a>(self, row: Row<'a>) -> Cow<'a, str> {
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
    pub(super) fn column(self) -> u32 {
        let (Self::Stamp(place) | Self::DateAndTime(place, _)) = self;
        place as u32 + 1
    }
}

/// The way times are written, as the user says or as the file shows.
pub(super) fn format(
    table: &Table<'_>,
    time: TimeField,
    spec: &TraceSpec,
) -> Result<StampFormat, TraceError> {
    match &spec.time_format {
        Some(format) => given_format(format),
        None => detect_format(table, time),
    }
}

fn given_format(format: &str) -> Result<StampFormat, TraceError> {
    StampFormat::strftime(format).map_err(|reason| TraceError {
        kind: TraceErrorKind::TimeFormat,
        line: 0,
        column: 0,
        message: format!("the time format {} is of no use: {reason}", quoted(format)),
        expected: "a format such as `%d/%m/%Y %H:%M`".into(),
        help: Some("see https://docs.rs/jiff/latest/jiff/fmt/strtime".into()),
    })
}

fn detect_format(table: &Table<'_>, time: TimeField) -> Result<StampFormat, TraceError> {
    let mut detector = Detector::default();
    let mut first = None;
    table.for_each_row(|row| {
        if let Ok(row) = row {
            let text = time.text(row);
            detector.see(&text);
            first.get_or_insert_with(|| (row.line, text.into_owned()));
        }
    });
    let (line, text) = first.unwrap_or_default();
    let (message, expected, help) = match detector.verdict() {
        Detected::Format(format) => return Ok(format),
        // A file without rows is told so when it is read.
        Detected::Nothing => return Ok(StampFormat::YearFirst),
        Detected::Unknown => (
            format!(
                "cannot tell how times are written, the first is {}",
                quoted(&text)
            ),
            LAYOUTS,
            "for any other layout set `timeFormat`, such as `%d-%b-%Y %H:%M`",
        ),
        Detected::DayOrMonth => (
            format!(
                "cannot tell day from month in {}, and no other row tells",
                quoted(&text)
            ),
            "a row with a day above 12",
            "set `timeFormat` to `%d/%m/%Y %H:%M` or `%m/%d/%Y %H:%M`, as the file is written",
        ),
    };
    Err(TraceError {
        kind: TraceErrorKind::TimeFormat,
        line,
        column: time.column(),
        message,
        expected: expected.into(),
        help: Some(help.into()),
    })
}
