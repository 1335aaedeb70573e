//! What becomes of a good scenario.

use karpsim::api::{Resource, Resources};
use karpsim::cloud::CapacityType;
use karpsim::cluster::template::QosClass;
use karpsim::des::SimDuration;
use karpsim::scenario::model::{Scaling, StepKind};

use super::{MINIMAL, good};

#[test]
fn the_minimal_scenario_resolves() {
    let scenario = good(MINIMAL);
    assert_eq!((scenario.seed, scenario.name.as_str()), (1, "minimal"));
    assert_eq!(scenario.duration, SimDuration::from_secs(86_400));
    assert_eq!(scenario.resolution, SimDuration::from_secs(60));
    assert_eq!(scenario.start.time_zone().iana_name(), Some("Asia/Kolkata"));

    let [group] = &scenario.cluster.node_groups[..] else {
        panic!("one node group");
    };
    assert_eq!(group.capacity_type, CapacityType::OnDemand);
    assert_eq!(
        (group.min_size, group.spec.desired, group.max_size),
        (1, 2, 3)
    );
    assert_eq!(scenario.text(group.types[0].name), "m7g.large");
    assert_eq!(group.volume_bytes, 20 << 30);
    assert!(scenario.cluster.karpenter.is_none());
    assert_eq!(scenario.cluster.kubernetes_minor, 36);

    let [api] = &scenario.services[..] else {
        panic!("one service");
    };
    assert!(matches!(api.scaling, Scaling::Fixed));
    assert_eq!(
        (api.replicas, api.concurrency, api.pod_queue_limit),
        (2, 1, u32::MAX)
    );
    let template = scenario.template(api.template);
    assert_eq!(template.name, "citizen/api");
    assert_eq!(
        template.requests,
        Resources::cpu_memory(250, 256 << 20).with(Resource::Pods, 1)
    );
    assert_eq!(template.nonzero_requests, (250, 256 << 20));
    assert_eq!(
        (template.cpu_limit, template.qos),
        (None, QosClass::Burstable)
    );
    assert_eq!(template.termination_grace, SimDuration::from_secs(30));
    assert_eq!(
        template.readiness_probe.map(|probe| probe.period_seconds),
        Some(5)
    );
    assert_eq!(template.image_bytes, 100_000_000);

    let traffic = &scenario.traffic;
    assert_eq!(traffic.background[0].per_hour, 28_800.0);
    assert_eq!(traffic.categories, ["-"]);
    let [step] = &traffic.steps[..] else {
        panic!("one step");
    };
    assert_eq!(step.next, None);
    let StepKind::Call(call) = &step.kind else {
        panic!("a call");
    };
    assert!((call.cpu.quantile(0.5) - 12_000.0).abs() < 1e-6);
    assert_eq!(call.timeout, Some(SimDuration::from_secs(5)));

    let carried: Vec<_> = scenario
        .manifests
        .iter()
        .map(|m| (m.path.as_str(), m.kind.as_str(), m.name.as_str()))
        .collect();
    assert_eq!(carried, [("services[0].workload[0]", "Deployment", "api")]);
}
