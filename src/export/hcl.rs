//! How does a Terraform value or block look as `terraform fmt` leaves it?
//!
//! Two spaces a level, the equals signs of neighbouring single-line arguments under each other, a blank line around blocks. What stands in
//! text is text: `${` and `%{` are escaped.

use std::fmt::Write;

use super::data;

/// The widest a list of plain values is on one line.
const LINE: usize = 100;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Expr>),
    /// An object, in this order.
    Object(Vec<(String, Expr)>),
    /// An expression as it stands, on one line: a reference, a condition, a call.
    Raw(String),
}

impl Expr {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Expr::Text(text.into())
    }

    /// A list of texts.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Expr::List(texts.into_iter().map(Expr::text).collect())
    }

    /// An object.
    pub fn object<K: Into<String>>(entries: impl IntoIterator<Item = (K, Expr)>) -> Self {
        let entries = entries.into_iter();
        Expr::Object(entries.map(|(key, value)| (key.into(), value)).collect())
    }

    /// A reference or any other expression on one line.
    pub fn raw(text: impl Into<String>) -> Self {
        Expr::Raw(text.into())
    }
}

/// What stands in a file or a block.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `name = value`.
    Argument(String, Expr),
    /// `kind "label" { ... }`.
    Block(Block),
    /// `# text`, a line each.
    Comment(String),
    /// An empty line.
    Blank,
}

/// A block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Such as `resource`.
    pub kind: String,
    /// Such as `aws_vpc` and `this`.
    pub labels: Vec<String>,
    /// What is in it.
    pub body: Vec<Item>,
}

impl Item {
    /// `name = value`.
    pub fn argument(name: impl Into<String>, value: Expr) -> Self {
        Item::Argument(name.into(), value)
    }

    /// `kind "label" { ... }`.
    pub fn block(kind: &str, labels: &[&str], body: Vec<Item>) -> Self {
        Item::Block(Block {
            kind: kind.to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            body,
        })
    }
}

/// A file, or the inside of a block.
#[must_use]
pub fn file(items: &[Item]) -> String {
    let mut out = String::new();
    body(&mut out, items, 0);
    out
}

fn body(out: &mut String, items: &[Item], indent: usize) {
    let mut place = 0;
    while place < items.len() {
        match &items[place] {
            Item::Argument(..) => {
                let pairs: Vec<(String, &Expr)> = items[place..]
                    .iter()
                    .map_while(|item| match item {
                        Item::Argument(name, value) => Some((name.clone(), value)),
                        _ => None,
                    })
                    .collect();
                place += pairs.len();
                arguments(out, &pairs, indent);
                continue;
            }
            Item::Block(block) => {
                let labels: String = block
                    .labels
                    .iter()
                    .map(|l| format!(" {}", quoted(l)))
                    .collect();
                let _ = write!(out, "{:indent$}{}{labels} {{", "", block.kind);
                if !block.body.is_empty() {
                    out.push('\n');
                    body(out, &block.body, indent + 2);
                    let _ = write!(out, "{:indent$}", "");
                }
                out.push_str("}\n");
            }
            Item::Comment(text) => {
                for line in text.lines() {
                    let _ = writeln!(out, "{:indent$}# {line}", "");
                }
            }
            Item::Blank => out.push('\n'),
        }
        place += 1;
    }
}

/// Arguments or the entries of an object: equals signs of neighbours that take one line each stand under each other.
fn arguments(out: &mut String, pairs: &[(String, &Expr)], indent: usize) {
    let values: Vec<String> = pairs
        .iter()
        .map(|(_, value)| expression(value, indent))
        .collect();
    let one_line = |place: usize| !values[place].contains('\n');
    let mut place = 0;
    while place < pairs.len() {
        let run = (place..pairs.len()).take_while(|&at| one_line(at)).count();
        let width = pairs[place..place + run]
            .iter()
            .map(|(name, _)| name.chars().count());
        let width = width.max().unwrap_or(0);
        for at in place..place + run.max(1) {
            let name = &pairs[at].0;
            let pad = width.saturating_sub(name.chars().count());
            let _ = writeln!(out, "{:indent$}{name}{:pad$} = {}", "", "", values[at]);
        }
        place += run.max(1);
    }
}

fn expression(value: &Expr, indent: usize) -> String {
    match value {
        Expr::Null => "null".to_owned(),
        Expr::Bool(value) => value.to_string(),
        Expr::Int(value) => value.to_string(),
        Expr::Text(text) => quoted(text),
        Expr::Raw(text) => text.clone(),
        Expr::List(items) => list(items, indent),
        Expr::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Expr::Object(entries) => {
            let mut out = String::from("{\n");
            let pairs: Vec<(String, &Expr)> = entries
                .iter()
                .map(|(name, value)| (key(name), value))
                .collect();
            arguments(&mut out, &pairs, indent + 2);
            let _ = write!(out, "{:indent$}}}", "");
            out
        }
    }
}

fn list(items: &[Expr], indent: usize) -> String {
    let plain = items
        .iter()
        .all(|item| !matches!(item, Expr::List(_) | Expr::Object(_)));
    let texts: Vec<String> = items
        .iter()
        .map(|item| expression(item, indent + 2))
        .collect();
    let line = format!("[{}]", texts.join(", "));
    if plain && line.chars().count() <= LINE {
        return line;
    }
    let mut out = String::from("[\n");
    for text in texts {
        let _ = writeln!(out, "{:1$}{text},", "", indent + 2);
    }
    let _ = write!(out, "{:indent$}]", "");
    out
}

/// A key of an object: bare where it is an identifier.
fn key(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    // These would be read as values.
    let word = ["true", "false", "null", "for"].contains(&name);
    if starts && !word && name.chars().all(allowed) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Text as it stands within an expression: never a template.
#[must_use]
pub fn quoted(text: &str) -> String {
    data::quoted(text).replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_signs_stand_under_each_other() {
        let items = [
            Item::argument("a", Expr::Int(1)),
            Item::argument("long", Expr::text("x")),
            Item::argument(
                "map",
                Expr::object([
                    ("k", Expr::Bool(true)),
                    ("a.b/c", Expr::Null),
                    ("l", Expr::texts(["a", "b"])),
                ]),
            ),
            Item::argument("longer", Expr::raw("var.x")),
            Item::Blank,
            Item::argument(
                "longest",
                Expr::List(vec![Expr::object([("a", Expr::Int(1))])]),
            ),
        ];
        assert_eq!(
            file(&items),
            "a    = 1\nlong = \"x\"\nmap = {\n  k       = true\n  \"a.b/c\" = null\n  l       = [\"a\", \"b\"]\n}\n\
             longer = var.x\n\nlongest = [\n  {\n    a = 1\n  },\n]\n"
        );
    }

    #[test]
    fn blocks_and_comments() {
        let inner = Item::block("inner", &[], vec![]);
        let outer = Item::block(
            "run",
            &["a"],
            vec![Item::Comment("why\nnot".to_owned()), inner],
        );
        assert_eq!(
            file(&[outer]),
            "run \"a\" {\n  # why\n  # not\n  inner {}\n}\n"
        );
    }

    #[test]
    fn text_is_never_a_template() {
        assert_eq!(
            quoted("${x} %{y} $x 5% $${z}\"\\\n\u{1}"),
            r#""$${x} %%{y} $x 5% $$${z}\"\\\n\u0001""#
        );
    }
}
