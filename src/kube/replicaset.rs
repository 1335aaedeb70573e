//! How many pods does a ReplicaSet create, and which does it delete? (spec/kubernetes.md 5.7, 5.8)

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::des::SimTime;

use super::phase::PodPhase;

/// Most pods one sync creates or deletes (5.7).
pub const BURST_REPLICAS: u32 = 500;
/// Creations of the first batch; each next one is twice as large (5.7).
pub const SLOW_START_BATCH: u32 = 1;

/// What a sync does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Adjustment {
    /// Nothing.
    Keep,
    /// Creates so many pods, in the batches of [`slow_start_batches`].
    Create(u32),
    /// Deletes so many pods at once: the first [`victims`].
    Delete(u32),
}

/// Compares what is wanted with the active pods: those neither ended nor terminating. What is
/// beyond the burst waits for the next sync.
#[must_use]
pub fn adjust(desired: u32, active: u32) -> Adjustment {
    match desired.cmp(&active) {
        Ordering::Equal => Adjustment::Keep,
        Ordering::Greater => Adjustment::Create((desired - active).min(BURST_REPLICAS)),
        Ordering::Less => Adjustment::Delete((active - desired).min(BURST_REPLICAS)),
    }
}

/// Sizes of the batches in which `count` pods are created: each in parallel, after the one before
/// it has been answered.
pub fn slow_start_batches(count: u32) -> impl Iterator<Item = u32> {
    let mut left = count;
    let mut next = SLOW_START_BATCH;
    std::iter::from_fn(move || {
        let batch = next.min(left);
        left -= batch;
        next = next.saturating_mul(2);
        (batch > 0).then_some(batch)
    })
}

/// What a ReplicaSet weighs when it chooses whom to delete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replica {
    /// The node it is assigned to.
    pub node: Option<u32>,
    /// `status.phase`; not an ended one.
    pub phase: PodPhase,
    /// Since when it is Ready, if it is.
    pub ready_since: Option<SimTime>,
    /// Annotation `controller.kubernetes.io/pod-deletion-cost`.
    pub deletion_cost: i32,
    /// Most restarts of any of its containers.
    pub restarts: u32,
    /// When it was created.
    pub created: SimTime,
    /// Its UID, random. The order of the numbers is that of their fixed-width text.
    pub uid: u128,
}

/// Places of the `count` pods to delete, first to go first.
///
/// `pods` are the active pods of the ReplicaSet, and `family_nodes` the nodes of all active pods of
/// its owner: those of every ReplicaSet of the Deployment, `pods` included. How crowded a node is
/// is counted once, before anything is deleted.
///
/// Upstream's comparison is no total order (within one bucket of age it goes by UID, but by later
/// rules if the times are equal), so this selects the first of the rest `count` times; the answer
/// does not depend on a sorting algorithm.
#[must_use]
pub fn victims(now: SimTime, pods: &[Replica], family_nodes: &[u32], count: u32) -> Vec<usize> {
    let mut crowds = BTreeMap::new();
    for &node in family_nodes {
        *crowds.entry(node).or_insert(0_u32) += 1;
    }
    let crowd = |pod: &Replica| {
        pod.node
            .and_then(|node| crowds.get(&node))
            .copied()
            .unwrap_or(0)
    };
    let crowding: Vec<_> = pods.iter().map(crowd).collect();
    let mut rest: Vec<usize> = (0..pods.len()).collect();
    let mut chosen = Vec::with_capacity(count as usize);
    while chosen.len() < count as usize {
        let first = (0..rest.len()).reduce(|best, place| {
            let (a, b) = (rest[place], rest[best]);
            let order = deletion_order(now, (&pods[a], crowding[a]), (&pods[b], crowding[b]));
            if order == Ordering::Less { place } else { best }
        });
        match first {
            Some(place) => chosen.push(rest.remove(place)),
            None => break,
        }
    }
    chosen
}

/// Less if `a` goes before `b`; each with the number of its family's pods on its node (5.8, rule by
/// rule).
fn deletion_order(now: SimTime, a: (&Replica, u32), b: (&Replica, u32)) -> Ordering {
    let ((a, crowd_a), (b, crowd_b)) = (a, b);
    // Ages in one bucket go by UID, unless they are the same age.
    let by_age = |time_a: SimTime, time_b: SimTime| match (stamp(time_a), stamp(time_b)) {
        (stamp_a, stamp_b) if stamp_a == stamp_b => Ordering::Equal,
        (stamp_a, stamp_b) => {
            let buckets = age_bucket(now, stamp_a).cmp(&age_bucket(now, stamp_b));
            buckets.then(a.uid.cmp(&b.uid))
        }
    };
    let ready_for_less = || match (a.ready_since, b.ready_since) {
        (Some(ready_a), Some(ready_b)) => by_age(ready_a, ready_b),
        _ => Ordering::Equal,
    };
    let assigned = a.node.is_some().cmp(&b.node.is_some());
    assigned
        .then(a.phase.cmp(&b.phase))
        .then(a.ready_since.is_some().cmp(&b.ready_since.is_some()))
        .then(a.deletion_cost.cmp(&b.deletion_cost))
        .then(crowd_b.cmp(&crowd_a))
        .then_with(ready_for_less)
        .then(b.restarts.cmp(&a.restarts))
        .then_with(|| by_age(a.created, b.created))
}

/// A time as the API keeps it, in whole seconds.
fn stamp(time: SimTime) -> u64 {
    time.since(SimTime::ZERO).as_secs()
}

/// The power of two of the age in nanoseconds; none if there is no age.
fn age_bucket(now: SimTime, stamp: u64) -> Option<u32> {
    let age = now.saturating_since(SimTime::from_secs(stamp));
    (u128::from(age.as_micros()) * 1_000).checked_ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SimTime = SimTime::from_secs(100_000);

    /// A pod on node 0, Ready and created so many seconds ago.
    fn ready_for(secs: u64, uid: u128) -> Replica {
        let since = SimTime::from_secs(100_000 - secs);
        Replica {
            node: Some(0),
            phase: PodPhase::Running,
            ready_since: Some(since),
            deletion_cost: 0,
            restarts: 0,
            created: since,
            uid,
        }
    }

    fn first_to_go(pods: &[Replica]) -> usize {
        let nodes: Vec<_> = pods.iter().filter_map(|pod| pod.node).collect();
        victims(NOW, pods, &nodes, 1)[0]
    }

    #[test]
    fn each_rule_outranks_all_later_ones() {
        let keeper = || ready_for(86_400, 9);
        let unassigned = Replica {
            node: None,
            ..keeper()
        };
        let pending = Replica {
            phase: PodPhase::Pending,
            ready_since: None,
            ..keeper()
        };
        let unknown = Replica {
            phase: PodPhase::Unknown,
            ready_since: None,
            ..keeper()
        };
        let not_ready = Replica {
            ready_since: None,
            ..keeper()
        };
        let cheap = Replica {
            deletion_cost: -1,
            ..keeper()
        };
        let young = Replica {
            uid: 99,
            ..ready_for(10, 99)
        };
        let restarted = Replica {
            restarts: 1,
            ..keeper()
        };
        let recent = Replica {
            created: NOW,
            ..keeper()
        };
        let order = [
            unassigned,
            pending,
            unknown,
            not_ready,
            cheap,
            young,
            restarted,
            recent,
            keeper(),
        ];
        let backwards: Vec<_> = order.iter().rev().copied().collect();
        let chosen = victims(NOW, &backwards, &[0; 8], 9);
        assert_eq!(chosen, [8, 7, 6, 5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn pods_of_one_age_bucket_go_by_uid() {
        // 20 and 36 minutes lie between 18.3 and 36.7 minutes.
        assert_eq!(
            first_to_go(&[ready_for(20 * 60, 2), ready_for(36 * 60, 1)]),
            1
        );
        assert_eq!(
            first_to_go(&[ready_for(20 * 60, 1), ready_for(36 * 60, 2)]),
            0
        );
        // 37 minutes do not.
        assert_eq!(
            first_to_go(&[ready_for(37 * 60, 1), ready_for(20 * 60, 2)]),
            1
        );
    }

    #[test]
    fn bucket_edges_are_powers_of_two_nanoseconds() {
        let bucket = |secs: u64| age_bucket(NOW, 100_000 - secs);
        // edge between n and n + 1 seconds for each of 17 s, 34 s, 69 s, 137 s, 4.6 min, 9.2 min,
        // ...
        for (power, below) in [
            (34, 17),
            (35, 34),
            (36, 68),
            (37, 137),
            (38, 274),
            (39, 549),
            (40, 1_099),
        ] {
            assert_eq!(bucket(below), Some(power - 1), "{below} s");
            assert_eq!(bucket(below + 1), Some(power), "{} s", below + 1);
        }
        assert_eq!(bucket(0), None);
    }

    #[test]
    fn equal_times_fall_to_the_next_rule() {
        let twice = Replica {
            restarts: 2,
            ..ready_for(600, 9)
        };
        let once = Replica {
            restarts: 1,
            ..ready_for(600, 1)
        };
        assert_eq!(first_to_go(&[once, twice]), 1);
        let sooner = Replica {
            uid: 9,
            created: SimTime::from_secs(90_000),
            ..ready_for(600, 9)
        };
        let later = Replica {
            uid: 1,
            created: SimTime::from_secs(10_000),
            ..ready_for(600, 1)
        };
        assert_eq!(first_to_go(&[later, sooner]), 1);
    }

    #[test]
    fn crowding_is_counted_once() {
        // Nodes with 4, 2 and 2 pods, four to delete: all four on the first go.
        let on = |node, uid| Replica {
            node: Some(node),
            ..ready_for(3_600, uid)
        };
        let pods = [
            on(1, 1),
            on(1, 2),
            on(2, 3),
            on(2, 4),
            on(0, 5),
            on(0, 6),
            on(0, 7),
            on(0, 8),
        ];
        let nodes: Vec<_> = pods.iter().filter_map(|pod| pod.node).collect();
        let mut chosen = victims(NOW, &pods, &nodes, 4);
        chosen.sort_unstable();
        assert_eq!(chosen, [4, 5, 6, 7]);
    }

    #[test]
    fn pods_of_other_revisions_crowd_too() {
        let on = |node, uid| Replica {
            node: Some(node),
            ..ready_for(3_600, uid)
        };
        let pods = [on(0, 1), on(1, 2)];
        assert_eq!(victims(NOW, &pods, &[0, 1, 1], 1), [1]);
    }

    #[test]
    fn a_sync_moves_five_hundred_at_most() {
        assert_eq!(adjust(3, 3), Adjustment::Keep);
        assert_eq!(adjust(10, 3), Adjustment::Create(7));
        assert_eq!(adjust(2_000, 3), Adjustment::Create(500));
        assert_eq!(adjust(0, 2), Adjustment::Delete(2));
        assert_eq!(adjust(0, 501), Adjustment::Delete(500));
    }

    #[test]
    fn creations_start_slowly() {
        assert_eq!(slow_start_batches(10).collect::<Vec<_>>(), [1, 2, 4, 3]);
        assert_eq!(slow_start_batches(0).count(), 0);
        assert_eq!(slow_start_batches(500).sum::<u32>(), 500);
    }

    #[test]
    fn asking_for_more_than_there_are_takes_all() {
        assert_eq!(victims(NOW, &[ready_for(1, 1)], &[0], 5), [0]);
    }
}
