//! What is wrong with the input, and what should the user write instead?

mod render;

use std::collections::BTreeSet;

use crate::scenario::source::Span;

pub use render::{render, render_json};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The scenario cannot be used.
    Error,
    /// The scenario can be used, but perhaps does not say what was meant.
    Warning,
}

/// One mistake. Messages carry no full stop and put what the user wrote between backticks.
///
/// Orders by place, so that a set of them reads from the top of the first file to the end of the last; those without a
/// place come first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where; `None` for what stands in no file, such as a file that cannot be read.
    pub span: Option<Span>,
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What was expected here: the words under the caret.
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// A second place that has to do with it, and how.
    pub related: Option<(Span, String)>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, span.into(), message.into())
    }

    /// A warning at a place.
    pub fn warning(span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, span.into(), message.into())
    }

    fn new(severity: Severity, span: Option<Span>, message: String) -> Self {
        Diagnostic {
            span,
            severity,
            message,
            expected: None,
            help: None,
            related: None,
        }
    }

    /// With the words under the caret.
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// With a suggestion.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With a second place.
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related = Some((span, label.into()));
        self
    }
}

/// The mistakes found so far: in the order of their places, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    found: BTreeSet<Diagnostic>,
}

impl Diagnostics {
    /// Keeps a mistake, unless the same one is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.insert(diagnostic);
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, by file and place.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        self.found.extend(diagnostics);
    }
}

/// The candidate the user may have meant by `word`: at most a third of its letters wrong. The first of several equals.
pub fn suggest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lower = word.to_lowercase();
    let tolerance = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::osa_distance(&lower, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|&(distance, candidate)| {
            distance <= tolerance && distance < candidate.chars().count()
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// `` did you mean `x`? ``, where something close to `word` is among the candidates.
pub fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    suggest(word, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// `` one of `a`, `b`, `c` ``: what is expected where one of a few names belongs.
pub fn one_of<'c>(names: impl IntoIterator<Item = &'c str>) -> String {
    /// More names than this do not fit on a line.
    const SHOWN: usize = 12;
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "nothing here".to_owned(),
        [name] => name.clone(),
        [a, b] => format!("{a} or {b}"),
        _ if names.len() <= SHOWN => format!("one of {}", names.join(", ")),
        _ => format!(
            "one of {} and {} more",
            names[..SHOWN].join(", "),
            names.len() - SHOWN
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_close_and_nothing_else() {
        let fields = ["replicas", "name", "namespace", "cpu"];
        assert_eq!(suggest("replcias", fields), Some("replicas"));
        assert_eq!(suggest("Namespace", fields), Some("namespace"));
        assert_eq!(suggest("naem", fields), Some("name"));
        assert_eq!(suggest("memory", fields), None);
        assert_eq!(suggest("x", ["y"]), None);
    }

    #[test]
    fn reports_in_order_of_place_and_each_once() {
        let at = |line| Span {
            line,
            ..Span::default()
        };
        let mut sink = Diagnostics::default();
        sink.push(Diagnostic::error(at(9), "late"));
        sink.push(Diagnostic::warning(at(2), "early"));
        sink.push(Diagnostic::error(at(9), "late"));
        let order: Vec<_> = sink.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(order, ["early", "late"]);
        assert_eq!(
            (sink.count(Severity::Error), sink.count(Severity::Warning)),
            (1, 1)
        );
    }

    #[test]
    fn long_lists_of_names_are_cut() {
        let names: Vec<String> = (0..15).map(|n| format!("f{n}")).collect();
        let text = one_of(names.iter().map(String::as_str));
        assert!(text.ends_with("`f11` and 3 more"), "{text}");
        assert_eq!(one_of(["a", "b"]), "`a` or `b`");
        assert_eq!(one_of(["a", "b", "c"]), "one of `a`, `b`, `c`");
    }
}
