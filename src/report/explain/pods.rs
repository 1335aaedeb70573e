//! Why did a pod wait, and where did it go?

use super::names::{Names, resources, taint};
use crate::api::{Requirements, Symbol};
use crate::karpenter::provisioning::{
    Cause, NodeFailures, PoolFailure, Reason, Relaxation, TypeFailures,
};
use crate::metrics::journal::{PodId, Removal, Waiting};
use crate::report::units::counted;

/// A sentence, and what stands indented below it.
pub(super) type Told = (String, Vec<String>);

/// What a pod waits for.
pub(super) fn waiting(names: Names<'_>, pod: PodId, waiting: &Waiting) -> Told {
    let told = match waiting {
        Waiting::Turn => "waits for kube-scheduler, then for Karpenter's batch window".to_owned(),
        Waiting::Capacity(failure) => format!("waits for capacity: {failure}"),
        Waiting::Promised {
            node,
            new,
            ready,
            relaxed,
        } => {
            let node = names.node(*node);
            let told = match (new, ready) {
                (true, _) => format!("Karpenter: to go on the new NodeClaim {node}"),
                (_, false) => format!("Karpenter: fits on {node}, which is still starting"),
                (_, true) => format!("Karpenter: fits on {node}, which is there; nominated"),
            };
            let notes = relaxed.as_deref().map(|relaxed| given_up(*relaxed));
            return (told, notes.into_iter().collect());
        }
        Waiting::NoPlace(reason) => return no_place(names, pod, reason),
    };
    (told, Vec::new())
}

fn given_up(relaxed: Relaxation) -> String {
    let counts = [
        (relaxed.required_terms, "required node affinity term"),
        (relaxed.pod_affinity, "preferred pod affinity term"),
        (
            relaxed.pod_anti_affinity,
            "preferred pod anti-affinity term",
        ),
        (relaxed.node_affinity, "preferred node affinity term"),
        (relaxed.spreads, "ScheduleAnyway spread constraint"),
        (
            relaxed.bears_prefer_no_schedule.into(),
            "PreferNoSchedule taint",
        ),
    ];
    let said = counts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said
        .map(|&(count, what)| counted(count as u64, what))
        .collect();
    format!("after giving up {}", said.join(", "))
}

/// What every place has against a pod.
pub(super) fn no_place(names: Names<'_>, pod: PodId, reason: &Reason) -> Told {
    if reason.pools.is_empty() {
        return ("Karpenter: no NodePool is eligible".to_owned(), Vec::new());
    }
    let asks = resources(&names.template(pod).requests);
    let mut notes: Vec<String> = reason
        .pools
        .iter()
        .map(|failure| {
            let pool = names.pool_name(Some(failure.pool));
            format!("NodePool {pool}: {}", cause(names, pod, failure))
        })
        .collect();
    notes.extend(existing(&reason.nodes));
    (
        format!("Karpenter: no place for it (asks for {asks})"),
        notes,
    )
}

/// The first reason why a pod finds no place, for a list of causes.
pub(super) fn causes(names: Names<'_>, pod: PodId, reason: &Reason) -> String {
    no_place(names, pod, reason).1.join("; ")
}

fn existing(nodes: &NodeFailures) -> Option<String> {
    let NodeFailures {
        protected,
        taints,
        host_ports,
        resources,
        requirements,
        topology,
    } = *nodes;
    let counts = [
        (protected, "inside consolidateAfter"),
        (taints, "with taints it does not tolerate"),
        (host_ports, "whose host port is taken"),
        (resources, "without enough room"),
        (requirements, "with labels it does not accept"),
        (topology, "against its spread or affinity"),
    ];
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
    (!said.is_empty()).then(|| format!("existing nodes: {}", said.join(", ")))
}

fn cause(names: Names<'_>, pod: PodId, failure: &PoolFailure) -> String {
    let pool = names.pool(failure.pool);
    match &failure.cause {
        Cause::NodeLimit(limit) => format!("limits.nodes {limit} is reached"),
        Cause::Limits(Some(kind)) => {
            let limit =
                pool.and_then(|pool| pool.limits.iter().find(|(limited, _)| limited == kind));
            let limit = limit.map_or(String::new(), |&(_, amount)| {
                format!(" {}", kind.quantity(amount))
            });
            format!(
                "limits.{}{limit} leaves no room for any instance type that the pod could use",
                kind.name()
            )
        }
        Cause::Limits(None) => "its limits together leave no room for any instance type".to_owned(),
        Cause::Taint(place) => {
            let taint = pool.and_then(|pool| pool.taints.get(*place)).map(taint);
            format!(
                "the pod does not tolerate its taint {}",
                taint.unwrap_or_default()
            )
        }
        Cause::Requirement(key) => disagreement(names, pod, failure.pool, *key),
        Cause::Topology(key) => {
            format!(
                "spread or affinity over {} leaves no domain",
                names.symbol(*key)
            )
        }
        Cause::Types(types) => {
            let excluding = excluding(names, pod, failure.pool);
            format!("{}{excluding}", no_type(types))
        }
        Cause::Reserved => {
            "it waits for reserved capacity, all of which other claims hold".to_owned()
        }
        Cause::MinValues { key, wanted, found } => {
            format!(
                "minValues {wanted} of {}: only {found} left",
                names.symbol(*key)
            )
        }
    }
}

fn no_type(types: &TypeFailures) -> String {
    let counts = [
        (types.requirements, "against its requirements"),
        (types.resources, "too small"),
        (types.offering, "without an available offering"),
        (types.host_ports, "with a DaemonSet on its host port"),
    ];
    let said: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
    let total = counted(types.total.into(), "instance type");
    format!("none of {total} passes: {}", said.join(", "))
}

/// What pod and NodePool say about a label they cannot agree on.
fn disagreement(names: Names<'_>, pod: PodId, pool: usize, key: Symbol) -> String {
    let of = |requirements: &Requirements| requirements.get(key).map(|set| names.requirement(set));
    let asked = of(&strict(names, pod)).unwrap_or_else(|| "a value".to_owned());
    let has = names.pool(pool).and_then(|pool| of(&pool.requirements));
    let has = has.unwrap_or_else(|| "nothing".to_owned());
    format!(
        "the pod asks for {} {asked}, the NodePool says {has}",
        names.symbol(key)
    )
}

/// Which of the pod's requirements leave none of the NodePool's types.
fn excluding(names: Names<'_>, pod: PodId, pool: usize) -> String {
    let scenario = names.scenario;
    let Some((karpenter, pool)) = scenario.cluster.karpenter.as_ref().zip(names.pool(pool)) else {
        return String::new();
    };
    let symbols = &scenario.symbols;
    let types = || {
        let all = karpenter.classes[pool.class].types.iter();
        all.filter(|kind| {
            kind.requirements
                .conflict(&pool.requirements, symbols)
                .is_none()
        })
    };
    let asked = strict(names, pod);
    let excludes = asked.iter().filter(|(key, set)| {
        let has = |requirements: &Requirements| {
            requirements
                .get(*key)
                .is_none_or(|there| there.intersects(set, symbols))
        };
        !types().any(|kind| has(&kind.requirements))
    });
    let said: Vec<String> = excludes
        .map(|(key, set)| format!("{} {}", names.symbol(key), names.requirement(set)))
        .collect();
    if said.is_empty() {
        String::new()
    } else {
        format!("; no type of the NodePool has {}", said.join(" or "))
    }
}

/// nodeSelector and the last required term: what is left when everything is relaxed that may be.
fn strict(names: Names<'_>, pod: PodId) -> Requirements {
    let template = names.template(pod);
    let mut requirements = template.node_selector.clone();
    if let Some(term) = template.required_node_terms.last() {
        requirements.add_all(term, &names.scenario.symbols);
    }
    requirements
}

/// Why a pod was deleted.
pub(super) fn removal(names: Names<'_>, why: Removal) -> String {
    match why {
        Removal::ScaledDown => "deleted: its workload was scaled down".to_owned(),
        Removal::Evicted => "evicted: its node is drained".to_owned(),
        Removal::Forced => "deleted by force: its node's terminationGracePeriod ends".to_owned(),
        Removal::Preempted { by } => format!("preempted by {}", names.pod(by)),
        Removal::NodePressure => "evicted by the kubelet: its node is short of memory".to_owned(),
        Removal::NodeGone => "lost with its node".to_owned(),
    }
}
