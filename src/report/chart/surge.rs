//! What happened around the peak? The same panels over two days instead of weeks, where a surge is more than a needle.

use std::ops::Range;

use super::panel::TimeAxis;
use super::{Chart, layout, starvation, traffic};
use crate::metrics::RunResult;
use crate::metrics::result::{SeriesResult, ServiceSeries};
use crate::report::findings;

const HOUR_US: u64 = 3_600_000_000;
const BEFORE_US: u64 = 12 * HOUR_US;
const AFTER_US: u64 = 36 * HOUR_US;

/// The chart; none of a run too short to look closer at, or without traffic.
pub(super) fn chart(result: &RunResult) -> Option<Chart> {
    if result.provenance.duration_us < 2 * (BEFORE_US + AFTER_US) {
        return None;
    }
    let (peak, _) = findings::peak(&findings::total_ended(result))?;
    let near = around(result, peak);
    let axis = TimeAxis::of(&near);
    let [above, middle, below] = layout::slots([0.8, 1.1, 0.9]);
    let mut marks = Vec::new();
    traffic::requests(&mut marks, &axis, above, &near.series.services);
    traffic::latency(&mut marks, &axis, middle, &near);
    starvation::pending(&mut marks, &axis, below, &near);
    Some(Chart {
        name: "peak",
        title: "The busiest hours, closer".to_owned(),
        caption: findings::aftermath(&near),
        marks,
    })
}

/// The run as if it had begun twelve hours before a bucket and ended a day and a half after it.
fn around(result: &RunResult, bucket: usize) -> RunResult {
    let width = result.series.bucket_us;
    let buckets = |span_us: u64| (span_us / width) as usize;
    let first = bucket.saturating_sub(buckets(BEFORE_US));
    let last = (bucket + buckets(AFTER_US)).min(result.series.starving.len());
    let mut near = result.clone();
    near.nodes.clear();
    let start = TimeAxis::of(result).clock.at(first as u64 * width);
    near.provenance.start = start.to_string();
    near.provenance.duration_us = (last - first) as u64 * width;
    near.series = cut(&result.series, first..last);
    near
}

/// The buckets of a range.
fn cut(series: &SeriesResult, range: Range<usize>) -> SeriesResult {
    fn named<T: Clone>(levels: &[(String, Vec<T>)], range: &Range<usize>) -> Vec<(String, Vec<T>)> {
        levels
            .iter()
            .map(|(name, values)| (name.clone(), values[range.clone()].to_vec()))
            .collect()
    }
    let service = |service: &ServiceSeries| ServiceSeries {
        name: service.name.clone(),
        ended: service.ended[range.clone()].to_vec(),
        failed: service.failed[range.clone()].to_vec(),
        p50_us: service.p50_us[range.clone()].to_vec(),
        p99_us: service.p99_us[range.clone()].to_vec(),
        starved: service.starved[range.clone()].to_vec(),
        desired: service.desired[range.clone()].to_vec(),
        ready: service.ready[range.clone()].to_vec(),
    };
    SeriesResult {
        bucket_us: series.bucket_us,
        services: series.services.iter().map(service).collect(),
        queues: named(&series.queues, &range),
        nodes: named(&series.nodes, &range),
        pending: named(&series.pending, &range),
        starving: series.starving[range.clone()].to_vec(),
        cpu_missed: series.cpu_missed[range.clone()].to_vec(),
        cost: named(&series.cost, &range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_cut_begins_half_a_day_before_the_peak() {
        let result = fixture::four_weeks();
        let near = around(&result, 200);
        assert_eq!(near.provenance.duration_us, BEFORE_US + AFTER_US);
        assert_eq!(
            near.provenance.start,
            "2026-02-04T06:40:00+05:30[Asia/Kolkata]"
        );
        assert_eq!(
            near.series.services[0].ended[36],
            result.series.services[0].ended[200]
        );
    }

    #[test]
    fn short_runs_need_no_closer_look() {
        assert!(chart(&fixture::three_days()).is_none());
    }
}
