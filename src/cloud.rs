//! What does AWS offer, do and charge?
//!
//! - What there is: [`catalog`] (types, zones, prices), seen through an EC2NodeClass ([`node_class`], [`allocatable`]).
//! - What EC2 does: the spot [`market`], the choice of a [`fleet`] among pools, Karpenter's memory of what failed ([`ice`]), what is
//!   left of capacity [`reservation`]s, and how long a launch takes ([`latency`]).
//! - What it costs: [`prices`] of everything that is no instance, and [`billing`] in whole nano-dollars ([`money`]).
//!
//! Data and functions only: nothing here knows of an event queue, a cluster or a policy. The market is a path that depends on the seed and
//! on nothing that anyone buys.

pub mod allocatable;
pub mod billing;
pub mod catalog;
pub mod fleet;
pub mod ice;
pub mod instance_type;
pub mod latency;
pub mod market;
pub mod money;
pub mod node_class;
pub mod prices;
pub mod reservation;

pub use catalog::{Catalog, UnknownRegion};
pub use instance_type::{CapacityType, InstanceType, InstanceTypeId, Offering, Price, Reservation};
pub use market::{Pool, SpotMarket};
pub use money::NanoUsd;
pub use node_class::{AmiFamily, NodeClassParams};
pub use reservation::CapacityReservation;
