//! Is the house in order? Rules of the source text that no compiler checks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines a file may have.
const LINES_MAX: usize = 600;

/// A file of `src`.
struct Source {
    /// Relative to `src`, with `/`.
    path: String,
    text: String,
    for_tests: bool,
    /// What is compiled into the program: neither comments nor tests.
    code: String,
}

impl Source {
    /// The module at the top that it belongs to; none for `lib.rs` and `main.rs`.
    fn room(&self) -> Option<&str> {
        let first = self.path.split('/').next()?.trim_end_matches(".rs");
        (first != "lib" && first != "main").then_some(first)
    }

    fn has_word(&self, word: &str) -> bool {
        let of_words = |c: char| !c.is_alphanumeric() && c != '_';
        self.code.split(of_words).any(|other| other == word)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of `src`.
fn files() -> Vec<Source> {
    let src = root().join("src");
    let mut paths = Vec::new();
    collect(&src, &mut paths);
    paths.sort();
    let read = |path: &PathBuf| fs::read_to_string(path).expect("a source file is text");
    let tests: Vec<PathBuf> = paths
        .iter()
        .flat_map(|path| test_modules(path, &read(path)))
        .collect();
    let file = |path: PathBuf| {
        let text = read(&path);
        let relative = path.strip_prefix(&src).expect("a file of src");
        Source {
            path: relative.to_string_lossy().replace('\\', "/"),
            code: code(&text),
            for_tests: tests.iter().any(|test| is_module(&path, test)),
            text,
        }
    };
    paths.into_iter().map(file).collect()
}

/// The files that are compiled into the program.
fn program() -> Vec<Source> {
    let files = files().into_iter();
    files.filter(|source| !source.for_tests).collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of src") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The modules a file declares for tests alone, as paths without extension.
fn test_modules(path: &Path, text: &str) -> Vec<PathBuf> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let pairs = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    let names = pairs.filter_map(|pair| {
        let (_, name) = pair[1].split_once("mod ")?;
        name.strip_suffix(';')
    });
    names
        .map(|name| path.with_extension("").join(name))
        .collect()
}

fn is_module(path: &Path, module: &Path) -> bool {
    path.starts_with(module) || path.with_extension("") == *module
}

/// A file without comments and without items for tests.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if line.trim() == "#[cfg(test)]" {
            // rustfmt ends an item at the indentation it began with.
            let ends = |line: &str| {
                let at = line.len() - line.trim_start().len();
                at == indent && (line.ends_with(';') || line.ends_with('}'))
            };
            lines.by_ref().find(|line| ends(line));
        } else {
            code.push_str(line.split("//").next().unwrap_or_default());
            code.push('\n');
        }
    }
    code
}

/// Panics with every offence at once.
#[track_caller]
fn assert_none(offences: &[String]) {
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn every_file_says_what_it_is_about() {
    let files = files().into_iter();
    let silent = files.filter(|source| !source.text.starts_with("//!"));
    assert_none(&silent.map(|source| source.path).collect::<Vec<_>>());
}

#[test]
fn no_file_is_long() {
    let lengths = files()
        .into_iter()
        .map(|source| (source.text.lines().count(), source.path));
    let long = lengths.filter(|(lines, _)| *lines > LINES_MAX);
    let long = long.map(|(lines, path)| format!("{path}: {lines} lines"));
    assert_none(&long.collect::<Vec<_>>());
}

/// Hash maps of the standard library iterate in another order every time; unfinished work and panics have no place in the program; and a
/// run is a function of its inputs, without a clock and without globals.
#[test]
fn words_that_do_not_belong_in_the_program() {
    const EVERYWHERE: [&str; 7] = [
        "HashMap",
        "HashSet",
        "todo",
        "unimplemented",
        "dbg",
        "unwrap",
        "thread_local",
    ];
    let mut offences = Vec::new();
    for source in program() {
        let words = EVERYWHERE.iter().filter(|word| source.has_word(word));
        offences.extend(words.map(|word| format!("{}: {word}", source.path)));
    }
    assert_none(&offences);
}

/// Only `cli` prints, starts threads of its own, looks at the clock and the environment; only it and `report::write` touch files.
#[test]
fn the_outside_world_stays_outside() {
    const PRINTING: [&str; 6] = ["println", "eprintln", "print", "eprint", "stdout", "stderr"];
    const LOOKING: [&str; 4] = ["std::time", "std::env", "std::thread", "::now()"];
    let mut offences = Vec::new();
    for source in program() {
        if source.room() == Some("cli") {
            continue;
        }
        let printing = PRINTING.iter().filter(|word| source.has_word(word));
        let looking = LOOKING.iter().filter(|path| source.code.contains(**path));
        offences.extend(
            printing
                .chain(looking)
                .map(|what| format!("{}: {what}", source.path)),
        );
        if source.has_word("fs") && source.path != "report/write.rs" {
            offences.push(format!("{}: fs", source.path));
        }
    }
    assert_none(&offences);
}

/// The floors of the table in `src/lib.rs`.
fn floors() -> BTreeMap<String, u32> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs is text");
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | "));
    rows.filter_map(|row| {
        let mut cells = row.split(" | ");
        let floor = cells.next()?.parse().ok()?;
        let room = cells.next()?.strip_prefix("[`")?.strip_suffix("`]")?;
        Some((room.to_owned(), floor))
    })
    .collect()
}

/// The rooms a file imports: `crate::room` and `crate::{room, ...}`.
fn imports(source: &Source) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in source.code.match_indices("crate::") {
        let rest = &source.code[at + "crate::".len()..];
        let list = match rest.strip_prefix('{') {
            Some(list) => list
                .split('}')
                .next()
                .unwrap_or_default()
                .split(',')
                .collect(),
            None => vec![rest],
        };
        let first_word = |text: &str| {
            let word = text
                .trim_start()
                .split(|c: char| !c.is_alphanumeric() && c != '_');
            word.into_iter().next().unwrap_or_default().to_owned()
        };
        rooms.extend(list.into_iter().map(first_word));
    }
    rooms
}

#[test]
fn a_room_imports_only_rooms_on_lower_floors() {
    let floors = floors();
    let mut offences = Vec::new();
    for source in program() {
        let Some(room) = source.room() else { continue };
        let Some(floor) = floors.get(room) else {
            offences.push(format!("lib.rs: `{room}` has no floor"));
            continue;
        };
        for import in imports(&source) {
            let below = floors.get(&import).is_some_and(|other| other < floor);
            if import != room && !below {
                offences.push(format!("{}: crate::{import}", source.path));
            }
        }
    }
    offences.dedup();
    assert_none(&offences);
}

#[test]
fn every_scenario_is_in_the_readme() {
    let Ok(readme) = fs::read_to_string(root().join("README.md")) else {
        return;
    };
    let Ok(folder) = fs::read_dir(root().join("scenarios")) else {
        return;
    };
    let names = folder.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let missing = names.filter(|name| name.ends_with(".yaml") && !readme.contains(name.as_str()));
    assert_none(&missing.collect::<Vec<_>>());
}

#[test]
fn code_is_what_is_compiled() {
    let text =
        "//! Doc.\nuse a::b; // c\n#[cfg(test)]\nmod tests {\n    fn x() {\n    }\n}\nfn y() {}\n";
    assert_eq!(code(text), "\nuse a::b; \nfn y() {}\n");
    let declared = test_modules(
        Path::new("src/a.rs"),
        "#[cfg(test)]\nmod fixture;\nmod b;\n",
    );
    assert_eq!(declared, [PathBuf::from("src/a/fixture")]);
}
