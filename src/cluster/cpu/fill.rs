//! Hierarchical water-filling: capacity by weight, demands as caps, what one does not need goes to the others.

use crate::cluster::template::QosClass;

/// What one pod brings to the division of a node.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Guaranteed pods stand beside the burstable and best-effort slices; others inside theirs.
    pub qos: QosClass,
    /// CPU request in millicores.
    pub request_millis: u64,
    /// What it could use, in microcores.
    pub demand: u64,
}

/// cgroup v2 weight of so many CPU shares, as kubelet maps them.
#[must_use]
pub fn cgroup_weight(request_millis: u64) -> u64 {
    let shares = (request_millis * 1_024 / 1_000).clamp(2, 262_144);
    1 + (shares - 2) * 9_999 / 262_142
}

/// Divides `capacity` among (weight, demand) pairs into `grants`: nobody gets more than its demand, what is left over is shared on by
/// weight, and all is given away unless all demands are met. `order` is scratch space.
pub fn water_fill(
    capacity: u64,
    entities: &[(u64, u64)],
    order: &mut Vec<u32>,
    grants: &mut [u64],
) {
    order.clear();
    order.extend(0..entities.len() as u32);
    // The least demanding by weight first: whoever stays below its share leaves more for those after it.
    order.sort_unstable_by(|&a, &b| {
        let ((wa, da), (wb, db)) = (entities[a as usize], entities[b as usize]);
        (u128::from(da) * u128::from(wb))
            .cmp(&(u128::from(db) * u128::from(wa)))
            .then(a.cmp(&b))
    });
    let mut left = capacity;
    let mut weights: u64 = entities.iter().map(|&(weight, _)| weight).sum();
    for &at in order.iter() {
        let (weight, demand) = entities[at as usize];
        let fair = if weights == 0 {
            left
        } else {
            (u128::from(left) * u128::from(weight) / u128::from(weights)) as u64
        };
        let grant = demand.min(fair);
        grants[at as usize] = grant;
        left -= grant;
        weights -= weight;
    }
}

/// Space for the division of one node, reused from one to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    shares: Vec<Share>,
    entities: Vec<(u64, u64)>,
    members: Vec<u32>,
    order: Vec<u32>,
    outer: Vec<u64>,
    inner: Vec<u64>,
    grants: Vec<u64>,
}

impl Scratch {
    /// One grant per pod, in the order they were given.
    pub(super) fn grants(&self) -> &[u64] {
        &self.grants
    }

    /// Divides a node: first among Guaranteed pods and the two slices, then inside each slice.
    pub(super) fn divide(&mut self, capacity: u64, shares: impl Iterator<Item = Share>) {
        self.shares.clear();
        self.shares.extend(shares);
        self.grants.clear();
        self.grants.resize(self.shares.len(), 0);
        let slice_of = |shares: &[Share], qos: QosClass| {
            let members = shares.iter().filter(|share| share.qos == qos);
            members.fold((0, 0), |(request, demand), share| {
                (request + share.request_millis, demand + share.demand)
            })
        };
        let (burstable_request, burstable_demand) = slice_of(&self.shares, QosClass::Burstable);
        let (_, best_effort_demand) = slice_of(&self.shares, QosClass::BestEffort);
        self.entities.clear();
        self.entities
            .push((cgroup_weight(burstable_request), burstable_demand));
        self.entities.push((cgroup_weight(0), best_effort_demand));
        self.members.clear();
        for (at, share) in self.shares.iter().enumerate() {
            if share.qos == QosClass::Guaranteed {
                self.entities
                    .push((cgroup_weight(share.request_millis), share.demand));
                self.members.push(at as u32);
            }
        }
        self.outer.clear();
        self.outer.resize(self.entities.len(), 0);
        water_fill(capacity, &self.entities, &mut self.order, &mut self.outer);
        for (place, &at) in self.members.iter().enumerate() {
            self.grants[at as usize] = self.outer[place + 2];
        }
        let (burstable, best_effort) = (self.outer[0], self.outer[1]);
        self.divide_slice(burstable, QosClass::Burstable);
        self.divide_slice(best_effort, QosClass::BestEffort);
    }

    fn divide_slice(&mut self, capacity: u64, qos: QosClass) {
        self.entities.clear();
        self.members.clear();
        for (at, share) in self.shares.iter().enumerate() {
            if share.qos == qos {
                self.entities
                    .push((cgroup_weight(share.request_millis), share.demand));
                self.members.push(at as u32);
            }
        }
        self.inner.clear();
        self.inner.resize(self.entities.len(), 0);
        water_fill(capacity, &self.entities, &mut self.order, &mut self.inner);
        for (place, &at) in self.members.iter().enumerate() {
            self.grants[at as usize] = self.inner[place];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(capacity: u64, entities: &[(u64, u64)]) -> Vec<u64> {
        let mut grants = vec![0; entities.len()];
        water_fill(capacity, entities, &mut Vec::new(), &mut grants);
        grants
    }

    #[test]
    fn weights_of_the_specification() {
        // spec/kubernetes.md 5.11 gives shares; these are the requests that make them.
        for (request, weight) in [
            (0, 1),
            (100, 4),
            (250, 10),
            (500, 20),
            (1_000, 39),
            (2_000, 79),
            (4_000, 157),
        ] {
            assert_eq!(cgroup_weight(request), weight, "{request}m");
        }
    }

    #[test]
    fn fills_by_weight_and_passes_on_what_is_left() {
        assert_eq!(fill(100, &[(1, 100), (1, 100)]), [50, 50]);
        assert_eq!(fill(100, &[(1, 10), (1, 100)]), [10, 90]);
        assert_eq!(fill(100, &[(3, 100), (1, 100)]), [75, 25]);
        assert_eq!(fill(100, &[(1, 10), (1, 20)]), [10, 20]);
        assert_eq!(fill(0, &[(1, 10)]), [0]);
        assert_eq!(fill(100, &[(2, 20), (1, 60), (1, 60)]), [20, 40, 40]);
    }

    #[test]
    fn a_best_effort_neighbour_gets_the_crumbs_of_a_busy_slice() {
        // spec/kubernetes.md 5.11: BestEffort beside a saturating slice of 1000m gets 1/(39+1).
        let mut scratch = Scratch::default();
        let pod = |qos, request_millis| Share {
            qos,
            request_millis,
            demand: 8_000_000,
        };
        let api = pod(QosClass::Burstable, 250);
        scratch.divide(
            4_000_000,
            [api, api, api, api, pod(QosClass::BestEffort, 0)].into_iter(),
        );
        assert_eq!(scratch.grants()[4], 4_000_000 / 40);
        assert_eq!(scratch.grants()[0], 4_000_000 * 39 / 40 / 4);
    }

    #[test]
    fn guaranteed_pods_stand_beside_the_slices() {
        let mut scratch = Scratch::default();
        let pod = |qos, request_millis| Share {
            qos,
            request_millis,
            demand: 8_000_000,
        };
        scratch.divide(
            4_000_000,
            [
                pod(QosClass::Guaranteed, 1_000),
                pod(QosClass::Burstable, 1_000),
            ]
            .into_iter(),
        );
        assert_eq!(scratch.grants(), [2_000_000, 2_000_000]);
    }
}
