//! What must there be before the workloads are?

use crate::export::hcl::{Expr, Item};
use crate::export::platform::{Feature, Platform};

/// The release of the chart `workloads`.
pub(super) fn workloads(platform: &Platform) -> Vec<Item> {
    let path = "${path.module}/../helm";
    let body = vec![
        Item::argument("name", Expr::text("workloads")),
        Item::argument("namespace", Expr::text("kube-system")),
        Item::argument("chart", Expr::raw(format!("\"{path}/charts/workloads\""))),
        Item::Comment("A pod may wait for a node, and a node takes minutes.".to_owned()),
        Item::argument("timeout", Expr::Int(900)),
        Item::Blank,
        Item::argument(
            "values",
            Expr::List(vec![
                Expr::raw(format!("file(\"{path}/values/workloads.yaml\")")),
                Expr::raw("yamlencode(local.workloads)"),
            ]),
        ),
        Item::Blank,
        Item::argument(
            "depends_on",
            Expr::List(prerequisites(platform).into_iter().map(Expr::raw).collect()),
        ),
    ];
    vec![
        Item::block(
            "locals",
            &[],
            vec![
                Item::Comment("What only an account knows.".to_owned()),
                Item::argument("workloads", account_values(platform)),
            ],
        ),
        Item::Blank,
        Item::block("resource", &["helm_release", "workloads"], body),
    ]
}

fn account_values(platform: &Platform) -> Expr {
    let mut values = vec![("images", Expr::raw("var.images"))];
    if platform.has(Feature::Queues) {
        let urls = "{ for name, queue in aws_sqs_queue.this : name => queue.url }";
        values.push(("queueUrls", Expr::raw(urls)));
    }
    if platform.has(Feature::Ingress) {
        values.push(("certificateArns", Expr::raw("var.certificate_arns")));
    }
    Expr::object(values)
}

fn prerequisites(platform: &Platform) -> Vec<&'static str> {
    let with = |feature| platform.has(feature);
    let all = [
        ("aws_eks_addon.on_nodes", true),
        ("aws_eks_node_group.this", true),
        ("aws_eks_pod_identity_association.service", true),
        ("aws_iam_role_policy.consumer", with(Feature::Queues)),
        (
            "aws_iam_role_policy.keda_queues",
            with(Feature::Queues) && with(Feature::Keda),
        ),
        ("aws_iam_role_policy.sender", with(Feature::Queues)),
        (
            "helm_release.cluster_autoscaler",
            with(Feature::ClusterAutoscaler),
        ),
        ("helm_release.karpenter_resources", with(Feature::Karpenter)),
        ("helm_release.keda", with(Feature::Keda)),
        (
            "helm_release.load_balancer_controller",
            with(Feature::Ingress),
        ),
        ("kubernetes_service_account_v1.this", true),
    ];
    let there = all.into_iter().filter(|(_, there)| *there);
    there.map(|(name, _)| name).collect()
}
