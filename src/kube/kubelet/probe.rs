//! When does a probe notice? (spec/kubernetes.md 5.3)

use crate::api::objects::core::Probe;
use crate::des::SimDuration;

/// From container start to Ready, for an application that can answer after `warm_up`.
///
/// Without a probe a container is ready as soon as it runs, able to answer or not. With one, the
/// first success is that of the first tick at which the application answers; the kubelet probes at
/// once when the container starts and every period from then on, `offset` later if the caller knows
/// of a reason.
#[must_use]
pub fn readiness_delay(
    probe: Option<&Probe>,
    warm_up: SimDuration,
    offset: SimDuration,
) -> SimDuration {
    let Some(probe) = probe else {
        return SimDuration::ZERO;
    };
    let period = period(probe);
    let earliest = warm_up.max(secs(probe.initial_delay_seconds));
    let ticks = earliest
        .saturating_sub(offset)
        .as_micros()
        .div_ceil(period.as_micros());
    offset + period * (ticks + u64::from(probe.success_threshold.max(1) - 1))
}

/// From the moment a container stops answering to the verdict: NotReady for a readiness probe, the
/// kill for a liveness probe. `phase` is the time to the next tick, below the period.
#[must_use]
pub fn detection_delay(probe: &Probe, phase: SimDuration) -> SimDuration {
    let further = u64::from(probe.failure_threshold.max(1) - 1);
    phase + period(probe) * further + secs(probe.timeout_seconds)
}

/// The API server takes no period below a second.
fn period(probe: &Probe) -> SimDuration {
    secs(probe.period_seconds.max(1))
}

fn secs(secs: u32) -> SimDuration {
    SimDuration::from_secs(u64::from(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(probe: Probe, warm_up_millis: u64) -> u64 {
        let warm_up = SimDuration::from_millis(warm_up_millis);
        readiness_delay(Some(&probe), warm_up, SimDuration::ZERO).as_secs()
    }

    #[test]
    fn readiness_comes_with_the_first_tick_after_warm_up() {
        let probe = Probe::default();
        for (warm_up, delay) in [(0, 0), (1, 10), (10_000, 10), (10_001, 20), (33_000, 40)] {
            assert_eq!(ready(probe, warm_up), delay, "{warm_up} ms");
        }
        let offset = SimDuration::from_secs(3);
        let delay = readiness_delay(Some(&probe), SimDuration::from_secs(4), offset);
        assert_eq!(delay, SimDuration::from_secs(13));
    }

    #[test]
    fn delay_and_success_threshold_add_to_it() {
        let patient = Probe {
            initial_delay_seconds: 15,
            ..Probe::default()
        };
        assert_eq!(ready(patient, 1_000), 20);
        let careful = Probe {
            success_threshold: 3,
            ..Probe::default()
        };
        assert_eq!(ready(careful, 1_000), 30);
    }

    #[test]
    fn without_a_probe_running_is_ready() {
        let warm_up = SimDuration::from_secs(60);
        assert_eq!(
            readiness_delay(None, warm_up, SimDuration::ZERO),
            SimDuration::ZERO
        );
    }

    #[test]
    fn a_default_probe_notices_after_twenty_one_to_thirty_one_seconds() {
        let detect =
            |phase| detection_delay(&Probe::default(), SimDuration::from_secs(phase)).as_secs();
        assert_eq!((detect(0), detect(10)), (21, 31));
    }
}
