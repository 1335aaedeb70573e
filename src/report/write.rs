//! How does a report reach the disk? Whole or not at all.
//!
//! The files go into a directory beside the target, which then takes the target's place by renaming. When anything fails, what was there
//! before is there still and nothing else is left behind.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The file by which a directory is known to be a report.
pub(super) const MARK: &str = "summary.json";

/// A file of a report: its name, which has no directories in it, and its bytes.
pub type File = (String, Vec<u8>);

/// Why a report was not written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The path is the root or ends in `..`.
    #[error("`{}` has no name a report could take", .0.display())]
    NoName(PathBuf),
    /// Something else is in the way.
    #[error(
        "`{}` is not a report: it has no {MARK}; it is left alone, choose another place or remove it",
        .0.display()
    )]
    Foreign(PathBuf),
    /// The file system refused.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Whether a report could take this place: asked before the work of making one.
///
/// # Errors
/// If something that is not a report is there.
pub fn may_write(target: &Path) -> Result<(), WriteError> {
    is_report(target).map(|_| ())
}

/// Writes the files as the directory `target`, in place of a report that may be there.
///
/// # Errors
/// If `target` is there and is not a report, or the file system refuses; then nothing has changed.
pub fn write(target: &Path, files: &[File]) -> Result<(), WriteError> {
    let fresh = sibling(target, "new")?;
    let old = sibling(target, "old")?;
    let there = is_report(target)?;
    let written = fill(&fresh, files).and_then(|()| replace(target, there, &fresh, &old));
    if written.is_err() {
        // What cannot be removed either is the lesser evil; the first error is the one to tell.
        let _ = fs::remove_dir_all(&fresh);
    }
    written
}

/// A hidden neighbour of the target, of this process only.
fn sibling(target: &Path, what: &str) -> Result<PathBuf, WriteError> {
    let Some(name) = target.file_name() else {
        return Err(WriteError::NoName(target.to_owned()));
    };
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{what}.{}", std::process::id()));
    Ok(target.with_file_name(hidden))
}

/// Whether there is a report to replace; an empty directory may be replaced too.
fn is_report(target: &Path) -> Result<bool, WriteError> {
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(at(target)(source)),
        Ok(there) if there.is_dir() => {
            let empty = fs::read_dir(target).map_err(at(target))?.next().is_none();
            if empty || target.join(MARK).is_file() {
                Ok(true)
            } else {
                Err(WriteError::Foreign(target.to_owned()))
            }
        }
        Ok(_) => Err(WriteError::Foreign(target.to_owned())),
    }
}

fn fill(directory: &Path, files: &[File]) -> Result<(), WriteError> {
    fs::create_dir_all(directory).map_err(at(directory))?;
    for (name, bytes) in files {
        let path = directory.join(name);
        fs::write(&path, bytes).map_err(at(&path))?;
    }
    Ok(())
}

/// Puts the fresh directory in the target's place, the old one aside first and back again if that fails.
fn replace(target: &Path, there: bool, fresh: &Path, old: &Path) -> Result<(), WriteError> {
    if !there {
        return fs::rename(fresh, target).map_err(at(target));
    }
    fs::rename(target, old).map_err(at(target))?;
    if let Err(source) = fs::rename(fresh, target) {
        fs::rename(old, target).map_err(at(target))?;
        return Err(at(target)(source));
    }
    fs::remove_dir_all(old).map_err(at(old))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    |source| WriteError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<File> {
        let named = |name: &&str| ((*name).to_owned(), name.as_bytes().to_vec());
        names.iter().map(named).collect()
    }

    fn listing(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_report_is_written_below_directories_that_were_not_there() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("reports").join("surge");
        write(&target, &files(&["summary.json", "a.csv"])).unwrap();
        assert_eq!(listing(&target), ["a.csv", "summary.json"]);
        assert_eq!(listing(target.parent().unwrap()), ["surge"]);
    }

    #[test]
    fn replacing_keeps_no_stale_file() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("surge");
        write(&target, &files(&["summary.json", "stale.csv"])).unwrap();
        write(&target, &files(&["summary.json", "fresh.csv"])).unwrap();
        assert_eq!(listing(&target), ["fresh.csv", "summary.json"]);
        assert_eq!(listing(home.path()), ["surge"]);
    }

    #[test]
    fn a_failure_leaves_the_old_report_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("surge");
        write(&target, &files(&["summary.json"])).unwrap();
        let broken = files(&["summary.json", "no/such/directory.csv"]);
        assert!(matches!(
            write(&target, &broken),
            Err(WriteError::Io { .. })
        ));
        assert_eq!(listing(&target), ["summary.json"]);
        assert_eq!(listing(home.path()), ["surge"]);
    }

    #[test]
    fn what_is_no_report_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("surge");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("thesis.txt"), "years of work").unwrap();
        let refused = write(&target, &files(&["summary.json"])).unwrap_err();
        assert!(refused.to_string().contains("is not a report"), "{refused}");
        assert_eq!(listing(&target), ["thesis.txt"]);
        assert_eq!(listing(home.path()), ["surge"]);

        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(write(&file, &[]), Err(WriteError::Foreign(_))));
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        assert!(matches!(
            write(Path::new("/"), &[]),
            Err(WriteError::NoName(_))
        ));
    }
}
