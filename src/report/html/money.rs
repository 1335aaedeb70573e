//! What did it cost, how far can the prices be trusted, and what did the nodes do for it?

use maud::{Markup, html};

use super::table::Cell::{Name, Number, Words};
use super::table::table;
use crate::metrics::RunResult;
use crate::report::clock::Clock;
use crate::report::findings;
use crate::report::units::{count, counted, duration, number, percent, usd};

/// Nodes listed, the dearest; the rest is in `nodes.csv`.
const NODES: usize = 25;

/// The sections.
pub(super) fn sections(result: &RunResult) -> Markup {
    html! {
        section id="cost" {
            h2 { "Cost" }
            p { (findings::cost(result)) }
            (trust(result))
            (bill(result))
            (services(result))
        }
        section id="nodes" {
            h2 { "Nodes and churn" }
            (churn(result))
            (nodes(result))
        }
    }
}

/// How far a price can be trusted, in words.
fn in_words(quality: &str) -> &str {
    match quality {
        "cited" => "cited",
        "weak" => "weak source",
        "estimated" => "estimated",
        "UNCITED" => "no source",
        other => other,
    }
}

/// How much of the sum rests on prices that are not cited.
fn trust(result: &RunResult) -> Markup {
    let lines = &result.cost.lines;
    let doubtful: i128 = lines
        .iter()
        .filter(|line| line.quality != "cited")
        .map(|line| line.amount_nano_usd)
        .sum();
    let part = doubtful as f64 / result.cost.total_nano_usd.max(1) as f64;
    html! {
        @if lines.is_empty() {
            p { "There is no bill." }
        } @else if doubtful == 0 {
            p { "Every price is cited." }
        } @else {
            p.bad {
                (usd(doubtful)) " (" (percent(part)) ") rests on prices that are not well cited; "
                "the lines say which."
            }
        }
    }
}

fn bill(result: &RunResult) -> Markup {
    let cost = &result.cost;
    let mut rows: Vec<_> = cost
        .lines
        .iter()
        .map(|line| {
            vec![
                Name(line.layer.clone()),
                Name(line.item.clone()),
                Number(format!("{} {}", number(line.quantity), line.unit)),
                Number(usd(line.amount_nano_usd)),
                Name(in_words(line.quality).to_owned()),
            ]
        })
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    let mut sum = |what: &str, nanos: i128| {
        let [item, quantity, trust] = ["", "", ""].map(|text| Name(text.to_owned()));
        rows.push(vec![
            Name(what.to_owned()),
            item,
            quantity,
            Number(usd(nanos)),
            trust,
        ]);
    };
    sum("Total without tax", cost.total_nano_usd);
    sum("Tax", cost.tax_nano_usd);
    sum("Month of 730 hours without tax", cost.month_nano_usd);
    sum(
        "Per 1,000 complaints without tax",
        cost.per_thousand_nano_usd,
    );
    let header = ["Layer", "Item", "Quantity", "US dollars", "Price is"];
    table("Every line of the bill", &header, &rows)
}

fn services(result: &RunResult) -> Markup {
    let cost = &result.cost;
    let mut rows: Vec<_> = cost
        .services
        .iter()
        .map(|(service, nanos)| vec![Name(service.clone()), Number(usd(*nanos))])
        .collect();
    if !rows.is_empty() {
        let idle = Name("nobody (idle)".to_owned());
        rows.push(vec![idle, Number(usd(cost.idle_nano_usd))]);
    }
    let caption = "Compute by service, by what its pods requested of each node";
    table(caption, &["Service", "US dollars"], &rows)
}

fn churn(result: &RunResult) -> Markup {
    let churn = &result.churn;
    let rows: Vec<_> = churn
        .scalings
        .iter()
        .map(|(service, up, down)| {
            vec![
                Name(service.clone()),
                Number(count(*up)),
                Number(count(*down)),
            ]
        })
        .collect();
    html! {
        p {
            (findings::nodes(result)) " Karpenter made " (counted(churn.claims_created, "claim"))
            ", of which " (count(churn.insufficient_capacity)) " met insufficient capacity; it removed "
            (count(churn.emptied)) " empty nodes, consolidated " (count(churn.consolidated))
            " and replaced " (count(churn.expired)) " that were too old. "
            (counted(churn.pods_scheduled, "pod")) " were scheduled, " (count(churn.pods_evicted))
            " evicted and " (count(churn.pods_lost)) " lost with their node; "
            (counted(churn.requests_reset, "request")) " were reset and "
            (counted(churn.duplicate_jobs, "job")) " done twice because the visibility timeout was too short."
            @if let Some(told) = findings::container_ends(result) { " " (told) "." }
        }
        (table("Scalings by service", &["Service", "Up", "Down"], &rows))
    }
}

fn nodes(result: &RunResult) -> Markup {
    let clock = Clock::new(&result.provenance);
    let mut dearest: Vec<_> = result.nodes.iter().collect();
    dearest.sort_by_key(|node| std::cmp::Reverse(node.cost_nano_usd));
    let rows: Vec<_> = dearest
        .into_iter()
        .take(NODES)
        .map(|node| {
            let boot = node.ready_us.map_or_else(
                || "never".to_owned(),
                |ready_us| duration(ready_us.saturating_sub(node.created_us)),
            );
            let what = format!(
                "{} {} in {}",
                node.capacity_type, node.instance_type, node.zone
            );
            vec![
                Name(node.name.clone()),
                Name(node.layer.clone()),
                Words(what),
                Number(clock.minute(node.created_us)),
                Number(boot),
                Number(duration(node.billed_seconds * 1_000_000)),
                Name(node.end_reason.to_owned()),
                Number(percent(node.cpu_requested)),
                Number(count(node.pods)),
                Number(usd(node.cost_nano_usd)),
            ]
        })
        .collect();
    let header = [
        "Node",
        "Layer",
        "What",
        "Created",
        "Ready after",
        "Billed",
        "End",
        "CPU requested",
        "Pods",
        "US dollars",
    ];
    let caption = format!(
        "The dearest {} of {}; all are in nodes.csv",
        rows.len(),
        counted(result.nodes.len() as u64, "node")
    );
    table(&caption, &header, &rows)
}
