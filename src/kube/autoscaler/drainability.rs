//! Which pods keep their node from being let go? (spec/kubernetes.md 4.1, 4.3)

use super::Settings;
use crate::cluster::template::ScaleDown;

/// Whether a pod, `covered` by a disruption budget or not, may not be evicted by Cluster Autoscaler. What its annotation says goes
/// before everything else.
#[must_use]
pub fn blocks(settings: &Settings, pod: ScaleDown, covered: bool) -> bool {
    match pod.safe_to_evict {
        Some(safe) => !safe,
        None => {
            (settings.skip_nodes_with_local_storage && pod.local_storage)
                || (settings.skip_nodes_with_system_pods && pod.system && !covered)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotation_goes_before_the_rules_and_flags_turn_them_off() {
        let strict = Settings::default();
        let lax = Settings {
            skip_nodes_with_local_storage: false,
            skip_nodes_with_system_pods: false,
            ..Settings::default()
        };
        let plain = ScaleDown::default();
        let local = ScaleDown {
            local_storage: true,
            ..plain
        };
        let system = ScaleDown {
            system: true,
            ..plain
        };
        assert!(!blocks(&strict, plain, false));
        for pod in [local, system] {
            assert!(blocks(&strict, pod, false));
            assert!(!blocks(&lax, pod, false));
            let says = |safe| ScaleDown {
                safe_to_evict: Some(safe),
                ..pod
            };
            assert!(!blocks(&strict, says(true), false));
            assert!(blocks(&lax, says(false), true));
        }
        assert!(!blocks(&strict, system, true), "it has a budget");
        assert!(blocks(&strict, local, true));
    }
}
