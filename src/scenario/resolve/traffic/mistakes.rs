//! Mistakes in a trace as diagnostics: in the scenario where it says how to read the trace, else in the trace.

use std::path::Path;

use super::replay::IN_SCENARIO;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::files::Files;
use crate::scenario::resolve::lines::{Lines, plain};
use crate::workload::{TraceErrors, TraceReport};

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
            _ => lines.span(error.line, error.column),
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
