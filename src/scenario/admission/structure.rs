//! Does a value have the form its schema asks for?

use serde_json::{Map, Value};

use super::schema::{ListType, Schema, Type};
use super::{Cause, Place, Refusal};

/// Fills in the defaults. A field that says null says nothing.
pub(super) fn fill_in(schema: &Schema, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| !value.is_null() || schema.under(name).is_none());
            for (name, property) in &schema.properties {
                if let (None, Some(default)) = (fields.get(name), &property.default) {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in fields {
                if let Some(schema) = schema.under(name) {
                    fill_in(schema, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = &schema.items {
                items.iter_mut().for_each(|item| fill_in(schema, item));
            }
        }
        _ => {}
    }
}

/// Takes out the fields the schema does not have, and reports them.
pub(super) fn prune(schema: &Schema, value: &mut Value, at: &Place, refusals: &mut Vec<Refusal>) {
    match value {
        Value::Object(fields) if schema.kind == Type::Object => {
            if schema.additional_properties.is_none() {
                take_unknown(schema, fields, at, refusals);
            }
            for (name, value) in fields {
                if let Some(schema) = schema.under(name) {
                    prune(schema, value, &at.field(name), refusals);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                if let Some(schema) = &schema.items {
                    prune(schema, item, &at.item(index), refusals);
                }
            }
        }
        _ => {}
    }
}

fn take_unknown(
    schema: &Schema,
    fields: &mut Map<String, Value>,
    at: &Place,
    refusals: &mut Vec<Refusal>,
) {
    fields.retain(|name, _| {
        let known = schema.properties.contains_key(name);
        if !known {
            let known = schema.properties.keys().cloned().collect();
            refusals.push(Refusal {
                at: at.field(name),
                cause: Cause::Unknown { known },
            });
        }
        known
    });
}

/// Reports every constraint that does not hold, from here down.
pub(super) fn check(schema: &Schema, value: &Value, at: &Place, refusals: &mut Vec<Refusal>) {
    let mut wrong = |cause| {
        let at = at.clone();
        refusals.push(Refusal { at, cause });
    };
    let (wanted, found) = (schema.kind, type_of(value));
    let fits = wanted == Type::Any && (schema.int_or_string || !value.is_null())
        || word_of(wanted) == found;
    if !fits {
        wrong(Cause::Type(word_of(wanted), found));
    }
    let words = &schema.words;
    if !words.is_empty() && !words.iter().any(|word| value.as_str() == Some(word)) {
        wrong(Cause::NotSupported(words.clone()));
    }
    match value {
        Value::String(text) => text_limits(schema, text, wrong),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            if let Some(most) = schema.maximum.filter(|&most| number > most as f64) {
                wrong(Cause::Invalid(format!(
                    "should be less than or equal to {most}"
                )));
            }
            if let Some(least) = schema.minimum.filter(|&least| number < least as f64) {
                wrong(Cause::Invalid(format!(
                    "should be greater than or equal to {least}"
                )));
            }
        }
        Value::Array(items) => list(schema, items, at, refusals),
        Value::Object(fields) => map(schema, fields, at, refusals),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The first limit of a text that does not hold.
fn text_limits(schema: &Schema, text: &str, mut wrong: impl FnMut(Cause)) {
    let length = text.chars().count() as u64;
    let pattern = schema.pattern.as_ref();
    if let Some(most) = schema.max_length.filter(|&most| length > most) {
        wrong(Cause::TooLong(most));
    } else if let Some(least) = schema.min_length.filter(|&least| length < least) {
        let reason = format!("should be at least {least} chars long");
        wrong(Cause::Invalid(reason));
    } else if let Some(pattern) = pattern.filter(|pattern| !pattern.is_match(text)) {
        let reason = format!("should match '{}'", pattern.as_str());
        wrong(Cause::Invalid(reason));
    }
}

fn list(schema: &Schema, items: &[Value], at: &Place, refusals: &mut Vec<Refusal>) {
    let mut wrong = |at: Place, cause| refusals.push(Refusal { at, cause });
    let count = items.len() as u64;
    if let Some(least) = schema.min_items.filter(|&least| count < least) {
        let reason = format!("should have at least {least} items");
        wrong(at.clone(), Cause::Invalid(reason));
    }
    if let Some(most) = schema.max_items.filter(|&most| count > most) {
        wrong(at.clone(), Cause::TooMany(most));
    }
    for (index, item) in items.iter().enumerate() {
        let before = items[..index].iter().filter(|other| *other == item);
        let repeats = schema.list_type == ListType::Set && before.count() == 1;
        if repeats {
            wrong(at.item(index), Cause::Duplicate);
        }
    }
    for (index, item) in items.iter().enumerate() {
        if let Some(schema) = &schema.items {
            check(schema, item, &at.item(index), refusals);
        }
    }
}

fn map(schema: &Schema, fields: &Map<String, Value>, at: &Place, refusals: &mut Vec<Refusal>) {
    for name in schema
        .required
        .iter()
        .filter(|&name| !fields.contains_key(name))
    {
        refusals.push(Refusal {
            at: at.field(name),
            cause: Cause::Required,
        });
    }
    let count = fields.len() as u64;
    if let Some(most) = schema.max_properties.filter(|&most| count > most) {
        refusals.push(Refusal {
            at: at.clone(),
            cause: Cause::TooMany(most),
        });
    }
    for (name, value) in fields {
        if let Some(schema) = schema.under(name) {
            check(schema, value, &at.field(name), refusals);
        }
    }
}

const fn word_of(kind: Type) -> &'static str {
    match kind {
        Type::Any => "",
        Type::String => "string",
        Type::Integer => "integer",
        Type::Boolean => "boolean",
        Type::Array => "array",
        Type::Object => "object",
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
