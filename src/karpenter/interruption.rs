//! What does Karpenter do about a message from AWS? (spec/karpenter.md 5)
//!
//! There is no timer for the two minutes of a spot notice: pods still there when EC2 reclaims the instance die with it.

use crate::cloud::CapacityType;
use crate::des::SimDuration;

/// How long EC2 waits after a spot notice (0.1).
pub const SPOT_NOTICE: SimDuration = SimDuration::from_secs(120);
/// How often instance status is asked for (0.2).
pub const STATUS_POLL: SimDuration = SimDuration::from_secs(60);
/// How long a status check must have failed before it counts.
pub const IMPAIRED_FOR: SimDuration = SimDuration::from_secs(120);

/// What a message is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// EC2 Spot Instance Interruption Warning.
    SpotInterrupted,
    /// EC2 Instance Rebalance Recommendation.
    RebalanceRecommendation,
    /// AWS Health, EC2, scheduledChange.
    ScheduledChange,
    /// EC2 state change to stopping or stopped.
    InstanceStopped,
    /// EC2 state change to shutting-down or terminated.
    InstanceTerminated,
    /// EC2 capacity reservation interruption warning.
    CapacityReservationInterrupted,
    /// A scheduled event seen by the status poll.
    EventStatus,
    /// An instance status check impaired for [`IMPAIRED_FOR`].
    InstanceStatus,
    /// A system status check impaired for [`IMPAIRED_FOR`].
    SystemStatus,
    /// Anything else.
    Noop,
}

/// What is done to the claim of the instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Nothing.
    NoAction,
    /// The claim is deleted and its node drained as always (4.15).
    CordonAndDrain,
    /// The same with a termination deadline of now, so that the drain waits for nobody.
    ForcefulTermination,
}

/// An action and what is remembered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reaction {
    /// What is done.
    pub action: Action,
    /// Whether the offering the instance came from is left alone for [`crate::cloud::ice::UNAVAILABLE_FOR`].
    pub marks_offering: bool,
}

/// What a message of this kind about an instance bought this way brings about.
#[must_use]
pub const fn reaction(kind: Kind, capacity_type: CapacityType) -> Reaction {
    let action = match kind {
        Kind::SpotInterrupted
        | Kind::ScheduledChange
        | Kind::InstanceStopped
        | Kind::InstanceTerminated
        | Kind::CapacityReservationInterrupted
        | Kind::EventStatus => Action::CordonAndDrain,
        Kind::InstanceStatus | Kind::SystemStatus => Action::ForcefulTermination,
        Kind::RebalanceRecommendation | Kind::Noop => Action::NoAction,
    };
    let spot = matches!(capacity_type, CapacityType::Spot);
    Reaction {
        action,
        marks_offering: spot && matches!(kind, Kind::SpotInterrupted),
    }
}

impl Kind {
    /// The reason in `karpenter_nodeclaims_disrupted_total` (4.18).
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::SpotInterrupted => "spot_interrupted",
            Self::RebalanceRecommendation => "rebalance_recommendation",
            Self::ScheduledChange => "scheduled_change",
            Self::InstanceStopped => "instance_stopped",
            Self::InstanceTerminated => "instance_terminated",
            Self::CapacityReservationInterrupted => "capacity_reservation_interrupted",
            Self::EventStatus => "event_status",
            Self::InstanceStatus => "instance_status",
            Self::SystemStatus => "system_status",
            Self::Noop => "noop",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_notice_drains_and_marks_the_offering() {
        let spot = reaction(Kind::SpotInterrupted, CapacityType::Spot);
        assert_eq!(spot.action, Action::CordonAndDrain);
        assert!(spot.marks_offering);
        assert!(!reaction(Kind::InstanceTerminated, CapacityType::Spot).marks_offering);
    }

    #[test]
    fn a_rebalance_recommendation_does_nothing() {
        let reaction = reaction(Kind::RebalanceRecommendation, CapacityType::Spot);
        assert_eq!(reaction.action, Action::NoAction);
        assert!(!reaction.marks_offering);
    }

    #[test]
    fn whatever_ends_an_instance_drains_its_node() {
        for kind in [
            Kind::SpotInterrupted,
            Kind::CapacityReservationInterrupted,
            Kind::ScheduledChange,
            Kind::InstanceStopped,
            Kind::InstanceTerminated,
            Kind::EventStatus,
        ] {
            let reaction = reaction(kind, CapacityType::Reserved);
            assert_eq!(reaction.action, Action::CordonAndDrain, "{kind:?}");
        }
    }

    #[test]
    fn only_failed_status_checks_are_forceful() {
        let forceful =
            |kind| reaction(kind, CapacityType::OnDemand).action == Action::ForcefulTermination;
        assert!(forceful(Kind::InstanceStatus) && forceful(Kind::SystemStatus));
        assert!(!forceful(Kind::EventStatus) && !forceful(Kind::ScheduledChange));
    }
}
