//! Which labels does a selector ask for?

use std::collections::BTreeMap;

use super::context::Context;
use crate::api::label::normalized;
use crate::api::objects::core::NodeSelectorTerm;
use crate::api::objects::{LabelSelector, SelectorTerm};
use crate::api::{LabelSet, Operator, Requirement, Requirements, Symbol};
use crate::cluster::template::PodSelector;

/// Whose expressions these are: that decides which operators there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    Pod,
    Node,
    NodePool,
}

impl Grammar {
    const fn knows(self, operator: Operator) -> bool {
        match operator {
            Operator::In | Operator::NotIn | Operator::Exists | Operator::DoesNotExist => true,
            Operator::Gt | Operator::Lt => !matches!(self, Grammar::Pod),
            Operator::Gte | Operator::Lte => matches!(self, Grammar::NodePool),
        }
    }

    const fn operators(self) -> &'static str {
        match self {
            Grammar::Pod => "`In`, `NotIn`, `Exists` or `DoesNotExist`",
            Grammar::Node => "`In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`",
            Grammar::NodePool => {
                "`In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt`, `Lt`, `Gte` or `Lte`"
            }
        }
    }
}

/// One expression; `None` where it makes no sense, which is reported.
pub(super) fn expression(
    cx: &mut Context<'_>,
    path: &str,
    term: &SelectorTerm,
    grammar: Grammar,
) -> Option<(Symbol, Requirement)> {
    let operator = term.operator;
    if term.key.is_empty() {
        cx.error(&format!("{path}.key"), "is empty");
        return None;
    }
    if !grammar.knows(operator) {
        let expected = format!("expected {}", grammar.operators());
        cx.expected(
            &format!("{path}.operator"),
            format!("is `{operator:?}`, which is not understood here"),
            expected,
        );
        return None;
    }
    if let Some(problem) = values_problem(term, grammar) {
        cx.error(path, problem);
        return None;
    }
    let values: Vec<Symbol> = term.values.iter().map(|value| cx.intern(value)).collect();
    let key = cx.intern(normalized(&term.key));
    let requirement =
        Requirement::new(operator, &values, &cx.symbols).with_min_values(term.min_values);
    Some((key, requirement))
}

/// What is wrong with the number or form of the values (spec/karpenter.md 6.1).
fn values_problem(term: &SelectorTerm, grammar: Grammar) -> Option<String> {
    let (operator, values) = (term.operator, &term.values);
    match operator {
        _ if grammar == Grammar::NodePool => None, // it was admitted
        Operator::In | Operator::NotIn if values.is_empty() => {
            Some(format!("has operator `{operator:?}` and no values"))
        }
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => Some(format!(
            "has operator `{operator:?}`, which takes no values"
        )),
        Operator::Gt | Operator::Lt | Operator::Gte | Operator::Lte => {
            let number = match values.as_slice() {
                [value] => value.parse::<i64>().ok(),
                _ => None,
            };
            let fits = number.is_some_and(|n| n >= 0 || grammar == Grammar::Node);
            (!fits).then(|| format!("has operator `{operator:?}`, which takes one integer"))
        }
        _ => None,
    }
}

/// Expressions that must all hold.
pub(super) fn expressions(
    cx: &mut Context<'_>,
    path: &str,
    terms: &[SelectorTerm],
    grammar: Grammar,
) -> Requirements {
    let mut requirements = Requirements::new();
    for (place, term) in terms.iter().enumerate() {
        let found = expression(cx, &format!("{path}[{place}]"), term, grammar);
        if let Some((key, requirement)) = found {
            requirements.add(key, &requirement, &cx.symbols);
        }
    }
    requirements
}

/// A selector of pods.
pub(super) fn pods(cx: &mut Context<'_>, path: &str, selector: &LabelSelector) -> PodSelector {
    let path = format!("{path}.matchExpressions");
    let mut requirements = expressions(cx, &path, &selector.match_expressions, Grammar::Pod);
    let labels = Requirements::from_labels(&labels(cx, &selector.match_labels));
    requirements.add_all(&labels, &cx.symbols);
    PodSelector(requirements)
}

/// A term of a node affinity.
pub(super) fn nodes(cx: &mut Context<'_>, path: &str, term: &NodeSelectorTerm) -> Requirements {
    if term.match_expressions.is_empty() {
        cx.error(
            path,
            "has no `matchExpressions`: such a term matches no node",
        );
    }
    let path = format!("{path}.matchExpressions");
    expressions(cx, &path, &term.match_expressions, Grammar::Node)
}

/// Labels as symbols.
pub(super) fn labels(cx: &mut Context<'_>, labels: &BTreeMap<String, String>) -> LabelSet {
    labels
        .iter()
        .map(|(key, value)| (cx.intern(normalized(key)), cx.intern(value)))
        .collect()
}
