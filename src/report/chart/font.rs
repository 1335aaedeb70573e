//! Which face is it set in, and how wide is a text? The embedded subset of DejaVu Sans, so that no machine's fonts matter.

use std::sync::Once;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

use super::drawing::Type;

/// The embedded face, and the one most like it for a viewer of SVG that has none.
const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";
const REGULAR: &[u8] = include_bytes!("../assets/DejaVuSans-subset.ttf");
const BOLD: &[u8] = include_bytes!("../assets/DejaVuSans-Bold-subset.ttf");

/// Ascent and descent of DejaVu Sans in ems: the size the rasterizer asks for.
pub(super) const RASTER_SIZE: f64 = 1.164;

/// The face of a text at a size in the units of the caller.
pub(super) fn face(size: f64, bold: bool) -> FontDesc<'static> {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        let regular = register_font(FAMILY, FontStyle::Normal, REGULAR);
        let heavy = register_font(FAMILY, FontStyle::Bold, BOLD);
        assert!(
            regular.is_ok() && heavy.is_ok(),
            "the embedded fonts are no fonts"
        );
    });
    let style = if bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    FontDesc::new(FontFamily::Name(FAMILY), size, style)
}

/// The width of a text on the sheet.
pub(super) fn width(text: &str, style: Type) -> f64 {
    /// Widths come in whole units: measured large, then brought down.
    const FINE: f64 = 16.0;
    let size = style.em * RASTER_SIZE * FINE;
    let measured = face(size, style.bold).box_size(text);
    f64::from(measured.map_or(0, |(width, _)| width)) / FINE
}

#[cfg(test)]
mod tests {
    use super::super::drawing::{HEADING, LABEL};
    use super::*;

    #[test]
    fn widths_add_up_and_bold_is_wider() {
        let one = width("requests", LABEL);
        assert!((50.0..100.0).contains(&one), "{one}");
        assert!((width("requestsrequests", LABEL) - 2.0 * one).abs() < 0.5);
        let bold = Type {
            em: LABEL.em,
            ..HEADING
        };
        assert!(width("requests", bold) > one);
    }

    #[test]
    fn every_sign_we_write_has_a_glyph() {
        for sign in "µσ–—…≈≤≥₹−•→éß×·".chars() {
            let text = sign.to_string();
            assert!(
                (width(&text, LABEL) - width("\u{4e2d}", LABEL)).abs() > 0.01,
                "{sign} is not in the subset"
            );
        }
    }
}
