//! How does Cluster Autoscaler behave?

use crate::api::GoDuration;
use crate::des::SimDuration;
use crate::kube::autoscaler::{Expander, Settings};
use crate::scenario::model::NodeGroupModel;
use crate::scenario::resolve::context::Context;
use crate::scenario::spec::cluster::ClusterAutoscalerSpec;

const PATH: &str = "cluster.clusterAutoscaler";
/// The first minor version whose default expander is `least-waste` (spec/kubernetes.md 4.2).
const LEAST_WASTE_SINCE: u32 = 33;
/// The first minor version that loops again at once after it did something (spec/kubernetes.md 4.1).
const FREQUENT_LOOPS_SINCE: u32 = 35;

/// The flags; `None` where one is broken, which is reported.
pub(super) fn autoscaler(
    cx: &mut Context<'_>,
    spec: &ClusterAutoscalerSpec,
    kubernetes_minor: u32,
    groups: &[NodeGroupModel],
) -> Option<Settings> {
    let args = &spec.extra_args;
    let at = |flag: &str| format!("{PATH}.extraArgs.{flag}");
    if groups.iter().all(|group| group.min_size == group.max_size) {
        let expected = "expected a node group with `maxSize` above `minSize`";
        cx.expected(PATH, "has no node group to scale", expected);
    }
    let expanders = [
        ("random", Expander::Random),
        ("least-waste", Expander::LeastWaste),
        ("most-pods", Expander::MostPods),
    ];
    let default = if kubernetes_minor < LEAST_WASTE_SINCE {
        Expander::Random
    } else {
        Expander::LeastWaste
    };
    let expander = args.expander.as_deref();
    let expander = expander.map_or(Some(default), |name| {
        cx.choice(&at("expander"), "expander", name, &expanders)
    });
    let threshold = args.scale_down_utilization_threshold;
    let utilization_threshold_ppm = threshold.map(|share| {
        let share = cx.share(&at("scale-down-utilization-threshold"), share);
        (share * 1e6).round() as u32
    });
    let defaults = Settings::default();
    let scan_interval = args.scan_interval.map_or(defaults.scan_interval, |time| {
        cx.positive_time(&at("scan-interval"), time)
    });
    let mut time = |flag: &str, given: Option<GoDuration>, default: SimDuration| {
        given.map_or(default, |time| cx.span_of_time(&at(flag), time))
    };
    Some(Settings {
        scan_interval,
        expander: expander?,
        frequent_loops: kubernetes_minor >= FREQUENT_LOOPS_SINCE,
        scale_down_enabled: args.scale_down_enabled.unwrap_or(true),
        utilization_threshold_ppm: utilization_threshold_ppm
            .unwrap_or(defaults.utilization_threshold_ppm),
        unneeded_time: time(
            "scale-down-unneeded-time",
            args.scale_down_unneeded_time,
            defaults.unneeded_time,
        ),
        delay_after_add: time(
            "scale-down-delay-after-add",
            args.scale_down_delay_after_add,
            defaults.delay_after_add,
        ),
        delay_after_delete: time(
            "scale-down-delay-after-delete",
            args.scale_down_delay_after_delete,
            defaults.delay_after_delete,
        ),
        delay_after_failure: time(
            "scale-down-delay-after-failure",
            args.scale_down_delay_after_failure,
            defaults.delay_after_failure,
        ),
        skip_nodes_with_local_storage: args.skip_nodes_with_local_storage.unwrap_or(true),
        skip_nodes_with_system_pods: args.skip_nodes_with_system_pods.unwrap_or(true),
        max_node_provision_time: time(
            "max-node-provision-time",
            args.max_node_provision_time,
            defaults.max_node_provision_time,
        ),
        max_scale_down_parallelism: args
            .max_scale_down_parallelism
            .map_or(defaults.max_scale_down_parallelism, |most| most as usize),
        max_drain_parallelism: args
            .max_drain_parallelism
            .map_or(defaults.max_drain_parallelism, |most| most as usize),
    })
}
