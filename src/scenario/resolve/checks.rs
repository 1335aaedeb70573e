//! What would go wrong although every part is right in itself?

mod placement;

use super::context::Context;
use super::service::Resolved;
use crate::cloud::CapacityType;
use crate::cluster::PodTemplate;
use crate::des::{Dist, SimDuration};
use crate::kube::pdb::Budget;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::model::{
    ClusterModel, EnqueueStep, Pdb, Queue, Scaling, Service, StepKind, Traffic,
};
use placement::{Daemons, Node, Place, nodes};

/// The time between a spot notice and the end of the instance (spec/kubernetes.md 8.2).
const SPOT_NOTICE: SimDuration = SimDuration::from_secs(120);
/// A job that takes longer than this share of jobs must still be done before its message comes back.
const SLOW_JOB: f64 = 0.999;

/// Reports pods that no node can hold, NodePools that no pod can use, and pods too slow to leave a spot node.
pub(super) fn placement(
    cx: &mut Context<'_>,
    services: &[Option<Resolved>],
    daemons: &[&PodTemplate],
    cluster: &ClusterModel,
) {
    let nodes = nodes(cx, cluster);
    let known: Vec<&Resolved> = services.iter().flatten().collect();
    let daemons = Daemons(daemons);
    for resolved in &known {
        let template = &resolved.template;
        let path = format!("{}.spec.template.spec", resolved.deployment);
        let mut obstacles = Vec::new();
        let mut spot = false;
        for node in &nodes {
            match node.obstacle(cx, template, &daemons) {
                Some(obstacle) => obstacles.push(format!("{}: {obstacle}", node.place)),
                None => spot |= node.buys(cx, CapacityType::Spot),
            }
        }
        if nodes.iter().any(Node::is_empty) {
            continue;
        }
        if obstacles.len() == nodes.len() {
            let message = format!("no node can hold a pod of `{}`", template.name);
            let diagnostic = Diagnostic::error(cx.span(&path), message);
            let expected = "expected pods that fit into a node group or a NodePool";
            cx.push(diagnostic.expected(expected).help(obstacles.join("; ")));
        } else if spot && template.termination_grace > SPOT_NOTICE {
            let at = format!("{path}.terminationGracePeriodSeconds");
            let seconds = template.termination_grace.as_secs();
            let message = format!(
                "pods of `{}` may run on spot and take up to {seconds} s to stop, but a spot notice is 120 s",
                template.name
            );
            cx.push(
                Diagnostic::warning(cx.span(&at), message)
                    .expected("what is not done by then is lost"),
            );
        }
    }
    // A service that is broken might be the one that a pool is for.
    if known.len() == services.len() {
        nodes.iter().for_each(|node| unused(cx, node, &known));
    }
}

/// Warns of a NodePool that is closed to every pod, whatever its size.
fn unused(cx: &mut Context<'_>, node: &Node<'_>, services: &[&Resolved]) {
    let Place::NodePool(name) = &node.place else {
        return;
    };
    let mut reasons = Vec::new();
    for resolved in services {
        let Some(obstacle) = node.closed(cx, &resolved.template) else {
            return;
        };
        reasons.push(format!("`{}` {obstacle}", resolved.template.name));
    }
    let at = pool_path(cx, name);
    let message = format!("no pod can use NodePool `{name}`");
    cx.push(Diagnostic::warning(cx.span(&at), message).help(reasons.join("; ")));
}

fn pool_path(cx: &Context<'_>, name: &str) -> String {
    let list = "cluster.karpenter.manifests";
    let count = cx.node(list).map_or(0, |node| node.items().len());
    let mut paths = (0..count).map(|place| format!("{list}[{place}]"));
    let is_it = |path: &String| {
        cx.text(&format!("{path}.kind")) == Some("NodePool")
            && cx.text(&format!("{path}.metadata.name")) == Some(name)
    };
    paths.find(is_it).unwrap_or_else(|| list.to_owned())
}

/// Warns of budgets that let nobody go, or are about nobody.
pub(super) fn pdbs(cx: &mut Context<'_>, pdbs: &[(String, Pdb)], services: &[Option<Service>]) {
    for (path, pdb) in pdbs {
        let covered = || {
            let all = services.iter().flatten();
            all.filter(|service| pdb.templates.contains(&service.template))
        };
        let most: u32 = covered().map(most_replicas).fold(0, u32::saturating_add);
        let keeps_all = match pdb.spec.budget {
            Budget::MinAvailable(least) => least.of_rounded_up(most) >= most,
            Budget::MaxUnavailable(_) => false,
        };
        let name = &pdb.name;
        if pdb.templates.is_empty() && services.iter().any(Option::is_none) {
            continue;
        }
        if pdb.templates.is_empty() {
            let message = format!("PodDisruptionBudget `{name}` covers no pod");
            let at = cx.span(&format!("{path}.spec.selector"));
            cx.push(Diagnostic::warning(at, message));
        } else if pdb.spec.is_fully_blocking() || (keeps_all && covered().next().is_some()) {
            let message = format!(
                "PodDisruptionBudget `{name}` never lets a pod go: no node under them can be drained"
            );
            let at = cx.span(&format!("{path}.spec"));
            cx.push(Diagnostic::warning(at, message).help(format!(
                "there are {most} such pods at most; leave at least one of them free to go"
            )));
        }
    }
    for service in services.iter().flatten() {
        let budgets = pdbs
            .iter()
            .filter(|(_, pdb)| pdb.templates.contains(&service.template));
        if let [(first, _), (second, _), ..] = budgets.collect::<Vec<_>>()[..] {
            let message = format!(
                "two PodDisruptionBudgets cover the pods of `{}`: evictions of them fail",
                service.name
            );
            let related = cx.span(first);
            cx.push(Diagnostic::warning(cx.span(second), message).related(related, "the first"));
        }
    }
}

fn most_replicas(service: &Service) -> u32 {
    match &service.scaling {
        Scaling::Fixed => service.replicas,
        Scaling::Hpa(hpa) => hpa.max,
        Scaling::Keda(keda) => keda.max,
    }
}

/// Warns of queues whose messages come back while they are still worked on.
pub(super) fn visibility(
    cx: &mut Context<'_>,
    queues: &[Queue],
    traffic: &Traffic,
    services: &[Option<Service>],
) {
    for (place, queue) in queues.iter().enumerate() {
        let consumer = services
            .get(queue.consumer.index())
            .and_then(Option::as_ref);
        let jobs = traffic.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Enqueue(job) if job.queue.index() == place => Some(job),
            _ => None,
        });
        let slowest = jobs
            .map(|job| job_micros(job, consumer))
            .fold(0.0, f64::max);
        let timeout = queue.visibility_timeout.as_secs_f64();
        if slowest / 1e6 > timeout {
            let message = format!(
                "one job of queue `{}` in a thousand takes {:.0} s or more, and its message comes back after {timeout} s",
                queue.name,
                slowest / 1e6
            );
            let at = cx.span(&format!("queues[{place}].visibilityTimeout"));
            cx.push(Diagnostic::warning(at, message).help("such jobs are done twice"));
        }
    }
}

/// How long a slow job takes on an idle pod.
fn job_micros(job: &EnqueueStep, consumer: Option<&Service>) -> f64 {
    let slow = |dist: Option<&Dist>| dist.map_or(0.0, |dist| dist.quantile(SLOW_JOB));
    let device = consumer.and_then(|service| service.accelerator.as_ref());
    let device = device.map_or(0, |device| {
        let items = u64::from(job.items.min(device.batch_max));
        let each = device.per_item.as_micros().saturating_mul(items);
        device.fixed.as_micros().saturating_add(each)
    });
    slow(job.cpu.as_ref()) + slow(job.wait.as_ref()) + device as f64
}
