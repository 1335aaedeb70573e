//! Which Kubernetes objects does a scenario stand for?
//!
//! Typed by kind and place, before anybody prints them: [`super::helm`] makes values and manifests of them, [`super::platform`] what
//! Terraform has to know. A spec is what the user wrote. Only what a cluster needs and a simulation does not is added or changed, and
//! [`super::notes`] says so.

mod service;

use super::data::Data;
use crate::api::objects::{BUILT_IN_NAMESPACES, DEFAULT_NAMESPACE};
use crate::scenario::Scenario;
use crate::scenario::model::CarriedManifest;

pub use service::{Autoscaler, IngressRule, ServiceObjects, service_account};

/// A Kubernetes object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Kind.
    pub kind: &'static str,
    /// `apiVersion`.
    pub api_version: &'static str,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; none for what belongs to the whole cluster.
    pub namespace: Option<String>,
    /// `metadata.labels`, a map.
    pub labels: Data,
    /// `metadata.annotations`, a map.
    pub annotations: Data,
    /// All but `apiVersion`, `kind` and `metadata`, a map.
    pub body: Data,
}

/// The objects of a scenario, by who makes them and where they go.
#[derive(Clone, Debug, PartialEq)]
pub struct Objects {
    /// Namespaces to make, by name.
    pub namespaces: Vec<Object>,
    /// Service accounts to make, by namespace and name.
    pub service_accounts: Vec<Object>,
    /// PriorityClasses.
    pub priority_classes: Vec<Object>,
    /// DaemonSets that are no add-on.
    pub daemon_sets: Vec<Object>,
    /// DaemonSets whose place an add-on of EKS or a chart takes.
    pub addon_daemons: Vec<Object>,
    /// Services, in the scenario's order.
    pub services: Vec<ServiceObjects>,
    /// EC2NodeClasses.
    pub node_classes: Vec<Object>,
    /// NodePools.
    pub node_pools: Vec<Object>,
}

/// Who runs a DaemonSet that nobody installs as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Installer<'n> {
    /// The add-on of EKS with this name.
    Addon(&'n str),
    /// The chart with this name.
    Chart(&'n str),
}

/// DaemonSets that nobody installs as DaemonSets.
pub const INSTALLED_DAEMONS: [(&str, Installer<'static>); 6] = [
    ("aws-node", Installer::Addon("vpc-cni")),
    ("kube-proxy", Installer::Addon("kube-proxy")),
    (
        "eks-pod-identity-agent",
        Installer::Addon("eks-pod-identity-agent"),
    ),
    (EBS_CSI_NODE, Installer::Addon("aws-ebs-csi-driver")),
    (FLUENT_BIT, Installer::Chart("aws-for-fluent-bit")),
    (
        NVIDIA_DEVICE_PLUGIN,
        Installer::Chart("nvidia-device-plugin"),
    ),
];
/// DaemonSet of the EBS CSI driver.
pub(super) const EBS_CSI_NODE: &str = "ebs-csi-node";
/// DaemonSet of the log shipper.
pub(super) const FLUENT_BIT: &str = "fluent-bit";
/// DaemonSet that makes a node offer its GPUs.
pub(super) const NVIDIA_DEVICE_PLUGIN: &str = "nvidia-device-plugin";

impl Object {
    /// An object with this body and nothing else to it.
    pub(super) fn new(
        kind: &'static str,
        api_version: &'static str,
        name: &str,
        namespace: Option<&str>,
        body: Data,
    ) -> Self {
        Self {
            kind,
            api_version,
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            labels: Data::Map(Vec::new()),
            annotations: Data::Map(Vec::new()),
            body,
        }
    }

    /// The object of a manifest that the scenario carries.
    fn carried(
        manifest: &CarriedManifest,
        kind: &'static str,
        api_version: &'static str,
        namespace: Option<&str>,
    ) -> Self {
        let data = Data::from(&manifest.node);
        let metadata = |field: &str| {
            let found = data.at(&["metadata", field]).cloned();
            found
                .filter(|found| !found.is_empty())
                .unwrap_or(Data::Map(Vec::new()))
        };
        let own = data.text_at(&["metadata", "namespace"]);
        let body = data.entries().iter().filter(|(key, _)| {
            !["apiVersion", "kind", "metadata", "status"].contains(&key.as_str())
        });
        Self {
            kind,
            api_version,
            name: manifest.name.clone(),
            namespace: namespace.map(|default| own.unwrap_or(default).to_owned()),
            labels: metadata("labels"),
            annotations: metadata("annotations"),
            body: Data::Map(body.cloned().collect()),
        }
    }

    /// `spec`; empty where there is none.
    #[must_use]
    pub fn spec(&self) -> Data {
        self.body
            .at(&["spec"])
            .cloned()
            .unwrap_or(Data::Map(Vec::new()))
    }

    /// The object as a manifest.
    #[must_use]
    pub fn manifest(&self) -> Data {
        let mut metadata = Data::map([("name", self.name.as_str())]);
        if let Some(namespace) = &self.namespace {
            metadata.set("namespace", namespace.as_str());
        }
        for (field, values) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if !values.is_empty() {
                metadata.set(field, values.clone());
            }
        }
        let mut manifest = Data::map([
            ("apiVersion", Data::from(self.api_version)),
            ("kind", self.kind.into()),
            ("metadata", metadata),
        ]);
        for (key, value) in self.body.entries() {
            manifest.set(key, value.clone());
        }
        manifest
    }
}

impl Objects {
    /// The objects of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let cluster = |kind, api_version| carried(scenario, "cluster.", kind, api_version, None);
        let daemons = carried(
            scenario,
            "cluster.",
            "DaemonSet",
            "apps/v1",
            Some(DEFAULT_NAMESPACE),
        );
        let (addon_daemons, daemon_sets): (Vec<_>, Vec<_>) =
            daemons.into_iter().partition(|daemon| {
                let mut known = INSTALLED_DAEMONS.iter();
                known.any(|(name, _)| *name == daemon.name)
            });
        let services: Vec<_> = (0..scenario.services.len())
            .map(|place| ServiceObjects::of(scenario, place))
            .collect();
        let mut objects = Self {
            namespaces: cluster("Namespace", "v1"),
            service_accounts: Vec::new(),
            priority_classes: cluster("PriorityClass", "scheduling.k8s.io/v1"),
            daemon_sets,
            addon_daemons,
            services,
            node_classes: cluster("EC2NodeClass", "karpenter.k8s.aws/v1"),
            node_pools: cluster("NodePool", "karpenter.sh/v1"),
        };
        objects.service_accounts = objects.all_service_accounts(scenario);
        objects.add_namespaces();
        objects
    }

    /// Whether the scenario has an object of this kind that an add-on takes the place of.
    #[must_use]
    pub fn has_addon(&self, daemon: &str) -> bool {
        self.addon_daemon(daemon).is_some()
    }

    /// The DaemonSet that an add-on takes the place of.
    #[must_use]
    pub fn addon_daemon(&self, name: &str) -> Option<&Object> {
        self.addon_daemons.iter().find(|daemon| daemon.name == name)
    }

    /// Whether KEDA scales anything.
    #[must_use]
    pub fn has_scaled_objects(&self) -> bool {
        let mut services = self.services.iter();
        services.any(|service| matches!(service.autoscaler, Some(Autoscaler::ScaledObject(_))))
    }

    /// Whether anything is scaled by what the metrics server measures.
    #[must_use]
    pub fn needs_metrics_server(&self) -> bool {
        self.services.iter().any(ServiceObjects::needs_metrics)
    }

    /// Those the user wrote and those that pods ask for.
    fn all_service_accounts(&self, scenario: &Scenario) -> Vec<Object> {
        let mut accounts = carried(
            scenario,
            "services[",
            "ServiceAccount",
            "v1",
            Some(DEFAULT_NAMESPACE),
        );
        for account in &mut accounts {
            // A manifest without a namespace has that of its service.
            let of = self.services.iter().find(|service| {
                service.accounts.contains(&account.name)
                    && account.namespace.as_deref() == Some(DEFAULT_NAMESPACE)
            });
            if let Some(service) = of {
                account.namespace = Some(service.namespace.clone());
            }
        }
        let daemons = self.daemon_sets.iter().filter_map(|daemon| {
            let name = daemon
                .body
                .text_at(&["spec", "template", "spec", "serviceAccountName"])?;
            Some((daemon.namespace.clone()?, name.to_owned()))
        });
        let services = self
            .services
            .iter()
            .map(|service| (service.namespace.clone(), service.service_account.clone()));
        for (namespace, name) in services.chain(daemons) {
            let known = accounts
                .iter()
                .any(|known| known.name == name && known.namespace.as_deref() == Some(&namespace));
            if !known {
                let body = Data::Map(Vec::new());
                accounts.push(Object::new(
                    "ServiceAccount",
                    "v1",
                    &name,
                    Some(&namespace),
                    body,
                ));
            }
        }
        accounts.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        accounts
    }

    /// A namespace for whatever is in one.
    fn add_namespaces(&mut self) {
        let accounts = self.service_accounts.iter();
        let used = accounts
            .chain(&self.daemon_sets)
            .filter_map(|object| object.namespace.clone());
        let used: Vec<String> = used
            .chain(
                self.services
                    .iter()
                    .map(|service| service.namespace.clone()),
            )
            .collect();
        for name in used {
            if !self.namespaces.iter().any(|known| known.name == name) {
                let body = Data::Map(Vec::new());
                self.namespaces
                    .push(Object::new("Namespace", "v1", &name, None, body));
            }
        }
        self.namespaces
            .retain(|namespace| !BUILT_IN_NAMESPACES.contains(&namespace.name.as_str()));
        self.namespaces.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

/// The objects of a kind below a path of the scenario.
fn carried(
    scenario: &Scenario,
    below: &str,
    kind: &'static str,
    api_version: &'static str,
    namespace: Option<&str>,
) -> Vec<Object> {
    let manifests = scenario.manifests.iter();
    let of_kind = manifests.filter(|m| m.kind == kind && m.path.starts_with(below));
    of_kind
        .map(|manifest| Object::carried(manifest, kind, api_version, namespace))
        .collect()
}
