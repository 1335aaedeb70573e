//! What is an expression worth?

use std::borrow::Cow;

use serde_json::Value;

use super::{Comparison, Each, Expr, Match, Part};
use crate::scenario::admission::shown;

type Worth<'v> = Result<Cow<'v, Value>, String>;

/// The names in scope, innermost last.
type Names<'v> = Vec<(&'v str, Cow<'v, Value>)>;

impl Expr {
    /// Whether the rule holds of `value`, which it calls `self`.
    pub(super) fn holds(&self, value: &Value) -> Result<bool, String> {
        self.truth(&vec![("self", Cow::Borrowed(value))])
    }

    fn truth(&self, names: &Names<'_>) -> Result<bool, String> {
        let worth = self.worth(names)?;
        worth.as_bool().ok_or_else(|| "no such overload".to_owned())
    }

    fn worth<'v>(&'v self, names: &Names<'v>) -> Worth<'v> {
        let truth = |truth: Result<bool, String>| truth.map(|truth| Cow::Owned(Value::from(truth)));
        match self {
            Self::Literal(value) => Ok(Cow::Borrowed(value)),
            Self::List(items) => {
                let items: Result<Vec<Value>, String> = items
                    .iter()
                    .map(|item| item.worth(names).map(Cow::into_owned))
                    .collect();
                items.map(|items| Cow::Owned(Value::from(items)))
            }
            Self::Name(name) => {
                let found = names.iter().rev().find(|(known, _)| known == name);
                let (_, value) =
                    found.ok_or_else(|| format!("undeclared reference to '{name}'"))?;
                Ok(value.clone())
            }
            Self::Field(of, key) => entry(of.worth(names)?, &Value::from(key.as_str())),
            Self::At(of, index) => entry(of.worth(names)?, &*index.worth(names)?),
            Self::Has(of, key) => Ok(Cow::Owned(of.worth(names)?.get(key).is_some().into())),
            Self::Not(of) => truth(of.truth(names).map(|holds| !holds)),
            Self::And(a, b) => truth(unless(false, a.truth(names), || b.truth(names))),
            Self::Or(a, b) => truth(unless(true, a.truth(names), || b.truth(names))),
            Self::Compare(how, a, b) => truth(compare(*how, &*a.worth(names)?, &*b.worth(names)?)),
            Self::In(item, of) => {
                let (item, of) = (item.worth(names)?, of.worth(names)?);
                truth(Ok(match &*of {
                    Value::Array(items) => items.contains(&item),
                    Value::Object(fields) => {
                        item.as_str().is_some_and(|key| fields.contains_key(key))
                    }
                    _ => false,
                }))
            }
            Self::Choose(condition, then, otherwise) => match condition.truth(names)? {
                true => then.worth(names),
                false => otherwise.worth(names),
            },
            Self::Each(how, of, name, body) => each(*how, of.worth(names)?, name, body, names),
            Self::Size(of) => size(&*of.worth(names)?).map(|size| Cow::Owned(Value::from(size))),
            Self::Int(of) => int(&*of.worth(names)?).map(|number| Cow::Owned(Value::from(number))),
            Self::Pattern(how, of, pattern) => {
                let of = of.worth(names)?;
                let text = text(&of)?;
                Ok(Cow::Owned(match how {
                    Match::Matches => pattern.is_match(text).into(),
                    Match::Find => pattern.find(text).map_or("", |found| found.as_str()).into(),
                }))
            }
            Self::Text(how, of, part) => {
                let of = of.worth(names)?;
                let text = text(&of)?;
                Ok(Cow::Owned(match how {
                    Part::Starts => text.starts_with(part).into(),
                    Part::Ends => text.ends_with(part).into(),
                    Part::Split => text.split(part.as_str()).collect::<Vec<_>>().into(),
                }))
            }
        }
    }
}

/// `&&` with `false` and `||` with `true`: either side being so decides, even if the other is an error.
fn unless(
    decisive: bool,
    a: Result<bool, String>,
    b: impl FnOnce() -> Result<bool, String>,
) -> Result<bool, String> {
    if a == Ok(decisive) {
        return a;
    }
    match b() {
        Ok(b) if b == decisive => Ok(b),
        b => a.and(b),
    }
}

fn entry<'v>(of: Cow<'v, Value>, key: &Value) -> Worth<'v> {
    let missing = match &*of {
        Value::Array(_) => format!("index out of bounds: {}", shown(key)),
        _ => format!("no such key: {}", shown(key)),
    };
    let index = || usize::try_from(key.as_u64()?).ok();
    let found = match of {
        Cow::Borrowed(Value::Object(fields)) => key
            .as_str()
            .and_then(|key| fields.get(key))
            .map(Cow::Borrowed),
        Cow::Borrowed(Value::Array(items)) => index()
            .and_then(|index| items.get(index))
            .map(Cow::Borrowed),
        Cow::Owned(Value::Object(fields)) => key
            .as_str()
            .and_then(|key| fields.get(key).cloned())
            .map(Cow::Owned),
        Cow::Owned(Value::Array(items)) => index()
            .and_then(|index| items.get(index).cloned())
            .map(Cow::Owned),
        _ => None,
    };
    found.ok_or(missing)
}

fn each<'v>(
    how: Each,
    of: Cow<'v, Value>,
    name: &'v str,
    body: &'v Expr,
    names: &Names<'v>,
) -> Worth<'v> {
    let items: Vec<Value> = match &*of {
        Value::Array(items) => items.clone(),
        Value::Object(fields) => fields.keys().map(|key| Value::from(key.as_str())).collect(),
        _ => return Err("no such overload".to_owned()),
    };
    let holds = |item: &Value| {
        let mut names = names.clone();
        names.push((name, Cow::Owned(item.clone())));
        body.truth(&names)
    };
    let fold = |decisive: bool| {
        let mut so_far = Ok(!decisive);
        for item in &items {
            so_far = unless(decisive, so_far, || holds(item));
        }
        so_far
    };
    match how {
        Each::All => fold(false).map(|holds| Cow::Owned(holds.into())),
        Each::Exists => fold(true).map(|holds| Cow::Owned(holds.into())),
        Each::Filter => {
            let mut kept = Vec::new();
            for item in items {
                if holds(&item)? {
                    kept.push(item);
                }
            }
            Ok(Cow::Owned(kept.into()))
        }
    }
}

fn compare(how: Comparison, a: &Value, b: &Value) -> Result<bool, String> {
    let number = |value: &Value| value.as_i64().ok_or_else(|| "no such overload".to_owned());
    Ok(match how {
        Comparison::Equal => a == b,
        Comparison::Unequal => a != b,
        Comparison::Less => number(a)? < number(b)?,
        Comparison::AtMost => number(a)? <= number(b)?,
        Comparison::Greater => number(a)? > number(b)?,
        Comparison::AtLeast => number(a)? >= number(b)?,
    })
}

fn size(of: &Value) -> Result<usize, String> {
    match of {
        Value::Array(items) => Ok(items.len()),
        Value::Object(fields) => Ok(fields.len()),
        Value::String(text) => Ok(text.chars().count()),
        _ => Err("no such overload".to_owned()),
    }
}

fn int(of: &Value) -> Result<i64, String> {
    let number = match of {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    number.ok_or_else(|| "type conversion error from 'string' to 'int'".to_owned())
}

fn text(of: &Value) -> Result<&str, String> {
    of.as_str().ok_or_else(|| "no such overload".to_owned())
}
