//! The vocabulary: what do the words of a manifest mean?
//!
//! The real Kubernetes, Karpenter, KEDA and EKS objects in their own field names (`objects`), and the small languages inside
//! them: quantities, durations, labels, requirements, taints and tolerations, resource vectors.
//!
//! Invariant: `api` imports nothing of this crate and decides nothing.

pub mod duration;
pub mod label;
pub mod objects;
pub mod quantity;
pub mod requirement;
pub mod resources;
pub mod symbol;
pub mod taint;

pub use duration::GoDuration;
pub use label::{LabelSet, key};
pub use quantity::Quantity;
pub use requirement::{Operator, Requirement, Requirements};
pub use resources::{Resource, Resources};
pub use symbol::{Symbol, Symbols};
pub use taint::{Effect, Taint, Toleration};
