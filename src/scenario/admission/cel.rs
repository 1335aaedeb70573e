//! Do the rules of a schema hold that are written in the Common Expression Language?
//!
//! As much of the language as the rules of Karpenter's CRDs are written in; a rule beyond it does not parse, which a test would see.
//! Rules about a transition (`oldSelf`) are not asked of an object that is created.

mod eval;
mod parse;

use regex_lite::Regex;
use serde_json::Value;

use super::schema::Schema;
use super::{Cause, Place, Refusal};

/// An expression.
#[derive(Debug)]
pub(super) enum Expr {
    Literal(Value),
    List(Vec<Expr>),
    Name(String),
    Field(Box<Expr>, String),
    At(Box<Expr>, Box<Expr>),
    /// `has(map.key)`.
    Has(Box<Expr>, String),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Box<Expr>),
    /// `if ? then : else`.
    Choose(Box<Expr>, Box<Expr>, Box<Expr>),
    /// The items of a list, or the keys of a map, by name.
    Each(Each, Box<Expr>, String, Box<Expr>),
    Size(Box<Expr>),
    Int(Box<Expr>),
    /// What a text has to do with a pattern.
    Pattern(Match, Box<Expr>, Regex),
    /// What a text has to do with another.
    Text(Part, Box<Expr>, String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Each {
    All,
    Exists,
    Filter,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Match {
    Matches,
    Find,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Starts,
    Ends,
    Split,
}

/// Reports every rule that does not hold, from here down.
pub(super) fn check(schema: &Schema, value: &Value, at: &Place, refusals: &mut Vec<Refusal>) {
    for rule in schema
        .rules
        .iter()
        .filter(|rule| !rule.holds.uses("oldSelf"))
    {
        let reason = match rule.holds.holds(value) {
            Ok(true) => continue,
            Ok(false) => rule.message.clone(),
            Err(error) => format!("{error} evaluating rule: {}", rule.message),
        };
        refusals.push(Refusal {
            at: at.clone(),
            cause: Cause::Invalid(reason),
        });
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(schema) = schema.under(name) {
                    check(schema, value, &at.field(name), refusals);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(schema) = &schema.items {
                    check(schema, item, &at.item(index), refusals);
                }
            }
        }
        _ => {}
    }
}
