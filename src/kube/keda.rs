//! When does a ScaledObject wake its workload, and when does it send it to sleep?
//! (spec/kubernetes.md 3)
//!
//! KEDA itself only decides between none and some, once per polling interval. Between one and many
//! an ordinary HPA decides, which KEDA makes from the same triggers ([`ScaledObjectSpec::hpa`]) and
//! which reads their values live at every sync of its own.

mod spec;

pub use spec::{
    Fallback, FallbackBehavior, QueueDepth, ScaledObjectSpec, SqsTrigger, Trigger, queue_name,
    thousandths,
};

use crate::des::{SimDuration, SimTime};

/// One ScaledObject: what it asks for, and when it was last seen active.
#[derive(Clone, Debug)]
pub struct Keda {
    spec: ScaledObjectSpec,
    created: SimTime,
    last_active: Option<SimTime>,
    /// Failures in a row, by trigger.
    failures: Vec<u32>,
}

/// What a workload has, for a fallback to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replicas {
    /// `spec.replicas`.
    pub wanted: u32,
    /// Those that are Ready.
    pub ready: u32,
}

impl Keda {
    /// A ScaledObject created at `created`; its first poll is then.
    #[must_use]
    pub fn new(spec: ScaledObjectSpec, created: SimTime) -> Self {
        let failures = vec![0; spec.triggers.len()];
        Self {
            spec,
            created,
            last_active: None,
            failures,
        }
    }

    /// Asks the sources of the triggers once, for a poll or for its HPA alike (spec/kubernetes.md 3.6):
    /// the metric of each in thousandths, none where there is none. `values` is what they say, in the
    /// order of the triggers and in their own unit; none where the source failed. A fallback stands in
    /// for a source that has failed too often in a row.
    pub fn ask(&mut self, values: &[Option<u64>], replicas: Replicas) -> Vec<Option<i64>> {
        let fallback = self.spec.fallback;
        let triggers = self
            .spec
            .triggers
            .iter()
            .zip(&mut self.failures)
            .zip(values);
        let metric = |((trigger, failures), value): ((&Trigger, &mut u32), &Option<u64>)| {
            let Trigger::Sqs(sqs) = trigger else {
                return None;
            };
            if let Some(value) = value {
                *failures = 0;
                return Some(thousandths(*value));
            }
            *failures = failures.saturating_add(1);
            let fallback = fallback.filter(|fallback| *failures > fallback.failure_threshold)?;
            let held =
                thousandths(sqs.target).saturating_mul(i64::from(fallback.holds(replicas.wanted)));
            match (sqs.whole, replicas.ready) {
                (false, _) => Some(held),
                (true, 0) => None,
                (true, ready) => Some(held / i64::from(ready)),
            }
        };
        triggers.map(metric).collect()
    }

    /// Whether the fallback of a trigger is in force.
    fn falls_back(&self, place: usize) -> bool {
        let fallback = self.spec.fallback;
        fallback.is_some_and(|fallback| self.failures[place] > fallback.failure_threshold)
    }

    /// What it asks for.
    #[must_use]
    pub fn spec(&self) -> &ScaledObjectSpec {
        &self.spec
    }

    /// One poll (spec/kubernetes.md 3.4): the new `spec.replicas` of a workload that has
    /// `replicas`, or none to leave it alone. `values` holds what each trigger's source says,
    /// in the order of the triggers and in their own unit; none where the source failed. It has been
    /// asked just now ([`Keda::ask`]). The values of `cpu` and `memory` triggers are not looked at.
    pub fn poll(&mut self, now: SimTime, replicas: u32, values: &[Option<u64>]) -> Option<u32> {
        match self.activity(values) {
            Activity::Active { .. } if replicas == 0 || self.is_idle(replicas) => {
                self.last_active = Some(whole_second(now));
                Some(self.spec.min.max(1))
            }
            Activity::Active { sure: true } => {
                self.last_active = Some(whole_second(now));
                None
            }
            Activity::Active { sure: false } | Activity::Unknown => None,
            Activity::Inactive => self.rest(now, replicas),
        }
    }

    /// Without activity: to sleep once the cooldown is over, or up to the minimum.
    fn rest(&self, now: SimTime, replicas: u32) -> Option<u32> {
        let floor = match self.spec.idle {
            Some(idle) => idle,
            None if self.spec.min == 0 => 0,
            None => return (replicas < self.spec.min).then_some(self.spec.min),
        };
        (replicas > floor && self.cooled_down(now)).then_some(floor)
    }

    /// Upstream asks whether the cooldown ended before now. Its clock has moved on by some
    /// milliseconds since the poll began, a simulated one has not: so the very instant counts
    /// as over.
    fn cooled_down(&self, now: SimTime) -> bool {
        match self.last_active {
            Some(last) => last + self.spec.cooldown <= now,
            None => self.created + self.spec.initial_cooldown <= now,
        }
    }

    fn is_idle(&self, replicas: u32) -> bool {
        self.spec.idle.is_some() && replicas < self.spec.min
    }

    fn activity(&self, values: &[Option<u64>]) -> Activity {
        assert_eq!(
            self.spec.triggers.len(),
            values.len(),
            "a value for every trigger"
        );
        let (mut active, mut failed, mut only_resources) = (false, false, true);
        for (place, (trigger, value)) in self.spec.triggers.iter().zip(values).enumerate() {
            if let Trigger::Sqs(sqs) = trigger {
                only_resources = false;
                let held = self.falls_back(place);
                active |= held || value.is_some_and(|length| length > sqs.activation);
                failed |= value.is_none() && !held;
            }
        }
        if active || only_resources {
            Activity::Active { sure: !failed }
        } else if failed {
            Activity::Unknown
        } else {
            Activity::Inactive
        }
    }
}

/// What a poll learned.
enum Activity {
    /// Some trigger is above its threshold, or there are none but `cpu` and `memory`, which cannot
    /// tell that there is nothing to do. Not sure if another trigger failed.
    Active { sure: bool },
    /// No trigger is.
    Inactive,
    /// Those that could be read are not.
    Unknown,
}

/// The resolution of timestamps in the API.
fn whole_second(now: SimTime) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(now.since(SimTime::ZERO).as_secs())
}

#[cfg(test)]
mod tests;
