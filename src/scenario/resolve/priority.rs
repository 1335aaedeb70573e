//! How important is a pod (spec/kubernetes.md 1.14)?

use super::context::Context;
use super::manifest::{Manifest, Object};
use crate::scenario::diagnostic::Diagnostic;

/// Classes every cluster has, with their values.
const SYSTEM: [(&str, i32); 2] = [
    ("system-cluster-critical", 2_000_000_000),
    ("system-node-critical", 2_000_001_000),
];
/// The highest value a class of one's own may have.
const USER_MAX: i32 = 1_000_000_000;

struct Class {
    name: String,
    priority: i32,
    preempts: bool,
}

/// The priority classes of the cluster.
pub(super) struct Priorities {
    classes: Vec<Class>,
    /// For pods that name none.
    default: (i32, bool),
}

/// Reads the PriorityClasses among the manifests.
pub(super) fn priorities(cx: &mut Context<'_>, manifests: &[Manifest]) -> Priorities {
    let mut classes: Vec<Class> = SYSTEM
        .map(|(name, priority)| Class {
            name: name.to_owned(),
            priority,
            preempts: true,
        })
        .into();
    let mut defaults: Vec<(&str, (i32, bool))> = Vec::new();
    for manifest in manifests {
        let Some(Object::PriorityClass(class)) = &manifest.object else {
            continue;
        };
        let path = &manifest.path;
        let value = &format!("{path}.value");
        cx.require(
            class.value <= USER_MAX,
            value,
            &format!("is {}", class.value),
            &format!("expected at most {USER_MAX}: what is above is the system's"),
        );
        let at = format!("{path}.preemptionPolicy");
        let policy = class.preemption_policy.as_deref();
        let policies = [("PreemptLowerPriority", true), ("Never", false)];
        let preempts = match policy {
            None => true,
            Some(policy) => cx
                .choice(&at, "preemption policy", policy, &policies)
                .unwrap_or(true),
        };
        if class.global_default {
            defaults.push((path, (class.value, preempts)));
        }
        classes.push(Class {
            name: manifest.name.clone(),
            priority: class.value,
            preempts,
        });
    }
    if let [(first, _), (second, _), ..] = defaults[..] {
        let message = "two PriorityClasses are the global default";
        let at = cx.span(&format!("{second}.globalDefault"));
        let first = cx.span(&format!("{first}.globalDefault"));
        cx.push(
            Diagnostic::error(at, message)
                .expected("expected one at most")
                .related(first, "the first"),
        );
    }
    Priorities {
        classes,
        default: defaults.first().map_or((0, true), |(_, default)| *default),
    }
}

impl Priorities {
    /// Priority of the pod at a path, and whether it preempts.
    pub(super) fn of(&self, cx: &mut Context<'_>, path: &str, class: Option<&str>) -> (i32, bool) {
        let Some(name) = class else {
            return self.default;
        };
        if let Some(class) = self.classes.iter().find(|class| class.name == name) {
            return (class.priority, class.preempts);
        }
        let known = self.classes.iter().map(|class| class.name.as_str());
        cx.unknown(
            &format!("{path}.priorityClassName"),
            "priority class",
            name,
            known,
        );
        self.default
    }
}
