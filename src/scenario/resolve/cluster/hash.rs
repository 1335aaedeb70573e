//! Which changes of a manifest make nodes drift? Numbers that differ when the fields do that Karpenter's own hashes cover
//! (spec/karpenter.md 4.2, 6.4).

use std::fmt::Write as _;
use std::hash::Hasher;

use serde_json::Value;

use crate::api::Taint;
use crate::api::objects::karpenter::NodePool;
use crate::cloud::AmiFamily;
use crate::des::SimDuration;
use crate::scenario::open::Fnv;
use crate::scenario::resolve::context::Context;

/// Fields of an EC2NodeClass that its hash leaves out: selectors, whose choice is compared instead, and the family as it is written.
const NOT_IN_CLASS_HASH: [&str; 6] = [
    "amiFamily",
    "amiSelectorTerms",
    "capacityReservationSelectorTerms",
    "ipPrefixCount",
    "securityGroupSelectorTerms",
    "subnetSelectorTerms",
];

/// Of a NodePool's template, its requirements apart, with the times as resolved.
pub(super) fn of_template(
    object: &NodePool,
    expire_after: Option<SimDuration>,
    termination_grace: Option<SimDuration>,
) -> u64 {
    let template = &object.spec.template;
    let as_set = |taints: &[Taint]| {
        let mut texts: Vec<String> = taints.iter().map(|taint| format!("{taint:?}")).collect();
        texts.sort_unstable();
        texts
    };
    let mut text = String::new();
    let written = write!(
        text,
        "{:?} {:?} {:?} {:?} {:?} {expire_after:?} {termination_grace:?}",
        template.metadata.labels,
        template.metadata.annotations,
        template.spec.node_class_ref,
        as_set(&template.spec.taints),
        as_set(&template.spec.startup_taints),
    );
    written.expect("a string takes all");
    of_text(&text)
}

/// Of the `spec` of an EC2NodeClass at a path.
pub(super) fn of_class(cx: &Context<'_>, path: &str, family: AmiFamily) -> u64 {
    let mut spec = value(cx, path);
    if let Value::Object(fields) = &mut spec {
        fields.retain(|name, _| !NOT_IN_CLASS_HASH.contains(&name.as_str()));
    }
    of_text(&format!("{family:?} {:?}", canonical(spec)))
}

/// Of a list of selector terms at a path, whatever their order.
pub(super) fn of_terms(cx: &Context<'_>, path: &str) -> u64 {
    of_text(&format!("{:?}", canonical(value(cx, path))))
}

fn value(cx: &Context<'_>, path: &str) -> Value {
    let value = cx.node(path).map(serde_json::to_value);
    value.map_or(Value::Null, |value| value.expect("a tree is plain data"))
}

/// Lists as sets, without what says nothing.
fn canonical(value: Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Number(number) => (number.as_f64() != Some(0.0)).then_some(Value::Number(number)),
        Value::String(text) => (!text.is_empty()).then_some(Value::String(text)),
        Value::Bool(true) => Some(value),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().filter_map(canonical).collect();
            items.sort_by_cached_key(Value::to_string);
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(fields) => {
            let kept = fields.into_iter();
            let kept = kept.filter_map(|(name, field)| Some((name, canonical(field)?)));
            let kept: serde_json::Map<_, _> = kept.collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
    }
}

fn of_text(text: &str) -> u64 {
    let mut digest = Fnv::default();
    Hasher::write(&mut digest, text.as_bytes());
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_lists_and_what_says_nothing_do_not_count() {
        let a = json!({"tags": {}, "userData": "", "blocks": [{"a": 1}, {"b": 2, "c": false}]});
        let b = json!({"blocks": [{"b": 2}, {"a": 1}], "detailedMonitoring": null});
        assert_eq!(canonical(a), canonical(b.clone()));
        let c = json!({"blocks": [{"b": 2}, {"a": 1}], "detailedMonitoring": true});
        assert_ne!(canonical(b), canonical(c));
        assert_eq!(canonical(json!({"tags": {}})), None);
    }
}
