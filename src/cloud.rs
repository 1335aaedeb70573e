//! What does AWS offer, do and charge?

pub mod allocatable;
pub mod catalog;
pub mod instance_type;
pub mod market;
pub mod money;
pub mod node_class;

pub use catalog::{Catalog, UnknownRegion};
pub use instance_type::{CapacityType, InstanceType, InstanceTypeId, Offering, Price};
pub use money::NanoUsd;
pub use node_class::{AmiFamily, NodeClassParams};
