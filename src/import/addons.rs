//! Which DaemonSets do add-ons of EKS and charts stand for?

use crate::export::data::Data;
use crate::export::objects::{INSTALLED_DAEMONS, Installer};

/// What of a pod stands among the values of such a chart.
const OF_POD: [&str; 3] = ["priorityClassName", "tolerations", "nodeSelector"];

/// A container: its name, the CPU and the memory it asks for.
type Container = (&'static str, &'static str, Option<&'static str>);

/// Whether a chart makes a DaemonSet that a scenario has.
pub(super) fn has_daemon_set(chart: &str) -> bool {
    daemon_of(Installer::Chart(chart)).is_some()
}

/// The DaemonSet of a chart with these values.
pub(super) fn of_chart(chart: &str, values: &Data) -> Option<Data> {
    let name = daemon_of(Installer::Chart(chart))?;
    let mut container = Data::map([("name", name), ("image", name)]);
    if let Some(resources) = values.at(&["resources"]) {
        container.set("resources", resources.clone());
    }
    let mut pod = Data::Map(Vec::new());
    for field in OF_POD {
        if let Some(value) = values.at(&[field]) {
            pod.set(field, value.clone());
        }
    }
    pod.set("containers", Data::List(vec![container]));
    Some(daemon_set(name, pod))
}

/// The DaemonSet of an add-on of EKS, with what it asks for as published; none for an add-on that runs no pod on every node.
pub(super) fn of_addon(addon: &str) -> Option<Data> {
    let name = daemon_of(Installer::Addon(addon))?;
    let containers: &[Container] = match addon {
        "vpc-cni" => &[
            ("aws-node", "25m", None),
            ("aws-eks-nodeagent", "25m", None),
        ],
        "kube-proxy" => &[("kube-proxy", "100m", None)],
        "eks-pod-identity-agent" => &[("eks-pod-identity-agent", "10m", Some("32Mi"))],
        "aws-ebs-csi-driver" => &[
            ("ebs-plugin", "10m", Some("40Mi")),
            ("node-driver-registrar", "10m", Some("40Mi")),
            ("liveness-probe", "10m", Some("40Mi")),
        ],
        _ => return None,
    };
    let containers = containers.iter().map(|(name, cpu, memory)| {
        let mut requests = Data::map([("cpu", *cpu)]);
        if let Some(memory) = memory {
            requests.set("memory", *memory);
        }
        Data::map([
            ("name", Data::from(*name)),
            ("image", (*name).into()),
            ("resources", Data::map([("requests", requests)])),
        ])
    });
    let everywhere = Data::list([Data::map([("operator", "Exists")])]);
    let pod = Data::map([
        ("priorityClassName", Data::from("system-node-critical")),
        ("tolerations", everywhere),
        ("containers", Data::list(containers)),
    ]);
    Some(daemon_set(name, pod))
}

fn daemon_of(installer: Installer<'_>) -> Option<&'static str> {
    let mut known = INSTALLED_DAEMONS.iter();
    let found = known.find(|(_, known)| *known == installer);
    found.map(|(daemon, _)| *daemon)
}

fn daemon_set(name: &str, pod: Data) -> Data {
    let labels = || Data::map([("app", name)]);
    let template = Data::map([
        ("metadata", Data::map([("labels", labels())])),
        ("spec", pod),
    ]);
    let spec = Data::map([
        ("selector", Data::map([("matchLabels", labels())])),
        ("template", template),
    ]);
    Data::map([
        ("apiVersion", Data::from("apps/v1")),
        ("kind", "DaemonSet".into()),
        (
            "metadata",
            Data::map([("name", name), ("namespace", "kube-system")]),
        ),
        ("spec", spec),
    ])
}
