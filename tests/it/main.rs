//! The integration tests: one binary, one module for each behaviour.

mod billing;
mod cli;
mod controllers;
mod disruption;
mod end_to_end;
mod provisioning;
mod queue;
mod readme;
mod scenario;
mod scheduler;
mod workload;
mod yaml;
