//! The integration tests: one binary, one module for each behaviour; `lab` and `town` make the scenarios of several.

mod attribution;
mod billing;
mod cli;
mod controllers;
mod disruption;
mod end_to_end;
mod lab;
mod provisioning;
mod queue;
mod readme;
mod scenario;
mod scheduler;
mod theory;
mod workload;
mod yaml;
