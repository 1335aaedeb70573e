//! The kernel.

pub mod stream;
pub mod time;
pub use stream::{Purpose, Stream, StreamKey};
pub use time::{SimDuration, SimTime};
