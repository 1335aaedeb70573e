//! What a pod asks for, by its containers.

use serde::Deserialize;

use super::replay;
use crate::provisioning::conformance::case::Amounts;
use crate::recorded::amounts::{Container, asked};

pub(super) const KIND: &str = "requests";

#[derive(Deserialize)]
struct Pod {
    /// In the order in which they start.
    containers: Vec<Container>,
    asks: Amounts,
}

#[test]
fn pods_ask_for_what_upstream_says() {
    replay(KIND, |_, pod: &Pod| {
        let (ours, wanted) = (asked(&pod.containers), pod.asks.0);
        match ours == wanted {
            true => String::new(),
            false => format!("    {ours:?}, not {wanted:?}\n"),
        }
    });
}
