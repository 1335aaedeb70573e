//! What does a claim do that got no instance? (spec/karpenter.md 3.6)

use crate::des::SimDuration;

/// First and longest wait between attempts to launch a claim.
const RETRY: (SimDuration, SimDuration) = (SimDuration::from_secs(1), SimDuration::from_secs(60));

/// Why a claim got no instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// It is not to be had: nothing passed the filters ([`super::NothingToLaunch`]), or every error of the call said so. The pools
    /// EC2 named are left alone for a while ([`crate::cloud::ice`]), also those of a call that found an instance elsewhere.
    InsufficientCapacity,
    /// Anything else, such as throttling.
    Transient,
}

/// What becomes of the claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is deleted, reason `insufficient_capacity`; its pods come back with their next trigger.
    Delete,
    /// It is tried again after this wait, until its launch timeout.
    Retry(SimDuration),
}

/// What becomes of a claim that failed to launch; `attempts` made before this one.
#[must_use]
pub fn verdict(failure: Failure, attempts: u32) -> Verdict {
    let (first, longest) = RETRY;
    match failure {
        Failure::InsufficientCapacity => Verdict::Delete,
        Failure::Transient => Verdict::Retry((first * (1 << attempts.min(16))).min(longest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insufficient_capacity_deletes_the_claim_whatever_was_tried_before() {
        assert_eq!(verdict(Failure::InsufficientCapacity, 0), Verdict::Delete);
        assert_eq!(verdict(Failure::InsufficientCapacity, 9), Verdict::Delete);
    }

    #[test]
    fn other_failures_are_retried_with_waits_up_to_a_minute() {
        let waits = [0, 1, 2, 5, 6, 40].map(|attempts| verdict(Failure::Transient, attempts));
        let expected = [1, 2, 4, 32, 60, 60].map(|s| Verdict::Retry(SimDuration::from_secs(s)));
        assert_eq!(waits, expected);
    }
}
