//! karpsim: a Karpenter-aware autoscaling simulator.

pub mod api;
pub mod cloud;
pub mod cluster;
pub mod des;
pub mod karpenter;
pub mod kube;
pub mod metrics;
pub mod scenario;
pub mod sim;
pub mod study;
pub mod workload;
