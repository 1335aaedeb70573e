//! Launches: the types and offerings that a claim asks EC2 for.

use std::collections::BTreeMap;

use karpsim::api::{Resources, Symbols};
use karpsim::cloud::InstanceType;
use karpsim::karpenter::launch::{CreateFleet, Launch, create_fleet};
use serde::Deserialize;

use super::replay;
use crate::cluster::spec::TypeSpec;
use crate::cluster::written::{Operand, requirements};

pub(super) const KIND: &str = "launch";

/// A claim that names every type.
#[derive(Deserialize)]
struct Case {
    types: Vec<TypeSpec>,
    claim: Vec<Operand>,
    /// What its pods ask for, in millicores.
    #[serde(default)]
    cpu: i64,
    /// The capacity type of the request.
    buys: Option<String>,
    /// What EC2 may choose, in order: type, zone and reservation.
    #[serde(default)]
    options: Vec<String>,
    /// Filters, and how many types each leaves.
    #[serde(default)]
    passed: BTreeMap<String, usize>,
    /// The filter that leaves nothing.
    nothing: Option<String>,
}

impl Case {
    /// What does not hold.
    fn problems(&self) -> Vec<String> {
        let mut symbols = Symbols::new();
        for label in ["reserved", "spot", "on-demand"] {
            symbols.intern(label);
        }
        let types = self.types.iter().map(|kind| kind.make(&mut symbols));
        let types: Vec<InstanceType> = types.collect();
        let claim = requirements(&self.claim, &mut symbols);
        let places: Vec<usize> = (0..types.len()).collect();
        let asked = create_fleet(&Launch {
            requirements: &claim,
            requests: &Resources::cpu_memory(self.cpu, 0),
            types: &places,
            catalog: &types,
            symbols: &symbols,
        });
        match (asked, &self.nothing) {
            (Ok(fleet), None) => self.against(&fleet, &types, &symbols),
            (Err(none), Some(filter)) if format!("{:?}", none.filter) == *filter => Vec::new(),
            (asked, _) => vec![format!("{asked:?}")],
        }
    }

    fn against(
        &self,
        fleet: &CreateFleet,
        types: &[InstanceType],
        symbols: &Symbols,
    ) -> Vec<String> {
        let option = |choice: &karpsim::cloud::fleet::Override| {
            let kind = types[choice.pool.instance_type.index()].name;
            let names = [Some(kind), Some(choice.pool.zone), choice.reservation];
            let names = names.into_iter().flatten();
            let names: Vec<String> = names.map(|name| symbols.name(name).into_owned()).collect();
            names.join(" ")
        };
        let options: Vec<String> = fleet.overrides.iter().map(option).collect();
        let passed = fleet.passed.iter();
        let passed: BTreeMap<String, usize> = passed
            .map(|&(filter, types)| (format!("{filter:?}"), types))
            .collect();
        let mut problems = Vec::new();
        if self.buys.as_deref() != Some(fleet.capacity_type.label()) {
            problems.push(format!("buys {}", fleet.capacity_type.label()));
        }
        if self.options != options {
            problems.push(format!("options {options:?}"));
        }
        if self
            .passed
            .iter()
            .any(|(filter, types)| passed.get(filter) != Some(types))
        {
            problems.push(format!("passed {passed:?}"));
        }
        problems
    }
}

#[test]
fn claims_are_launched_as_upstream_says() {
    replay(KIND, |_, case: &Case| {
        let problems = case.problems().into_iter();
        problems.map(|problem| format!("    {problem}\n")).collect()
    });
}
