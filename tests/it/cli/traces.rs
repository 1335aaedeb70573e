//! Traces with mistakes, and those that only look wrong.

use serde_json::Value;

use super::{Answer, Desk, TRACE};

const RUN: [&str; 2] = ["run", "complaints.yaml"];

/// A desk whose trace is this.
fn with_trace(trace: &str) -> Desk {
    let desk = Desk::new();
    desk.write("complaints.csv", trace);
    desk
}

#[track_caller]
fn refuses(desk: &Desk) -> Answer {
    let answer = desk.karpsim(&RUN).refused();
    assert!(!desk.0.path().join("reports").exists());
    answer
}

fn arrivals(desk: &Desk, arguments: &[&str]) -> Value {
    let arguments = [&RUN[..], &["--format", "json", "--no-report"], arguments].concat();
    let answer = desk.karpsim(&arguments).good();
    let summary: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    summary["arrivals"].clone()
}

#[test]
fn every_broken_row_is_told_with_its_place() {
    let broken = TRACE
        .replace("09:02:30", "soon")
        .replace("2015-02-04 09:04:00", "yesterday");
    refuses(&with_trace(&broken))
        .complains("complaints.csv:5:1")
        .complains("`2015-02-04 soon`")
        .complains("complaints.csv:6:1")
        .complains("`yesterday`")
        .complains("2 errors found");
}

#[test]
fn broken_rows_are_left_out_and_counted_where_asked() {
    let broken = TRACE
        .replace("09:02:30", "soon")
        .replace("09:04:00", "later");
    let desk = with_trace(&broken);
    assert_eq!(arrivals(&desk, &["--on-bad-row", "skip"]), 6);
    desk.karpsim(&["validate", "complaints.yaml", "--on-bad-row", "skip"])
        .good()
        .complains("warning: 2 of 8 rows of `complaints.csv` are left out")
        .complains("line 5, column 1");
}

#[test]
fn the_command_line_overrules_the_scenario() {
    let desk = with_trace(&TRACE.replace("09:02:30", "soon"));
    let path = "path: complaints.csv";
    desk.edit(
        "complaints.yaml",
        path,
        "path: complaints.csv\n    onBadRow: skip",
    );
    assert_eq!(arrivals(&desk, &[]), 7);
    desk.karpsim(&[&RUN[..], &["--on-bad-row", "fail"]].concat())
        .refused();
}

#[test]
fn rows_out_of_order_are_refused_unless_they_may_be_put_in_order() {
    let (header, rows) = TRACE.split_once('\n').expect("a header");
    let backwards: Vec<&str> = rows.lines().rev().collect();
    let shuffled = with_trace(&format!("{header}\n{}\n", backwards.join("\n")));
    refuses(&shuffled)
        .complains("complaints.csv:3:1")
        .complains("comes after")
        .complains("sort the file, or set `sort: true`");
    shuffled.edit(
        "complaints.yaml",
        "path: complaints.csv",
        "path: complaints.csv\n    sort: true",
    );
    assert_eq!(arrivals(&shuffled, &[]), 8);
}

#[test]
fn a_column_that_is_not_there_is_shown_beside_those_that_are() {
    let desk = Desk::new();
    desk.edit("complaints.yaml", "time: opened", "time: opend");
    refuses(&desk)
        .complains("complaints.csv:1:1")
        .complains("there is no column `opend`")
        .complains("did you mean `opened`?");
}

#[test]
fn a_zone_that_nobody_knows_is_a_mistake_of_the_scenario() {
    let desk = Desk::new();
    desk.edit("complaints.yaml", "America/New_York", "America/New_Yrok");
    refuses(&desk)
        .complains("complaints.yaml:9:15")
        .complains("America/New_Yrok");
}

#[test]
fn a_trace_without_rows_is_refused() {
    let (header, _) = TRACE.split_once('\n').expect("a header");
    for trace in ["", "\n", header] {
        refuses(&with_trace(trace)).complains("complaints.yaml:7:11");
    }
}

#[test]
fn a_trace_that_is_not_there_is_named() {
    let desk = Desk::new();
    desk.edit(
        "complaints.yaml",
        "path: complaints.csv",
        "path: complains.csv",
    );
    refuses(&desk)
        .complains("cannot read `complains.csv`")
        .complains("complaints.yaml:7:11");
}
