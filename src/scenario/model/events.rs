//! What happens to the cluster at times of its own.

use super::ServiceId;
use crate::api::Symbol;
use crate::cloud::AmiFamily;
use crate::des::SimTime;

/// Something that happens once.
#[derive(Clone, Copy, Debug)]
pub struct TimedEvent {
    /// When.
    pub at: SimTime,
    /// What.
    pub kind: EventKind,
}

/// What happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// A manifest is applied: a place in [`super::KarpenterModel::changes`].
    Apply(usize),
    /// New images of a family are released.
    ImageRelease(AmiFamily),
    /// A service's Deployment gets a new image, which no node has.
    Rollout(ServiceId, Symbol),
}
