//! Whatever the text, reading it ends, and laying trees over one another keeps the laws of an overlay.

use karpsim::scenario::decode::{UnknownFields, decode};
use karpsim::scenario::diagnostic::{Diagnostics, render, render_json};
use karpsim::scenario::merge::merge;
use karpsim::scenario::source::Sources;
use karpsim::scenario::tree::{Node, Value, parse, parse_documents};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// Reads, decodes and reports; nothing of it may panic, and every place must lie in the text.
fn survive(text: &str) {
    let (mut sources, mut sink) = (Sources::default(), Diagnostics::default());
    let file = sources.add("x.yaml", text);
    for document in parse_documents(file, text, &mut sink) {
        let copy: Option<Node> = decode(&document, &mut sink, UnknownFields::Reject);
        assert_eq!(
            format!("{copy:?}"),
            format!("{:?}", Some(&document)),
            "NaN is equal to itself here"
        );
        let _: Option<Vec<u8>> = decode(&document, &mut sink, UnknownFields::Reject);
        check_places(&document, text);
    }
    let lines = text.matches('\n').count() + 1;
    for diagnostic in sink.iter() {
        let span = diagnostic.span.expect("a mistake in a file has a place");
        assert!(
            span.line as usize <= lines
                && span.start <= span.end
                && span.end as usize <= text.len()
        );
    }
    assert_eq!(
        render_json(&sink, &sources).lines().count(),
        sink.iter().count()
    );
    assert_eq!(render(&sink, &sources, false).is_empty(), sink.is_empty());
}

fn check_places(node: &Node, text: &str) {
    let span = node.span;
    let written = &text[span.start as usize..span.end as usize];
    let line = text[..span.start as usize]
        .rsplit('\n')
        .next()
        .unwrap_or_default();
    assert_eq!(span.column as usize, line.chars().count() + 1, "{written}");
    node.items()
        .iter()
        .for_each(|item| check_places(item, text));
    node.entries()
        .iter()
        .for_each(|(_, value)| check_places(value, text));
}

/// Data without `null`, which removes, and with keys from `names`.
fn data(names: &'static str) -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".*".prop_map(Json::from)
    ];
    let tree = scalar.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            map(names, inner),
        ]
    });
    map(names, tree)
}

fn map(names: &'static str, values: impl Strategy<Value = Json>) -> impl Strategy<Value = Json> {
    prop::collection::btree_map(names, values, 0..4).prop_map(|entries| json!(entries))
}

/// JSON is YAML.
fn tree(data: &Json) -> Node {
    let text = data.to_string();
    let mut sink = Diagnostics::default();
    let node = parse(
        Sources::default().add("x.json", text.as_str()),
        &text,
        &mut sink,
    );
    assert!(sink.is_empty(), "{text}: {sink:?}");
    node.expect("no mistakes, no loss")
}

fn over(base: &Node, overlay: &Node) -> Node {
    let mut sink = Diagnostics::default();
    let merged = merge(base.clone(), overlay.clone(), &mut sink);
    assert!(sink.is_empty());
    merged
}

fn plain(node: &Node) -> Json {
    serde_json::to_value(node).expect("a tree is plain data")
}

/// A mistake behind carriage returns, which are not shown.
#[test]
fn a_mistake_may_be_where_nothing_is_shown() {
    survive("[:\r\r");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        survive(&text);
    }

    #[test]
    fn text_of_yaml_characters_never_panics(text in "[-a1é:,\\[\\]{}&*!|>'\"%#?@~ \\t\\r\\n.<]{0,60}") {
        survive(&text);
    }

    #[test]
    fn yaml_with_a_wound_never_panics(data in data("[a-e]"), at in any::<prop::sample::Index>(), with in any::<char>()) {
        let mut text: Vec<char> = serde_json::to_string_pretty(&data).expect("data is JSON").chars().collect();
        let at = at.index(text.len());
        text[at] = with;
        survive(&text.into_iter().collect::<String>());
    }

    #[test]
    fn json_reads_as_itself(data in data(".{0,6}")) {
        prop_assert_eq!(plain(&tree(&data)), data);
    }

    #[test]
    fn an_empty_overlay_changes_nothing(data in data("[a-e]")) {
        let base = tree(&data);
        let null = Node { value: Value::Null, span: base.span };
        prop_assert_eq!(&over(&base, &tree(&json!({}))), &base);
        prop_assert_eq!(&over(&base, &null), &base);
        prop_assert_eq!(plain(&over(&tree(&json!({})), &base)), data);
    }

    #[test]
    fn an_overlay_wins_and_repeating_it_changes_nothing(base in data("[a-c]"), overlay in data("[a-c]")) {
        let (base, overlay) = (tree(&base), tree(&overlay));
        let once = over(&base, &overlay);
        prop_assert_eq!(plain(&over(&once, &overlay)), plain(&once));
        for (key, value) in overlay.entries() {
            if !matches!(value.value, Value::Map(_)) {
                prop_assert_eq!(once.get(&key.text), Some(value));
            }
        }
    }

    #[test]
    fn disjoint_overlays_are_associative(a in data("[a-c]"), b in data("[d-f]"), c in data("[g-i]")) {
        let (a, b, c) = (tree(&a), tree(&b), tree(&c));
        prop_assert_eq!(plain(&over(&over(&a, &b), &c)), plain(&over(&a, &over(&b, &c))));
    }
}
