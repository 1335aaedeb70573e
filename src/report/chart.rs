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
mod services;
mod starvation;
mod surface;
mod surge;
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
        surge::chart(result),
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

#[cfg(test)]
mod tests {
    use super::drawing::{HEIGHT, Point, Type, WIDTH};
    use super::*;
    use crate::report::fixture;

    fn results() -> [RunResult; 3] {
        [
            fixture::four_weeks(),
            fixture::three_days(),
            fixture::nothing(),
        ]
    }

    /// The left, right, upper and lower edge of a text.
    fn extent((x, y): Point, anchor: Anchor, text: &str, style: Type) -> [f64; 4] {
        let width = font::width(text, style);
        let left = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        [left, left + width, y - 0.72 * style.em, y + 0.2 * style.em]
    }

    fn texts(marks: &[Mark]) -> Vec<(&str, [f64; 4])> {
        marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Text {
                    at,
                    anchor,
                    text,
                    style,
                } => Some((text.as_str(), extent(*at, *anchor, text, *style))),
                _ => None,
            })
            .filter(|(text, _)| !text.is_empty())
            .collect()
    }

    #[test]
    fn no_text_covers_another_or_leaves_the_sheet() {
        for result in results() {
            for chart in all(&result) {
                let marks = chart.with_header();
                let texts = texts(&marks);
                for (place, (text, a)) in texts.iter().enumerate() {
                    assert!(
                        a[0] >= 0.0 && a[1] <= WIDTH && a[2] >= 0.0 && a[3] <= HEIGHT,
                        "{}: `{text}` at {a:?}",
                        chart.name
                    );
                    for (other, b) in &texts[place + 1..] {
                        let apart = a[1] <= b[0] || b[1] <= a[0] || a[3] <= b[2] || b[3] <= a[2];
                        assert!(apart, "{}: `{text}` on `{other}`", chart.name);
                    }
                }
            }
        }
    }

    #[test]
    fn data_stay_below_the_header_and_on_the_sheet() {
        let inside = |&(x, y): &Point| (0.0..=WIDTH).contains(&x) && (HEADER..=HEIGHT).contains(&y);
        for chart in results().iter().flat_map(all) {
            for mark in &chart.marks {
                let held = match mark {
                    Mark::Path { points, .. } => points.iter().all(inside),
                    Mark::Area { outline, .. } => outline.iter().all(inside),
                    Mark::Rect { from, to, .. } => inside(from) && inside(to),
                    Mark::Dot { at, .. } | Mark::Text { at, .. } => inside(at),
                };
                assert!(held, "{}: {mark:?}", chart.name);
            }
        }
    }

    #[test]
    fn a_chart_is_the_same_bytes_every_time() {
        let chart = traffic::chart(&fixture::three_days());
        assert!(chart.svg() == chart.svg() && chart.png() == chart.png());
    }

    #[test]
    fn a_picture_is_a_png_of_its_size() {
        let png = nodes::chart(&fixture::three_days()).png();
        let reader = png::Decoder::new(png.as_slice()).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (1_600, 900));
    }

    #[test]
    fn what_did_not_happen_is_said() {
        let charts = all(&fixture::nothing());
        let starvation = charts.iter().find(|chart| chart.name == "starvation");
        let svg = starvation.unwrap().svg();
        assert!(svg.contains("No pod was Pending") && svg.contains("Nobody starved."));
        assert!(charts.iter().all(|chart| chart.name != "queues"));
    }
}
