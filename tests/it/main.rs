//! The integration tests: one binary, one module for each behaviour.

mod queue;
mod workload;
mod yaml;
