//! How does data look as YAML that every reader understands alike?
//!
//! A printer of our own, since there is one question of taste and one of truth, and both are answered here: block style throughout, and a
//! string is plain only where YAML 1.1, YAML 1.2 and Helm's reader all agree that it is a string. `yes`, `on`, `0123`, `1_000`, `1e3`,
//! `1:30` and their kin are quoted.

use std::fmt::Write;

use super::data::{Data, quoted};

/// Words that YAML 1.1 or 1.2 reads as something other than text.
const HAZARDS: [&str; 11] = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
];

/// A map as a document.
#[must_use]
pub fn document(data: &Data) -> String {
    let mut out = String::new();
    block(&mut out, data, 0);
    out
}

/// Several documents in one file.
#[must_use]
pub fn documents<'d>(all: impl IntoIterator<Item = &'d Data>) -> String {
    let all: Vec<String> = all.into_iter().map(document).collect();
    all.join("---\n")
}

/// A value that has lines of its own, each ended.
fn block(out: &mut String, data: &Data, indent: usize) {
    match data {
        Data::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                let _ = write!(out, "{:indent$}{}:", "", scalar_text(key));
                under_key(out, value, indent);
            }
        }
        Data::List(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{:indent$}-", "");
                in_list(out, item, indent);
            }
        }
        other => {
            let _ = writeln!(out, "{:indent$}{}", "", inline(other));
        }
    }
}

fn under_key(out: &mut String, value: &Data, indent: usize) {
    if has_lines(value) {
        out.push('\n');
        block(out, value, indent + 2);
    } else {
        let _ = writeln!(out, " {}", inline(value));
    }
}

/// An item begins on the line of its dash.
fn in_list(out: &mut String, item: &Data, indent: usize) {
    if has_lines(item) {
        let mut lines = String::new();
        block(&mut lines, item, indent + 2);
        out.push(' ');
        out.push_str(&lines[indent + 2..]);
    } else {
        let _ = writeln!(out, " {}", inline(item));
    }
}

fn has_lines(data: &Data) -> bool {
    matches!(data, Data::Map(_) | Data::List(_)) && !data.is_empty()
}

/// A value within a line: a scalar, or a collection with nothing in it.
fn inline(data: &Data) -> String {
    match data {
        Data::Null => "null".to_owned(),
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::Float(value) => float(*value),
        Data::Text(text) => scalar_text(text),
        Data::List(_) => "[]".to_owned(),
        Data::Map(_) => "{}".to_owned(),
    }
}

/// With a point, so that it stays what it is.
fn float(value: f64) -> String {
    if value.is_nan() {
        ".nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { ".inf" } else { "-.inf" }.to_owned()
    } else {
        let text = value.to_string();
        if text.contains('.') {
            text
        } else {
            format!("{text}.0")
        }
    }
}

fn scalar_text(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Begins with a letter or a slash, has nothing in it that could mean anything, and is no word that does.
fn is_plain(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    starts
        && text.chars().all(allowed)
        && !HAZARDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_indented_by_two() {
        let data = Data::map([
            ("name", Data::from("api")),
            ("empty", Data::Map(Vec::new())),
            ("none", Data::List(Vec::new())),
            (
                "ports",
                Data::list([
                    Data::map([("port", Data::Int(80)), ("name", "http".into())]),
                    Data::list([Data::list(["a", "b"]), Data::Null]),
                ]),
            ),
        ]);
        assert_eq!(
            document(&data),
            "name: api\nempty: {}\nnone: []\nports:\n  - port: 80\n    name: http\n  - - - a\n      - b\n    - null\n"
        );
    }

    #[test]
    fn what_could_be_read_as_something_else_is_quoted() {
        for text in [
            "yes",
            "No",
            "ON",
            "off",
            "y",
            "N",
            "true",
            "Null",
            "~",
            "",
            "0123",
            "0x1f",
            "1_000",
            "1e3",
            "1.14",
            "1:30",
            "12",
            ".5",
            "-1",
            "=",
            "<<",
            "a: b",
            "a #b",
            "- a",
            "*a",
            "&a",
            "{a",
            "@a",
            "2026-06-15",
            "a\nb",
            " a",
            "500m",
            "a\u{85}b",
            "\u{2028}",
            "é: ü",
            ".inf",
            "nan",
            "{{ .Values }}",
        ] {
            assert!(inline(&Data::from(text)).starts_with('"'), "{text}");
        }
        for text in ["api", "/dev/xvda", "m7g.large", "al2023", "WhenEmpty", "e3"] {
            assert_eq!(inline(&Data::from(text)), text);
        }
    }

    #[test]
    fn numbers_stay_what_they_are() {
        assert_eq!(inline(&Data::Float(2.0)), "2.0");
        assert_eq!(inline(&Data::Float(0.075)), "0.075");
        assert_eq!(inline(&Data::Int(-7)), "-7");
        assert_eq!(inline(&Data::Float(f64::NEG_INFINITY)), "-.inf");
    }
}
