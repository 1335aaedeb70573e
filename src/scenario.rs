//! What did the user write, where, and what is wrong with it?
//!
//! The lowest layer reads YAML without knowing what a scenario is:
//!
//! - [`source`] files and places in them
//! - [`diagnostic`] mistakes, and how they are shown
//! - [`tree`] text as a tree of nodes that know their place
//! - [`merge`] one tree laid over another
//! - [`load`] the chain of files behind `extends`
//! - [`decode`] a tree as ordinary serde structs, with every mistake reported at once
//!
//! Above it, a tree becomes a scenario:
//!
//! - [`spec`] the file, one struct per map
//! - [`admission`] what the API server would say of Karpenter's objects
//! - `resolve` names to ids, defaults filled in, every doubt reported
//! - [`model`] what is left to run
//! - [`open`](open()) all of it, from a path
//!
//! All of them take a [`Diagnostics`](diagnostic::Diagnostics) sink and return what could still be made of the input.

pub mod admission;
pub mod decode;
pub mod diagnostic;
pub mod load;
pub mod merge;
pub mod model;
mod open;
mod resolve;
pub mod source;
pub mod spec;
pub mod tree;

pub use model::Scenario;
pub use open::{Opened, Options, open};
pub use resolve::pod_templates;
