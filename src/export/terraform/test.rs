//! How does `terraform test` know that the plan is what was simulated?
//!
//! The assertions carry the numbers once more: a change of `terraform.tfvars` that nobody simulated fails them. The providers are mocked,
//! so that it asks no account.

use std::fmt::Display;

use crate::export::hcl::{Expr, Item, quoted};
use crate::export::platform::{Feature, Karpenter, NodeGroup, Platform, SqsQueue};

/// A certificate authority's data that `base64decode` can read.
const CERTIFICATE: &str = "bW9jaw==";

/// `tests/simulated.tftest.hcl`.
pub(super) fn simulated(platform: &Platform) -> Vec<Item> {
    let mut items = mocks();
    items.push(Item::Blank);
    let mut cluster = vec![
        equals(
            "aws_eks_cluster.this.version",
            quoted(&platform.kubernetes_version),
            "The control plane has another version than the simulated one.",
        ),
        equals(
            "length(aws_subnet.private)",
            platform.zones.len(),
            "There are more or fewer zones than simulated.",
        ),
        equals(
            "length(aws_nat_gateway.this)",
            platform.zones.len(),
            "There are more or fewer NAT gateways than simulated.",
        ),
    ];
    for zone in &platform.zones {
        cluster.push(equals(
            &format!("aws_subnet.private[\"{zone}\"].availability_zone_id"),
            quoted(zone),
            "A subnet is in another zone than its name says.",
        ));
    }
    items.push(run("cluster", cluster));
    for group in &platform.node_groups {
        items.push(Item::Blank);
        items.push(run(
            &format!("node_group_{}", identifier(&group.name)),
            node_group(group),
        ));
    }
    if let Some(karpenter) = &platform.karpenter {
        items.push(Item::Blank);
        items.push(run("karpenter", karpenter_runs(platform, karpenter)));
    }
    if !platform.queues.is_empty() {
        items.push(Item::Blank);
        items.push(run(
            "queues",
            platform.queues.iter().flat_map(queue).collect(),
        ));
    }
    if let Some((_, price_class)) = &platform.frontend {
        items.push(Item::Blank);
        let equal = equals(
            "aws_cloudfront_distribution.frontend.price_class",
            quoted(price_class),
            "CloudFront answers from elsewhere than simulated.",
        );
        items.push(run("frontend", vec![equal]));
    }
    items
}

/// `tests/refused.tftest.hcl`: values that the variables do not take.
pub(super) fn refused(platform: &Platform) -> Vec<Item> {
    let mut items = mocks();
    let one_zone = Expr::texts(platform.zones.first());
    let mut cases = vec![
        ("one_zone", "availability_zone_ids", one_zone),
        (
            "version_in_full",
            "kubernetes_version",
            Expr::text("v1.35.1"),
        ),
        ("no_dns", "addons", Expr::List(Vec::new())),
    ];
    if platform.has(Feature::Karpenter) {
        let arn = Expr::texts(["arn:aws:iam::aws:role/node"]);
        cases.push(("role_by_arn", "karpenter_node_role_names", arn));
    }
    if platform.has(Feature::Frontend) {
        cases.push((
            "nowhere",
            "frontend_price_class",
            Expr::text("PriceClass_300"),
        ));
    }
    for (name, variable, value) in cases {
        items.push(Item::Blank);
        let body = vec![
            Item::argument("command", Expr::raw("plan")),
            Item::Blank,
            Item::block("variables", &[], vec![Item::argument(variable, value)]),
            Item::Blank,
            Item::argument(
                "expect_failures",
                Expr::List(vec![Expr::raw(format!("var.{variable}"))]),
            ),
        ];
        items.push(Item::block("run", &[name], body));
    }
    items
}

fn mocks() -> Vec<Item> {
    let authority = Expr::List(vec![Expr::object([("data", Expr::text(CERTIFICATE))])]);
    let defaults = Item::argument(
        "defaults",
        Expr::object([
            ("certificate_authority", authority),
            ("endpoint", Expr::text("https://cluster.example")),
        ]),
    );
    let cluster = Item::block("mock_resource", &["aws_eks_cluster"], vec![defaults]);
    vec![
        Item::block("mock_provider", &["aws"], vec![cluster]),
        Item::Blank,
        Item::block("mock_provider", &["helm"], Vec::new()),
        Item::Blank,
        Item::block("mock_provider", &["kubernetes"], Vec::new()),
    ]
}

fn run(name: &str, assertions: Vec<Item>) -> Item {
    let mut body = vec![Item::argument("command", Expr::raw("plan"))];
    for assertion in assertions {
        body.push(Item::Blank);
        body.push(assertion);
    }
    Item::block("run", &[name], body)
}

fn node_group(group: &NodeGroup) -> Vec<Item> {
    let of = |what: &str| format!("aws_eks_node_group.this[{}].{what}", quoted(&group.name));
    let sizes = [
        ("min_size", group.min_size),
        ("desired_size", group.desired_size),
        ("max_size", group.max_size),
    ];
    let mut all: Vec<Item> = sizes
        .into_iter()
        .map(|(name, size)| {
            equals(
                &of(&format!("scaling_config[0].{name}")),
                size,
                &format!("{name} is not as simulated."),
            )
        })
        .collect();
    let types: Vec<String> = group
        .instance_types
        .iter()
        .map(|kind| quoted(kind))
        .collect();
    all.push(assert(
        &format!(
            "join(\",\", {}) == join(\",\", [{}])",
            of("instance_types"),
            types.join(", ")
        ),
        "The instance types, or their order, are not as simulated.",
    ));
    all.push(equals(
        &of("capacity_type"),
        quoted(&group.capacity_type),
        "It is bought otherwise than simulated.",
    ));
    all.push(equals(
        &of("ami_type"),
        quoted(&group.ami_type),
        "Its images are not as simulated.",
    ));
    all.push(equals(
        &format!("length({})", of("taint")),
        group.taints.len(),
        "It has more or fewer taints than simulated.",
    ));
    all
}

fn karpenter_runs(platform: &Platform, karpenter: &Karpenter) -> Vec<Item> {
    let mut all = vec![equals(
        "helm_release.karpenter.version",
        quoted(&karpenter.version),
        "It is another Karpenter than the simulated one.",
    )];
    for role in &karpenter.node_roles {
        all.push(equals(
            &format!("aws_eks_access_entry.karpenter_node[{}].type", quoted(role)),
            quoted("EC2_LINUX"),
            "Nodes of this role cannot join the cluster.",
        ));
    }
    for (key, value) in &platform.private_subnet_tags {
        all.push(assert(
            &format!(
                "alltrue([for subnet in aws_subnet.private : lookup(subnet.tags, {}, \"\") == {}])",
                quoted(key),
                quoted(value)
            ),
            "A subnet of nodes lacks a tag that the EC2NodeClasses select by.",
        ));
    }
    if karpenter.interruption_queue.is_some() {
        all.push(equals(
            "length(aws_cloudwatch_event_rule.karpenter)",
            5,
            "Karpenter is to hear of five kinds of events.",
        ));
    }
    all
}

fn queue(queue: &SqsQueue) -> Vec<Item> {
    vec![equals(
        &format!(
            "aws_sqs_queue.this[{}].visibility_timeout_seconds",
            quoted(&queue.name)
        ),
        queue.visibility_timeout_seconds,
        &format!(
            "Messages of {} are hidden for another time than simulated.",
            queue.name
        ),
    )]
}

/// Asserts that something is a value, which is given as HCL has it.
fn equals(what: &str, value: impl Display, message: &str) -> Item {
    assert(&format!("{what} == {value}"), message)
}

fn assert(condition: &str, message: &str) -> Item {
    let body = vec![
        Item::argument("condition", Expr::raw(condition)),
        Item::argument("error_message", Expr::text(message)),
    ];
    Item::block("assert", &[], body)
}

/// A name of letters, digits and underscores.
fn identifier(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(allowed).collect()
}
