//! Which file, and where in it?

use std::ops::Range;
use std::path::{Path, PathBuf};

/// A file among the [`Sources`] of one scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FileId(pub(super) u32);

/// A piece of a file. Orders by file, then by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// The file it stands in.
    pub file: FileId,
    /// Line of its first character, from 1.
    pub line: u32,
    /// Column of its first character, from 1, in characters.
    pub column: u32,
    /// Byte offset of its first character.
    pub start: u32,
    /// Byte offset after its last character.
    pub end: u32,
}

impl Span {
    /// Where a file begins: for what is wrong with the whole of it.
    pub(crate) fn beginning_of(file: FileId) -> Span {
        Span {
            file,
            line: 1,
            column: 1,
            start: 0,
            end: 0,
        }
    }

    /// From the start of `self` to the end of `last`, which stands later in the same file.
    pub(super) fn to(self, last: Span) -> Span {
        Span {
            end: last.end.max(self.end),
            ..self
        }
    }
}

#[derive(Debug, Clone)]
struct Source {
    path: PathBuf,
    text: String,
}

/// The files a scenario was read from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Keeps a file under the path the user knows it by.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        let id = u32::try_from(self.files.len())
            .expect("every source is read into memory: there are few");
        self.files.push(Source {
            path: path.into(),
            text: text.into(),
        });
        FileId(id)
    }

    /// The path of a file, as the user wrote it.
    pub fn path(&self, file: FileId) -> &Path {
        &self.files[file.0 as usize].path
    }

    /// The whole text of a file.
    pub fn text(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].text
    }

    /// The place of a range of bytes in a file; cut to its text.
    #[must_use]
    pub fn span(&self, file: FileId, bytes: Range<usize>) -> Span {
        let text = self.text(file);
        let cut = |at: usize| {
            let mut before = (0..=at.min(text.len())).rev();
            before.find(|&at| text.is_char_boundary(at)).unwrap_or(0)
        };
        let (start, end) = (cut(bytes.start), cut(bytes.end));
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            file,
            line: number(line),
            column: number(column),
            start: number(start),
            end: number(end),
        }
    }
}

/// Turns the character offsets of the YAML scanner into spans.
pub(super) struct Positions {
    file: FileId,
    /// Byte offset of each character and of the end; empty where both offsets are equal (ASCII).
    bytes: Vec<u32>,
    /// Character offset of each line's first character.
    lines: Vec<usize>,
    end: usize,
}

impl Positions {
    /// `text` is shorter than 4 GiB.
    pub(super) fn new(file: FileId, text: &str) -> Self {
        let breaks = text
            .chars()
            .enumerate()
            .filter(|&(_, c)| c == '\n')
            .map(|(at, _)| at + 1);
        let mut bytes = Vec::new();
        if !text.is_ascii() {
            bytes = text.char_indices().map(|(byte, _)| byte as u32).collect();
            bytes.push(text.len() as u32);
        }
        let end = if bytes.is_empty() {
            text.len()
        } else {
            bytes.len() - 1
        };
        Positions {
            file,
            bytes,
            lines: std::iter::once(0).chain(breaks).collect(),
            end,
        }
    }

    /// The span of the characters from `start` up to `end`; both are cut to the text.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let start = start.min(self.end);
        let line = self.lines.partition_point(|&first| first <= start);
        Span {
            file: self.file,
            line: line as u32,
            column: (start - self.lines[line - 1]) as u32 + 1,
            start: self.byte(start),
            end: self.byte(end.clamp(start, self.end)),
        }
    }

    fn byte(&self, at: usize) -> u32 {
        self.bytes.get(at).copied().unwrap_or(at as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_offsets_count_bytes() {
        let text = "é: 1\nü: [ß, x]\n";
        let positions = Positions::new(FileId(0), text);
        let at = text.chars().position(|c| c == 'x').unwrap();
        let span = positions.span(at, at + 1);
        assert_eq!((span.line, span.column), (2, 8));
        assert_eq!(&text[span.start as usize..span.end as usize], "x");
    }

    #[test]
    fn spans_are_cut_to_the_text() {
        let span = Positions::new(FileId(0), "a\n").span(7, 9);
        assert_eq!((span.line, span.column, span.start, span.end), (2, 1, 2, 2));
    }
}
