//! Why did a node come, why is it still there, why did it go?

use super::Book;
use super::names::{Names, price, resources};
use super::pods::{Told, causes};
use crate::cloud::Price;
use crate::des::SimTime;
use crate::karpenter::budget::Allowance;
use crate::karpenter::disruption::{
    Blocked, Command, Finding, Method, NodeId, Outcome, Stranded, Unconsolidatable,
    ValidationFailure,
};
use crate::karpenter::launch::Filter;
use crate::metrics::journal::{Claimed, Launched, NotLaunched, PodId, Stay};
use crate::report::units::{counted, duration, span};

/// A claim and what it may become.
pub(super) fn claimed(names: Names<'_>, claimed: &Claimed) -> Told {
    let cheapest = claimed.cheapest.map_or(String::new(), |(kind, least)| {
        format!(", the cheapest {} at {}", names.symbol(kind), price(least))
    });
    let told = format!(
        "claimed by NodePool {} for {}: {}{cheapest}",
        names.pool_name(Some(claimed.pool)),
        counted(claimed.pods as u64, "pod"),
        counted(claimed.types as u64, "instance type"),
    );
    let notes = vec![
        format!("asks for {}", resources(&claimed.requests)),
        format!(
            "requires {}",
            names.requirements(&claimed.requirements).join(", ")
        ),
    ];
    (told, notes)
}

/// What EC2 launched, and what else it might have.
pub(super) fn launched(names: Names<'_>, launched: &Launched) -> Told {
    let chosen = launched.chosen;
    let told = format!(
        "launched as {}, {}, {}: chosen among {}",
        names.offering(chosen.pool),
        launched.capacity_type.label(),
        price(chosen.price),
        counted(launched.offerings as u64, "offering"),
    );
    let left = launched.passed.iter().map(|&(filter, types)| {
        let filter = match filter {
            Filter::CompatibleAvailable => "fit and are available",
            Filter::CapacityReservationType => "with reserved capacity",
            Filter::ReservedOffering => "with one reservation for each zone",
            Filter::Exotic => "after leaving out the exotic",
            Filter::SpotOffering => "after leaving out spot dearer than on demand",
            Filter::Truncate => "cheapest to EC2",
        };
        format!("{types} {filter}")
    });
    let left: Vec<String> = left.collect();
    let types = counted(launched.types as u64, "instance type");
    let mut notes = vec![format!("of {types} {}", left.join(", "))];
    if let Some(cheapest) = launched
        .cheapest
        .filter(|cheapest| cheapest.pool != chosen.pool)
    {
        notes.push(format!(
            "cheapest on offer: {} at {}",
            names.offering(cheapest.pool),
            price(cheapest.price)
        ));
    }
    notes.extend(
        launched
            .insufficient
            .iter()
            .map(|&pool| format!("insufficient capacity: {}", names.offering(pool))),
    );
    (told, notes)
}

/// Why nothing was launched.
pub(super) fn not_launched(book: &Book<'_>, why: &NotLaunched) -> Told {
    match why {
        NotLaunched::Nothing(nothing) => {
            let filter = match nothing.filter {
                Filter::CompatibleAvailable => "fits and has an available offering",
                Filter::CapacityReservationType | Filter::ReservedOffering => {
                    "has reserved capacity left"
                }
                Filter::Exotic => "is generic",
                Filter::SpotOffering => "is cheaper as spot than on demand",
                Filter::Truncate => "keeps minValues among the 60 cheapest",
            };
            let types = counted(nothing.types as u64, "instance type");
            (
                format!("not launched, EC2 was not asked: of {types} none {filter}"),
                Vec::new(),
            )
        }
        NotLaunched::Insufficient {
            capacity_type,
            offerings,
            named,
            until,
        } => {
            let told = format!(
                "not launched: EC2 has no {} capacity in any of {}; the claim is deleted",
                capacity_type.label(),
                counted(*offerings as u64, "offering"),
            );
            let until = book.clock.second(until.as_micros());
            let note = |&pool| {
                format!(
                    "insufficient capacity: {}, left alone until {until}",
                    book.names.offering(pool)
                )
            };
            (told, named.iter().map(note).collect())
        }
    }
}

/// Why a node stays.
pub(super) fn stay(book: &Book<'_>, node: NodeId, stay: &Stay) -> String {
    match stay {
        Stay::Blocked { why, pod } => format!("stays: {}", blocked(book, node, why, *pod)),
        Stay::Kept {
            method,
            nodes,
            why,
            pod,
        } => {
            let how = match method {
                Method::Emptiness => "empty".to_owned(),
                Method::StaticDrift | Method::Drift => "drifted".to_owned(),
                Method::SingleNode => "alone".to_owned(),
                Method::MultiNode => format!("with {} others", nodes - 1),
            };
            format!("stays ({how}): {}", obstacle(book, Some(node), why, *pod))
        }
    }
}

fn blocked(book: &Book<'_>, node: NodeId, why: &Blocked, pod: Option<PodId>) -> String {
    let names = book.names;
    let pod_name = || pod.map_or_else(|| "a pod".to_owned(), |pod| names.pod(pod));
    let pdbs = || pod.map_or_else(String::new, |pod| names.pdbs(pod));
    let pool = names.pool_of(node);
    let time = |at: SimTime| book.clock.second(at.as_micros());
    match why {
        Blocked::Gone => "it is gone".to_owned(),
        Blocked::Uninitialized => "it is not initialized yet".to_owned(),
        Blocked::Deleting => "it is being deleted".to_owned(),
        Blocked::Queued => "a disruption command has it".to_owned(),
        Blocked::Nominated { until } => format!(
            "nominated: pods were promised to it, until {}",
            time(*until)
        ),
        Blocked::DoNotDisrupt => "the node has karpenter.sh/do-not-disrupt".to_owned(),
        Blocked::PodDoNotDisrupt {
            until: SimTime::MAX,
            ..
        } => {
            format!("pod {} has karpenter.sh/do-not-disrupt", pod_name())
        }
        Blocked::PodDoNotDisrupt { until, .. } => {
            format!(
                "pod {} has karpenter.sh/do-not-disrupt until {}",
                pod_name(),
                time(*until)
            )
        }
        Blocked::PdbExhausted { .. } => {
            format!(
                "PodDisruptionBudget {} allows no disruption of pod {}",
                pdbs(),
                pod_name()
            )
        }
        Blocked::SeveralPdbs { .. } => {
            format!(
                "several PodDisruptionBudgets cover pod {}: {}",
                pod_name(),
                pdbs()
            )
        }
        Blocked::Static => "its NodePool is static".to_owned(),
        Blocked::Dynamic => "its NodePool is not static".to_owned(),
        Blocked::UnknownOffering => {
            "its instance type, zone or capacity type is unknown to its NodePool".to_owned()
        }
        Blocked::Never => "consolidateAfter is Never".to_owned(),
        Blocked::TooSoon { from } => {
            let after = pool.and_then(|pool| pool.consolidate_after);
            let after =
                after.map_or_else(String::new, |after| format!(" {}", span(after.as_micros())));
            format!("consolidateAfter{after} is not over before {}", time(*from))
        }
        Blocked::NotDrifted => "it is what its NodePool and EC2NodeClass say".to_owned(),
        Blocked::Empty => "it is empty".to_owned(),
        Blocked::NotEmpty { .. } => "it is not empty".to_owned(),
        Blocked::OnlyWhenEmpty => "consolidationPolicy is WhenEmpty, and it has pods".to_owned(),
    }
}

fn obstacle(
    book: &Book<'_>,
    node: Option<NodeId>,
    why: &Unconsolidatable,
    pod: Option<PodId>,
) -> String {
    let names = book.names;
    match why {
        Unconsolidatable::Budget(allowance) => budget(names, node, allowance),
        Unconsolidatable::Stranded(stranded) => homeless(names, stranded, pod),
        Unconsolidatable::TooManyClaims { claims } => {
            format!("can't remove without creating {claims} nodes")
        }
        Unconsolidatable::NotCheaper { now, nearest } => not_cheaper(names, *now, *nearest),
        Unconsolidatable::MinValues { key, types } => format!(
            "{} cheap enough are too few for minValues of {}",
            counted(*types as u64, "instance type"),
            names.symbol(*key)
        ),
        Unconsolidatable::SpotToSpotDisabled { now } => format!(
            "spot at {} could only be replaced by spot, and the feature gate SpotToSpotConsolidation is off",
            price(*now)
        ),
        Unconsolidatable::SpotToSpotInflexible { types, needed } => {
            format!("spot to spot takes {needed} cheaper instance types, there are {types}")
        }
        Unconsolidatable::SameType {
            instance_type,
            price: at,
        } => format!(
            "the replacement could be {} again, which one of the nodes has for {}",
            names.symbol(*instance_type),
            price(*at)
        ),
        Unconsolidatable::Unbalanced(score) => format!(
            "Balanced: score {:.3} is below 0.5 (saves {} of the NodePool's {})",
            score.value(),
            price(Price(u64::try_from(score.saved).unwrap_or(0))),
            price(Price(u64::try_from(score.pool_price).unwrap_or(0))),
        ),
        Unconsolidatable::NothingChanged { until } => format!(
            "consolidation found nothing to do and looks again when the cluster changes, at {} at the latest",
            book.clock.second(until.as_micros())
        ),
    }
}

fn not_cheaper(
    names: Names<'_>,
    now: Price,
    nearest: Option<(crate::api::Symbol, Price)>,
) -> String {
    let now = price(now);
    match nearest {
        Some((kind, least)) => format!(
            "can't replace with a cheaper node: it costs {now}, the nearest replacement, {}, may cost {}",
            names.symbol(kind),
            price(least)
        ),
        None => format!(
            "can't replace with a cheaper node: it costs {now}, and no other type can be launched"
        ),
    }
}

fn budget(names: Names<'_>, node: Option<NodeId>, allowance: &Allowance) -> String {
    let Some((limit, place)) = allowance.limit else {
        return "no disruption budget is left".to_owned();
    };
    let pool = node.and_then(|node| names.pool_of(node));
    let said = pool.and_then(|pool| pool.budgets.get(place)?.nodes.clone());
    let said = said.unwrap_or_else(|| "10%".to_owned());
    format!(
        "disruption budget {place} (nodes: {said}) allows {limit}, and {} disrupted",
        match allowance.disrupted {
            1 => "1 is".to_owned(),
            n => format!("{n} are"),
        }
    )
}

fn homeless(names: Names<'_>, stranded: &Stranded, pod: Option<PodId>) -> String {
    let name = pod.map_or_else(|| "a pod".to_owned(), |pod| names.pod(pod));
    match stranded {
        Stranded::NoPlace { reason, .. } => {
            let why = pod.map_or_else(String::new, |pod| causes(names, pod, reason));
            format!("pod {name} would find no place: {why}")
        }
        Stranded::Uninitialized { node, .. } => {
            format!(
                "pod {name} would have to go to {}, which is not initialized yet",
                names.node(*node)
            )
        }
        Stranded::Unreached { .. } => format!("the simulation had no time for pod {name}"),
    }
}

/// What a disruption pass found about several nodes, or about itself.
pub(super) fn found(book: &Book<'_>, finding: &Finding) -> String {
    let names = book.names;
    match finding {
        Finding::Kept { nodes, why, .. } => {
            format!(
                "{} stay together: {}",
                names.node_list(nodes),
                obstacle(book, None, why, None)
            )
        }
        Finding::Dropped { command, why } => {
            format!(
                "{}: dropped after 15 s, {}",
                decided(names, command),
                invalid(book, why)
            )
        }
        Finding::OutOfTime { method, after } => {
            format!(
                "{method:?} ran out of time after {}",
                duration(after.as_micros())
            )
        }
        Finding::NoEligiblePool => {
            "no NodePool is eligible, so nothing could be simulated".to_owned()
        }
    }
}

fn invalid(book: &Book<'_>, why: &ValidationFailure) -> String {
    let names = book.names;
    match why {
        ValidationFailure::Blocked { node, why } => {
            format!(
                "{} is no candidate any more: {}",
                names.node(*node),
                blocked(book, *node, why, None)
            )
        }
        ValidationFailure::Budget { node, allowance } => budget(names, Some(*node), allowance),
        ValidationFailure::Stranded(stranded) => homeless(names, stranded, None),
        ValidationFailure::Claims { decided, found } => {
            format!("it would now take {found} new nodes and not {decided}")
        }
        ValidationFailure::Option { instance_type } => {
            format!("{} is no option any more", names.symbol(*instance_type))
        }
        ValidationFailure::NoEligiblePool => "no NodePool is eligible any more".to_owned(),
    }
}

fn decided(names: Names<'_>, command: &Command) -> String {
    let what = if command.replacements.is_empty() {
        "delete"
    } else {
        "replace"
    };
    format!(
        "{:?}: {what} {}",
        command.method,
        names.node_list(&command.candidates)
    )
}

/// A command and what it is worth.
pub(super) fn started(names: Names<'_>, command: &Command, replacements: &[NodeId]) -> Told {
    let saving = command.saving;
    let told = match replacements {
        [] => format!("{}, saves {}", decided(names, command), price(saving.now)),
        nodes => format!(
            "{} by {}: from {} to {} at least and {} at most",
            decided(names, command),
            names.node_list(nodes),
            price(saving.now),
            price(saving.replacement_at_least),
            price(saving.replacement_at_most)
        ),
    };
    let to = &command.destinations;
    let notes = (!to.is_empty()).then(|| format!("their pods fit on {}", names.node_list(to)));
    (told, notes.into_iter().collect())
}

/// How a command ended.
pub(super) fn ended(names: Names<'_>, candidates: &[NodeId], outcome: Outcome) -> String {
    let nodes = names.node_list(candidates);
    match outcome {
        Outcome::Delete => format!("{nodes}: everything is ready, deleted"),
        Outcome::ReplacementGone => format!("{nodes}: kept, the replacement is gone"),
        Outcome::OutOfTime(after) => {
            format!(
                "{nodes}: kept, the replacement took longer than {}",
                duration(after.as_micros())
            )
        }
    }
}
