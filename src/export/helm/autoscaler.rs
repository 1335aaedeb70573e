//! Which values does the chart of Cluster Autoscaler get?

use super::values::{documented, text};
use crate::des::SimDuration;
use crate::export::data::Data;
use crate::kube::autoscaler::{Expander, Settings};

/// Values of the chart `cluster-autoscaler`: every flag that was simulated, those with their defaults too.
pub(super) fn values(settings: &Settings) -> String {
    let expander = match settings.expander {
        Expander::Random => "random",
        Expander::LeastWaste => "least-waste",
        Expander::MostPods => "most-pods",
    };
    let count = |number: usize| Data::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let threshold = f64::from(settings.utilization_threshold_ppm) / 1e6;
    let flags = Data::map([
        ("expander", Data::from(expander)),
        ("scan-interval", time(settings.scan_interval)),
        ("scale-down-enabled", settings.scale_down_enabled.into()),
        ("scale-down-utilization-threshold", Data::Float(threshold)),
        ("scale-down-unneeded-time", time(settings.unneeded_time)),
        ("scale-down-delay-after-add", time(settings.delay_after_add)),
        (
            "scale-down-delay-after-delete",
            time(settings.delay_after_delete),
        ),
        (
            "scale-down-delay-after-failure",
            time(settings.delay_after_failure),
        ),
        (
            "skip-nodes-with-local-storage",
            settings.skip_nodes_with_local_storage.into(),
        ),
        (
            "skip-nodes-with-system-pods",
            settings.skip_nodes_with_system_pods.into(),
        ),
        (
            "max-node-provision-time",
            time(settings.max_node_provision_time),
        ),
        (
            "max-scale-down-parallelism",
            count(settings.max_scale_down_parallelism),
        ),
        (
            "max-drain-parallelism",
            count(settings.max_drain_parallelism),
        ),
    ]);
    text(vec![documented("extraArgs", "Flags, as simulated.", flags)])
}

/// As Go writes it, in seconds where they are whole.
fn time(time: SimDuration) -> Data {
    let micros = time.as_micros();
    Data::from(match micros % 1_000_000 {
        0 => format!("{}s", micros / 1_000_000),
        _ => format!("{micros}us"),
    })
}
