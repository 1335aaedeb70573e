//! The kernel.

pub mod time;
pub use time::{SimDuration, SimTime};
