//! Since when has a node been left alone for long enough? (spec/karpenter.md 4.2)

use crate::des::{SimDuration, SimTime};

use super::view::{NodeView, PoolView};

/// A pod event this soon after the last one is not noticed (0.1).
pub const POD_EVENT_DEDUPE: SimDuration = SimDuration::from_secs(10);

/// The time of the last pod event after a pod other than a DaemonSet's was bound to the node, ended, or began to end at `now`.
#[must_use]
pub fn pod_event(last: Option<SimTime>, now: SimTime) -> SimTime {
    match last {
        Some(last) if now.saturating_since(last) < POD_EVENT_DEDUPE => last,
        _ => now,
    }
}

/// From when on the node may be consolidated, if nothing happens to its pods; none if never.
#[must_use]
pub fn consolidatable_from(node: &NodeView, pool: &PoolView<'_>) -> Option<SimTime> {
    let after = pool.consolidate_after?;
    let initialized = node.initialized?;
    if after == SimDuration::ZERO {
        return Some(initialized);
    }
    let alone_since = node.last_pod_event.unwrap_or(initialized);
    Some(alone_since.saturating_add(after))
}

/// Whether the window of `consolidateAfter` keeps pods of a consolidation from going to this node (1.9).
#[must_use]
pub fn protects(node: &NodeView, pool: &PoolView<'_>, now: SimTime) -> bool {
    pool.fixed.is_none() && consolidatable_from(node, pool).is_some_and(|from| now < from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::karpenter::disruption::fixture::World;
    use crate::karpenter::fixture::ON_DEMAND;

    fn at(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    fn world() -> (World, usize) {
        let mut world = World::new();
        world.fixture.kind("m5.large", &[("a", ON_DEMAND, 100)]);
        let node = world.node("m5.large", 1);
        (world, node)
    }

    #[test]
    fn pod_events_within_ten_seconds_are_one() {
        assert_eq!(pod_event(None, at(5)), at(5));
        assert_eq!(pod_event(Some(at(5)), at(14)), at(5));
        assert_eq!(pod_event(Some(at(5)), at(15)), at(15));
    }

    #[test]
    fn the_window_counts_from_the_last_pod_event_or_from_initialization() {
        let (mut world, node) = world();
        world.nodes[node].initialized = Some(at(100));
        let mut check = |after: Option<u64>, event: Option<u64>, expected: Option<u64>| {
            world.consolidate_after = after.map(SimDuration::from_secs);
            world.nodes[node].last_pod_event = event.map(at);
            let from = consolidatable_from(&world.nodes[node], &world.pool());
            assert_eq!(from, expected.map(at), "{after:?} {event:?}");
        };
        check(Some(60), None, Some(160));
        check(Some(60), Some(130), Some(190));
        check(Some(0), Some(130), Some(100));
        check(None, None, None);
    }

    #[test]
    fn a_node_in_its_window_takes_no_pods_of_a_consolidation() {
        let (mut world, node) = world();
        world.consolidate_after = Some(SimDuration::from_secs(60));
        world.nodes[node].last_pod_event = Some(at(30));
        let protects = |world: &World, secs| protects(&world.nodes[node], &world.pool(), at(secs));
        assert!(protects(&world, 89));
        assert!(!protects(&world, 90));
        world.nodes[node].initialized = None;
        assert!(!protects(&world, 30));
        world.consolidate_after = None;
        assert!(!protects(&world, 30));
    }
}
