//! Integration tests: one binary, one module for each behaviour.

mod provisioning;
