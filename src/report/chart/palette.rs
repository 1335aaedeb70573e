//! Which colour is it? The colour-blind-safe set of Okabe and Ito, and the greys of paper and print.

use plotters::style::RGBColor;

/// Titles and values.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x26, 0x2b);
/// Tick labels and remarks.
pub(super) const MUTED: RGBColor = RGBColor(0x5c, 0x64, 0x6d);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xe4, 0xe7, 0xea);
/// Axis lines.
pub(super) const AXIS: RGBColor = RGBColor(0x9a, 0xa1, 0xa8);
/// Behind everything.
pub(super) const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);
/// What went wrong.
pub(super) const ALARM: RGBColor = RGBColor(0xd5, 0x5e, 0x00);

/// Neighbours in this order are told apart by the colour-blind; the last ones are for what is rarely seen.
const SERIES: [RGBColor; 8] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x7a, 0x5a, 0x3c),
    RGBColor(0x8d, 0x93, 0x9a),
];

/// The colour of the n-th series of a chart.
pub(super) fn series(place: usize) -> RGBColor {
    SERIES[place % SERIES.len()]
}

/// The same hue, halfway to paper.
pub(super) fn faint(RGBColor(r, g, b): RGBColor) -> RGBColor {
    let halfway = |part: u8| u8::midpoint(part, 0xff);
    RGBColor(halfway(r), halfway(g), halfway(b))
}
