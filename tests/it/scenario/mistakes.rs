//! What is said of a bad scenario: every case of `mistakes.txt` and `karpenter.txt` is `town.yaml` with some text replaced, and exactly
//! what is said.
//!
//! `-` is text to be replaced where it stands first, `+` what replaces it; lines keep the indentation of the first. `>` is said:
//! severity, line and column, message, then after ` | ` what was expected and after ` ? ` the suggestion.

use karpsim::scenario::diagnostic::Severity;
use karpsim::scenario::{Opened, Options};

use super::{TOWN, TRACE, opened};

const CASES: [&str; 2] = [
    include_str!("../../fixtures/scenarios/mistakes.txt"),
    include_str!("../../fixtures/scenarios/karpenter.txt"),
];
const BROKEN: &[u8] = b"at,what\n2015-01-26 09:00:00,Pothole\nsoon,Garbage\n2015-01-27 10:00:00\n";
const EMPTY: &[u8] = b"at,what\n";

/// Opens a scenario beside the traces.
pub(super) fn open_town(text: &str) -> Opened {
    let files: [(&str, &[u8]); 4] = [
        ("s.yaml", text.as_bytes()),
        ("trace.csv", TRACE),
        ("broken.csv", BROKEN),
        ("empty.csv", EMPTY),
    ];
    opened(&files, Options::default())
}

fn said(opened: &Opened) -> Vec<String> {
    let line = |diagnostic: &karpsim::scenario::diagnostic::Diagnostic| {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = diagnostic.span.map_or(String::new(), |span| {
            let file = opened.sources.path(span.file).display();
            format!("{file}:{}:{}", span.line, span.column)
        });
        let part = |sign: &str, text: &Option<String>| {
            text.as_ref()
                .map_or(String::new(), |text| format!(" {sign} {text}"))
        };
        format!(
            "{severity} {place}: {}{}{}",
            diagnostic.message,
            part("|", &diagnostic.expected),
            part("?", &diagnostic.help)
        )
    };
    opened.diagnostics.iter().map(line).collect()
}

/// Replaces the first `old` by `new`, whose further lines are indented like the line `old` stands in.
fn replaced(text: &str, old: &[&str], new: &[&str]) -> String {
    let mut from = 0;
    loop {
        let at = from
            + text[from..]
                .find(old[0])
                .unwrap_or_else(|| panic!("{old:?}"));
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let head = &text[line..at];
        let indent = head.len() - head.trim_start().len();
        let list = head.trim_start().starts_with("- ") && !new[new.len() - 1].starts_with("- ");
        let pad = format!("\n{}", " ".repeat(if list { indent + 2 } else { indent }));
        let (long_old, long_new) = (old.join(&pad), new.join(&pad));
        if text[at..].starts_with(&long_old) {
            return format!("{}{long_new}{}", &text[..at], &text[at + long_old.len()..]);
        }
        from = at + 1;
    }
}

fn edited(case: &str) -> String {
    let mut text = TOWN.to_owned();
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for line in case.lines().chain(["- "]) {
        match line.split_at_checked(2) {
            Some(("- ", rest)) => {
                if !new.is_empty() {
                    text = replaced(&text, &old, &new);
                    (old, new) = (Vec::new(), Vec::new());
                }
                old.push(rest);
            }
            Some(("+ ", rest)) => new.push(rest),
            _ => {}
        }
    }
    text
}

#[test]
fn every_mistake_is_told_in_its_words() {
    let mut wrong = Vec::new();
    let cases = CASES.iter().flat_map(|cases| cases.split("\n\n"));
    for case in cases.filter(|case| !case.trim().is_empty()) {
        let opened = open_town(&edited(case));
        let actual = said(&opened);
        let expected: Vec<&str> = case
            .lines()
            .filter_map(|line| line.strip_prefix("> "))
            .collect();
        let (head, _) = case.split_once("\n> ").unwrap_or((case, ""));
        if actual != expected || expected.is_empty() {
            wrong.push(format!("{}\n> {}", head.trim(), actual.join("\n> ")));
        }
        assert_eq!(
            opened.scenario.is_none(),
            opened.diagnostics.has_errors(),
            "{head}"
        );
    }
    assert!(
        wrong.is_empty(),
        "said instead:\n\n{}\n",
        wrong.join("\n\n")
    );
}
