//! How is a mistake shown to a person, and to a program?

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str,
};
use serde::Serialize;

use super::{Diagnostic, Diagnostics, Severity};
use crate::scenario::source::{Sources, Span};

/// All mistakes as a compiler shows them: path:line:column, the line, a caret with what was expected, and a suggestion.
///
/// Colours repeat what the words say.
pub fn render(diagnostics: &Diagnostics, sources: &Sources, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let blocks: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| renderer.render(&[group(diagnostic, sources)]) + "\n")
        .collect();
    blocks.join("\n")
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    let help = diagnostic
        .help
        .as_deref()
        .map(|help| Level::HELP.message(normalize_untrusted_str(help)));
    title.elements(snippets(diagnostic, sources)).elements(help)
}

/// The places of a diagnostic: one snippet for each file.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
) -> Vec<Snippet<'a, Annotation<'a>>> {
    let primary = diagnostic.span.map(|span| Mark {
        kind: AnnotationKind::Primary,
        span,
        label: diagnostic.expected.as_deref(),
    });
    let related = diagnostic.related.as_ref().map(|(span, label)| Mark {
        kind: AnnotationKind::Context,
        span: *span,
        label: Some(label),
    });
    match (primary, related) {
        (Some(a), Some(b)) if a.span.file == b.span.file => vec![snippet(&[a, b], sources)],
        (a, b) => a
            .into_iter()
            .chain(b)
            .map(|mark| snippet(&[mark], sources))
            .collect(),
    }
}

struct Mark<'a> {
    kind: AnnotationKind,
    span: Span,
    label: Option<&'a str>,
}

/// The lines from the first to the last mark, all of one file. Only these are handed to the renderer, which goes through
/// all it is given.
fn snippet<'a>(marks: &[Mark<'a>], sources: &'a Sources) -> Snippet<'a, Annotation<'a>> {
    let spans = || marks.iter().map(|mark| mark.span);
    let first = spans().min().unwrap_or_default();
    let text = sources.text(first.file);
    let start = text[..first.start as usize]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let last = spans()
        .map(|span| span.start as usize)
        .max()
        .unwrap_or_default();
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    let lines = text[start..end].trim_end_matches('\r');
    // A mistake may be found among the carriage returns that are not shown.
    let shown = |at: usize| (at - start).min(lines.len());
    let annotations = marks.iter().map(|mark| {
        let Range {
            start: from,
            end: to,
        } = first_line(mark.span, text);
        mark.kind
            .span(shown(from)..shown(to))
            .label(mark.label.map(normalize_untrusted_str))
    });
    Snippet::source(lines)
        .line_start(first.line as usize)
        .path(normalize_untrusted_str(
            &sources.path(first.file).to_string_lossy(),
        ))
        .annotations(annotations)
}

/// The part of a span that a caret can underline: a map of forty lines is marked where it starts.
fn first_line(span: Span, text: &str) -> Range<usize> {
    let (start, end) = (span.start as usize, span.end as usize);
    let line = text[start..end].lines().next().unwrap_or_default();
    start..start + line.trim_end().len()
}

#[derive(Serialize)]
struct Line<'a> {
    severity: &'static str,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<Related<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: Cow<'a, str>,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Related<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    message: &'a str,
}

/// All mistakes for a program: one JSON object a line, with `severity` (`error` or `warning`), `file`, `line`, `column`,
/// `message`, and where there are any `expected`, `help` and `related`.
pub fn render_json(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let place = |span: Span| Place {
        file: sources.path(span.file).to_string_lossy(),
        line: span.line,
        column: span.column,
    };
    let mut text = String::new();
    for diagnostic in diagnostics.iter() {
        let line = Line {
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            place: diagnostic.span.map(place),
            message: &diagnostic.message,
            expected: diagnostic.expected.as_deref(),
            help: diagnostic.help.as_deref(),
            related: diagnostic.related.as_ref().map(|(span, label)| Related {
                place: place(*span),
                message: label,
            }),
        };
        text += &serde_json::to_string(&line).expect("strings and integers are always JSON");
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Diagnostics, Sources) {
        let mut sources = Sources::default();
        let file = sources.add("wardmitra.yaml", "name: x\nreplicsa: 3\n");
        let key = Span {
            file,
            line: 2,
            column: 1,
            start: 8,
            end: 16,
        };
        let mut sink = Diagnostics::default();
        sink.push(
            Diagnostic::error(key, "unknown field `replicsa`")
                .expected("expected `replicas`")
                .help("did you mean `replicas`?"),
        );
        let other = sources.add("base.yaml", "a: 1\n\n  b: 2");
        let place = Span {
            file: other,
            line: 3,
            column: 3,
            start: 8,
            end: 12,
        };
        sink.push(Diagnostic::error(place, "far away").related(key, "because of this"));
        sink.push(Diagnostic::error(None, "cannot read `other.yaml`"));
        (sink, sources)
    }

    #[test]
    fn shows_path_line_column_caret_label_and_help() {
        let (sink, sources) = sample();
        insta::assert_snapshot!(render(&sink, &sources, false), @r#"
error: cannot read `other.yaml`

error: unknown field `replicsa`
 --> wardmitra.yaml:2:1
  |
2 | replicsa: 3
  | ^^^^^^^^ expected `replicas`
  |
  = help: did you mean `replicas`?

error: far away
 --> base.yaml:3:3
  |
3 |   b: 2
  |   ^^^^
  |
 ::: wardmitra.yaml:2:1
  |
2 | replicsa: 3
  | -------- because of this
"#);
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let (sink, sources) = sample();
        let styled = render(&sink, &sources, true);
        let mut plain = String::new();
        let mut rest = styled.as_str();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            plain += before;
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        assert_ne!(styled, render(&sink, &sources, false));
        assert_eq!(plain + rest, render(&sink, &sources, false));
    }

    #[test]
    fn what_the_user_wrote_cannot_steer_the_terminal() {
        let mut sources = Sources::default();
        let file = sources.add("x\u{1b}.yaml", "a: \u{1b}[31m\r\nb: 2\r\n");
        let mut sink = Diagnostics::default();
        let span = |line, start, end| Span {
            file,
            line,
            column: 1,
            start,
            end,
        };
        let hostile = "\u{1b}[31m".to_owned();
        sink.push(
            Diagnostic::error(span(1, 0, 10), hostile.clone())
                .expected(hostile.clone())
                .help(hostile.clone())
                .related(span(2, 10, 14), hostile),
        );
        let shown = render(&sink, &sources, false);
        assert!(!shown.contains(['\u{1b}', '\r']), "{shown:?}");
    }

    #[test]
    fn one_json_object_a_line() {
        let (sink, sources) = sample();
        insta::assert_snapshot!(render_json(&sink, &sources), @r#"
{"severity":"error","message":"cannot read `other.yaml`"}
{"severity":"error","file":"wardmitra.yaml","line":2,"column":1,"message":"unknown field `replicsa`","expected":"expected `replicas`","help":"did you mean `replicas`?"}
{"severity":"error","file":"base.yaml","line":3,"column":3,"message":"far away","related":{"file":"wardmitra.yaml","line":2,"column":1,"message":"because of this"}}
"#);
    }
}
