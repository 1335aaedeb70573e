//! What would Karpenter do?
//!
//! Each part reads a description of the cluster and returns a decision as data; it changes nothing, waits for nothing and never sees
//! the event queue. Rules and constants are those of spec/karpenter.md.
//!
//! * [`provisioning`]: given nodes, claims, pools and pending pods, where does each pod go and which claims are created?
//! * [`launch`]: what does a claim ask EC2 for, and what follows from the answer?
//! * [`lifecycle`]: how far has a claim come, and until when must it get further?
//! * [`disruption`]: which nodes should go, and what replaces them?
//! * [`repair`]: when is an unhealthy node given up?
//! * [`static_pool`]: how many claims does a static NodePool want, and which go when there are too many?
//! * [`termination`]: which pods leave a node that is going away, in which order, and when may its instance end?
//! * [`interruption`]: what is done about a message from AWS?
//!
//! Shared by these: [`budget`] (how many nodes may go now), [`cost`] (what it costs to disturb a node), [`offerings`] (what a
//! claim may use, and at what price) and [`version`] (which release's rules apply).

pub mod budget;
pub mod cost;
pub mod disruption;
#[cfg(test)]
mod fixture;
pub mod interruption;
pub mod launch;
pub mod lifecycle;
pub mod offerings;
pub mod provisioning;
pub mod repair;
pub mod static_pool;
pub mod termination;
pub mod version;

pub use version::Version;
