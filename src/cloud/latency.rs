//! How long do EC2 and a fresh node take (spec/karpenter.md 3.8, spec/kubernetes.md 4.5, 7.5, 9.1)?
//!
//! Nobody publishes percentiles. The stages follow each other, and for Linux virtual machines their medians add up to 38 s and the 95th
//! percentile of their sum to 57 s, as spec/kubernetes.md 4.5 recommends; karpenter.md 3.8's parts would add up to 45 s.

use super::catalog::TypeFacts;
use super::node_class::AmiFamily;
use crate::des::Dist;

/// The stages of a launch, one after the other, in seconds.
#[derive(Clone, PartialEq, Debug)]
pub struct LaunchLatency {
    /// Karpenter's batching of requests and the CreateFleet call: until the instance is pending.
    pub fleet_call: Dist,
    /// Pending, not billed: until the instance runs.
    pub pending: Dist,
    /// Kernel, cloud-init, kubelet: until the node is registered.
    pub boot: Dist,
    /// Network plugin and first status: until the node is Ready.
    pub ready: Dist,
    /// The device plugin: until a Ready node of a type with devices shows them.
    pub device_plugin: Dist,
}

/// Karpenter's batching (35 ms to 1 s) and the call (spec/karpenter.md 3.8: 2-4 s in all).
const FLEET_CALL: Dist = Dist::Uniform {
    low: 2.0,
    high: 4.0,
};
/// EC2's pending state (spec/kubernetes.md 7.5).
const PENDING: Dist = Dist::Uniform {
    low: 5.0,
    high: 20.0,
};
/// Registered to Ready (spec/karpenter.md 3.8: 10-15 s; published traces: 4 s, 12 s, 20 s).
const READY: Dist = Dist::Uniform {
    low: 5.0,
    high: 15.0,
};
/// Ready to devices advertised (spec/kubernetes.md 9.1).
const DEVICE_PLUGIN: Dist = Dist::Uniform {
    low: 10.0,
    high: 60.0,
};
/// Median and 95th percentile of boot for Linux virtual machines: what 38 s and 57 s leave (spec/kubernetes.md 4.5).
const BOOT_LINUX: (f64, f64) = (12.5, 30.0);
/// Boot of bare metal and of the largest GPU types, which need 3-10 min in all (spec/kubernetes.md 9.1).
const BOOT_LARGE: Dist = Dist::Uniform {
    low: 160.0,
    high: 565.0,
};
/// Boot of Windows, which needs about 5 min in all (spec/karpenter.md 3.8).
const BOOT_WINDOWS: Dist = Dist::Uniform {
    low: 225.0,
    high: 325.0,
};
/// Shutting down, not billed: seconds from the terminate call until the instance is gone (spec/kubernetes.md 7.5: up to 1-2 min).
pub const SHUTTING_DOWN: Dist = Dist::Uniform {
    low: 10.0,
    high: 90.0,
};

impl LaunchLatency {
    /// The default stages for a type under an image family.
    #[must_use]
    pub fn of(facts: &TypeFacts, family: AmiFamily) -> Self {
        let large_gpu = facts.category == "p" && facts.generation >= 4;
        let large = facts.hypervisor.is_empty() || large_gpu;
        let boot = match (family, large) {
            (AmiFamily::Windows, _) => BOOT_WINDOWS,
            (_, true) => BOOT_LARGE,
            (_, false) => Dist::lognormal_from_median_p95(BOOT_LINUX.0, BOOT_LINUX.1),
        };
        Self {
            fleet_call: FLEET_CALL,
            pending: PENDING,
            boot,
            ready: READY,
            device_plugin: DEVICE_PLUGIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::catalog::rows;
    use crate::des::{Purpose, StreamKey};

    fn latency(name: &str, family: AmiFamily) -> LaunchLatency {
        let types: Vec<TypeFacts> = rows(include_bytes!("data/types.csv.gz"));
        let facts = types.iter().find(|facts| facts.instance_type == name);
        LaunchLatency::of(facts.unwrap(), family)
    }

    /// Launch to Ready of 20,000 nodes, ascending.
    fn launch_to_ready(latency: &LaunchLatency) -> Vec<f64> {
        let stages = [
            &latency.fleet_call,
            &latency.pending,
            &latency.boot,
            &latency.ready,
        ];
        let mut totals: Vec<f64> = (0..20_000)
            .map(|entity| {
                let key = StreamKey {
                    seed: 1,
                    purpose: Purpose::NodeBoot,
                    entity,
                };
                let draw = |(k, stage): (u64, &&Dist)| stage.quantile(key.uniform(k));
                (0..).zip(&stages).map(draw).sum()
            })
            .collect();
        totals.sort_by(f64::total_cmp);
        totals
    }

    #[test]
    fn linux_nodes_take_what_was_published() {
        let totals = launch_to_ready(&latency("m7g.large", AmiFamily::Al2023));
        let (median, p95) = (totals[10_000], totals[19_000]);
        assert!((37.0..41.0).contains(&median), "{median}");
        assert!((54.0..60.0).contains(&p95), "{p95}");
    }

    #[test]
    fn metal_large_gpus_and_windows_are_slow() {
        for (name, family, low, high) in [
            ("m5.metal", AmiFamily::Al2023, 170.0, 610.0),
            ("p4d.24xlarge", AmiFamily::Bottlerocket, 170.0, 610.0),
            ("m5.large", AmiFamily::Windows, 230.0, 370.0),
            ("g5.xlarge", AmiFamily::Al2023, 12.0, 120.0),
        ] {
            let totals = launch_to_ready(&latency(name, family));
            assert!(
                totals[200] >= low && totals[19_800] <= high,
                "{name} {}",
                totals[200]
            );
        }
    }
}
