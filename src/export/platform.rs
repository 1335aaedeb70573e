//! What does Terraform have to know of a scenario?
//!
//! Every number and name that was simulated, typed, before anybody prints it. The Terraform files themselves are the same for every
//! scenario with the same [`Feature`]s; [`super::terraform`] writes this into their variables.

use super::data::Data;
use super::objects::{EBS_CSI_NODE, FLUENT_BIT, NVIDIA_DEVICE_PLUGIN, Object, Objects};
use crate::api::{Effect, LabelSet, Taint};
use crate::cloud::node_class::GIB;
use crate::kube::nodegroup::update::{MaxUnavailable, UpdateConfig, UpdateStrategy};
use crate::scenario::Scenario;
use crate::scenario::model::{
    JourneyId, KarpenterModel, NodeGroupModel, Queue, QueueId, ServiceId, StepKind,
};

/// A part of the platform that a scenario has or has not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Feature {
    /// Karpenter with its NodePools.
    Karpenter,
    /// Karpenter hears of interruptions.
    Interruption,
    /// Cluster Autoscaler sets the sizes of node groups.
    ClusterAutoscaler,
    /// Load balancers in front of services.
    Ingress,
    /// Queues between services.
    Queues,
    /// KEDA scales services.
    Keda,
    /// Static pages.
    Frontend,
    /// Volumes for pods.
    Volumes,
    /// Logs of pods.
    Logs,
    /// Nodes with GPUs.
    Gpu,
}

/// What Terraform has to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Platform {
    /// Region.
    pub region: String,
    /// Cluster name.
    pub cluster_name: String,
    /// Minor version, such as `1.36`.
    pub kubernetes_version: String,
    /// Zone ids.
    pub zones: Vec<String>,
    /// Tags by which subnets of nodes are found.
    pub private_subnet_tags: Vec<(String, String)>,
    /// Managed node groups, in the scenario's order.
    pub node_groups: Vec<NodeGroup>,
    /// EKS add-ons that need nodes, by name.
    pub addons: Vec<String>,
    /// Namespaces to make.
    pub namespaces: Vec<Object>,
    /// Service accounts to make.
    pub service_accounts: Vec<Object>,
    /// Karpenter.
    pub karpenter: Option<Karpenter>,
    /// Queues, in the scenario's order.
    pub queues: Vec<SqsQueue>,
    /// The bucket of the pages and their price class.
    pub frontend: Option<(String, String)>,
    /// What there is, in order.
    pub features: Vec<Feature>,
}

/// A managed node group, by the arguments of `aws_eks_node_group`.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeGroup {
    /// `node_group_name`.
    pub name: String,
    /// `ami_type`.
    pub ami_type: String,
    /// `capacity_type`.
    pub capacity_type: String,
    /// `instance_types`.
    pub instance_types: Vec<String>,
    /// `scaling_config.min_size`.
    pub min_size: u32,
    /// `scaling_config.desired_size`.
    pub desired_size: u32,
    /// `scaling_config.max_size`.
    pub max_size: u32,
    /// `update_config`: the argument, what it says, and the strategy.
    pub update_config: (&'static str, u32, &'static str),
    /// Root volume in GiB.
    pub disk_size: u64,
    /// `labels`.
    pub labels: Vec<(String, String)>,
    /// `taint`s: key, value, and the effect as EKS spells it.
    pub taints: Vec<(String, String, &'static str)>,
}

/// Karpenter, as far as AWS has to do with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Karpenter {
    /// Version of the charts.
    pub version: String,
    /// Roles of nodes, by name.
    pub node_roles: Vec<String>,
    /// Tags by which the security group of nodes is found.
    pub security_group_tags: Vec<(String, String)>,
    /// The queue on which it hears of interruptions.
    pub interruption_queue: Option<String>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq)]
pub struct SqsQueue {
    /// Name.
    pub name: String,
    /// Hidden for so long once received.
    pub visibility_timeout_seconds: u64,
    /// Not worked off for so long, a message is dropped.
    pub message_retention_seconds: u64,
    /// Received more often than this, a message goes to the dead letters.
    pub max_receive_count: Option<u32>,
    /// Who works it off: `namespace/name` of a service account.
    pub consumer: String,
    /// Who puts messages on it, likewise.
    pub senders: Vec<String>,
}

impl Platform {
    /// What Terraform has to know of a scenario with these objects.
    #[must_use]
    pub fn of(scenario: &Scenario, objects: &Objects) -> Self {
        let cluster = &scenario.cluster;
        let karpenter = cluster.karpenter.as_ref();
        let zones = cluster.zones.iter();
        let groups = cluster.node_groups.iter();
        let queues = scenario.queues.iter().enumerate();
        Self {
            region: scenario.region.clone(),
            cluster_name: cluster.name.clone(),
            kubernetes_version: format!("1.{}", cluster.kubernetes_minor),
            zones: zones
                .map(|&zone| scenario.text(zone).into_owned())
                .collect(),
            private_subnet_tags: selector_tags(objects, "subnetSelectorTerms"),
            node_groups: groups.map(|group| node_group(scenario, group)).collect(),
            addons: addons(objects),
            namespaces: objects.namespaces.clone(),
            service_accounts: objects.service_accounts.clone(),
            karpenter: karpenter.map(|model| karpenter_of(model, objects)),
            queues: queues
                .map(|(place, queue)| sqs_queue(scenario, objects, place, queue))
                .collect(),
            frontend: scenario
                .frontend
                .as_ref()
                .map(|frontend| (frontend.bucket.clone(), frontend.price_class.clone())),
            features: features(scenario, objects),
        }
    }

    /// Whether the platform has this part.
    #[must_use]
    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }
}

fn features(scenario: &Scenario, objects: &Objects) -> Vec<Feature> {
    let karpenter = scenario.cluster.karpenter.as_ref();
    let all = [
        (Feature::Karpenter, karpenter.is_some()),
        (
            Feature::Interruption,
            karpenter.is_some_and(|karpenter| karpenter.interruption_queue),
        ),
        (
            Feature::ClusterAutoscaler,
            scenario.cluster.autoscaler.is_some(),
        ),
        (
            Feature::Ingress,
            objects
                .services
                .iter()
                .any(|service| service.ingress.is_some()),
        ),
        (Feature::Queues, !scenario.queues.is_empty()),
        (Feature::Keda, objects.has_scaled_objects()),
        (Feature::Frontend, scenario.frontend.is_some()),
        (Feature::Volumes, objects.has_addon(EBS_CSI_NODE)),
        (Feature::Logs, objects.has_addon(FLUENT_BIT)),
        (Feature::Gpu, objects.has_addon(NVIDIA_DEVICE_PLUGIN)),
    ];
    let there = all.into_iter().filter(|(_, there)| *there);
    there.map(|(feature, _)| feature).collect()
}

fn addons(objects: &Objects) -> Vec<String> {
    let all = [
        ("aws-ebs-csi-driver", objects.has_addon(EBS_CSI_NODE)),
        ("coredns", true),
        ("metrics-server", objects.needs_metrics_server()),
    ];
    let there = all.into_iter().filter(|(_, there)| *there);
    there.map(|(name, _)| name.to_owned()).collect()
}

fn node_group(scenario: &Scenario, group: &NodeGroupModel) -> NodeGroup {
    let spec = &group.spec;
    let types = spec.instance_types.iter();
    NodeGroup {
        name: scenario.text(spec.name).into_owned(),
        ami_type: group.ami_type.clone(),
        capacity_type: scenario.text(spec.capacity_type).into_owned(),
        instance_types: types
            .map(|&kind| scenario.text(kind).into_owned())
            .collect(),
        min_size: group.min_size,
        desired_size: spec.desired,
        max_size: group.max_size,
        update_config: update_config(group.update_config),
        disk_size: group.volume_bytes / GIB.unsigned_abs(),
        labels: labels(scenario, &spec.labels),
        taints: spec.taints.iter().map(taint).collect(),
    }
}

fn update_config(config: UpdateConfig) -> (&'static str, u32, &'static str) {
    let (argument, most) = match config.max_unavailable {
        MaxUnavailable::Nodes(nodes) => ("max_unavailable", nodes),
        MaxUnavailable::Percentage(percentage) => ("max_unavailable_percentage", percentage),
    };
    let mut strategies = UpdateStrategy::ALL.into_iter();
    let strategy = strategies.find(|&(_, strategy)| strategy == config.strategy);
    let (name, _) = strategy.expect("every strategy has a name");
    (argument, most, name)
}

/// By key.
fn labels(scenario: &Scenario, labels: &LabelSet) -> Vec<(String, String)> {
    let text = |symbol| scenario.text(symbol).into_owned();
    let pairs = labels.iter().map(|(key, value)| (text(key), text(value)));
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort();
    pairs
}

fn taint(taint: &Taint) -> (String, String, &'static str) {
    let effect = match taint.effect {
        Effect::NoSchedule => "NO_SCHEDULE",
        Effect::NoExecute => "NO_EXECUTE",
        Effect::PreferNoSchedule => "PREFER_NO_SCHEDULE",
    };
    (taint.key.clone(), taint.value.clone(), effect)
}

fn karpenter_of(model: &KarpenterModel, objects: &Objects) -> Karpenter {
    let classes = objects.node_classes.iter();
    let mut node_roles: Vec<String> = classes
        .filter_map(|class| class.body.text_at(&["spec", "role"]))
        .map(str::to_owned)
        .collect();
    node_roles.sort();
    node_roles.dedup();
    let settings = model.settings.as_ref().map(Data::from);
    let queue = settings.and_then(|settings| {
        let name = settings.text_at(&["interruptionQueue"])?.to_owned();
        (!name.is_empty()).then_some(name)
    });
    Karpenter {
        version: model.version.to_string(),
        node_roles,
        security_group_tags: selector_tags(objects, "securityGroupSelectorTerms"),
        interruption_queue: queue,
    }
}

/// The tags that the EC2NodeClasses select by, by key. Of a term any tag with the value `*` will do; it gets the value `true`.
fn selector_tags(objects: &Objects, terms: &str) -> Vec<(String, String)> {
    let classes = objects.node_classes.iter();
    let terms = classes.flat_map(|class| class.body.list_at(&["spec", terms]));
    let tags = terms.flat_map(|term| term.at(&["tags"]).map_or(&[][..], Data::entries));
    let mut tags: Vec<(String, String)> = tags
        .map(|(key, value)| {
            let value = value.as_text().unwrap_or_default();
            let value = if value == "*" { "true" } else { value };
            (key.clone(), value.to_owned())
        })
        .collect();
    tags.sort();
    tags.dedup();
    tags
}

fn sqs_queue(scenario: &Scenario, objects: &Objects, place: usize, queue: &Queue) -> SqsQueue {
    let account = |id: ServiceId| {
        let service = &objects.services[id.index()];
        format!("{}/{}", service.namespace, service.service_account)
    };
    SqsQueue {
        name: queue.name.clone(),
        visibility_timeout_seconds: queue.visibility_timeout.as_secs(),
        message_retention_seconds: queue.retention.as_secs(),
        max_receive_count: queue.max_receive_count,
        consumer: account(queue.consumer),
        senders: senders(scenario, place).into_iter().map(account).collect(),
    }
}

/// Who puts messages on a queue: a scenario says which journey does, and what a journey does, a service that it calls does for it.
fn senders(scenario: &Scenario, place: usize) -> Vec<ServiceId> {
    let steps = &scenario.traffic.steps;
    let enqueues = |queue: QueueId| queue.index() == place;
    let journeys: Vec<JourneyId> = steps
        .iter()
        .filter(|step| matches!(&step.kind, StepKind::Enqueue(enqueue) if enqueues(enqueue.queue)))
        .map(|step| step.journey)
        .collect();
    let calls = steps.iter().filter(|step| journeys.contains(&step.journey));
    let mut services: Vec<ServiceId> = calls
        .filter_map(|step| match &step.kind {
            StepKind::Call(call) => Some(call.service),
            _ => None,
        })
        .collect();
    services.sort();
    services.dedup();
    services
}
