//! What every part of the resolution has at hand: the tree for places, the sink for mistakes, the table of strings.

use serde::de::DeserializeOwned;

use crate::api::{GoDuration, Quantity, Symbol, Symbols};
use crate::des::SimDuration;
use crate::scenario::decode::{UnknownFields, decode_at};
use crate::scenario::diagnostic::{Diagnostic, Diagnostics, did_you_mean, one_of};
use crate::scenario::source::Span;
use crate::scenario::tree::Node;

/// The longest time a scenario may speak of: ten years. Sums of such times stay far within [`SimDuration`].
pub(super) const LONGEST: SimDuration = SimDuration::from_secs(3_650 * 86_400);

/// More names than this are no help.
const LISTED: usize = 20;

/// Where mistakes go. Places are paths in the merged tree, such as `services[0].name`.
pub(super) struct Context<'a> {
    root: &'a Node,
    sink: &'a mut Diagnostics,
    pub(super) symbols: Symbols,
}

impl<'a> Context<'a> {
    pub(super) fn new(root: &'a Node, sink: &'a mut Diagnostics) -> Self {
        Self {
            root,
            sink,
            symbols: Symbols::new(),
        }
    }

    /// The node at a path.
    pub(super) fn node(&self, path: &str) -> Option<&'a Node> {
        self.root.at(path)
    }

    /// The text at a path.
    pub(super) fn text(&self, path: &str) -> Option<&'a str> {
        self.node(path).and_then(Node::as_str)
    }

    pub(super) fn span(&self, path: &str) -> Span {
        self.root.span_of(path)
    }

    /// The object at a path. Its fields that are not modelled are warnings.
    pub(super) fn object<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        decode_at(self.node(path)?, path, self.sink, UnknownFields::Carry)
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }

    /// An error at a path: `` `path` `` and then what is wrong with it.
    pub(super) fn error(&mut self, path: &str, what: impl AsRef<str>) {
        let message = format!("`{path}` {}", what.as_ref());
        self.push(Diagnostic::error(self.span(path), message));
    }

    /// An error with the words under the caret.
    pub(super) fn expected(
        &mut self,
        path: &str,
        what: impl AsRef<str>,
        expected: impl Into<String>,
    ) {
        let message = format!("`{path}` {}", what.as_ref());
        self.push(Diagnostic::error(self.span(path), message).expected(expected));
    }

    /// A warning with the words under the caret.
    pub(super) fn warn(&mut self, path: &str, what: impl AsRef<str>, expected: impl Into<String>) {
        let message = format!("`{path}` {}", what.as_ref());
        self.push(Diagnostic::warning(self.span(path), message).expected(expected));
    }

    /// An error unless `holds`.
    pub(super) fn require(&mut self, holds: bool, path: &str, what: &str, expected: &str) {
        if !holds {
            self.expected(path, what, expected);
        }
    }

    /// A name that nothing has.
    pub(super) fn unknown<'n>(
        &mut self,
        path: &str,
        kind: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) {
        let expected = match known.clone().into_iter().count() {
            count if count > LISTED => format!("expected one of {count} names"),
            _ => format!("expected {}", one_of(known.clone())),
        };
        let diagnostic = Diagnostic::error(self.span(path), format!("unknown {kind} `{name}`"))
            .expected(expected);
        self.push(Diagnostic {
            help: did_you_mean(name, known),
            ..diagnostic
        });
    }

    /// One of a few words; `None` and an error for any other.
    pub(super) fn choice<T: Copy>(
        &mut self,
        path: &str,
        kind: &str,
        word: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let found = choices.iter().find(|(name, _)| *name == word);
        if found.is_none() {
            let known: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.unknown(path, kind, word, known);
        }
        found.map(|(_, choice)| *choice)
    }

    /// The mistakes another room found in the object at `path`.
    pub(super) fn mistakes(&mut self, path: &str, mistakes: Vec<(String, String)>) {
        for (field, message) in mistakes {
            let dot = if field.is_empty() { "" } else { "." };
            self.error(&format!("{path}{dot}{field}"), message);
        }
    }

    pub(super) fn intern(&mut self, text: &str) -> Symbol {
        self.symbols.intern(text)
    }

    /// A time; one beyond [`LONGEST`] is an error.
    pub(super) fn span_of_time(&mut self, path: &str, time: GoDuration) -> SimDuration {
        let time = SimDuration::from_micros(time.micros());
        if time > LONGEST {
            self.expected(path, "is too long", "expected at most ten years, `3650d`");
        }
        time.min(LONGEST)
    }

    /// A time above zero.
    pub(super) fn positive_time(&mut self, path: &str, time: GoDuration) -> SimDuration {
        self.require(
            time.micros() > 0,
            path,
            "is no time at all",
            "expected more than `0s`",
        );
        self.span_of_time(path, time)
    }

    /// A whole number of units, such as bytes, of at least `least`.
    pub(super) fn units(&mut self, path: &str, quantity: Quantity, least: u32) -> u64 {
        let enough = quantity.units() >= i64::from(least);
        self.require(
            enough,
            path,
            "is too small",
            &format!("expected at least {least}"),
        );
        u64::try_from(quantity.units()).unwrap_or(0)
    }

    /// A count of at least one.
    pub(super) fn at_least_one(&mut self, path: &str, count: u32) -> u32 {
        self.require(count >= 1, path, "is 0", "expected at least 1");
        count.max(1)
    }

    /// A share, 0 to 1.
    pub(super) fn share(&mut self, path: &str, share: f64) -> f64 {
        let fits = (0.0..=1.0).contains(&share);
        self.require(
            fits,
            path,
            &format!("is {share}"),
            "expected a share from 0 to 1",
        );
        if fits { share } else { 0.0 }
    }

    /// A percentage such as `99.9%`, in parts per million.
    pub(super) fn percentage(&mut self, path: &str, text: &str) -> u32 {
        let number = text
            .strip_suffix('%')
            .and_then(|number| number.parse::<f64>().ok());
        match number.filter(|number| (0.0..=100.0).contains(number)) {
            Some(number) => (number * 10_000.0).round() as u32,
            None => {
                let what = format!("is `{text}`, which is no percentage");
                self.expected(path, what, "expected one such as `99.9%`, from 0 to 100");
                0
            }
        }
    }

    /// Reports every name that was there before, with the place of the first.
    pub(super) fn unique(&mut self, kind: &str, names: &[(String, String)]) {
        for (place, (path, name)) in names.iter().enumerate() {
            if let Some((first, _)) = names[..place].iter().find(|(_, known)| known == name) {
                let first = self.span(first);
                let message = format!("another {kind} is called `{name}`");
                self.push(
                    Diagnostic::error(self.span(path), message)
                        .expected("expected a name of its own")
                        .related(first, "the first"),
                );
            }
        }
    }
}
