//! The discrete-event kernel: in what order do things happen, and which random numbers do they see?
//!
//! A model is a closed event type and one `handle` method ([`Model`]). [`run`] pops the earliest
//! pending event, hands it over with the queue, and goes on until nothing is left or a [`Limits`]
//! is met. Everything the kernel promises is about order and repeatability:
//!
//! - time is an integer ([`SimTime`], microseconds), so equal times are equal and not almost equal;
//! - pending events leave the queue in the order (time, [`Class`], order of arrival), which is part
//!   of a simulation's results;
//! - random numbers are addressed ([`StreamKey`]) instead of drawn from one shared sequence, so two
//!   configurations that are compared see the same world however differently they react to it;
//! - variates ([`Dist`]) cost one uniform number each and are computed without the platform's
//!   mathematics library.
//!
//! **Invariant**: this module imports nothing else of the crate. It has never heard of nodes, pods
//! or files.

mod engine;
mod queue;
mod sample;
mod stream;
mod time;

pub use engine::{Limits, Model, Outcome, Stop, run};
pub use queue::{Class, EventQueue};
pub use sample::{Dist, normal_quantile};
pub use stream::{Purpose, Stream, StreamKey};
pub use time::{SimDuration, SimTime};
