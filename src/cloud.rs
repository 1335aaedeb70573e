//! What does AWS offer, do and charge?

pub mod instance_type;

pub use instance_type::{CapacityType, InstanceType, InstanceTypeId, Offering, Price};
