//! What is wrong with a file of complaints? Errors as data: all of them, each with its place and
//! what would be right.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// One mistake in a trace, in a category table, or in how they are to be read.
///
/// Reads as `line 3, column 1: cannot read the time "soon": expected YYYY-MM-DD HH:MM:SS (help)`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct TraceError {
    /// What kind of mistake it is.
    pub kind: TraceErrorKind,
    /// Line of the file, from 1; 0 if the mistake is not in one line.
    pub line: u64,
    /// Column of the table, the leftmost being 1; 0 if the mistake is not in one column.
    pub column: u32,
    /// What was found.
    pub message: String,
    /// What would have been right.
    pub expected: String,
    /// What to do about it, where that is not obvious.
    pub help: Option<String>,
}

/// The kinds of mistakes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TraceErrorKind {
    /// The bytes are not a table: broken compression, no header.
    Unreadable,
    /// A named column is not in the header.
    MissingColumn,
    /// The time zone is unknown.
    TimeZone,
    /// The way times are written is unknown or ambiguous.
    TimeFormat,
    /// The window ends before it begins.
    Window,
    /// A row has more or fewer fields than the header.
    FieldCount,
    /// A time cannot be read.
    Time,
    /// A row is earlier than the row before it.
    Order,
    /// A column has too many different values to be a name of something.
    TooManyNames,
    /// A weight is not a positive number.
    Weight,
    /// A category of the trace has no row in the category table.
    Unmapped,
    /// No row is left.
    Empty,
}

impl TraceErrorKind {
    fn noun(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::MissingColumn => "missing column",
            Self::TimeZone => "time zone",
            Self::TimeFormat => "time format",
            Self::Window => "window",
            Self::FieldCount => "field count",
            Self::Time => "time",
            Self::Order => "order",
            Self::TooManyNames => "too many names",
            Self::Weight => "weight",
            Self::Unmapped => "unmapped category",
            Self::Empty => "empty",
        }
    }
}

impl fmt::Display for TraceErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.noun())
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => {}
            (line, 0) => write!(f, "line {line}: ")?,
            (line, column) => write!(f, "line {line}, column {column}: ")?,
        }
        write!(f, "{}: expected {}", self.message, self.expected)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// All mistakes of one file: each of them counted, the first [`TraceErrors::SHOWN_MAX`] kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, thiserror::Error)]
pub struct TraceErrors {
    shown: Vec<TraceError>,
    by_kind: BTreeMap<TraceErrorKind, u64>,
}

impl TraceErrors {
    /// How many mistakes are kept word for word.
    pub const SHOWN_MAX: usize = 20;

    /// The first mistakes, in the order they were found.
    #[must_use]
    pub fn shown(&self) -> &[TraceError] {
        &self.shown
    }

    /// How many mistakes there are of each kind, kinds without mistakes left out.
    #[must_use]
    pub fn by_kind(&self) -> &BTreeMap<TraceErrorKind, u64> {
        &self.by_kind
    }

    /// How many mistakes there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_kind.values().sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_kind.is_empty()
    }

    pub(super) fn push(&mut self, error: TraceError) {
        *self.by_kind.entry(error.kind).or_default() += 1;
        if self.shown.len() < Self::SHOWN_MAX {
            self.shown.push(error);
        }
    }

    /// `value`, unless there are mistakes.
    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl From<TraceError> for TraceErrors {
    fn from(error: TraceError) -> Self {
        let mut errors = Self::default();
        errors.push(error);
        errors
    }
}

impl fmt::Display for TraceErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.shown.iter().enumerate() {
            let separator = if i == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        match self.total() - self.shown.len() as u64 {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// The candidate most like `wanted`, if any is alike enough to have been meant. Case does not
/// count; the first of equals wins.
pub(super) fn nearest<'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    let distance_max = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|&(distance, _)| distance <= distance_max)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// A text of unknown origin between backticks: control characters escaped, cut off when it is long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted<'a>(&'a str);

const QUOTED_CHARS_MAX: usize = 60;

pub(super) fn quoted(text: &str) -> Quoted<'_> {
    Quoted(text)
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        f.write_str("`")?;
        for c in text.chars().take(QUOTED_CHARS_MAX) {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?
            } else {
                f.write_char(c)?
            }
        }
        let cut = text.chars().nth(QUOTED_CHARS_MAX).is_some();
        f.write_str(if cut { "…`" } else { "`" })
    }
}

/// `did you mean "…"?`, if one of the candidates may have been meant.
pub(super) fn did_you_mean<'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(wanted, candidates).map(|candidate| format!("did you mean {}?", quoted(candidate)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: u64, column: u32, help: Option<&str>) -> TraceError {
        TraceError {
            kind: TraceErrorKind::Time,
            line,
            column,
            message: "cannot read `soon`".into(),
            expected: "a time".into(),
            help: help.map(Into::into),
        }
    }

    #[test]
    fn an_error_names_its_place_as_far_as_it_has_one() {
        assert_eq!(
            error(0, 0, None).to_string(),
            "cannot read `soon`: expected a time"
        );
        assert_eq!(
            error(3, 0, None).to_string(),
            "line 3: cannot read `soon`: expected a time"
        );
        assert_eq!(
            error(3, 2, Some("try later")).to_string(),
            "line 3, column 2: cannot read `soon`: expected a time (try later)"
        );
    }

    #[test]
    fn all_are_counted_and_twenty_are_shown() {
        let mut errors = TraceErrors::default();
        (1..=25).for_each(|line| errors.push(error(line, 0, None)));
        assert_eq!(errors.shown().len(), 20);
        assert_eq!(errors.total(), 25);
        assert_eq!(errors.by_kind()[&TraceErrorKind::Time], 25);
        assert!(
            errors
                .to_string()
                .ends_with("line 20: cannot read `soon`: expected a time\nand 5 more")
        );
    }

    #[test]
    fn what_the_file_says_is_quoted_tamely() {
        assert_eq!(quoted("a `b`").to_string(), "`a `b``");
        assert_eq!(quoted("\u{1b}[2J\n").to_string(), "`\\u{1b}[2J\\n`");
        assert_eq!(
            quoted(&"é".repeat(61)).to_string(),
            format!("`{}…`", "é".repeat(60))
        );
        assert_eq!(
            quoted(&"é".repeat(60)).to_string(),
            format!("`{}`", "é".repeat(60))
        );
    }

    #[test]
    fn suggestions_are_alike_or_absent() {
        let columns = ["ts_local", "category", "ward"];
        assert_eq!(nearest("Catgory", columns), Some("category"));
        assert_eq!(nearest("complaint_type", columns), None);
        assert_eq!(nearest("", columns), None);
    }
}
