//! How do marks become a file? One drawing function over two of plotters' backends: SVG text, and pixels that are encoded as PNG.
//!
//! plotters draws at whole coordinates. Everything is drawn at twice the size of the sheet, which an SVG's view box shrinks and a box
//! filter averages into the picture: lines fall on half units, and edges are smooth.

use std::fmt::Display;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{RGBColor, ShapeStyle, TextStyle};

use super::drawing::{Anchor, HEIGHT, Mark, Point, Type, WIDTH};
use super::font;
use super::palette::PAPER;

const SCALE: u32 = 2;
const SHEET: (u32, u32) = (WIDTH as u32 * SCALE, HEIGHT as u32 * SCALE);

/// Done, or what the backend said.
type Drawn = Result<(), String>;

/// What differs between the backends.
trait Surface: DrawingBackend {
    /// Size to ask for, per em.
    const SIZE: f64;
    /// From the top anchor of a text down to its base line, in ems.
    const RISE: f64;

    /// Draws a line through points.
    fn stroke(&mut self, points: &[(i32, i32)], style: &ShapeStyle) -> Drawn;
}

impl Surface for SVGBackend<'_> {
    const SIZE: f64 = 1.24;
    const RISE: f64 = 0.76;

    fn stroke(&mut self, points: &[(i32, i32)], style: &ShapeStyle) -> Drawn {
        said(self.draw_path(points.iter().copied(), style))
    }
}

impl Surface for BitMapBackend<'_> {
    const SIZE: f64 = font::RASTER_SIZE;
    const RISE: f64 = font::RASTER_SIZE / 2.0;

    /// Segment by segment: the outline plotters makes of a whole path breaks where the path turns back on itself.
    fn stroke(&mut self, points: &[(i32, i32)], style: &ShapeStyle) -> Drawn {
        points
            .windows(2)
            .try_for_each(|ends| said(self.draw_line(ends[0], ends[1], style)))
    }
}

/// The marks as SVG elements, without the `svg` element around them.
pub(super) fn svg_elements(marks: &[Mark]) -> String {
    let mut text = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut text, SHEET);
        paint(&mut backend, marks);
    }
    let inner = text.find(">\n").map_or(0, |end| end + 2);
    text.truncate(text.rfind("</svg>").unwrap_or(text.len()));
    text.split_off(inner)
}

/// An `svg` element around elements, showing the sheet from `top` down; title and description are read aloud.
pub(super) fn svg(elements: &str, top: f64, title: &str, description: &str) -> String {
    let scale = f64::from(SCALE);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{WIDTH}\" height=\"{}\" \
         viewBox=\"0 {} {} {}\" stroke-linejoin=\"round\">\n\
         <title>{}</title>\n<desc>{}</desc>\n{elements}</svg>\n",
        HEIGHT - top,
        top * scale,
        WIDTH * scale,
        (HEIGHT - top) * scale,
        escaped(title),
        escaped(description),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The marks as a PNG of 1600 x 900.
pub(super) fn png(marks: &[Mark]) -> Vec<u8> {
    let mut pixels = vec![0xff; (SHEET.0 * SHEET.1 * 3) as usize];
    {
        let mut backend = BitMapBackend::with_buffer(&mut pixels, SHEET);
        paint(&mut backend, marks);
    }
    encode(&shrunk(&pixels))
}

/// Averages squares of `SCALE` pixels.
fn shrunk(pixels: &[u8]) -> Vec<u8> {
    let side = SCALE as usize;
    let row = SHEET.0 as usize * 3;
    let mut small = Vec::with_capacity(pixels.len() / (side * side));
    for band in pixels.chunks_exact(row * side) {
        for x in (0..row).step_by(3 * side) {
            for channel in 0..3 {
                let sum: usize = (0..side * side)
                    .map(|i| usize::from(band[i / side * row + x + i % side * 3 + channel]))
                    .sum();
                small.push((sum / (side * side)) as u8);
            }
        }
    }
    small
}

fn encode(pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SHEET.0 / SCALE, SHEET.1 / SCALE);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_filter(png::FilterType::Sub);
    encoder.set_compression(png::Compression::Best);
    let written = encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(pixels));
    assert!(written.is_ok(), "encoding into memory cannot fail");
    bytes
}

/// Draws on paper. Memory takes every mark and the font is embedded, so nothing of the user's can make this fail.
fn paint<S: Surface>(surface: &mut S, marks: &[Mark]) {
    let whole = (SHEET.0 as i32, SHEET.1 as i32);
    let done = said(surface.draw_rect((0, 0), whole, &PAPER, true))
        .and_then(|()| marks.iter().try_for_each(|mark| draw(surface, mark)))
        .and_then(|()| said(surface.present()));
    assert!(done.is_ok(), "drawing into memory failed: {done:?}");
}

fn said<E: Display>(result: Result<(), E>) -> Drawn {
    result.map_err(|error| error.to_string())
}

fn draw<S: Surface>(surface: &mut S, mark: &Mark) -> Drawn {
    match mark {
        Mark::Path {
            points,
            width,
            color,
        } => {
            let mut points: Vec<(i32, i32)> = points.iter().copied().map(scaled).collect();
            points.dedup();
            surface.stroke(&points, &stroke(*color, *width))
        }
        Mark::Area { outline, color } => {
            said(surface.fill_polygon(outline.iter().copied().map(scaled), color))
        }
        Mark::Rect { from, to, color } => {
            said(surface.draw_rect(scaled(*from), scaled(*to), color, true))
        }
        Mark::Dot { at, radius, color } => {
            let radius = (radius * f64::from(SCALE)).round() as u32;
            said(surface.draw_circle(scaled(*at), radius, color, true))
        }
        Mark::Text {
            at,
            anchor,
            text,
            style,
        } => write(surface, *at, *anchor, text, *style),
    }
}

fn write<S: Surface>(
    surface: &mut S,
    (x, y): Point,
    anchor: Anchor,
    text: &str,
    style: Type,
) -> Drawn {
    let horizontal = match anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let face = font::face(style.em * S::SIZE * f64::from(SCALE), style.bold);
    let style_at_top = TextStyle::from(face)
        .color(&style.color)
        .pos(Pos::new(horizontal, VPos::Top));
    let top = scaled((x, y - S::RISE * style.em));
    said(surface.draw_text(text, &style_at_top, top))
}

fn scaled((x, y): Point) -> (i32, i32) {
    let scale = f64::from(SCALE);
    ((x * scale).round() as i32, (y * scale).round() as i32)
}

fn stroke(color: RGBColor, width: f64) -> ShapeStyle {
    ShapeStyle {
        color: color.into(),
        filled: false,
        stroke_width: (width * f64::from(SCALE)).round().max(1.0) as u32,
    }
}
