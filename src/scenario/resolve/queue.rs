//! Queues, and who works them off.

use super::context::Context;
use super::names::Names;
use crate::des::SimDuration;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::{Queue, ServiceId};
use crate::scenario::spec::service::QueueSpec;

/// `visibilityTimeout` where absent (spec/kubernetes.md 7.2).
const VISIBILITY_TIMEOUT: SimDuration = SimDuration::from_secs(30);
/// The longest visibility timeout SQS takes (spec/kubernetes.md 7.2).
const VISIBILITY_TIMEOUT_MAX: SimDuration = SimDuration::from_secs(12 * 3_600);

/// `messageRetentionPeriod` where absent, and its bounds (spec/kubernetes.md 7.2).
const RETENTION: SimDuration = SimDuration::from_secs(4 * 86_400);
const RETENTION_MIN: SimDuration = SimDuration::from_secs(60);
const RETENTION_MAX: SimDuration = SimDuration::from_secs(14 * 86_400);

/// The queue at `place`; `None` where nobody consumes it.
pub(super) fn queue(
    cx: &mut Context<'_>,
    place: usize,
    spec: &QueueSpec,
    names: &Names,
) -> Option<Queue> {
    let path = format!("queues[{place}]");
    let at = format!("{path}.visibilityTimeout");
    let visibility_timeout = spec
        .visibility_timeout
        .map_or(VISIBILITY_TIMEOUT, |timeout| cx.positive_time(&at, timeout));
    cx.require(
        visibility_timeout <= VISIBILITY_TIMEOUT_MAX,
        &at,
        "is longer than SQS allows",
        "expected at most `12h`",
    );
    if let Some(count) = spec.max_receive_count {
        cx.at_least_one(&format!("{path}.maxReceiveCount"), count);
    }
    let at = format!("{path}.messageRetentionPeriod");
    let retention = spec
        .message_retention_period
        .map_or(RETENTION, |retention| cx.positive_time(&at, retention));
    cx.require(
        (RETENTION_MIN..=RETENTION_MAX).contains(&retention),
        &at,
        "is nothing SQS allows",
        "expected `60s` to `14d`",
    );
    Some(Queue {
        name: spec.name.clone(),
        visibility_timeout,
        max_receive_count: spec.max_receive_count,
        retention,
        consumer: consumer(cx, &path, &spec.name, names)?,
    })
}

/// The one service that consumes a queue, read from the tree: a broken service consumes all the same.
fn consumer(cx: &mut Context<'_>, path: &str, queue: &str, names: &Names) -> Option<ServiceId> {
    let mut consumers = (0..names.services().len())
        .map(|service| (service, format!("services[{service}].consumes")))
        .filter(|(_, at)| cx.text(at) == Some(queue))
        .collect::<Vec<_>>()
        .into_iter();
    let Some((service, first)) = consumers.next() else {
        if names.has_stray_consumer(cx) {
            return None;
        }
        cx.expected(
            path,
            format!("is queue `{queue}`, which no service consumes"),
            format!("expected a service with `consumes: {queue}`"),
        );
        return None;
    };
    if let Some((_, second)) = consumers.next() {
        let message = format!("two services consume queue `{queue}`");
        let related = cx.span(&first);
        cx.push(
            Diagnostic::error(cx.span(&second), message)
                .expected("expected one consumer")
                .related(related, "the first"),
        );
    }
    u16::try_from(service).ok().map(ServiceId)
}
