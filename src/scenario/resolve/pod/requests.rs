//! What does a pod ask for, and what does that make of it (spec/kubernetes.md 1.5, 5.11)?

use std::collections::BTreeMap;

use crate::api::objects::core::{Container, PodSpec};
use crate::api::{Quantity, Resource, Resources};
use crate::cluster::template::QosClass;
use crate::scenario::diagnostic::{Diagnostic, did_you_mean, one_of};
use crate::scenario::resolve::context::Context;
use crate::scenario::tree::child;

/// Millicores a container without a CPU request counts for in scores (spec/kubernetes.md 1.5).
const SCORED_CPU: i64 = 100;
/// Bytes a container without a memory request counts for in scores (spec/kubernetes.md 1.5).
const SCORED_MEMORY: i64 = 200 << 20;
const CPU_AND_MEMORY: [Resource; 2] = [Resource::Cpu, Resource::Memory];

/// Requests and limits of a container, kinds it does not name left out.
struct Needs {
    requests: Vec<(Resource, i64)>,
    limits: Vec<(Resource, i64)>,
    /// Whether it runs beside the application: an application container itself, or a sidecar.
    stays: bool,
    /// Whether it is an init container, sidecars included.
    init: bool,
}

/// What a pod asks for.
pub(in crate::scenario::resolve) struct PodNeeds {
    containers: Vec<Needs>,
    /// The name of the container that takes traffic.
    pub(in crate::scenario::resolve) serving: Option<String>,
    /// What the runtime class takes besides.
    overhead: Vec<(Resource, i64)>,
}

fn amount(list: &[(Resource, i64)], kind: Resource) -> Option<i64> {
    list.iter()
        .find(|(named, _)| *named == kind)
        .map(|(_, amount)| *amount)
}

impl PodNeeds {
    /// Reads the `resources` of every container of the pod at `path`, and its `overhead`.
    pub(in crate::scenario::resolve) fn read(
        cx: &mut Context<'_>,
        path: &str,
        pod: &PodSpec,
    ) -> Self {
        let mut containers = Vec::new();
        for (field, list) in [
            ("initContainers", &pod.init_containers),
            ("containers", &pod.containers),
        ] {
            let init = field == "initContainers";
            for (place, container) in list.iter().enumerate() {
                let path = format!("{path}.{field}[{place}].resources");
                containers.push(Needs::read(cx, &path, container, init));
            }
        }
        let overhead = overhead(cx, path, pod);
        let serving = super::serving(pod).map(|(_, container)| container.name.clone());
        Self {
            containers,
            serving,
            overhead,
        }
    }

    /// Effective requests, one pod included: the larger of what runs together, and each init container with the sidecars started
    /// before it; and the overhead.
    pub(in crate::scenario::resolve) fn requests(&self) -> Resources {
        self.effective(|needs, kind| amount(&needs.requests, kind).unwrap_or(0))
            .with(Resource::Pods, 1)
    }

    /// CPU and memory as scores count them.
    pub(in crate::scenario::resolve) fn scored(&self) -> (i64, i64) {
        let total = self.effective(|needs, kind| {
            let default = match kind {
                Resource::Cpu => SCORED_CPU,
                Resource::Memory => SCORED_MEMORY,
                _ => 0,
            };
            amount(&needs.requests, kind).unwrap_or(default)
        });
        (total[Resource::Cpu], total[Resource::Memory])
    }

    fn effective(&self, request: impl Fn(&Needs, Resource) -> i64) -> Resources {
        let of = |needs: &Needs| {
            let set = |all: Resources, kind| all.with(kind, request(needs, kind));
            Resource::ALL.into_iter().fold(Resources::ZERO, set)
        };
        let (mut together, mut peak) = (Resources::ZERO, Resources::ZERO);
        for needs in &self.containers {
            if needs.stays {
                together += of(needs);
            } else {
                peak = peak.max(&(together + of(needs)));
            }
        }
        let overhead = self.overhead.iter();
        overhead.fold(peak.max(&together), |all, &(kind, amount)| {
            all.with(kind, all[kind] + amount)
        })
    }

    /// Sum of the CPU limits of all that runs together, and the overhead; none if one of them has no limit.
    pub(in crate::scenario::resolve) fn cpu_limit(&self) -> Option<i64> {
        let staying = self.containers.iter().filter(|needs| needs.stays);
        let limits: Option<i64> = staying
            .map(|needs| amount(&needs.limits, Resource::Cpu))
            .sum();
        Some(limits? + amount(&self.overhead, Resource::Cpu).unwrap_or(0))
    }

    /// Requests of the application container at its place.
    pub(in crate::scenario::resolve) fn requests_of(&self, place: usize) -> Resources {
        let mut application = self.containers.iter().filter(|needs| !needs.init);
        let needs = application.nth(place);
        let amounts = needs.map_or(&[][..], |needs| &needs.requests);
        let set = |all: Resources, &(kind, amount): &(Resource, i64)| all.with(kind, amount);
        amounts.iter().fold(Resources::ZERO, set)
    }

    /// Memory limit in bytes of the application container at its place.
    pub(in crate::scenario::resolve) fn memory_limit(&self, place: usize) -> Option<u64> {
        let mut application = self.containers.iter().filter(|needs| !needs.init);
        let limit = amount(&application.nth(place)?.limits, Resource::Memory)?;
        u64::try_from(limit).ok()
    }

    /// Whether every application container asks for some of this kind: an HPA counts in percent of requests.
    pub(in crate::scenario::resolve) fn all_request(&self, kind: Resource) -> bool {
        let mut application = self.containers.iter().filter(|needs| !needs.init);
        application.all(|needs| amount(&needs.requests, kind).is_some_and(|amount| amount > 0))
    }

    pub(in crate::scenario::resolve) fn qos(&self) -> QosClass {
        let named = |list: &[(Resource, i64)]| {
            CPU_AND_MEMORY.map(|kind| amount(list, kind).filter(|&amount| amount > 0))
        };
        let guaranteed = |needs: &Needs| {
            let limits = named(&needs.limits);
            limits.iter().all(Option::is_some) && limits == named(&needs.requests)
        };
        let nothing = |needs: &Needs| {
            named(&needs.requests) == [None; 2] && named(&needs.limits) == [None; 2]
        };
        if self.containers.iter().all(nothing) {
            QosClass::BestEffort
        } else if self.containers.iter().all(guaranteed) {
            QosClass::Guaranteed
        } else {
            QosClass::Burstable
        }
    }
}

impl Needs {
    fn read(cx: &mut Context<'_>, path: &str, container: &Container, init: bool) -> Self {
        let resources = &container.resources;
        let limits = amounts(cx, &format!("{path}.limits"), &resources.limits);
        let mut requests = amounts(cx, &format!("{path}.requests"), &resources.requests);
        for &(kind, limit) in &limits {
            let field = child(&format!("{path}.requests"), kind.name());
            match amount(&requests, kind) {
                None => requests.push((kind, limit)),
                Some(request) if request > limit => {
                    let limit = kind.quantity(limit);
                    cx.expected(
                        &field,
                        "is above the limit",
                        format!("expected at most `{limit}`"),
                    );
                }
                Some(request) if kind.is_extended() && request != limit => {
                    let limit = kind.quantity(limit);
                    let what = "differs from the limit: devices are never overcommitted";
                    cx.expected(&field, what, format!("expected `{limit}`"));
                }
                Some(_) => {}
            }
        }
        Self {
            requests,
            limits,
            stays: !init || container.restart_policy.as_deref() == Some("Always"),
            init,
        }
    }
}

/// The overhead of a pod. The API server refuses a pod that has one and names no runtime class; what the class itself says it takes, no
/// object here tells.
fn overhead(cx: &mut Context<'_>, path: &str, pod: &PodSpec) -> Vec<(Resource, i64)> {
    let at = format!("{path}.overhead");
    let class = format!("{path}.runtimeClassName");
    match (&pod.runtime_class_name, pod.overhead.is_empty()) {
        (None, false) => cx.expected(
            &at,
            "is refused: the pod names no runtime class",
            "expected `runtimeClassName` beside it",
        ),
        (Some(name), true) => cx.warn(
            &class,
            format!("is `{name}`, whose overhead is not known here: its pods count without any"),
            "expected what it takes under `overhead` beside it",
        ),
        _ => {}
    }
    amounts(cx, &at, &pod.overhead)
}

fn amounts(
    cx: &mut Context<'_>,
    path: &str,
    quantities: &BTreeMap<String, Quantity>,
) -> Vec<(Resource, i64)> {
    let mut amounts = Vec::new();
    for (name, quantity) in quantities {
        let path = child(path, name);
        let Some(kind) = Resource::from_name(name).filter(|kind| *kind != Resource::Pods) else {
            unknown_resource(cx, &path, name);
            continue;
        };
        if quantity.millis() < 0 {
            cx.error(&path, "is below zero");
        }
        // A pod has no more of anything than a million machines: sums stay within range.
        amounts.push((kind, kind.amount(*quantity).clamp(0, 1 << 50)));
    }
    amounts
}

fn unknown_resource(cx: &mut Context<'_>, path: &str, name: &str) {
    let known = || {
        let kinds = Resource::ALL.into_iter();
        kinds
            .filter(|kind| *kind != Resource::Pods)
            .map(Resource::name)
    };
    let message = format!("no instance type has the resource `{name}`");
    let diagnostic =
        Diagnostic::error(cx.span(path), message).expected(format!("expected {}", one_of(known())));
    cx.push(Diagnostic {
        help: did_you_mean(name, known()),
        ..diagnostic
    });
}
