//! When does traffic follow a change of a pod's readiness? (spec/kubernetes.md 5.4, 7.1)
//!
//! Two ways to a pod: a Service's ClusterIP through kube-proxy, and the targets of an Application
//! Load Balancer that the AWS Load Balancer Controller keeps in step with the same EndpointSlices.
//! `u` is a number of the unit interval, drawn from the pod's own stream.

use crate::des::SimDuration;
use crate::workload::HealthCheck;

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

/// From Ready to the first request through the load balancer: notice, registration, and the first
/// check of the new target, a single success (7.1).
#[must_use]
pub fn registration(
    check: HealthCheck,
    u_notice: f64,
    u_register: f64,
    u_check: f64,
) -> SimDuration {
    let first_check = Span {
        low: SimDuration::ZERO,
        high: check.interval,
    };
    ENDPOINT_SLICE.at(u_notice) + REGISTER_TARGETS.at(u_register) + first_check.at(u_check)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::TargetGroupSettings;

    #[test]
    fn registration_takes_up_to_nineteen_seconds() {
        let check = TargetGroupSettings::CONTROLLER.health_check;
        let secs = SimDuration::from_secs;
        assert_eq!(registration(check, 0.0, 0.0, 0.0), secs(1));
        assert_eq!(registration(check, 1.0, 1.0, 1.0), secs(19));
    }
}
