//! Disruption budgets (spec/karpenter.md 4.12).

use jiff::Timestamp;
use jiff::tz::TimeZone;
use karpsim::api::objects::karpenter::DisruptionReason;
use karpsim::karpenter::budget::{Budget, PoolNodes, allowance};
use serde::Deserialize;
use serde_json::Value;

use super::agree;
use crate::cluster::written::{Written, read};

#[derive(Deserialize)]
struct Question {
    budgets: Vec<Written>,
    nodes: u32,
    reason: DisruptionReason,
    now: String,
}

/// A budget that cannot be read allows nothing for any reason.
#[test]
fn budgets_allow_what_upstream_allows() {
    agree("plain", "budget", 250, |asked: Question| {
        let budgets: Option<Vec<Budget>> = asked.budgets.iter().map(read).collect();
        let Some(budgets) = budgets else {
            return 0.into();
        };
        let now: Timestamp = asked.now.parse().expect("a time");
        let utc = now.to_zoned(TimeZone::UTC).datetime();
        let nodes = PoolNodes {
            counted: asked.nodes,
            disrupted: 0,
        };
        match allowance(&budgets, asked.reason, nodes, utc).left() {
            u32::MAX => Value::Null,
            left => left.into(),
        }
    });
}
