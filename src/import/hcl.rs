//! What do `.tf` and `.tfvars` files say in plain values?
//!
//! Literals, lists and objects of them, texts put together from them, and `var.NAME` and `local.NAME` whose value is known. What has to be
//! computed is left out, as a plan leaves out what is known after apply only; a plan knows more than files do. Of modules the community's
//! for EKS is understood; what any other makes is not in the files.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::parser::Error;
use hcl_edit::structure::{Block, Body, Structure};
use hcl_edit::template::{Element, StringTemplate};

use super::found::{Found, Resource};
use super::modules;
use crate::scenario::diagnostic::{Diagnostic, Diagnostics};
use crate::scenario::source::{FileId, Sources, Span};
use crate::scenario::tree::{Key, Node, Value};

/// Parses a file; a mistake in it stops at its place.
pub(super) fn parse(file: FileId, sources: &Sources, sink: &mut Diagnostics) -> Option<Body> {
    let parsed: Result<Body, Error> = sources.text(file).parse();
    match parsed {
        Ok(body) => Some(body),
        Err(error) => {
            let at = error.location().offset();
            let message = format!("the HCL is broken: {}", error.message());
            sink.push(Diagnostic::error(sources.span(file, at..at), message));
            None
        }
    }
}

/// Takes the variables of a `.tfvars`.
pub(super) fn variables(file: FileId, body: &Body, sources: &Sources, found: &mut Found) {
    let reader = Reader {
        file,
        sources,
        known: &[],
    };
    for attribute in body.iter().filter_map(Structure::as_attribute) {
        if let Some(value) = reader.value(&attribute.value) {
            found.variables.push((attribute.key.to_string(), value));
        }
    }
}

/// Takes what the files of a module say: defaults of variables that nobody has set, resources, the region of the provider `aws`.
pub(super) fn module(files: &[(FileId, Body)], sources: &Sources, found: &mut Found) {
    for (file, block) in blocks(files, "variable") {
        let reader = Reader {
            file,
            sources,
            known: &[],
        };
        let body = reader.body(&block.body, reader.span(block.span()));
        if let (Some(name), Some(default)) = (block.labels.first(), body.get("default"))
            && found.variable(name.as_str()).is_none()
        {
            found
                .variables
                .push((name.as_str().to_owned(), default.clone()));
        }
    }
    let known = locals(files, sources, &found.variables);
    let reader = |file| Reader {
        file,
        sources,
        known: &known,
    };
    for (file, block) in blocks(files, "resource") {
        let reader = reader(file);
        if let [kind, name] = block.labels.as_slice() {
            found.resources.push(Resource {
                kind: kind.as_str().to_owned(),
                address: format!("{}.{}", kind.as_str(), name.as_str()),
                values: reader.body(&block.body, reader.span(block.span())),
            });
        }
    }
    for (file, block) in blocks(files, "module") {
        let reader = reader(file);
        let name = block.labels.first().map_or("", |label| label.as_str());
        let body = reader.body(&block.body, reader.span(block.span()));
        modules::module(name, &body, found);
    }
    for (file, block) in blocks(files, "provider") {
        let reader = reader(file);
        if block
            .labels
            .first()
            .is_some_and(|label| label.as_str() == "aws")
        {
            let body = reader.body(&block.body, reader.span(block.span()));
            found.region = body.get("region").cloned().or(found.region.take());
        }
    }
}

/// The variables as `var.NAME`, and the locals that can be known from them and from each other as `local.NAME`.
fn locals(
    files: &[(FileId, Body)],
    sources: &Sources,
    variables: &[(String, Node)],
) -> Vec<(String, Node)> {
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| (format!("var.{name}"), value.clone()));
    let mut known: Vec<(String, Node)> = variables.collect();
    loop {
        let mut fresh = Vec::new();
        for (file, block) in blocks(files, "locals") {
            let reader = Reader {
                file,
                sources,
                known: &known,
            };
            for attribute in block.body.iter().filter_map(Structure::as_attribute) {
                let name = format!("local.{}", attribute.key.as_str());
                if known.iter().all(|(known, _)| *known != name)
                    && let Some(value) = reader.value(&attribute.value)
                {
                    fresh.push((name, value));
                }
            }
        }
        if fresh.is_empty() {
            return known;
        }
        known.extend(fresh);
    }
}

fn blocks<'f>(
    files: &'f [(FileId, Body)],
    kind: &'static str,
) -> impl Iterator<Item = (FileId, &'f Block)> {
    let all = files.iter().flat_map(|(file, body)| {
        let blocks = body.iter().filter_map(Structure::as_block);
        blocks.map(|block| (*file, block))
    });
    all.filter(move |(_, block)| block.ident.as_str() == kind)
}

struct Reader<'s> {
    file: FileId,
    sources: &'s Sources,
    /// Values of variables and locals.
    known: &'s [(String, Node)],
}

impl Reader<'_> {
    fn span(&self, range: Option<Range<usize>>) -> Span {
        self.sources.span(self.file, range.unwrap_or(0..0))
    }

    /// Attributes and, as lists of maps, blocks.
    fn body(&self, body: &Body, span: Span) -> Node {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    if let Some(value) = self.value(&attribute.value) {
                        entries.push((key(attribute.key.as_str(), value.span), value));
                    }
                }
                Structure::Block(block) => {
                    let item = self.body(&block.body, self.span(block.span()));
                    push(&mut entries, block.ident.as_str(), item);
                }
            }
        }
        let value = Value::Map(entries);
        Node { value, span }
    }

    /// A plain value; none for what has to be computed.
    fn value(&self, expression: &Expression) -> Option<Node> {
        let span = self.span(expression.span());
        let value = match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::Number(number) => match number.value().as_i64() {
                Some(value) => Value::Int(value),
                None => Value::Float(number.value().as_f64()?),
            },
            Expression::String(text) => Value::Str(text.value().clone()),
            Expression::Array(items) => {
                let items = items.iter().map(|item| self.value(item));
                Value::Seq(items.collect::<Option<_>>()?)
            }
            Expression::Object(entries) => {
                let known = entries.iter().filter_map(|(name, value)| {
                    let value = self.value(value.expr())?;
                    Some((key(object_key(name)?, value.span), value))
                });
                Value::Map(known.collect())
            }
            Expression::StringTemplate(template) => Value::Str(self.text(template)?),
            Expression::Parenthesis(inner) => return self.value(inner.inner()),
            Expression::Traversal(traversal) => return self.reference(traversal).cloned(),
            _ => return None,
        };
        Some(Node { value, span })
    }

    /// A text with values in it.
    fn text(&self, template: &StringTemplate) -> Option<String> {
        let parts = template.iter().map(|element| match element {
            Element::Literal(text) => Some(text.to_string()),
            Element::Interpolation(inner) => match self.value(&inner.expr)?.value {
                Value::Str(text) => Some(text),
                Value::Int(number) => Some(number.to_string()),
                _ => None,
            },
            Element::Directive(_) => None,
        });
        parts.collect()
    }

    /// `var.NAME` and `local.NAME`, and what is in them.
    fn reference(&self, traversal: &Traversal) -> Option<&Node> {
        let Expression::Variable(root) = &traversal.expr else {
            return None;
        };
        let mut names = traversal
            .operators
            .iter()
            .map(|operator| match operator.value() {
                TraversalOperator::GetAttr(name) => Some(name.as_str()),
                _ => None,
            });
        let name = format!("{}.{}", root.as_str(), names.next()??);
        let (_, value) = self.known.iter().find(|(known, _)| *known == name)?;
        names.try_fold(value, |value, name| value.get(name?))
    }
}

/// Adds a block to the list of its name.
fn push(entries: &mut Vec<(Key, Node)>, name: &str, item: Node) {
    let span = item.span;
    if let Some((_, list)) = entries.iter_mut().find(|(known, _)| known.text == name)
        && let Value::Seq(items) = &mut list.value
    {
        items.push(item);
        return;
    }
    let value = Value::Seq(vec![item]);
    entries.push((key(name, span), Node { value, span }));
}

fn key(text: &str, span: Span) -> Key {
    Key {
        text: text.to_owned(),
        span,
    }
}

fn object_key(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str()),
        ObjectKey::Expression(Expression::String(text)) => Some(text.value()),
        ObjectKey::Expression(_) => None,
    }
}
