//! Would the API server take this NodePool or EC2NodeClass, and if not, why? (spec/karpenter.md 6)
//!
//! The rules are the real ones: the schemas of Karpenter's CRDs stand in `data/` as they are shipped, without the prose, and are
//! evaluated as the API server does on a create with strict field validation: defaults, unknown fields, the schema (`structure`), and,
//! unless that found something that forbids it, the rules written in CEL (`cel`). What is admitted is then checked as Karpenter's own
//! controllers do (`runtime`). The recorded verdicts of the real code in `tests/conformance` prove it.

mod cel;
mod name;
mod runtime;
mod schema;
mod structure;

use std::fmt;

use serde_json::Value;

use super::tree::{Node, child};
use crate::karpenter::Version;
use schema::Schema;

/// A kind whose admission is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `karpenter.sh/v1` NodePool.
    NodePool,
    /// `karpenter.k8s.aws/v1` EC2NodeClass.
    NodeClass,
}

/// Why an object is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// What of the object it is about.
    pub at: Place,
    /// What is wrong.
    pub cause: Cause,
}

/// A place in an object: names of fields, and indices.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Place(Vec<Step>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Step {
    Field(String),
    Item(usize),
}

/// What is wrong, in the words of the API server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// No field of the schema.
    Unknown {
        /// Those there are beside it.
        known: Vec<String>,
    },
    /// It is missing.
    Required,
    /// Another type: the one that is asked for, and the one there is.
    Type(&'static str, &'static str),
    /// None of the words there are.
    NotSupported(Vec<String>),
    /// More characters than allowed.
    TooLong(u64),
    /// More items than allowed.
    TooMany(u64),
    /// The same item again.
    Duplicate,
    /// A constraint or a rule does not hold.
    Invalid(String),
    /// Admitted, but Karpenter does not take it.
    Runtime(String),
    /// Newer than the release.
    Since(Version),
}

impl Place {
    fn field(&self, name: &str) -> Self {
        self.then(Step::Field(name.to_owned()))
    }

    fn item(&self, index: usize) -> Self {
        self.then(Step::Item(index))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The last name of a field.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Item(_) => None,
        })
    }

    /// The place without its last step.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    /// As a path of the tree, below `path`.
    #[must_use]
    pub(super) fn below(&self, path: &str) -> String {
        self.0
            .iter()
            .fold(path.to_owned(), |path, step| match step {
                Step::Field(name) => child(&path, name),
                Step::Item(index) => format!("{path}[{index}]"),
            })
    }
}

/// As the API server writes it: `spec.template.spec.taints[0].key`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if place == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Item(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// The API server's own words, without the value.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { .. } => f.write_str("unknown field"),
            Self::Required => f.write_str("is required"),
            Self::Type(wanted, found) => write!(f, "must be of type {wanted}: \"{found}\""),
            Self::NotSupported(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
                write!(f, "supported values: {}", words.join(", "))
            }
            Self::TooLong(most) => write!(f, "may not be more than {most} bytes"),
            Self::TooMany(most) => write!(f, "must have at most {most} items"),
            Self::Duplicate => f.write_str("is there twice"),
            Self::Invalid(reason) | Self::Runtime(reason) => f.write_str(reason),
            Self::Since(version) => write!(f, "is there since Karpenter {version}"),
        }
    }
}

impl Cause {
    /// Whether rules are not evaluated on an object that has it.
    fn forbids_rules(&self) -> bool {
        matches!(
            self,
            Self::Required
                | Self::Type(..)
                | Self::NotSupported(_)
                | Self::TooLong(_)
                | Self::TooMany(_)
        )
    }
}

/// Why the object would be refused, in the order of its fields; nothing if it is admitted and taken.
#[must_use]
pub fn admit(kind: Kind, object: &Node, version: Version) -> Vec<Refusal> {
    let mut object = serde_json::to_value(object).unwrap_or_default();
    let schema = Schema::of(kind);
    let root = Place::default();
    let mut refusals = Vec::new();
    if let Some(reason) = name::of_object(object["metadata"]["name"].as_str().unwrap_or("x")) {
        refusals.push(Refusal {
            at: root.field("metadata").field("name"),
            cause: Cause::Invalid(reason),
        });
    }
    let at = root.field("spec");
    let Some(spec) = object.get_mut("spec").filter(|spec| !spec.is_null()) else {
        let required = kind == Kind::NodePool;
        let cause = Cause::Required;
        refusals.extend(required.then_some(Refusal { at, cause }));
        return refusals;
    };
    structure::fill_in(schema, spec);
    structure::prune(schema, spec, &at, &mut refusals);
    structure::check(schema, spec, &at, &mut refusals);
    if !refusals.iter().any(|refusal| refusal.cause.forbids_rules()) {
        cel::check(schema, spec, &at, &mut refusals);
    }
    if refusals.is_empty() {
        refusals = runtime::check(kind, spec, &at);
    }
    if refusals.is_empty() {
        refusals = schema::too_new(kind, spec, &at, version);
        refusals.extend(runtime::once_restricted(kind, spec, &at, version));
    }
    refusals
}

/// The text of a value, for a message.
fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
