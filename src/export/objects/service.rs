//! Which objects does a service stand for?

use std::collections::BTreeMap;

use super::{Object, carried};
use crate::api::objects::DEFAULT_NAMESPACE;
use crate::export::data::Data;
use crate::kube::keda::queue_name;
use crate::scenario::Scenario;
use crate::scenario::model::{Service, StepKind};

/// The port of a container that declares none.
const PORT: i64 = 8080;
/// What a load balancer asks a pod for where its readiness probe does not say.
const HEALTH_PATH: &str = "/";
/// The attribute of a target group that says how a target is chosen.
const ALGORITHM: &str = "load_balancing.algorithm.type";

/// What changes the number of pods.
#[derive(Clone, Debug, PartialEq)]
pub enum Autoscaler {
    /// A HorizontalPodAutoscaler.
    Hpa(Object),
    /// A ScaledObject of KEDA.
    ScaledObject(Object),
}

/// The way in from outside: a load balancer of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct IngressRule {
    /// Host; any where absent.
    pub host: Option<String>,
    /// Port of the Service.
    pub port: i64,
    /// What the load balancer controller reads.
    pub annotations: Data,
}

/// The objects of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceObjects {
    /// The service's name in the scenario.
    pub name: String,
    /// Namespace of all of them.
    pub namespace: String,
    /// Service account of its pods.
    pub service_account: String,
    /// Names of the ServiceAccounts among its manifests.
    pub accounts: Vec<String>,
    /// The Deployment; without `replicas` if something scales it.
    pub deployment: Object,
    /// What scales it.
    pub autoscaler: Option<Autoscaler>,
    /// How KEDA proves who it is to what it measures.
    pub trigger_authentication: Option<Object>,
    /// PodDisruptionBudgets.
    pub budgets: Vec<Object>,
    /// ConfigMaps.
    pub config_maps: Vec<Object>,
    /// Services; where the scenario has none, the one that callers need.
    pub services: Vec<Object>,
    /// The way in from outside; to the first of the Services.
    pub ingress: Option<IngressRule>,
    /// Whether the port of the container is a guess.
    pub port_assumed: bool,
}

impl ServiceObjects {
    /// The objects of the service at a place of the scenario.
    #[must_use]
    pub(super) fn of(scenario: &Scenario, place: usize) -> Self {
        let service = &scenario.services[place];
        let below = format!("services[{place}].");
        let namespace = Some(service.namespace.as_str());
        let own = |kind, version| carried(scenario, &below, kind, version, namespace);
        let account = service_account(scenario, place);
        let mut deployment = own("Deployment", "apps/v1").swap_remove(0);
        if let Some(pod) = deployment.body.at_mut(&["spec", "template", "spec"]) {
            pod.set("serviceAccountName", account.as_str());
        }
        let mut autoscaler = autoscaler(
            own("HorizontalPodAutoscaler", "autoscaling/v2"),
            own("ScaledObject", "keda.sh/v1alpha1"),
        );
        if autoscaler.is_some()
            && let Some(spec) = deployment.body.at_mut(&["spec"])
        {
            spec.remove("replicas");
        }
        let trigger_authentication = match &mut autoscaler {
            Some(Autoscaler::ScaledObject(object)) => authenticate(object, &scenario.region),
            _ => None,
        };
        let declared = container_port(&deployment);
        let mut services = own("Service", "v1");
        let called = is_called(scenario, place);
        if services.is_empty() && (service.ingress.is_some() || called) {
            services.push(service_for(&deployment, declared));
        }
        let ingress = ingress(service, &deployment, services.first());
        Self {
            name: service.name.clone(),
            namespace: service.namespace.clone(),
            service_account: account,
            accounts: own("ServiceAccount", "v1")
                .into_iter()
                .map(|a| a.name)
                .collect(),
            autoscaler,
            trigger_authentication,
            budgets: own("PodDisruptionBudget", "policy/v1"),
            config_maps: own("ConfigMap", "v1"),
            port_assumed: declared.is_none() && !services.is_empty(),
            services,
            ingress,
            deployment,
        }
    }

    /// Whether it is scaled by what the metrics server measures.
    #[must_use]
    pub(super) fn needs_metrics(&self) -> bool {
        match &self.autoscaler {
            Some(Autoscaler::Hpa(_)) => true,
            Some(Autoscaler::ScaledObject(object)) => {
                let triggers = object.body.list_at(&["spec", "triggers"]);
                let mut kinds = triggers
                    .iter()
                    .filter_map(|trigger| trigger.text_at(&["type"]));
                kinds.any(|kind| kind == "cpu" || kind == "memory")
            }
            None => false,
        }
    }

    /// The Ingress as an object.
    #[must_use]
    pub fn ingress_object(&self) -> Option<Object> {
        let rule = self.ingress.as_ref()?;
        let backend = Data::map([(
            "service",
            Data::map([
                ("name", Data::from(self.services.first()?.name.as_str())),
                ("port", Data::map([("number", rule.port)])),
            ]),
        )]);
        let path = Data::map([
            ("path", Data::from("/")),
            ("pathType", "Prefix".into()),
            ("backend", backend),
        ]);
        let http = Data::map([("paths", Data::list([path]))]);
        let mut entry = Data::Map(Vec::new());
        if let Some(host) = &rule.host {
            entry.set("host", host.as_str());
        }
        entry.set("http", http);
        let spec = Data::map([
            ("ingressClassName", Data::from("alb")),
            ("rules", Data::list([entry])),
        ]);
        let mut object = Object::new(
            "Ingress",
            "networking.k8s.io/v1",
            &self.name,
            Some(&self.namespace),
            Data::map([("spec", spec)]),
        );
        object.annotations = rule.annotations.clone();
        Some(object)
    }

    /// All objects but service account and namespace, in the order a reader wants them.
    #[must_use]
    pub fn all(&self) -> Vec<Object> {
        let mut all = self.config_maps.clone();
        all.push(self.deployment.clone());
        all.extend(self.services.iter().cloned());
        all.extend(self.ingress_object());
        all.extend(self.trigger_authentication.clone());
        match &self.autoscaler {
            Some(Autoscaler::Hpa(object) | Autoscaler::ScaledObject(object)) => {
                all.push(object.clone());
            }
            None => {}
        }
        all.extend(self.budgets.iter().cloned());
        all
    }
}

/// The service account of a service's pods: the pods' own, else the service's, else one of the service's name.
#[must_use]
pub fn service_account(scenario: &Scenario, place: usize) -> String {
    let service = &scenario.services[place];
    let below = format!("services[{place}].");
    let deployments = carried(
        scenario,
        &below,
        "Deployment",
        "apps/v1",
        Some(DEFAULT_NAMESPACE),
    );
    let of_pods = deployments.first().and_then(|deployment| {
        let name = deployment
            .body
            .text_at(&["spec", "template", "spec", "serviceAccountName"]);
        name.map(str::to_owned)
    });
    of_pods
        .or_else(|| service.service_account.clone())
        .unwrap_or_else(|| service.name.clone())
}

fn autoscaler(hpas: Vec<Object>, scaled: Vec<Object>) -> Option<Autoscaler> {
    let hpa = hpas.into_iter().next().map(Autoscaler::Hpa);
    hpa.or_else(|| scaled.into_iter().next().map(Autoscaler::ScaledObject))
}

/// Makes a ScaledObject fit for any account: a queue is named by its name, the region is the scenario's, and KEDA asks in the name of its
/// own operator where the user gave it no other.
fn authenticate(object: &mut Object, region: &str) -> Option<Object> {
    let mut needed = false;
    for trigger in object.body.list_at_mut(&["spec", "triggers"]) {
        if trigger.text_at(&["type"]) != Some("aws-sqs-queue") {
            continue;
        }
        if let Some(metadata) = trigger.at_mut(&["metadata"]) {
            if let Some(url) = metadata.text_at(&["queueURL"]) {
                let name = queue_name(url).to_owned();
                metadata.set("queueURL", name);
            }
            if metadata.at(&["awsRegion"]).is_none() {
                metadata.set("awsRegion", region);
            }
        }
        let identified = trigger.at(&["metadata", "identityOwner"]).is_some();
        if !identified && trigger.at(&["authenticationRef"]).is_none() {
            trigger.set(
                "authenticationRef",
                Data::map([("name", object.name.as_str())]),
            );
            needed = true;
        }
    }
    let identity = Data::map([("podIdentity", Data::map([("provider", "aws")]))]);
    needed.then(|| {
        Object::new(
            "TriggerAuthentication",
            "keda.sh/v1alpha1",
            &object.name,
            object.namespace.as_deref(),
            Data::map([("spec", identity)]),
        )
    })
}

/// The first port that the first container declares.
fn container_port(deployment: &Object) -> Option<i64> {
    let containers = deployment
        .body
        .list_at(&["spec", "template", "spec", "containers"]);
    let port = containers.first()?.list_at(&["ports"]).first()?;
    match port.at(&["containerPort"]) {
        Some(Data::Int(port)) => Some(*port),
        _ => None,
    }
}

/// Whether a step of a journey calls the service.
fn is_called(scenario: &Scenario, place: usize) -> bool {
    let mut steps = scenario.traffic.steps.iter();
    steps.any(|step| matches!(&step.kind, StepKind::Call(call) if call.service.index() == place))
}

fn service_for(deployment: &Object, port: Option<i64>) -> Object {
    let labels = deployment.body.at(&["spec", "selector", "matchLabels"]);
    let labels = labels.or_else(|| {
        deployment
            .body
            .at(&["spec", "template", "metadata", "labels"])
    });
    let http = Data::map([
        ("name", Data::from("http")),
        ("port", Data::Int(80)),
        ("targetPort", Data::Int(port.unwrap_or(PORT))),
    ]);
    let spec = Data::map([
        ("selector", labels.cloned().unwrap_or(Data::Null)),
        ("ports", Data::list([http])),
    ]);
    Object::new(
        "Service",
        "v1",
        &deployment.name,
        deployment.namespace.as_deref(),
        Data::map([("spec", spec)]),
    )
}

fn ingress(service: &Service, deployment: &Object, behind: Option<&Object>) -> Option<IngressRule> {
    let ingress = service.ingress.as_ref()?;
    let ports = behind?.body.list_at(&["spec", "ports"]);
    let port = match ports.first().and_then(|port| port.at(&["port"])) {
        Some(Data::Int(port)) => *port,
        _ => 80,
    };
    let containers = deployment
        .body
        .list_at(&["spec", "template", "spec", "containers"]);
    let probe = containers
        .first()
        .and_then(|container| container.text_at(&["readinessProbe", "httpGet", "path"]));
    let algorithm = ingress.target_group.algorithm.attribute();
    let annotation = |name: &str, value: &str| {
        (
            format!("alb.ingress.kubernetes.io/{name}"),
            value.to_owned(),
        )
    };
    let attributes = annotation("target-group-attributes", "").0;
    let mut annotations = BTreeMap::from([
        annotation("healthcheck-path", probe.unwrap_or(HEALTH_PATH)),
        annotation("scheme", "internet-facing"),
        annotation("target-type", "ip"),
    ]);
    annotations.extend(ingress.annotations.clone());
    let written = annotations.entry(attributes).or_default();
    if !written.contains(ALGORITHM) {
        let more = if written.is_empty() { "" } else { "," };
        *written = format!("{ALGORITHM}={algorithm}{more}{written}");
    }
    let annotations = annotations
        .into_iter()
        .map(|(name, value)| (name, Data::from(value.as_str())));
    Some(IngressRule {
        host: ingress.host.clone(),
        port,
        annotations: Data::Map(annotations.collect()),
    })
}
