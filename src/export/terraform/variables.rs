//! Which values do the variables have?

use crate::export::data::Data;
use crate::export::hcl::{Expr, Item};
use crate::export::objects::Object;
use crate::export::platform::{NodeGroup, Platform, SqsQueue};

/// `terraform.tfvars`.
pub(super) fn file(platform: &Platform) -> Vec<Item> {
    let mut items = vec![
        Item::Comment(
            "What was simulated, and nothing else. What belongs to an account (certificates, administrators, images, address\n\
             ranges) goes into a file of your own beside this one, such as account.auto.tfvars: the next export leaves it alone."
                .to_owned(),
        ),
    ];
    for (name, value) in variables(platform) {
        items.push(Item::Blank);
        items.push(Item::Argument(name, value));
    }
    items
}

/// The simulated values by variable, in the order of `terraform.tfvars`.
#[must_use]
pub fn variables(platform: &Platform) -> Vec<(String, Expr)> {
    let groups = platform.node_groups.iter();
    let mut all = vec![
        ("region", Expr::text(&platform.region)),
        ("cluster_name", Expr::text(&platform.cluster_name)),
        (
            "kubernetes_version",
            Expr::text(&platform.kubernetes_version),
        ),
        ("availability_zone_ids", Expr::texts(&platform.zones)),
        (
            "node_groups",
            Expr::object(groups.map(|group| (group.name.clone(), node_group(group)))),
        ),
        ("addons", Expr::texts(&platform.addons)),
        (
            "namespaces",
            Expr::object(
                platform
                    .namespaces
                    .iter()
                    .map(|namespace| (namespace.name.clone(), metadata(namespace))),
            ),
        ),
        (
            "service_accounts",
            Expr::object(platform.service_accounts.iter().map(service_account)),
        ),
    ];
    if !platform.private_subnet_tags.is_empty() {
        all.push(("private_subnet_tags", texts(&platform.private_subnet_tags)));
    }
    if let Some(karpenter) = &platform.karpenter {
        all.push(("karpenter_version", Expr::text(&karpenter.version)));
        all.push((
            "karpenter_node_role_names",
            Expr::texts(&karpenter.node_roles),
        ));
        all.push((
            "cluster_security_group_tags",
            texts(&karpenter.security_group_tags),
        ));
        if let Some(queue) = &karpenter.interruption_queue {
            all.push(("karpenter_interruption_queue", Expr::text(queue)));
        }
    }
    if !platform.queues.is_empty() {
        let queues = platform.queues.iter();
        all.push((
            "queues",
            Expr::object(queues.map(|queue| (queue.name.clone(), sqs_queue(queue)))),
        ));
    }
    if let Some((bucket, price_class)) = &platform.frontend {
        all.push(("frontend_bucket", Expr::text(bucket)));
        all.push(("frontend_price_class", Expr::text(price_class)));
    }
    let named = all.into_iter();
    named
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn node_group(group: &NodeGroup) -> Expr {
    let taint = |(key, value, effect): &(String, String, &str)| {
        Expr::object([
            ("key", Expr::text(key)),
            ("value", Expr::text(value)),
            ("effect", Expr::text(*effect)),
        ])
    };
    Expr::object([
        ("ami_type", Expr::text(&group.ami_type)),
        ("capacity_type", Expr::text(&group.capacity_type)),
        ("instance_types", Expr::texts(&group.instance_types)),
        ("min_size", Expr::Int(group.min_size.into())),
        ("desired_size", Expr::Int(group.desired_size.into())),
        ("max_size", Expr::Int(group.max_size.into())),
        (
            "disk_size",
            Expr::Int(i64::try_from(group.disk_size).unwrap_or(i64::MAX)),
        ),
        ("labels", texts(&group.labels)),
        (
            "taints",
            Expr::List(group.taints.iter().map(taint).collect()),
        ),
        ("update_config", update_config(group.update_config)),
    ])
}

fn update_config((argument, most, strategy): (&'static str, u32, &'static str)) -> Expr {
    Expr::object([
        (argument, Expr::Int(most.into())),
        ("update_strategy", Expr::text(strategy)),
    ])
}

fn service_account(account: &Object) -> (String, Expr) {
    let namespace = account.namespace.as_deref().unwrap_or_default();
    let token = account.body.at(&["automountServiceAccountToken"]);
    let value = Expr::object([
        ("namespace", Expr::text(namespace)),
        ("name", Expr::text(&account.name)),
        ("labels", text_map(&account.labels)),
        ("annotations", text_map(&account.annotations)),
        (
            "automount_token",
            Expr::Bool(token == Some(&Data::Bool(true))),
        ),
    ]);
    (format!("{namespace}/{}", account.name), value)
}

fn sqs_queue(queue: &SqsQueue) -> Expr {
    let seconds = |seconds: u64| Expr::Int(i64::try_from(seconds).unwrap_or(i64::MAX));
    let received = queue
        .max_receive_count
        .map_or(Expr::Null, |count| Expr::Int(count.into()));
    Expr::object([
        (
            "visibility_timeout_seconds",
            seconds(queue.visibility_timeout_seconds),
        ),
        (
            "message_retention_seconds",
            seconds(queue.message_retention_seconds),
        ),
        ("max_receive_count", received),
        ("consumer", Expr::text(&queue.consumer)),
        ("senders", Expr::texts(&queue.senders)),
    ])
}

fn metadata(object: &Object) -> Expr {
    Expr::object([
        ("labels", text_map(&object.labels)),
        ("annotations", text_map(&object.annotations)),
    ])
}

fn texts(pairs: &[(String, String)]) -> Expr {
    Expr::object(pairs.iter().map(|(key, value)| (key, Expr::text(value))))
}

fn text_map(data: &Data) -> Expr {
    let text = |value: &Data| Expr::text(value.as_text().unwrap_or_default());
    Expr::object(data.entries().iter().map(|(key, value)| (key, text(value))))
}
