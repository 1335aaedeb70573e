//! The order of instance types by price, the worst price of a launch, and `minValues` (spec/karpenter.md 1.14, 4.8).

use karpsim::api::{Requirement, Symbols, key};
use karpsim::cloud::InstanceType;
use karpsim::karpenter::offerings::{
    available, order_by_price, types_for_min_values, worst_launch_price,
};
use serde::Deserialize;
use serde_json::json;

use super::agree;
use crate::cluster::written::{OfferingSpec, Operand, PRICE_UNIT, instance_type, requirements};

#[derive(Deserialize)]
struct TypeSpec {
    name: String,
    family: String,
    cpu: String,
    offerings: Vec<OfferingSpec>,
}

#[derive(Deserialize)]
struct Question {
    types: Vec<TypeSpec>,
    claim: Vec<Operand>,
    most: usize,
}

impl TypeSpec {
    fn make(&self, symbols: &mut Symbols) -> InstanceType {
        let mut made = instance_type(&self.name, &self.offerings, symbols);
        for (label, value) in [
            (key::INSTANCE_FAMILY, &self.family),
            (key::INSTANCE_CPU, &self.cpu),
        ] {
            let value = symbols.intern(value);
            made.requirements.set(label, Requirement::of(vec![value]));
        }
        made
    }
}

#[test]
fn types_are_ordered_and_priced_as_upstream() {
    agree("plain", "types", 200, |asked: Question| {
        let symbols = &mut Symbols::new();
        let claim = requirements(&asked.claim, symbols);
        let types: Vec<InstanceType> = asked.types.iter().map(|t| t.make(symbols)).collect();
        let name = |&place: &usize| asked.types[place].name.as_str();
        let is_offered =
            |place: &usize| available(&claim, &types[*place], symbols).next().is_some();
        let offered: Vec<usize> = (0..types.len()).filter(is_offered).collect();
        let mut order = offered.clone();
        order_by_price(&mut order, &types, &claim, symbols);
        let worst = (0..types.len()).map(|place| {
            let price = worst_launch_price(&claim, &types[place], symbols);
            json!({ "name": name(&place), "price": price.map(|price| price.0 / PRICE_UNIT) })
        });
        let sorted = order.iter().map(|&place| &types[place]);
        let needed = types_for_min_values(&claim, sorted.clone());
        let kept = &order[..order.len().min(asked.most)];
        let kept_satisfies = types_for_min_values(&claim, sorted.take(asked.most)).is_ok();
        json!({
            "compatible": offered.iter().map(name).collect::<Vec<_>>(),
            "order": order.iter().map(name).collect::<Vec<_>>(),
            "worst": worst.collect::<Vec<_>>(),
            "needed": needed.unwrap_or(order.len()),
            "satisfied": needed.is_ok(),
            "kept": kept.iter().filter(|_| kept_satisfies).map(name).collect::<Vec<_>>(),
        })
    });
}
