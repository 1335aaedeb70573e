//! `report.html`: one page that a person without any tool reads, answers first, evidence after.
//!
//! Everything is inside: style, charts, tables. No script, nothing fetched.

mod money;
mod performance;
mod table;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::Chart;
use super::clock::Clock;
use super::findings::{self, Headline, Tone};
use super::units::{count, percent, span};
use crate::metrics::RunResult;
use crate::metrics::result::{Provenance, SloResult};

const STYLE: &str = include_str!("assets/report.css");

/// The page, with the charts in their order.
#[must_use]
pub fn page(result: &RunResult, charts: &[Chart]) -> String {
    let provenance = &result.provenance;
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (provenance.scenario) " – karpsim" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(result))
                main {
                    (answers(result))
                    (goals(&result.slos))
                    section id="charts" {
                        h2 { "Over time" }
                        @for chart in charts { (figure(chart)) }
                    }
                    (performance::sections(result))
                    (money::sections(result))
                }
                (footer(result))
            }
        }
    };
    markup.into_string()
}

fn header(result: &RunResult) -> Markup {
    let provenance = &result.provenance;
    let clock = Clock::new(provenance);
    html! {
        header {
            h1 { (provenance.scenario) }
            p { (provenance.description) }
            p.muted {
                (span(provenance.duration_us)) " from " (clock.minute(0)) " in "
                (provenance.region) ": " (count(result.arrivals)) " arrivals, "
                (count(result.requests)) " requests."
            }
            @if let Some(reason) = &provenance.stopped_early {
                p.bad { strong { "The run stopped early: " } (reason) }
            }
            nav aria-label="Sections" {
                a href="#answers" { "Answers" }
                @if !result.slos.is_empty() { a href="#goals" { "Goals" } }
                a href="#charts" { "Over time" }
                a href="#services" { "Services" }
                a href="#starvation" { "Starvation" }
                a href="#cost" { "Cost" }
                a href="#nodes" { "Nodes" }
            }
        }
    }
}

fn answers(result: &RunResult) -> Markup {
    html! {
        section id="answers" {
            h2 { "Answers" }
            div.cards { @for headline in findings::headlines(result) { (card(&headline)) } }
        }
    }
}

fn card(headline: &Headline) -> Markup {
    html! {
        div.card.bad[headline.tone == Tone::Bad].good[headline.tone == Tone::Good] {
            h3 { (headline.question) }
            p.answer { (headline.answer) }
            p { (headline.detail) }
        }
    }
}

fn goals(slos: &[SloResult]) -> Markup {
    html! {
        @if !slos.is_empty() {
            section id="goals" {
                h2 { "Goals" }
                div.cards { @for slo in slos { (goal(slo)) } }
            }
        }
    }
}

fn goal(slo: &SloResult) -> Markup {
    html! {
        div.card.good[slo.met].bad[!slo.met] {
            h3 { (slo.goal) }
            p.answer {
                @if slo.met { span.good { "Met" } } @else { span.bad { "Missed" } }
                ": " (findings::actual(slo))
            }
            p { (percent(slo.budget_burnt)) " of the error budget burnt." }
        }
    }
}

fn figure(chart: &Chart) -> Markup {
    html! {
        figure id=(format!("chart-{}", chart.name)) {
            figcaption {
                h3 { (chart.title) }
                p { (chart.caption) }
            }
            div.wide tabindex="0" role="group" aria-label=(chart.title) {
                (PreEscaped(chart.svg_inline()))
            }
        }
    }
}

fn footer(result: &RunResult) -> Markup {
    let Provenance {
        version,
        scenario,
        digest,
        seed,
        start,
        duration_us,
        ..
    } = &result.provenance;
    html! {
        footer {
            dl {
                dt { "Made by" } dd { "karpsim " (version) }
                dt { "Scenario" } dd { (scenario) ", digest " code { (digest) } }
                dt { "Seed" } dd { (seed) }
                dt { "Start" } dd { (start) }
                dt { "Duration" } dd { (span(*duration_us)) }
                dt { "Events" } dd { (count(result.events)) }
                dt { "Beside this page" } dd {
                    "summary.json, timeseries.csv, requests.csv, nodes.csv, cost.csv, focus.csv, "
                    "and every chart as SVG and PNG"
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{chart, fixture};

    fn of(result: &RunResult) -> String {
        page(result, &chart::all(result))
    }

    /// Elements that are never closed.
    const VOID: [&str; 3] = ["meta", "!DOCTYPE", "br"];

    /// The names of elements left open or closed out of turn.
    fn unbalanced(page: &str) -> Vec<String> {
        let mut open: Vec<String> = Vec::new();
        let mut wrong = Vec::new();
        let body = page.replace(STYLE, "");
        for tag in body.split('<').skip(1) {
            let Some((inside, _)) = tag.split_once('>') else {
                wrong.push(tag.to_owned());
                continue;
            };
            let name: String = inside
                .trim_start_matches('/')
                .chars()
                .take_while(|c| !c.is_whitespace() && *c != '/')
                .collect();
            if inside.starts_with('/') {
                if open.pop().as_deref() != Some(&name) {
                    wrong.push(name);
                }
            } else if !inside.ends_with('/') && !VOID.contains(&name.as_str()) {
                open.push(name);
            }
        }
        wrong.extend(open);
        wrong
    }

    #[test]
    fn every_element_is_closed_in_turn() {
        for result in [fixture::three_days(), fixture::nothing()] {
            assert_eq!(unbalanced(&of(&result)), Vec::<String>::new());
        }
        assert_eq!(unbalanced("<p><b></p>"), ["p", "p"]);
    }

    #[test]
    fn the_answers_come_before_the_evidence() {
        let result = fixture::three_days();
        let page = of(&result);
        let charts = page.find("<figure").unwrap();
        for headline in findings::headlines(&result) {
            let question = page.find(headline.question).unwrap();
            assert!(question < charts, "{}", headline.question);
            assert!(page.contains(&html! { (headline.answer) }.into_string()));
        }
    }

    #[test]
    fn every_chart_is_named_for_those_who_cannot_see_it() {
        let result = fixture::three_days();
        let page = of(&result);
        let charts = chart::all(&result);
        assert_eq!(page.matches("<svg ").count(), charts.len());
        assert_eq!(page.matches("role=\"img\"").count(), charts.len());
        for chart in charts {
            assert!(page.contains(&format!("<title>{}</title>", chart.title)));
        }
    }

    #[test]
    fn nothing_is_fetched_and_nothing_runs() {
        let page = of(&fixture::three_days());
        assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("src="));
    }

    #[test]
    fn what_the_user_wrote_is_escaped() {
        let mut result = fixture::nothing();
        result.provenance.description = "<script>alert(1)</script>".to_owned();
        assert!(!of(&result).contains("<script>"));
    }

    #[test]
    fn a_price_not_to_be_trusted_is_named() {
        let page = of(&fixture::three_days());
        for word in ["weak source", "estimated", "no source"] {
            assert!(page.contains(word), "{word}");
        }
    }
}
