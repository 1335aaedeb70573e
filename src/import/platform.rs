//! What does Terraform say of the cluster and what it stands on?
//!
//! A module that karpsim wrote says it in its variables, whole. Any other says it in its resources, as far as a plan knows them.

use super::arguments::{NodeGroupBlocks, items, text};
use super::found::{CLUSTER_AUTOSCALER, Found, KARPENTER, Resource};
use super::{addons, arguments, variables};
use crate::export::data::Data;
use crate::scenario::diagnostic::{Diagnostic, Diagnostics};
use crate::scenario::tree::{Node, parse};

/// What was found; what is absent was not.
#[derive(Clone, Debug, Default)]
pub(super) struct Platform {
    /// AWS region.
    pub(super) region: Option<String>,
    /// Name of the EKS cluster.
    pub(super) cluster: Option<String>,
    /// Kubernetes minor release, such as `1.36`.
    pub(super) version: Option<String>,
    /// Zone ids or names, sorted.
    pub(super) zones: Vec<String>,
    /// `cluster.nodeGroups`.
    pub(super) node_groups: Vec<Data>,
    /// Queues.
    pub(super) queues: Vec<Queue>,
    /// Bucket and price class of the frontend.
    pub(super) frontend: Option<(String, String)>,
    /// Add-ons of EKS.
    pub(super) addons: Vec<String>,
    /// Release of Karpenter.
    pub(super) karpenter_version: Option<String>,
    /// Values of its chart.
    pub(super) karpenter_values: Option<Data>,
    /// `cluster.clusterAutoscaler`.
    pub(super) cluster_autoscaler: Option<Data>,
    /// DaemonSets of charts.
    pub(super) daemon_sets: Vec<Data>,
}

/// A queue. Its service accounts are `namespace/name`, as far as the rights say who they are.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    /// Name.
    pub(super) name: String,
    /// The queue as in a scenario.
    pub(super) settings: Data,
    /// The service account that works it off.
    pub(super) consumer: Option<String>,
    /// The service accounts that send to it.
    pub(super) senders: Vec<String>,
}

impl Platform {
    pub(super) fn of(found: &Found, sink: &mut Diagnostics, left: &mut Vec<String>) -> Self {
        let mut platform = if found.of_karpsim {
            variables::platform(found)
        } else {
            resources(found, sink, left)
        };
        platform.take_releases(found, sink);
        for (chart, values) in &found.chart_values {
            platform.take_chart(chart, Data::from(values));
        }
        platform
    }

    /// Takes what the releases of charts say: a plan has their values as texts.
    fn take_releases(&mut self, found: &Found, sink: &mut Diagnostics) {
        for release in found.resources("helm_release") {
            let chart = text(&release.values, "chart").unwrap_or_default();
            if chart == KARPENTER {
                self.karpenter_version = text(&release.values, "version");
            }
            let values = chart_values(release, sink);
            self.take_chart(&chart, values);
        }
    }

    /// Takes what the values of a chart say.
    fn take_chart(&mut self, chart: &str, values: Data) {
        match chart {
            KARPENTER => self.karpenter_values = Some(values),
            CLUSTER_AUTOSCALER => {
                let flags = values.at(&["extraArgs"]).cloned();
                let flags = flags.map(|flags| Data::map([("extraArgs", flags)]));
                self.cluster_autoscaler = Some(flags.unwrap_or(Data::Map(Vec::new())));
            }
            _ => self.daemon_sets.extend(addons::of_chart(chart, &values)),
        }
    }
}

/// What the resources say.
fn resources(found: &Found, sink: &mut Diagnostics, left: &mut Vec<String>) -> Platform {
    let cluster = the_cluster(found, sink);
    let of_cluster = |field| cluster.and_then(|cluster| text(&cluster.values, field));
    let (groups, unknown): (Vec<_>, Vec<_>) = found
        .resources("aws_eks_node_group")
        .partition(|group| group.values.get("instance_types").is_some());
    left.extend(unknown.iter().map(|group| {
        format!(
            "{}: its instance types are computed, or in a launch template",
            group.address
        )
    }));
    let mut platform = Platform {
        region: found
            .region
            .as_ref()
            .and_then(Node::as_str)
            .map(str::to_owned),
        cluster: of_cluster("name"),
        version: of_cluster("version"),
        zones: zones(found),
        node_groups: groups.iter().map(|group| node_group(group)).collect(),
        queues: found.resources("aws_sqs_queue").filter_map(queue).collect(),
        frontend: frontend(found),
        addons: found
            .resources("aws_eks_addon")
            .filter_map(|addon| text(&addon.values, "addon_name"))
            .collect(),
        ..Platform::default()
    };
    platform.addons.sort();
    left.extend(others(found));
    platform
}

/// The one cluster; a second is a mistake.
fn the_cluster<'f>(found: &'f Found, sink: &mut Diagnostics) -> Option<&'f Resource> {
    let mut clusters = found.resources("aws_eks_cluster");
    let first = clusters.next()?;
    for other in clusters {
        let message = format!(
            "`{}` is a second cluster beside `{}`, and a scenario is about one",
            other.address, first.address
        );
        let place = other.values.span;
        sink.push(
            Diagnostic::error(place, message)
                .help("import the files of one cluster")
                .related(first.values.span, "the first"),
        );
    }
    Some(first)
}

/// Zones of the subnets: ids where the plan knows them, names otherwise.
fn zones(found: &Found) -> Vec<String> {
    let subnets = found.resources("aws_subnet");
    let mut zones: Vec<String> = subnets
        .filter_map(|subnet| {
            let id = text(&subnet.values, "availability_zone_id");
            id.or_else(|| text(&subnet.values, "availability_zone"))
        })
        .collect();
    zones.sort();
    zones.dedup();
    zones
}

fn node_group(group: &Resource) -> Data {
    let values = &group.values;
    let name = text(values, "node_group_name");
    let name = name.unwrap_or_else(|| group.label().to_owned());
    let blocks = NodeGroupBlocks {
        scaling: items(values, "scaling_config").first(),
        update: items(values, "update_config").first(),
        taints: items(values, "taint"),
    };
    arguments::node_group(&name, values, blocks)
}

/// A queue; none without a name.
fn queue(queue: &Resource) -> Option<Queue> {
    let name = text(&queue.values, "name")?;
    let redrive = text(&queue.values, "redrive_policy");
    let redrive = redrive.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let received = redrive.and_then(|policy| policy.get("maxReceiveCount")?.as_i64());
    Some(Queue {
        settings: arguments::queue(&name, &queue.values, received),
        name,
        consumer: None,
        senders: Vec::new(),
    })
}

/// The bucket and the price class of a distribution, where there is one of each at least.
fn frontend(found: &Found) -> Option<(String, String)> {
    let distribution = found.resources("aws_cloudfront_distribution").next()?;
    let mut buckets = found.resources("aws_s3_bucket");
    let bucket = buckets.find_map(|bucket| text(&bucket.values, "bucket"))?;
    let class = text(&distribution.values, "price_class");
    Some((bucket, class.unwrap_or_else(|| "PriceClass_All".to_owned())))
}

/// The values of a release, which are texts of YAML.
fn chart_values(release: &Resource, sink: &mut Diagnostics) -> Data {
    let texts = items(&release.values, "values");
    let mut merged = Data::Map(Vec::new());
    for text in texts.iter().filter_map(Node::as_str) {
        // A place in this text is none in a file: what is wrong with it is said of the release.
        let mut own = Diagnostics::default();
        match parse(release.values.span.file, text, &mut own) {
            Some(values) if !own.has_errors() => merge(&mut merged, &Data::from(&values)),
            _ => sink.push(Diagnostic::warning(
                release.values.span,
                format!("the values of `{}` are no YAML", release.address),
            )),
        }
    }
    merged
}

/// Helm's way: maps merge, everything else is replaced.
fn merge(under: &mut Data, over: &Data) {
    for (key, value) in over.entries() {
        match under.at_mut(&[key]) {
            Some(known @ Data::Map(_)) if matches!(value, Data::Map(_)) => merge(known, value),
            _ => under.set(key, value.clone()),
        }
    }
}

/// Resources that something in a scenario could have stood for, but does not.
fn others(found: &Found) -> Vec<String> {
    let of = |kind: &'static str, why: &'static str| {
        found
            .resources(kind)
            .map(move |resource| format!("{}: {why}", resource.address))
    };
    of(
        "aws_autoscaling_group",
        "a self-managed node group is not modelled",
    )
    .chain(of("aws_eks_fargate_profile", "Fargate is not modelled"))
    .chain(of(
        "aws_instance",
        "an instance outside the cluster is not modelled",
    ))
    .collect()
}
