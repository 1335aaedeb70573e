//! Which targets does a load balancer send to, and how much? Target groups, their health checks and
//! attributes (spec/kubernetes.md 7.1).
//!
//! Every node of an Application Load Balancer checks every target by itself and acts on what it has
//! found by itself. A target that has just come is healthy after a single success. From then on it
//! takes as many failures in a row as the unhealthy threshold says to make it unhealthy, and as many
//! successes as the healthy threshold to bring it back. A node that finds nobody healthy sends to
//! all who are registered: it fails open.
//!
//! The rules of slow start are those of the Elastic Load Balancing user guide ("Slow start mode"): a
//! target that becomes healthy enters it only if there is a healthy target that is not in it, and
//! leaves it when its time is over or when it becomes unhealthy.

use crate::des::{SimDuration, SimTime};

use super::balancer::{Algorithm, Balancer, TargetId};

/// Health checks of a target group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HealthCheck {
    /// Time between checks, 5 to 300 s and longer than the timeout.
    pub interval: SimDuration,
    /// Time a check may take, 2 to 120 s.
    pub timeout: SimDuration,
    /// Successes in a row for a target that was unhealthy, 2 to 10.
    pub healthy_threshold: u32,
    /// Failures in a row for a target that was healthy, 2 to 10.
    pub unhealthy_threshold: u32,
}

/// How a target group is set, by the names of its attributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TargetGroupSettings {
    /// `load_balancing.algorithm.type`.
    pub algorithm: Algorithm,
    /// `deregistration_delay.timeout_seconds`, 0 to 3,600 s: requests still in a target that was
    /// deregistered so long ago are cut off.
    pub deregistration_delay: SimDuration,
    /// `slow_start.duration_seconds`, 30 to 900 s; zero for none.
    pub slow_start: SimDuration,
    /// Its health checks.
    pub health_check: HealthCheck,
}

impl TargetGroupSettings {
    /// As the AWS Load Balancer Controller makes a target group where the Ingress says nothing.
    pub const CONTROLLER: Self = Self {
        algorithm: Algorithm::RoundRobin,
        deregistration_delay: SimDuration::from_secs(300),
        slow_start: SimDuration::ZERO,
        health_check: HealthCheck {
            interval: SimDuration::from_secs(15),
            timeout: SimDuration::from_secs(5),
            healthy_threshold: 2,
            unhealthy_threshold: 2,
        },
    };
}

/// A whole turn, in the parts that a target in slow start saves up.
const TURN: u64 = 1_000_000;

/// A target in slow start.
#[derive(Clone, Copy, Debug)]
struct Ramp {
    target: TargetId,
    since: SimTime,
    /// What it has saved up for its next turn, of [`TURN`].
    credit: u64,
}

/// What the node of one zone knows of its targets.
#[derive(Clone, Debug, Default)]
struct Node {
    /// In the order in which they became healthy.
    healthy: Vec<TargetId>,
    /// Results in a row that speak against the state of a target; none where it is missing.
    against: Vec<(TargetId, u32)>,
    ramps: Vec<Ramp>,
}

/// The targets behind a load balancer or a cluster IP.
#[derive(Clone, Debug)]
pub struct TargetGroup {
    settings: TargetGroupSettings,
    balancer: Balancer,
    registered: Vec<TargetId>,
    nodes: Vec<Node>,
}

impl TargetGroup {
    /// A group without targets behind a load balancer with nodes in `zones` zones (at least one).
    /// `entity` tells groups apart.
    #[must_use]
    pub fn new(settings: TargetGroupSettings, zones: usize, seed: u64, entity: u64) -> Self {
        Self {
            settings,
            balancer: Balancer::new(settings.algorithm, zones, seed, entity),
            registered: Vec::new(),
            nodes: vec![Node::default(); zones],
        }
    }

    /// The endpoints of a Service's cluster IP: any of them, and no checks of its own.
    #[must_use]
    pub fn cluster_ip(seed: u64, entity: u64) -> Self {
        let settings = TargetGroupSettings {
            algorithm: Algorithm::Random,
            ..TargetGroupSettings::CONTROLLER
        };
        Self::new(settings, 1, seed, entity)
    }

    /// How many nodes check the targets.
    #[must_use]
    pub fn zones(&self) -> usize {
        self.nodes.len()
    }

    /// A target has passed its first check.
    pub fn register(&mut self, now: SimTime, target: TargetId) {
        self.registered.push(target);
        for node in &mut self.nodes {
            node.admit(now, target, self.settings.slow_start);
        }
    }

    /// A target gets no new requests any more, healthy or not.
    pub fn deregister(&mut self, target: TargetId) {
        self.registered.retain(|&other| other != target);
        for node in &mut self.nodes {
            node.expel(target);
            node.against.retain(|&(other, _)| other != target);
        }
    }

    /// The node of a zone has checked a registered target. The answer is whether the target is
    /// healthy and nothing speaks against it: further successes would change nothing.
    pub fn checked(&mut self, now: SimTime, zone: usize, target: TargetId, passed: bool) -> bool {
        let check = self.settings.health_check;
        let node = &mut self.nodes[zone];
        let healthy = node.healthy.contains(&target);
        if passed == healthy {
            node.against.retain(|&(other, _)| other != target);
            return healthy;
        }
        let threshold = if healthy {
            check.unhealthy_threshold
        } else {
            check.healthy_threshold
        };
        if node.count_against(target) < threshold {
            return false;
        }
        node.against.retain(|&(other, _)| other != target);
        if healthy {
            node.expel(target);
        } else {
            node.admit(now, target, self.settings.slow_start);
        }
        !healthy
    }

    /// The target that serves a request: `None` if none is registered, which the client sees as
    /// status 503.
    ///
    /// `outstanding` tells how many requests a target has in progress and is asked by
    /// [`Algorithm::LeastOutstandingRequests`] alone. `draw` is uniform over all words and belongs
    /// to the request. O(1), and O(targets) for the fewest requests or while targets start slowly.
    #[inline]
    pub fn pick(
        &mut self,
        now: SimTime,
        outstanding: impl Fn(TargetId) -> u32,
        draw: u64,
    ) -> Option<TargetId> {
        let (zone, rest) = self.balancer.zone(draw);
        let Node { healthy, ramps, .. } = &mut self.nodes[zone];
        let duration = self.settings.slow_start;
        ramps.retain(|ramp| now.since(ramp.since) < duration);
        let targets = if healthy.is_empty() {
            &self.registered
        } else {
            &*healthy
        };
        let accepts = |target: TargetId| {
            let ramp = ramps.iter_mut().find(|ramp| ramp.target == target);
            ramp.is_none_or(|ramp| ramp.takes_its_turn(now, duration))
        };
        self.balancer
            .pick(zone, targets, outstanding, accepts, rest)
    }
}

impl Node {
    /// A target is healthy from now on.
    fn admit(&mut self, now: SimTime, target: TargetId, slow_start: SimDuration) {
        self.ramps.retain(|ramp| now.since(ramp.since) < slow_start);
        if slow_start > SimDuration::ZERO && self.healthy.len() > self.ramps.len() {
            self.ramps.push(Ramp {
                target,
                since: now,
                credit: 0,
            });
        }
        self.healthy.push(target);
    }

    /// A target is not healthy any more.
    fn expel(&mut self, target: TargetId) {
        self.healthy.retain(|&other| other != target);
        self.ramps.retain(|ramp| ramp.target != target);
    }

    /// One more result speaks against the state of a target; how many in a row.
    fn count_against(&mut self, target: TargetId) -> u32 {
        match self.against.iter_mut().find(|(other, _)| *other == target) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.against.push((target, 1));
                1
            }
        }
    }
}

impl Ramp {
    /// Whether it takes the turn that has come: as large a share of its turns as the share of slow
    /// start that is over.
    fn takes_its_turn(&mut self, now: SimTime, duration: SimDuration) -> bool {
        let over = u128::from(now.since(self.since).as_micros()) * u128::from(TURN);
        self.credit += (over / u128::from(duration.as_micros())) as u64;
        let takes = self.credit >= TURN;
        if takes {
            self.credit -= TURN;
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::{Purpose, StreamKey};

    const OLD: TargetId = TargetId(1);
    const NEW: TargetId = TargetId(2);

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    fn group(slow_start: u64, zones: usize) -> TargetGroup {
        let settings = TargetGroupSettings {
            slow_start: SimDuration::from_secs(slow_start),
            ..TargetGroupSettings::CONTROLLER
        };
        TargetGroup::new(settings, zones, 3, 0)
    }

    /// How many of a thousand requests at an instant go to a target.
    fn share(group: &mut TargetGroup, now: SimTime, target: TargetId) -> usize {
        let key = StreamKey {
            seed: 3,
            purpose: Purpose::Routing,
            entity: now.as_micros(),
        };
        let picked = (0..1_000).filter_map(|k| group.pick(now, |_| 0, key.bits(k)));
        picked.filter(|&picked| picked == target).count()
    }

    #[test]
    fn thresholds_count_results_in_a_row() {
        let mut group = group(0, 1);
        group.register(at(0), OLD);
        group.register(at(0), NEW);
        assert!(!group.checked(at(15), 0, NEW, false));
        assert!(group.checked(at(30), 0, NEW, true), "not in a row");
        assert!(!group.checked(at(45), 0, NEW, false));
        assert_eq!(share(&mut group, at(45), NEW), 500);
        assert!(!group.checked(at(60), 0, NEW, false));
        assert_eq!(share(&mut group, at(60), NEW), 0);
        assert!(!group.checked(at(75), 0, NEW, true));
        assert!(!group.checked(at(90), 0, NEW, false), "not in a row");
        assert!(!group.checked(at(105), 0, NEW, true));
        assert_eq!(share(&mut group, at(105), NEW), 0);
        assert!(group.checked(at(120), 0, NEW, true));
        assert_eq!(share(&mut group, at(120), NEW), 500);
    }

    #[test]
    fn nobody_healthy_is_as_good_as_all() {
        let mut group = group(0, 1);
        assert_eq!(group.pick(at(0), |_| 0, 7), None);
        for target in [OLD, NEW] {
            group.register(at(0), target);
            (1..3).for_each(|k| assert!(!group.checked(at(15 * k), 0, target, false)));
        }
        assert_eq!(share(&mut group, at(60), OLD), 500);
        assert!(!group.checked(at(60), 0, OLD, true));
        assert!(group.checked(at(75), 0, OLD, true));
        assert_eq!(share(&mut group, at(75), OLD), 1_000);
        group.deregister(OLD);
        assert_eq!(share(&mut group, at(75), NEW), 1_000, "it fails open again");
    }

    #[test]
    fn nodes_judge_by_themselves() {
        let mut group = group(0, 2);
        group.register(at(0), OLD);
        group.register(at(0), NEW);
        (1..3).for_each(|k| assert!(!group.checked(at(15 * k), 1, NEW, false)));
        let share = share(&mut group, at(60), NEW);
        assert!((200..=300).contains(&share), "{share}");
    }

    /// With one target at full share, one that is `f` of the way gets `f / (1 + f)` of the requests.
    #[test]
    fn slow_start_is_a_linear_ramp() {
        let mut group = group(100, 1);
        group.register(at(0), OLD);
        assert_eq!(share(&mut group, at(1), OLD), 1_000);
        group.register(at(1_000), NEW);
        for (secs, over) in [(0, 0.0), (10, 0.1), (50, 0.5), (90, 0.9), (100, 1.0)] {
            let share = share(&mut group, at(1_000 + secs), NEW) as f64;
            let expected = 1_000.0 * over / (1.0 + over);
            assert!((share - expected).abs() <= 2.0, "{secs} s: {share}");
        }
    }

    #[test]
    fn the_first_targets_do_not_start_slowly() {
        let mut group = group(100, 1);
        group.register(at(0), OLD);
        group.register(at(10), NEW);
        assert!(share(&mut group, at(10), NEW) <= 1);
        group.deregister(OLD);
        assert_eq!(share(&mut group, at(20), NEW), 1_000, "there is no other");
        // Nobody who is not in slow start is there: the next one does not enter it.
        group.register(at(20), TargetId(3));
        assert!(share(&mut group, at(21), TargetId(3)) > 800);
    }

    #[test]
    fn who_recovers_starts_slowly_again() {
        let mut group = group(100, 1);
        group.register(at(0), OLD);
        group.register(at(0), NEW);
        (1..3).for_each(|k| assert!(!group.checked(at(300 + k), 0, NEW, false)));
        assert!(!group.checked(at(400), 0, NEW, true));
        assert!(group.checked(at(415), 0, NEW, true));
        let share = share(&mut group, at(440), NEW);
        assert!((199..=201).contains(&share), "{share}");
    }
}
