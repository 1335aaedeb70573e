//! The layouts of several cities, and every mistake in its words.

use super::*;
use crate::workload::TraceErrorKind;

fn stamp(column: &str) -> Columns {
    Columns::new(TimeColumn::Stamp(column.into()))
}

fn spec(columns: Columns) -> TraceSpec {
    TraceSpec::new(columns, "America/New_York")
}

#[track_caller]
fn read(csv: &str, spec: &TraceSpec) -> Trace {
    match Trace::read(csv.as_bytes(), spec) {
        Ok(trace) => trace,
        Err(errors) => panic!("{errors}"),
    }
}

/// Local times of all events.
fn times(trace: &Trace) -> Vec<String> {
    let local = |event: &TraceEvent| {
        let since = jiff::SignedDuration::from_micros(event.at.as_micros() as i64);
        (trace.origin + since).to_string()
    };
    trace.events.iter().map(local).collect()
}

#[track_caller]
fn check_errors(csv: &str, spec: &TraceSpec, expected: &[&str]) {
    let errors = Trace::read(csv.as_bytes(), spec).expect_err("mistakes");
    assert_eq!(errors.to_string(), expected.join("\n"));
}

fn date(text: &str) -> Option<Date> {
    Some(text.parse().expect("a date"))
}

#[test]
fn new_york_writes_the_month_first_and_twelve_hours() {
    let csv = "Unique Key,Created Date,Agency,Complaint Type,Descriptor\n\
               1,02/04/2015 12:01:07 AM,HPD,HEAT/HOT WATER,\"ENTIRE BUILDING, NO HEAT\"\n\
               2,02/04/2015 01:15:00 PM,DSNY,Snow,E9\n\
               3,02/14/2015 12:00:00 PM,HPD,HEAT/HOT WATER,X\n";
    let trace = read(csv, &spec(stamp("Created Date").category("Complaint Type")));
    let expected = [
        "2015-02-04T00:01:07",
        "2015-02-04T13:15:00",
        "2015-02-14T12:00:00",
    ];
    assert_eq!(times(&trace), expected);
    assert_eq!(trace.categories, ["HEAT/HOT WATER", "Snow"]);
    assert_eq!(trace.report.format, StampFormat::MonthFirst);
    assert_eq!(trace.span, SimDuration::from_secs(11 * 86_400));
}

#[test]
fn chicago_writes_a_t_and_milliseconds() {
    let csv = "SR_NUMBER,SR_TYPE,CREATED_DATE,WARD\n\
               SR19-1,Pothole in Street,2019-02-01T07:30:15.500,41\n\
               SR19-2,Aircraft Noise,2019-02-01T07:30:16.000,41\n";
    let columns = Columns {
        ward: Some("WARD".into()),
        ..stamp("CREATED_DATE").category("SR_TYPE")
    };
    let trace = read(csv, &TraceSpec::new(columns, "America/Chicago"));
    assert_eq!(
        times(&trace),
        ["2019-02-01T07:30:15.5", "2019-02-01T07:30:16"]
    );
    assert_eq!(trace.wards, ["41"]);
    assert_eq!(trace.channels, [""]);
}

#[test]
fn bengaluru_writes_the_day_first_in_two_columns() {
    let csv = "Complaint ID;Category;Grievance Date;Grievance Time;Ward Name\n\
               20100001;Electrical;05-06-2024;21:40;Hebbal\n\
               20100002;Solid Waste (Garbage) Related;13-06-2024;06:05;Begur\n";
    let time = TimeColumn::DateAndTime {
        date: "Grievance Date".into(),
        time: "Grievance Time".into(),
    };
    let trace = read(csv, &TraceSpec::new(Columns::new(time), "Asia/Kolkata"));
    assert_eq!(
        times(&trace),
        ["2024-06-05T21:40:00", "2024-06-13T06:05:00"]
    );
    assert_eq!(trace.report.delimiter, ';');
    assert_eq!(trace.report.format, StampFormat::DayFirst);
}

#[test]
fn epochs_and_offsets_become_the_local_clock() {
    let epochs = read("t\n1423040467\n1423040468\n", &spec(stamp("t")));
    assert_eq!(
        times(&epochs),
        ["2015-02-04T04:01:07", "2015-02-04T04:01:08"]
    );
    let millis = read("t\n1423040467250\n", &spec(stamp("t")));
    assert_eq!(times(&millis), ["2015-02-04T04:01:07.25"]);
    let offsets = read(
        "t\n2015-07-04T09:00:00+00:00\n2015-07-04T09:30:00Z\n",
        &spec(stamp("t")),
    );
    assert_eq!(
        times(&offsets),
        ["2015-07-04T05:00:00", "2015-07-04T05:30:00"]
    );
}

#[test]
fn a_format_of_ones_own_is_used() {
    let own = TraceSpec {
        time_format: Some("%d-%b-%Y %H:%M".into()),
        ..spec(stamp("t"))
    };
    assert_eq!(
        times(&read("t\n04-Feb-2015 09:30\n", &own)),
        ["2015-02-04T09:30:00"]
    );
    let day_first = TraceSpec {
        time_format: Some("%d/%m/%Y %H:%M".into()),
        ..spec(stamp("t"))
    };
    assert_eq!(
        times(&read("t\n04/02/2015 09:30\n", &day_first)),
        ["2015-02-04T09:30:00"]
    );
}

#[test]
fn filters_and_window_choose_rows_and_the_window_sets_the_span() {
    let csv = "t,channel\n\
               2015-02-03 23:59:59,Call\n\
               2015-02-04 00:00:00,Call\n\
               2015-02-04 09:00:00,City Worker App\n\
               2015-02-05 23:59:59, App \n\
               2015-02-06 00:00:00,Call\n";
    let citizens = Filter {
        column: "channel".into(),
        any_of: vec!["Call".into(), "App".into()],
    };
    let chosen = TraceSpec {
        filters: vec![citizens],
        from: date("2015-02-04"),
        to: date("2015-02-06"),
        ..spec(Columns {
            channel: Some("channel".into()),
            ..stamp("t")
        })
    };
    let trace = read(csv, &chosen);
    assert_eq!(
        times(&trace),
        ["2015-02-04T00:00:00", "2015-02-05T23:59:59"]
    );
    assert_eq!(trace.channels, ["Call", "App"]);
    assert_eq!(trace.span, SimDuration::from_secs(2 * 86_400));
    let report = &trace.report;
    assert_eq!(
        (
            report.rows,
            report.kept,
            report.filtered,
            report.outside_window
        ),
        (5, 2, 1, 2)
    );
}

#[test]
fn the_repeated_hour_is_kept_twice_and_sorted_by_the_wall() {
    let csv = "t\n2015-11-01 01:50:00\n2015-11-01 01:10:00\n2015-11-01 02:00:00\n";
    let trace = read(csv, &spec(stamp("t")));
    assert_eq!(
        times(&trace),
        [
            "2015-11-01T01:10:00",
            "2015-11-01T01:50:00",
            "2015-11-01T02:00:00"
        ]
    );
    assert_eq!((trace.report.in_overlap, trace.report.out_of_order), (2, 0));
}

#[test]
fn a_missing_column_lists_those_there_are() {
    let columns = Columns {
        ward: Some("Wrad".into()),
        ..stamp("time").category("category")
    };
    check_errors(
        "ts_local,category,ward\n2015-02-04 09:00:00,Snow,5\n",
        &spec(columns),
        &[
            "line 1: there is no column `time`: expected one of `ts_local`, `category`, `ward`",
            "line 1: there is no column `Wrad`: expected one of `ts_local`, `category`, `ward` \
             (did you mean `ward`?)",
        ],
    );
}

#[test]
fn broken_rows_are_told_with_line_column_and_text() {
    check_errors(
        "id,t\n1,2015-02-04 09:00:00\n2,soon\n3\n4,2015-02-30 09:00:00\n5,\n",
        &spec(stamp("t")),
        &[
            "line 3, column 2: cannot read the time `soon`: expected a time such as YYYY-MM-DD HH:MM:SS",
            "line 4: the row has 1 fields: expected 2, as in the header",
            "line 5, column 2: cannot read the time `2015-02-30 09:00:00`: \
             expected a time such as YYYY-MM-DD HH:MM:SS",
            "line 6, column 2: cannot read the time ``: expected a time such as YYYY-MM-DD HH:MM:SS",
        ],
    );
}

#[test]
fn rows_out_of_order_are_told_with_both_stamps() {
    let csv = "t\n2015-02-04 09:00:00\n2015-02-04 08:00:00\n2015-02-04 10:00:00\n";
    check_errors(
        csv,
        &spec(stamp("t")),
        &[
            "line 3, column 1: `2015-02-04 08:00:00` comes after `2015-02-04 09:00:00`: \
           expected rows in order of time (sort the file, or set `sort: true`)",
        ],
    );
    let trace = read(
        csv,
        &TraceSpec {
            sort: true,
            ..spec(stamp("t"))
        },
    );
    assert!(trace.events.is_sorted_by_key(|event| event.at));
    assert_eq!(trace.report.out_of_order, 1);
}

#[test]
fn day_and_month_that_cannot_be_told_apart_are_asked_for() {
    check_errors(
        "t\n01/02/2015 09:00\n03/04/2015 09:00\n",
        &spec(stamp("t")),
        &[
            "line 2, column 1: cannot tell day from month in `01/02/2015 09:00`, and no other row tells: \
           expected a row with a day above 12 \
           (set `timeFormat` to `%d/%m/%Y %H:%M` or `%m/%d/%Y %H:%M`, as the file is written)",
        ],
    );
}

#[test]
fn an_unknown_layout_is_told_by_its_first_row() {
    check_errors(
        "t\n04-Feb-2015 09:00\n",
        &spec(stamp("t")),
        &[
            "line 2, column 1: cannot tell how times are written, the first is `04-Feb-2015 09:00`: \
           expected YYYY-MM-DD HH:MM:SS, DD/MM/YYYY HH:MM:SS, MM/DD/YYYY HH:MM:SS, RFC 3339, \
           or seconds or milliseconds since 1970 \
           (for any other layout set `timeFormat`, such as `%d-%b-%Y %H:%M`)",
        ],
    );
}

#[test]
fn a_format_without_the_time_of_day_is_refused() {
    check_errors(
        "t\n2015-02-04\n",
        &TraceSpec {
            time_format: Some("%Y-%m-%d".into()),
            ..spec(stamp("t"))
        },
        &[
            "the time format `%Y-%m-%d` is of no use: it does not tell year, month, day, hour and minute: \
           expected a format such as `%d/%m/%Y %H:%M` \
           (see https://docs.rs/jiff/latest/jiff/fmt/strtime)",
        ],
    );
}

#[test]
fn mistakes_of_all_kinds_are_told_at_once() {
    let wrong = TraceSpec {
        from: date("2015-03-01"),
        to: date("2015-03-01"),
        ..TraceSpec::new(stamp("t").category("type"), "Asia/Calcuta")
    };
    check_errors(
        "t\n2015-02-04 09:00:00\nsoon\n",
        &wrong,
        &[
            "unknown time zone `Asia/Calcuta`: \
             expected a name of the IANA time zone database, such as `Asia/Kolkata` \
             (did you mean `Asia/Calcutta`?)",
            "the window from 2015-03-01 to 2015-03-01 contains no day: expected an end after the start \
             (`to` is the first day that is left out)",
            "line 1: there is no column `type`: expected one of `t`",
            "line 3, column 1: cannot read the time `soon`: expected a time such as YYYY-MM-DD HH:MM:SS",
        ],
    );
}

#[test]
fn nothing_left_is_told_by_its_reason() {
    let row = "t,channel\n2015-02-04 09:00:00,Call\n";
    check_errors(
        "",
        &spec(stamp("t")),
        &["the file is empty: expected a header line and rows"],
    );
    let no_rows = "the trace has no readable row: expected at least one complaint";
    check_errors("t\n", &spec(stamp("t")), &[no_rows]);
    let app = Filter {
        column: "channel".into(),
        any_of: vec!["App".into(), "Web".into()],
    };
    check_errors(
        row,
        &TraceSpec {
            filters: vec![app],
            ..spec(stamp("t"))
        },
        &["no row passes the filters: expected rows with `channel` one of `App`, `Web`"],
    );
    check_errors(
        row,
        &TraceSpec {
            from: date("2016-02-01"),
            ..spec(stamp("t"))
        },
        &["no row lies in the window from 2016-02-01 on: \
           expected a window that meets the trace, 2015-02-04 to 2015-02-04"],
    );
}

#[test]
fn too_many_names_are_told_once() {
    let rows = (0..70_000).map(|i| format!("{},n{i}\n", 1_423_040_467 + i));
    let csv = format!("t,id\n{}", rows.collect::<String>());
    check_errors(
        &csv,
        &spec(stamp("t").category("id")),
        &[
            "line 65538, column 2: `n65536` is one name too many in this column: \
           expected at most 65536 different names (is it the right column?)",
        ],
    );
}

#[test]
fn twenty_mistakes_are_shown_and_the_rest_counted() {
    let csv = format!("t\n2015-02-04 09:00:00\n{}", "soon\n".repeat(30));
    let errors = Trace::read(csv.as_bytes(), &spec(stamp("t"))).expect_err("mistakes");
    assert_eq!((errors.shown().len(), errors.total()), (20, 30));
    assert!(errors.to_string().ends_with("\nand 10 more"));
}

#[test]
fn broken_rows_may_be_left_out_and_are_counted_by_kind() {
    let csv =
        "t,c\n2015-02-04 09:00:00,a\nsoon,b\n2015-02-04 09:00:01\n2015-02-04 09:00:02,a\nlater,b\n";
    let trace = read(
        csv,
        &TraceSpec {
            on_bad_row: OnBadRow::Skip,
            ..spec(stamp("t").category("c"))
        },
    );
    assert_eq!(trace.events.len(), 2);
    assert_eq!(trace.categories, ["a"]);
    let skipped: Vec<_> = trace
        .report
        .skipped
        .by_kind()
        .iter()
        .map(|(&kind, &count)| (kind, count))
        .collect();
    assert_eq!(
        skipped,
        [(TraceErrorKind::FieldCount, 1), (TraceErrorKind::Time, 2)]
    );
    assert_eq!(trace.report.skipped.shown()[0].line, 3);
    assert_eq!(trace.report.rows, 5);
}

#[test]
fn a_broken_gzip_file_is_no_trace() {
    let errors = Trace::read(&[0x1f, 0x8b, 8, 0], &spec(stamp("t"))).expect_err("mistakes");
    assert_eq!(errors.shown()[0].kind, TraceErrorKind::Unreadable);
}

#[test]
fn a_real_snow_day_is_read() {
    let csv = include_str!("../../../tests/fixtures/boston311_2015-02-04.csv");
    let columns = Columns {
        ward: Some("ward".into()),
        channel: Some("channel".into()),
        ..stamp("ts_local").category("category")
    };
    let trace = read(csv, &spec(columns));
    assert_eq!(trace.events.len(), csv.lines().count() - 1);
    assert_eq!(trace.origin.to_string(), "2015-02-04T00:00:00");
    let snow = trace
        .categories
        .iter()
        .position(|name| name == "Sidewalk Not Shoveled");
    let share = |event: &&TraceEvent| Some(usize::from(event.category)) == snow;
    assert!(trace.events.iter().filter(share).count() * 2 > trace.events.len());
}
