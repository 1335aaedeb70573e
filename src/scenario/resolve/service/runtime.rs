//! How do the pods of a service work?

use crate::api::{Quantity, Resource};
use crate::cluster::PodTemplate;
use crate::des::{Dist, SimDuration};
use crate::scenario::model::{Accelerator, MemoryUse, ModelLoad};
use crate::scenario::resolve::context::{Context, LONGEST};
use crate::scenario::resolve::dist::{Unit, optional};
use crate::scenario::spec::service::{AcceleratorSpec, MemorySpec, ModelLoadSpec, RuntimeSpec};

/// CPU time it takes to answer a probe where the scenario does not say.
const PROBE_CPU: SimDuration = SimDuration::from_millis(1);

/// The runtime part of a [`Service`](crate::scenario::model::Service).
pub(super) struct Runtime {
    pub(super) concurrency: u32,
    pub(super) threads: u32,
    pub(super) pod_queue_limit: u32,
    pub(super) warmup: Dist,
    pub(super) model_load: Option<ModelLoad>,
    pub(super) accelerator: Option<Accelerator>,
    pub(super) idle_cpu: i64,
    pub(super) probe_cpu: SimDuration,
    pub(super) crash_after: Option<Dist>,
    pub(super) memory: Option<MemoryUse>,
}

pub(super) fn runtime(
    cx: &mut Context<'_>,
    service: &str,
    spec: &RuntimeSpec,
    template: &PodTemplate,
) -> Runtime {
    let path = &format!("{service}.runtime");
    let startup = &format!("{path}.startup");
    let at_least_one = |cx: &mut Context<'_>, field: &str, count: Option<u32>| {
        count.map_or(1, |count| {
            cx.at_least_one(&format!("{path}.{field}"), count)
        })
    };
    let warmup = spec.startup.warmup.as_ref();
    let load = spec.startup.model_load.as_ref();
    let accelerator = spec.accelerator.as_ref();
    Runtime {
        concurrency: at_least_one(cx, "concurrency", spec.concurrency),
        threads: at_least_one(cx, "threads", spec.threads),
        pod_queue_limit: spec.queue.limit.unwrap_or(u32::MAX),
        warmup: optional(cx, startup, "warmup", warmup, Unit::Micros)
            .unwrap_or(Dist::Constant(0.0)),
        model_load: load.map(|load| model_load(cx, &format!("{startup}.modelLoad"), load)),
        accelerator: accelerator
            .map(|spec| resolve_accelerator(cx, &format!("{path}.accelerator"), spec, template)),
        idle_cpu: spec
            .idle_cpu
            .map_or(0, |cpu| idle_cpu(cx, &format!("{path}.idleCpu"), cpu)),
        probe_cpu: spec.probe_cpu.map_or(PROBE_CPU, |cpu| {
            cx.span_of_time(&format!("{path}.probeCpu"), cpu)
        }),
        memory: spec
            .memory
            .as_ref()
            .map(|spec| memory(cx, &format!("{path}.memory"), spec, template)),
        crash_after: optional(
            cx,
            path,
            "crashAfter",
            spec.crash_after.as_ref(),
            Unit::Micros,
        ),
    }
}

fn memory(
    cx: &mut Context<'_>,
    path: &str,
    spec: &MemorySpec,
    template: &PodTemplate,
) -> MemoryUse {
    let mut bytes = |field: &str, amount: Option<Quantity>, least| {
        amount.map_or(0, |amount| {
            cx.units(&format!("{path}.{field}"), amount, least)
        })
    };
    let memory = MemoryUse {
        base: bytes("base", Some(spec.base), 1),
        per_request: bytes("perRequest", spec.per_request, 0),
        leak: bytes("leak", spec.leak, 0),
    };
    if template
        .memory_limit
        .is_some_and(|limit| memory.base > limit)
    {
        let what = "is above the memory limit: the container would never run";
        cx.expected(&format!("{path}.base"), what, "expected less");
    }
    memory
}

/// Millicores, zero or more.
pub(in crate::scenario::resolve) fn idle_cpu(
    cx: &mut Context<'_>,
    path: &str,
    cpu: Quantity,
) -> i64 {
    cx.require(
        cpu.millis() >= 0,
        path,
        "is below zero",
        "expected 0 or more",
    );
    cpu.millis().clamp(0, i64::from(i32::MAX))
}

/// The slowest disk that EC2 lends, in bytes per second: what a load without a rate is held against.
const SLOWEST_DISK: u64 = 125_000_000;

fn model_load(cx: &mut Context<'_>, path: &str, spec: &ModelLoadSpec) -> ModelLoad {
    let bytes = cx.units(&format!("{path}.size"), spec.size, 1);
    let rate = spec
        .rate
        .map(|rate| cx.units(&format!("{path}.rate"), rate, 1).max(1));
    if bytes / rate.unwrap_or(SLOWEST_DISK) > LONGEST.as_secs() {
        cx.expected(path, "never ends", "expected a larger `rate`");
    }
    ModelLoad { bytes, rate }
}

fn resolve_accelerator(
    cx: &mut Context<'_>,
    path: &str,
    spec: &AcceleratorSpec,
    template: &PodTemplate,
) -> Accelerator {
    let at = format!("{path}.resource");
    let devices = Resource::ALL.into_iter().filter(|kind| kind.is_extended());
    match devices.clone().find(|kind| kind.name() == spec.resource) {
        None => cx.unknown(&at, "device", &spec.resource, devices.map(Resource::name)),
        Some(kind) => cx.require(
            template.requests[kind] > 0,
            &at,
            &format!("is `{}`, which the pods do not ask for", spec.resource),
            "expected a device among the requests of the Deployment",
        ),
    }
    let batch = &spec.batch;
    let path = format!("{path}.batch");
    if batch.fixed.micros() == 0 && batch.per_item.micros() == 0 {
        cx.error(&path, "takes no time at all");
    }
    Accelerator {
        batch_max: cx.at_least_one(&format!("{path}.max"), batch.max),
        fixed: cx.span_of_time(&format!("{path}.fixed"), batch.fixed),
        per_item: cx.span_of_time(&format!("{path}.perItem"), batch.per_item),
    }
}
