//! What is a node called? Paths like `services[2].workload[0].spec.replicas`; a key that is no plain word is quoted,
//! `labels["karpenter.sh/nodepool"]`.

use std::collections::BTreeMap;

use super::Node;
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

    /// The paths of all nodes from here down, each known by its address.
    pub(in crate::scenario) fn paths(&self) -> BTreeMap<*const Node, String> {
        let mut paths = BTreeMap::new();
        self.collect_paths(String::new(), &mut paths);
        paths
    }

    fn collect_paths(&self, path: String, paths: &mut BTreeMap<*const Node, String>) {
        for (index, item) in self.items().iter().enumerate() {
            item.collect_paths(Step::Item(index).after(&path), paths);
        }
        for (key, value) in self.entries() {
            value.collect_paths(Step::Key(&key.text).after(&path), paths);
        }
        paths.insert(self, path);
    }
}

/// The path of what stands under `key` in the map at `path`.
pub(in crate::scenario) fn child(path: &str, key: &str) -> String {
    Step::Key(key).after(path)
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

    fn after(&self, path: &str) -> String {
        match self {
            Step::Item(index) => format!("{path}[{index}]"),
            Step::Key(key) if key.is_empty() || key.contains(['.', '[']) => {
                format!("{path}[\"{key}\"]")
            }
            Step::Key(key) if path.is_empty() => (*key).to_owned(),
            Step::Key(key) => format!("{path}.{key}"),
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
        let tree = tree();
        let paths = tree.paths();
        for (node, path) in &paths {
            assert_eq!(tree.at(path).map(std::ptr::from_ref), Some(*node), "{path}");
        }
        assert_eq!(paths.len(), 13);
    }
}
