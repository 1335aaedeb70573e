//! What is a node called? Paths like `services[2].workload[0].spec.replicas`; a key that is no plain word is quoted,
//! `labels["karpenter.sh/nodepool"]`.

use super::{Node, Value};
use crate::scenario::source::Span;

impl Node {
    /// The node at a path; the empty path is the node itself.
    pub fn at(&self, path: &str) -> Option<&Node> {
        match self.walk(path) {
            (node, "") => Some(node),
            _ => None,
        }
    }

    /// The place of the node at a path, or of its nearest ancestor that exists.
    pub fn span_of(&self, path: &str) -> Span {
        self.walk(path).0.span
    }

    /// Goes as far down a path as there are nodes; returns the last one and what is left of the path.
    fn walk<'p>(&self, path: &'p str) -> (&Node, &'p str) {
        let (mut node, mut path) = (self, path);
        while let Some((step, rest)) = Step::first(path) {
            let next = match step {
                Step::Key(key) => node.get(key),
                Step::Item(index) => node.items().get(index),
            };
            match next {
                Some(child) => (node, path) = (child, rest),
                None => break,
            }
        }
        (node, path)
    }

    /// The path from here down to `target`, found by identity; `None` if it is not in this tree.
    pub(in crate::scenario) fn path_to(&self, target: &Node) -> Option<String> {
        let mut path = String::new();
        self.search(target, &mut path).then_some(path)
    }

    fn search(&self, target: &Node, path: &mut String) -> bool {
        if std::ptr::eq(self, target) {
            return true;
        }
        let length = path.len();
        let mut descend = |step: Step, child: &Node| {
            step.write(path);
            let found = child.search(target, path);
            if !found {
                path.truncate(length);
            }
            found
        };
        match &self.value {
            Value::Seq(items) => items
                .iter()
                .enumerate()
                .any(|(index, item)| descend(Step::Item(index), item)),
            Value::Map(entries) => entries
                .iter()
                .any(|(key, node)| descend(Step::Key(&key.text), node)),
            _ => false,
        }
    }
}

enum Step<'p> {
    Key(&'p str),
    Item(usize),
}

impl<'p> Step<'p> {
    /// Splits the first step off a path; `None` at its end or where it is malformed.
    fn first(path: &'p str) -> Option<(Step<'p>, &'p str)> {
        if let Some(quoted) = path.strip_prefix("[\"") {
            let (key, rest) = quoted.split_once("\"]")?;
            return Some((Step::Key(key), rest));
        }
        if let Some(index) = path.strip_prefix('[') {
            let (index, rest) = index.split_once(']')?;
            return Some((Step::Item(index.parse().ok()?), rest));
        }
        let word = path.strip_prefix('.').unwrap_or(path);
        let end = word.find(['.', '[']).unwrap_or(word.len());
        (end > 0).then(|| (Step::Key(&word[..end]), &word[end..]))
    }

    fn write(&self, path: &mut String) {
        match self {
            Step::Item(index) => *path += &format!("[{index}]"),
            Step::Key(key) if key.is_empty() || key.contains(['.', '[']) => {
                *path += &format!("[\"{key}\"]")
            }
            Step::Key(key) if path.is_empty() => *path += key,
            Step::Key(key) => *path += &format!(".{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::diagnostic::Diagnostics;
    use crate::scenario::source::FileId;
    use crate::scenario::tree::{Node, Value, parse};

    fn tree() -> Node {
        let text = "services:\n  - name: a\n  - name: b\n    labels: {karpenter.sh/pool: x, '': y}\n    ports: [[1, 2]]\n";
        parse(FileId(0), text, &mut Diagnostics::default()).unwrap()
    }

    #[test]
    fn finds_nodes_by_path() {
        let tree = tree();
        assert_eq!(
            tree.at("services[1].name").and_then(Node::as_str),
            Some("b")
        );
        assert_eq!(
            tree.at("services[1].labels[\"karpenter.sh/pool\"]")
                .and_then(Node::as_str),
            Some("x")
        );
        assert_eq!(
            tree.at("services[1].ports[0][1]").map(|n| &n.value),
            Some(&Value::Int(2))
        );
        assert_eq!(tree.at(""), Some(&tree));
        for wrong in [
            "services[2]",
            "services.name",
            "services[",
            "services[x]",
            ".",
            "services[1].name.",
        ] {
            assert_eq!(tree.at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn falls_back_to_the_nearest_ancestor() {
        let tree = tree();
        assert_eq!(
            tree.span_of("services[1].runtime.concurrency"),
            tree.at("services[1]").unwrap().span
        );
        assert_eq!(tree.span_of("services[1].name").line, 3);
        assert_eq!(tree.span_of("nowhere"), tree.span);
    }

    #[test]
    fn every_path_leads_back_to_its_node() {
        fn check(root: &Node, node: &Node, count: &mut usize) {
            let path = root.path_to(node).unwrap();
            assert!(std::ptr::eq(root.at(&path).unwrap(), node), "{path}");
            *count += 1;
            node.items()
                .iter()
                .for_each(|item| check(root, item, count));
            node.entries()
                .iter()
                .for_each(|(_, value)| check(root, value, count));
        }
        let (tree, mut count) = (tree(), 0);
        check(&tree, &tree, &mut count);
        assert_eq!(count, 13);
        assert_eq!(tree.path_to(&tree.clone()), None);
    }
}
