//! What would Karpenter do?
//!
//! Each part reads a description of the cluster and returns a decision as data; it changes nothing, waits for nothing and never sees
//! the event queue. Rules and constants are those of spec/karpenter.md.
//!
//! * [`provisioning`]: given nodes, claims, pools and pending pods, where does each pod go and which claims are created?

pub mod provisioning;
