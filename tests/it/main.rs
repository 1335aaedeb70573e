//! The integration tests: one binary, one module for each behaviour.

mod billing;
mod controllers;
mod disruption;
mod provisioning;
mod queue;
mod scenario;
mod scheduler;
mod workload;
mod yaml;
