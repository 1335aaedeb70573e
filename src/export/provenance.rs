//! Where does an export come from, and which files are it?

use serde::Serialize;

use super::notes::{Gap, Note};
use crate::metrics::RunResult;
use crate::scenario::Scenario;

/// The file by which a folder is known to be an export.
pub const FILE: &str = "PROVENANCE.json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Provenance<'a> {
    karpsim: &'a str,
    scenario: &'a str,
    digest: String,
    seed: u64,
    region: &'a str,
    start: String,
    duration_seconds: u64,
    results: Option<Headlines<'a>>,
    notes: Vec<NoteOf<'a>>,
    files: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Headlines<'a> {
    month_nano_usd: i128,
    per_thousand_nano_usd: i128,
    requests: u64,
    services: Vec<ServiceHeadline<'a>>,
    goals: Vec<Goal<'a>>,
    starved_workloads: usize,
    nodes_launched: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceHeadline<'a> {
    name: &'a str,
    p50_us: u64,
    p99_us: u64,
    succeeded: u64,
}

#[derive(Serialize)]
struct Goal<'a> {
    goal: &'a str,
    actual: u64,
    met: bool,
}

#[derive(Serialize)]
struct NoteOf<'a> {
    gap: &'static str,
    about: &'a str,
    text: &'a str,
}

/// `PROVENANCE.json` of an export with these other files.
#[must_use]
pub(super) fn text(
    scenario: &Scenario,
    result: Option<&RunResult>,
    notes: &[Note],
    files: &[&str],
) -> String {
    let provenance = Provenance {
        karpsim: env!("CARGO_PKG_VERSION"),
        scenario: &scenario.name,
        digest: format!("{:016x}", scenario.digest),
        seed: scenario.seed,
        region: &scenario.region,
        start: scenario.start.to_string(),
        duration_seconds: scenario.duration.as_secs(),
        results: result.map(headlines),
        notes: notes.iter().map(note).collect(),
        files: files.to_vec(),
    };
    let text = serde_json::to_string_pretty(&provenance).expect("plain data is JSON");
    text + "\n"
}

/// The other files of the export that a `PROVENANCE.json` belongs to; none where the text is something else.
#[must_use]
pub fn files(text: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let names = value["files"].as_array().map_or(&[][..], Vec::as_slice);
    names
        .iter()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

fn headlines(result: &RunResult) -> Headlines<'_> {
    let services = result.services.iter();
    let goals = result.slos.iter();
    Headlines {
        month_nano_usd: result.cost.month_nano_usd,
        per_thousand_nano_usd: result.cost.per_thousand_nano_usd,
        requests: result.requests,
        services: services
            .map(|service| ServiceHeadline {
                name: &service.name,
                p50_us: service.latency.p50_us,
                p99_us: service.latency.p99_us,
                succeeded: service.outcomes.succeeded,
            })
            .collect(),
        goals: goals
            .map(|slo| Goal {
                goal: &slo.goal,
                actual: slo.actual,
                met: slo.met,
            })
            .collect(),
        starved_workloads: result.starvation.pods.len(),
        nodes_launched: result.nodes.len() as u64,
    }
}

fn note(note: &Note) -> NoteOf<'_> {
    NoteOf {
        gap: match note.gap {
            Gap::NotExported => "not exported",
            Gap::Added => "added",
            Gap::NotSimulated => "not simulated",
        },
        about: &note.about,
        text: &note.text,
    }
}
