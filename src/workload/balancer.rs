//! Which of these targets serves this request? (spec/kubernetes.md 7.1)
//!
//! An Application Load Balancer is one node per availability zone, and clients spread over the
//! nodes by DNS. Each node goes round its targets by itself, so what the targets see is several
//! independent counters mixed: slightly bursty, not a perfect alternation.

use crate::des::{Purpose, StreamKey};

/// A pod behind a balancer, by the caller's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TargetId(pub u32);

/// How a target is chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// The next target in the zone's turn; the default of a target group.
    RoundRobin,
    /// The target with the fewest requests in progress, in the zone's turn among equals.
    LeastOutstandingRequests,
    /// Any target with equal chances: weighted random, whose weights are equal without anomaly
    /// mitigation; and a Service's cluster IP, which has no turns.
    Random,
}

impl Algorithm {
    /// Its name as the target group attribute `load_balancing.algorithm.type`.
    #[must_use]
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastOutstandingRequests => "least_outstanding_requests",
            Self::Random => "weighted_random",
        }
    }
}

/// The choices of one balancer.
#[derive(Clone, Debug)]
pub(super) struct Balancer {
    algorithm: Algorithm,
    /// Whose turn it is in each zone; taken modulo the number of targets when it is used.
    turns: Vec<u32>,
}

impl Balancer {
    /// A balancer with nodes in `zones` zones (at least one), whose turns begin anywhere. `entity`
    /// tells balancers apart.
    #[must_use]
    pub(super) fn new(algorithm: Algorithm, zones: usize, seed: u64, entity: u64) -> Self {
        assert!(zones > 0, "a balancer without zones");
        let key = StreamKey {
            seed,
            purpose: Purpose::Phase,
            entity,
        };
        Self {
            algorithm,
            turns: (0..zones as u64)
                .map(|zone| (key.bits(zone) >> 32) as u32)
                .collect(),
        }
    }

    /// The zone whose node a request comes to, and what is left of its draw.
    #[inline]
    pub(super) fn zone(&self, draw: u64) -> (usize, u64) {
        let wide = u128::from(draw) * self.turns.len() as u128;
        ((wide >> 64) as usize, wide as u64)
    }

    /// The target that the node of a zone sends a request to: `None` if there is none.
    ///
    /// `outstanding` tells how many requests a target has in progress and is asked by
    /// [`Algorithm::LeastOutstandingRequests`] alone; `accepts`, asked by
    /// [`Algorithm::RoundRobin`], whether a target takes the turn that is its own. `draw` is
    /// uniform over all words and belongs to the request. O(1) where every target accepts;
    /// O(targets) for the fewest requests.
    #[inline]
    pub(super) fn pick(
        &mut self,
        zone: usize,
        targets: &[TargetId],
        outstanding: impl Fn(TargetId) -> u32,
        mut accepts: impl FnMut(TargetId) -> bool,
        draw: u64,
    ) -> Option<TargetId> {
        let count = u32::try_from(targets.len())
            .ok()
            .filter(|&count| count > 0)?;
        match self.algorithm {
            Algorithm::RoundRobin => {
                for _ in 0..count {
                    let target = targets[self.turn(zone, count)];
                    if accepts(target) {
                        return Some(target);
                    }
                }
                Some(targets[self.turn(zone, count)])
            }
            Algorithm::LeastOutstandingRequests => {
                let (before, after) = targets.split_at(self.turn(zone, count));
                after
                    .iter()
                    .chain(before)
                    .copied()
                    .min_by_key(|&target| outstanding(target))
            }
            Algorithm::Random => Some(targets[below(draw, targets.len())]),
        }
    }

    /// Takes the turn of a zone.
    #[inline]
    fn turn(&mut self, zone: usize, count: u32) -> usize {
        let turn = &mut self.turns[zone];
        if *turn >= count {
            // At the start and when targets went away; a full round ends at zero below.
            *turn %= count;
        }
        let taken = *turn;
        *turn = if taken + 1 == count { 0 } else { taken + 1 };
        taken as usize
    }
}

/// `draw` scaled to `0..n`.
#[inline]
fn below(draw: u64, n: usize) -> usize {
    ((u128::from(draw) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGETS: [TargetId; 4] = [TargetId(10), TargetId(11), TargetId(12), TargetId(13)];

    fn draw(request: u64) -> u64 {
        StreamKey {
            seed: 3,
            purpose: Purpose::Routing,
            entity: request,
        }
        .bits(0)
    }

    fn pick(balancer: &mut Balancer, targets: &[TargetId], draw: u64) -> Option<TargetId> {
        let (zone, rest) = balancer.zone(draw);
        balancer.pick(zone, targets, |_| 0, |_| true, rest)
    }

    fn counts(algorithm: Algorithm, zones: usize, requests: u64) -> [u64; 4] {
        let mut balancer = Balancer::new(algorithm, zones, 3, 0);
        let mut counts = [0; 4];
        for request in 0..requests {
            let target = pick(&mut balancer, &TARGETS, draw(request)).expect("there are targets");
            counts[(target.0 - 10) as usize] += 1;
        }
        counts
    }

    #[test]
    fn without_targets_there_is_nobody_to_ask() {
        for algorithm in [
            Algorithm::RoundRobin,
            Algorithm::LeastOutstandingRequests,
            Algorithm::Random,
        ] {
            let mut balancer = Balancer::new(algorithm, 3, 1, 0);
            assert_eq!(pick(&mut balancer, &[], 7), None);
        }
    }

    #[test]
    fn one_zone_alternates_perfectly() {
        let mut balancer = Balancer::new(Algorithm::RoundRobin, 1, 3, 0);
        let picked: Vec<_> = (0..9)
            .filter_map(|request| pick(&mut balancer, &TARGETS, draw(request)))
            .collect();
        let first = picked[0].0 - 10;
        let expected: Vec<_> = (0..9)
            .map(|turn| TargetId(10 + (first + turn) % 4))
            .collect();
        assert_eq!(picked, expected);
    }

    #[test]
    fn zones_take_turns_on_their_own() {
        const REQUESTS: u64 = 12_000;
        let mut balancer = Balancer::new(Algorithm::RoundRobin, 3, 3, 0);
        let picked: Vec<_> = (0..REQUESTS)
            .filter_map(|request| pick(&mut balancer, &TARGETS, draw(request)))
            .collect();
        // Every zone is even to within one round, so the sum is even to within three requests.
        for target in TARGETS {
            let count = picked.iter().filter(|&&picked| picked == target).count() as u64;
            assert!(
                count.abs_diff(REQUESTS / 4) <= 3,
                "{target:?} served {count}"
            );
        }
        // A single counter never picks a target twice in a row; three of them do about as often as
        // chance would.
        let repeats =
            picked.windows(2).filter(|pair| pair[0] == pair[1]).count() as f64 / REQUESTS as f64;
        assert!((0.05..0.30).contains(&repeats), "{repeats}");
    }

    #[test]
    fn chance_is_even_in_the_long_run_only() {
        // Four sigma of a binomial count are 190.
        let counts = counts(Algorithm::Random, 1, 12_000);
        assert!(
            counts.iter().all(|count| count.abs_diff(3_000) < 190),
            "{counts:?}"
        );
        assert!(
            counts.iter().any(|count| count.abs_diff(3_000) > 3),
            "{counts:?}"
        );
    }

    #[test]
    fn the_least_loaded_target_wins_and_equals_take_turns() {
        let mut balancer = Balancer::new(Algorithm::LeastOutstandingRequests, 2, 3, 0);
        let outstanding = |target: TargetId| [3, 1, 2, 1][(target.0 - 10) as usize];
        let mut picked: Vec<_> = (0..40)
            .filter_map(|request| {
                let (zone, rest) = balancer.zone(draw(request));
                balancer.pick(zone, &TARGETS, outstanding, |_| true, rest)
            })
            .collect();
        picked.sort_unstable();
        picked.dedup();
        assert_eq!(picked, [TargetId(11), TargetId(13)]);
        assert_eq!(
            counts(Algorithm::LeastOutstandingRequests, 1, 400),
            [100; 4]
        );
    }

    #[test]
    fn targets_come_and_go() {
        let mut balancer = Balancer::new(Algorithm::RoundRobin, 2, 3, 0);
        for request in 0..1_000 {
            let targets = &TARGETS[..1 + (request % 4) as usize];
            let target = pick(&mut balancer, targets, draw(request)).expect("there are targets");
            assert!(targets.contains(&target));
        }
    }
}
