//! The requirement algebra, as upstream's tables have it: the file of a case is the question, `a` and `b` are what it is about.

use karpsim::api::{Operator, Requirement, Requirements, Symbols, key};
use serde::Deserialize;

use super::case_files::text;
use super::replay;

pub(super) const KIND: &str = "requirements";

/// A row; requirements are written like `In A B`, `Gt 1` or `NotIn A min=2`, sets like `NotIn A >=2 <=8 min=1`.
#[derive(Deserialize)]
struct Row {
    #[serde(deserialize_with = "text")]
    a: String,
    #[serde(deserialize_with = "text")]
    b: String,
    #[serde(deserialize_with = "text")]
    answer: String,
}

fn requirement(text: &str, symbols: &mut Symbols) -> Requirement {
    let mut words: Vec<&str> = text.split(' ').collect();
    let last = words.last().and_then(|word| word.strip_prefix("min="));
    let min_values = last.map(|least| least.parse().expect("a number"));
    if min_values.is_some() {
        words.pop();
    }
    let operator: Operator = serde_json::from_value(words[0].into()).expect("an operator");
    let values: Vec<_> = words[1..].iter().map(|v| symbols.intern(v)).collect();
    Requirement::new(operator, &values, symbols).with_min_values(min_values)
}

fn written(set: &Requirement, symbols: &Symbols) -> String {
    let mut values: Vec<_> = set.values().iter().map(|v| symbols.name(*v)).collect();
    values.sort();
    let (low, high) = set.bounds();
    let mut words = vec![format!("{:?}", set.operator())];
    words.extend(values.into_iter().map(|value| value.into_owned()));
    words.extend(low.map(|bound| format!(">={bound}")));
    words.extend(high.map(|bound| format!("<={bound}")));
    words.extend(set.min_values().map(|least| format!("min={least}")));
    words.join(" ")
}

/// The requirements on one well-known label; none where nothing is written.
fn on_zone(text: &str, symbols: &mut Symbols) -> Requirements {
    let mut all = Requirements::new();
    if !text.is_empty() {
        let requirement = requirement(text, symbols);
        all.add(key::ZONE, &requirement, symbols);
    }
    all
}

fn compatible(row: &Row, may_be_undefined: bool, symbols: &mut Symbols) -> bool {
    let (node, pod) = (on_zone(&row.a, symbols), on_zone(&row.b, symbols));
    node.incompatible(&pod, may_be_undefined, symbols).is_none()
}

fn answer(question: &str, row: &Row) -> String {
    let symbols = &mut Symbols::new();
    match question {
        "compatible" => compatible(row, true, symbols).to_string(),
        "strictly-compatible" => compatible(row, false, symbols).to_string(),
        "has" => {
            let value = symbols.intern(&row.b);
            let has = requirement(&row.a, symbols).has(value, symbols);
            has.to_string()
        }
        "intersection" => {
            let (a, b) = (requirement(&row.a, symbols), requirement(&row.b, symbols));
            written(&a.intersection(&b, symbols), symbols)
        }
        "normal" => written(&requirement(&row.a, symbols), symbols),
        "operator" => format!("{:?}", requirement(&row.a, symbols).operator()),
        _ => panic!("nobody asks for {question}"),
    }
}

#[test]
fn requirements_combine_as_upstream_says() {
    replay(KIND, |name, row: &Row| {
        let (_, question) = name.split_once('/').expect("a file of the kind");
        let (question, _) = question.split_once('#').expect("a case of the file");
        let ours = answer(question, row);
        let wanted = &row.answer;
        match ours == *wanted {
            true => String::new(),
            false => format!("    {ours}, not {wanted}\n"),
        }
    });
}
