//! The integration tests: one binary, one module for each behaviour.

mod controllers;
mod queue;
mod yaml;
