//! Where in a table read beside the scenario does something stand?

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::scenario::source::{FileId, Positions, Span};

/// The text of a file, which may be compressed.
pub(super) fn plain(bytes: &[u8]) -> String {
    let mut plain = Vec::new();
    let unpacked = MultiGzDecoder::new(bytes).read_to_end(&mut plain).is_ok();
    String::from_utf8_lossy(if unpacked { &plain } else { bytes }).into_owned()
}

/// The lines of a table.
pub(super) struct Lines<'t> {
    text: &'t str,
    positions: Positions,
}

impl<'t> Lines<'t> {
    pub(super) fn new(file: FileId, text: &'t str) -> Self {
        Self {
            text,
            positions: Positions::new(file, text),
        }
    }

    /// The field in this line and column, both from 1, or the whole line for column 0.
    pub(super) fn span(&self, line: u64, column: u32) -> Span {
        let before = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut lines = self.text.split_inclusive('\n');
        let start: usize = lines
            .by_ref()
            .take(before)
            .map(|line| line.chars().count())
            .sum();
        let line = lines.next().unwrap_or_default().trim_end();
        let (from, to) = match column {
            0 => (0, line.chars().count()),
            column => field(line, column as usize - 1),
        };
        self.positions.span(start + from, start + to)
    }
}

/// Where a field stands in a line, in characters; the whole line if it has no such field. Quotes protect separators.
fn field(line: &str, wanted: usize) -> (usize, usize) {
    let mut quoted = false;
    let mut starts = vec![0];
    let mut ends = Vec::new();
    for (at, c) in line.chars().enumerate() {
        match c {
            '"' => quoted = !quoted,
            ',' | ';' | '\t' | '|' if !quoted => {
                ends.push(at);
                starts.push(at + 1);
            }
            _ => {}
        }
    }
    let length = line.chars().count();
    ends.push(length);
    starts
        .get(wanted)
        .copied()
        .zip(ends.get(wanted).copied())
        .unwrap_or((0, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_between_separators_outside_quotes() {
        assert_eq!(field("a,\"b,c\",d", 1), (2, 7));
        assert_eq!(field("a,\"b,c\",d", 2), (8, 9));
        assert_eq!(field("a;b", 7), (0, 3));
    }
}
