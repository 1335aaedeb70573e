//! What is a mistake called? Serde's errors in the words of the person who wrote the file.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

use crate::scenario::diagnostic::{did_you_mean, one_of};
use crate::scenario::source::Span;
use crate::scenario::tree::Node;

/// Why a round ended.
#[derive(Debug)]
pub(super) struct Fault<'n> {
    pub(super) kind: Kind,
    /// The value that does not fit, or the map that lacks a field; set by the innermost that knows it.
    pub(super) node: Option<&'n Node>,
    /// Where the caret belongs, if not under that value.
    pub(super) span: Option<Span>,
    /// The innermost part around it.
    pub(super) part: Option<&'n Node>,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// A map lacks a required field.
    Missing(&'static str),
    /// A value does not fit.
    Misfit {
        message: String,
        expected: Option<String>,
        help: Option<String>,
    },
    /// Something does not fit, but only because of an earlier mistake.
    Consequence,
}

impl<'n> Fault<'n> {
    pub(super) fn consequence(node: &'n Node) -> Self {
        Fault {
            kind: Kind::Consequence,
            node: Some(node),
            span: None,
            part: None,
        }
    }

    pub(super) fn misfit(message: impl Into<String>, expected: impl Into<Option<String>>) -> Self {
        let kind = Kind::Misfit {
            message: message.into(),
            expected: expected.into(),
            help: None,
        };
        Fault {
            kind,
            node: None,
            span: None,
            part: None,
        }
    }

    pub(super) fn length(wanted: usize, found: usize) -> Self {
        let wanted = format!("expected {wanted} items");
        Fault::misfit(format!("{wanted}, found {found}"), wanted)
    }

    fn help(mut self, text: Option<String>) -> Self {
        if let Kind::Misfit { help, .. } = &mut self.kind {
            *help = text;
        }
        self
    }

    /// Names the node to blame, unless a node further inside has been named.
    pub(super) fn at(mut self, node: &'n Node) -> Self {
        self.node.get_or_insert(node);
        self
    }

    /// Names the part it lies in, unless one further inside has been named.
    pub(super) fn within(mut self, part: &'n Node) -> Self {
        self.part.get_or_insert(part);
        self
    }

    /// Names the place to point at, unless something further inside has been named.
    pub(super) fn under(mut self, span: Span) -> Self {
        if self.node.is_none() {
            self.span.get_or_insert(span);
        }
        self
    }
}

impl Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Missing(field) => write!(f, "missing field `{field}`"),
            Kind::Misfit { message, .. } => f.write_str(message),
            Kind::Consequence => f.write_str("follows from an earlier mistake"),
        }
    }
}

impl std::error::Error for Fault<'_> {}

impl de::Error for Fault<'_> {
    fn custom<T: Display>(message: T) -> Self {
        Fault::misfit(message.to_string(), None)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let wanted = wanted(expected);
        let help = match found {
            Unexpected::Signed(_)
            | Unexpected::Unsigned(_)
            | Unexpected::Float(_)
            | Unexpected::Bool(_)
                if wanted == "a string" =>
            {
                Some("put it in quotes".to_owned())
            }
            Unexpected::Str(text)
                if wanted.contains("number") && text.parse::<f64>().is_ok()
                    || wanted.contains("integer") && text.parse::<i64>().is_ok() =>
            {
                Some(format!("leave out the quotes: `{text}`"))
            }
            _ => None,
        };
        let message = format!("expected {wanted}, found {}", named(found));
        Fault::misfit(message, format!("expected {wanted}")).help(help)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let wanted = wanted(expected);
        Fault::misfit(
            format!("expected {wanted}, found {}", named(found)),
            format!("expected {wanted}"),
        )
    }

    fn invalid_length(found: usize, expected: &dyn Expected) -> Self {
        // Serde says "a tuple of size 2", "tuple variant Time::Between with 2 elements", "an array of length 2".
        let text = expected.to_string();
        let wanted = text.split(' ').find_map(|word| word.parse().ok());
        wanted.map_or_else(
            || Fault::misfit(text, None),
            |wanted| Fault::length(wanted, found),
        )
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        let expected = format!("expected {}", one_of(known.iter().copied()));
        Fault::misfit(format!("unknown value `{}`", clipped(variant)), expected)
            .help(did_you_mean(variant, known.iter().copied()))
    }

    fn missing_field(field: &'static str) -> Self {
        Fault {
            kind: Kind::Missing(field),
            node: None,
            span: None,
            part: None,
        }
    }
}

/// What serde's derived code wants, in the user's words. Hand-written visitors speak for themselves.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u8" => "an integer from 0 to 255".to_owned(),
        "u16" => "an integer from 0 to 65535".to_owned(),
        "u32" => "an integer from 0 to 4294967295".to_owned(),
        "u64" | "usize" => "an unsigned integer".to_owned(),
        "i8" => "an integer from -128 to 127".to_owned(),
        "i16" => "an integer from -32768 to 32767".to_owned(),
        "i32" => "an integer from -2147483648 to 2147483647".to_owned(),
        "i64" | "isize" => "an integer".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a sequence" => "a list".to_owned(),
        _ if text.starts_with("struct ") => "a map".to_owned(),
        _ => text,
    }
}

fn named(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(_) => format!("the boolean `{}`", written(found)),
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => {
            format!("the integer `{}`", written(found))
        }
        Unexpected::Float(_) => format!("the number `{}`", written(found)),
        Unexpected::Str(_) => format!("the string `{}`", written(found)),
        Unexpected::Unit => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map".to_owned(),
        other => other.to_string(),
    }
}

fn written(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Float(value) => format!("{value:?}"),
        Unexpected::Str(text) => clipped(text),
        other => other.to_string(),
    }
}

/// As much of a string as a message can hold.
fn clipped(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
