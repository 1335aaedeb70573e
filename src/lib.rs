//! karpsim: a Karpenter-aware autoscaling simulator.
