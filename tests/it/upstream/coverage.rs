//! How much of upstream is covered? The index agrees with the cases, and COVERAGE.md with the index.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::index::{Reason, Suite, Title, Verdict, reasons, suites};
use super::{KINDS, case_files, failing, folder};

/// Specs of one suite.
#[derive(Clone, Copy, Default)]
struct Count {
    titles: usize,
    apply: usize,
    covered: usize,
    /// Covered, and none of what covers it is listed as failing.
    pass: usize,
}

impl Count {
    fn of(titles: &[Title], failing: &BTreeMap<String, String>) -> Self {
        let mut count = Self {
            titles: titles.len(),
            ..Self::default()
        };
        for title in titles {
            count.apply += usize::from(title.verdict != Verdict::No);
            if title.verdict == Verdict::Covered {
                count.covered += 1;
                let fails = failing.keys().any(|case| title.is_covered_by(case));
                count.pass += usize::from(!fails);
            }
        }
        count
    }

    fn plus(self, other: Self) -> Self {
        Self {
            titles: self.titles + other.titles,
            apply: self.apply + other.apply,
            covered: self.covered + other.covered,
            pass: self.pass + other.pass,
        }
    }

    fn row(&self, name: &str) -> String {
        let Self {
            titles,
            apply,
            covered,
            pass,
        } = self;
        let open = apply - covered;
        format!("| {name} | {titles} | {apply} | {covered} | {pass} | {open} |\n")
    }
}

const HEADER: &str = "\
# Upstream's own cases: how many apply, are covered, and pass

Made from the index beside it by the test `upstream::coverage`; README.md says how to bring it up to date. A spec that applies is covered where
cases or tests of ours say the same; it passes where none of them is listed in failing.csv. The others are open.

";

const COLUMNS: &str = "\
| suite | specs | apply | covered | pass | open |
|---|---:|---:|---:|---:|---:|
";

/// The text of COVERAGE.md.
fn table() -> String {
    let (failing, suites) = (failing(), suites());
    let mut total = Count::default();
    let mut lines = String::new();
    let mut without: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for suite in &suites {
        let titles = suite.specs();
        let mut count = Count::of(&titles, &failing);
        for title in titles.iter().filter(|title| title.verdict == Verdict::No) {
            without.entry(title.by().concat()).or_default().0 += 1;
        }
        if suite.reason.is_empty() {
            lines += &count.row(&suite.suite);
        } else {
            count.titles = suite.titles;
            let (specs, whole) = without.entry(suite.reason.clone()).or_default();
            *specs += suite.titles;
            *whole += 1;
        }
        total = total.plus(count);
    }
    let whole = suites.iter().filter(|suite| !suite.reason.is_empty());
    let rest = Count {
        titles: whole.clone().map(|suite| suite.titles).sum(),
        ..Count::default()
    };
    let rest = rest.row(&format!(
        "{} suites of which nothing applies",
        whole.count()
    ));
    let mut text = format!("{HEADER}{COLUMNS}{}{lines}{rest}", total.row("**all**"));
    text += "\n## What does not apply\n\n| reason | specs | whole suites | because |\n|---|---:|---:|---|\n";
    for Reason { reason, why } in reasons() {
        let (specs, whole) = without.get(&reason).copied().unwrap_or_default();
        text += &format!("| {reason} | {specs} | {whole} | {why} |\n");
    }
    if !failing.is_empty() {
        text += "\n## What fails\n\n";
        for (case, cause) in &failing {
            text += &format!("* `{case}`: {cause}\n");
        }
    }
    text
}

#[test]
fn the_table_is_that_of_the_index() {
    let (path, table) = (folder().join("COVERAGE.md"), table());
    if std::env::var_os("KARPSIM_ACCEPT").is_some() {
        fs::write(&path, &table).expect("COVERAGE.md can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == table,
        "COVERAGE.md is stale: run this test with KARPSIM_ACCEPT=1"
    );
}

/// Panics with every mistake at once.
#[track_caller]
fn assert_none(mistakes: Vec<String>) {
    assert!(mistakes.is_empty(), "\n{}", mistakes.join("\n"));
}

#[test]
fn the_index_has_every_spec_once() {
    let known: BTreeSet<String> = reasons().into_iter().map(|r| r.reason).collect();
    let mut mistakes = Vec::new();
    let mut tables = BTreeSet::new();
    for suite in suites() {
        let name = &suite.suite;
        tables.insert(suite.path());
        if !suite.reason.is_empty() {
            if !known.contains(&suite.reason) {
                mistakes.push(format!("{name}: {} is no reason", suite.reason));
            }
            if suite.path().exists() {
                mistakes.push(format!("{name} does not apply, but has titles"));
            }
            continue;
        }
        let titles = suite.specs();
        if titles.len() != suite.titles {
            let (there, wanted) = (titles.len(), suite.titles);
            mistakes.push(format!("{name} has {there} titles of {wanted}"));
        }
        mistakes.extend(titles.iter().filter_map(|title| {
            let by = title.by();
            let right = match title.verdict {
                Verdict::Covered => !by.is_empty(),
                Verdict::No => by.len() == 1 && known.contains(by[0]),
                Verdict::Open => by.is_empty(),
            };
            (!right).then(|| format!("{name}:{}: {:?} by {by:?}", title.line, title.verdict))
        }));
    }
    let mut files = Vec::new();
    csv_files(&folder().join("titles"), &mut files);
    let strange = files.iter().filter(|file| !tables.contains(*file));
    mistakes.extend(strange.map(|file| format!("{} is of no suite", file.display())));
    assert_none(mistakes);
}

fn csv_files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => csv_files(&path, into),
            false => into.push(path),
        }
    }
}

/// Every case or test that the index names is there, and every case is named.
#[test]
fn the_index_and_the_cases_agree() {
    let mut cases = BTreeSet::new();
    let mut mistakes = Vec::new();
    for &kind in KINDS {
        for name in case_files::names(kind) {
            if cases.contains(&name) {
                mistakes.push(format!("{name} is there twice"));
            }
            cases.insert(name);
        }
    }
    let titles: Vec<(String, Title)> = suites()
        .into_iter()
        .flat_map(|suite| {
            suite
                .specs()
                .into_iter()
                .map(move |t| (suite.suite.clone(), t))
        })
        .filter(|(_, title)| title.verdict == Verdict::Covered)
        .collect();
    let files: BTreeSet<&str> = cases
        .iter()
        .filter_map(|c| Some(c.split_once('#')?.0))
        .collect();
    for (suite, title) in &titles {
        for name in title.by() {
            if !cases.contains(name) && !files.contains(name) && !is_test(name) {
                mistakes.push(format!("{suite}:{}: there is no {name}", title.line));
            }
        }
    }
    let named: BTreeSet<&str> = titles.iter().flat_map(|(_, title)| title.by()).collect();
    let is_named = |case: &str| {
        named.contains(case)
            || case
                .split_once('#')
                .is_some_and(|(file, _)| named.contains(file))
    };
    let unnamed = cases.iter().filter(|case| !is_named(case));
    mistakes.extend(unnamed.map(|case| format!("no title is covered by {case}")));
    let unknown = failing().into_keys().filter(|case| !cases.contains(case));
    mistakes.extend(unknown.map(|case| format!("failing.csv names {case}")));
    assert_none(mistakes);
}

/// Whether `path#name` is a test function of that file.
fn is_test(name: &str) -> bool {
    let Some((path, function)) = name.split_once('#') else {
        return false;
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let Ok(text) = fs::read_to_string(path) else {
        return false;
    };
    let heads: Vec<&str> = text.lines().map(str::trim).collect();
    let wanted = format!("fn {function}(");
    heads
        .windows(2)
        .any(|pair| pair[0] == "#[test]" && pair[1].starts_with(&wanted))
}

#[test]
fn every_kind_of_case_is_replayed() {
    let kinds = fs::read_dir(folder().join("cases")).expect("the folder of cases");
    let kinds = kinds.map(|kind| kind.expect("a folder").file_name().into_string());
    let kinds: BTreeSet<String> = kinds.map(|kind| kind.expect("a name")).collect();
    assert_eq!(kinds, KINDS.iter().map(|kind| (*kind).to_owned()).collect());
}

/// A suite is named once.
#[test]
fn no_suite_is_there_twice() {
    let names: Vec<String> = suites()
        .into_iter()
        .map(|Suite { suite, .. }| suite)
        .collect();
    let different: BTreeSet<&String> = names.iter().collect();
    assert_eq!(different.len(), names.len());
}
