//! When does traffic follow a change of a pod's readiness? (spec/kubernetes.md 5.4, 7.1)
//!
//! Two ways to a pod: a Service's ClusterIP through kube-proxy, and the targets of an Application
//! Load Balancer that the AWS Load Balancer Controller keeps in step with the same EndpointSlices.
//! `u` is a number of the unit interval, drawn from the pod's own stream.

use crate::des::SimDuration;

use super::span::Span;

/// From Ready (or from deletion) to the rules on every node: EndpointSlice, then kube-proxy's
/// coalescing (5.4).
pub const CLUSTER_IP: Span = Span::from_millis(200, 2_000);
/// From Ready to the controller's notice, by way of the EndpointSlice (7.1).
const ENDPOINT_SLICE: Span = Span::from_millis(0, 1_000);
/// Reconciliation and RegisterTargets (7.1).
const REGISTER_TARGETS: Span = Span::from_millis(1_000, 3_000);
/// From deletion of the pod until the load balancer sends it nothing new (5.5, 7.1, 10.6).
pub const DEREGISTRATION: Span = Span::from_millis(3_000, 15_000);

/// Health checks of a target group (7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HealthCheck {
    /// Time between checks, 5 to 300 s.
    pub interval: SimDuration,
    /// Time a check may take, 2 to 120 s.
    pub timeout: SimDuration,
    /// Successes in a row for a target that was unhealthy; a new one needs a single success.
    pub healthy_threshold: u32,
    /// Failures in a row.
    pub unhealthy_threshold: u32,
}

/// What the AWS Load Balancer Controller asks for where the Ingress says nothing (7.1).
pub const CONTROLLER_HEALTH_CHECK: HealthCheck = HealthCheck {
    interval: SimDuration::from_secs(15),
    timeout: SimDuration::from_secs(5),
    healthy_threshold: 2,
    unhealthy_threshold: 2,
};

impl HealthCheck {
    /// From Ready to the first request through the load balancer: notice, registration, and the
    /// first check of the new target.
    #[must_use]
    pub fn registration(&self, u_notice: f64, u_register: f64, u_check: f64) -> SimDuration {
        let first_check = Span {
            low: SimDuration::ZERO,
            high: self.interval,
        };
        ENDPOINT_SLICE.at(u_notice) + REGISTER_TARGETS.at(u_register) + first_check.at(u_check)
    }

    /// From the moment a target stops answering to unhealthy; `phase` is the time to its next
    /// check, below the interval.
    #[must_use]
    pub fn failure(&self, phase: SimDuration) -> SimDuration {
        phase + self.interval * u64::from(self.unhealthy_threshold.max(1) - 1) + self.timeout
    }

    /// From the moment an unhealthy target answers again to healthy.
    #[must_use]
    pub fn recovery(&self, phase: SimDuration) -> SimDuration {
        phase + self.interval * u64::from(self.healthy_threshold.max(1) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_takes_up_to_nineteen_seconds() {
        let check = CONTROLLER_HEALTH_CHECK;
        assert_eq!(check.registration(0.0, 0.0, 0.0), SimDuration::from_secs(1));
        assert_eq!(
            check.registration(1.0, 1.0, 1.0),
            SimDuration::from_secs(19)
        );
    }

    #[test]
    fn failures_show_within_the_published_bounds() {
        let bounds = |check: HealthCheck| {
            (
                check.failure(SimDuration::ZERO).as_secs(),
                check.failure(check.interval).as_secs(),
            )
        };
        assert_eq!(bounds(CONTROLLER_HEALTH_CHECK), (20, 35));
        let plain = HealthCheck {
            interval: SimDuration::from_secs(30),
            ..CONTROLLER_HEALTH_CHECK
        };
        assert_eq!(bounds(plain), (35, 65)); // an ALB's own defaults
    }

    #[test]
    fn recovery_takes_the_healthy_threshold() {
        let phase = SimDuration::from_secs(4);
        assert_eq!(
            CONTROLLER_HEALTH_CHECK.recovery(phase),
            SimDuration::from_secs(19)
        );
    }
}
