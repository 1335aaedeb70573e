//! How does text become a tree? Anchors, aliases and merge keys are resolved on the way, and everything is bounded.

mod entries;

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};

use super::{Key, Node, Value, scalar};
use crate::scenario::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::scenario::source::{FileId, Positions, Span};
use entries::Entries;

/// The longest text that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// The most nodes a file may have after its aliases are expanded.
pub const MAX_NODES: usize = 250_000;
/// The deepest nesting.
pub const MAX_DEPTH: usize = 64;

/// Reads a file of exactly one document. `None` where there is none or its syntax is broken; the sink says why.
pub fn parse(file: FileId, text: &str, sink: &mut Diagnostics) -> Option<Node> {
    let errors = sink.count(Severity::Error);
    let mut documents = parse_documents(file, text, sink).into_iter();
    let first = documents.next();
    if first.is_none() && sink.count(Severity::Error) == errors {
        let start = Span::beginning_of(file);
        sink.push(Diagnostic::error(start, "the file is empty").expected("expected a map"));
    }
    if let Some(second) = documents.next() {
        sink.push(Diagnostic::error(
            second.span,
            "the file has more than one document",
        ));
    }
    first
}

/// Reads all documents of a file, as separated by `---`; empty ones do not count. Those before a syntax error are
/// returned.
pub fn parse_documents(file: FileId, text: &str, sink: &mut Diagnostics) -> Vec<Node> {
    let mut documents = Vec::new();
    if text.len() > MAX_BYTES {
        let limit = MAX_BYTES >> 20;
        let start = Span::beginning_of(file);
        sink.push(Diagnostic::error(
            start,
            format!("the file is larger than {limit} MiB"),
        ));
        return documents;
    }
    let mut composer = Composer {
        events: Parser::new_from_str(text),
        positions: Positions::new(file, text),
        text,
        anchors: BTreeMap::new(),
        nodes: 0,
        sink,
    };
    while let Ok(Some(document)) = composer.document() {
        if !document.is_null() {
            documents.push(document);
        }
    }
    documents
}

/// Reading cannot go on; the sink says why.
struct Stop;

/// What an alias stands for.
struct Anchored {
    node: Node,
    /// Nodes in it, itself included.
    size: usize,
    /// Levels of collections in it.
    height: usize,
}

struct Composer<'t, 's> {
    events: Parser<'t, StrInput<'t>>,
    positions: Positions,
    text: &'t str,
    anchors: BTreeMap<usize, Anchored>,
    nodes: usize,
    sink: &'s mut Diagnostics,
}

impl<'t> Composer<'t, '_> {
    /// The next document, or `None` at the end of the text.
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        loop {
            match self.event()? {
                (Event::StreamEnd, _) => return Ok(None),
                (
                    Event::Nothing
                    | Event::StreamStart
                    | Event::DocumentStart(_)
                    | Event::DocumentEnd,
                    _,
                ) => {}
                (event, span) => return self.node(event, span, 0).map(Some),
            }
        }
    }

    fn event(&mut self) -> Result<(Event<'t>, Span), Stop> {
        match self.events.next_event() {
            Some(Ok((event, span))) => Ok((
                event,
                self.positions.span(span.start.index(), span.end.index()),
            )),
            Some(Err(error)) => {
                let at = error.marker().index();
                self.stop(
                    self.positions.span(at, at),
                    format!("the YAML is broken: {}", error.info()),
                )
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn stop<T>(&mut self, span: Span, message: impl Into<String>) -> Result<T, Stop> {
        self.sink.push(Diagnostic::error(span, message));
        Err(Stop)
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Stop> {
        self.nodes += 1;
        let before = self.nodes;
        let (anchor, node) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), span);
                (anchor, Node { value, span })
            }
            Event::SequenceStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", span);
                (anchor, self.seq(span, depth + 1)?)
            }
            Event::MappingStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", span);
                (anchor, self.map(span, depth + 1)?)
            }
            _ => return self.stop(span, "the YAML is broken: expected a value"),
        };
        self.check_bounds(span, depth)?;
        if anchor > 0 {
            let size = self.nodes - before + 1;
            self.anchors.insert(
                anchor,
                Anchored {
                    height: height(&node),
                    node: node.clone(),
                    size,
                },
            );
        }
        Ok(node)
    }

    fn check_bounds(&mut self, span: Span, depth: usize) -> Result<(), Stop> {
        if self.nodes > MAX_NODES {
            return self.stop(
                span,
                format!("more than {MAX_NODES} values, counting what aliases repeat"),
            );
        }
        if depth > MAX_DEPTH {
            return self.stop(span, format!("nested more than {MAX_DEPTH} levels deep"));
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Node, Stop> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return self.stop(span, "the alias refers to no complete value");
        };
        let node = anchored.node.clone();
        self.nodes += anchored.size - 1;
        let depth = depth + anchored.height;
        self.check_bounds(span, depth)?;
        Ok(node)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Value {
        let untagged = if style == ScalarStyle::Plain {
            scalar::plain(text)
        } else {
            Value::Str(text.to_owned())
        };
        let Some(tag) = tag else { return untagged };
        let value = match (
            tag.is_yaml_core_schema(),
            tag.suffix.as_str(),
            scalar::plain(text),
        ) {
            (true, "str", _) => Some(Value::Str(text.to_owned())),
            (true, "null", value @ Value::Null)
            | (true, "bool", value @ Value::Bool(_))
            | (true, "int", value @ Value::Int(_))
            | (true, "float", value @ Value::Float(_)) => Some(value),
            (true, "float", Value::Int(value)) => Some(Value::Float(value as f64)),
            _ => None,
        };
        value.unwrap_or_else(|| {
            self.reject_tag(tag, span);
            untagged
        })
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, own: &str, span: Span) {
        if let Some(tag) = tag.filter(|tag| !(tag.is_yaml_core_schema() && tag.suffix == own)) {
            self.reject_tag(tag, span);
        }
    }

    fn reject_tag(&mut self, tag: &Tag, span: Span) {
        let name = if tag.is_yaml_core_schema() {
            format!("!!{}", tag.suffix)
        } else {
            tag.to_string()
        };
        self.sink.push(
            Diagnostic::error(span, format!("the tag `{name}` does not fit this value"))
                .help("leave the tag out"),
        );
    }

    fn seq(&mut self, span: Span, depth: usize) -> Result<Node, Stop> {
        self.check_bounds(span, depth)?;
        let mut items = Vec::new();
        loop {
            let (event, at) = self.event()?;
            if event == Event::SequenceEnd {
                let span = self.whole(span, items.last().map(|item: &Node| item.span), at);
                return Ok(Node {
                    value: Value::Seq(items),
                    span,
                });
            }
            items.push(self.node(event, at, depth)?);
        }
    }

    fn map(&mut self, span: Span, depth: usize) -> Result<Node, Stop> {
        self.check_bounds(span, depth)?;
        let mut map = Entries::default();
        loop {
            let (event, at) = self.event()?;
            if event == Event::MappingEnd {
                let span = self.whole(span, map.end, at);
                return Ok(Node {
                    value: Value::Map(map.finish(self.sink)),
                    span,
                });
            }
            let merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.key(event, at, depth)?;
            let (event, at) = self.event()?;
            let absent =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text.is_empty());
            let mut value = self.node(event, at, depth)?;
            if let (true, Some(key)) = (absent, &key) {
                value.span = key.span;
            }
            match key {
                Some(key) if merge => map.inherit(key, value, self.sink),
                Some(key) => map.insert(key, value, self.sink),
                None => {}
            }
        }
    }

    /// The key of an entry; `None`, with a diagnostic, for one that is no scalar.
    fn key(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Option<Key>, Stop> {
        if let Event::Scalar(text, ..) = event {
            return Ok(Some(Key {
                text: text.into_owned(),
                span,
            }));
        }
        let key = self.node(event, span, depth)?;
        self.sink.push(
            Diagnostic::error(key.span, "a key must be a word")
                .expected("expected a plain or quoted word"),
        );
        Ok(None)
    }

    /// The span of a collection: up to the closing bracket, or to the end of its last child where it has none.
    fn whole(&self, start: Span, last: Option<Span>, end: Span) -> Span {
        let bracket = self.text[end.start as usize..].starts_with([']', '}']);
        match last {
            _ if bracket => start.to(end),
            Some(last) if last.start >= start.start => start.to(last),
            _ => start,
        }
    }
}

fn height(node: &Node) -> usize {
    let of_items = node.items().iter().map(height).max();
    let of_entries = node.entries().iter().map(|(_, value)| height(value)).max();
    match node.value {
        Value::Seq(_) | Value::Map(_) => 1 + of_items.max(of_entries).unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
