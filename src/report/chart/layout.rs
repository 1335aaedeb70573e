//! Where do panels stand, and what is written above them? Slots, headings and legends; a legend never covers data.

use plotters::style::RGBColor;

use super::drawing::{Anchor, HEADER, HEADING, HEIGHT, LABEL, LEFT, Mark, Point, RIGHT, fitted};
use super::font;
use super::scale::Unit;

const HEADING_ROW: f64 = 44.0;
const LEGEND_ROW: f64 = 25.0;
const SWATCH: f64 = 24.0;
const KEY_GAP: f64 = 26.0;
const KEY_ROOM: f64 = 330.0;

/// How a legend shows what it explains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Swatch {
    /// A line of the data.
    Line,
    /// A filled area.
    Fill,
    /// A dot.
    Dot,
}

/// An entry of a legend.
#[derive(Clone, Debug)]
pub(super) struct Key {
    label: String,
    color: RGBColor,
    swatch: Swatch,
}

impl Key {
    /// An entry; a label too long is cut.
    pub(super) fn new(label: &str, color: RGBColor, swatch: Swatch) -> Self {
        Self {
            label: fitted(label, LABEL, KEY_ROOM),
            color,
            swatch,
        }
    }

    fn width(&self) -> f64 {
        SWATCH + 8.0 + font::width(&self.label, LABEL)
    }

    /// Draws the entry with its text on the base line at `at`.
    fn draw(self, marks: &mut Vec<Mark>, (x, y): Point) {
        let color = self.color;
        marks.push(match self.swatch {
            Swatch::Line => Mark::line((x, y - 6.0), (x + SWATCH, y - 6.0), 3.0, color),
            Swatch::Fill => Mark::Rect {
                from: (x, y - 13.0),
                to: (x + SWATCH, y + 1.0),
                color,
            },
            Swatch::Dot => Mark::Dot {
                at: (x + SWATCH / 2.0, y - 6.0),
                radius: 5.0,
                color,
            },
        });
        let at = (x + SWATCH + 8.0, y);
        marks.push(Mark::text(at, Anchor::Start, self.label, LABEL));
    }
}

/// What stands around a panel.
#[derive(Debug)]
pub(super) struct Labels<'a> {
    /// What is shown, and in which unit.
    pub heading: &'a str,
    /// What the colours mean.
    pub legend: Vec<Key>,
    /// What the values are.
    pub unit: Unit,
}

/// Panels below each other: upper and lower edges in proportion to the weights.
pub(super) fn slots<const N: usize>(weights: [f64; N]) -> [(f64, f64); N] {
    let whole = HEIGHT - HEADER - 10.0;
    let sum: f64 = weights.iter().sum();
    let mut top = HEADER;
    weights.map(|weight| {
        let slot = (top, top + whole * weight / sum);
        top = slot.1;
        slot
    })
}

/// Draws heading and legend from `top` down and returns where the data may begin. A legend that fits stands to the right of the heading,
/// else in rows of its own.
pub(super) fn heading(marks: &mut Vec<Mark>, top: f64, heading: &str, legend: Vec<Key>) -> f64 {
    let base = top + 24.0;
    marks.push(Mark::text(
        (LEFT - 84.0, base),
        Anchor::Start,
        heading,
        HEADING,
    ));
    let taken = LEFT - 84.0 + font::width(heading, HEADING) + 2.0 * KEY_GAP;
    let rows = rows_of(legend, RIGHT - LEFT);
    if let [(_, width)] = rows.as_slice()
        && taken + width <= RIGHT
    {
        let start = RIGHT - width;
        rows.into_iter()
            .for_each(|(row, _)| draw_row(marks, row, (start, base)));
        return top + HEADING_ROW;
    }
    let mut base = base;
    for (row, _) in rows {
        base += LEGEND_ROW;
        draw_row(marks, row, (LEFT, base));
    }
    base - 24.0 + HEADING_ROW
}

/// Fills rows of at most `room`, each with its width.
fn rows_of(legend: Vec<Key>, room: f64) -> Vec<(Vec<Key>, f64)> {
    let mut rows: Vec<(Vec<Key>, f64)> = Vec::new();
    for key in legend {
        let width = key.width();
        match rows.last_mut() {
            Some((row, taken)) if *taken + KEY_GAP + width <= room => {
                *taken += KEY_GAP + width;
                row.push(key);
            }
            _ => rows.push((vec![key], width)),
        }
    }
    rows
}

fn draw_row(marks: &mut Vec<Mark>, row: Vec<Key>, (mut x, y): Point) {
    for key in row {
        let width = key.width();
        key.draw(marks, (x, y));
        x += width + KEY_GAP;
    }
}
