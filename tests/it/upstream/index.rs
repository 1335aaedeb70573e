//! Which specs does upstream have, and what do we say of each? The tables `suites.csv`, `reasons.csv` and those under `titles`.

use std::path::PathBuf;

use serde::Deserialize;

use super::{folder, rows};

/// A file of specs.
#[derive(Debug, Deserialize)]
pub(super) struct Suite {
    /// `core:` or `aws:`, and the path there.
    pub(super) suite: String,
    /// Specs it has: sentences, table entries and Go test functions.
    pub(super) titles: usize,
    /// Why none of it applies; empty where its titles have a table.
    pub(super) reason: String,
}

/// Why a spec does not apply.
#[derive(Debug, Deserialize)]
pub(super) struct Reason {
    pub(super) reason: String,
    pub(super) why: String,
}

/// One spec.
#[derive(Debug, Deserialize)]
pub(super) struct Title {
    /// Of the file when the index was made.
    pub(super) line: u32,
    pub(super) verdict: Verdict,
    /// Names of what covers it, or the reason why it does not apply.
    by: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// Cases or tests of ours say the same.
    Covered,
    /// It does not apply.
    No,
    /// It applies, and nothing of ours says the same yet.
    Open,
}

impl Title {
    pub(super) fn by(&self) -> Vec<&str> {
        self.by.split_whitespace().collect()
    }

    /// Whether a case, `kind/file#name`, or its whole file is named.
    pub(super) fn is_covered_by(&self, case: &str) -> bool {
        let file = case.split_once('#').map(|(file, _)| file);
        self.by()
            .into_iter()
            .any(|name| name == case || Some(name) == file)
    }
}

impl Suite {
    /// Where its titles are.
    pub(super) fn path(&self) -> PathBuf {
        let path = self.suite.replacen(":pkg/", "/", 1).replace(':', "/");
        let path = path.replace("_test.go", ".csv");
        folder().join("titles").join(path)
    }

    /// Its specs, unless it does not apply.
    pub(super) fn specs(&self) -> Vec<Title> {
        match self.reason.is_empty() {
            true => rows(&self.path()),
            false => Vec::new(),
        }
    }
}

pub(super) fn suites() -> Vec<Suite> {
    rows(&folder().join("suites.csv"))
}

pub(super) fn reasons() -> Vec<Reason> {
    rows(&folder().join("reasons.csv"))
}
