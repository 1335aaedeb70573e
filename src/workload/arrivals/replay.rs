//! What if the same complaints came, only more of them? Scales a trace by superposition.
//!
//! Every row is sent `scale` times. Repeating it in place would turn each complaint into a burst,
//! and the variance of a minute's count would grow with the square of the scale. Instead each copy
//! is displaced by a draw of its own. What real traffic has is kept: Poisson within the hour, since
//! displacements are independent, and the level of the hour and the surge, since they are longer
//! than the displacement. The first copy stands where the trace has it, so a scale of one is the
//! trace itself.
//!
//! A displacement beyond an end of the trace is mirrored back: no arrival is lost there and none
//! gained.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Arrival, ArrivalId, CategoryMap};
use crate::des::{Purpose, SimDuration, SimTime, StreamKey};
use crate::workload::trace::{Trace, TraceEvent};

/// The largest scale: copies are numbered in 16 bits.
pub const SCALE_MAX: f64 = 65_535.0;

/// Which number of an arrival's [`Purpose::TraceJitter`] key decides what.
const DRAW_DISPLACEMENT: u64 = 0;
const DRAW_THINNING: u64 = 1;

/// How a trace is replayed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ReplaySpec {
    /// The number of this source of arrivals.
    pub source: u16,
    /// Arrivals for each row, 0 to [`SCALE_MAX`]. Of the last copy a fractional share is kept.
    pub scale: f64,
    /// Displacement of a copy in either direction at most, uniform.
    pub jitter: SimDuration,
    /// Time since [`Trace::origin`] that is simulated time zero; what was before is left out. With
    /// a start at six in the morning this is six hours.
    pub start: SimDuration,
}

impl ReplaySpec {
    /// The displacement that keeps hours apart and makes the minutes of an hour alike.
    pub const JITTER: SimDuration = SimDuration::from_secs(30 * 60);
}

/// A trace as a stream of arrivals. Memory: the arrivals within one displacement of the present.
#[derive(Clone, Debug)]
pub struct Replay<'a> {
    events: &'a [TraceEvent],
    span: SimDuration,
    categories: &'a CategoryMap,
    spec: ReplaySpec,
    seed: u64,
    next_row: usize,
    /// Copies of the rows read so far that are still to come, by trace time.
    ahead: BinaryHeap<Reverse<(SimDuration, ArrivalId)>>,
}

impl<'a> Replay<'a> {
    /// Replays `trace`, its categories translated by `categories`.
    #[must_use]
    pub fn new(trace: &'a Trace, categories: &'a CategoryMap, spec: ReplaySpec, seed: u64) -> Self {
        assert!(
            (0.0..=SCALE_MAX).contains(&spec.scale),
            "a scale of {}",
            spec.scale
        );
        assert!(
            u32::try_from(trace.events.len()).is_ok(),
            "rows are numbered in 32 bits"
        );
        let spec = ReplaySpec {
            jitter: spec.jitter.min(trace.span),
            ..spec
        };
        Self {
            events: &trace.events,
            span: trace.span,
            categories,
            spec,
            seed,
            next_row: trace
                .events
                .partition_point(|event| event.at + spec.jitter < spec.start),
            ahead: BinaryHeap::new(),
        }
    }

    /// Puts the copies of the next row ahead.
    fn read_row(&mut self) {
        let at = self.events[self.next_row].at;
        let copies = self.spec.scale.ceil() as u32;
        let last_share = self.spec.scale - (self.spec.scale.ceil() - 1.0);
        for copy in 0..copies {
            let id = ArrivalId::of_row(self.spec.source, self.next_row as u32, copy as u16);
            let key = StreamKey {
                seed: self.seed,
                purpose: Purpose::TraceJitter,
                entity: id.entity(),
            };
            if copy + 1 == copies && key.uniform(DRAW_THINNING) >= last_share {
                continue;
            }
            let at = if copy == 0 {
                at
            } else {
                self.displace(at, key)
            };
            if at >= self.spec.start {
                self.ahead.push(Reverse((at, id)));
            }
        }
        self.next_row += 1;
    }

    fn displace(&self, at: SimDuration, key: StreamKey) -> SimDuration {
        let (at, jitter, span) = (
            at.as_micros(),
            self.spec.jitter.as_micros(),
            self.span.as_micros(),
        );
        let displaced = (at + key.below(DRAW_DISPLACEMENT, 2 * jitter + 1)).abs_diff(jitter);
        SimDuration::from_micros(if displaced < span {
            displaced
        } else {
            2 * span - 1 - displaced
        })
    }

    /// Whether no row still unread can come before or with the first arrival ahead.
    fn first_is_known(&self) -> bool {
        match (self.ahead.peek(), self.events.get(self.next_row)) {
            (Some(&Reverse((first, _))), Some(event)) => {
                first < event.at.saturating_sub(self.spec.jitter)
            }
            (_, next) => next.is_none(),
        }
    }
}

impl Iterator for Replay<'_> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        while !self.first_is_known() {
            self.read_row();
        }
        let Reverse((at, id)) = self.ahead.pop()?;
        let key = StreamKey {
            seed: self.seed,
            purpose: Purpose::Category,
            entity: id.entity(),
        };
        let category = self.categories.draw(self.events[id.row()].category, key);
        Some(Arrival {
            at: SimTime::ZERO + (at - self.spec.start),
            id,
            category,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Columns, TimeColumn, TraceSpec};

    const HOUR: u64 = 3_600;

    fn trace(csv: &str) -> Trace {
        let columns = Columns::new(TimeColumn::Stamp("time".into())).category("category");
        let spec = TraceSpec::new(columns, "America/New_York");
        Trace::read(csv.as_bytes(), &spec).expect("a trace")
    }

    /// Two days of bursts: every third minute of the day brings as many complaints as the hour has
    /// passed noon.
    fn bursty() -> Trace {
        let mut csv = "time,category\n".to_owned();
        for minute in (0..2 * 24 * 60).step_by(3) {
            let (day, hour) = (1 + minute / 1_440, minute / 60 % 24);
            for _ in 0..hour.max(12) - 11 {
                csv += &format!("2015-02-{day:02} {hour:02}:{:02}:30,Snow\n", minute % 60);
            }
        }
        trace(&csv)
    }

    fn replay(trace: &Trace, scale: f64, start: u64) -> Vec<Arrival> {
        let spec = ReplaySpec {
            source: 0,
            scale,
            jitter: ReplaySpec::JITTER,
            start: SimDuration::from_secs(start),
        };
        Replay::new(trace, &CategoryMap::identity(trace), spec, 9).collect()
    }

    fn counts(arrivals: &[Arrival], cell_secs: u64, cells: usize) -> Vec<f64> {
        let mut counts = vec![0.0; cells];
        arrivals.iter().for_each(|arrival| {
            counts[(arrival.at.as_secs_f64() as u64 / cell_secs) as usize] += 1.0
        });
        counts
    }

    /// Expected counts of a displaced copy of every row, by minute.
    fn smoothed(trace: &Trace) -> Vec<f64> {
        let minutes = trace.span.as_secs() as usize / 60;
        let mut expected = vec![0.0; minutes];
        for event in &trace.events {
            let at = event.at.as_secs_f64() / 60.0;
            for minute in (at - 30.0).floor() as i64..=(at + 30.0).floor() as i64 {
                let overlap = (minute as f64 + 1.0).min(at + 30.0) - (minute as f64).max(at - 30.0);
                let mirrored = if minute < 0 {
                    -1 - minute
                } else {
                    minute.min(2 * minutes as i64 - 1 - minute)
                };
                expected[mirrored as usize] += overlap / 60.0;
            }
        }
        expected
    }

    #[test]
    fn a_scale_of_one_is_the_trace() {
        let trace = bursty();
        let arrivals = replay(&trace, 1.0, 0);
        let times: Vec<_> = arrivals
            .iter()
            .map(|arrival| arrival.at - SimTime::ZERO)
            .collect();
        assert_eq!(
            times,
            trace
                .events
                .iter()
                .map(|event| event.at)
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn superposed_copies_are_poisson_around_the_smoothed_trace() {
        let trace = bursty();
        let copies = 100.0;
        let all = replay(&trace, copies + 1.0, 0);
        assert!(all.is_sorted_by_key(|arrival| (arrival.at, arrival.id)));
        let displaced: Vec<_> = all
            .into_iter()
            .filter(|arrival| arrival.id.entity() & 0xffff != 0)
            .collect();
        let expected = smoothed(&trace);
        let minutes = counts(&displaced, 60, expected.len());
        // Variance over mean of the minutes; copies made in place would have it near one hundred.
        let dispersion = minutes
            .iter()
            .zip(&expected)
            .map(|(count, mean)| (count - copies * mean).powi(2) / (copies * mean));
        let dispersion = dispersion.sum::<f64>() / expected.len() as f64;
        assert!((0.9..1.1).contains(&dispersion), "{dispersion}");
        for (hour, mean) in expected
            .chunks_exact(60)
            .map(|hour| copies * hour.iter().sum::<f64>())
            .enumerate()
        {
            let count: f64 = minutes[60 * hour..60 * (hour + 1)].iter().sum();
            assert!(
                (count - mean).abs() < 4.0 * mean.sqrt(),
                "hour {hour}: {count} instead of {mean}"
            );
        }
    }

    #[test]
    fn nobody_is_lost_at_the_ends() {
        let trace = trace("time,category\n2015-02-01 00:00:00,Snow\n2015-02-01 23:59:59,Snow\n");
        let arrivals = replay(&trace, 500.0, 0);
        assert_eq!(arrivals.len(), 1_000);
        assert!(
            arrivals
                .iter()
                .all(|arrival| arrival.at < SimTime::from_secs(24 * HOUR))
        );
    }

    #[test]
    fn a_fraction_thins_the_last_copy_alone() {
        let trace = bursty();
        let rows = trace.events.len();
        let (two, some, three) = (
            replay(&trace, 2.0, 0),
            replay(&trace, 2.25, 0),
            replay(&trace, 3.0, 0),
        );
        assert_eq!((two.len(), three.len()), (2 * rows, 3 * rows));
        let kept = (some.len() - two.len()) as f64 / rows as f64;
        assert!(
            (kept - 0.25).abs() < 4.0 * (0.25 * 0.75 / rows as f64).sqrt(),
            "{kept}"
        );
        // A larger scale adds arrivals and moves none.
        assert!(two.iter().all(|arrival| some.contains(arrival)));
        assert!(some.iter().all(|arrival| three.contains(arrival)));
        assert!(replay(&trace, 0.0, 0).is_empty());
    }

    #[test]
    fn a_later_start_leaves_out_what_was_before() {
        let trace = bursty();
        let whole = replay(&trace, 3.0, 0);
        let later = replay(&trace, 3.0, 18 * HOUR);
        let start = SimTime::from_secs(18 * HOUR);
        let expected: Vec<_> = whole
            .into_iter()
            .filter(|arrival| arrival.at >= start)
            .map(|arrival| Arrival {
                at: SimTime::ZERO + (arrival.at - start),
                ..arrival
            })
            .collect();
        assert_eq!(later, expected);
    }
}
