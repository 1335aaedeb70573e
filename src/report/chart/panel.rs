//! How does a panel over time look? A light grid with dates below and values on the left, and the data inside.

use plotters::style::RGBColor;

use super::downsample::{lines, runs};
use super::drawing::{Anchor, LABEL, LEFT, Mark, RIGHT, TICK, Type};
use super::font;
use super::layout::{Labels, heading};
use super::palette::{AXIS, GRID, MUTED};
use super::scale::{Scale, Unit};
use crate::metrics::RunResult;
use crate::report::clock::Clock;

const TICK_ROW: f64 = 42.0;
/// As many dates as fit side by side.
const DATES: usize = 15;
/// One column of the picture for every unit across.
const COLUMNS: usize = (RIGHT - LEFT) as usize;

/// The time axis all panels of a chart share.
#[derive(Debug)]
pub(super) struct TimeAxis {
    pub clock: Clock,
    pub span_us: u64,
    pub bucket_us: u64,
}

impl TimeAxis {
    /// The axis of a run: from its start to the end of its last bucket, or of its duration if it has none.
    pub(super) fn of(result: &RunResult) -> Self {
        Self {
            clock: Clock::new(&result.provenance),
            span_us: result.provenance.duration_us.max(1),
            bucket_us: result.series.bucket_us,
        }
    }

    /// The middle of a bucket.
    pub(super) fn middle(&self, bucket: usize) -> u64 {
        (bucket as u64 * self.bucket_us + self.bucket_us / 2).min(self.span_us)
    }

    /// Seconds of a bucket.
    pub(super) fn bucket_seconds(&self) -> f64 {
        self.bucket_us.max(1) as f64 / 1e6
    }
}

/// A panel over time.
pub(super) struct TimePanel<'a> {
    marks: &'a mut Vec<Mark>,
    axis: &'a TimeAxis,
    top: f64,
    bottom: f64,
    scale: Scale,
}

impl<'a> TimePanel<'a> {
    /// Draws heading, legend, grid and ticks between the edges of the slot.
    pub(super) fn open(
        marks: &'a mut Vec<Mark>,
        axis: &'a TimeAxis,
        slot: (f64, f64),
        labels: Labels<'_>,
        scale: Scale,
    ) -> Self {
        let top = heading(marks, slot.0, labels.heading, labels.legend);
        let mut panel = Self {
            marks,
            axis,
            top,
            bottom: slot.1 - TICK_ROW,
            scale,
        };
        panel.values(labels.unit);
        panel.dates();
        panel
    }

    fn values(&mut self, unit: Unit) {
        for tick in self.scale.ticks(unit) {
            let y = self.y(tick);
            self.marks
                .push(Mark::line((LEFT, y), (RIGHT, y), 1.0, GRID));
            self.marks.push(Mark::text(
                (LEFT - 12.0, y + 6.0),
                Anchor::End,
                unit.label(tick),
                TICK,
            ));
        }
    }

    fn dates(&mut self) {
        let bottom = self.bottom;
        let mut free = 0.0;
        for (at, label) in self.axis.clock.ticks(self.axis.span_us, DATES) {
            let x = self.x(at);
            self.marks
                .push(Mark::line((x, self.top), (x, bottom), 1.0, GRID));
            self.marks
                .push(Mark::line((x, bottom), (x, bottom + 6.0), 1.0, AXIS));
            let half = font::width(&label, TICK) / 2.0;
            let x = x.clamp(LEFT - 60.0 + half, RIGHT + 40.0 - half);
            if x - half >= free {
                free = x + half + 8.0;
                self.marks
                    .push(Mark::text((x, bottom + 23.0), Anchor::Middle, label, TICK));
            }
        }
        self.marks
            .push(Mark::line((LEFT, bottom), (RIGHT, bottom), 1.0, AXIS));
    }

    /// Where an instant stands.
    pub(super) fn x(&self, at_us: u64) -> f64 {
        LEFT + (RIGHT - LEFT) * (at_us as f64 / self.axis.span_us as f64).min(1.0)
    }

    /// Where a value stands.
    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * self.scale.place(value)
    }

    /// A line through one value a bucket; where there is none the line is broken, and a value alone is a dot.
    pub(super) fn line(&mut self, values: &[Option<f64>], width: f64, color: RGBColor) {
        for line in lines(values, COLUMNS) {
            let points: Vec<_> = line
                .into_iter()
                .map(|(bucket, value)| (self.x(self.axis.middle(bucket)), self.y(value)))
                .collect();
            self.marks.push(match points.as_slice() {
                &[at] => Mark::Dot {
                    at,
                    radius: width,
                    color,
                },
                _ => Mark::Path {
                    points,
                    width,
                    color,
                },
            });
        }
    }

    /// Layers on top of each other, the first at the bottom, one value a bucket. Where buckets are narrower than the picture's columns,
    /// the one with the highest total stands for its column, so that no peak is lost.
    pub(super) fn stack(&mut self, layers: &[(RGBColor, Vec<f64>)]) {
        let buckets = layers.iter().map(|(_, values)| values.len()).max();
        let total = |bucket: usize| -> f64 { layers.iter().map(|(_, layer)| layer[bucket]).sum() };
        let columns: Vec<(f64, f64, usize)> = runs(buckets.unwrap_or(0), COLUMNS / 2)
            .into_iter()
            .filter_map(|run| {
                let (from, to) = (run.start as u64, run.end as u64);
                let peak = run.max_by(|&a, &b| total(a).total_cmp(&total(b)))?;
                let width = self.axis.bucket_us;
                Some((self.x(from * width), self.x(to * width), peak))
            })
            .collect();
        let mut below = vec![0.0; columns.len()];
        for (color, layer) in layers {
            let above: Vec<f64> = columns
                .iter()
                .zip(&below)
                .map(|(&(_, _, bucket), under)| under + layer[bucket])
                .collect();
            self.band(&columns, &below, &above, *color);
            below = above;
        }
    }

    /// The area between two stepped lines, in as many pieces as there are stretches where they differ.
    fn band(
        &mut self,
        columns: &[(f64, f64, usize)],
        below: &[f64],
        above: &[f64],
        color: RGBColor,
    ) {
        let mut start = 0;
        while start < columns.len() {
            let filled = above[start] > below[start];
            let end = (start..columns.len())
                .find(|&column| (above[column] > below[column]) != filled)
                .unwrap_or(columns.len());
            if filled {
                let steps = |values: &[f64]| -> Vec<_> {
                    (start..end)
                        .flat_map(|column| {
                            let y = self.y(values[column]);
                            [(columns[column].0, y), (columns[column].1, y)]
                        })
                        .collect()
                };
                let mut outline = without_flat(steps(above));
                outline.extend(without_flat(steps(below)).into_iter().rev());
                self.marks.push(Mark::Area { outline, color });
            }
            start = end;
        }
    }

    /// Layers stacked over a period, as one bar with a hair of paper between it and its neighbours.
    pub(super) fn bar(&mut self, from_us: u64, to_us: u64, layers: &[(RGBColor, f64)]) {
        let (left, right) = (self.x(from_us), self.x(to_us));
        let gap = ((right - left) * 0.08).clamp(0.0, 3.0);
        let mut below = 0.0;
        for &(color, value) in layers {
            let above = below + value;
            if value > 0.0 {
                self.marks.push(Mark::Rect {
                    from: (left + gap, self.y(above)),
                    to: (right - gap, self.y(below)),
                    color,
                });
            }
            below = above;
        }
    }

    /// A dashed line at a value, named above its right end.
    pub(super) fn threshold(&mut self, value: f64, label: &str, color: RGBColor) {
        let y = self.y(value);
        let mut x = LEFT;
        while x < RIGHT {
            let end = (x + 9.0).min(RIGHT);
            self.marks.push(Mark::line((x, y), (end, y), 1.5, color));
            x += 15.0;
        }
        let style = Type {
            color,
            bold: true,
            ..TICK
        };
        self.marks.push(Mark::text(
            (RIGHT - 4.0, y - 6.0),
            Anchor::End,
            label,
            style,
        ));
    }

    /// Strokes along the lower edge at the buckets for which `marked` holds.
    pub(super) fn rug(&mut self, buckets: usize, marked: impl Fn(usize) -> bool, color: RGBColor) {
        for run in runs(buckets, COLUMNS / 2) {
            let (from, to) = (run.start as u64, run.end as u64);
            if run.into_iter().any(&marked) {
                let width = self.axis.bucket_us;
                let from = (self.x(from * width), self.bottom - 9.0);
                let to = (self.x(to * width).max(from.0 + 1.5), self.bottom - 1.0);
                self.marks.push(Mark::Rect { from, to, color });
            }
        }
    }

    /// A remark in the middle, for a panel without data.
    pub(super) fn remark(&mut self, text: &str) {
        let at = (
            f64::midpoint(LEFT, RIGHT),
            f64::midpoint(self.top, self.bottom) + 6.0,
        );
        let style = Type {
            color: MUTED,
            ..LABEL
        };
        self.marks.push(Mark::text(at, Anchor::Middle, text, style));
    }
}

/// Leaves out the points between equal heights.
fn without_flat(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    for point in points {
        if let [.., before, last] = kept.as_mut_slice()
            && before.1 == last.1
            && last.1 == point.1
        {
            *last = point;
        } else {
            kept.push(point);
        }
    }
    kept
}
