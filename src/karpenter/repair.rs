//! When is an unhealthy node given up? (spec/karpenter.md 4.16, gate NodeRepair)

use crate::des::{SimDuration, SimTime};

/// Of a pool's nodes so many in a hundred, rounded up, may be unhealthy; with more, none is repaired.
const UNHEALTHY_PERCENT: u32 = 20;
/// How soon a pool with too many unhealthy nodes is looked at again.
pub const BLOCKED_RETRY: SimDuration = SimDuration::from_secs(5 * 60);

/// What is wrong with a node: one of its conditions, whose good state is in its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Condition {
    /// The kubelet is silent.
    Ready,
    /// GPUs and other accelerators.
    AcceleratedHardwareReady,
    /// Disks.
    StorageReady,
    /// Network.
    NetworkingReady,
    /// The kernel.
    KernelReady,
    /// The container runtime.
    ContainerRuntimeReady,
}

impl Condition {
    /// Every condition with its name.
    pub const ALL: [(&str, Self); 6] = [
        ("Ready", Self::Ready),
        ("AcceleratedHardwareReady", Self::AcceleratedHardwareReady),
        ("StorageReady", Self::StorageReady),
        ("NetworkingReady", Self::NetworkingReady),
        ("KernelReady", Self::KernelReady),
        ("ContainerRuntimeReady", Self::ContainerRuntimeReady),
    ];

    /// How long the condition is tolerated.
    #[must_use]
    pub const fn tolerated(self) -> SimDuration {
        match self {
            Self::AcceleratedHardwareReady => SimDuration::from_secs(10 * 60),
            _ => SimDuration::from_secs(30 * 60),
        }
    }
}

/// What is done about an unhealthy node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repair {
    /// Nothing before this.
    Wait(SimTime),
    /// Nothing: too many are unhealthy. It is looked at again then.
    Blocked(SimTime),
    /// Its claim is deleted, and nobody is waited for.
    Replace,
}

/// What is done about a node that has had the condition since then, in a pool of so many nodes of which so many are unhealthy.
#[must_use]
pub fn repair(
    now: SimTime,
    condition: Condition,
    since: SimTime,
    nodes: u32,
    unhealthy: u32,
) -> Repair {
    let due = since + condition.tolerated();
    if now < due {
        Repair::Wait(due)
    } else if unhealthy > (nodes * UNHEALTHY_PERCENT).div_ceil(100) {
        Repair::Blocked(now + BLOCKED_RETRY)
    } else {
        Repair::Replace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::from_secs(secs)
    }

    #[test]
    fn conditions_are_tolerated_for_thirty_or_ten_minutes() {
        let repair = |condition, now| repair(at(now), condition, at(100), 10, 1);
        assert_eq!(repair(Condition::Ready, 1_899), Repair::Wait(at(1_900)));
        assert_eq!(repair(Condition::KernelReady, 1_900), Repair::Replace);
        let hardware = Condition::AcceleratedHardwareReady;
        assert_eq!(repair(hardware, 699), Repair::Wait(at(700)));
        assert_eq!(repair(hardware, 700), Repair::Replace);
    }

    #[test]
    fn a_fifth_rounded_up_may_be_unhealthy() {
        let blocked = |nodes, unhealthy| {
            let decided = repair(at(9_000), Condition::Ready, at(0), nodes, unhealthy);
            decided == Repair::Blocked(at(9_300))
        };
        assert!(!blocked(1, 1));
        assert!(!blocked(3, 1) && blocked(3, 2));
        assert!(!blocked(6, 2) && blocked(6, 3));
        assert!(!blocked(10, 2) && blocked(10, 3));
    }
}
