//! What is to be drawn? Marks in the coordinates of a 1600 x 900 sheet, before any file format.

use plotters::style::RGBColor;

use super::font;
use super::palette::{INK, MUTED};

/// Width of the sheet.
pub(super) const WIDTH: f64 = 1_600.0;
/// Height of the sheet.
pub(super) const HEIGHT: f64 = 900.0;
/// Height of the title and the caption above the panels.
pub(super) const HEADER: f64 = 106.0;
/// Room on the left for tick labels.
pub(super) const LEFT: f64 = 112.0;
/// Right end of the panels.
pub(super) const RIGHT: f64 = WIDTH - 48.0;

/// Across and down, from the upper left corner.
pub(super) type Point = (f64, f64);

/// Which end of a text its point is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Type {
    /// Height of the em.
    pub em: f64,
    /// Whether it is bold.
    pub bold: bool,
    /// Its colour.
    pub color: RGBColor,
}

/// Titles of charts.
pub(super) const TITLE: Type = Type {
    em: 27.0,
    bold: true,
    color: INK,
};
/// The sentence below.
pub(super) const CAPTION: Type = Type {
    em: 18.0,
    bold: false,
    color: MUTED,
};
/// Titles of panels.
pub(super) const HEADING: Type = Type {
    em: 18.0,
    bold: true,
    color: INK,
};
/// Legends and labels of data.
pub(super) const LABEL: Type = Type {
    em: 17.0,
    bold: false,
    color: INK,
};
/// Labels of ticks.
pub(super) const TICK: Type = Type {
    em: 16.0,
    bold: false,
    color: MUTED,
};

/// One thing on the sheet.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Mark {
    /// A line through points.
    Path {
        points: Vec<Point>,
        width: f64,
        color: RGBColor,
    },
    /// A filled outline.
    Area {
        outline: Vec<Point>,
        color: RGBColor,
    },
    /// A filled rectangle between two corners.
    Rect {
        from: Point,
        to: Point,
        color: RGBColor,
    },
    /// A filled circle.
    Dot {
        at: Point,
        radius: f64,
        color: RGBColor,
    },
    /// A line of text; the point is on the base line.
    Text {
        at: Point,
        anchor: Anchor,
        text: String,
        style: Type,
    },
}

impl Mark {
    /// A line of text.
    pub(super) fn text(at: Point, anchor: Anchor, text: impl Into<String>, style: Type) -> Self {
        Self::Text {
            at,
            anchor,
            text: text.into(),
            style,
        }
    }

    /// A straight line.
    pub(super) fn line(from: Point, to: Point, width: f64, color: RGBColor) -> Self {
        Self::Path {
            points: vec![from, to],
            width,
            color,
        }
    }
}

/// Cuts a text so that it is at most `room` wide, with an ellipsis for what is gone.
pub(super) fn fitted(text: &str, style: Type, room: f64) -> String {
    if font::width(text, style) <= room {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while kept.pop().is_some() && font::width(&format!("{kept}…"), style) > room {}
    format!("{}…", kept.trim_end())
}

/// Breaks a text between words into a first line at most `room` wide and the rest.
pub(super) fn broken(text: &str, style: Type, room: f64) -> (&str, &str) {
    if font::width(text, style) <= room {
        return (text, "");
    }
    text.rmatch_indices(' ')
        .map(|(place, _)| (&text[..place], &text[place + 1..]))
        .find(|(first, _)| font::width(first, style) <= room)
        .unwrap_or((text, ""))
}
