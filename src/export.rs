//! What does a user apply? A scenario as a Terraform root module, Helm charts with values, and manifests.
//!
//! ```text
//! Scenario -> objects::Objects    the Kubernetes objects, typed by kind and place
//!          -> platform::Platform  what Terraform has to know
//!                 |
//!                 +-> terraform, helm   text: assets that never change, values that are printed by `hcl` and `yaml`
//!                 +-> notes             where the two differ from what was simulated
//!                 +-> readme, provenance
//! ```
//!
//! Invariants: the same scenario and result give the same bytes. What was simulated stands in `terraform.tfvars`, `tests/` and
//! `helm/values` alone, so that two scenarios with the same features differ nowhere else. A spec is what the user wrote, field for field.
//! Nothing belongs to an account, and nothing is secret. Whatever an export adds or leaves out, it names.

pub mod data;
pub mod diff;
pub mod hcl;
pub mod helm;
pub mod notes;
pub mod objects;
pub mod platform;
pub mod provenance;
mod readme;
pub mod terraform;
pub mod yaml;

use crate::metrics::RunResult;
use crate::scenario::Scenario;

pub use data::Data;
pub use notes::{Gap, Note};
pub use objects::Objects;
pub use platform::Platform;

/// A file: its path below the export's folder, with `/`, and its bytes.
pub type File = (String, Vec<u8>);

/// An export.
#[derive(Clone, Debug)]
pub struct Export {
    /// Every file: by path, `PROVENANCE.json` last.
    pub files: Vec<File>,
    /// What differs from what was simulated.
    pub notes: Vec<Note>,
}

/// Exports a scenario; with what a run of it resulted in, if there was one.
#[must_use]
pub fn export(scenario: &Scenario, result: Option<&RunResult>) -> Export {
    let objects = Objects::of(scenario);
    let platform = Platform::of(scenario, &objects);
    let notes = notes::notes(scenario, &objects, &platform);
    let mut files = terraform::files(&platform);
    files.extend(helm::files(scenario, &objects, &platform));
    let readme = readme::text(scenario, &platform, result, &notes);
    files.push(("README.md".to_owned(), readme.into_bytes()));
    files.sort();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let provenance = provenance::text(scenario, result, &notes, &names);
    files.push((provenance::FILE.to_owned(), provenance.into_bytes()));
    Export { files, notes }
}
