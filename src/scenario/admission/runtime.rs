//! Does Karpenter take what the API server admitted? The rules its controllers check, and the types they decode into.

use serde_json::Value;

use super::{Cause, Kind, Place, Refusal, name};
use crate::api::label::{is_well_known_name, normalized};
use crate::karpenter::Version;

/// The label that names the pool.
const NODE_POOL: &str = "karpenter.sh/nodepool";
/// Domains whose labels are Karpenter's own, but for the well-known ones.
const RESTRICTED_DOMAINS: [&str; 2] = ["karpenter.sh", "karpenter.k8s.aws"];
/// Domains whose labels were restricted before 1.9, and those below them that were not.
const ONCE_RESTRICTED_DOMAINS: [(&str, &[&str]); 2] = [
    (
        "kubernetes.io",
        &["node.kubernetes.io", "node-restriction.kubernetes.io"],
    ),
    ("k8s.io", &["kops.k8s.io"]),
];
/// The values that some labels have; a requirement needs one of them.
const KNOWN_VALUES: [(&str, &[&str]); 2] = [
    (
        "karpenter.sh/capacity-type",
        &["on-demand", "reserved", "spot"],
    ),
    (
        "karpenter.k8s.aws/instance-tenancy",
        &["dedicated", "default"],
    ),
];
/// Numbers of an EC2NodeClass that are decoded into 32 bits although the schema takes more.
const NARROW: [&str; 7] = [
    "/ipPrefixCount",
    "/kubelet/evictionMaxPodGracePeriod",
    "/kubelet/maxPods",
    "/kubelet/podsPerCore",
    "/kubelet/imageGCHighThresholdPercent",
    "/kubelet/imageGCLowThresholdPercent",
    "/metadataOptions/httpPutResponseHopLimit",
];

/// Collects what is not taken.
struct Checks {
    refusals: Vec<Refusal>,
}

/// What Karpenter does not take of an admitted object.
pub(super) fn check(kind: Kind, spec: &Value, at: &Place) -> Vec<Refusal> {
    let mut checks = Checks {
        refusals: Vec::new(),
    };
    match kind {
        Kind::NodePool => {
            let (template, at) = (&spec["template"], at.field("template"));
            checks.labels(
                &template["metadata"]["labels"],
                &at.field("metadata").field("labels"),
            );
            checks.taints(&template["spec"], &at.field("spec"));
            checks.requirements(
                &template["spec"]["requirements"],
                &at.field("spec").field("requirements"),
            );
        }
        Kind::NodeClass => checks.node_class(spec, at),
    }
    checks.refusals
}

/// What a release before 1.9 refused of a NodePool and later ones do not: labels in the domains of Kubernetes.
pub(super) fn once_restricted(
    kind: Kind,
    spec: &Value,
    at: &Place,
    version: Version,
) -> Vec<Refusal> {
    if kind != Kind::NodePool || version >= Version::minor(9) {
        return Vec::new();
    }
    let (template, at) = (&spec["template"], at.field("template"));
    let labels = &template["metadata"]["labels"];
    let labels = labels.as_object().into_iter().flatten().map(|(key, _)| {
        let at = at.field("metadata").field("labels").field(key);
        (key.as_str(), at)
    });
    let terms = items(&template["spec"]["requirements"]).enumerate();
    let terms = terms.filter_map(|(index, term)| {
        let at = at.field("spec").field("requirements").item(index);
        Some((term["key"].as_str()?, at.field("key")))
    });
    let refused = |(key, at): (&str, Place)| {
        let cause = Cause::Invalid(format!(
            "label domain \"{}\" is restricted",
            once_restricted_domain(key)?
        ));
        Some(Refusal { at, cause })
    };
    labels.chain(terms).filter_map(refused).collect()
}

fn once_restricted_domain(key: &str) -> Option<&'static str> {
    let domain = domain(key);
    let restricts = |(restricted, but): &&(&str, &[&str])| {
        domain.ends_with(restricted) && !but.iter().any(|but| domain.ends_with(but))
    };
    let rule = ONCE_RESTRICTED_DOMAINS.iter().find(restricts);
    rule.filter(|_| !is_well_known_name(normalized(key)))
        .map(|&(domain, _)| domain)
}

impl Checks {
    fn refuse(&mut self, at: Place, reason: impl Into<String>) {
        let cause = Cause::Runtime(reason.into());
        self.refusals.push(Refusal { at, cause });
    }

    fn labels(&mut self, labels: &Value, at: &Place) {
        for (key, value) in labels.as_object().into_iter().flatten() {
            let at = at.field(key);
            let wrong = name::of_label(key).or_else(|| name::of_value(value.as_str()?));
            if let Some(wrong) = wrong {
                self.refuse(at.clone(), wrong);
            }
            if let Some(restricted) = restricted(key) {
                self.refuse(at, restricted);
            }
        }
    }

    /// Taints and startup taints: names, and no pair of key and effect twice.
    fn taints(&mut self, template: &Value, at: &Place) {
        let mut known: Vec<(&str, &str)> = Vec::new();
        for field in ["taints", "startupTaints"] {
            for (index, taint) in items(&template[field]).enumerate() {
                let at = at.field(field).item(index);
                let text = |field: &str| taint[field].as_str().unwrap_or_default();
                if let Some(wrong) = name::of_label(text("key")) {
                    self.refuse(at.field("key"), wrong);
                }
                let value = Some(text("value")).filter(|value| !value.is_empty());
                if let Some(wrong) = value.and_then(name::of_label) {
                    self.refuse(at.field("value"), wrong);
                }
                let pair = (text("key"), text("effect"));
                if known.contains(&pair) {
                    let (key, effect) = pair;
                    self.refuse(
                        at,
                        format!("duplicate taint Key/Effect pair {key}={effect}"),
                    );
                }
                known.push(pair);
            }
        }
    }

    fn requirements(&mut self, requirements: &Value, at: &Place) {
        for (index, requirement) in items(requirements).enumerate() {
            let at = at.item(index);
            let key = normalized(requirement["key"].as_str().unwrap_or_default());
            if let Some(restricted) = restricted(key) {
                self.refuse(at.field("key"), restricted);
            }
            if let Some(wrong) = name::of_label(key) {
                self.refuse(at.field("key"), wrong);
            }
            self.values(requirement, key, &at);
        }
    }

    fn values(&mut self, requirement: &Value, key: &str, at: &Place) {
        let values: Vec<&str> = items(&requirement["values"])
            .filter_map(Value::as_str)
            .collect();
        for (index, value) in values.iter().enumerate() {
            if let Some(wrong) = name::of_value(value) {
                self.refuse(at.field("values").item(index), wrong);
            }
        }
        let known = KNOWN_VALUES.iter().find(|(label, _)| *label == key);
        let Some((_, known)) = known.filter(|_| requirement["operator"] == "In") else {
            return;
        };
        let valid = values.iter().filter(|value| known.contains(value)).count();
        let least = requirement["minValues"].as_u64().unwrap_or(1).max(1);
        if (valid as u64) < least {
            let reason = format!(
                "has {valid} valid values of {key}, and needs {least} of {}",
                known.join(", ")
            );
            self.refuse(at.field("values"), reason);
        }
    }

    fn node_class(&mut self, spec: &Value, at: &Place) {
        for tag in spec["tags"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(tag, _)| tag)
        {
            if is_restricted_tag(tag) {
                self.refuse(
                    at.field("tags").field(tag),
                    "is a tag that Karpenter sets itself",
                );
            }
        }
        let periods = &spec["kubelet"]["evictionSoftGracePeriod"];
        for (signal, period) in periods.as_object().into_iter().flatten() {
            if !is_go_duration(period.as_str().unwrap_or_default()) {
                let at = at
                    .field("kubelet")
                    .field("evictionSoftGracePeriod")
                    .field(signal);
                self.refuse(at, "is no duration");
            }
        }
        for pointer in NARROW {
            let number = spec.pointer(pointer).and_then(Value::as_i64);
            if number.is_some_and(|number| i32::try_from(number).is_err()) {
                let names = pointer.split('/').skip(1);
                let at = names.fold(at.clone(), |at, name| at.field(name));
                self.refuse(at, "does not fit into 32 bits");
            }
        }
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn domain(key: &str) -> &str {
    key.split_once('/').map_or("", |(domain, _)| domain)
}

/// Why nobody but Karpenter may set a label.
fn restricted(key: &str) -> Option<String> {
    let domain = domain(key);
    let own = |restricted: &str| {
        domain == restricted
            || domain
                .strip_suffix(restricted)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    let restricted = RESTRICTED_DOMAINS.iter().any(|domain| own(domain))
        && !is_well_known_name(key)
        || key == NODE_POOL
        || key == "kubernetes.io/hostname";
    restricted.then(|| {
        format!("using label {key} is not allowed as it might interfere with the internal provisioning logic")
    })
}

/// Whether instances get the tag from Karpenter or from EKS.
fn is_restricted_tag(tag: &str) -> bool {
    let of_cluster = tag
        .strip_prefix("kubernetes.io/cluster/")
        .is_some_and(|name| {
            let rest = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(rest)
        });
    let own = [
        NODE_POOL,
        "eks:eks-cluster-name",
        "karpenter.k8s.aws/ec2nodeclass",
        "karpenter.sh/nodeclaim",
    ];
    of_cluster || own.contains(&tag)
}

/// Whether Go reads a duration: a sign, and numbers with units of at most hours.
fn is_go_duration(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut rest = unsigned;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, tail) = rest.split_at(end.unwrap_or(rest.len()));
        let digits = number.bytes().any(|byte| byte.is_ascii_digit());
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, next) = tail.split_at(end.unwrap_or(tail.len()));
        let known = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"].contains(&unit);
        if !digits || number.matches('.').count() > 1 || !known {
            return unsigned == "0";
        }
        rest = next;
    }
    !unsigned.is_empty()
}
