//! How does a file become a scenario? Load, decode, resolve; every mistake of every stage in one list.

use std::hash::Hasher;
use std::io;
use std::path::Path;

use super::decode::{UnknownFields, decode};
use super::diagnostic::{Diagnostics, Severity};
use super::load::load;
use super::model::Scenario;
use super::resolve::{Files, resolve};
use super::source::Sources;
use super::spec::ScenarioSpec;
use super::tree::Node;
use crate::workload::OnBadRow;

/// What the command line may say otherwise than the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Instead of `traffic.replay.onBadRow`.
    pub on_bad_row: Option<OnBadRow>,
    /// Instead of `seed`.
    pub seed: Option<u64>,
}

/// A scenario that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The scenario; none exactly where an error was found.
    pub scenario: Option<Scenario>,
    /// Errors and warnings, by place.
    pub diagnostics: Diagnostics,
    /// The files the diagnostics point into.
    pub sources: Sources,
}

/// Opens the scenario in the file at `path`. `read` is the only way to files: the scenario, those it extends, its trace; paths
/// in a file are relative to it.
pub fn open(
    path: &Path,
    read: &mut dyn FnMut(&Path) -> io::Result<Vec<u8>>,
    options: Options,
) -> Opened {
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
    let mut read_text = |path: &Path| text(read(path)?);
    let root = load(path, &mut read_text, &mut sources, &mut diagnostics);
    let scenario = root.and_then(|root| {
        let spec = decode::<ScenarioSpec>(&root, &mut diagnostics, UnknownFields::Reject)?;
        let mut files = Files::new(read, &mut sources, digest(&root));
        resolve(&root, &spec, options, &mut files, &mut diagnostics)
    });
    let warnings = diagnostics.iter();
    let warnings = warnings.filter(|said| said.severity == Severity::Warning);
    let warnings = warnings.map(|said| said.message.clone()).collect();
    let scenario = scenario.map(|scenario| Scenario {
        warnings,
        ..scenario
    });
    let scenario = scenario.filter(|_| !diagnostics.has_errors());
    assert!(
        scenario.is_some() || diagnostics.has_errors(),
        "a scenario without errors resolves"
    );
    Opened {
        scenario,
        diagnostics,
        sources,
    }
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn digest(root: &Node) -> Fnv {
    let mut digest = Fnv::default();
    serde_json::to_writer(&mut digest, root).expect("a tree is plain data and a digest takes all");
    digest
}

/// FNV-1a, 64 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl io::Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Hasher::write(self, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_fnv_1a() {
        for (text, expected) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            let mut digest = Fnv::default();
            Hasher::write(&mut digest, text.as_bytes());
            assert_eq!(digest.finish(), expected, "{text}");
        }
    }
}
