//! What is in the case files? YAML with named cases and their common fields, or a table whose first column is the name.

use std::fs;
use std::path::{Path, PathBuf};

use karpsim::scenario::diagnostic::{Diagnostics, render};
use karpsim::scenario::source::Sources;
use karpsim::scenario::tree::parse;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{folder, rows};

/// The cases of a kind as `kind/file#name`, in order.
pub(super) fn read<C: DeserializeOwned>(kind: &str) -> Vec<(String, C)> {
    let case = |(name, fields): (String, Value)| {
        let case = serde_json::from_value(fields).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, case)
    };
    values(kind).into_iter().map(case).collect()
}

/// The names of all cases of a kind.
pub(super) fn names(kind: &str) -> Vec<String> {
    values(kind).into_iter().map(|(name, _)| name).collect()
}

fn values(kind: &str) -> Vec<(String, Value)> {
    let folder = folder().join("cases").join(kind);
    let entries = fs::read_dir(folder).expect("a folder of the kind");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let stem = path.file_stem().expect("a name").to_string_lossy();
        let cases = match path.extension().and_then(|e| e.to_str()) {
            Some("yaml") => of_yaml(&path),
            Some("csv") => of_table(&path),
            _ => panic!("{} is neither YAML nor a table", path.display()),
        };
        for fields in cases {
            let name = fields.get("name").and_then(Value::as_str);
            let name = name.unwrap_or_else(|| panic!("{}: a case has no name", path.display()));
            all.push((format!("{kind}/{stem}#{name}"), Value::Object(fields)));
        }
    }
    all
}

/// The plain data of a YAML file.
pub(super) fn yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (mut sources, mut sink) = (Sources::default(), Diagnostics::default());
    let file = sources.add(path.display().to_string(), text.as_str());
    let tree = parse(file, &text, &mut sink);
    assert!(
        sink.iter().next().is_none(),
        "{}",
        render(&sink, &sources, false)
    );
    serde_json::to_value(tree).expect("plain data")
}

/// The rows of a table; an empty cell says nothing.
fn of_table(path: &Path) -> Vec<Map<String, Value>> {
    let mut rows = rows::<Map<String, Value>>(path);
    for cell in rows.iter_mut().flat_map(Map::values_mut) {
        if cell.as_str() == Some("") {
            cell.take();
        }
    }
    rows
}

/// The list `cases` of a file; what a case does not say, the map `common` says for it.
fn of_yaml(path: &Path) -> Vec<Map<String, Value>> {
    let mut file = yaml(path);
    let common = file["common"].take();
    let cases = file["cases"].take();
    let cases: Vec<Map<String, Value>> = serde_json::from_value(cases).expect("a list of cases");
    let complete = |mut case: Map<String, Value>| {
        for (field, value) in common.as_object().into_iter().flatten() {
            case.entry(field).or_insert_with(|| value.clone());
        }
        case
    };
    cases.into_iter().map(complete).collect()
}

/// A cell of a table as it is written: `1` and `true` are no texts to it.
pub(super) fn text<'de, D: Deserializer<'de>>(cell: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(cell)? {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    })
}
