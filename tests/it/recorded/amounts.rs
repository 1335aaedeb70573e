//! Quantities, resource lists and what pods ask for (spec/karpenter.md 0).

use std::collections::BTreeMap;
use std::fmt::Write;

use karpsim::api::{Quantity, Resource, Resources};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{agree, cases};
use crate::lab;

/// Thousandths are recorded where they fit 64 bits with some room.
fn amount(quantity: Quantity) -> Value {
    let units = quantity.units();
    let fits = units.unsigned_abs() < (1 << 62) / 1_000;
    json!({ "millis": fits.then(|| quantity.millis()), "units": units })
}

#[test]
fn quantities_are_read_as_kubernetes_reads_them() {
    agree("plain", "quantity", 200, |text: String| {
        Quantity::parse(&text).map_or(Value::Null, amount)
    });
}

/// What is written of a quantity is read again as the same.
#[test]
fn quantities_are_written_as_they_are_read() {
    for case in cases("plain", "quantity") {
        let text = case.question.as_str().expect("a text");
        if let Ok(quantity) = Quantity::parse(text) {
            assert_eq!(
                Quantity::parse(&quantity.to_string()),
                Ok(quantity),
                "{text}"
            );
        }
    }
}

type List = BTreeMap<String, String>;

fn resources(list: &List) -> Resources {
    let mut all = Resources::ZERO;
    for (name, text) in list {
        let kind = Resource::from_name(name).expect("a known kind");
        all[kind] = kind.amount(Quantity::parse(text).expect("a quantity"));
    }
    all
}

fn amounts(all: &Resources) -> Value {
    let named = all
        .iter()
        .map(|(kind, n)| (kind.name().to_owned(), amount(kind.quantity(n))));
    Value::Object(named.collect::<Map<_, _>>())
}

#[derive(Deserialize)]
struct Lists {
    a: List,
    b: List,
    c: List,
}

#[test]
fn resource_lists_add_up_and_fit_as_upstream() {
    agree("plain", "resources", 120, |Lists { a, b, c }: Lists| {
        let (a, b, c) = (resources(&a), resources(&b), resources(&c));
        let sum = a + b + c;
        json!({
            "sum": amounts(&sum),
            "max": amounts(&a.max(&c)),
            "fits": [a.fits(&b), b.fits(&c), a.fits(&sum), c.fits(&c)],
        })
    });
}

/// A container of a case.
#[derive(Deserialize)]
pub(crate) struct Container {
    init: bool,
    sidecar: bool,
    requests: List,
}

/// A scenario with one Deployment of these containers.
fn scenario(containers: &[Container]) -> String {
    let mut lists = [String::new(), String::new()];
    for (place, container) in containers.iter().enumerate() {
        let restart = if container.sidecar {
            ", restartPolicy: Always"
        } else {
            ""
        };
        let list = &mut lists[usize::from(!container.init)];
        writeln!(
            list,
            "                - {{name: c{place}, image: registry.example/c:1{restart}, resources: {{requests: {}}}}}",
            json!(container.requests)
        )
        .expect("a string");
    }
    let station = lab::Station::default().yaml();
    let at = station
        .find("              containers:")
        .expect("containers");
    let end = station.find("    runtime:").expect("runtime");
    let [init, ordinary] = lists;
    let init = if init.is_empty() {
        init
    } else {
        format!("              initContainers:\n{init}")
    };
    format!(
        "{}{init}              containers:\n{ordinary}{}",
        &station[..at],
        &station[end..]
    )
}

/// What a pod of these containers asks for.
pub(crate) fn asked(containers: &[Container]) -> Resources {
    lab::scenario(&scenario(containers)).templates[0].requests
}

#[test]
fn pods_ask_for_what_upstream_counts() {
    agree("plain", "requests", 80, |containers: Vec<Container>| {
        amounts(&asked(&containers))
    });
}
