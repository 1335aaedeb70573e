//! How does a report, an export or a file reach the disk? Whole or not at all.
//!
//! The files go into a directory beside the target, which then takes the target's place by renaming. When anything fails, what was there
//! before is there still and nothing else is left behind. A report takes the place of a report. An export goes in among files that are
//! not its own, such as Terraform's state, and those are in the new directory too.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The file by which a directory is known to be a report.
pub(super) const MARK: &str = "summary.json";

/// A file: its path below the target, with `/`, and its bytes.
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
    /// Files would be overwritten.
    #[error("`{}` has {} already: --force replaces what is to be written, and leaves the rest", target.display(), enumerated(files))]
    There {
        /// The directory.
        target: PathBuf,
        /// Which files, below it.
        files: Vec<String>,
    },
    /// Something that is no directory is in the way.
    #[error("`{}` is no directory", .0.display())]
    NoDirectory(PathBuf),
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

/// Writes a file, in place of one that may be there.
///
/// # Errors
/// If the file system refuses; then nothing has changed.
pub fn write_file(target: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let fresh = sibling(target, "new")?;
    let written = write_through(&fresh, bytes)
        .map_err(at(target))
        .and_then(|()| fs::rename(&fresh, target).map_err(at(target)));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Whether files could go into the directory `target`: with force in any case, else if none of them is there.
///
/// # Errors
/// If some are there, or something that is no directory.
pub fn may_add(target: &Path, files: &[File], force: bool) -> Result<(), WriteError> {
    if !is_directory(target)? || force {
        return Ok(());
    }
    let there = |name: &&String| fs::symlink_metadata(target.join(name)).is_ok();
    let names = files.iter().map(|(name, _)| name);
    let there: Vec<String> = names.filter(there).cloned().collect();
    if there.is_empty() {
        return Ok(());
    }
    Err(WriteError::There {
        target: target.to_owned(),
        files: there,
    })
}

/// Writes files into the directory `target`, over those of the same names. The files named in `stale` are gone afterwards; all others that
/// were there are there still.
///
/// # Errors
/// If the file system refuses; then nothing has changed.
pub fn add(target: &Path, files: &[File], stale: &[String]) -> Result<(), WriteError> {
    let fresh = sibling(target, "new")?;
    let old = sibling(target, "old")?;
    let there = is_directory(target)?;
    let ours = |path: &Path| {
        let is = |name: &String| path == Path::new(name);
        files.iter().any(|(name, _)| is(name)) || stale.iter().any(is)
    };
    let written = fill(&fresh, files)
        .and_then(|()| {
            if there {
                keep(target, &fresh, Path::new(""), &ours)
            } else {
                Ok(())
            }
        })
        .and_then(|()| replace(target, there, &fresh, &old));
    if written.is_err() {
        let _ = fs::remove_dir_all(&fresh);
    }
    written
}

/// Puts what is not ours into the fresh directory too: as another name for the same file where the file system can, else as a copy.
fn keep(
    target: &Path,
    fresh: &Path,
    below: &Path,
    ours: &impl Fn(&Path) -> bool,
) -> Result<(), WriteError> {
    let directory = target.join(below);
    for entry in fs::read_dir(&directory).map_err(at(&directory))? {
        let entry = entry.map_err(at(&directory))?;
        let path = below.join(entry.file_name());
        let (from, to) = (target.join(&path), fresh.join(&path));
        if entry.file_type().map_err(at(&from))?.is_dir() {
            keep(target, fresh, &path, ours)?;
        } else if !ours(&path) {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(at(parent))?;
            }
            fs::hard_link(&from, &to)
                .or_else(|_| fs::copy(&from, &to).map(|_| ()))
                .map_err(at(&to))?;
        }
    }
    Ok(())
}

fn is_directory(target: &Path) -> Result<bool, WriteError> {
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(at(target)(source)),
        Ok(there) if there.is_dir() => Ok(true),
        Ok(_) => Err(WriteError::NoDirectory(target.to_owned())),
    }
}

/// The first of them, and how many more.
fn enumerated(files: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = files
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    match files.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
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
        let parent = path.parent().unwrap_or(directory);
        fs::create_dir_all(parent).map_err(at(parent))?;
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
        let broken = files(&["summary.json", "summary.json/inside.csv"]);
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
    fn a_file_is_replaced_whole_or_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("scenario.yaml");
        write_file(&target, b"old").unwrap();
        write_file(&target, b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        let folder = home.path().join("folder");
        fs::create_dir(&folder).unwrap();
        assert!(matches!(
            write_file(&folder, b""),
            Err(WriteError::Io { .. })
        ));
        assert_eq!(listing(home.path()), ["folder", "scenario.yaml"]);
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        assert!(matches!(
            write(Path::new("/"), &[]),
            Err(WriteError::NoName(_))
        ));
    }
}
