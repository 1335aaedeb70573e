//! What do citizens do? Complaints and page views as streams of arrivals, and the two places where
//! they wait for a pod.
//!
//! - [`Trace`] reads a CSV of real complaints, plain or gzipped, from any city, and tells every
//!   mistake in it at once.
//! - [`Replay`] sends a trace again, scaled by superposition; [`Background`] draws traffic from a
//!   weekly profile and a random level; [`Paced`] keeps equal gaps. All are iterators of
//!   [`Arrival`], in order of time.
//! - [`TargetGroup`] picks the pod that serves a request: an Application Load Balancer, with its
//!   health checks and slow start, or a cluster IP.
//! - [`MessageQueue`] holds the work that waits for a worker: Amazon SQS.
//! - [`Line`] says who is next where work waits: in turn, by priority, or fair between categories.
//!
//! **Invariant**: the streams of arrivals are pure functions of (inputs, seed) and know nothing of
//! clusters, so every configuration that is compared meets the same citizens.

mod arrivals;
mod balancer;
mod error;
mod line;
mod names;
mod queue;
mod table;
mod target_group;
mod trace;

pub use arrivals::{
    Arrival, ArrivalId, Background, BackgroundSpec, CategoryMap, OVERDISPERSION_MAX, Paced, Replay,
    ReplaySpec, SCALE_MAX, WeeklyProfile, since_monday,
};
pub use balancer::{Algorithm, TargetId};
pub use error::{TraceError, TraceErrorKind, TraceErrors};
pub use line::{Discipline, Line, Place};
pub use queue::{Counts, DeadLetter, Delivery, MessageQueue, QueueConfig, Receipt};
pub use target_group::{HealthCheck, TargetGroup, TargetGroupSettings};
pub use trace::{
    Columns, Filter, OnBadRow, StampFormat, TimeColumn, Trace, TraceEvent, TraceReport, TraceSpec,
};
