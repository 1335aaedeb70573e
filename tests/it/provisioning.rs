//! Karpenter's scheduler against the cases of spec/karpenter.md 1, 9.1 and 13.6.

mod claims;
pub(crate) mod conformance;
mod dsl;
mod existing;
mod explain;
mod fake;
mod limits;
mod order;
mod properties;
mod relaxation;
mod scale;
mod topology;
