//! What rows does a CSV file have? From bytes of unknown compression and delimiter to a header and
//! records with line numbers.

use std::borrow::Cow;
use std::io::Read;

use csv::ByteRecord;
use flate2::read::MultiGzDecoder;

use super::error::{TraceError, TraceErrorKind, TraceErrors, did_you_mean, quoted};

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// The delimiters that are looked for, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A table with named columns, held as text.
#[derive(Debug)]
pub(super) struct Table<'a> {
    text: Cow<'a, [u8]>,
    delimiter: u8,
    header: Vec<String>,
}

/// One row of a [`Table`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    /// Line of the file the row begins in, from 1.
    pub(super) line: u64,
    record: &'a ByteRecord,
}

impl<'a> Table<'a> {
    /// Opens a table: unpacks it if its content is gzip, and guesses the delimiter from the header.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, TraceError> {
        let text = unpack(bytes)?;
        let delimiter = sniff(&text);
        let mut table = Self {
            text,
            delimiter,
            header: Vec::new(),
        };
        let mut header = Vec::new();
        table.for_each_record(|row| {
            header = (0..row.record.len())
                .map(|i| row.text(i).trim().to_owned())
                .collect();
            false
        });
        if header.is_empty() {
            return Err(TraceError {
                kind: TraceErrorKind::Empty,
                line: 0,
                column: 0,
                message: "the file is empty".into(),
                expected: "a header line and rows".into(),
                help: None,
            });
        }
        table.header = header;
        Ok(table)
    }

    pub(super) fn delimiter(&self) -> char {
        char::from(self.delimiter)
    }

    /// The place of the column `name`, or an error that lists the columns there are.
    pub(super) fn column(&self, name: &str, errors: &mut TraceErrors) -> Option<usize> {
        let place = self.header.iter().position(|column| column == name.trim());
        if place.is_none() {
            let columns: Vec<_> = self
                .header
                .iter()
                .map(|column| quoted(column).to_string())
                .collect();
            errors.push(TraceError {
                kind: TraceErrorKind::MissingColumn,
                line: 1,
                column: 0,
                message: format!("there is no column {}", quoted(name)),
                expected: format!("one of {}", columns.join(", ")),
                help: did_you_mean(name, self.header.iter().map(String::as_str)),
            });
        }
        place
    }

    /// Shows every row after the header to `see`, as an error if it has a wrong number of fields.
    pub(super) fn for_each_row(&self, mut see: impl FnMut(Result<Row<'_>, TraceError>)) {
        let fields = self.header.len();
        let mut in_header = true;
        self.for_each_record(|row| {
            if in_header {
                in_header = false;
            } else if row.record.len() == fields {
                see(Ok(row));
            } else {
                see(Err(TraceError {
                    kind: TraceErrorKind::FieldCount,
                    line: row.line,
                    column: 0,
                    message: format!("the row has {} fields", row.record.len()),
                    expected: format!("{fields}, as in the header"),
                    help: None,
                }));
            }
            true
        });
    }

    /// Shows records to `see` until it returns false.
    fn for_each_record(&self, mut see: impl FnMut(Row<'_>) -> bool) {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .from_reader(&*self.text);
        let mut record = ByteRecord::new();
        let mut lines = LineCounter::default();
        // Reading bytes from memory, with any number of fields, has no way to fail.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let start = record.position().map_or(0, csv::Position::byte);
            let line = lines.line_at(&self.text, start as usize);
            if !see(Row {
                line,
                record: &record,
            }) {
                break;
            }
        }
    }
}

impl<'a> Row<'a> {
    /// The text of field `i`; bytes that are no UTF-8 are replaced.
    pub(super) fn text(&self, i: usize) -> Cow<'a, str> {
        String::from_utf8_lossy(&self.record[i])
    }
}

/// Counts lines up to the start of a record, blank lines before it included.
#[derive(Default)]
struct LineCounter {
    offset: usize,
    newlines: u64,
}

impl LineCounter {
    fn line_at(&mut self, text: &[u8], record_start: usize) -> u64 {
        let blank = text[record_start..]
            .iter()
            .take_while(|&&byte| matches!(byte, b'\n' | b'\r'))
            .count();
        let start = record_start + blank;
        self.newlines += text[self.offset..start]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count() as u64;
        self.offset = start;
        self.newlines + 1
    }
}

fn unpack(bytes: &[u8]) -> Result<Cow<'_, [u8]>, TraceError> {
    if !bytes.starts_with(GZIP_MAGIC) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut text = Vec::new();
    match MultiGzDecoder::new(bytes).read_to_end(&mut text) {
        Ok(_) => Ok(Cow::Owned(text)),
        Err(error) => Err(TraceError {
            kind: TraceErrorKind::Unreadable,
            line: 0,
            column: 0,
            message: format!("cannot unpack the gzip data: {error}"),
            expected: "a complete gzip file or plain text".into(),
            help: None,
        }),
    }
}

/// The delimiter that occurs most often outside quotes in the first line; a comma if none does.
fn sniff(text: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for &byte in text.iter().skip_while(|byte| byte.is_ascii_whitespace()) {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            _ => {
                if let Some(i) = DELIMITERS.iter().position(|&delimiter| delimiter == byte) {
                    counts[i] += 1;
                }
            }
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let first = counts.iter().position(|&count| count == most).unwrap_or(0);
    DELIMITERS[first]
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn rows(text: &str) -> (Vec<String>, Vec<(u64, Vec<String>)>) {
        let table = Table::open(text.as_bytes()).expect("a table");
        let mut rows = Vec::new();
        let fields = |row: Row<'_>| {
            (0..row.record.len())
                .map(|i| row.text(i).into_owned())
                .collect()
        };
        table.for_each_row(|row| {
            let row = row.expect("as many fields as the header");
            rows.push((row.line, fields(row)));
        });
        (table.header.clone(), rows)
    }

    fn strings(fields: &[&str]) -> Vec<String> {
        fields.iter().map(|&field| field.to_owned()).collect()
    }

    #[test]
    fn delimiters_are_sniffed_outside_quotes() {
        for delimiter in [",", ";", "\t", "|"] {
            let text = format!("\"a,b;c\"{delimiter}d{delimiter}e\n1{delimiter}2{delimiter}3\n");
            let (header, rows) = rows(&text);
            assert_eq!(header, ["a,b;c", "d", "e"]);
            assert_eq!(rows, [(2, strings(&["1", "2", "3"]))]);
        }
        assert_eq!(rows("time\n5\n").1, [(2, strings(&["5"]))]);
    }

    #[test]
    fn lines_count_blank_ones_and_ones_inside_quotes() {
        let (header, rows) = rows("\u{feff}a,b\r\n\r\n1,\"x\r\ny\"\r\n\r\n\r\n2,z\r\n");
        assert_eq!(header, ["a", "b"]);
        assert_eq!(
            rows,
            [(3, strings(&["1", "x\r\ny"])), (7, strings(&["2", "z"]))]
        );
    }

    #[test]
    fn gzip_is_known_by_its_content() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"a,b\n1,2\n").expect("memory");
        let packed = encoder.finish().expect("memory");
        assert_eq!(Table::open(&packed).expect("a table").header, ["a", "b"]);
        let error = Table::open(&packed[..packed.len() - 9]).expect_err("cut off");
        assert_eq!(error.kind, TraceErrorKind::Unreadable);
        assert!(
            error
                .to_string()
                .starts_with("cannot unpack the gzip data: "),
            "{error}"
        );
    }
}
