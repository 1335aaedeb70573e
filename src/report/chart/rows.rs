//! How does a panel with one row for each name look? Names on the left, values along a horizontal axis.

use plotters::style::RGBColor;

use super::drawing::{Anchor, LABEL, Mark, RIGHT, TICK, Type, fitted};
use super::layout::{Labels, heading};
use super::palette::{AXIS, GRID};
use super::scale::{Scale, Unit};

const NAMES: f64 = 330.0;
const TICK_ROW: f64 = 42.0;

/// A panel of rows.
pub(super) struct RowPanel<'a> {
    marks: &'a mut Vec<Mark>,
    top: f64,
    bottom: f64,
    right: f64,
    rows: usize,
    scale: Scale,
}

impl<'a> RowPanel<'a> {
    /// Draws heading, legend, grid and ticks between the edges of the slot; `margin` is kept free at the right for values in words.
    pub(super) fn open(
        marks: &'a mut Vec<Mark>,
        slot: (f64, f64),
        labels: Labels<'_>,
        (rows, margin): (usize, f64),
        scale: Scale,
    ) -> Self {
        let top = heading(marks, slot.0, labels.heading, labels.legend);
        let mut panel = Self {
            marks,
            top,
            bottom: slot.1 - TICK_ROW,
            right: RIGHT - margin,
            rows: rows.max(1),
            scale,
        };
        panel.grid(labels.unit);
        panel
    }

    fn grid(&mut self, unit: Unit) {
        let bottom = self.bottom;
        for tick in self.scale.ticks(unit) {
            let x = self.x(tick);
            self.marks
                .push(Mark::line((x, self.top), (x, bottom), 1.0, GRID));
            self.marks.push(Mark::text(
                (x, bottom + 23.0),
                Anchor::Middle,
                unit.label(tick),
                TICK,
            ));
        }
        self.marks
            .push(Mark::line((NAMES, bottom), (self.right, bottom), 1.0, AXIS));
    }

    /// Where a value stands.
    pub(super) fn x(&self, value: f64) -> f64 {
        NAMES + (self.right - NAMES) * self.scale.place(value)
    }

    /// The middle of a row.
    pub(super) fn y(&self, row: usize) -> f64 {
        self.top + (self.bottom - self.top) * (row as f64 + 0.5) / self.rows as f64
    }

    /// Half the height of what is drawn in a row.
    fn half(&self) -> f64 {
        ((self.bottom - self.top) / self.rows as f64 * 0.36).min(16.0)
    }

    /// The name at the left of a row.
    pub(super) fn name(&mut self, row: usize, text: &str, style: Type) {
        let text = fitted(text, style, NAMES - 50.0);
        let at = (NAMES - 14.0, self.y(row) + 6.0);
        self.marks.push(Mark::text(at, Anchor::End, text, style));
    }

    /// Words at the right of a row.
    pub(super) fn remark(&mut self, row: usize, text: &str) {
        let at = (self.right + 14.0, self.y(row) + 6.0);
        self.marks.push(Mark::text(at, Anchor::Start, text, LABEL));
    }

    /// Parts side by side from zero on.
    pub(super) fn bar(&mut self, row: usize, parts: &[(RGBColor, f64)]) {
        let (middle, half) = (self.y(row), self.half());
        let mut from = 0.0;
        for &(color, value) in parts {
            let to = from + value;
            if value > 0.0 {
                self.marks.push(Mark::Rect {
                    from: (self.x(from), middle - half),
                    to: (self.x(to), middle + half),
                    color,
                });
            }
            from = to;
        }
    }

    /// A line from one value to another.
    pub(super) fn range(
        &mut self,
        row: usize,
        (low, high): (f64, f64),
        width: f64,
        color: RGBColor,
    ) {
        let y = self.y(row);
        let (from, to) = ((self.x(low), y), (self.x(high), y));
        self.marks.push(Mark::line(from, to, width, color));
    }

    /// A dot at a value.
    pub(super) fn dot(&mut self, row: usize, value: f64, radius: f64, color: RGBColor) {
        self.marks.push(Mark::Dot {
            at: (self.x(value), self.y(row)),
            radius,
            color,
        });
    }

    /// A line across all rows at a value.
    pub(super) fn rule(&mut self, value: f64, color: RGBColor) {
        let x = self.x(value);
        self.marks
            .push(Mark::line((x, self.top), (x, self.bottom), 1.5, color));
    }
}
