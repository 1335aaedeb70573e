//! Which probes ask the serving container, and who in it answers them (spec/kubernetes.md 5.3)?

use crate::api::objects::core::{Container, Port, PortProbe, Probe as ProbeObject};
use crate::cluster::probe::{AnsweredBy, Probe, Probes};
use crate::des::SimDuration;
use crate::scenario::resolve::context::Context;

/// The probes of the container at its place in the pod at `path`.
pub(super) fn probes(
    cx: &mut Context<'_>,
    path: &str,
    serving: Option<(usize, &Container)>,
) -> Probes {
    let Some((place, container)) = serving else {
        return Probes::default();
    };
    let path = format!("{path}.containers[{place}]");
    let mut read = |field: &str, probe: &Option<ProbeObject>| {
        let probe = probe.as_ref()?;
        Some(resolve(cx, &format!("{path}.{field}"), probe, container))
    };
    let probes = Probes {
        startup: read("startupProbe", &container.startup_probe),
        liveness: read("livenessProbe", &container.liveness_probe),
        readiness: read("readinessProbe", &container.readiness_probe),
    };
    let restarting = [
        ("startupProbe", probes.startup),
        ("livenessProbe", probes.liveness),
    ];
    for (field, probe) in restarting {
        let once = probe.is_none_or(|probe| probe.success_threshold == 1);
        let at = format!("{path}.{field}.successThreshold");
        cx.require(once, &at, "is not 1", "expected `1`: one success is enough");
    }
    let field = format!("{path}.readinessProbe.terminationGracePeriodSeconds");
    let restarts_nothing = probes.readiness.is_none_or(|probe| probe.grace.is_none());
    let what = "belongs to a probe that restarts nothing";
    let expected = "expected it beside a `livenessProbe` or `startupProbe`";
    cx.require(restarts_nothing, &field, what, expected);
    probes
}

fn resolve(cx: &mut Context<'_>, path: &str, probe: &ProbeObject, container: &Container) -> Probe {
    for (field, value) in [
        ("periodSeconds", probe.period_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ] {
        cx.at_least_one(&format!("{path}.{field}"), value);
    }
    let secs = |secs: u32| SimDuration::from_secs(u64::from(secs));
    Probe {
        initial_delay: secs(probe.initial_delay_seconds),
        period: secs(probe.period_seconds.max(1)),
        timeout: secs(probe.timeout_seconds.max(1)),
        success_threshold: probe.success_threshold.max(1),
        failure_threshold: probe.failure_threshold.max(1),
        grace: probe.termination_grace_period_seconds.map(secs),
        answered_by: answered_by(cx, path, probe, container),
    }
}

/// A request to a port that the container serves on waits as all requests do; a probe that does not say how it asks is one.
fn answered_by(
    cx: &mut Context<'_>,
    path: &str,
    probe: &ProbeObject,
    container: &Container,
) -> AnsweredBy {
    if probe.tcp_socket.is_some() {
        return AnsweredBy::Kernel;
    }
    if probe.exec.is_some() {
        return AnsweredBy::Process;
    }
    let asked = [("httpGet", &probe.http_get), ("grpc", &probe.grpc)];
    for (field, asked) in asked {
        if let Some(asked) = asked {
            return at_port(cx, &format!("{path}.{field}"), asked, container);
        }
    }
    AnsweredBy::Server
}

/// The first port of a container is the one it serves on; others are for those who look after it.
fn at_port(
    cx: &mut Context<'_>,
    path: &str,
    asked: &PortProbe,
    container: &Container,
) -> AnsweredBy {
    let place = match &asked.port {
        Port::Number(number) => {
            let mut ports = container.ports.iter();
            ports.position(|port| port.container_port == *number)
        }
        Port::Name(name) => {
            let named = |port: &&str| *port == name;
            let names = || {
                container
                    .ports
                    .iter()
                    .filter_map(|port| port.name.as_deref())
            };
            if !names().any(|port| named(&port)) {
                cx.unknown(
                    &format!("{path}.port"),
                    "port of the container",
                    name,
                    names(),
                );
            }
            let is = |port: &Option<String>| port.as_deref() == Some(name);
            container.ports.iter().position(|port| is(&port.name))
        }
    };
    if place == Some(0) {
        AnsweredBy::Server
    } else {
        AnsweredBy::Process
    }
}
