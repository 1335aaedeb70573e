//! What does the run look like? Charts as SVG and PNG from one list of marks each: the same bytes every time, no system fonts.
//!
//! A chart is made in two steps. Its module turns a result into marks on a 1600 x 900 sheet, which cannot fail; `surface` then draws the
//! marks with plotters on either backend.

mod attribution;
pub mod compare;
mod cost;
mod downsample;
mod drawing;
mod font;
mod layout;
mod nodes;
mod palette;
mod panel;
mod queues;
mod rows;
mod scale;
mod starvation;
mod surface;
mod traffic;

use crate::metrics::RunResult;
use drawing::{Anchor, CAPTION, HEADER, LEFT, Mark, RIGHT, TITLE, broken, fitted};

/// A chart: what it is called, what it tells, and its marks.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Stem of its file names.
    pub name: &'static str,
    /// What is shown.
    pub title: String,
    /// What is to be seen in it: one sentence, computed from the data.
    pub caption: String,
    marks: Vec<Mark>,
}

/// Every chart a run has data for.
#[must_use]
pub fn all(result: &RunResult) -> Vec<Chart> {
    [
        Some(traffic::chart(result)),
        Some(nodes::chart(result)),
        Some(starvation::chart(result)),
        Some(cost::chart(result)),
        Some(attribution::chart(result)),
        queues::chart(result),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Chart {
    /// A file of its own, with title and caption.
    #[must_use]
    pub fn svg(&self) -> String {
        let elements = surface::svg_elements(&self.with_header());
        surface::svg(&elements, 0.0, &self.title, &self.caption)
    }

    /// For a page that writes title and caption itself.
    #[must_use]
    pub fn svg_inline(&self) -> String {
        let elements = surface::svg_elements(&self.marks);
        surface::svg(&elements, HEADER, &self.title, &self.caption)
    }

    /// A picture of 1600 x 900, with title and caption.
    #[must_use]
    pub fn png(&self) -> Vec<u8> {
        surface::png(&self.with_header())
    }

    fn with_header(&self) -> Vec<Mark> {
        let left = LEFT - 84.0;
        let line = |y, text: &str, style| {
            let text = fitted(text, style, RIGHT - left);
            Mark::text((left, y), Anchor::Start, text, style)
        };
        let (first, rest) = broken(&self.caption, CAPTION, RIGHT - left);
        let mut marks = vec![
            line(42.0, &self.title, TITLE),
            line(70.0, first, CAPTION),
            line(94.0, rest, CAPTION),
        ];
        marks.extend_from_slice(&self.marks);
        marks
    }
}
