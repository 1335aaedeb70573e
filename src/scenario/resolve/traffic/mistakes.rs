//! Mistakes in a trace as diagnostics: in the scenario where it says how to read the trace, else in the trace.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::replay::IN_SCENARIO;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::files::Files;
use crate::scenario::source::{FileId, Positions, Span};
use crate::workload::{TraceError, TraceErrors, TraceReport};

const PATH: &str = "traffic.replay";

/// Reports the mistakes of the trace at `path`.
pub(super) fn report(
    cx: &mut Context<'_>,
    files: &mut Files<'_>,
    path: &Path,
    bytes: &[u8],
    errors: &TraceErrors,
) {
    let text = plain(bytes);
    let file = files.sources.add(path, text.as_str());
    let lines = Lines::new(file, &text);
    for error in errors.shown() {
        let field = IN_SCENARIO.iter().find(|(kind, _)| *kind == error.kind);
        let in_scenario = field.map(|(_, field)| format!("{PATH}.{field}"));
        let span = match (in_scenario, error.line) {
            (Some(field), 0) => cx.span(&field),
            (_, 0) => cx.span(&format!("{PATH}.path")),
            _ => lines.span(error),
        };
        let diagnostic = Diagnostic::error(span, error.message.clone())
            .expected(format!("expected {}", error.expected));
        cx.push(Diagnostic {
            help: error.help.clone(),
            ..diagnostic
        });
    }
    let hidden = errors.total() - errors.shown().len() as u64;
    if hidden > 0 {
        let message = format!("`{}` has {hidden} more mistakes", path.display());
        let at = cx.span(&format!("{PATH}.path"));
        cx.push(Diagnostic::error(at, message).help("`onBadRow: skip` leaves such rows out"));
    }
}

/// Warns that rows were left out.
pub(super) fn warn_of_skipped(cx: &mut Context<'_>, path: &Path, report: &TraceReport) {
    let skipped = report.skipped.total();
    if let Some(first) = report.skipped.shown().first() {
        let rows = report.rows;
        let message = format!(
            "{skipped} of {rows} rows of `{}` are left out",
            path.display()
        );
        let at = cx.span(&format!("{PATH}.path"));
        cx.push(Diagnostic::warning(at, message).help(format!("the first: {first}")));
    }
}

/// The text of a file, which may be compressed.
fn plain(bytes: &[u8]) -> String {
    let mut plain = Vec::new();
    let unpacked = MultiGzDecoder::new(bytes).read_to_end(&mut plain).is_ok();
    String::from_utf8_lossy(if unpacked { &plain } else { bytes }).into_owned()
}

struct Lines<'t> {
    text: &'t str,
    positions: Positions,
}

impl<'t> Lines<'t> {
    fn new(file: FileId, text: &'t str) -> Self {
        Self {
            text,
            positions: Positions::new(file, text),
        }
    }

    /// The field of a mistake, or its whole line.
    fn span(&self, error: &TraceError) -> Span {
        let before = usize::try_from(error.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut lines = self.text.split_inclusive('\n');
        let start: usize = lines
            .by_ref()
            .take(before)
            .map(|line| line.chars().count())
            .sum();
        let line = lines.next().unwrap_or_default().trim_end();
        let (from, to) = match error.column {
            0 => (0, line.chars().count()),
            column => field(line, column as usize - 1),
        };
        self.positions.span(start + from, start + to)
    }
}

/// Where a field stands in a line, in characters; the whole line if it has no such field. Quotes protect separators.
fn field(line: &str, wanted: usize) -> (usize, usize) {
    let mut quoted = false;
    let mut starts = vec![0];
    let mut ends = Vec::new();
    for (at, c) in line.chars().enumerate() {
        match c {
            '"' => quoted = !quoted,
            ',' | ';' | '\t' | '|' if !quoted => {
                ends.push(at);
                starts.push(at + 1);
            }
            _ => {}
        }
    }
    let length = line.chars().count();
    ends.push(length);
    starts
        .get(wanted)
        .copied()
        .zip(ends.get(wanted).copied())
        .unwrap_or((0, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_between_separators_outside_quotes() {
        assert_eq!(field("a,\"b,c\",d", 1), (2, 7));
        assert_eq!(field("a,\"b,c\",d", 2), (8, 9));
        assert_eq!(field("a;b", 7), (0, 3));
    }
}
