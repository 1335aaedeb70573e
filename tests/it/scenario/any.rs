//! Whatever becomes of a good scenario under a careless hand, opening it says what is wrong and does not panic.

use proptest::prelude::*;

use super::TOWN;
use super::mistakes::open_town;

/// Words that fit somewhere and not elsewhere.
const WORDS: [&str; 12] = [
    "0",
    "-1",
    "99999999999999999999",
    "1e308",
    "~",
    "''",
    "[]",
    "{}",
    "x",
    "5m",
    "1.5",
    ".nan",
];

/// The scenario with some lines deleted, doubled, swapped, or with another value.
fn damaged() -> impl Strategy<Value = String> {
    let lines = TOWN.lines().count();
    let edit = (0..lines, 0..4_u8, 0..lines, 0..WORDS.len());
    prop::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut lines: Vec<String> = TOWN.lines().map(str::to_owned).collect();
        for (line, how, other, word) in edits {
            let (line, other) = (line % lines.len(), other % lines.len());
            match how {
                0 => drop(lines.remove(line)),
                1 => lines.insert(line, lines[line].clone()),
                2 => lines.swap(line, other),
                _ => {
                    let key = lines[line].split_once(": ").map(|(key, _)| key.to_owned());
                    if let Some(key) = key {
                        lines[line] = format!("{key}: {}", WORDS[word]);
                    }
                }
            }
        }
        lines.join("\n")
    })
}

/// The scenario with one scalar of a flow map or list replaced, which keeps its structure.
fn replaced() -> impl Strategy<Value = String> {
    let is_edge = |c: char| ",:{}[] \n".contains(c);
    let mut words: Vec<(usize, usize)> = Vec::new();
    for (at, _) in TOWN.match_indices(is_edge) {
        let word = TOWN[at + 1..].split(is_edge).next().unwrap_or_default();
        if !word.is_empty() {
            words.push((at + 1, word.len()));
        }
    }
    let edit = (prop::sample::select(words), 0..WORDS.len());
    edit.prop_map(|((at, length), word)| {
        format!("{}{}{}", &TOWN[..at], WORDS[word], &TOWN[at + length..])
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_is_reported(text in prop_oneof![damaged(), replaced()]) {
        let opened = open_town(&text);
        prop_assert_eq!(opened.scenario.is_none(), opened.diagnostics.has_errors());
    }
}
