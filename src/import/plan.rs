//! What does `terraform show -json` say of a plan or a state?

use super::found::{Found, Resource};
use crate::scenario::diagnostic::{Diagnostic, Diagnostics};
use crate::scenario::tree::Node;

/// Whether a document is what `terraform show -json` prints.
pub(super) fn is_plan(document: &Node) -> bool {
    document.get("format_version").is_some() && document.get("kind").is_none()
}

/// Takes the resources as they will be (a plan) or are (a state), the variables and the region of the provider.
pub(super) fn read(document: &Node, found: &mut Found, sink: &mut Diagnostics) {
    let values = document
        .get("planned_values")
        .or_else(|| document.get("values"));
    let Some(root) = values.and_then(|values| values.get("root_module")) else {
        sink.push(
            Diagnostic::error(
                document.span,
                "the plan has no `planned_values.root_module`",
            )
            .expected("expected what `terraform show -json PLAN` prints"),
        );
        return;
    };
    module(root, found);
    let variables = document.get("variables").map_or(&[][..], Node::entries);
    for (name, variable) in variables {
        if let Some(value) = variable.get("value") {
            found.variables.push((name.text.clone(), value.clone()));
        }
    }
    let aws = document
        .get("configuration")
        .and_then(|configuration| configuration.get("provider_config")?.get("aws"));
    let region = aws.and_then(|aws| aws.get("expressions")?.get("region")?.get("constant_value"));
    if let Some(region) = region {
        found.region = Some(region.clone());
    }
}

fn module(module: &Node, found: &mut Found) {
    for resource in module.get("resources").map_or(&[][..], Node::items) {
        let text = |field| resource.get(field).and_then(Node::as_str);
        let (Some(kind), Some("managed")) = (text("type"), text("mode")) else {
            continue;
        };
        if let Some(values) = resource.get("values") {
            found.resources.push(Resource {
                kind: kind.to_owned(),
                address: text("address").unwrap_or(kind).to_owned(),
                values: values.clone(),
            });
        }
    }
    for child in module.get("child_modules").map_or(&[][..], Node::items) {
        self::module(child, found);
    }
}
