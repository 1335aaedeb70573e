//! The integration tests: one binary, one module for each behaviour.

mod queue;
mod scheduler;
mod yaml;
