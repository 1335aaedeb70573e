//! Which objects are there, each once, without what the API server wrote into them?

use crate::api::objects::{BUILT_IN_NAMESPACES, DEFAULT_NAMESPACE};
use crate::export::data::Data;
use crate::export::helm::UNRELEASED;
use crate::scenario::diagnostic::{Diagnostic, Diagnostics};
use crate::scenario::source::{Sources, Span};
use crate::scenario::tree::Node;

/// Kinds a scenario has a place for, with their API groups.
const KINDS: [(&str, &str); 14] = [
    ("ConfigMap", ""),
    ("DaemonSet", "apps"),
    ("Deployment", "apps"),
    ("EC2NodeClass", "karpenter.k8s.aws"),
    ("HorizontalPodAutoscaler", "autoscaling"),
    ("Ingress", "networking.k8s.io"),
    ("Namespace", ""),
    ("NodePool", "karpenter.sh"),
    ("PodDisruptionBudget", "policy"),
    ("PriorityClass", "scheduling.k8s.io"),
    ("ScaledObject", "keda.sh"),
    ("Service", ""),
    ("ServiceAccount", ""),
    ("TriggerAuthentication", "keda.sh"),
];
/// Kinds that a controller makes of the others, or that say nothing a simulation asks for.
const DERIVED: [&str; 12] = [
    "ControllerRevision",
    "Endpoints",
    "EndpointSlice",
    "Event",
    "Lease",
    "Node",
    "NodeClaim",
    "Pod",
    "ReplicaSet",
    "Secret",
    "TargetGroupBinding",
    "CustomResourceDefinition",
];
/// Fields of `metadata` that the API server fills.
const SERVER_FIELDS: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];
/// Annotations that controllers and kubectl write.
const CONTROLLER_ANNOTATIONS: [&str; 6] = [
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
    "karpenter.k8s.aws/ec2nodeclass-hash",
    "karpenter.k8s.aws/ec2nodeclass-hash-version",
    "karpenter.sh/nodepool-hash",
    "karpenter.sh/nodepool-hash-version",
];
/// What `kubectl apply` keeps.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Objects that every cluster has and Kubernetes or EKS makes, beside namespaces.
const BUILT_IN: [(&str, &str); 3] = [
    ("PriorityClass", "system-cluster-critical"),
    ("PriorityClass", "system-node-critical"),
    ("Service", "kubernetes"),
];

/// An object of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// Kind.
    pub(super) kind: String,
    /// Namespace; `default` where none is named.
    pub(super) namespace: String,
    /// Name.
    pub(super) name: String,
    /// The manifest, without what the API server wrote.
    pub(super) manifest: Data,
    /// Where it stands.
    pub(super) span: Span,
}

impl Object {
    /// `Kind namespace/name`.
    pub(super) fn title(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }

    /// What is at a path below `spec`.
    pub(super) fn spec(&self, keys: &[&str]) -> Option<&Data> {
        self.manifest.at(&["spec"]).and_then(|spec| spec.at(keys))
    }

    /// The text at a path below `spec`.
    pub(super) fn spec_text(&self, keys: &[&str]) -> Option<&str> {
        self.spec(keys).and_then(Data::as_text)
    }
}

/// The objects a scenario has a place for, in the order of the files.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    all: Vec<Object>,
}

impl Objects {
    /// Takes the objects out of their manifests. An object that is there twice must be the same both times.
    pub(super) fn of(
        manifests: &[Node],
        sources: &Sources,
        sink: &mut Diagnostics,
        left: &mut Vec<String>,
    ) -> Self {
        let mut objects = Self::default();
        for manifest in manifests {
            let owners = manifest.get("metadata");
            let owners = owners.and_then(|metadata| metadata.get("ownerReferences"));
            if owners.is_some_and(|owners| !owners.items().is_empty()) {
                continue;
            }
            if let Some(kind) = without_place(manifest) {
                left.push(kind_left(manifest, &kind, sources));
                continue;
            }
            let Some(object) = object(manifest, sink) else {
                continue;
            };
            if is_built_in(&object) || DERIVED.contains(&object.kind.as_str()) {
                continue;
            }
            objects.add(object, sink);
        }
        objects
    }

    fn add(&mut self, object: Object, sink: &mut Diagnostics) {
        let same = |known: &&Object| {
            known.kind == object.kind
                && known.namespace == object.namespace
                && known.name == object.name
        };
        match self.all.iter().find(same) {
            Some(known) if known.manifest == object.manifest => {}
            Some(known) => sink.push(
                Diagnostic::error(
                    object.span,
                    format!("{} is here twice and not the same", object.title()),
                )
                .help("import the one that is in force")
                .related(known.span, "the other"),
            ),
            None => self.all.push(object),
        }
    }

    /// The objects of a kind.
    pub(super) fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = &Object> {
        self.all.iter().filter(move |object| object.kind == kind)
    }
}

/// The kind of a manifest that a scenario has no place for, with its group where the kind alone would have one.
fn without_place(manifest: &Node) -> Option<String> {
    let text = |field| manifest.get(field).and_then(Node::as_str);
    let kind = text("kind")?;
    let version = text("apiVersion").unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    if KINDS.contains(&(kind, group)) || DERIVED.contains(&kind) {
        return None;
    }
    let alike = KINDS.iter().any(|(known, _)| *known == kind);
    Some(if alike {
        format!("{kind} of {version}")
    } else {
        kind.to_owned()
    })
}

/// That a manifest has no place in a scenario. Not everything that looks like one has a name.
fn kind_left(manifest: &Node, kind: &str, sources: &Sources) -> String {
    let span = manifest.span;
    let metadata = |field| {
        manifest
            .get("metadata")
            .and_then(|metadata| metadata.get(field))
    };
    let text = |field| metadata(field).and_then(Node::as_str);
    let what = manifest
        .get("kind")
        .and_then(Node::as_str)
        .unwrap_or_default();
    let title = text("name").map_or_else(String::new, |name| {
        format!(" {}/{name}", text("namespace").unwrap_or(DEFAULT_NAMESPACE))
    });
    let path = sources.path(span.file).display();
    format!(
        "{what}{title} ({path}:{}): a {kind} is not modelled",
        span.line
    )
}

fn is_built_in(object: &Object) -> bool {
    let (kind, name) = (object.kind.as_str(), object.name.as_str());
    BUILT_IN.contains(&(kind, name)) || kind == "Namespace" && BUILT_IN_NAMESPACES.contains(&name)
}

fn object(node: &Node, sink: &mut Diagnostics) -> Option<Object> {
    let kind = node.get("kind").and_then(Node::as_str)?;
    let metadata = node.get("metadata");
    let text = |field| {
        let field = metadata.and_then(|metadata| metadata.get(field));
        field.and_then(Node::as_str).map(str::to_owned)
    };
    let Some(name) = text("name") else {
        sink.push(
            Diagnostic::error(node.span, format!("the {kind} has no name"))
                .expected("expected `metadata.name`"),
        );
        return None;
    };
    let mut manifest = Data::from(node);
    manifest.remove("status");
    if let Some(metadata) = manifest.at_mut(&["metadata"]) {
        clean(metadata);
    }
    if let Some(template) = manifest.at_mut(&["spec", "template", "metadata"]) {
        clean(template);
    }
    forget_tags(&mut manifest);
    Some(Object {
        kind: kind.to_owned(),
        namespace: text("namespace").unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
        name,
        manifest,
        span: node.span,
    })
}

/// Takes out of `metadata` what nobody wrote who wrote the object.
fn clean(metadata: &mut Data) {
    for field in SERVER_FIELDS {
        metadata.remove(field);
    }
    if let Some(annotations) = metadata.at_mut(&["annotations"]) {
        for annotation in CONTROLLER_ANNOTATIONS.into_iter().chain([LAST_APPLIED]) {
            annotations.remove(annotation);
        }
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
}

/// Takes off images the tag that an export gives those without one.
fn forget_tags(manifest: &mut Data) {
    let tag = format!(":{UNRELEASED}");
    for field in ["containers", "initContainers"] {
        for container in manifest.list_at_mut(&["spec", "template", "spec", field]) {
            let image = container.text_at(&["image"]);
            let bare = image
                .and_then(|image| image.strip_suffix(&tag))
                .map(str::to_owned);
            if let Some(bare) = bare {
                container.set("image", bare);
            }
        }
    }
}
