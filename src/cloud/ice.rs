//! Which offerings has Karpenter stopped trying because EC2 had no capacity (spec/karpenter.md 0.1, 3.6)?

use std::collections::BTreeMap;

use super::{CapacityType, Pool};
use crate::des::{SimDuration, SimTime};

/// How long an offering that failed is left alone (spec/karpenter.md 0.1).
pub const UNAVAILABLE_FOR: SimDuration = SimDuration::from_secs(180);
/// How often expired entries are cleaned up, which is when their offerings come back (spec/karpenter.md 0.1).
pub const CLEANUP_EVERY: SimDuration = SimDuration::from_secs(10);

/// The offerings that met insufficient capacity of late.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IceCache {
    until: BTreeMap<(Pool, CapacityType), SimTime>,
    sequence: u64,
}

impl IceCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Marks an offering unavailable for [`UNAVAILABLE_FOR`] from `now`; a mark that is there already is extended.
    pub fn mark(&mut self, pool: Pool, capacity_type: CapacityType, now: SimTime) {
        self.until
            .insert((pool, capacity_type), now + UNAVAILABLE_FOR);
        self.sequence += 1;
    }

    /// Whether an offering is marked at `now`.
    #[must_use]
    pub fn is_unavailable(&self, pool: Pool, capacity_type: CapacityType, now: SimTime) -> bool {
        self.until
            .get(&(pool, capacity_type))
            .is_some_and(|&until| now < until)
    }

    /// Forgets the marks that ended by `now`; whether there were any.
    pub fn forget_expired(&mut self, now: SimTime) -> bool {
        let before = self.until.len();
        self.until.retain(|_, until| now < *until);
        let forgotten = self.until.len() < before;
        self.sequence += u64::from(forgotten);
        forgotten
    }

    /// Forgets what had ended when the cache was last cleaned up, every [`CLEANUP_EVERY`] since the start; whether there was anything.
    pub fn clean_up(&mut self, now: SimTime) -> bool {
        let period = CLEANUP_EVERY.as_micros();
        self.forget_expired(SimTime::from_micros(now.as_micros() / period * period))
    }

    /// Grows with every change, so that whoever keeps a list of offerings knows when it is stale.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When the first of the present marks ends.
    #[must_use]
    pub fn next_expiry(&self) -> Option<SimTime> {
        self.until.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Symbol;
    use crate::cloud::InstanceTypeId;

    const POOL: Pool = Pool {
        instance_type: InstanceTypeId(3),
        zone: Symbol::fixed(100),
    };

    #[test]
    fn a_mark_lasts_three_minutes_for_one_way_of_buying() {
        let mut cache = IceCache::new();
        cache.mark(POOL, CapacityType::Spot, SimTime::from_secs(10));
        let unavailable = |way, secs| cache.is_unavailable(POOL, way, SimTime::from_secs(secs));
        assert!(unavailable(CapacityType::Spot, 189));
        assert!(!unavailable(CapacityType::Spot, 190));
        assert!(!unavailable(CapacityType::OnDemand, 11));
    }

    #[test]
    fn marking_again_extends() {
        let mut cache = IceCache::new();
        cache.mark(POOL, CapacityType::Spot, SimTime::ZERO);
        cache.mark(POOL, CapacityType::Spot, SimTime::from_secs(100));
        assert!(cache.is_unavailable(POOL, CapacityType::Spot, SimTime::from_secs(279)));
        assert_eq!(cache.next_expiry(), Some(SimTime::from_secs(280)));
    }

    #[test]
    fn an_offering_comes_back_with_the_next_clean_up() {
        let mut cache = IceCache::new();
        cache.mark(POOL, CapacityType::Spot, SimTime::from_secs(3));
        assert!(!cache.clean_up(SimTime::from_secs(183)));
        assert!(!cache.clean_up(SimTime::from_secs(189)));
        assert!(cache.clean_up(SimTime::from_secs(190)));
    }

    #[test]
    fn every_change_is_seen_in_the_sequence() {
        let mut cache = IceCache::new();
        cache.mark(POOL, CapacityType::Spot, SimTime::ZERO);
        assert_eq!(cache.sequence(), 1);
        assert!(!cache.forget_expired(SimTime::from_secs(179)));
        assert_eq!(cache.sequence(), 1);
        assert!(cache.forget_expired(SimTime::from_secs(180)));
        assert_eq!((cache.sequence(), cache.next_expiry()), (2, None));
    }
}
