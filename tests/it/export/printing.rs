//! What is printed is what is read.

use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::Body;
use karpsim::export::data::Data;
use karpsim::export::hcl::{self, Expr, Item};
use karpsim::export::yaml;
use karpsim::scenario::diagnostic::Diagnostics;
use karpsim::scenario::source::Sources;
use karpsim::scenario::tree;
use proptest::prelude::*;

use super::{all, export, files};

/// Reads a document as scenarios are read.
fn read(text: &str) -> Option<Data> {
    let (mut sources, mut sink) = (Sources::default(), Diagnostics::default());
    let file = sources.add("printed.yaml", text);
    tree::parse(file, text, &mut sink).map(|node| Data::from(&node))
}

#[test]
fn every_hcl_file_is_read_back_to_the_same_bytes() {
    for scenario in all() {
        let export = export(&scenario, None);
        for (name, text) in files(&export) {
            if name.ends_with(".tf") || name.ends_with(".tfvars") || name.ends_with(".hcl") {
                let body: Body = text.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(body.to_string(), text, "{name}");
            }
        }
    }
}

#[test]
fn every_yaml_file_of_values_is_read() {
    for scenario in all() {
        let export = export(&scenario, None);
        for (name, text) in files(&export) {
            if name.starts_with("helm/values/") {
                assert!(read(text).is_some(), "{name}:\n{text}");
            }
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        "[a-zA-Z0-9_:.${}%\"\\\\# -]{0,12}",
        any::<String>(),
        prop::sample::select(vec![
            "yes", "on", "1e3", "0x1", "null", "~", "1:30", "=", "$${a}", "%%{"
        ])
        .prop_map(str::to_owned),
    ]
}

fn data() -> impl Strategy<Value = Data> {
    let leaf = prop_oneof![
        Just(Data::Null),
        any::<bool>().prop_map(Data::Bool),
        any::<i64>().prop_map(Data::Int),
        (-1e9..1e9).prop_map(Data::Float),
        text().prop_map(Data::Text),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Data::List),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Data::Map(map.into_iter().collect())),
        ]
    })
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        Just(Expr::Null),
        any::<bool>().prop_map(Expr::Bool),
        (0..i64::MAX).prop_map(Expr::Int),
        text().prop_map(Expr::Text),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Expr::List),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Expr::Object(map.into_iter().collect())),
        ]
    })
}

/// An expression that was read, as it was printed.
fn as_printed(read: &Expression) -> Expr {
    match read {
        Expression::Null(_) => Expr::Null,
        Expression::Bool(value) => Expr::Bool(*value.value()),
        Expression::Number(value) => Expr::Int(value.value().as_i64().expect("a whole number")),
        Expression::String(value) => Expr::Text(value.value().clone()),
        Expression::Array(items) => Expr::List(items.iter().map(as_printed).collect()),
        Expression::Object(entries) => Expr::Object(
            entries
                .iter()
                .map(|(key, value)| (key_as_printed(key), as_printed(value.expr())))
                .collect(),
        ),
        other => panic!("{other:?} was never printed"),
    }
}

fn key_as_printed(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Ident(name) => name.as_str().to_owned(),
        ObjectKey::Expression(Expression::String(name)) => name.value().clone(),
        ObjectKey::Expression(other) => panic!("{other:?} was never printed"),
    }
}

proptest! {
    #[test]
    fn yaml_is_read_back(data in data()) {
        // A document that says nothing is none.
        let document = Data::map([("x", data)]);
        let printed = yaml::document(&document);
        prop_assert_eq!(read(&printed), Some(document), "{}", printed);
    }

    #[test]
    fn hcl_is_read_back(value in expr()) {
        let printed = hcl::file(&[Item::argument("x", value.clone())]);
        let body: Body = printed.parse().expect("it is HCL");
        let argument = body.get_attribute("x").expect("it is there");
        prop_assert_eq!(as_printed(&argument.value), value, "{}", printed);
    }
}
