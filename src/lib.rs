//! karpsim replays real complaint traffic against an EKS and Karpenter configuration, in virtual time, and reports starvation, latency
//! and cost.
//!
//! # From a file to an answer
//!
//! ```text
//! scenario.yaml -> scenario::open -> Scenario -> sim::run(&Scenario, seed) -> RunResult -> report -> files
//!                          |             \-> study: many runs, paired differences -> Comparison -> report
//!                          \-> export -> Terraform and Helm -> import -> scenario.yaml
//! ```
//!
//! Everything between `Scenario` and `RunResult` is a pure function: no clock, no file, no environment, no global. Bad input is turned
//! away in [`scenario`]; past it nothing can fail, and a broken invariant is an assertion.
//!
//! # The house
//!
//! A file belongs to the room whose question it answers. Floors, ground first; a room imports only rooms on lower floors.
//!
//! | floor | room | question | invariant |
//! |---|---|---|---|
//! | 0 | [`des`] | when does what happen, and with which luck? | imports nothing of this crate; equal times are ordered by class, then by sequence |
//! | 0 | [`api`] | what do the words of a manifest mean? | imports nothing of this crate, decides nothing |
//! | 1 | [`cloud`] | what does AWS offer, do and charge? | the market is a path that depends on nothing anyone buys; money is integer |
//! | 1 | [`workload`] | what do citizens do? | arrivals depend on nothing but their own identity |
//! | 2 | [`cluster`] | what is true now? | keys do not survive their rows; a node's CPU is never given twice |
//! | 3 | [`kube`] | what would Kubernetes do? | decides and does not act; never sees the event queue |
//! | 4 | [`karpenter`] | what would Karpenter do? | decides and does not act; never sees the event queue |
//! | 5 | [`scenario`] | what does the user want, and what is wrong with it? | reports every mistake at once; the only room that rejects |
//! | 5 | [`metrics`] | what happened, and why? | keeps no request; memory does not grow with their number |
//! | 6 | [`report`] | how do people and machines read it? | bytes out; only `report::write` touches files |
//! | 6 | [`sim`] | how do they all meet? | the only place where state changes |
//! | 7 | [`export`] | what does a user apply? | the same scenario gives the same bytes; what it adds or leaves out, it names |
//! | 7 | [`study`] | is the difference more than chance? | thread count changes no byte |
//! | 8 | [`import`] | which scenario is somebody's infrastructure? | the inverse of `export`; what it assumes, it marks |
//! | 9 | [`cli`] | what did the user type? | the only room that prints |
//!
//! # Numbers
//!
//! Time is integer microseconds, money nano-dollars, CPU millicores (microcores where it is shared out), memory bytes. Floats occur in
//! statistics, in drawing and in drawing random numbers, which go through `libm` so that they are the same on every platform. A random
//! number is addressed by (seed, purpose, entity, k): what exists outside the policy draws from its own identity, so compared
//! configurations meet the same world.
//!
//! Every constant of a real system stands in one table of its room with the section of the specification it comes from
//! (`spec/karpenter.md`, `spec/kubernetes.md` are facts about those systems in our own words).

pub mod api;
pub mod cli;
pub mod cloud;
pub mod cluster;
pub mod des;
pub mod export;
pub mod import;
pub mod karpenter;
pub mod kube;
pub mod metrics;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod study;
pub mod workload;
