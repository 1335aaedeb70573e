//! Which scenario is somebody's infrastructure?
//!
//! ```text
//! manifests (YAML, JSON, lists)  -+
//! terraform show -json           -+-> Found -> Objects, Platform -> scenario text
//! .tf, .tfvars with plain values -+
//! ```
//!
//! The inverse of [`crate::export`]: what an export carries comes back field for field, and fields nobody models stay in the manifests. What
//! no manifest can know (who comes, what a request costs) is assumed, marked in the text and listed. Two places that say different
//! things about one object are a mistake that names both.

mod addons;
mod arguments;
mod assumed;
mod found;
mod hcl;
mod modules;
mod objects;
mod plan;
mod platform;
mod services;
mod variables;
mod write;

use std::path::PathBuf;

use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::source::Sources;

/// A file to import.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its path: the extension says what it is.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// Whether it was asked for by name. Of a folder's files those that are no infrastructure are left, and no mistake.
    pub named: bool,
}

/// A scenario made of somebody's infrastructure.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The scenario file.
    pub text: String,
    /// What was assumed, a sentence each.
    pub assumed: Vec<String>,
    /// What was found and has no place in a scenario, with the reason.
    pub left: Vec<String>,
}

/// Imports files. None exactly if one of them cannot be read or two contradict each other: `sink` then says where.
pub fn import(
    name: &str,
    inputs: &[Input],
    sources: &mut Sources,
    sink: &mut Diagnostics,
) -> Option<Imported> {
    let found = found::read(inputs, sources, sink);
    let mut left = found.left.clone();
    let objects = objects::Objects::of(&found.manifests, sources, sink, &mut left);
    let platform = platform::Platform::of(&found, sink, &mut left);
    let services = services::services(&objects, &platform, sink, &mut left);
    if sink.has_errors() {
        return None;
    }
    Some(write::scenario(name, objects, platform, services, left))
}
