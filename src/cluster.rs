//! What is true now: pods, nodes and claims as typed tables, and how a node's CPU is shared.

pub mod cpu;
pub mod probe;
pub mod table;
pub mod template;

pub use table::{Key, Table};
pub use template::{PodTemplate, TemplateId};
