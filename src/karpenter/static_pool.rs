//! How many claims does a static NodePool want, and which go when there are too many? (spec/karpenter.md 1.16)

use crate::des::{SimDuration, SimTime};

use super::cost::DisruptionCost;

/// How often a pool is looked at without a cause (1.16).
pub const REQUEUE: SimDuration = SimDuration::from_secs(60);
/// How soon a pool at its limit is looked at again (1.16).
pub const REQUEUE_AT_LIMIT: SimDuration = SimDuration::from_secs(30);

/// What a pool keeps, and what it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count {
    /// `spec.replicas`.
    pub replicas: u32,
    /// `spec.limits.nodes`.
    pub limit: Option<u32>,
    /// Claims that neither go nor are to be replaced, launched or not.
    pub active: u32,
    /// Claims that wait for a replacement.
    pub pending_disruption: u32,
    /// Claims being deleted.
    pub deleting: u32,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scaling {
    /// Nothing.
    Keep,
    /// So many claims are to be created.
    Create(u32),
    /// Claims are missing, and the limit allows none.
    AtLimit,
    /// So many are to be deleted.
    Delete(u32),
}

impl Count {
    /// What is to be done now.
    #[must_use]
    pub fn scaling(&self) -> Scaling {
        if self.active > self.replicas {
            return Scaling::Delete(self.active - self.replicas);
        }
        if self.active + self.pending_disruption >= self.replicas {
            return Scaling::Keep;
        }
        match self.room().min(self.replicas - self.active) {
            0 => Scaling::AtLimit,
            missing => Scaling::Create(missing),
        }
    }

    /// How many more claims the limit allows.
    #[must_use]
    pub fn room(&self) -> u32 {
        let there = self.active + self.pending_disruption + self.deleting;
        self.limit
            .map_or(u32::MAX, |limit| limit.saturating_sub(there))
    }

    /// Whether scaling down has to end first before drifted nodes may be replaced.
    #[must_use]
    pub fn is_above_replicas(&self) -> bool {
        self.active + self.pending_disruption > self.replicas
    }
}

/// A claim that might go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member<N> {
    /// What the owner calls it.
    pub claim: N,
    /// Whether it has its instance.
    pub launched: bool,
    /// Whether it has no pods but those of DaemonSets.
    pub bare: bool,
    /// Whether a pod must not be disrupted.
    pub protected: bool,
    /// What it costs to evict all its pods.
    pub eviction_cost: DisruptionCost,
    /// When it was created.
    pub created: SimTime,
    /// How old it may get.
    pub expire_after: Option<SimDuration>,
}

impl<N> Member<N> {
    /// Eviction cost times the share of its life it has left, in millionths of a unit of cost.
    fn cost(&self, now: SimTime) -> i128 {
        const WHOLE: i128 = 1_000_000;
        let left = self.expire_after.map_or(WHOLE, |life| {
            let age = now.saturating_since(self.created);
            let left = i128::from(life.saturating_sub(age).as_micros());
            left * WHOLE / i128::from(life.as_micros().max(1))
        });
        i128::from(self.eviction_cost.units()) * left
    }

    fn is_empty(&self) -> bool {
        self.bare && !self.protected
    }
}

/// The claims that go when so many must: those not launched, then empty nodes, then nodes no pod of which is protected, then those that
/// cost least to disrupt. Claims are given in the order of their creation, which decides among equals.
#[must_use]
pub fn to_delete<N: Copy>(members: &[Member<N>], count: u32, now: SimTime) -> Vec<N> {
    let mut order: Vec<&Member<N>> = members.iter().collect();
    order.sort_by_key(|member| {
        let disrupted = member.launched && !member.is_empty();
        let cost = if disrupted { member.cost(now) } else { 0 };
        (
            member.launched,
            disrupted,
            disrupted && member.protected,
            cost,
        )
    });
    let first = order.into_iter().take(count as usize);
    first.map(|member| member.claim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: Count = Count {
        replicas: 5,
        limit: None,
        active: 5,
        pending_disruption: 0,
        deleting: 0,
    };

    #[test]
    fn missing_claims_are_created_within_the_limit() {
        let scaling = |count: Count| count.scaling();
        assert_eq!(scaling(COUNT), Scaling::Keep);
        let two = Count { active: 2, ..COUNT };
        assert_eq!(scaling(two), Scaling::Create(3));
        let limit = Some(6);
        let deleting = 2;
        let limited = Count {
            limit,
            deleting,
            ..two
        };
        assert_eq!(scaling(limited), Scaling::Create(2));
        let full = Count {
            deleting: 4,
            ..limited
        };
        assert_eq!(scaling(full), Scaling::AtLimit);
    }

    #[test]
    fn claims_that_are_being_replaced_are_not_missing_but_do_not_count_as_too_many() {
        let replaced = Count {
            active: 4,
            pending_disruption: 1,
            ..COUNT
        };
        assert_eq!(replaced.scaling(), Scaling::Keep);
        let with_replacement = Count {
            active: 5,
            ..replaced
        };
        assert_eq!(with_replacement.scaling(), Scaling::Keep);
        assert!(with_replacement.is_above_replicas());
        let too_many = Count { active: 7, ..COUNT };
        assert_eq!(too_many.scaling(), Scaling::Delete(2));
    }

    fn member(claim: u32) -> Member<u32> {
        Member {
            claim,
            launched: true,
            bare: false,
            protected: false,
            eviction_cost: DisruptionCost::ONE,
            created: SimTime::ZERO,
            expire_after: None,
        }
    }

    #[test]
    fn the_unlaunched_go_first_then_the_empty_then_the_cheap_and_the_protected_last() {
        let protected = Member {
            protected: true,
            ..member(0)
        };
        let busy = Member {
            eviction_cost: DisruptionCost::ONE + DisruptionCost::ONE,
            ..member(1)
        };
        let bare = Member {
            bare: true,
            ..member(3)
        };
        let guarded = Member {
            bare: true,
            protected: true,
            ..member(4)
        };
        let unlaunched = Member {
            launched: false,
            ..member(5)
        };
        let members = [protected, busy, member(2), bare, guarded, unlaunched];
        let order = to_delete(&members, 9, SimTime::ZERO);
        assert_eq!(order, [5, 3, 2, 1, 0, 4]);
        assert_eq!(to_delete(&members, 2, SimTime::ZERO), [5, 3]);
    }

    #[test]
    fn an_old_node_costs_less_than_a_young_one() {
        let life = Some(SimDuration::from_secs(1_000));
        let young = Member {
            expire_after: life,
            created: SimTime::from_secs(400),
            ..member(0)
        };
        let old = Member {
            expire_after: life,
            ..member(1)
        };
        assert_eq!(to_delete(&[young, old], 1, SimTime::from_secs(500)), [1]);
    }
}
