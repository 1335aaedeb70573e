//! `summary.json`: everything a run leaves behind but the rows of nodes and of time, which are tables of their own.

use serde::Serialize;

use crate::metrics::RunResult;
use crate::metrics::result::{
    ChurnResult, CostResult, JourneyResult, Provenance, QueueResult, ServiceResult, SloResult,
    StarvationResult,
};

/// The fields in their order in the file.
#[derive(Serialize)]
struct Summary<'a> {
    provenance: &'a Provenance,
    events: u64,
    requests: u64,
    arrivals: u64,
    services: &'a [ServiceResult],
    journeys: &'a [JourneyResult],
    queues: &'a [QueueResult],
    starvation: &'a StarvationResult,
    cost: &'a CostResult,
    churn: &'a ChurnResult,
    slos: &'a [SloResult],
}

/// The summary as indented JSON with a line feed at the end.
#[must_use]
pub fn summary(result: &RunResult) -> String {
    let RunResult {
        provenance,
        events,
        requests,
        arrivals,
        services,
        journeys,
        queues,
        starvation,
        cost,
        churn,
        nodes: _,
        series: _,
        slos,
    } = result;
    let summary = Summary {
        provenance,
        events: *events,
        requests: *requests,
        arrivals: *arrivals,
        services,
        journeys,
        queues,
        starvation,
        cost,
        churn,
        slos,
    };
    let written = serde_json::to_string_pretty(&summary);
    assert!(written.is_ok(), "plain data is always JSON: {written:?}");
    written.unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_summary_holds_money_whole_and_leaves_the_tables_out() {
        let result = fixture::four_weeks();
        let value: serde_json::Value = serde_json::from_str(&summary(&result)).unwrap();
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert!(!keys.iter().any(|key| *key == "nodes" || *key == "series"));
        assert_eq!(value["provenance"]["seed"], 42);
        assert_eq!(
            value["cost"]["total_nano_usd"].to_string(),
            result.cost.total_nano_usd.to_string()
        );
        assert_eq!(
            value["starvation"]["cpu"][0]["taken_by"][0][0],
            "citizen/complaint-worker"
        );
    }

    #[test]
    fn the_fields_keep_their_order() {
        let text = summary(&fixture::nothing());
        let place = |key: &str| text.find(&format!("\n  \"{key}\"")).unwrap();
        assert!(place("provenance") < place("events"));
        assert!(place("churn") < place("slos"));
        assert!(text.ends_with("}\n"));
    }
}
