//! Which real objects does the scenario carry, and do they stand where they belong?

use serde::de::DeserializeOwned;

use super::admission::admitted;
use super::context::Context;
use crate::api::objects::ObjectMeta;
use crate::api::objects::autoscaling::{HorizontalPodAutoscaler, ScaledObject};
use crate::api::objects::core::{Deployment, PodDisruptionBudget, PriorityClass};
use crate::api::objects::karpenter::{Ec2NodeClass, NodePool};
use crate::scenario::admission::Kind;
use crate::scenario::diagnostic::{Diagnostic, did_you_mean, one_of};
use crate::scenario::model::CarriedManifest;

/// A list of objects in a scenario.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Cluster,
    Karpenter,
    Service,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Place::Cluster => "cluster.manifests",
            Place::Karpenter => "cluster.karpenter.manifests",
            Place::Service => "workload of a service",
        }
    }
}

/// The kinds there are: name, apiVersion, where they belong, how they are read.
const KINDS: [(&str, &str, Place, Reader); 12] = [
    ("Deployment", "apps/v1", Place::Service, |cx, path| {
        read(cx, path, Object::Deployment)
    }),
    (
        "HorizontalPodAutoscaler",
        "autoscaling/v2",
        Place::Service,
        |cx, path| read(cx, path, Object::Hpa),
    ),
    (
        "ScaledObject",
        "keda.sh/v1alpha1",
        Place::Service,
        |cx, path| read(cx, path, Object::Keda),
    ),
    (
        "PodDisruptionBudget",
        "policy/v1",
        Place::Service,
        |cx, path| read(cx, path, Object::Pdb),
    ),
    ("DaemonSet", "apps/v1", Place::Cluster, |cx, path| {
        read(cx, path, Object::DaemonSet)
    }),
    (
        "PriorityClass",
        "scheduling.k8s.io/v1",
        Place::Cluster,
        |cx, path| read(cx, path, Object::PriorityClass),
    ),
    ("Namespace", "v1", Place::Cluster, |cx, path| {
        metadata(cx, path).map(Object::Namespace)
    }),
    ("Service", "v1", Place::Service, carried),
    ("ServiceAccount", "v1", Place::Service, carried),
    ("ConfigMap", "v1", Place::Service, carried),
    (
        "NodePool",
        "karpenter.sh/v1",
        Place::Karpenter,
        |cx, path| {
            admitted(cx, path, Kind::NodePool)
                .then(|| read(cx, path, Object::NodePool))
                .flatten()
        },
    ),
    (
        "EC2NodeClass",
        "karpenter.k8s.aws/v1",
        Place::Karpenter,
        |cx, path| {
            admitted(cx, path, Kind::NodeClass)
                .then(|| read(cx, path, Object::NodeClass))
                .flatten()
        },
    ),
];

type Reader = fn(&mut Context<'_>, &str) -> Option<Object>;

/// What is modelled of an object.
pub(super) enum Object {
    Deployment(Box<Deployment>),
    DaemonSet(Box<Deployment>),
    Hpa(Box<HorizontalPodAutoscaler>),
    Keda(Box<ScaledObject>),
    Pdb(Box<PodDisruptionBudget>),
    PriorityClass(Box<PriorityClass>),
    Namespace(ObjectMeta),
    NodePool(Box<NodePool>),
    NodeClass(Box<Ec2NodeClass>),
    /// Nothing: it is only exported.
    Carried,
}

/// An object of the scenario.
pub(super) struct Manifest {
    pub(super) path: String,
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// As the manifest gives it.
    pub(super) namespace: Option<String>,
    /// None where mistakes in it were reported.
    pub(super) object: Option<Object>,
}

impl Manifest {
    /// For the exporter.
    pub(super) fn carried(&self, cx: &Context<'_>) -> Option<CarriedManifest> {
        Some(CarriedManifest {
            path: self.path.clone(),
            kind: self.kind.to_owned(),
            name: self.name.clone(),
            node: cx.node(&self.path)?.clone(),
        })
    }
}

/// The objects of the list at a path.
pub(super) fn manifests(cx: &mut Context<'_>, list: &str, place: Place) -> Vec<Manifest> {
    let count = cx.node(list).map_or(0, |node| node.items().len());
    (0..count)
        .filter_map(|item| manifest(cx, format!("{list}[{item}]"), place))
        .collect()
}

/// The object at a path.
pub(super) fn manifest(cx: &mut Context<'_>, path: String, place: Place) -> Option<Manifest> {
    let (kind_at, version_at) = (format!("{path}.kind"), format!("{path}.apiVersion"));
    let Some(kind) = cx.text(&kind_at) else {
        let expected = one_of(kinds_of(place));
        cx.expected(&path, "has no `kind`", format!("expected {expected}"));
        return None;
    };
    let Some(&(kind, version, home, reader)) = KINDS.iter().find(|(name, ..)| *name == kind) else {
        unknown_kind(cx, &kind_at, kind, place);
        return None;
    };
    if cx.text(&version_at) != Some(version) {
        let what = match cx.text(&version_at) {
            Some(other) => format!("is `{other}`, which no {kind} here has"),
            None => "is missing".to_owned(),
        };
        cx.expected(&version_at, what, format!("expected `{version}`"));
    }
    if home != place {
        let home = home.name();
        cx.expected(
            &kind_at,
            format!("is `{kind}`, which does not belong here"),
            format!("expected under `{home}`"),
        );
    }
    let object = reader(cx, &path);
    let text = |field: &str| {
        cx.text(&format!("{path}.metadata.{field}"))
            .map(str::to_owned)
    };
    let (name, namespace) = (text("name"), text("namespace"));
    if name.as_deref().is_none_or(str::is_empty) && object.is_some() {
        cx.error(&path, "has no `metadata.name`");
    }
    Some(Manifest {
        kind,
        name: name.unwrap_or_default(),
        namespace,
        object,
        path,
    })
}

fn kinds_of(place: Place) -> impl Iterator<Item = &'static str> + Clone {
    KINDS
        .iter()
        .filter(move |(_, _, home, _)| *home == place)
        .map(|(kind, ..)| *kind)
}

fn unknown_kind(cx: &mut Context<'_>, path: &str, kind: &str, place: Place) {
    let diagnostic = Diagnostic::error(cx.span(path), format!("unknown kind `{kind}`"))
        .expected(format!("expected {}", one_of(kinds_of(place))));
    cx.push(Diagnostic {
        help: did_you_mean(kind, KINDS.iter().map(|(kind, ..)| *kind)),
        ..diagnostic
    });
}

fn read<T: DeserializeOwned>(
    cx: &mut Context<'_>,
    path: &str,
    wrap: fn(Box<T>) -> Object,
) -> Option<Object> {
    cx.object(path).map(|object| wrap(Box::new(object)))
}

/// Only its name matters.
fn carried(cx: &mut Context<'_>, path: &str) -> Option<Object> {
    metadata(cx, path).map(|_| Object::Carried)
}

fn metadata(cx: &mut Context<'_>, path: &str) -> Option<ObjectMeta> {
    let path = format!("{path}.metadata");
    cx.node(&path)?;
    cx.object(&path)
}
