//! May this pod be evicted? PodDisruptionBudgets and the eviction API (spec/kubernetes.md 5.6).

use crate::api::objects::core::{IntOrPercent, PodDisruptionBudget};
use crate::des::{SimDuration, SimTime};

use super::mistakes::Mistakes;
use super::phase::PodPhase;

/// How long an admitted eviction counts as a loss before the pod is deleted (5.6).
pub const DISRUPTED_POD_TIMEOUT: SimDuration = SimDuration::from_secs(120);
/// No more evictions are admitted while more than this many wait for their deletion (5.6).
pub const DISRUPTED_PODS_MAX: usize = 2_000;

/// A PodDisruptionBudget, resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PdbSpec {
    /// How many may be away.
    pub budget: Budget,
    /// What happens to pods that are not Ready.
    pub unhealthy: UnhealthyPodEvictionPolicy,
}

/// The number a budget holds on to. Percentages round up, both ways.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Budget {
    /// So many must stay healthy.
    MinAvailable(IntOrPercent),
    /// So many may be away.
    MaxUnavailable(IntOrPercent),
}

/// `unhealthyPodEvictionPolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnhealthyPodEvictionPolicy {
    /// Pods that are not Ready may go while enough others are healthy.
    IfHealthyBudget,
    /// They may always go.
    AlwaysAllow,
}

impl PdbSpec {
    /// Resolves an object.
    ///
    /// # Errors
    /// The path of each field and what is wrong with it.
    pub fn from_object(object: &PodDisruptionBudget) -> Result<Self, Mistakes> {
        let spec = &object.spec;
        let mut mistakes = Mistakes::new();
        let budget = match (spec.min_available, spec.max_unavailable) {
            (Some(min), None) => Budget::MinAvailable(min),
            (None, Some(max)) => Budget::MaxUnavailable(max),
            (Some(_), Some(_)) | (None, None) => {
                let message = "must have exactly one of minAvailable and maxUnavailable";
                mistakes.push(("spec".into(), message.into()));
                Budget::MaxUnavailable(IntOrPercent::Int(0))
            }
        };
        for (path, given) in [
            ("minAvailable", spec.min_available),
            ("maxUnavailable", spec.max_unavailable),
        ] {
            if let Some(IntOrPercent::Percent(percent)) = given
                && percent > 100
            {
                mistakes.push((
                    format!("spec.{path}"),
                    format!("is {percent}%, at most 100% is allowed"),
                ));
            }
        }
        let unhealthy = match spec.unhealthy_pod_eviction_policy.as_deref() {
            None | Some("IfHealthyBudget") => UnhealthyPodEvictionPolicy::IfHealthyBudget,
            Some("AlwaysAllow") => UnhealthyPodEvictionPolicy::AlwaysAllow,
            Some(other) => {
                let message = format!("is `{other}`, expected `IfHealthyBudget` or `AlwaysAllow`");
                mistakes.push(("spec.unhealthyPodEvictionPolicy".into(), message));
                UnhealthyPodEvictionPolicy::IfHealthyBudget
            }
        };
        if mistakes.is_empty() {
            Ok(Self { budget, unhealthy })
        } else {
            Err(mistakes)
        }
    }

    /// Whether the budget lets no pod go by its very form, whatever the pods do: Karpenter does not
    /// even consider nodes with such pods (spec/karpenter.md 4.3).
    #[must_use]
    pub fn is_fully_blocking(self) -> bool {
        matches!(
            self.budget,
            Budget::MaxUnavailable(IntOrPercent::Int(0) | IntOrPercent::Percent(0))
                | Budget::MinAvailable(IntOrPercent::Percent(100))
        )
    }
}

/// What the disruption controller sees of a matching pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CoveredPod {
    /// Which pod: a number that no other pod ever gets.
    pub id: u64,
    /// Its phase.
    pub phase: PodPhase,
    /// Whether it is Ready.
    pub ready: bool,
    /// Whether it has a deletion timestamp.
    pub deleting: bool,
}

/// `status` of a PodDisruptionBudget.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// Pods there should be.
    pub expected: u32,
    /// Pods that must be healthy.
    pub desired_healthy: u32,
    /// Pods that are.
    pub current_healthy: u32,
    /// Pods that may go now.
    pub disruptions_allowed: u32,
}

/// One PodDisruptionBudget: what it asks for, its status as of the last sync, and the evictions
/// admitted since.
#[derive(Clone, Debug)]
pub struct Pdb {
    spec: PdbSpec,
    status: Status,
    disrupted: Vec<(u64, SimTime)>,
}

/// The eviction API's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Eviction {
    /// The pod is being deleted.
    Admitted,
    /// HTTP 429: a budget has nothing left; ask again later.
    Refused,
    /// HTTP 500: more than one budget covers the pod.
    Ambiguous,
}

impl Pdb {
    /// A budget whose status was never computed: nothing may go.
    #[must_use]
    pub fn new(spec: PdbSpec) -> Self {
        Self {
            spec,
            status: Status::default(),
            disrupted: Vec::new(),
        }
    }

    /// What it asks for.
    #[must_use]
    pub fn spec(&self) -> PdbSpec {
        self.spec
    }

    /// Its status, as of the last sync and the evictions admitted since.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Brings the status up to date with every matching pod; `scale` is the sum of `spec.replicas`
    /// of their distinct controllers.
    pub fn sync(&mut self, now: SimTime, pods: &[CoveredPod], scale: u32) {
        self.disrupted.retain(|&(id, at)| {
            let waiting = |pod: &CoveredPod| pod.id == id && !pod.deleting;
            pods.iter().any(waiting) && now.since(at) <= DISRUPTED_POD_TIMEOUT
        });
        let disrupted = |id| self.disrupted.iter().any(|&(other, _)| other == id);
        let healthy = |pod: &&CoveredPod| pod.ready && !pod.deleting && !disrupted(pod.id);
        let current_healthy = pods.iter().filter(healthy).count() as u32;
        self.status = status(self.spec.budget, pods.len() as u32, scale, current_healthy);
    }

    /// Spends one disruption on the pod, if there is one.
    fn spend(&mut self, now: SimTime, pod: u64) -> Eviction {
        if self.status.disruptions_allowed == 0 || self.disrupted.len() > DISRUPTED_PODS_MAX {
            return Eviction::Refused;
        }
        self.status.disruptions_allowed -= 1;
        self.disrupted.push((pod, now));
        Eviction::Admitted
    }
}

/// The arithmetic of a status: `matching` pods, `scale` wanted by their controllers,
/// `current_healthy` among them.
#[must_use]
pub fn status(budget: Budget, matching: u32, scale: u32, current_healthy: u32) -> Status {
    let (expected, desired_healthy) = match budget {
        Budget::MinAvailable(IntOrPercent::Int(min)) => (matching, min),
        Budget::MinAvailable(share) => (scale, share.of_rounded_up(scale)),
        Budget::MaxUnavailable(share) => (scale, scale.saturating_sub(share.of_rounded_up(scale))),
    };
    let spare = current_healthy.saturating_sub(desired_healthy);
    Status {
        expected,
        desired_healthy,
        current_healthy,
        disruptions_allowed: if expected == 0 { 0 } else { spare },
    }
}

/// Answers an eviction request for a pod. `covering` are the budgets that match it.
pub fn evict(now: SimTime, pod: CoveredPod, covering: &mut [&mut Pdb]) -> Eviction {
    if pod.deleting || pod.phase == PodPhase::Pending || pod.phase.is_terminal() {
        return Eviction::Admitted;
    }
    match covering {
        [] => Eviction::Admitted,
        [pdb] => {
            let Status {
                current_healthy,
                desired_healthy,
                ..
            } = pdb.status;
            let enough = current_healthy >= desired_healthy && desired_healthy > 0;
            let free = pdb.spec.unhealthy == UnhealthyPodEvictionPolicy::AlwaysAllow || enough;
            if !pod.ready && free {
                Eviction::Admitted
            } else {
                pdb.spend(now, pod.id)
            }
        }
        [_, _, ..] => Eviction::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: fn(IntOrPercent) -> Budget = Budget::MinAvailable;
    const MAX: fn(IntOrPercent) -> Budget = Budget::MaxUnavailable;
    use IntOrPercent::{Int, Percent};

    fn pods(healthy: u64, not_ready: u64) -> Vec<CoveredPod> {
        let pod = |id| CoveredPod {
            id,
            phase: PodPhase::Running,
            ready: id < healthy,
            deleting: false,
        };
        (0..healthy + not_ready).map(pod).collect()
    }

    fn pdb(budget: Budget, unhealthy: UnhealthyPodEvictionPolicy, pods: &[CoveredPod]) -> Pdb {
        let mut pdb = Pdb::new(PdbSpec { budget, unhealthy });
        pdb.sync(SimTime::ZERO, pods, pods.len() as u32);
        pdb
    }

    #[test]
    fn both_percentages_round_up() {
        let allowed =
            |budget, replicas| status(budget, replicas, replicas, replicas).disruptions_allowed;
        assert_eq!(status(MIN(Percent(50)), 7, 7, 7).desired_healthy, 4);
        assert_eq!(allowed(MIN(Percent(50)), 7), 3);
        assert_eq!(allowed(MAX(Percent(30)), 7), 3);
        // A Deployment's maxUnavailable would round to 0.
        assert_eq!(allowed(MAX(Percent(25)), 3), 1);
        assert_eq!(allowed(MIN(Int(2)), 3), 1);
    }

    #[test]
    fn one_replica_that_must_stay_blocks_for_ever() {
        for budget in [MIN(Int(1)), MAX(Int(0)), MAX(Percent(0)), MIN(Percent(100))] {
            assert_eq!(status(budget, 1, 1, 1).disruptions_allowed, 0, "{budget:?}");
        }
    }

    #[test]
    fn a_scale_up_takes_allowance_away_from_shares_only() {
        // From 4 to 8 replicas, 4 of them not Ready yet.
        assert_eq!(status(MAX(Percent(25)), 8, 8, 4).disruptions_allowed, 0);
        assert_eq!(status(MIN(Percent(50)), 8, 8, 4).disruptions_allowed, 0);
        assert_eq!(status(MIN(Int(2)), 8, 8, 4).disruptions_allowed, 2);
    }

    #[test]
    fn nothing_expected_allows_nothing() {
        assert_eq!(status(MIN(Int(0)), 0, 0, 0).disruptions_allowed, 0);
        assert_eq!(status(MAX(Int(1)), 2, 0, 2).disruptions_allowed, 0);
    }

    #[test]
    fn only_its_form_makes_a_budget_fully_blocking() {
        let blocking = |budget| {
            let unhealthy = UnhealthyPodEvictionPolicy::IfHealthyBudget;
            PdbSpec { budget, unhealthy }.is_fully_blocking()
        };
        assert!(blocking(MAX(Int(0))) && blocking(MAX(Percent(0))) && blocking(MIN(Percent(100))));
        assert!(!blocking(MIN(Int(1))) && !blocking(MAX(Int(1))) && !blocking(MIN(Percent(99))));
    }

    #[test]
    fn each_eviction_spends_until_none_is_left() {
        let pods = pods(3, 0);
        let mut pdb = pdb(
            MAX(Int(1)),
            UnhealthyPodEvictionPolicy::IfHealthyBudget,
            &pods,
        );
        assert_eq!(
            evict(SimTime::ZERO, pods[0], &mut [&mut pdb]),
            Eviction::Admitted
        );
        assert_eq!(
            evict(SimTime::ZERO, pods[1], &mut [&mut pdb]),
            Eviction::Refused
        );
        // A sync before the deletion is seen must not give it back, two minutes without deletion
        // do.
        pdb.sync(SimTime::from_secs(120), &pods, 3);
        assert_eq!(pdb.status().disruptions_allowed, 0);
        pdb.sync(SimTime::from_secs(121), &pods, 3);
        assert_eq!(pdb.status().disruptions_allowed, 1);
    }

    #[test]
    fn a_replacement_gives_the_disruption_back() {
        let mut pods = pods(3, 0);
        let mut pdb = pdb(
            MAX(Int(1)),
            UnhealthyPodEvictionPolicy::IfHealthyBudget,
            &pods,
        );
        assert_eq!(
            evict(SimTime::ZERO, pods[0], &mut [&mut pdb]),
            Eviction::Admitted
        );
        pods[0].deleting = true;
        pdb.sync(SimTime::from_secs(1), &pods, 3);
        assert_eq!(
            (
                pdb.status().current_healthy,
                pdb.status().disruptions_allowed
            ),
            (2, 0)
        );
        pods.push(CoveredPod {
            id: 9,
            deleting: false,
            ..pods[0]
        });
        pdb.sync(SimTime::from_secs(2), &pods, 3);
        assert_eq!(pdb.status().disruptions_allowed, 1);
    }

    #[test]
    fn pods_that_serve_nobody_go_without_asking() {
        let all = pods(1, 0);
        let mut pdb = pdb(
            MIN(Int(1)),
            UnhealthyPodEvictionPolicy::IfHealthyBudget,
            &all,
        );
        for phase in [PodPhase::Pending, PodPhase::Succeeded, PodPhase::Failed] {
            let pod = CoveredPod {
                phase,
                ready: false,
                ..all[0]
            };
            assert_eq!(
                evict(SimTime::ZERO, pod, &mut [&mut pdb]),
                Eviction::Admitted
            );
        }
        let leaving = CoveredPod {
            deleting: true,
            ..all[0]
        };
        assert_eq!(
            evict(SimTime::ZERO, leaving, &mut [&mut pdb]),
            Eviction::Admitted
        );
        assert_eq!(
            evict(SimTime::ZERO, all[0], &mut [&mut pdb]),
            Eviction::Refused
        );
    }

    #[test]
    fn unready_pods_follow_their_policy() {
        use UnhealthyPodEvictionPolicy::{AlwaysAllow, IfHealthyBudget};
        let evict_unready = |budget, policy, healthy, unready| {
            let pods = pods(healthy, unready);
            let mut pdb = pdb(budget, policy, &pods);
            let answer = evict(SimTime::ZERO, pods[healthy as usize], &mut [&mut pdb]);
            (answer, pdb.disrupted.len())
        };
        // Enough others are healthy: goes without spending.
        assert_eq!(
            evict_unready(MIN(Int(2)), IfHealthyBudget, 2, 1),
            (Eviction::Admitted, 0)
        );
        // Too few are: stays.
        assert_eq!(
            evict_unready(MIN(Int(2)), IfHealthyBudget, 1, 2),
            (Eviction::Refused, 0)
        );
        assert_eq!(
            evict_unready(MIN(Int(2)), AlwaysAllow, 1, 2),
            (Eviction::Admitted, 0)
        );
        // Nothing needs to be healthy: it spends like a healthy one, if there is anything to spend.
        assert_eq!(
            evict_unready(MAX(Int(3)), IfHealthyBudget, 1, 2),
            (Eviction::Admitted, 1)
        );
        assert_eq!(
            evict_unready(MAX(Int(3)), IfHealthyBudget, 0, 3),
            (Eviction::Refused, 0)
        );
    }

    #[test]
    fn two_budgets_are_an_error_and_none_is_consent() {
        let pods = pods(3, 0);
        let loose = || pdb(MAX(Int(3)), UnhealthyPodEvictionPolicy::AlwaysAllow, &pods);
        let (mut a, mut b) = (loose(), loose());
        assert_eq!(
            evict(SimTime::ZERO, pods[0], &mut [&mut a, &mut b]),
            Eviction::Ambiguous
        );
        assert_eq!(evict(SimTime::ZERO, pods[0], &mut []), Eviction::Admitted);
    }

    #[test]
    fn an_object_gives_exactly_one_number() {
        let resolve = |spec: &str| {
            let text = format!(r#"{{"metadata": {{"name": "api"}}, "spec": {{{spec}}}}}"#);
            let object: PodDisruptionBudget = serde_json::from_str(&text).unwrap();
            PdbSpec::from_object(&object)
        };
        let paths = |spec| {
            let mistakes = resolve(spec).unwrap_err();
            mistakes
                .into_iter()
                .map(|(path, _)| path)
                .collect::<Vec<_>>()
        };
        let expected = PdbSpec {
            budget: MAX(Percent(25)),
            unhealthy: UnhealthyPodEvictionPolicy::AlwaysAllow,
        };
        let given = r#""maxUnavailable": "25%", "unhealthyPodEvictionPolicy": "AlwaysAllow""#;
        assert_eq!(resolve(given), Ok(expected));
        assert_eq!(paths(""), ["spec"]);
        assert_eq!(paths(r#""minAvailable": 1, "maxUnavailable": 1"#), ["spec"]);
        assert_eq!(
            paths(r#""minAvailable": "101%", "unhealthyPodEvictionPolicy": "Never""#),
            ["spec.minAvailable", "spec.unhealthyPodEvictionPolicy"]
        );
    }
}
