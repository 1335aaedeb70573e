//! karpsim: a Karpenter-aware autoscaling simulator.

pub mod api;
pub mod cloud;
pub mod cluster;
pub mod des;
pub mod metrics;
pub mod report;
