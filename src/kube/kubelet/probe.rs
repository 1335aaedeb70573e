//! When does a probe notice? (spec/kubernetes.md 5.3)
//!
//! Every probe of a container has a [`Worker`] that asks once a period, counts answers of the same
//! kind in a row, and comes to a verdict when the row is as long as the threshold. The caller says
//! when it asked and what it heard; [`Workers::first_light`] goes through the start of a container
//! at once, because nothing but its warm-up decides about the answers then.

use crate::cluster::probe::{Probe, Probes};
use crate::des::{SimDuration, SimTime};

/// Which probe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProbeKind {
    /// Holds the others back until it succeeds.
    Startup,
    /// Has the container restarted when it fails.
    Liveness,
    /// Decides whether the pod gets work.
    Readiness,
}

/// The kubelet's worker for one probe of one container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Worker {
    probe: Probe,
    /// An instant at which it ticks; the others follow every period.
    origin: SimTime,
    /// The last answer, and how many there were of it in a row.
    row: Option<(bool, u32)>,
}

impl Worker {
    /// A worker that ticks from `origin` on.
    #[must_use]
    pub fn new(probe: Probe, origin: SimTime) -> Self {
        Self {
            probe,
            origin,
            row: None,
        }
    }

    /// What it asks.
    #[must_use]
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// The first tick at or after an instant.
    #[must_use]
    pub fn tick_from(&self, at: SimTime) -> SimTime {
        let since = at.saturating_since(self.origin).as_micros();
        self.origin + self.probe.period * since.div_ceil(self.probe.period.as_micros())
    }

    /// The tick after that at which it asked. A tick that comes while it waits for the answer is
    /// kept for the end of the wait.
    #[must_use]
    pub fn next(&self, asked: SimTime, answered: SimTime) -> SimTime {
        let due = self.tick_from(asked + SimDuration::from_micros(1));
        due.max(answered)
    }

    /// The kubelet probes out of turn: ticks follow every period from now on.
    pub fn retrigger(&mut self, now: SimTime) {
        self.origin = now;
    }

    /// Takes an answer in: the verdict, once enough of the same have come in a row.
    pub fn take(&mut self, success: bool) -> Option<bool> {
        let row = match self.row {
            Some((last, row)) if last == success => row + 1,
            _ => 1,
        };
        self.row = Some((success, row));
        let threshold = match success {
            true => self.probe.success_threshold,
            false => self.probe.failure_threshold,
        };
        (row >= threshold).then_some(success)
    }

    /// Whether its last answer was a failure.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        matches!(self.row, Some((false, _)))
    }

    /// Begins to count anew, as it does with the container that follows one it has condemned.
    pub fn forget(&mut self) {
        self.row = self.row.map(|(last, _)| (last, 0));
    }

    /// Asks from an instant on a container that can answer from `answers` on, and refuses before:
    /// when it comes to a verdict for the first time, and to which.
    fn first_verdict(&mut self, from: SimTime, answers: SimTime) -> (SimTime, bool) {
        let mut tick = self.tick_from(from);
        loop {
            match self.take(tick >= answers) {
                Some(verdict) => return (tick, verdict),
                None => tick += self.probe.period,
            }
        }
    }
}

/// The workers of a container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Workers {
    startup: Option<Worker>,
    liveness: Option<Worker>,
    readiness: Option<Worker>,
}

/// What the kubelet makes of a container that has just started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FirstLight {
    /// When it counts as ready; none if it is killed before.
    pub ready: Option<SimTime>,
    /// When a probe has it killed, and which.
    pub killed: Option<(SimTime, ProbeKind)>,
}

impl Workers {
    /// Of a pod that the kubelet admits at `admitted`. A worker of a kubelet younger than its period
    /// waits for a random part of it first: `u` in the unit interval by probe, in the order of
    /// [`Probes`].
    #[must_use]
    pub fn new(probes: &Probes, admitted: SimTime, kubelet_start: SimTime, u: [f64; 3]) -> Self {
        let worker = |probe: Option<Probe>, u: f64| {
            let probe = probe?;
            let young = admitted.saturating_since(kubelet_start) < probe.period;
            let wait = if young {
                SimDuration::from_secs_f64(probe.period.as_secs_f64() * u)
            } else {
                SimDuration::ZERO
            };
            Some(Worker::new(probe, admitted + wait))
        };
        Self {
            startup: worker(probes.startup, u[0]),
            liveness: worker(probes.liveness, u[1]),
            readiness: worker(probes.readiness, u[2]),
        }
    }

    /// The worker of a probe.
    pub fn worker(&mut self, kind: ProbeKind) -> Option<&mut Worker> {
        match kind {
            ProbeKind::Startup => self.startup.as_mut(),
            ProbeKind::Liveness => self.liveness.as_mut(),
            ProbeKind::Readiness => self.readiness.as_mut(),
        }
    }

    /// Follows a container from its start to its first verdicts. It answers from `answers` on;
    /// before, it refuses at once.
    pub fn first_light(&mut self, start: SimTime, answers: SimTime) -> FirstLight {
        let started = match &mut self.startup {
            Some(worker) => {
                let from = start + worker.probe.initial_delay;
                match worker.first_verdict(from, answers) {
                    (at, true) => at,
                    (at, false) => {
                        worker.forget();
                        let killed = Some((at, ProbeKind::Startup));
                        return FirstLight {
                            ready: None,
                            killed,
                        };
                    }
                }
            }
            None => start,
        };
        let killed = self.liveness.as_mut().and_then(|worker| {
            let from = started.max(start + worker.probe.initial_delay);
            let (at, alive) = worker.first_verdict(from, answers);
            (!alive).then(|| {
                worker.forget();
                (at, ProbeKind::Liveness)
            })
        });
        let ready = match &mut self.readiness {
            // Able to answer or not.
            None => started,
            Some(worker) => {
                worker.retrigger(started);
                let from = started.max(start + worker.probe.initial_delay);
                let mut at = worker.first_verdict(from, answers);
                while !at.1 {
                    at = worker.first_verdict(at.0 + worker.probe.period, answers);
                }
                at.0
            }
        };
        let in_time = killed.is_none_or(|(at, _)| ready <= at);
        FirstLight {
            ready: in_time.then_some(ready),
            killed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::probe::AnsweredBy;

    const PROBE: Probe = Probe {
        initial_delay: SimDuration::ZERO,
        period: SimDuration::from_secs(10),
        timeout: SimDuration::from_secs(1),
        success_threshold: 1,
        failure_threshold: 3,
        grace: None,
        answered_by: AnsweredBy::Server,
    };
    const ADMITTED: SimTime = SimTime::from_secs(1_000);

    fn secs(secs: u64) -> SimDuration {
        SimDuration::from_secs(secs)
    }

    /// What becomes of a container that starts `start` seconds after its pod was admitted by an old kubelet and warms up for so
    /// many milliseconds: seconds from its start to ready, and to its end.
    fn start(probes: Probes, start: u64, warm_up: u64) -> (Option<u64>, Option<u64>) {
        let mut workers = Workers::new(&probes, ADMITTED, SimTime::ZERO, [0.5; 3]);
        let started = ADMITTED + secs(start);
        let answers = started + SimDuration::from_millis(warm_up);
        let light = workers.first_light(started, answers);
        let after = |at: SimTime| at.since(started).as_secs();
        (
            light.ready.map(after),
            light.killed.map(|(at, _)| after(at)),
        )
    }

    fn readiness(probe: Probe) -> Probes {
        Probes {
            readiness: Some(probe),
            ..Probes::default()
        }
    }

    #[test]
    fn readiness_comes_with_the_first_tick_after_warm_up() {
        for (warm_up, delay) in [(0, 0), (1, 10), (10_000, 10), (10_001, 20), (33_000, 40)] {
            assert_eq!(start(readiness(PROBE), 3, warm_up), (Some(delay), None));
        }
    }

    #[test]
    fn delay_and_success_threshold_add_to_it() {
        let patient = Probe {
            initial_delay: secs(15),
            ..PROBE
        };
        assert_eq!(start(readiness(patient), 0, 1_000).0, Some(20));
        let careful = Probe {
            success_threshold: 3,
            ..PROBE
        };
        assert_eq!(start(readiness(careful), 0, 1_000).0, Some(30));
    }

    #[test]
    fn without_a_probe_running_is_ready() {
        assert_eq!(start(Probes::default(), 0, 60_000), (Some(0), None));
    }

    #[test]
    fn a_startup_probe_that_loses_patience_has_the_container_killed() {
        let probes = Probes {
            startup: Some(PROBE),
            ..readiness(PROBE)
        };
        // The worker has ticked since the pod was admitted, 3 s before: at 7, 17 and 27 s.
        assert_eq!(start(probes, 3, 26_000), (Some(27), None));
        assert_eq!(start(probes, 3, 28_000), (None, Some(27)));
    }

    #[test]
    fn liveness_kills_what_warms_up_for_too_long_unless_startup_holds_it_back() {
        let probes = Probes {
            liveness: Some(PROBE),
            ..readiness(PROBE)
        };
        assert_eq!(start(probes, 0, 15_000), (Some(20), None));
        assert_eq!(start(probes, 0, 45_000), (None, Some(20)));
        let patient = Probe {
            failure_threshold: 30,
            ..PROBE
        };
        let held = Probes {
            startup: Some(patient),
            ..probes
        };
        assert_eq!(start(held, 0, 45_000), (Some(50), None));
    }

    #[test]
    fn workers_of_a_young_kubelet_start_at_random() {
        let admitted = SimTime::from_secs(4);
        let workers = Workers::new(&readiness(PROBE), admitted, SimTime::ZERO, [0.0, 0.0, 0.25]);
        let origin = admitted + SimDuration::from_millis(2_500);
        assert_eq!(workers.readiness, Some(Worker::new(PROBE, origin)));
    }

    #[test]
    fn a_default_probe_notices_after_twenty_one_to_thirty_one_seconds() {
        let verdict = |phase: u64| {
            let mut worker = Worker::new(PROBE, ADMITTED + secs(phase));
            let mut asked = worker.tick_from(ADMITTED);
            loop {
                let heard = asked + PROBE.timeout;
                if worker.take(false) == Some(false) {
                    return heard.since(ADMITTED).as_secs();
                }
                asked = worker.next(asked, heard);
            }
        };
        assert_eq!((verdict(0), verdict(10)), (21, 31));
    }

    #[test]
    fn a_tick_is_kept_for_a_worker_that_waits_for_its_answer() {
        let worker = Worker::new(PROBE, ADMITTED);
        let heard = ADMITTED + secs(15);
        assert_eq!(worker.next(ADMITTED, heard), heard);
        assert_eq!(worker.next(heard, heard), ADMITTED + secs(20));
    }
}
