//! What does a person read at the end of a run? The summary for a terminal of 100 columns.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table};

use super::clock::Clock;
use super::findings;
use super::units::{bytes, count, counted, duration, number, percent, share, span, usd};
use crate::metrics::RunResult;
use crate::metrics::result::SloResult;

const WIDTH: u16 = 100;
/// Rows of a starvation block; the rest is in the files.
const WORST: usize = 3;

/// What the machine that ran the simulation says; no part of the result, since it is never twice the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// How long the run took, in seconds.
    pub wall_seconds: f64,
    /// Most memory the process held, in bytes, where the system tells.
    pub peak_rss_bytes: Option<u64>,
}

/// The summary, ending in a line feed. `colour` allows ANSI escapes.
#[must_use]
pub fn summary(result: &RunResult, measured: Measured, colour: bool) -> String {
    let paint = Paint(colour);
    let blocks = [
        title(result, paint),
        services(result),
        queues(result),
        goals(result, paint),
        starvation(result, paint),
        cost(result, paint),
        churn(result, paint),
        machine(result, measured),
    ];
    let mut text = blocks
        .into_iter()
        .filter(|block| !block.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n");
    text.push('\n');
    text
}

/// Whether and how text is coloured.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }
}

/// A table whose first column is names and whose other columns are numbers.
fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING.header_separator(LineStyle::none().fill('─').junction('─')))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(header.map(Cell::new).to_vec());
    for row in rows {
        table.add_row(row.to_vec());
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

fn title(result: &RunResult, paint: Paint) -> String {
    let provenance = &result.provenance;
    let clock = Clock::new(provenance);
    let mut text = format!(
        "{} · {} from {} · {} · {}",
        paint.bold(&provenance.scenario),
        span(provenance.duration_us),
        clock.minute(0),
        counted(result.arrivals, "arrival"),
        counted(result.requests, "request")
    );
    if let Some(reason) = &provenance.stopped_early {
        text += &format!("\n{} {reason}", paint.bad("Stopped early:"));
    }
    text
}

fn services(result: &RunResult) -> String {
    let header = [
        "Service",
        "Requests",
        "Success",
        "p50",
        "p95",
        "p99",
        "Wait p95",
        "Pods (max)",
    ];
    table(
        header,
        result.services.iter().map(|service| {
            let ended = findings::ended(&service.outcomes);
            [
                service.name.clone(),
                count(ended),
                share(service.outcomes.succeeded, ended),
                duration(service.latency.p50_us),
                duration(service.latency.p95_us),
                duration(service.latency.p99_us),
                duration(service.queue_wait.p95_us),
                format!("{} ({})", number(service.ready_mean), service.ready_max),
            ]
        }),
    )
}

fn queues(result: &RunResult) -> String {
    if result.queues.is_empty() {
        return String::new();
    }
    let clock = Clock::new(&result.provenance);
    let header = [
        "Queue", "Sent", "Done", "Again", "Dead", "Age p95", "Longest", "on",
    ];
    table(
        header,
        result.queues.iter().map(|queue| {
            [
                queue.name.clone(),
                count(queue.sent),
                count(queue.completed),
                count(queue.redelivered),
                count(queue.dead),
                duration(queue.age.p95_us),
                count(queue.longest),
                clock.minute(queue.longest_at_us),
            ]
        }),
    )
}

fn goals(result: &RunResult, paint: Paint) -> String {
    let lines = result.slos.iter().map(|slo| goal(slo, paint));
    lines.collect::<Vec<_>>().join("\n")
}

fn goal(slo: &SloResult, paint: Paint) -> String {
    let verdict = if slo.met {
        paint.good("met   ")
    } else {
        paint.bad("missed")
    };
    format!(
        "{verdict} {}: {}, {} of the error budget burnt",
        slo.goal,
        findings::actual(slo),
        percent(slo.budget_burnt)
    )
}

fn starvation(result: &RunResult, paint: Paint) -> String {
    [
        pods(result, paint),
        requests(result, paint),
        cpu(result, paint),
    ]
    .join("\n")
}

/// A line of the kind's total, then its worst rows.
fn block(head: String, rows: Vec<String>) -> String {
    let more = rows.len().saturating_sub(WORST);
    let mut text = head;
    for row in rows.into_iter().take(WORST) {
        text += "\n  ";
        text += &row;
    }
    if more > 0 {
        text += &format!("\n  and {more} more in summary.json");
    }
    text
}

fn pods(result: &RunResult, paint: Paint) -> String {
    let clock = Clock::new(&result.provenance);
    let mut rows: Vec<_> = result.starvation.pods.iter().collect();
    if rows.is_empty() {
        return format!("{} none starved", paint.bold("Pods"));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.longest_us));
    let pods = rows.iter().map(|row| row.pods).sum();
    block(
        format!("{} {} starved", paint.bold("Pods"), count(pods)),
        rows.iter()
            .map(|row| {
                format!(
                    "{} {}, {}; longest {} from {}",
                    count(row.pods),
                    row.workload,
                    paint.bad(row.cause),
                    duration(row.longest_us),
                    clock.minute(row.longest_at_us)
                )
            })
            .collect(),
    )
}

fn requests(result: &RunResult, paint: Paint) -> String {
    let clock = Clock::new(&result.provenance);
    let mut rows: Vec<_> = result.starvation.requests.iter().collect();
    rows.retain(|row| row.requests > 0);
    if rows.is_empty() {
        return format!("{} none starved", paint.bold("Requests"));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.longest_us));
    let (starved, of) = findings::starved_requests(result);
    block(
        format!(
            "{} {} of {} starved ({})",
            paint.bold("Requests"),
            count(starved),
            count(of),
            share(starved, of)
        ),
        rows.iter()
            .map(|row| {
                format!(
                    "{} {} {}, over {}; longest {} until {}",
                    count(row.requests),
                    row.service,
                    row.category,
                    duration(row.threshold_us),
                    duration(row.longest_us),
                    clock.minute(row.longest_at_us)
                )
            })
            .collect(),
    )
}

fn cpu(result: &RunResult, paint: Paint) -> String {
    let mut rows: Vec<_> = result.starvation.cpu.iter().collect();
    rows.retain(|row| row.core_seconds > 0.0);
    if rows.is_empty() {
        return format!("{} none missed", paint.bold("CPU"));
    }
    rows.sort_by(|a, b| b.core_seconds.total_cmp(&a.core_seconds));
    block(
        format!(
            "{} {} core-seconds wanted and not granted",
            paint.bold("CPU"),
            number(findings::cpu_missed(result))
        ),
        rows.iter()
            .map(|row| {
                let takers = row.taken_by.iter().take(WORST);
                let takers: Vec<String> = takers
                    .map(|(taker, core_seconds)| format!("{taker} {}", number(*core_seconds)))
                    .collect();
                format!(
                    "{} {}, taken by {}",
                    number(row.core_seconds),
                    row.workload,
                    takers.join(", ")
                )
            })
            .collect(),
    )
}

fn cost(result: &RunResult, paint: Paint) -> String {
    let cost = &result.cost;
    let mut rows: Vec<[String; 3]> = cost
        .layers
        .iter()
        .map(|(layer, nanos)| {
            let part = *nanos as f64 / cost.total_nano_usd.max(1) as f64;
            [layer.clone(), usd(*nanos), percent(part)]
        })
        .collect();
    rows.push(["Total".to_owned(), usd(cost.total_nano_usd), String::new()]);
    let mut text = table(["Cost", "US dollars", "Share"], rows.into_iter());
    text += &format!(
        "\n{} a month, {} per 1,000 complaints, {} of it idle compute",
        paint.bold(&usd(cost.month_nano_usd)),
        paint.bold(&usd(cost.per_thousand_nano_usd)),
        usd(cost.idle_nano_usd)
    );
    if cost.tax_nano_usd != 0 {
        text += &format!("; tax of {} on top", usd(cost.tax_nano_usd));
    }
    text
}

fn churn(result: &RunResult, paint: Paint) -> String {
    let churn = &result.churn;
    let restarts = findings::container_ends(result);
    let restarts = restarts.map_or(String::new(), |told| format!("\n  {told}"));
    format!(
        "{} {} joined; {} emptied, {} consolidated, {} interrupted, {} expired\n\
         \x20 {} evicted, {} preempted, {} lost with their node, {} reset{restarts}",
        paint.bold("Churn"),
        counted(churn.nodes_launched, "node"),
        count(churn.emptied),
        count(churn.consolidated),
        count(churn.interrupted),
        count(churn.expired),
        counted(churn.pods_evicted, "pod"),
        count(churn.pods_preempted),
        count(churn.pods_lost),
        counted(churn.requests_reset, "request")
    )
}

fn machine(result: &RunResult, measured: Measured) -> String {
    let micros = (measured.wall_seconds * 1e6) as u64;
    let rate = result.events as f64 / measured.wall_seconds.max(1e-6);
    let memory = measured
        .peak_rss_bytes
        .map(|peak| format!(", {} at most", bytes(peak)));
    format!(
        "{} events in {}, {} events/s{}",
        count(result.events),
        duration(micros),
        count(rate as u64),
        memory.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    const MEASURED: Measured = Measured {
        wall_seconds: 61.5,
        peak_rss_bytes: Some(312 << 20),
    };

    #[test]
    fn a_run_reads_like_this() {
        insta::assert_snapshot!(summary(&fixture::four_weeks(), MEASURED, false), @r"
        complaints-surge · 28 days from Mon 02 Feb 00:00 · 18,120,839 arrivals · 54,362,518 requests

         Service              Requests    Success       p50        p95        p99   Wait p95   Pods (max)
        ──────────────────────────────────────────────────────────────────────────────────────────────────
         api                37,965,647    99.48 %   38.0 ms     342 ms     2.28 s    57.0 ms    3.69 (19)
         complaint-worker   12,697,769   100.00 %    2.10 s     18.9 s   2 m 06 s     3.15 s    2.91 (23)
         inference           3,699,102    99.99 %    8.00 s   1 m 12 s   8 m 00 s     12.0 s    0.147 (7)

         Queue                  Sent         Done    Again   Dead    Age p95   Longest                 on
        ──────────────────────────────────────────────────────────────────────────────────────────────────
         complaint-jobs   13,590,629   13,590,617   15,100      9     18.9 s     4,341   Wed 04 Feb 13:40
         inference-jobs    4,530,209    4,530,197    5,033      9   1 m 12 s     1,757   Wed 04 Feb 14:40

        missed api p99 latency <= 800ms: 4.81 s, 231 % of the error budget burnt
        met    api availability >= 99.9%: 99.941 %, 59.0 % of the error budget burnt
        met    complaint-jobs p95 age <= 10m: 6 m 52 s, 31.0 % of the error budget burnt

        Pods 179 starved
          118 citizen/complaint-worker, NodePool limit; longest 1 h 31 m from Wed 04 Feb 11:18
          61 citizen/api, node launching; longest 3 m 51 s from Wed 04 Feb 10:39
        Requests 498,322 of 40,771,888 starved (1.22 %)
          135,906 complaint-worker roads, over 1 m 00 s; longest 45 m 10 s until Wed 04 Feb 13:40
          362,416 api water, over 1.00 s; longest 29.4 s until Wed 04 Feb 11:40
        CPU 18,250 core-seconds wanted and not granted
          18,250 citizen/api, taken by citizen/complaint-worker 11,900, kube-system/node-agent 6,350

         Cost             US dollars    Share
        ──────────────────────────────────────
         Control plane        $67.20   10.4 %
         Baseline nodes      $193.54   30.0 %
         NodePool burst       $90.77   14.1 %
         NodePool ai         $210.90   32.7 %
         Storage              $15.52    2.4 %
         Network              $61.10    9.5 %
         Frontend              $6.20    1.0 %
         Total               $645.23
        $700.92 a month, $0.41 per 1,000 complaints, $71.69 of it idle compute; tax of $116.14 on top

        Churn 312 nodes joined; 190 emptied, 84 consolidated, 9 interrupted, 12 expired
          611 pods evicted, 0 preempted, 14 lost with their node, 37 requests reset

        489,262,662 events in 1 m 01 s, 7,955,490 events/s, 312 MiB at most
        ");
    }

    #[test]
    fn a_run_in_which_nothing_happened_reads_like_this() {
        insta::assert_snapshot!(summary(&fixture::nothing(), MEASURED, false), @r"
        complaints-surge · 1 h from Mon 02 Feb 00:00 · 0 arrivals · 0 requests

         Service   Requests   Success   p50   p95   p99   Wait p95   Pods (max)
        ────────────────────────────────────────────────────────────────────────
         api              0         –   0 s   0 s   0 s        0 s        3 (3)

        Pods none starved
        Requests none starved
        CPU none missed

         Cost    US dollars   Share
        ────────────────────────────
         Total        $0.00
        $0.00 a month, $0.00 per 1,000 complaints, $0.00 of it idle compute

        Churn 0 nodes joined; 0 emptied, 0 consolidated, 0 interrupted, 0 expired
          0 pods evicted, 0 preempted, 0 lost with their node, 0 requests reset

        80,739 events in 1 m 01 s, 1,312 events/s, 312 MiB at most
        ");
    }

    #[test]
    fn no_line_is_wider_than_a_hundred_columns() {
        let text = summary(&fixture::four_weeks(), MEASURED, false);
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }

    #[test]
    fn colour_adds_escapes_and_nothing_else() {
        let result = fixture::four_weeks();
        let mut coloured = summary(&result, MEASURED, true);
        for code in ["1", "32", "1;31", "0"] {
            coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(coloured, summary(&result, MEASURED, false));
        assert!(summary(&result, MEASURED, true).contains("\u{1b}[1;31mmissed"));
    }
}
