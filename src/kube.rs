//! What would Kubernetes do? Its controllers as decisions: they read state and return data, and never act or see the event queue.
//!
//! - [`scheduler`]: on which node does a pod go, and when is it tried again?

pub mod scheduler;
