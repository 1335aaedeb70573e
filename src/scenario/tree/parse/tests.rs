//! What parsing makes of text, good and bad.

use super::*;
use crate::scenario::diagnostic::render;
use crate::scenario::source::Sources;

/// The documents as JSON lines, followed by the diagnostics.
fn show(text: &str) -> String {
    let mut sources = Sources::default();
    let mut sink = Diagnostics::default();
    let file = sources.add("x.yaml", text);
    let documents = parse_documents(file, text, &mut sink);
    let mut shown: String = documents
        .iter()
        .map(|node| serde_json::to_string(node).unwrap() + "\n")
        .collect();
    shown += &render(&sink, &sources, false);
    shown
}

#[track_caller]
fn check_data(text: &str, json: &str) {
    assert_eq!(show(text).trim_end(), json);
}

#[test]
fn plain_and_quoted_are_kept_apart() {
    check_data(
        "{a: 500, b: \"500\", c: '', d: , e: !!str 5, f: 1.50}",
        r#"{"a":500,"b":"500","c":"","d":null,"e":"5","f":1.5}"#,
    );
    check_data(
        "a: |\n  7\nb: 2026-06-15T00:00:00+05:30\n",
        r#"{"a":"7\n","b":"2026-06-15T00:00:00+05:30"}"#,
    );
}

#[test]
fn documents_are_separate() {
    check_data("---\na: 1\n---\nb: 2\n...\n", "{\"a\":1}\n{\"b\":2}");
    check_data("---\n# empty\n---\na: 1\n---\n", "{\"a\":1}");
    check_data("# nothing but a comment\n", "");
    check_data("\u{feff}a: 1\n", "{\"a\":1}");
}

#[test]
fn anchors_and_merge_keys() {
    check_data(
        "base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3, z: 4}\n",
        r#"{"base":{"x":1,"y":2},"own":{"y":3,"z":4,"x":1}}"#,
    );
    check_data(
        "- &a {x: 1}\n- &b {x: 2, y: 2}\n- {<<: [*a, *b]}\n- {'<<': 1}\n- *a\n",
        r#"[{"x":1},{"x":2,"y":2},{"x":1,"y":2},{"<<":1},{"x":1}]"#,
    );
}

#[test]
fn mistakes_name_their_place() {
    insta::assert_snapshot!(show("a: 1\nb: 2\na: 3\n"), @r#"
{"a":1,"b":2}
error: duplicate key `a`
 --> x.yaml:3:1
  |
1 | a: 1
  | - first written here
2 | b: 2
3 | a: 3
  | ^
"#);
    insta::assert_snapshot!(show("a: [1, 2\nb: 3\n"), @r#"
error: the YAML is broken: illegal placement of ':' indicator
 --> x.yaml:2:2
  |
2 | b: 3
  |  ^
"#);
    insta::assert_snapshot!(show("a: {<<: 3}\nb: !Ref x\n? [c]\n: 1\n"), @r#"
{"a":{},"b":"x"}
error: `<<` takes a map
 --> x.yaml:1:5
  |
1 | a: {<<: 3}
  |     ^^ expected a map or a list of maps

error: the tag `!Ref` does not fit this value
 --> x.yaml:2:4
  |
2 | b: !Ref x
  |    ^^^^^^
  |
  = help: leave the tag out

error: a key must be a word
 --> x.yaml:3:3
  |
3 | ? [c]
  |   ^^^ expected a plain or quoted word
"#);
    insta::assert_snapshot!(show("a: &x [*x]\n"), @r#"
error: the alias refers to no complete value
 --> x.yaml:1:8
  |
1 | a: &x [*x]
  |        ^^
"#);
    insta::assert_snapshot!(show("a: *nowhere\n"), @r#"
error: the YAML is broken: while parsing node, found unknown anchor
 --> x.yaml:1:4
  |
1 | a: *nowhere
  |    ^
"#);
}

#[test]
fn one_document_is_wanted() {
    let single = |text: &str| {
        let mut sink = Diagnostics::default();
        let node = parse(FileId(0), text, &mut sink);
        (
            node.is_some(),
            sink.iter().map(|d| d.message.clone()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(single("a: 1"), (true, vec![]));
    assert_eq!(single(""), (false, vec!["the file is empty".to_owned()]));
    assert_eq!(
        single("a\n---\nb"),
        (true, vec!["the file has more than one document".to_owned()])
    );
}

#[test]
fn repetition_and_depth_are_bounded() {
    let laughs: String = (1..12)
        .map(|n| {
            let items = vec![format!("*l{}", n - 1); 10].join(", ");
            format!("l{n}: &l{n} [{items}]\n")
        })
        .collect();
    assert!(show(&format!("l0: &l0 x\n{laughs}")).contains("more than 250000 values"));
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(!show(&deep(MAX_DEPTH)).contains("nested"));
    assert!(show(&deep(MAX_DEPTH + 1)).contains("nested more than 64 levels deep"));
    assert!(show(&"- ".repeat(100_000)).contains("nested more than 64 levels deep"));
    let chained: String = (1..12)
        .map(|n| format!("l{n}: &l{n} [[[[[[*l{}]]]]]]\n", n - 1))
        .collect();
    assert!(show(&format!("l0: &l0 x\n{chained}")).contains("nested more than 64 levels deep"));
    assert!(show(&"\n".repeat(MAX_BYTES + 1)).contains("larger than 16 MiB"));
}

#[test]
fn spans_cover_what_was_written() {
    let text = "é: ü\r\nlist:\n  - plain  # note\n  - 'it''s'\nflow: {a: [1, 22], b: }\nempty:\ntilde: ~\n";
    let mut sink = Diagnostics::default();
    let tree = parse(FileId(0), text, &mut sink).unwrap();
    let at = |path: &str| {
        let span = tree.at(path).unwrap().span;
        (
            span.line,
            span.column,
            &text[span.start as usize..span.end as usize],
        )
    };
    assert_eq!(at("é"), (1, 4, "ü"));
    assert_eq!(at("list[0]"), (3, 5, "plain"));
    assert_eq!(at("list[1]"), (4, 5, "'it''s'"));
    assert_eq!(at("list"), (3, 3, "- plain  # note\n  - 'it''s'"));
    assert_eq!(at("flow"), (5, 7, "{a: [1, 22], b: }"));
    assert_eq!(at("flow.a[1]"), (5, 15, "22"));
    assert_eq!(at("flow.b"), (5, 20, "b"));
    assert_eq!(at("empty"), (6, 1, "empty"));
    assert_eq!(at("tilde"), (7, 8, "~"));
}
