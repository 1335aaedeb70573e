//! What the real code was recorded to answer: a line of JSON for each case, compressed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;

/// Disagreements that are shown of all there are.
const SHOWN: usize = 12;

/// A path under `tests/conformance`; what is absolute stays as it is.
pub(crate) fn under_conformance(path: impl AsRef<Path>) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/conformance").join(path)
}

/// The lines of a recording under `tests/conformance`, in order.
pub(crate) fn lines<T: DeserializeOwned>(path: impl AsRef<Path>) -> impl Iterator<Item = T> {
    let path = under_conformance(path);
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = BufReader::new(GzDecoder::new(file)).lines().enumerate();
    lines.map(move |(number, line)| {
        let line = line.expect("a recording is text");
        let read = serde_json::from_str(&line);
        read.unwrap_or_else(|error| {
            let path = path.display();
            panic!("{path}, line {}: {error} in {line:.80}", number + 1)
        })
    })
}

/// Fails with the first disagreements, if there is any among so many cases.
#[track_caller]
pub(crate) fn all_agree(subject: &str, cases: usize, wrong: &[String]) {
    let shown = &wrong[..wrong.len().min(SHOWN)];
    assert!(
        wrong.is_empty(),
        "{subject}: {} of {cases} cases differ\n{}",
        wrong.len(),
        shown.join("\n")
    );
}
