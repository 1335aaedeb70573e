//! What does no manifest say, and what is a fair first guess?
//!
//! Guesses, not facts: each stands in the scenario under a comment, and the list of them is printed. None is tuned to look good.

use super::platform::Queue;
use super::services::Service;
use crate::export::data::Data;

/// When an imported scenario begins: a Monday.
pub(super) const START: &str = "2026-06-15T00:00:00Z";
/// How long it lasts.
pub(super) const DURATION: &str = "1d";
/// Where nothing names a region.
pub(super) const REGION: &str = "ap-south-1";
/// Zones, where no subnet names one.
const ZONES: usize = 3;
/// Visits of every way in, each a call.
const VISITS: &str = "1/s";
/// Messages for every queue.
const MESSAGES: &str = "6/m";

/// The zone ids of a region, the first few.
pub(super) fn zones(region: &str) -> Vec<String> {
    let zones = crate::cloud::catalog::zones(region).iter();
    zones.take(ZONES).map(|(id, _)| (*id).to_owned()).collect()
}

/// A baseline node group where none was found.
pub(super) fn node_group() -> Data {
    let sizes = [("minSize", 2), ("desiredSize", 2), ("maxSize", 3)];
    Data::map([
        ("nodeGroupName", Data::from("baseline")),
        ("instanceTypes", Data::list(["m7g.large"])),
        (
            "scalingConfig",
            Data::map(sizes.map(|(key, size)| (key, Data::Int(size)))),
        ),
    ])
}

/// How a device serves: one item at a time, half a second each.
pub(super) fn accelerator(resource: &str) -> Data {
    let batch = Data::map([
        ("max", Data::Int(1)),
        ("fixed", "500ms".into()),
        ("perItem", "0s".into()),
    ]);
    Data::map([("resource", Data::from(resource)), ("batch", batch)])
}

/// The frontend's page and its cache.
pub(super) fn frontend(bucket: &str, price_class: &str) -> Data {
    Data::map([
        ("bucket", Data::from(bucket)),
        ("priceClass", price_class.into()),
        ("pageWeight", "900k".into()),
        ("cacheHitRatio", Data::Float(0.9)),
    ])
}

/// Somebody who calls every way in, or the first service if there is none, and work for every queue, by way of those who may send to it.
pub(super) fn traffic(services: &[Service], queues: &[Queue]) -> Data {
    let ways_in = services.iter().filter(|service| service.ingress.is_some());
    let mut called: Vec<&Service> = ways_in.collect();
    if called.is_empty() {
        let callable = services.iter().filter(|service| service.consumes.is_none());
        called.extend(callable.take(1));
    }
    let mut background = Vec::new();
    let mut journeys = Data::Map(Vec::new());
    let mut add = |name: String, rate: &str, steps: Vec<Data>| {
        background.push(Data::map([
            ("name", name.as_str()),
            ("rate", rate),
            ("journey", name.as_str()),
        ]));
        journeys.set(&name, Data::List(steps));
    };
    for service in called {
        add(
            format!("visit-{}", service.name),
            VISITS,
            vec![call(service)],
        );
    }
    for queue in services
        .iter()
        .filter_map(|service| service.consumes.as_deref())
    {
        let found = queues.iter().find(|found| found.name == queue);
        let sends = |service: &&Service| {
            let account = format!("{}/{}", service.namespace, service.account);
            found.is_some_and(|queue| queue.senders.contains(&account))
        };
        let mut steps: Vec<Data> = services.iter().filter(sends).map(call).collect();
        let enqueue = Data::map([("queue", Data::from(queue)), ("cpu", lognormal("2s", "8s"))]);
        steps.push(Data::map([("enqueue", enqueue)]));
        add(format!("work-{queue}"), MESSAGES, steps);
    }
    Data::map([
        ("background", Data::List(background)),
        ("journeys", journeys),
    ])
}

fn call(service: &Service) -> Data {
    let call = Data::map([
        ("service", Data::from(service.name.as_str())),
        ("cpu", lognormal("12ms", "45ms")),
        ("wait", "20ms".into()),
        ("timeout", "5s".into()),
    ]);
    Data::map([("call", call)])
}

fn lognormal(median: &str, p95: &str) -> Data {
    Data::map([("lognormal", Data::map([("median", median), ("p95", p95)]))])
}
