//! What does a claim do after EC2's answer? (spec/karpenter.md 3.6)

use crate::api::Symbol;
use crate::cloud::CapacityType;
use crate::des::SimDuration;

/// First and longest wait between attempts to launch a claim (3.6).
const RETRY: (SimDuration, SimDuration) = (SimDuration::from_secs(1), SimDuration::from_secs(60));

/// An error of a CreateFleet answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FleetError {
    /// Its code.
    pub code: FleetErrorCode,
    /// The override it names, if it names one.
    pub pool: Option<Pool>,
}

/// A type in a zone, bought one way: what the cache of unavailable offerings remembers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pool {
    /// Name of the type.
    pub instance_type: Symbol,
    /// Zone.
    pub zone: Symbol,
    /// How it is bought.
    pub capacity_type: CapacityType,
}

/// Codes of fleet errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FleetErrorCode {
    /// EC2 has no instance of the type in the zone.
    InsufficientInstanceCapacity,
    /// The account's spot instances.
    MaxSpotInstanceCountExceeded,
    /// The account's vCPUs.
    VcpuLimitExceeded,
    /// EC2 cannot fulfil the request and does not say why.
    UnfulfillableCapacity,
    /// The type is not sold there.
    Unsupported,
    /// The subnet is full.
    InsufficientFreeAddressesInSubnet,
    /// The account's fleets.
    MaxFleetCountExceeded,
    /// The reservation is used up.
    ReservationCapacityExceeded,
    /// Anything else, such as throttling.
    Other,
}

impl FleetErrorCode {
    /// Whether Karpenter takes it as "not to be had", as opposed to "try again".
    #[must_use]
    pub const fn is_unfulfillable(self) -> bool {
        !matches!(self, Self::Other)
    }
}

/// What happens to a claim after an answer without an instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The claim is deleted, reason `insufficient_capacity`; its pods come back with their next trigger.
    Delete,
    /// The same claim is tried again after this wait, until its launch timeout.
    Retry(SimDuration),
}

/// What becomes of a claim that got no instance; `attempts` made before this one.
#[must_use]
pub fn verdict(errors: &[FleetError], attempts: u32) -> Verdict {
    let unfulfillable = errors.iter().all(|error| error.code.is_unfulfillable());
    if unfulfillable && !errors.is_empty() {
        return Verdict::Delete;
    }
    let (first, longest) = RETRY;
    let factor = 1_u64 << attempts.min(16);
    Verdict::Retry((first * factor).min(longest))
}

/// The offerings to leave alone for [`super::UNAVAILABLE_FOR`] from now: every one an unfulfillable error names, even if the call found
/// an instance elsewhere.
pub fn unavailable(errors: &[FleetError]) -> impl Iterator<Item = Pool> + '_ {
    errors
        .iter()
        .filter(|error| error.code.is_unfulfillable())
        .filter_map(|error| error.pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ICE: FleetErrorCode = FleetErrorCode::InsufficientInstanceCapacity;

    fn error(code: FleetErrorCode, zone: Option<u32>) -> FleetError {
        let pool = zone.map(|zone| Pool {
            instance_type: Symbol::fixed(0),
            zone: Symbol::fixed(zone),
            capacity_type: CapacityType::Spot,
        });
        FleetError { code, pool }
    }

    #[test]
    fn a_claim_is_deleted_only_if_every_error_is_about_capacity() {
        let ice = error(ICE, Some(1));
        let bare = error(FleetErrorCode::UnfulfillableCapacity, None);
        let throttled = error(FleetErrorCode::Other, None);
        assert_eq!(verdict(&[ice, bare], 3), Verdict::Delete);
        let second = Verdict::Retry(SimDuration::from_secs(1));
        assert_eq!(verdict(&[ice, throttled], 0), second);
        assert_eq!(verdict(&[], 0), second);
    }

    #[test]
    fn retries_back_off_to_a_minute() {
        let waits = [0, 1, 2, 5, 6, 40].map(|n| verdict(&[error(FleetErrorCode::Other, None)], n));
        let expected = [1, 2, 4, 32, 60, 60].map(|s| Verdict::Retry(SimDuration::from_secs(s)));
        assert_eq!(waits, expected);
    }

    #[test]
    fn every_pool_that_was_named_is_marked() {
        let errors = [
            error(ICE, Some(1)),
            error(FleetErrorCode::UnfulfillableCapacity, None),
            error(FleetErrorCode::Other, Some(2)),
            error(FleetErrorCode::VcpuLimitExceeded, Some(3)),
        ];
        let zones: Vec<_> = unavailable(&errors).map(|pool| pool.zone).collect();
        assert_eq!(zones, [Symbol::fixed(1), Symbol::fixed(3)]);
    }
}
