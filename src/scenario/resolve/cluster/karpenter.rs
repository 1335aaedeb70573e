//! What does Karpenter have to work with?

use crate::api::Symbol;
use crate::cloud::Catalog;
use crate::scenario::model::KarpenterModel;
use crate::scenario::resolve::context::Context;
use crate::scenario::resolve::manifest::Manifest;
use crate::scenario::spec::cluster::KarpenterSpec;

pub(super) fn karpenter(
    cx: &mut Context<'_>,
    _spec: &KarpenterSpec,
    _manifests: &[Manifest],
    _catalog: &Catalog,
    _zones: &[Symbol],
) -> Option<KarpenterModel> {
    cx.error("cluster.karpenter", "is not resolved yet");
    None
}
