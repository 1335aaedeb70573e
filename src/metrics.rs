//! What happened: recorders the simulation feeds, and the result a run leaves behind.
//!
//! Nothing here keeps requests: latencies go into histograms, levels into buckets of the time series, waiting into ledgers. Memory
//! does not grow with the horizon but for one row per node and one per bucket. Only the journal, which is kept when asked for, has an entry
//! per decision, up to a bound.

pub mod attribution;
pub mod charges;
pub mod comparison;
pub mod journal;
pub mod latency;
pub mod result;
pub mod series;
pub mod starvation;

pub use attribution::{Attribution, Part};
pub use journal::Journal;
pub use latency::{LatencyRecorder, Outcome};
pub use result::RunResult;
pub use starvation::{PendingCause, StarvationLedger};
