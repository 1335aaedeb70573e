//! The way in from outside: what an Ingress' annotations say to the AWS Load Balancer Controller (its guide "Ingress annotations"), and
//! which of that changes what the load balancer does (spec/kubernetes.md 7.1).

use std::collections::BTreeMap;

use crate::des::SimDuration;
use crate::scenario::diagnostic::{Diagnostic, did_you_mean};
use crate::scenario::model::Ingress;
use crate::scenario::resolve::context::Context;
use crate::scenario::spec::service::IngressSpec;
use crate::scenario::tree::child;
use crate::workload::{Algorithm, TargetGroupSettings};

/// Request and response together, in bytes, where the scenario does not say.
const BYTES_PER_REQUEST: u64 = 20_000;
/// Of an Application Load Balancer, in seconds.
const IDLE_TIMEOUT: u64 = 60;
const PREFIX: &str = "alb.ingress.kubernetes.io/";
/// Values of the attribute `load_balancing.algorithm.type`.
const ALGORITHMS: [(&str, Algorithm); 3] = [
    (Algorithm::RoundRobin.attribute(), Algorithm::RoundRobin),
    (
        Algorithm::LeastOutstandingRequests.attribute(),
        Algorithm::LeastOutstandingRequests,
    ),
    (Algorithm::Random.attribute(), Algorithm::Random),
];
/// Attributes of a target group that change nothing here: those of other kinds of target, or of security.
const OTHER_ATTRIBUTES: [&str; 3] = [
    "lambda.multi_value_headers.enabled",
    "load_balancing.algorithm.anomaly_mitigation",
    "load_balancing.cross_zone.enabled",
];

pub(super) fn ingress(cx: &mut Context<'_>, path: &str, spec: &IngressSpec) -> Option<Ingress> {
    let path = format!("{path}.ingress");
    cx.choice(
        &format!("{path}.kind"),
        "kind of ingress",
        &spec.kind,
        &[("alb", ())],
    );
    let mut annotations = Annotations {
        path: child(&path, "annotations"),
        texts: &spec.annotations,
    };
    annotations.look_at_names(cx);
    let bytes_per_request = spec.bytes_per_request.map_or(BYTES_PER_REQUEST, |bytes| {
        cx.units(&format!("{path}.bytesPerRequest"), bytes, 0)
    });
    let idle_timeout = annotations.idle_timeout(cx);
    let target_group = annotations.target_group(cx, &path, spec)?;
    Some(Ingress {
        host: spec.host.clone(),
        target_group,
        idle_timeout,
        bytes_per_request,
        annotations: spec.annotations.clone(),
    })
}

/// Annotations of an Ingress, and where they stand.
struct Annotations<'s> {
    path: String,
    texts: &'s BTreeMap<String, String>,
}

/// One attribute of a list such as `slow_start.duration_seconds=30`.
struct Attribute<'s> {
    key: &'s str,
    value: &'s str,
}

impl<'s> Annotations<'s> {
    /// Names that are nearly one of those that are read here.
    fn look_at_names(&self, cx: &mut Context<'_>) {
        const READ: [&str; 6] = [
            "healthcheck-interval-seconds",
            "healthcheck-timeout-seconds",
            "healthy-threshold-count",
            "unhealthy-threshold-count",
            "target-group-attributes",
            "load-balancer-attributes",
        ];
        const OTHERS: [&str; 4] = [
            "healthcheck-path",
            "healthcheck-port",
            "healthcheck-protocol",
            "load-balancer-name",
        ];
        for key in self.texts.keys() {
            let Some(name) = key.strip_prefix(PREFIX) else {
                continue;
            };
            if READ.contains(&name) || OTHERS.contains(&name) {
                continue;
            }
            if let Some(help) = did_you_mean(name, READ) {
                let span = cx.span(&child(&self.path, key));
                let message = format!("unknown annotation of an Ingress `{key}`");
                cx.push(Diagnostic::error(span, message).help(help));
            }
        }
    }

    fn text(&self, name: &str) -> Option<(String, &'s str)> {
        let (key, text) = self.texts.get_key_value(&format!("{PREFIX}{name}"))?;
        Some((child(&self.path, key), text))
    }

    /// A whole number within bounds; what it is elsewhere where the annotation is absent or wrong.
    fn number(&self, cx: &mut Context<'_>, name: &str, bounds: (u64, u64), or: u64) -> u64 {
        let Some((path, text)) = self.text(name) else {
            return or;
        };
        number(cx, &path, name, text, bounds).unwrap_or(or)
    }

    fn attributes(&self, cx: &mut Context<'_>, name: &str) -> (String, Vec<Attribute<'s>>) {
        let Some((path, text)) = self.text(name) else {
            return (String::new(), Vec::new());
        };
        let mut attributes = Vec::new();
        for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
            match pair.split_once('=') {
                Some((key, value)) => attributes.push(Attribute {
                    key: key.trim(),
                    value: value.trim(),
                }),
                None => cx.push(
                    Diagnostic::error(cx.span(&path), format!("`{}` is no attribute", pair.trim()))
                        .expected("expected some such as `slow_start.duration_seconds=30`"),
                ),
            }
        }
        (path, attributes)
    }

    fn idle_timeout(&self, cx: &mut Context<'_>) -> SimDuration {
        const KEY: &str = "idle_timeout.timeout_seconds";
        let (path, attributes) = self.attributes(cx, "load-balancer-attributes");
        let found = attributes.iter().find(|attribute| attribute.key == KEY);
        let secs = found.and_then(|found| number(cx, &path, KEY, found.value, (1, 4_000)));
        SimDuration::from_secs(secs.unwrap_or(IDLE_TIMEOUT))
    }

    fn target_group(
        &mut self,
        cx: &mut Context<'_>,
        path: &str,
        spec: &IngressSpec,
    ) -> Option<TargetGroupSettings> {
        let mut settings = TargetGroupSettings::CONTROLLER;
        if let Some(word) = &spec.algorithm {
            let at = format!("{path}.algorithm");
            settings.algorithm = cx.choice(&at, "algorithm", word, &ALGORITHMS)?;
        }
        self.health_check(cx, &mut settings);
        let (at, attributes) = self.attributes(cx, "target-group-attributes");
        for attribute in &attributes {
            self.set(cx, &at, attribute, &mut settings, spec.algorithm.is_some());
        }
        let ramps = settings.slow_start > SimDuration::ZERO;
        if ramps && settings.algorithm != Algorithm::RoundRobin {
            let algorithm = settings.algorithm.attribute();
            cx.push(
                Diagnostic::error(cx.span(&at), format!("slow start is not for `{algorithm}`"))
                    .expected("expected `load_balancing.algorithm.type=round_robin` with it"),
            );
        }
        Some(settings)
    }

    fn health_check(&self, cx: &mut Context<'_>, settings: &mut TargetGroupSettings) {
        let check = &mut settings.health_check;
        let interval = check.interval.as_secs();
        let interval = self.number(cx, "healthcheck-interval-seconds", (5, 300), interval);
        let timeout = check.timeout.as_secs();
        let timeout = self.number(cx, "healthcheck-timeout-seconds", (2, 120), timeout);
        if timeout >= interval {
            let name = format!("{PREFIX}healthcheck-timeout-seconds");
            let message = format!("a health check takes up to {timeout} s, every {interval} s");
            cx.push(
                Diagnostic::error(cx.span(&child(&self.path, &name)), message)
                    .expected("expected a timeout shorter than the interval"),
            );
        }
        check.interval = SimDuration::from_secs(interval);
        check.timeout = SimDuration::from_secs(timeout);
        for (name, threshold) in [
            ("healthy-threshold-count", &mut check.healthy_threshold),
            ("unhealthy-threshold-count", &mut check.unhealthy_threshold),
        ] {
            let count = self.number(cx, name, (2, 10), u64::from(*threshold));
            *threshold = count as u32;
        }
    }

    fn set(
        &self,
        cx: &mut Context<'_>,
        path: &str,
        attribute: &Attribute<'_>,
        settings: &mut TargetGroupSettings,
        algorithm_is_set: bool,
    ) {
        let Attribute { key, value } = *attribute;
        match key {
            "deregistration_delay.timeout_seconds" => {
                if let Some(secs) = number(cx, path, key, value, (0, 3_600)) {
                    settings.deregistration_delay = SimDuration::from_secs(secs);
                }
            }
            // Zero turns it off; otherwise it lasts 30 s at least.
            "slow_start.duration_seconds" if value == "0" => {
                settings.slow_start = SimDuration::ZERO;
            }
            "slow_start.duration_seconds" => {
                if let Some(secs) = number(cx, path, key, value, (30, 900)) {
                    settings.slow_start = SimDuration::from_secs(secs);
                }
            }
            "load_balancing.algorithm.type" => {
                let Some(algorithm) = cx.choice(path, "algorithm", value, &ALGORITHMS) else {
                    return;
                };
                if algorithm_is_set && algorithm != settings.algorithm {
                    let other = settings.algorithm.attribute();
                    let message = format!("`{key}` is `{value}` here and `{other}` in `algorithm`");
                    cx.push(Diagnostic::error(cx.span(path), message).expected("expected one"));
                }
                settings.algorithm = algorithm;
            }
            "stickiness.enabled" if value == "true" => cx.push(Diagnostic::warning(
                cx.span(path),
                "sticky sessions are carried to the export and not simulated",
            )),
            key if key.starts_with("stickiness.")
                || key.starts_with("target_group_health.")
                || OTHER_ATTRIBUTES.contains(&key) => {}
            key => cx.unknown(
                path,
                "attribute of a target group",
                key,
                [
                    "deregistration_delay.timeout_seconds",
                    "slow_start.duration_seconds",
                    "load_balancing.algorithm.type",
                ],
            ),
        }
    }
}

/// A whole number within bounds.
fn number(
    cx: &mut Context<'_>,
    path: &str,
    name: &str,
    text: &str,
    (least, most): (u64, u64),
) -> Option<u64> {
    let number = text.parse().ok();
    let number = number.filter(|number| (least..=most).contains(number));
    if number.is_none() {
        let message = format!("`{name}` is `{text}`");
        let expected = format!("expected a whole number from {least} to {most}");
        cx.push(Diagnostic::error(cx.span(path), message).expected(expected));
    }
    number
}
