//! The integration tests: one binary, one module for each behaviour; `lab` and `town` make the scenarios of several.

mod attribution;
mod autoscaler;
mod billing;
mod cli;
mod conservation;
mod controllers;
mod determinism;
mod discipline;
mod disruption;
mod drift;
mod end_to_end;
mod explain;
mod export;
mod lab;
mod provisioning;
mod queue;
mod readme;
mod recorded;
mod scenario;
mod scenarios;
mod scheduler;
mod theory;
mod tidy;
mod town;
mod workload;
mod yaml;
