//! Which complaints were made, and when? A CSV of any city read into events on the wall clock of
//! that city.

use jiff::civil::{Date, DateTime};

use super::error::TraceErrors;
use crate::des::SimDuration;

mod clock;
mod layout;
mod reader;
mod stamp;
#[cfg(test)]
mod tests;

pub use stamp::StampFormat;

/// How a CSV of complaints is to be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceSpec {
    /// Which columns mean what.
    pub columns: Columns,
    /// IANA name of the zone whose wall clock is kept. Times without an offset are times of this
    /// zone, times with an offset and epochs are converted into it.
    pub timezone: String,
    /// How times are written, in the language of strftime; found out from the file if absent.
    pub time_format: Option<String>,
    /// Only rows that pass all filters are kept.
    pub filters: Vec<Filter>,
    /// Only rows of this local date or later are kept.
    pub from: Option<Date>,
    /// Only rows before this local date are kept.
    pub to: Option<Date>,
    /// What a broken row means.
    pub on_bad_row: OnBadRow,
    /// Whether rows may be in any order; otherwise a row earlier than the one before it is a
    /// mistake, whatever `on_bad_row` says.
    pub sort: bool,
}

impl TraceSpec {
    /// Reads `columns` in `timezone`: times as they are found, all rows, every mistake fatal.
    #[must_use]
    pub fn new(columns: Columns, timezone: &str) -> Self {
        Self {
            columns,
            timezone: timezone.to_owned(),
            time_format: None,
            filters: Vec::new(),
            from: None,
            to: None,
            on_bad_row: OnBadRow::Fail,
            sort: false,
        }
    }
}

/// The columns of a trace, by their names in the header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Columns {
    /// When the complaint was made.
    pub time: TimeColumn,
    /// What it is about.
    pub category: Option<String>,
    /// Where it was made.
    pub ward: Option<String>,
    /// How it was made.
    pub channel: Option<String>,
}

impl Columns {
    /// No column but the time.
    #[must_use]
    pub fn new(time: TimeColumn) -> Self {
        Self {
            time,
            category: None,
            ward: None,
            channel: None,
        }
    }

    /// The same with a column of categories.
    #[must_use]
    pub fn category(self, name: &str) -> Self {
        Self {
            category: Some(name.to_owned()),
            ..self
        }
    }
}

/// Where the time of a complaint stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TimeColumn {
    /// In one column.
    Stamp(String),
    /// The date in one column, the time of day in another.
    DateAndTime {
        /// Name of the column with the date.
        date: String,
        /// Name of the column with the time of day.
        time: String,
    },
}

/// Keeps the rows whose `column` is one of some values, compared without surrounding blanks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filter {
    /// Name of the column.
    pub column: String,
    /// The values that pass.
    pub any_of: Vec<String>,
}

/// What a row with a wrong number of fields or an unreadable time means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnBadRow {
    /// The trace cannot be read.
    Fail,
    /// The row is left out and counted in [`TraceReport::skipped`].
    Skip,
}

/// A trace: complaints in order of local time.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    /// Local midnight that [`TraceEvent::at`] counts from: the start of the window, or of the first
    /// complaint's day.
    pub origin: DateTime,
    /// Whole days from the origin to the end of the window, or of the last complaint's day.
    pub span: SimDuration,
    /// The complaints, earliest first; those of one time in the order of the file.
    pub events: Vec<TraceEvent>,
    /// Names of categories, in order of appearance; a single empty name if no column was given.
    pub categories: Vec<String>,
    /// Names of wards, as `categories`.
    pub wards: Vec<String>,
    /// Names of channels, as `categories`.
    pub channels: Vec<String>,
    /// What was met on the way.
    pub report: TraceReport,
}

/// One complaint: 16 bytes, there may be millions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceEvent {
    /// Time shown by the clock on the wall since [`Trace::origin`]: every day has 24 hours.
    pub at: SimDuration,
    /// Index into [`Trace::categories`].
    pub category: u16,
    /// Index into [`Trace::wards`].
    pub ward: u16,
    /// Index into [`Trace::channels`].
    pub channel: u16,
}

/// What a file contained besides the events that were kept. `rows` is the sum of `kept`,
/// `filtered`, `outside_window` and the total of `skipped`.
#[derive(Clone, PartialEq, Debug)]
pub struct TraceReport {
    /// Rows after the header.
    pub rows: u64,
    /// Rows that became events.
    pub kept: u64,
    /// Rows that did not pass the filters.
    pub filtered: u64,
    /// Rows before or after the window.
    pub outside_window: u64,
    /// Rows left out as broken, by kind, with the first of them in words.
    pub skipped: TraceErrors,
    /// Rows that go back in time, put in their place.
    pub out_of_order: u64,
    /// Rows whose hour the clock skipped for daylight saving time, kept as they are written.
    pub in_gap: u64,
    /// Rows whose hour the clock showed twice.
    pub in_overlap: u64,
    /// The delimiter of the file.
    pub delimiter: char,
    /// How the file writes times.
    pub format: StampFormat,
    /// Local time of the first event.
    pub first: DateTime,
    /// Local time of the last event.
    pub last: DateTime,
}

impl Trace {
    /// Reads a trace from the bytes of a CSV file, plain or gzipped; separators may be `,` `;` tab
    /// or `|`.
    ///
    /// # Errors
    /// Everything that is wrong with `spec` and with the rows, at once.
    pub fn read(bytes: &[u8], spec: &TraceSpec) -> Result<Self, TraceErrors> {
        reader::read(bytes, spec)
    }
}
