//! Which files make up a scenario? The one that is named, and those behind its `extends`.

use std::io;
use std::path::{Component, Path, PathBuf};

use crate::scenario::diagnostic::{Diagnostic, Diagnostics};
use crate::scenario::merge::{merge, reject_removals};
use crate::scenario::source::{Sources, Span};
use crate::scenario::tree::{Node, Value, parse};

/// The key that names the base of a file, by a path relative to that file.
const EXTENDS: &str = "extends";

/// The longest chain of files.
pub const MAX_CHAIN: usize = 16;

/// Reads a scenario file and what it extends, and merges them, the base first. `None` if a file cannot be read or is
/// no YAML, or if the chain closes on itself; the sink says why.
///
/// `read` is asked for the text of a path, once per file. No `extends` is left in the result.
pub fn load(
    path: &Path,
    read: &mut dyn FnMut(&Path) -> io::Result<String>,
    sources: &mut Sources,
    sink: &mut Diagnostics,
) -> Option<Node> {
    let mut chain: Vec<PathBuf> = Vec::new();
    let mut layers: Vec<Node> = Vec::new();
    let mut next = Some(Base {
        path: path.to_owned(),
        named_at: None,
    });
    while let Some(base) = next {
        if let Some(problem) = closes(&chain, &base) {
            sink.push(problem);
            return None;
        }
        let mut layer = open(&base, read, sources, sink)?;
        next = match take_extends(&mut layer) {
            Some(extends) => Some(base_of(&base.path, &extends, sink)?),
            None => None,
        };
        layers.push(layer);
        chain.push(base.path);
    }
    let merged = layers
        .into_iter()
        .rev()
        .reduce(|base, overlay| merge(base, overlay, sink))?;
    reject_removals(&merged, sink);
    Some(merged)
}

/// A file to be read, and the place that asks for it.
struct Base {
    path: PathBuf,
    named_at: Option<Span>,
}

fn open(
    base: &Base,
    read: &mut dyn FnMut(&Path) -> io::Result<String>,
    sources: &mut Sources,
    sink: &mut Diagnostics,
) -> Option<Node> {
    match read(&base.path) {
        Ok(text) => {
            let file = sources.add(&base.path, text);
            parse(file, sources.text(file), sink)
        }
        Err(error) => {
            let path = base.path.display();
            sink.push(match base.named_at {
                Some(span) => Diagnostic::error(span, format!("cannot read `{path}`: {error}"))
                    .expected("expected a file, relative to this one"),
                None => Diagnostic::error(None, format!("cannot read `{path}`: {error}")),
            });
            None
        }
    }
}

/// Takes `extends` out of a file; `None` where it extends nothing.
fn take_extends(layer: &mut Node) -> Option<Node> {
    let Value::Map(entries) = &mut layer.value else {
        return None;
    };
    let place = entries.iter().position(|(key, _)| key.text == EXTENDS)?;
    let (_, value) = entries.remove(place);
    (!value.is_null()).then_some(value)
}

/// The file that an `extends` in the file at `path` names.
fn base_of(path: &Path, extends: &Node, sink: &mut Diagnostics) -> Option<Base> {
    let Some(relative) = extends.as_str() else {
        sink.push(
            Diagnostic::error(extends.span, format!("`{EXTENDS}` names one file"))
                .expected("expected a path, relative to this file"),
        );
        return None;
    };
    let path = path.parent().unwrap_or(Path::new("")).join(relative);
    Some(Base {
        path,
        named_at: Some(extends.span),
    })
}

fn closes(chain: &[PathBuf], base: &Base) -> Option<Diagnostic> {
    let names = |files: &[PathBuf]| {
        let names: Vec<_> = files
            .iter()
            .map(|file| format!("`{}`", file.display()))
            .collect();
        names.join(" extends ")
    };
    if let Some(first) = chain.iter().position(|file| same(file, &base.path)) {
        let circle = format!(
            "{} extends `{}`",
            names(&chain[first..]),
            chain[first].display()
        );
        let problem = Diagnostic::error(base.named_at, "the files extend each other in a circle");
        return Some(problem.expected(circle));
    }
    (chain.len() == MAX_CHAIN).then(|| {
        Diagnostic::error(
            base.named_at,
            format!("more than {MAX_CHAIN} files extend one another"),
        )
    })
}

fn same(a: &Path, b: &Path) -> bool {
    normal(a) == normal(b)
}

/// Without `.` and `..`, by the words of the path alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => drop(normal.pop()),
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::diagnostic::render;

    /// Loads the first of a few files; returns its data and what was said.
    fn show(files: &[(&str, &str)]) -> (Option<String>, String) {
        let (mut sources, mut sink) = (Sources::default(), Diagnostics::default());
        let mut read = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found
                .map(|(_, text)| (*text).to_owned())
                .ok_or_else(|| io::Error::other("no such file"))
        };
        let node = load(Path::new(files[0].0), &mut read, &mut sources, &mut sink);
        (
            node.map(|node| serde_json::to_string(&node).unwrap()),
            render(&sink, &sources, false),
        )
    }

    #[test]
    fn a_chain_is_merged_from_its_base() {
        let (node, said) = show(&[
            ("plans/spot.yaml", "extends: common/base.yaml\nb: 2\n"),
            (
                "plans/common/base.yaml",
                "extends: ../root.yaml\na: 1\nb: 1\n",
            ),
            ("plans/common/../root.yaml", "extends:\na: 0\nz: 0\n"),
        ]);
        assert_eq!(
            (node.as_deref(), said.as_str()),
            (Some(r#"{"a":1,"z":0,"b":2}"#), "")
        );
    }

    #[test]
    fn a_missing_base_is_reported_where_it_is_named() {
        insta::assert_snapshot!(show(&[("a.yaml", "x: 1\nextends: nowhere.yaml\n")]).1, @r#"
error: cannot read `nowhere.yaml`: no such file
 --> a.yaml:2:10
  |
2 | extends: nowhere.yaml
  |          ^^^^^^^^^^^^ expected a file, relative to this one
"#);
    }

    #[test]
    fn a_missing_scenario_has_no_place() {
        let (mut sources, mut sink) = (Sources::default(), Diagnostics::default());
        let mut read = |_: &Path| Err(io::Error::other("no such file"));
        assert!(load(Path::new("x.yaml"), &mut read, &mut sources, &mut sink).is_none());
        assert_eq!(
            render(&sink, &sources, false),
            "error: cannot read `x.yaml`: no such file\n"
        );
    }

    #[test]
    fn a_circle_is_shown() {
        let (node, said) = show(&[
            ("a.yaml", "extends: b.yaml\n"),
            ("b.yaml", "extends: c/../a.yaml\n"),
        ]);
        assert_eq!(node, None);
        insta::assert_snapshot!(said, @r#"
error: the files extend each other in a circle
 --> b.yaml:1:10
  |
1 | extends: c/../a.yaml
  |          ^^^^^^^^^^^ `a.yaml` extends `b.yaml` extends `a.yaml`
"#);
    }

    #[test]
    fn an_empty_base_is_reported_beside_other_mistakes() {
        let (node, said) = show(&[("a.yaml", "extends: b.yaml\nx: 1\nx: 2\n"), ("b.yaml", "")]);
        assert_eq!(node, None);
        assert!(
            said.contains("duplicate key `x`") && said.contains("the file is empty"),
            "{said}"
        );
    }

    #[test]
    fn a_removal_without_a_base_is_an_error() {
        let text = "nodePools: [{name: a, $remove: true}]\n";
        insta::assert_snapshot!(show(&[("a.yaml", text)]).1, @r#"
error: `$remove` has nothing to remove
 --> a.yaml:1:23
  |
1 | nodePools: [{name: a, $remove: true}]
  |                       ^^^^^^^ expected in a list whose items have names, over a base that has it
"#);
    }

    #[test]
    fn extends_names_one_file() {
        insta::assert_snapshot!(show(&[("a.yaml", "extends: [b.yaml]\n")]).1, @r#"
error: `extends` names one file
 --> a.yaml:1:10
  |
1 | extends: [b.yaml]
  |          ^^^^^^^^ expected a path, relative to this file
"#);
    }
}
