//! How does a Deployment move from one pod template to the next? (spec/kubernetes.md 5.7)
//!
//! A Deployment owns one ReplicaSet per template. Each sync says what their sizes should be now;
//! pods becoming available or going away bring the next sync.

use crate::api::objects::core::{DeploymentStrategy, IntOrPercent};

use super::mistakes::Mistakes;

/// Surge and unavailability where the object gives none, of the replicas (5.7).
const DEFAULT_SHARE: IntOrPercent = IntOrPercent::Percent(25);

/// How pods are replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// All old pods go before the first new one comes.
    Recreate,
    /// New ones come while old ones go.
    RollingUpdate {
        /// Pods above the desired number, rounded up.
        max_surge: IntOrPercent,
        /// Pods short of the desired number, rounded down.
        max_unavailable: IntOrPercent,
    },
}

/// `maxSurge` and `maxUnavailable` as numbers of pods.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Pods above the desired number.
    pub surge: u32,
    /// Pods short of the desired number, at most that number; positive if `surge` is zero and
    /// anything is desired.
    pub unavailable: u32,
}

/// One revision of a Deployment: its ReplicaSet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Revision {
    /// `spec.replicas`.
    pub replicas: u32,
    /// `status.availableReplicas`.
    pub available: u32,
    /// Pods that exist, terminating ones included.
    pub existing: u32,
}

/// The sizes a sync wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// `spec.replicas` of the newest revision.
    pub new: u32,
    /// `spec.replicas` of the others, in the order given.
    pub old: Vec<u32>,
}

impl Strategy {
    /// Resolves `spec.strategy`.
    ///
    /// # Errors
    /// An unknown type of strategy.
    pub fn from_object(object: Option<&DeploymentStrategy>) -> Result<Self, Mistakes> {
        let rolling = object.and_then(|strategy| strategy.rolling_update.as_ref());
        match object.and_then(|strategy| strategy.kind.as_deref()) {
            Some("Recreate") => Ok(Self::Recreate),
            None | Some("RollingUpdate") => Ok(Self::RollingUpdate {
                max_surge: rolling.and_then(|r| r.max_surge).unwrap_or(DEFAULT_SHARE),
                max_unavailable: rolling
                    .and_then(|r| r.max_unavailable)
                    .unwrap_or(DEFAULT_SHARE),
            }),
            Some(other) => {
                let message = format!("is `{other}`, expected `RollingUpdate` or `Recreate`");
                Err(vec![("spec.strategy.type".into(), message)])
            }
        }
    }

    /// Its numbers for so many replicas; zero surge and everything unavailable for `Recreate`.
    #[must_use]
    pub fn bounds(self, desired: u32) -> Bounds {
        let Self::RollingUpdate {
            max_surge,
            max_unavailable,
        } = self
        else {
            return Bounds {
                surge: 0,
                unavailable: desired,
            };
        };
        let surge = max_surge.of_rounded_up(desired);
        let unavailable = max_unavailable.of_rounded_down(desired);
        // An update that may do neither would never move.
        let unavailable = if surge == 0 {
            unavailable.max(1)
        } else {
            unavailable
        };
        Bounds {
            surge,
            unavailable: unavailable.min(desired),
        }
    }
}

/// One sync of a rollout to `desired` replicas of `new`; `old` revisions from oldest to newest.
/// Answers with the same sizes when there is nothing to do until a pod changes.
#[must_use]
pub fn roll(desired: u32, strategy: Strategy, new: Revision, old: &[Revision]) -> Sizes {
    let unchanged = || old.iter().map(|revision| revision.replicas).collect();
    if strategy == Strategy::Recreate {
        let gone = old.iter().all(|revision| revision.existing == 0);
        return Sizes {
            new: if gone { desired } else { new.replicas },
            old: vec![0; old.len()],
        };
    }
    let bounds = strategy.bounds(desired);
    let new_size = next_new_size(desired, bounds, new, old);
    if new_size != new.replicas {
        return Sizes {
            new: new_size,
            old: unchanged(),
        };
    }
    Sizes {
        new: new_size,
        old: next_old_sizes(desired, bounds, new, old),
    }
}

fn next_new_size(desired: u32, bounds: Bounds, new: Revision, old: &[Revision]) -> u32 {
    if new.replicas >= desired {
        return desired;
    }
    let total = new.replicas + old.iter().map(|revision| revision.replicas).sum::<u32>();
    let room = (desired + bounds.surge).saturating_sub(total);
    new.replicas + room.min(desired - new.replicas)
}

fn next_old_sizes(desired: u32, bounds: Bounds, new: Revision, old: &[Revision]) -> Vec<u32> {
    let mut sizes: Vec<_> = old.iter().map(|revision| revision.replicas).collect();
    let available_min = desired - bounds.unavailable;
    let total = new.replicas + sizes.iter().sum::<u32>();
    let new_unavailable = new.replicas.saturating_sub(new.available);
    let mut removable = total
        .saturating_sub(available_min)
        .saturating_sub(new_unavailable);
    if removable == 0 {
        return sizes;
    }
    // Pods that serve nobody go first and do not count as a loss.
    for (size, revision) in sizes.iter_mut().zip(old) {
        let unhealthy = size.saturating_sub(revision.available).min(removable);
        *size -= unhealthy;
        removable -= unhealthy;
    }
    let available = new.available + old.iter().map(|revision| revision.available).sum::<u32>();
    let mut spare = available.saturating_sub(available_min);
    for size in &mut sizes {
        let removed = spare.min(*size);
        *size -= removed;
        spare -= removed;
    }
    sizes
}

/// New sizes when the desired number changes while several revisions have pods: what is added or
/// removed is shared in proportion to their sizes, the largest first, and what rounding leaves over
/// goes to that one. `sizes` go from oldest to newest revision.
#[must_use]
pub fn rescale(from: u32, to: u32, strategy: Strategy, sizes: &[u32]) -> Vec<u32> {
    let most = |desired: u32| i64::from(desired) + i64::from(strategy.bounds(desired).surge);
    let (before, after) = (most(from), if to == 0 { 0 } else { most(to) });
    let total: i64 = sizes.iter().map(|&size| i64::from(size)).sum();
    let change = after - total;
    let mut order: Vec<usize> = (0..sizes.len()).filter(|&place| sizes[place] > 0).collect();
    let age = |place: usize| {
        if change > 0 {
            sizes.len() - place
        } else {
            place
        }
    };
    order.sort_by_key(|&place| (std::cmp::Reverse(sizes[place]), age(place)));

    let mut scaled: Vec<i64> = sizes.iter().map(|&size| i64::from(size)).collect();
    let mut left = change;
    for &place in &order {
        let size = i64::from(sizes[place]);
        let fair = if to == 0 || before == 0 {
            -size
        } else {
            (size as f64 * after as f64 / before as f64).round() as i64 - size
        };
        let share = if change > 0 {
            fair.clamp(0, left)
        } else {
            fair.clamp(left, 0)
        };
        scaled[place] += share;
        left -= share;
    }
    if let Some(&largest) = order.first() {
        scaled[largest] = (scaled[largest] + left).max(0);
    }
    scaled.into_iter().map(|size| size as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Strategy = Strategy::RollingUpdate {
        max_surge: DEFAULT_SHARE,
        max_unavailable: DEFAULT_SHARE,
    };

    fn all_available(replicas: u32) -> Revision {
        Revision {
            replicas,
            available: replicas,
            existing: replicas,
        }
    }

    fn starting(replicas: u32, available: u32) -> Revision {
        Revision {
            replicas,
            available,
            existing: replicas,
        }
    }

    #[test]
    fn a_quarter_rounds_up_for_surge_and_down_for_unavailability() {
        assert_eq!(
            DEFAULT.bounds(3),
            Bounds {
                surge: 1,
                unavailable: 0
            }
        );
        assert_eq!(
            DEFAULT.bounds(10),
            Bounds {
                surge: 3,
                unavailable: 2
            }
        );
    }

    #[test]
    fn bounds_of_zero_would_stand_still() {
        let strategy = Strategy::RollingUpdate {
            max_surge: IntOrPercent::Int(0),
            max_unavailable: IntOrPercent::Percent(10),
        };
        assert_eq!(
            strategy.bounds(5),
            Bounds {
                surge: 0,
                unavailable: 1
            }
        );
        assert_eq!(
            strategy.bounds(0),
            Bounds {
                surge: 0,
                unavailable: 0
            }
        );
    }

    #[test]
    fn ten_pods_roll_in_the_documented_steps() {
        // surge 3, unavailable 2: up to 13 pods, at least 8 available
        let step = |new, old| roll(10, DEFAULT, new, &[old]);
        assert_eq!(
            step(all_available(0), all_available(10)),
            Sizes {
                new: 3,
                old: vec![10]
            }
        );
        assert_eq!(
            step(starting(3, 0), all_available(10)),
            Sizes {
                new: 3,
                old: vec![8]
            }
        );
        assert_eq!(
            step(starting(3, 0), all_available(8)),
            Sizes {
                new: 5,
                old: vec![8]
            }
        );
        assert_eq!(
            step(starting(5, 0), all_available(8)),
            Sizes {
                new: 5,
                old: vec![8]
            }
        );
        assert_eq!(
            step(starting(5, 2), all_available(8)),
            Sizes {
                new: 5,
                old: vec![6]
            }
        );
        assert_eq!(
            step(all_available(10), all_available(1)),
            Sizes {
                new: 10,
                old: vec![0]
            }
        );
        assert_eq!(
            step(all_available(10), all_available(0)),
            Sizes {
                new: 10,
                old: vec![0]
            }
        );
    }

    #[test]
    fn unhealthy_old_pods_go_first() {
        let sick = Revision {
            replicas: 4,
            available: 1,
            existing: 4,
        };
        let healthy = all_available(6);
        let sizes = roll(10, DEFAULT, starting(3, 0), &[healthy, sick]);
        // 13 - 8 - 3 = 2 may go: two of the sick; 7 available leave nothing more to spare.
        assert_eq!(
            sizes,
            Sizes {
                new: 3,
                old: vec![6, 2]
            }
        );
    }

    #[test]
    fn recreate_waits_until_the_last_old_pod_is_gone() {
        let terminating = Revision {
            replicas: 0,
            available: 0,
            existing: 1,
        };
        let step = |old| roll(3, Strategy::Recreate, all_available(0), &[old]);
        assert_eq!(
            step(all_available(3)),
            Sizes {
                new: 0,
                old: vec![0]
            }
        );
        assert_eq!(
            step(terminating),
            Sizes {
                new: 0,
                old: vec![0]
            }
        );
        assert_eq!(
            step(all_available(0)),
            Sizes {
                new: 3,
                old: vec![0]
            }
        );
    }

    #[test]
    fn a_rescale_is_shared_in_proportion() {
        // 10 replicas with surge 3, in the middle of a rollout: 8 old, 5 new; to 20 with surge 5.
        assert_eq!(rescale(10, 20, DEFAULT, &[8, 5]), [15, 10]);
        assert_eq!(rescale(20, 10, DEFAULT, &[15, 10]), [8, 5]);
        assert_eq!(rescale(10, 0, DEFAULT, &[8, 5]), [0, 0]);
        assert_eq!(rescale(10, 12, DEFAULT, &[0, 13]), [0, 15]);
    }

    #[test]
    fn of_equal_revisions_the_newer_grows_and_the_older_shrinks() {
        let strategy = Strategy::RollingUpdate {
            max_surge: IntOrPercent::Int(2),
            max_unavailable: IntOrPercent::Int(0),
        };
        assert_eq!(rescale(8, 9, strategy, &[5, 5]), [5, 6]);
        assert_eq!(rescale(8, 7, strategy, &[5, 5]), [4, 5]);
    }

    #[test]
    fn an_object_names_its_strategy() {
        let resolve = |text| {
            let object: DeploymentStrategy = serde_json::from_str(text).unwrap();
            Strategy::from_object(Some(&object))
        };
        assert_eq!(Strategy::from_object(None), Ok(DEFAULT));
        assert_eq!(resolve(r#"{"type": "Recreate"}"#), Ok(Strategy::Recreate));
        let expected = Strategy::RollingUpdate {
            max_surge: IntOrPercent::Int(1),
            max_unavailable: DEFAULT_SHARE,
        };
        assert_eq!(
            resolve(r#"{"rollingUpdate": {"maxSurge": 1}}"#),
            Ok(expected)
        );
        assert_eq!(
            resolve(r#"{"type": "Canary"}"#).unwrap_err()[0].0,
            "spec.strategy.type"
        );
    }
}
