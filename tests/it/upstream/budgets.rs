//! Which disruptions budgets allow, at which time and for which reason.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use karpsim::api::objects::karpenter::DisruptionReason;
use karpsim::karpenter::budget::{Budget, PoolNodes, allowance};
use serde::Deserialize;
use serde_json::Value;

use super::replay;
use crate::cluster::written::{Written, read};

pub(super) const KIND: &str = "budgets";

#[derive(Deserialize)]
struct Case {
    budgets: Vec<Written>,
    at: String,
    /// By reason, of a hundred nodes; null where nothing bounds them, and `refused` where a budget is none.
    allowed: BTreeMap<String, Option<Value>>,
}

/// What is allowed for one reason.
fn allowed(case: &Case, reason: DisruptionReason) -> Option<Value> {
    let budgets: Option<Vec<Budget>> = case.budgets.iter().map(read).collect();
    let Some(budgets) = budgets else {
        return Some("refused".into());
    };
    let at: Timestamp = case.at.parse().expect("a time");
    let utc = at.to_zoned(TimeZone::UTC).datetime();
    let nodes = PoolNodes {
        counted: 100,
        disrupted: 0,
    };
    match allowance(&budgets, reason, nodes, utc).left() {
        u32::MAX => None,
        left => Some(left.into()),
    }
}

#[test]
fn budgets_allow_what_upstream_says() {
    replay(KIND, |_, case: &Case| {
        let wrong = case.allowed.iter().filter_map(|(name, wanted)| {
            let reason = serde_json::from_value(name.as_str().into()).expect("a reason");
            let ours = allowed(case, reason);
            (ours != *wanted).then(|| format!("    {name}: {ours:?}, not {wanted:?}\n"))
        });
        wrong.collect()
    });
}
