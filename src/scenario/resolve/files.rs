//! Where do the files beside the scenario come from?

use std::hash::Hasher;
use std::io;
use std::path::{Path, PathBuf};

use crate::scenario::open::Fnv;
use crate::scenario::source::{Sources, Span};

/// The files beside the scenario, and the digest of all that was read.
pub(in crate::scenario) struct Files<'f> {
    read: &'f mut dyn FnMut(&Path) -> io::Result<Vec<u8>>,
    pub(super) sources: &'f mut Sources,
    digest: Fnv,
}

impl<'f> Files<'f> {
    pub(in crate::scenario) fn new(
        read: &'f mut dyn FnMut(&Path) -> io::Result<Vec<u8>>,
        sources: &'f mut Sources,
        digest: Fnv,
    ) -> Self {
        Self {
            read,
            sources,
            digest,
        }
    }

    /// The digest of the scenario and of every file read since.
    pub(in crate::scenario) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// Reads a file that is named at `span`, by a path relative to the file it is named in.
    pub(super) fn read(
        &mut self,
        named_at: Span,
        relative: &str,
    ) -> (PathBuf, io::Result<Vec<u8>>) {
        let folder = self.sources.path(named_at.file).parent();
        let path = folder.unwrap_or(Path::new("")).join(relative);
        let bytes = (self.read)(&path);
        if let Ok(bytes) = &bytes {
            Hasher::write(&mut self.digest, bytes);
        }
        (path, bytes)
    }
}
