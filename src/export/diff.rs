//! What would change in what is applied, between two scenarios?
//!
//! By meaning, not by line: variables of Terraform and fields of objects by path, files of the module that come and go with a feature.

use std::collections::BTreeMap;

use super::hcl::Expr;
use super::objects::{Object, Objects};
use super::platform::{Feature, Platform};
use super::{Data, helm, terraform};
use crate::scenario::Scenario;

/// A change of one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Whose value: `terraform.tfvars`, `karpenter.tf`, `NodePool burst`, `Deployment citizen/api`.
    pub place: String,
    /// Where in it, such as `spec.limits.cpu`; empty for the whole.
    pub path: String,
    /// Before; none for what is new.
    pub before: Option<Data>,
    /// After; none for what goes.
    pub after: Option<Data>,
}

/// What changes between two scenarios.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// In Terraform: files by name, then variables.
    pub terraform: Vec<Change>,
    /// In Helm: objects by kind and name, then values of Karpenter's chart.
    pub helm: Vec<Change>,
}

/// A scenario as what is applied of it.
struct Applied {
    files: BTreeMap<String, Data>,
    variables: Data,
    objects: BTreeMap<String, Data>,
    karpenter: Data,
}

/// What changes if `after` is applied in place of `before`.
#[must_use]
pub fn changes(before: &Scenario, after: &Scenario) -> Changes {
    let (before, after) = (Applied::of(before), Applied::of(after));
    let mut changes = Changes::default();
    whole(&before.files, &after.files, &mut changes.terraform);
    let variables = "terraform.tfvars";
    within(
        variables,
        "",
        &before.variables,
        &after.variables,
        &mut changes.terraform,
    );
    whole(&before.objects, &after.objects, &mut changes.helm);
    let values = "values/karpenter.yaml";
    within(
        values,
        "",
        &before.karpenter,
        &after.karpenter,
        &mut changes.helm,
    );
    changes
}

impl Applied {
    fn of(scenario: &Scenario) -> Self {
        let objects = Objects::of(scenario);
        let platform = Platform::of(scenario, &objects);
        let files = terraform::files(&platform).into_iter();
        // What is in a file of the module follows from its features and the variables.
        let files = files.filter(|(name, _)| name.ends_with(".tf"));
        let variables = terraform::variables(&platform).into_iter();
        let all = helm::workload_objects(&objects);
        let all = all.into_iter().chain(helm::node_objects(&objects));
        Self {
            files: files.map(|(name, _)| (name, Data::Null)).collect(),
            variables: Data::map(variables.map(|(name, value)| (name, data(&value)))),
            objects: all
                .map(|object| (title(&object), object.manifest()))
                .collect(),
            karpenter: if platform.has(Feature::Karpenter) {
                let values = helm::karpenter(scenario, &platform).into_iter();
                Data::map(values.map(|value| (value.key, value.value)))
            } else {
                Data::Map(Vec::new())
            },
        }
    }
}

fn title(object: &Object) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
        None => format!("{} {}", object.kind, object.name),
    }
}

fn data(value: &Expr) -> Data {
    match value {
        Expr::Null => Data::Null,
        Expr::Bool(value) => Data::Bool(*value),
        Expr::Int(value) => Data::Int(*value),
        Expr::Text(text) | Expr::Raw(text) => Data::from(text.as_str()),
        Expr::List(items) => Data::List(items.iter().map(data).collect()),
        Expr::Object(entries) => Data::map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), data(value))),
        ),
    }
}

/// Things that come, go, or change within.
fn whole(before: &BTreeMap<String, Data>, after: &BTreeMap<String, Data>, out: &mut Vec<Change>) {
    for (place, old) in before {
        match after.get(place) {
            Some(new) => within(place, "", old, new, out),
            None => out.push(changed(place, String::new(), Some(old), None)),
        }
    }
    let new = after
        .iter()
        .filter(|(place, _)| !before.contains_key(*place));
    out.extend(new.map(|(place, new)| changed(place, String::new(), None, Some(new))));
}

/// Changes below a path. Lists whose items have names are compared by name, other lists as a whole.
fn within(place: &str, path: &str, before: &Data, after: &Data, out: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if let (Some(before), Some(after)) = (keyed(before), keyed(after)) {
        for (key, old) in &before {
            let path = below(path, key);
            match after.iter().find(|(known, _)| known == key) {
                Some((_, new)) => within(place, &path, old, new, out),
                None => out.push(changed(place, path, Some(old), None)),
            }
        }
        let new = after
            .iter()
            .filter(|(key, _)| before.iter().all(|(known, _)| known != key));
        out.extend(new.map(|(key, new)| changed(place, below(path, key), None, Some(new))));
        return;
    }
    out.push(changed(place, path.to_owned(), Some(before), Some(after)));
}

fn changed(place: &str, path: String, before: Option<&Data>, after: Option<&Data>) -> Change {
    Change {
        place: place.to_owned(),
        path,
        before: before.cloned(),
        after: after.cloned(),
    }
}

/// The entries of a map, or the items of a list by their names.
fn keyed(data: &Data) -> Option<Vec<(String, &Data)>> {
    match data {
        Data::Map(entries) => Some(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), value))
                .collect(),
        ),
        Data::List(items) => items
            .iter()
            .map(|item| Some((format!("[{}]", item.text_at(&["name"])?), item)))
            .collect(),
        _ => None,
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() || key.starts_with('[') {
        format!("{path}{key}")
    } else {
        format!("{path}.{key}")
    }
}
